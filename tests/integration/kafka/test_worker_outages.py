"""The broker lies still or goes down under a working worker; the store is held by another."""

import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from helpers.command import run

from benchmarks.crash_test import Work, differences, results, send_market
from deploy.broker import LocalKafka
from streams.kafka.admin import create_topics, plan_topics
from streams.kafka.settings import KafkaSettings
from streams.simulator import simulate
from streams.topics import Topics
from surveillance.store import Store

pytestmark = pytest.mark.kafka_local

N_ORDERS = 15_000
N_ACCOUNTS = 150


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalKafka]:
    with LocalKafka(tmp_path_factory.mktemp("kafka")) as local:
        yield local


@pytest.fixture(scope="module")
def market() -> dict[str, Any]:
    return simulate("basic", n_accounts=N_ACCOUNTS, n_days=2, seed=1).tables


@pytest.fixture(scope="module")
def whole(
    broker: LocalKafka, market: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    work = new_work(broker, market, tmp_path_factory.mktemp("whole"), "whole.")
    work.finish()
    return results(work)


def new_work(broker: LocalKafka, market: dict[str, Any], directory: Path, prefix: str) -> Work:
    settings = KafkaSettings(broker.bootstrap)
    work = Work(settings, Topics(prefix), directory / "s.db", 6 * 3_600.0, N_ACCOUNTS)
    send_market(settings, work.topics, market, N_ORDERS)
    return work


def wait_for_orders(work: Work, process: "subprocess.Popen[bytes]") -> None:
    """Return when the worker has committed its first orders."""
    deadline = time.monotonic() + 60
    while not work.path.exists() or n_accepted(work) == 0:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)


def n_accepted(work: Work) -> int:
    try:
        with closing(sqlite3.connect(f"file:{work.path}?mode=ro", uri=True)) as connection:
            (n_rows,) = connection.execute("SELECT max(n_rows) FROM live_streams").fetchone()
    except sqlite3.OperationalError:
        return 0
    return n_rows or 0


def lies_still(broker: LocalKafka) -> None:
    broker.pause(1)
    time.sleep(5)
    broker.resume(1)


def is_killed(broker: LocalKafka) -> None:
    broker.kill(1)
    time.sleep(1)
    broker.restart(1)


@pytest.mark.parametrize("outage", [lies_still, is_killed])
def test_an_outage_of_the_broker_changes_nothing(
    outage: Callable[[LocalKafka], None],
    broker: LocalKafka,
    market: dict[str, Any],
    whole: dict[str, Any],
    tmp_path: Path,
) -> None:
    work = new_work(broker, market, tmp_path, f"{outage.__name__}.")
    process = work.start()
    wait_for_orders(work, process)
    outage(broker)
    if process.wait(timeout=120):  # what the broker made of an open transaction may be unknown
        assert process.returncode == 1
        assert "Traceback" not in work.log.read_text()
        work.finish()
    assert differences(whole, results(work)) == []


def test_a_store_that_another_process_holds_is_refused_in_one_line(
    broker: LocalKafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("surveillance.store.database.BUSY_TIMEOUT_S", 0.1)
    path = tmp_path / "s.db"
    settings = KafkaSettings(broker.bootstrap)
    create_topics(settings, plan_topics(Topics("held.")))
    with Store.open(f"sqlite:///{path}"):
        pass
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        arguments = ["run", "--kafka", broker.bootstrap, "--store", f"sqlite:///{path}"]
        outcome = run(*arguments, "--topic-prefix", "held.", "--until-end")
    assert outcome.status == 1
    assert "another process is writing to it" in outcome.err
