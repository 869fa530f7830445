"""A scan's files and store rows: all of them or none, and the same whenever it is run again."""

import json
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from helpers.command import NO_STORE, run, stored_runs, the_refusal, tree
from helpers.copied_market import copied_market

from models.params import DAY_NS
from streams.files import write_dataset
from surveillance.clock import now_ns
from surveillance.store import Store

FORMS = ("parquet", "csv", "jsonl", "parquet.gz", "csv.gz", "csv.zst", "jsonl.gz", "jsonl.zst")


@dataclass(frozen=True, slots=True)
class Scanned:
    """One scan of the planted market that every test here starts from."""

    home: Path
    dataset: Path
    out: Path
    store: Path

    @property
    def store_url(self) -> str:
        return f"sqlite:///{self.store}"

    def scan(self, out: Path | None = None, dataset: Path | None = None, **options: str):
        return run(
            "scan",
            dataset or self.dataset,
            "--out",
            out or self.out,
            "--store",
            options.get("store", self.store_url),
            "--name",
            options.get("name", "market"),
        )


@pytest.fixture(scope="module")
def market_orders():
    return copied_market()


@pytest.fixture
def scanned(tmp_path: Path, market_orders) -> Scanned:
    made = Scanned(tmp_path, tmp_path / "market", tmp_path / "out", tmp_path / "store.db")
    write_dataset(made.dataset, {"orders": market_orders})
    outcome = made.scan()
    assert outcome.status == 0, outcome
    return made


def groups_of(out: Path) -> list[dict]:
    return [json.loads(line) for line in (out / "groups.jsonl").read_text("utf-8").splitlines()]


def test_a_scan_writes_five_files_and_one_run(scanned: Scanned) -> None:
    assert sorted(path.name for path in scanned.out.iterdir()) == [
        "clusters.parquet",
        "groups.jsonl",
        "manifest.json",
        "pairs.parquet",
        "report.html",
    ]
    (group,) = groups_of(scanned.out)
    assert group["leader_account_id"] == "L"
    assert {member["account_id"] for member in group["members"]} == {"L", "F1", "F2", "F3"}
    pairs = pq.read_table(scanned.out / "pairs.parquet").to_pylist()
    assert ("L", "F1") in {(p["leader_account_id"], p["follower_account_id"]) for p in pairs}
    assert [p["log10_e"] for p in pairs] == sorted((p["log10_e"] for p in pairs), reverse=True)
    manifest = json.loads((scanned.out / "manifest.json").read_text("utf-8"))
    assert stored_runs(scanned.store) == [manifest["run_id"]]
    counts = manifest["counts"]
    assert counts["read"] == counts["accepted"] + counts["duplicates"]
    assert counts["groups"] == 1
    assert counts["pairs_validated"] == len(pairs)
    assert counts["clusters"] == pq.read_table(scanned.out / "clusters.parquet").num_rows == 0


def test_result_files_are_readable_like_any_new_file(scanned: Scanned) -> None:
    fresh = scanned.home / "fresh"
    fresh.mkdir()
    assert scanned.out.stat().st_mode == fresh.stat().st_mode


