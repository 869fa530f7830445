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


@pytest.mark.kafka_local
def test_the_live_benchmark_writes_its_section_and_leaves_the_others(tmp_path: Path) -> None:
    from benchmarks.live_worker import main

    page = tmp_path / "performance.md"
    page.write_text("# Performance\n\nwhat others wrote\n", encoding="utf-8")
    arguments = ["--orders", "2000", "--accounts", "60", "--repeats", "1", "--seconds", "2"]
    for _ in range(2):  # the second run replaces what the first wrote
        main([*arguments, "--page", str(page), "--datasets", str(tmp_path / "datasets")])
    text = page.read_text(encoding="utf-8")
    assert "what others wrote" in text
    assert text.count("## Live worker") == 1
    assert text.count("| JSON, an order a message |") == 2
    assert text.count("| p99 at half load, s |") == 1
