"""`surveillance copy run` on the real broker: killed, taken over, refused."""

import json
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.command import run, the_refusal
from helpers.copy_datasets import write_plan
from helpers.copy_kafka import Venue
from helpers.kafka_cluster import KafkaCluster

from surveillance.store import Store
from surveillance.store.copying import CopierStatus

pytestmark = [pytest.mark.kafka_transactions]

N_ORDERS = 24
N_KILLS = 3
PATIENT = "drift = { late_entry_s = 3600, ack_s = 600, unfilled_s = 600 }"


@pytest.fixture
def venue(kafka: KafkaCluster, tmp_path: Path) -> Iterator[Venue]:
    venue = Venue(kafka, tmp_path)
    yield venue
    venue.close()


def test_killed_and_taken_over_it_sends_every_copy_exactly_once(
    venue: Venue, tmp_path: Path
) -> None:
    plan = write_plan(tmp_path / "plan.json", more=PATIENT)
    process = venue.start(plan)
    for _ in range(N_KILLS):
        trade(venue, N_ORDERS // (N_KILLS + 2))
        venue.work_until(len(venue.rows) + 3)  # in the middle of the copies
        process.kill()
        process.communicate()
        process = venue.start(plan)
    trade(venue, 1)
    venue.work_until(2 * venue.n_led)  # so that this one is at work
    second = venue.start(plan)
    while venue.n_led < N_ORDERS:
        trade(venue, 1)
        venue.work()
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "copier 'plan' was taken over: another `copy run` has it" in said
    venue.work_until(2 * N_ORDERS)
    assert set(venue.sent.values()) == {1}
    parents = Counter((row["account_id"], row["parent_order_id"]) for row in venue.rows)
    wanted = {f"o-{number}" for number in range(1, N_ORDERS + 1)}
    assert parents == Counter((name, o) for name in ("half", "micro") for o in wanted)
    wait_until_flat(venue)
    second.send_signal(signal.SIGTERM)
    told, _ = second.communicate(timeout=60)
    assert second.returncode == 0
    assert json.loads(told)["plan"] == "plan"
    with Store.open(venue.store) as store:
        copier = store.copying.copier("plan")
        assert store.copying.live("plan").pending() == ()
    assert copier.summary.status is CopierStatus.STOPPED
    assert copier.view is not None
    for one in copier.view["followers"]:
        assert (one["state"], one["positions"]) == ("on", {})
        assert one["fidelity"]["copied"] == N_ORDERS
        assert one["n_fills"] == N_ORDERS


def trade(venue: Venue, n_orders: int) -> None:
    """Let the leader buy and sell in turn."""
    for _ in range(n_orders):
        venue.trade("sell" if venue.n_led % 2 else "buy", 2, f"o-{venue.n_led + 1}")


def wait_until_flat(venue: Venue) -> None:
    """Work until the copier has seen the last fill."""
    for _ in range(1_000):
        venue.work()
        with Store.open(venue.store) as store:
            view = store.copying.copier("plan").view
        if view is not None and all(
            one["n_fills"] == N_ORDERS and not one["positions"] for one in view["followers"]
        ):
            return
    raise AssertionError(f"the copier did not come to rest: {view}")


def test_a_plan_that_may_not_run_is_refused_and_the_reasons_are_kept(
    venue: Venue, tmp_path: Path
) -> None:
    plan = write_plan(tmp_path / "plan.json")
    text = plan.read_text().replace("report-1", "report-2")
    plan.write_text(text)
    place = ("--kafka", venue.kafka.bootstrap, "--topic-prefix", venue.topics.prefix)
    refusal = the_refusal(run("copy", "run", plan, *place, "--store", venue.store))
    assert "plan 'plan' is refused" in refusal
    assert "declaration report-2 does not cover half behind leader" in refusal
    with Store.open(venue.store) as store:
        checked = store.copying.copier("plan").checked
    assert checked is not None
    assert len(checked.reasons) == 2


def test_topics_that_are_missing_are_named(kafka: KafkaCluster, tmp_path: Path) -> None:
    plan = write_plan(tmp_path / "plan.json")
    place = ("--kafka", kafka.bootstrap, "--topic-prefix", kafka.new_prefix())
    store = f"sqlite:///{tmp_path}/s.db"
    refusal = the_refusal(run("copy", "run", plan, *place, "--store", store))
    for name in ("orders.v1", "accounts.v1", "copier-orders.v1", "account-updates.v1"):
        assert f"{name} does not exist" in refusal
    assert "groups.v1" not in refusal, "what it does not need"
