"""What the system refuses: no right to read or write, a full disk. Nothing half-written stays."""

import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from helpers.command import Outcome, own_process, run, stored_runs, the_refusal, tree
from helpers.copied_market import copied_market, orders

from streams.files import write_dataset

# The superuser may read everything, so the command runs without the rights that make it so.
WITHOUT_RIGHTS = (
    ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
)


@contextmanager
def disk_that_ends_at(n_bytes: int) -> Iterator[None]:
    """Let no file of this process grow beyond a size, as a disk that is nearly full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def scan(home: Path) -> Outcome:
    return run(
        "scan",
        home / "market",
        "--out",
        home / "out",
        "--store",
        f"sqlite:///{home / 'store.db'}",
    )


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a directory with a dataset, and a scan's results and store of an earlier one."""
    write_dataset(tmp_path / "market", {"orders": copied_market()})
    assert scan(tmp_path).status == 0
    write_dataset(tmp_path / "market", {"orders": copied_market(n_copied=70)})
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    return tmp_path


def assert_untouched(home: Path, before: dict[str, bytes], runs: list[str]) -> None:
    """Check that results, runs and directories are as they were."""
    after = tree(home)
    assert after.keys() - {"store.db-wal", "store.db-shm"} == before.keys()
    for name in before:
        assert name == "store.db" or after[name] == before[name], name
    assert stored_runs(home / "store.db") == runs


@pytest.mark.parametrize("part", ["the spool", "the results", "the store"])
def test_a_full_disk_leaves_everything_as_it_was(home: Path, part: str) -> None:
    limit = {"the spool": 40_000, "the results": 0, "the store": 500_000}[part]
    if part == "the results":
        # The report is larger than the spool and the store's log of so few orders.
        limit = (home / "out" / "report.html").stat().st_size - 1_000
        write_dataset(home / "market", {"orders": copied_market(n_honest=5, n_honest_orders=500)})
    if part == "the store":
        # Many accounts, no group: the store's log is larger than spool and report.
        rows = copied_market(n_copied=0, n_honest_orders=4_000).to_pylist()
        for number, row in enumerate(rows):
            row["account_id"] = f"H{number:04d}" + "x" * 200
        write_dataset(home / "market", {"orders": orders(rows)})
    before, runs = tree(home), stored_runs(home / "store.db")

    with disk_that_ends_at(limit):
        outcome = scan(home)

    refusal = the_refusal(outcome)
    place = {
        "the spool": f"temporary directory {home / 'temporary'}/surveillance-",
        "the results": f"results {home / 'out'}: File too large",
        "the store": f"store sqlite:///{home / 'store.db'}: the disk failed",
    }[part]
    assert refusal.startswith(place)
    assert_untouched(home, before, runs)
    assert scan(home).status == 0


@pytest.mark.parametrize("part", ["the dataset", "its orders", "the results"])
def test_a_place_without_rights_is_refused(home: Path, part: str) -> None:
    if WITHOUT_RIGHTS and shutil.which("setpriv") is None:
        pytest.fail("setpriv (util-linux) must be installed to give up the superuser's rights")
    place, rights = {
        "the dataset": (home / "market", 0o000),
        "its orders": (home / "market" / "orders.parquet", 0o000),
        "the results": (home, 0o555),
    }[part]
    out = home / "new" if part == "the results" else home / "out"
    before, runs = tree(home), stored_runs(home / "store.db")
    usual = place.stat().st_mode
    place.chmod(rights)
    try:
        done = subprocess.run(
            WITHOUT_RIGHTS
            + own_process(
                "scan",
                home / "market",
                "--out",
                out,
                "--store",
                f"sqlite:///{home / 'temporary' / 'store.db'}",
            ),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env={**os.environ, "TMPDIR": str(home / "temporary")},
        )
    finally:
        place.chmod(usual)
    refusal = the_refusal(Outcome(done.returncode, done.stdout, done.stderr))
    if part == "the results":
        assert refusal == f"results {out}: its directory {home} must be writable"
    else:
        assert refusal == f"{place}: may not be read: permission denied"
    assert stored_runs(home / "temporary" / "store.db") == []
    shutil.rmtree(home / "temporary")
    (home / "temporary").mkdir()
    assert_untouched(home, before, runs)
