"""The live demo as a user runs it: groups on the desk while it runs, and a quiet end."""

import json
import signal
import subprocess
import sys
import threading
import time
from urllib.request import urlopen

import pytest
from helpers.command import ROOT

PATIENCE_S = 120
ENDS_WITHIN_S = 30


@pytest.mark.kafka_local
def test_groups_appear_on_the_desk_and_an_interrupt_ends_it_well() -> None:
    options = ("--accounts", "200", "--days", "1", "--speed", "5000", "--port", "0")
    demo = subprocess.Popen(
        [sys.executable, "-m", "deploy.demo", *options],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    watchdog = threading.Timer(PATIENCE_S, demo.terminate)
    watchdog.start()
    try:
        assert demo.stdout is not None
        desk = next(line.split()[1] for line in demo.stdout if line.startswith("Desk: "))
        while not (groups := groups_of(desk)):
            assert demo.poll() is None
            time.sleep(0.2)
        assert {group["state"] for group in groups} <= {"provisional", "confirmed"}
        demo.send_signal(signal.SIGINT)
        _, err = demo.communicate(timeout=ENDS_WITHIN_S)
        assert (demo.returncode, err) == (0, "")
    finally:
        watchdog.cancel()
        demo.terminate()
        demo.communicate()


def groups_of(desk: str) -> list[dict[str, object]]:
    """Return the groups that the desk's API lists."""
    with urlopen(f"{desk}/v1/groups", timeout=30) as answer:
        groups: list[dict[str, object]] = json.load(answer)["groups"]
    return groups
