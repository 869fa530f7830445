"""The demo as a process of its own: verdicts, the desk, and an end without a traceback."""

import json
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from helpers.command import ROOT, own_process, stored_runs

PATIENCE_S = 120  # first compilation included
ENDS_WITHIN_S = 10


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    store = f"sqlite:///{tmp_path / 'demo.db'}"
    options = ("--accounts", 300, "--days", 2, "--port", 0, "--store", store)
    process = subprocess.Popen(
        own_process("demo", *options),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    watchdog = threading.Timer(PATIENCE_S, process.kill)
    watchdog.start()
    try:
        yield process
    finally:
        watchdog.cancel()
        process.kill()
        process.communicate()


def until_the_address(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Return what the demo printed and the address that came last."""
    assert process.stdout is not None
    printed: list[str] = []
    for line in process.stdout:
        printed.append(line)
        if line.startswith("Desk: "):
            return "".join(printed), line.split()[1]
    raise AssertionError(f"no address: {printed}, {process.communicate()[1]}")


def test_the_demo_shows_verdicts_serves_the_desk_and_stops(
    demo: subprocess.Popen[str], tmp_path: Path
) -> None:
    printed, address = until_the_address(demo)
    assert "groups among 300 accounts" in printed
    assert "INTERNAL" in printed
    assert "EXTERNAL" in printed
    assert address.startswith("http://127.0.0.1:")

    with urlopen(f"{address}/", timeout=30) as page:
        assert page.status == 200
        assert "text/html" in page.headers["content-type"]
        html = page.read().decode()
    with urlopen(f"{address}/v1/groups", timeout=30) as answer:
        groups = json.load(answer)["groups"]
    assert groups
    for group in groups:
        assert group["group_id"] in printed
        assert group["group_id"] in html

    demo.send_signal(signal.SIGINT)
    out, err = demo.communicate(timeout=ENDS_WITHIN_S)
    assert (demo.returncode, out, err) == (0, "", "")
    assert len(stored_runs(tmp_path / "demo.db")) == 1


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_the_demo_ended_at_work_leaves_no_traceback_and_no_run(
    demo: subprocess.Popen[str], tmp_path: Path, ending: signal.Signals
) -> None:
    store = tmp_path / "demo.db"
    while not store.exists() and demo.poll() is None:
        try:
            demo.wait(0.05)  # the store is opened first, the market comes after
        except subprocess.TimeoutExpired:
            continue
    demo.send_signal(ending)
    _, err = demo.communicate(timeout=ENDS_WITHIN_S)
    assert demo.returncode == 128 + ending
    assert "Traceback" not in err
    assert err.strip() in ("", "surveillance: interrupted")
    assert stored_runs(store) == []
