"""`surveillance run`, killed (-9) at random moments on the real broker: nothing shows of it.

The short form of `make test-crash`.
"""

import random
from pathlib import Path

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
