"""`surveillance run`, killed (-9) at random moments on the real broker: nothing shows of it.

The short form of `make test-crash`.
"""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from helpers.kafka_cluster import KafkaCluster

from benchmarks.crash_test import Work, differences, results, send_market, work_through_kills
from streams.simulator import simulate
from streams.topics import Topics

N_ORDERS = 15_000
N_ACCOUNTS = 150
N_KILLS = 5


@pytest.mark.kafka_transactions
def test_a_worker_that_was_killed_leaves_what_an_undisturbed_one_does(
    kafka: KafkaCluster, tmp_path: Path
) -> None:
    tables = simulate("basic", n_accounts=N_ACCOUNTS, n_days=2, seed=1).tables
    whole, killed = (
        Work(kafka.settings, Topics(kafka.new_prefix()), tmp_path / name, 6 * 3_600.0, N_ACCOUNTS)
        for name in ("whole.db", "killed.db")
    )
    for work in (whole, killed):
        assert send_market(work.settings, work.topics, tables, N_ORDERS) == N_ORDERS
    working_s = whole.finish()
    counted = work_through_kills(killed, N_KILLS, random.Random(1), working_s=working_s)
    assert counted.kills.total() == N_KILLS
    expected = results(whole)
    assert expected["groups"]
    assert expected["flags"]
    assert differences(expected, results(killed)) == []
    assert_retold(whole.log.read_text().splitlines(), expected)


def assert_retold(lines: list[str], expected: dict[str, Any]) -> None:
    """Each line of the log is an object, and together they tell the run."""
    told = [json.loads(line) for line in lines]
    events = [line["event"] for line in told]
    assert (events[0], events[-1]) == ("started", "stopped")
    assert {"group_judged", "closed"} <= set(events)
    assert told[-1]["groups"] == len(expected["groups"])
    assert {line["stream"] for line in told} == {"live"}
