"""What a running copier keeps: its journal, its tally, its latencies, its state as bytes."""

import json
from pathlib import Path

import pytest
from helpers.copy_streams import records_of_plan
from helpers.copying import (
    FOLLOWER,
    INSTRUMENTS,
    LEADER,
    START_NS,
    LiveMarket,
    Stage,
    copy_plan,
    follower_plan,
    one_follower,
    quick_drift,
    size,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.copier import Command, CommandKind, NoticeCode
from streams.copier.guards import Lock
from streams.copier.plan import CopyMode, Plan, Translation
from streams.orderevents import AccountUpdate, EventType, OrderEvent, OrderType, Side, Tick
from surveillance.errors import CopierError
from surveillance.livecopy.journal import read_inputs, write_inputs
from surveillance.livecopy.latency import BOUNDS_MS, Latencies
from surveillance.livecopy.machine import Machine, recover
from surveillance.livecopy.permission import disarming

MS = 1_000_000
TEXT = st.text(max_size=8)
MAYBE = st.none() | st.floats(allow_nan=False, allow_infinity=False)
ORDERS = st.builds(
    OrderEvent,
    st.integers(0, 2**63 - 1),
    TEXT,
    TEXT,
    st.sampled_from(Side),
    st.integers(0, 10**9),
    TEXT,
    st.sampled_from(EventType),
    st.none() | TEXT,
    st.none() | TEXT,
    st.sampled_from(OrderType),
    MAYBE,
    MAYBE,
    st.none() | st.integers(0, 100),
    MAYBE,
    automated=st.none() | st.booleans(),
)
INPUTS = st.one_of(
    ORDERS,
    st.builds(Tick, st.integers(0, 2**63 - 1), st.booleans()),
    st.builds(AccountUpdate, st.integers(), TEXT, st.integers(), st.integers()),
    st.builds(Command, st.integers(), st.sampled_from(CommandKind), st.none() | TEXT, TEXT),
)


@given(st.lists(INPUTS, max_size=10))
def test_the_journal_gives_back_what_was_told(inputs) -> None:
    told = list(read_inputs(write_inputs(inputs)))
    assert told == inputs
    for one, other in zip(told, inputs, strict=True):
        assert type(one) is type(other)
        assert [type(value) for value in one] == [type(value) for value in other]


def busy_log(seed: int, mode: CopyMode) -> tuple[Plan, list]:
    plan = copy_plan(
        follower_plan("a", size=size("0.5")),
        follower_plan("b", size=size(-2)),
        mode=mode,
        drift=quick_drift(),
    )
    market = LiveMarket(plan, seed)
    market.run(1)
    for number in range(6):
        market.lead("buy" if number % 2 else "sell", 1 + number % 3)
        market.run(1.5)
    return plan, market.log


@settings(max_examples=15)
@given(st.integers(0, 3), st.sampled_from(CopyMode), st.floats(0, 1), st.floats(0, 1))
def test_recovered_from_any_snapshot_and_the_journal_since_nothing_differs(
    seed: int, mode: CopyMode, saved: float, died: float
) -> None:
    plan, log = busy_log(seed, mode)
    first, second = sorted((round(saved * len(log)), round(died * len(log))))
    whole, saving = Machine(plan, INSTRUMENTS), Machine(plan, INSTRUMENTS)
    for event in log[:first]:
        saving.process(event)
    snapshot = saving.snapshot()
    for event in log[:second]:
        whole.process(event)
    again = recover(plan, INSTRUMENTS, snapshot, [write_inputs(log[first:second])])
    latencies = Latencies(whole.followers)
    assert again.view(0, latencies, n_refused=0) == whole.view(0, latencies, n_refused=0)
    assert json.loads(again.snapshot()) == json.loads(whole.snapshot())
    for event in log[second:]:
        assert again.process(event) == whole.process(event)


def test_a_state_of_another_form_is_refused() -> None:
    machine = Machine(one_follower(), INSTRUMENTS)
    content = {**json.loads(machine.snapshot()), "form": 0}
    with pytest.raises(CopierError, match="has a state of another version"):
        recover(one_follower(), INSTRUMENTS, json.dumps(content).encode(), [])


class Told(Stage):
    """A stage whose copier is counted."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self.machine = Machine(plan, INSTRUMENTS)
        self.copier = self.machine  # type: ignore[assignment]

    def fidelity(self, account_id: str = FOLLOWER) -> dict:
        own = next(one for one in self.plan.followers if one.account_id == account_id)
        return self.machine.tally.fidelity(own)


@pytest.mark.parametrize("mode", list(CopyMode))
def test_a_copied_order_counts_once_however_it_fills(mode: CopyMode) -> None:
    stage = Told(one_follower(mode))
    stage.places("buy", 4, "1")
    for _ in range(4):
        stage.gets("buy", 1, "1")
    for order in list(stage.all_sent):
        stage.fill(order)
    assert (stage.fidelity()["copied"], stage.fidelity()["missed"]) == (1, 0)
    assert stage.fidelity()["realized_ratio"] == 1.0


def test_legs_of_a_bracket_are_copied_when_their_entry_has_filled() -> None:
    stage = Told(one_follower())
    (entry,) = stage.places("buy", 2, "1", limit_price=6_000.0)
    stage.places("sell", 2, "2", stop_price=5_990.0, parent_order_id="1")
    assert stage.fidelity()["missed"] == 1
    stage.gets("buy", 2, "1")
    stage.fill(entry)
    assert (stage.fidelity()["copied"], stage.fidelity()["missed"]) == (2, 0)


def test_an_order_that_a_guard_keeps_back_is_missed() -> None:
    stage = Told(one_follower())
    stage.machine.process(Command(START_NS, CommandKind.KILL_AND_HOLD))
    stage.places("buy", 2, "1")
    assert (stage.fidelity()["copied"], stage.fidelity()["missed"]) == (0, 1)


def test_orders_in_instruments_that_are_not_copied_count_for_nobody() -> None:
    es_only = follower_plan("es", translations=(Translation("ES", "MES", 10),))
    stage = Told(copy_plan(es_only))
    stage.places("buy", 1, "1", instrument_id="NQ")
    assert (stage.fidelity("es")["copied"], stage.fidelity("es")["missed"]) == (0, 0)


def test_ten_micros_for_one_are_a_ratio_of_one() -> None:
    stage = Told(copy_plan(follower_plan("es", translations=(Translation("ES", "MES", 10),))))
    (copy,) = stage.places("buy", 1, "1")
    stage.gets("buy", 1, "1")
    stage.fill(copy)
    assert stage.fidelity("es")["realized_ratio"] == 1.0


def test_rejects_and_repeats_are_counted_as_they_are() -> None:
    stage = Told(one_follower())
    (copy,) = stage.places("buy", 1, "1")
    refusal = stage._answer(copy, EventType.REJECT)
    stage.give(refusal)
    stage.give(refusal)
    assert stage.fidelity()["rejected"] == 1
    assert stage.machine.tally.followers[FOLLOWER].n_rejects == 1


def test_a_lock_says_until_when() -> None:
    stage = Told(one_follower())
    copier = stage.machine.copier
    assert stage.machine.view(0, Latencies([FOLLOWER]), n_refused=0)["followers"][0]["lock"] is None
    follower = copier._group.followers[FOLLOWER]
    follower.lock = Lock(NoticeCode.DAILY_LOSS, "lost", copier._group.day(START_NS) + 1)
    lock = stage.machine.view(0, Latencies([FOLLOWER]), n_refused=0)["followers"][0]["lock"]
    assert (lock["code"], lock["text"]) == ("daily_loss", "lost")
    assert 0 < lock["until"] - START_NS <= 86_400 * 1_000 * MS
    assert lock["until"] // (1_000 * MS) % 86_400 == stage.plan.day_starts_s
    follower.lock = Lock(NoticeCode.TRAILING_DRAWDOWN, "fell", None)
    lock = stage.machine.view(0, Latencies([FOLLOWER]), n_refused=0)["followers"][0]["lock"]
    assert lock["until"] is None


@given(st.lists(st.integers(0, 10_000 * MS), min_size=1, max_size=200))
def test_quantiles_of_latencies_are_upper_ends_of_their_classes(values: list[int]) -> None:
    latencies = Latencies(["a"])
    for value in values:
        latencies.observe("a", value)
    told = latencies.to_json("a")
    ordered = sorted(values)
    assert sum(told["counts"]) == len(values)
    for name, share in (("p50_ms", 0.5), ("p99_ms", 0.99)):
        exact = ordered[max(0, -(-round(share * 100) * len(values) // 100) - 1)] / MS
        ends = [*BOUNDS_MS, told["worst_ms"]]
        end = next((bound for bound in ends if bound >= exact), told["worst_ms"])
        assert told[name] == pytest.approx(min(end, told["worst_ms"]), abs=1e-3)


def test_latencies_that_nobody_measured_are_none() -> None:
    told = Latencies(["a"]).to_json("a")
    assert (told["p50_ms"], told["p99_ms"], told["worst_ms"]) == (None, None, None)


def test_latencies_of_other_classes_are_begun_anew() -> None:
    earlier = {"a": {"counts": [1, 2], "worst_ms": 5.0}}
    assert sum(Latencies(["a"], earlier).to_json("a")["counts"]) == 0


def test_who_is_not_covered_any_more_is_stopped_with_every_reason(tmp_path: Path) -> None:
    plan = copy_plan(follower_plan("a"), follower_plan("b"))
    good = records_of_plan(plan)
    assert disarming(plan, good, ["a", "b"], time_ns=1) == []
    bad = records_of_plan(plan, owners={LEADER: "owner", "b": "owner"}, declarations=())
    (stop,) = disarming(plan, bad, ["a"], time_ns=1)
    assert stop.account_id == "a"
    assert "the owner of a is not known" in stop.reason
    assert "does not cover a" in stop.reason
