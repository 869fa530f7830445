"""Encoding: repeats, order of arrival, lots and ticks, stamps, refusals."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from helpers.orders import SECOND_NS, START_NS
from hypothesis import given, settings
from hypothesis import strategies as st

from models.columns import BUY, CANCEL, NO_SEQUENCE, REPLACE, SELL, STOP, OrderColumns
from streams.errors import DatasetError
from streams.orders import INSTRUMENT_SCHEMA, ORDER_SCHEMA
from surveillance.pipeline.encode import COLUMNS, OrderEncoder
from surveillance.pipeline.encoded import EncodedOrders
from surveillance.pipeline.identity import IdentityLog
from surveillance.pipeline.spool import Spool

SCHEMA = pa.schema([ORDER_SCHEMA.field(name) for name in COLUMNS])
NO_INSTRUMENTS = INSTRUMENT_SCHEMA.empty_table()


def event(second: float = 0.0, **changes: Any) -> dict[str, Any]:
    row = dict.fromkeys(COLUMNS)
    row |= {
        "event_time_ns": START_NS + round(second * SECOND_NS),
        "account_id": "A",
        "instrument_id": "ES",
        "side": "buy",
        "quantity": 1.0,
    }
    return row | changes


def instruments(*rows: dict[str, Any]) -> pa.Table:
    full = [dict.fromkeys(INSTRUMENT_SCHEMA.names) | row for row in rows]
    return pa.Table.from_pylist(full, schema=INSTRUMENT_SCHEMA)


def encode(
    batches: Iterable[list[dict[str, Any]]], table: pa.Table = NO_INSTRUMENTS
) -> tuple[EncodedOrders, OrderColumns]:
    with Spool() as spool:
        encoder = OrderEncoder(
            table, spool, shown="orders.csv", identities=IdentityLog(spool.directory)
        )
        for rows in batches:
            encoder.add(pa.RecordBatch.from_pylist(rows, schema=SCHEMA))
        encoded = encoder.finish()
        return encoded, OrderColumns.concatenate(list(encoded.batches()))


ES_MES = instruments(
    {"instrument_id": "ES", "family": "SP", "multiplier": 50.0, "tick_size": 0.25, "lot_size": 1.0},
    {"instrument_id": "MES", "family": "SP", "multiplier": 5.0, "tick_size": 0.25, "lot_size": 1.0},
)


def test_the_share_of_automated_orders_is_known_where_orders_say() -> None:
    rows = [event(i, account_id="B", automated=i > 0) for i in range(4)]
    encoded, _ = encode([[event(0, account_id="Z")], [*rows, event(9, account_id="A")]])
    assert encoded.accounts == ("A", "B", "Z")
    np.testing.assert_array_equal(encoded.automated_share, [np.nan, 0.75, np.nan])


def test_later_events_are_cancels_replaces_and_stops_of_the_accounts_asked_for() -> None:
    rows = [
        event(0, instrument_id="MES", order_type="stop", stop_price=4990.5, side="sell"),
        event(1, event_type="cancel", account_id="B"),
        event(2, event_type="replace", side="sell"),
        event(3, event_type="cancel"),
        event(4, order_type="stop"),
        event(5),
        event(6, event_type="fill"),
    ]
    with Spool() as spool:
        encoder = OrderEncoder(
            ES_MES, spool, shown="orders.csv", identities=IdentityLog(spool.directory)
        )
        encoder.add(pa.RecordBatch.from_pylist(rows, schema=SCHEMA))
        encoded = encoder.finish()
        later = encoded.later_events(accounts=np.array([True, False]))
        nobody = encoded.later_events(accounts=np.zeros(2, np.bool_))
    assert later.event_time_ns.tolist() == [START_NS + s * SECOND_NS for s in (0, 2, 3, 4)]
    assert later.kind.tolist() == [STOP, REPLACE, CANCEL, STOP]
    assert later.side.tolist() == [SELL, SELL, BUY, BUY]
    assert later.price_ticks.tolist() == [19_962, 0, 0, 0]
    assert set(later.account.tolist()) == set(later.family.tolist()) == {0}
    assert len(nobody) == 0


def test_lots_count_the_familys_smallest_contract() -> None:
    rows = [
        event(0, instrument_id="ES", quantity=2.0, limit_price=5000.25),
        event(1, instrument_id="MES", quantity=3.0),
    ]
    encoded, orders = encode([rows], ES_MES)
    assert encoded.families == ("SP",)
    assert orders.family.tolist() == [0, 0]
    assert orders.quantity_lots.tolist() == [20, 3]
    assert orders.price_ticks.tolist() == [20_001, 0]
    assert orders.has_price.tolist() == [True, False]
    assert encoded.lot_size.tolist() == [0.1, 1.0]


def test_an_instrument_that_is_not_listed_has_the_finest_steps_seen() -> None:
    rows = [
        event(0, instrument_id="X", quantity=0.3, limit_price=10.5),
        event(1, instrument_id="X", quantity=0.45, limit_price=10.75),
    ]
    encoded, orders = encode([rows[:1], rows[1:]])
    assert encoded.tick_size[0] == pytest.approx(0.25)
    assert encoded.lot_size[0] == pytest.approx(0.15)
    assert orders.quantity_lots.tolist() == [2, 3]
    assert orders.price_ticks.tolist() == [42, 43]


def test_an_unknown_size_is_zero_lots() -> None:
    _, orders = encode([[event(quantity=None), event(1, quantity=5.0)]])
    assert orders.quantity_lots.tolist() == [0, 1]


def test_only_new_orders_are_kept_and_all_events_counted() -> None:
    rows = [event(0), event(1, event_type="cancel", quantity=None), event(2, event_type="new")]
    encoded, orders = encode([rows])
    assert (encoded.n_read, encoded.n_orders, len(orders)) == (3, 2, 2)
    assert encoded.first_time_ns == START_NS
    assert encoded.last_time_ns == START_NS + 2 * SECOND_NS


def test_no_new_order_is_no_order() -> None:
    encoded, orders = encode([[event(0, event_type="cancel", quantity=None)]])
    assert (len(orders), encoded.n_orders, encoded.n_read) == (0, 0, 1)
    assert (encoded.first_time_ns, encoded.last_time_ns) == (0, 0)


@pytest.mark.parametrize("second_time", [0.0, 3.0])
def test_a_repeated_event_id_is_dropped_and_counted(second_time: float) -> None:
    first, other = event(0, event_id="E1"), event(1, event_id="E2", account_id="B")
    again = event(second_time, event_id="E1")
    for batches in (
        [[first, other, again]],
        [[first], [other], [again]],
        [[again], [other, first]],
    ):
        encoded, orders = encode(batches)
        assert (encoded.n_read, encoded.n_duplicates, encoded.n_orders) == (3, 1, 2)
        assert (orders.event_time_ns - START_NS).tolist() == [0, SECOND_NS]


def test_an_event_id_counts_within_its_firm() -> None:
    rows = [event(event_id="E1", firm_id="F"), event(event_id="E1", firm_id="G")]
    assert encode([rows])[0].n_duplicates == 0


def test_events_without_an_id_are_never_repeats() -> None:
    encoded, orders = encode([[event(), event(), event()]])
    assert (encoded.n_duplicates, len(orders)) == (0, 3)


def test_a_repeat_that_is_not_a_new_order_takes_none_away() -> None:
    rows = [event(0, event_id="E"), event(1, event_id="E", event_type="cancel")]
    encoded, orders = encode([rows])
    assert (encoded.n_duplicates, encoded.n_orders, len(orders)) == (1, 1, 1)


def test_codes_follow_the_sorted_ids() -> None:
    rows = [event(0, account_id="b"), event(1, account_id="a", side="sell"), event(2, sequence=7)]
    encoded, orders = encode([rows])
    assert encoded.accounts == ("A", "a", "b")
    assert orders.account.tolist() == [2, 1, 0]
    assert orders.side.tolist() == [BUY, SELL, BUY]
    assert orders.sequence.tolist() == [NO_SEQUENCE, NO_SEQUENCE, 7]


some_event = st.fixed_dictionaries(
    {
        "event_time_ns": st.integers(START_NS, START_NS + 3),
        "account_id": st.sampled_from(["A", "B", "é"]),
        "instrument_id": st.sampled_from(["ES", "MES", "Z"]),
        "side": st.sampled_from(["buy", "sell"]),
        "quantity": st.sampled_from([1.0, 2.5, None]),
        "event_id": st.sampled_from([None, None, "1", "2", "3"]),
        "event_type": st.sampled_from([None, "new", "cancel"]),
        "sequence": st.sampled_from([None, 1, 2]),
        "firm_id": st.sampled_from([None, "F", "G"]),
        "operator_id": st.sampled_from([None, "op1", "op2"]),
        "limit_price": st.sampled_from([None, 10.25, 11.0]),
    }
)


@settings(max_examples=80, deadline=None)
@given(data=st.data(), rows=st.lists(some_event, min_size=1, max_size=15))
def test_the_order_of_arrival_does_not_matter(data: st.DataObject, rows: list[Any]) -> None:
    shuffled = data.draw(st.permutations(rows))
    cut = data.draw(st.integers(0, len(rows)))
    one, orders = encode([rows], ES_MES)
    other, orders_again = encode([shuffled[:cut], shuffled[cut:]], ES_MES)
    for name in ("accounts", "instruments", "families", "operators", "firm_of"):
        assert getattr(one, name) == getattr(other, name)
    for name in ("n_read", "n_duplicates", "n_orders", "first_time_ns", "last_time_ns"):
        assert getattr(one, name) == getattr(other, name)
    for name in OrderColumns.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(orders, name), getattr(orders_again, name))


def test_who_entered_for_whom_is_noted() -> None:
    rows = [
        event(0, account_id="A", operator_id="op", firm_id="Z"),
        event(1, account_id="B", operator_id="op"),
        event(2, account_id="A", firm_id="F"),
    ]
    encoded, _ = encode([rows])
    assert encoded.operators == {("A", "op"), ("B", "op")}
    assert encoded.firm_of == {"A": "F"}


@pytest.mark.parametrize(
    ("changes", "table", "column"),
    [
        ({"quantity": 1e10}, NO_INSTRUMENTS, "quantity"),
        ({"limit_price": -1e10}, NO_INSTRUMENTS, "limit_price"),
        ({"quantity": 4e18}, ES_MES, "quantity"),  # fits in its own lots, not in its family's
    ],
)
def test_a_value_too_large_to_count_is_refused(
    changes: dict[str, float], table: pa.Table, column: str
) -> None:
    finest = {"quantity": 1e-9, "limit_price": 1e-9} if table is NO_INSTRUMENTS else {}
    rows = [event(0, **finest), event(1, **changes), event(2, instrument_id="MES")]
    with pytest.raises(DatasetError) as refused:
        encode([rows[:1], rows[1:]], table)
    assert (refused.value.file, refused.value.row, refused.value.column) == (
        "orders.csv",
        2,
        column,
    )
    assert refused.value.value == str(changes[column])
    assert "must be below" in str(refused.value)


def test_large_values_count_in_the_finest_step_seen() -> None:
    rows = [event(0, quantity=5e9, limit_price=3e11), event(1, quantity=2e9, limit_price=1e11)]
    encoded, orders = encode([rows[:1], rows[1:]])
    assert orders.quantity_lots.tolist() == [5, 2]
    assert orders.price_ticks.tolist() == [3, 1]
    assert encoded.lot_size == pytest.approx([1e9])
    assert encoded.tick_size == pytest.approx([1e11])


def test_chosen_accounts_are_read_alone() -> None:
    with Spool() as spool:
        encoder = OrderEncoder(
            NO_INSTRUMENTS, spool, shown="x", identities=IdentityLog(spool.directory)
        )
        rows = [event(i, account_id=name) for i, name in enumerate("ABCAB")]
        encoder.add(pa.RecordBatch.from_pylist(rows, schema=SCHEMA))
        encoded = encoder.finish()
        chosen = np.array([True, False, True])
        parts = OrderColumns.concatenate(list(encoded.batches(accounts=chosen)))
    assert parts.account.tolist() == [0, 2, 0]
