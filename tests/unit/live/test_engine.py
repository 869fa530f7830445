"""The engine: what it raises is a function of the events, not of batches, crashes or chance."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from helpers.copied_market import copied_market

from models.params import DetectionParams
from streams.eventtime import in_event_order
from streams.tables import TABLES
from surveillance.findings import RunReference
from surveillance.live.engine import Engine, Raised
from surveillance.pipeline.encode import COLUMNS
from surveillance.pipeline.reference import ReferenceData

DAY_NS = 86_400_000_000_000
NAMES = ("accounts", "sessions", "declarations", "instruments")


def new() -> Engine:
    reference = ReferenceData(*(TABLES[name].schema.empty_table() for name in NAMES))
    run = RunReference("live-x", "1", "h", "x")
    return Engine(DetectionParams(), run, None, reference, n_accounts=200, memory_ns=3 * DAY_NS)


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
    assert second.groups == {f.group.group_id: f.group for one in whole for f in one.findings}


def test_a_market_without_groups_raises_nothing() -> None:
    honest = copied_market(n_copied=0, n_honest_orders=6_000, seed=5)
    assert raised(new(), in_event_order(honest.select(COLUMNS)), []) == []
