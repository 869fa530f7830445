"""The crash test: `surveillance run` is killed (-9) over and over; nothing may show of it.

One simulated market is worked twice from the same topics' content: by a worker that nobody
disturbs, and by one that is killed at random moments and started again. Compared are the group
objects, the flags and verdicts as they stand in their topics, the manifests of the runs without
their times of day, and what became of the events.

`python -m benchmarks.crash_test` starts its own broker; it ends with status 1 on a difference.
"""

import argparse
import json
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from deploy.broker import LocalKafka
from streams.kafka.admin import create_topics, plan_topics
from streams.kafka.producer import EventProducer
from streams.kafka.sender import read_back
from streams.kafka.settings import KafkaSettings
from streams.simulator import simulate
from streams.topics import Topics
from surveillance.store import Store

STREAM = "live"
MOMENTS = ("while starting", "while working", "with records waiting to be published")
_LONGEST_START_S = 3.0
_LOOK_EVERY_S = 0.002
_ORDERS_AT_A_TIME = 20_000

Tables = Mapping[str, pa.Table]


@dataclass(frozen=True, slots=True)
class Work:
    """A stream of one prefix of topics and one store, and how its worker is started."""

    settings: KafkaSettings
    topics: Topics
    path: Path
    close_every_s: float
    n_accounts: int

    @property
    def url(self) -> str:
        """The store's URL."""
        return f"sqlite:///{self.path}"

    @property
    def log(self) -> Path:
        """What the newest worker said."""
        return self.path.with_suffix(".log")

    def start(self) -> "subprocess.Popen[bytes]":
        """Start a worker that ends when it has read everything."""
        command = [sys.executable, "-m", "surveillance", "run", "--kafka", self.settings.bootstrap]
        command += ["--topic-prefix", self.topics.prefix, "--stream", STREAM, "--store", self.url]
        command += ["--close-every", str(self.close_every_s), "--accounts", str(self.n_accounts)]
        with self.log.open("wb") as log:
            return subprocess.Popen(
                [*command, "--until-end"], stdout=subprocess.DEVNULL, stderr=log
            )

    def finish(self) -> float:
        """Work to the end; return the seconds it took.

        Raises
        ------
        RuntimeError
            If the worker ends with an error.
        """
        started_s = time.monotonic()
        status = self.start().wait()
        if status:
            raise RuntimeError(f"the worker ended with status {status}: {self.log.read_text()}")
        return time.monotonic() - started_s


@dataclass(frozen=True, slots=True)
class Killed:
    """How often the worker was killed, by what it was doing, and how often it came to the end."""

    kills: Counter[str]
    n_ended: int


def send_market(settings: KafkaSettings, topics: Topics, tables: Tables, n_orders: int) -> int:
    """Send reference data and the first orders of a market; return how many orders were sent."""
    create_topics(settings, plan_topics(topics))
    families = {row["instrument_id"]: row["family"] for row in tables["instruments"].to_pylist()}
    orders = tables["orders"].slice(0, n_orders)
    with EventProducer(settings, topics, families=families) as producer:
        for name in ("instruments", "accounts", "declarations", "sessions"):
            for batch in tables[name].to_batches():
                producer.send(batch, name)
        for batch in orders.to_batches(max_chunksize=_ORDERS_AT_A_TIME):
            producer.send(batch, "orders")
        producer.flush()
    return int(orders.num_rows)


def work_through_kills(
    work: Work, n_kills: int, generator: random.Random, *, working_s: float
) -> Killed:
    """Kill the worker so often, at moments of all kinds, and then let it come to the end.

    Parameters
    ----------
    work : Work
        The stream.
    n_kills : int
        Kills that must hit a living worker.
    generator : random.Random
        Draws the moments.
    working_s : float
        About the seconds that an uninterrupted worker takes: the kills are spread over them.
    """
    kills: Counter[str] = Counter()
    n_ended = 0
    while kills.total() < n_kills:
        process = work.start()
        moment = MOMENTS[generator.randrange(len(MOMENTS))]
        _wait_for(moment, work, process, generator, 2 * working_s / n_kills)
        process.kill()
        if process.wait() == 0:
            n_ended += 1
            continue
        if process.returncode != -signal.SIGKILL:
            raise RuntimeError(f"the worker ended by itself: {work.log.read_text()}")
        kills[moment] += 1
    work.finish()
    return Killed(kills, n_ended)


def results(work: Work) -> dict[str, Any]:
    """Return what has to be the same, by what it is; read back from store and topics."""
    flags = [json.loads(m.value or b"") for m in read_back(work.settings, work.topics.flags, {})]
    verdicts = {m.key: m.value for m in read_back(work.settings, work.topics.groups, {})}
    with Store.open(work.url) as store:
        summaries = store.reader.list_groups(limit=10_000).groups
        return {
            "groups": {
                summary.group_id: store.reader.get_group(summary.group_id).to_json()
                for summary in summaries
            },
            "flags": sorted(flags, key=lambda flag: str(flag["flag_id"])),
            "verdicts": verdicts,
            "runs": [
                replace(run, started_time_ns=0, finished_time_ns=0)
                for run in store.reader.list_runs(limit=10_000).runs
            ],
            "counts": [
                replace(day, topic=day.topic.removeprefix(work.topics.prefix))
                for day in store.streams.list_reconciliation(STREAM, limit=10_000).days
            ],
            "pending": store.streams.list_streams().streams[0].n_outbox_pending,
        }


