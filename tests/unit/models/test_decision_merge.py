"""Child orders to decisions, against the definition in plain Python."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from helpers.orders import SECOND_NS, START_NS, order_columns, random_orders
from hypothesis import given, settings
from hypothesis import strategies as st

from models.columns import OrderColumns
from models.decisions import DecisionStage, merge_orders
from models.errors import ColumnError, ParameterError

MERGE_NS = 10 * SECOND_NS
BRACKET_NS = 2 * SECOND_NS


def naive_decisions(orders: OrderColumns, merge_ns: int) -> list[list[int]]:
    """Return the rows of every decision, in the order the decisions open."""
    open_of: dict[tuple[int, int, int], list[int]] = {}
    decisions: list[list[int]] = []
    for i in range(len(orders)):
        key = (int(orders.account[i]), int(orders.family[i]), int(orders.side[i]))
        time_ns = orders.event_time_ns[i]
        rows, guarded = open_of.get(key), open_of.get((*key[:2], 1 - key[2]))
        if rows is None or time_ns - orders.event_time_ns[rows[0]] > merge_ns:
            if (
                guarded
                and orders.has_price[i]
                and time_ns - orders.event_time_ns[guarded[0]] <= BRACKET_NS
            ):
                continue
            rows = open_of[key] = []
            decisions.append(rows)
        rows.append(i)
    return decisions


@settings(max_examples=50, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    n=st.integers(0, 200),
    n_accounts=st.integers(1, 60),
    n_families=st.integers(1, 4),
    ties=st.sampled_from([0.0, 0.5]),
)
def test_merged_orders_are_those_of_the_definition(
    seed: int, n: int, n_accounts: int, n_families: int, ties: float
) -> None:
    rng = np.random.default_rng(seed)
    orders = random_orders(
        rng, n_orders=n, n_accounts=n_accounts, n_families=n_families, tie_share=ties
    )
    orders = replace(orders, has_price=rng.random(n) < 0.5)
    merged = merge_orders(orders, merge_ns=MERGE_NS, bracket_ns=BRACKET_NS)
    expected = naive_decisions(orders, MERGE_NS)
    first = [rows[0] for rows in expected]
    for name in ("event_time_ns", "account", "family", "side", "instrument", "price_ticks"):
        np.testing.assert_array_equal(getattr(merged, name), getattr(orders, name)[first])
    assert merged.quantity_lots.tolist() == [
        int(orders.quantity_lots[rows].sum()) for rows in expected
    ]


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32), cuts=st.lists(st.integers(0, 300), max_size=6))
def test_cuts_and_snapshots_change_no_number(seed: int, cuts: list[int]) -> None:
    orders = random_orders(np.random.default_rng(seed), n_orders=300, n_accounts=150, tie_share=0.3)
    whole = DecisionStage(merge_ns=MERGE_NS, bracket_ns=BRACKET_NS).process(orders)
    stage = DecisionStage(merge_ns=MERGE_NS, bracket_ns=BRACKET_NS)
    parts, edges = [], sorted({0, *cuts, 300})
    for start, end in pairwise(edges):
        again = DecisionStage(merge_ns=MERGE_NS, bracket_ns=BRACKET_NS)
        again.restore(stage.snapshot())
        stage = again
        parts.append(stage.process(orders.take(slice(start, end))))
    for name in ("node", "decision", "opens"):
        joined = np.concatenate([getattr(part, name) for part in parts])
        np.testing.assert_array_equal(joined, getattr(whole, name))


def test_the_window_counts_from_the_first_order_and_includes_its_end() -> None:
    times = [0, MERGE_NS, MERGE_NS + 1, 2 * MERGE_NS + 1, 2 * MERGE_NS + 2]
    orders = order_columns([(START_NS + t, 1, 0, 0) for t in times])
    merged = merge_orders(orders, merge_ns=MERGE_NS, bracket_ns=BRACKET_NS)
    assert (merged.event_time_ns - START_NS).tolist() == [0, MERGE_NS + 1, 2 * MERGE_NS + 2]
    assert merged.quantity_lots.tolist() == [2, 2, 1]


def test_many_accounts_outgrow_the_first_tables() -> None:
    n = 5_000
    orders = order_columns([(START_NS + i, i, i % 7, 0) for i in range(n)])
    stage = DecisionStage(merge_ns=MERGE_NS, bracket_ns=BRACKET_NS)
    assert stage.process(orders).opens.all()
    assert stage.n_nodes == n
    assert stage.node_account.tolist() == list(range(n))


def test_bad_columns_and_parameters_are_refused() -> None:
    with pytest.raises(ParameterError, match="merge_ns must be at least 1, was 0"):
        DecisionStage(merge_ns=0, bracket_ns=0)
    with pytest.raises(ColumnError, match="event_time_ns must not fall"):
        order_columns([(START_NS + 1, 0, 0, 0), (START_NS, 0, 0, 0)])
    with pytest.raises(ColumnError, match="sequence must have 1 rows, had 2"):
        order_columns([(START_NS, 0, 0, 0)], sequence=[1, 2])


def test_stop_and_target_of_an_entry_are_no_decisions() -> None:
    second = SECOND_NS // 10
    rows = [(START_NS, 1, 0, 0), (START_NS + second, 1, 0, 1), (START_NS + 2 * second, 1, 0, 1)]
    rows.append((START_NS + 30 * SECOND_NS, 1, 0, 1))
    orders = order_columns(rows, lots=[5, 5, 5, 5])
    priced = replace(orders, has_price=np.array([False, True, True, False]))
    merged = merge_orders(priced, merge_ns=MERGE_NS, bracket_ns=BRACKET_NS)
    assert merged.event_time_ns.tolist() == [START_NS, START_NS + 30 * SECOND_NS]
    assert merged.quantity_lots.tolist() == [5, 5]
    assert len(merge_orders(orders, merge_ns=MERGE_NS, bracket_ns=BRACKET_NS)) == 3
