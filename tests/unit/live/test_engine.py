"""The engine: what it raises is a function of the events, not of batches, crashes or chance."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from helpers.copied_market import copied_market

from models.params import DetectionParams
from streams.eventtime import in_event_order
from streams.tables import TABLES
from surveillance.findings import RunReference
from surveillance.live.engine import Engine
from surveillance.live.raised import Raised, outcome
from surveillance.live.state_bytes import write_state
from surveillance.pipeline.encode import COLUMNS
from surveillance.pipeline.reference import ReferenceData

DAY_NS = 86_400_000_000_000
NAMES = ("accounts", "sessions", "declarations", "instruments")


def new(n_accounts: int = 200, memory_ns: int = 3 * DAY_NS) -> Engine:
    reference = ReferenceData(*(TABLES[name].schema.empty_table() for name in NAMES))
    run = RunReference("live-x", "1", "h", "x")
    return Engine(
        DetectionParams(), run, None, reference, n_accounts=n_accounts, memory_ns=memory_ns
    )


@pytest.fixture(scope="module")
def market() -> pa.RecordBatch:
    return in_event_order(copied_market().select(COLUMNS))


def raised(engine: Engine, market: pa.RecordBatch, cuts: Sequence[int]) -> list[Raised]:
    edges = [0, *cuts, market.num_rows]
    return [
        found
        for start, end in pairwise(edges)
        if end > start
        for found in engine.process(market.slice(start, end - start))
    ]


@pytest.fixture(scope="module")
def whole(market: pa.RecordBatch) -> list[Raised]:
    return raised(new(), market, [])


def test_the_planted_group_is_raised_at_an_order_of_its_own(
    market: pa.RecordBatch, whole: list[Raised]
) -> None:
    accounts = {m.account_id for one in whole for f in one.findings for m in f.group.members}
    assert accounts == {"L", "F1", "F2", "F3"}
    times, accounts_of = (market[name].to_pylist() for name in ("event_time_ns", "account_id"))
    names = dict(zip(times, accounts_of, strict=True))
    assert all(names[one.at_ns] in accounts for one in whole)
    assert all(f.group.state == "provisional" for one in whole for f in one.findings)


@pytest.mark.parametrize("seed", range(4))
def test_cutting_the_stream_anywhere_raises_the_same(
    market: pa.RecordBatch, whole: list[Raised], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    cuts = sorted(rng.integers(0, market.num_rows, rng.integers(1, 60)).tolist())
    assert raised(new(), market, cuts) == whole


@pytest.mark.parametrize("share", [0.0, 0.15, 0.4, 0.8, 1.0])
def test_a_prefix_that_is_replayed_leaves_what_processing_it_left(
    market: pa.RecordBatch, whole: list[Raised], share: float
) -> None:
    n = int(share * market.num_rows)
    first = new()
    before = raised(first, market.slice(0, n), []) if n else []
    second = new()
    second.replay(market.slice(0, n))
    second.adopt(first.groups.values())
    assert [*before, *raised(second, market.slice(n), [])] == whole
    standing, _ = outcome(whole)
    assert second.groups == {f.group.group_id: f.group for f in standing}


@pytest.mark.parametrize("memory_ns", [DAY_NS // 8, 3 * DAY_NS])
@pytest.mark.parametrize("share", [0.0, 0.15, 0.4, 0.8, 1.0])
def test_a_restored_state_goes_on_as_the_saved_one(
    market: pa.RecordBatch, share: float, memory_ns: int
) -> None:
    whole = raised(new(memory_ns=memory_ns), market, [])
    assert whole
    n = int(share * market.num_rows)
    first = new(memory_ns=memory_ns)
    before = raised(first, market.slice(0, n), []) if n else []
    second = new(memory_ns=memory_ns)
    times = market.column("event_time_ns").to_numpy()
    restored = second.restore(write_state(first.snapshot(int(times[n - 1]) + 1 if n else 0)))
    assert restored is not None
    oldest = int(np.searchsorted(times[:n], restored.remembers_ns))
    second.recall(market.slice(oldest, n - oldest))
    second.adopt(first.groups.values())
    assert [*before, *raised(second, market.slice(n), [])] == whole


def test_a_state_of_other_thresholds_is_refused(market: pa.RecordBatch) -> None:
    other = new(n_accounts=300)
    raised(other, market, [])
    engine = new()
    empty = write_state(engine.snapshot(0))
    assert engine.restore(write_state(other.snapshot(0))) is None
    assert write_state(engine.snapshot(0)) == empty


def test_a_provisional_group_is_gone_once_it_is_a_part_of_another() -> None:
    followers = [f"F{number:02}" for number in range(12)]
    crowd = in_event_order(copied_market(followers=followers, seed=3).select(COLUMNS))
    last = outcome(raised(new(), crowd, []))[0][0].group
    of_two = replace(last, group_id="g-part", members=last.members[-2:])
    confirmed = replace(of_two, group_id="g-closed", state="confirmed")
    apart = replace(of_two, group_id="g-apart", members=(replace(last.members[0], account_id="X"),))
    engine = new()
    engine.adopt([of_two, confirmed, apart])
    changes = raised(engine, crowd, [])
    assert outcome(changes)[1] == ("g-part",)
    assert {"g-closed", "g-apart"} <= engine.groups.keys()
    assert "g-part" not in engine.groups


def test_a_market_without_groups_raises_nothing() -> None:
    honest = copied_market(n_copied=0, n_honest_orders=6_000, seed=5)
    assert raised(new(), in_event_order(honest.select(COLUMNS)), []) == []
