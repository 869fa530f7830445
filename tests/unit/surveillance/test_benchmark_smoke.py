"""The benchmark runs end to end at a tiny size, so that it does not rot; no timing is asserted."""

from pathlib import Path

import pytest

pytest.importorskip("polars", reason="polars is in the benchmark dependency group")


def test_the_benchmark_measures_every_program_and_writes_its_page(tmp_path: Path) -> None:
    from benchmarks.scan_orders import main

    page = tmp_path / "performance.md"
    arguments = ["--orders", "2500", "--times", "2", "--accounts", "60", "--repeats", "1"]
    main([*arguments, "--page", str(page), "--datasets", str(tmp_path / "datasets")])
    text = page.read_text(encoding="utf-8")
    assert text.startswith("# Performance\n")
    assert text.count("`surveillance scan`") == 2
    assert text.count("Polars self-join, 60 s buckets") == 2
    assert text.count("pairs counted") == 4
    assert text.count("| real |") == 2


@pytest.mark.slow
@pytest.mark.kafka_local
def test_the_live_benchmark_replaces_its_section_and_leaves_the_others(tmp_path: Path) -> None:
    from benchmarks.live_worker import main
    from benchmarks.sections import write_section

    page = tmp_path / "performance.md"
    for name in ("before", "live", "after"):
        write_section(page, name, f"what stood in {name}")
    arguments = ["--orders", "2000", "--accounts", "60", "--repeats", "1", "--seconds", "2"]
    places = ["--page", str(page), "--datasets", str(tmp_path / "datasets")]
    main([*arguments, "--history", "10", *places])
    text = page.read_text(encoding="utf-8")
    assert text.startswith("# Performance\n")
    assert text.index("stood in before") < text.index("## Live worker") < text.index("in after")
    assert "stood in live" not in text
    assert text.count("| JSON, an order a message |") == 2
    assert text.count("| p99 at half load, s |") == 1


@pytest.mark.slow
@pytest.mark.kafka_local
def test_the_copier_benchmark_writes_its_section(tmp_path: Path) -> None:
    from benchmarks.copier_fanout import main

    page = tmp_path / "performance.md"
    arguments = ["--orders", "100", "--followers", "3", "--repeats", "1", "--seconds", "1"]
    main([*arguments, "--page", str(page)])
    text = page.read_text(encoding="utf-8")
    assert text.count("## Copier") == 1
    assert "One leader and 3 followers" in text
    assert text.count("| 5 | 15 | 27 |") == 1, "ten orders less the first, three copies each"
    assert text.count("| copies/s in process | 100,000 |") == 1