def test_a_second_scan_gives_the_same_bytes_and_no_second_run(
    scanned: Scanned, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, runs = tree(scanned.out), stored_runs(scanned.store)
    monkeypatch.setattr("surveillance.jobs.scan.now_ns", lambda: now_ns() + DAY_NS)  # a day later
    assert scanned.scan().status == 0
    after = tree(scanned.out)
    for name in ("groups.jsonl", "pairs.parquet", "clusters.parquet", "report.html"):
        assert after[name] == before[name], name
    assert stored_runs(scanned.store) == runs
    other = scanned.home / "other"
    assert scanned.scan(out=other, store=f"sqlite:///{scanned.home / 'new.db'}").status == 0
    assert (other / "groups.jsonl").read_bytes() == before["groups.jsonl"]


def test_a_rescan_of_more_orders_replaces_the_results_and_keeps_the_ids(scanned: Scanned) -> None:
    (before,) = groups_of(scanned.out)
    write_dataset(scanned.dataset, {"orders": copied_market(n_copied=80)})
    assert scanned.scan().status == 0
    (after,) = groups_of(scanned.out)
    assert after["group_id"] == before["group_id"]
    assert after["episodes"] > before["episodes"]
    with Store.open(scanned.store_url) as store:
        assert [g.group_id for g in store.tracked_groups("market")] == [before["group_id"]]


@pytest.mark.parametrize("form", FORMS)
def test_the_form_of_the_files_does_not_matter(scanned: Scanned, form: str) -> None:
    dataset = scanned.home / "forms" / form
    write_dataset(dataset, {"orders": pq.read_table(scanned.dataset / "orders.parquet")}, form)
    out = scanned.home / "out-of-form"
    outcome = scanned.scan(dataset=dataset, out=out, store=f"sqlite:///{scanned.home / 'f.db'}")
    assert outcome.status == 0, outcome
    expected, found = groups_of(scanned.out), groups_of(out)
    for group in expected + found:
        del group["run"]["run_id"]  # hashes the files' bytes
    assert found == expected
    assert (out / "pairs.parquet").read_bytes() == (scanned.out / "pairs.parquet").read_bytes()


# What fails leaves nothing


@pytest.mark.parametrize("kind", ["missing directory", "not SQLite", "no URL", "directory"])
def test_a_failing_store_leaves_no_results(scanned: Scanned, kind: str) -> None:
    place = {
        "missing directory": scanned.home / "absent" / "store.db",
        "not SQLite": scanned.home / "notes.txt",
        "directory": scanned.home / "market",
    }
    (scanned.home / "notes.txt").write_text("not a database, but long enough to be read " * 40)
    before = tree(scanned.home)
    url = "nonsense" if kind == "no URL" else f"sqlite:///{place[kind]}"
    refusal = the_refusal(scanned.scan(out=scanned.home / "new", store=url))
    assert "store" in refusal or "nonsense" in refusal
    assert tree(scanned.home) == before


def test_a_store_that_fails_while_recording_leaves_the_old_results(
    scanned: Scanned, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    write_dataset(scanned.dataset, {"orders": copied_market(n_copied=80)})
    before, runs = tree(scanned.out), stored_runs(scanned.store)
    monkeypatch.setattr("surveillance.store.store.write_run", fail)
    assert "No space left on device" in the_refusal(scanned.scan())
    assert tree(scanned.out) == before
    assert stored_runs(scanned.store) == runs
    assert sorted(p.name for p in scanned.home.iterdir() if p.name.startswith(".")) == []


@pytest.mark.parametrize("kind", ["foreign file", "a file", "below a file"])
def test_a_place_that_is_not_for_results_is_refused_before_work(
    scanned: Scanned, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr("surveillance.jobs.scan.scan", None)  # any work would fail
    out = scanned.home / "place"
    if kind == "foreign file":
        out.mkdir()
        (out / "groups.jsonl").write_text("")
        (out / "thesis.docx").write_text("mine")
    else:
        out.write_text("mine")
    before = tree(scanned.home)
    target = out / "deeper" if kind == "below a file" else out
    refusal = the_refusal(scanned.scan(out=target))
    assert refusal.startswith(f"results {target}: ")
    assert tree(scanned.home) == before


def test_a_mount_point_is_refused_before_work(
    scanned: Scanned, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("surveillance.jobs.scan.scan", None)
    monkeypatch.setattr(Path, "is_mount", lambda path: path == scanned.out)
    assert "name a directory inside it" in the_refusal(scanned.scan())


def test_a_link_to_the_results_stays_a_link(scanned: Scanned) -> None:
    link = scanned.home / "newest"
    link.symlink_to(scanned.out)
    groups = (scanned.out / "groups.jsonl").read_bytes()
    (scanned.out / "groups.jsonl").write_bytes(b"old")
    assert scanned.scan(out=link).status == 0
    assert link.is_symlink()
    assert (scanned.out / "groups.jsonl").read_bytes() == groups


def test_the_current_directory_takes_results(
    scanned: Scanned, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = scanned.home / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    assert scanned.scan(out=Path()).status == 0
    assert (here / "groups.jsonl").read_bytes() == (scanned.out / "groups.jsonl").read_bytes()
    assert not [path for path in scanned.home.iterdir() if path.name.startswith(".")]


def test_results_inside_the_dataset_are_refused(scanned: Scanned) -> None:
    before = tree(scanned.dataset)
    assert "orders.parquet" in the_refusal(scanned.scan(out=scanned.dataset))
    assert tree(scanned.dataset) == before


def test_a_bad_dataset_touches_neither_results_nor_runs(scanned: Scanned) -> None:
    before, runs = tree(scanned.out), stored_runs(scanned.store)
    (scanned.dataset / "orders.parquet").write_bytes(b"PAR1")
    the_refusal(scanned.scan())
    assert tree(scanned.out) == before
    assert stored_runs(scanned.store) == runs
    refusal = the_refusal(scanned.scan(store=NO_STORE))
    assert "must-not-be-used" in refusal
