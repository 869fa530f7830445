"""A worker that is killed (-9) at any moment leaves the state of its last commit, whole."""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

from helpers import committing
from helpers.command import ROOT
from helpers.live_commits import STREAM, TOPIC, dump, full_step, step

from surveillance.store import Store

N_KILLS = 12
LONGEST_RUN = 12  # steps before a kill


def run_and_kill(path: Path, generator: random.Random) -> int:
    """Let the worker do some steps, kill it a moment later, return the last one it reported."""
    process = subprocess.Popen(
        [sys.executable, "-m", "helpers.committing", str(path)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])},
        text=True,
    )
    assert process.stdout is not None
    with process:
        reported = -1
        for _ in range(generator.randrange(1, LONGEST_RUN)):
            reported = int(process.stdout.readline())
        try:  # let it come anywhere into the next steps
            process.wait(generator.random() * 0.02)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        rest = process.stdout.read().split("\n")
    assert process.returncode == -signal.SIGKILL
    return max([reported, *(int(line) for line in rest[:-1])])


def uninterrupted(path: Path, n_steps: int) -> None:
    with Store.open(f"sqlite:///{path}") as store:
        live = store.live(STREAM)
        epoch = live.open_session()
        for number in range(n_steps):
            make = full_step if number % committing.CLOSE_EVERY == 0 else step
            live.commit(make(epoch, number))


def test_a_killed_worker_goes_on_as_if_it_had_never_stopped(tmp_path: Path) -> None:
    killed, whole = tmp_path / "killed.db", tmp_path / "whole.db"
    generator = random.Random(20_260_105)
    for kill in range(N_KILLS):
        reported = run_and_kill(killed, generator)
        with Store.open(f"sqlite:///{killed}") as store:
            state = store.live(STREAM).load()
            n_steps = state.n_segments
            assert n_steps - 1 in (reported, reported + 1), f"kill {kill}"
            assert state.progress == f'{{"step":{n_steps - 1}}}'
            assert state.positions == {(TOPIC, 0): n_steps * 10}
            (summary,) = store.streams.list_streams().streams
            assert summary.holds
            assert summary.outcomes.read == n_steps * 11
    uninterrupted(whole, n_steps)
    # The epoch counts the restarts and the outbox was published meanwhile; all else is equal.
    left, right = dump(killed), dump(whole)
    for table in left.keys() - {"live_streams", "live_outbox", "live_acknowledged"}:
        assert left[table] == right[table], table
    without_pending = [row[:-1] for row in left["live_outbox"]]
    assert without_pending == [row[:-1] for row in right["live_outbox"]]