def differences(whole: Mapping[str, Any], killed: Mapping[str, Any]) -> list[str]:
    """Return what of the killed worker's results is not that of the undisturbed one."""
    found = [name for name, content in whole.items() if killed[name] != content]
    for name, content in (("undisturbed", whole), ("killed", killed)):
        if not all(day.holds for day in content["counts"]):
            found.append(f"{name}: the counts do not reconcile")
        times = Counter(flag["flag_id"] for flag in content["flags"])
        if repeated := [flag for flag, n in times.items() if n > 1]:
            found.append(f"{name}: flags published more than once: {repeated}")
    return found


def _wait_for(
    moment: str,
    work: Work,
    process: "subprocess.Popen[bytes]",
    generator: random.Random,
    longest_s: float,
) -> None:
    """Return at a random moment of the kind, or when the worker has ended."""
    if moment == "while starting":
        _pass_time(process, generator.uniform(0, _LONGEST_START_S))
        return
    before = _state(work.path)
    if moment == "while working":
        while process.poll() is None and _state(work.path)[0] == before[0]:
            time.sleep(_LOOK_EVERY_S)
        _pass_time(process, generator.uniform(0, longest_s))
        return
    while process.poll() is None and not _has_new_records(before, _state(work.path)):
        time.sleep(_LOOK_EVERY_S)
    _pass_time(process, generator.uniform(0, 0.03))


def _pass_time(process: "subprocess.Popen[bytes]", seconds: float) -> None:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return


def _has_new_records(before: tuple[int, int, int], now: tuple[int, int, int]) -> bool:
    return now[2] > 0 and now[1] > before[1]


def _state(path: Path) -> tuple[int, int, int]:
    """Return the time of the last commit, the records ever written to the outbox, and waiting."""
    if not path.exists():
        return 0, 0, 0
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        row = connection.execute(
            "SELECT max(committed_time_ns), max(n_outbox), (SELECT count(pending) FROM live_outbox)"
            " FROM live_streams"
        ).fetchone()
    except sqlite3.OperationalError:  # its tables are not there yet
        return 0, 0, 0
    finally:
        connection.close()
    return row[0] or 0, row[1] or 0, row[2]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the crash test and print its figures; return 1 where something differs."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.crash_test", description=__doc__)
    parser.add_argument("--orders", type=int, default=2_000_000)
    parser.add_argument("--accounts", type=int, default=5_000)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--close-every", type=float, default=6 * 3_600.0)
    options = parser.parse_args(arguments)
    n_differences = 0
    for seed in range(1, options.seeds + 1):
        with tempfile.TemporaryDirectory() as directory:
            n_differences += _crash(seed, Path(directory), options)
    return int(n_differences > 0)


def _crash(seed: int, directory: Path, options: argparse.Namespace) -> int:
    tables = _market(options.orders, options.accounts, seed)
    with LocalKafka(directory / "kafka") as kafka:
        settings = KafkaSettings(kafka.bootstrap)
        whole, killed = (
            Work(
                settings,
                Topics(f"{name}."),
                directory / f"{name}.db",
                options.close_every,
                options.accounts,
            )
            for name in ("whole", "killed")
        )
        n_orders = [
            send_market(settings, w.topics, tables, options.orders) for w in (whole, killed)
        ]
        working_s = whole.finish()
        started_s = time.monotonic()
        counted = work_through_kills(
            killed, options.kills, random.Random(seed), working_s=working_s
        )
        took_s = time.monotonic() - started_s
        expected = results(whole)
        found = differences(expected, results(killed))
    said = ", ".join(f"{n} {moment}" for moment, n in sorted(counted.kills.items()))
    print(
        f"seed {seed}: {n_orders[0]:,} order events, {len(expected['groups'])} groups, "
        f"{len(expected['flags'])} flags; undisturbed {working_s:.0f} s; "
        f"{counted.kills.total()} kills ({said}) and the end in {took_s:.0f} s; "
        + (f"DIFFERENT: {'; '.join(found)}" if found else "all the same"),
        flush=True,
    )
    return len(found)


def _market(n_orders: int, n_accounts: int, seed: int) -> Tables:
    """Simulate as many days as hold so many orders."""
    n_days = 1
    while True:
        tables = simulate("basic", n_accounts=n_accounts, n_days=n_days, seed=seed).tables
        if tables["orders"].num_rows >= n_orders:
            assert np.all(np.diff(tables["orders"].column("event_time_ns").to_numpy()) >= 0)
            return tables
        n_days = max(n_days + 1, round(n_days * n_orders / tables["orders"].num_rows))


if __name__ == "__main__":
    sys.exit(main())
