"""The rules of the tables: every bad row is found, every good one passes."""

import math
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import DatasetError
from streams.orders import (
    MAX_TEXT_BYTES,
    MIN_TIME_NS,
    TABLES,
    EventType,
    Side,
    find_violations,
    violation_mask,
)

LATEST_NS = 1_800_000_000_000_000_000
TIME_NS = 1_700_000_000_000_000_000
GOOD: dict[str, Any] = {
    "event_time_ns": TIME_NS,
    "account_id": "A",
    "instrument_id": "ES",
    "side": "buy",
    "quantity": 1.0,
}


def batch_of(*rows: dict[str, Any], table: str = "orders") -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(list(rows), schema=TABLES[table].schema)


def broken(*rows: dict[str, Any], table: str = "orders") -> list[tuple[int, str, str]]:
    batch = batch_of(*rows, table=table)
    found = find_violations(batch, table, latest_time_ns=LATEST_NS)
    mask = violation_mask(batch, table, latest_time_ns=LATEST_NS)
    assert {violation.row for violation in found} == {
        row for row, bad in enumerate(mask.to_pylist()) if bad
    }
    return [(violation.row, violation.column, violation.rule) for violation in found]


def test_a_table_has_the_contract_columns_required_first() -> None:
    assert list(TABLES) == ["orders", "sessions", "accounts", "declarations", "instruments"]
    for spec in TABLES.values():
        assert tuple(spec.schema.names[: len(spec.required)]) == spec.required
        for field in spec.schema:
            is_integer = field.name.endswith("_ns") or field.name == "sequence"
            assert pa.types.is_integer(field.type) == is_integer


def test_a_good_row_passes() -> None:
    full = GOOD | {
        "event_id": "e1",
        "event_type": "new",
        "sequence": -1,
        "order_type": "limit",
        "limit_price": -3.5,
        "automated": True,
    }
    assert broken(GOOD, full) == []


@pytest.mark.parametrize("name", ["event_time_ns", "account_id", "instrument_id", "side"])
def test_a_required_value_may_not_be_null(name: str) -> None:
    assert broken(GOOD, GOOD | {name: None})[0] == (1, name, "is required")


@pytest.mark.parametrize("name", ["account_id", "instrument_id"])
def test_a_required_text_may_not_be_empty(name: str) -> None:
    assert broken(GOOD | {name: ""}) == [(0, name, "is required")]


@pytest.mark.parametrize(
    ("name", "value"),
    [("side", "BUY"), ("side", "b"), ("event_type", "trade"), ("order_type", "iceberg")],
)
def test_a_word_outside_its_set_is_refused(name: str, value: str) -> None:
    row, column, rule = broken(GOOD | {name: value})[0]
    assert (row, column) == (0, name)
    assert rule.startswith("must be ")


def test_an_empty_optional_word_means_not_given() -> None:
    assert broken(GOOD | {"event_type": "", "order_type": ""}) == []


@pytest.mark.parametrize("event_type", [None, "", "new", "replace"])
@pytest.mark.parametrize("quantity", [0.0, -0.0, -1.0])
def test_an_order_needs_a_quantity_above_zero(event_type: str | None, quantity: float) -> None:
    row = GOOD | {"event_type": event_type, "quantity": quantity}
    assert broken(row) == [(0, "quantity", "must be greater than 0")]


def test_an_order_of_unknown_size_passes() -> None:
    assert broken(GOOD | {"quantity": None}) == []


@pytest.mark.parametrize("event_type", ["cancel", "fill", "reject", "expire"])
def test_other_events_may_leave_the_quantity_out_but_not_negative(event_type: str) -> None:
    row = GOOD | {"event_type": event_type}
    assert broken(row | {"quantity": None}, row | {"quantity": 0.0}) == []
    assert broken(row | {"quantity": -1.0}) == [(0, "quantity", "must be greater than 0")]


@pytest.mark.parametrize("name", ["quantity", "limit_price", "stop_price", "last_price"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_must_be_finite(name: str, value: float) -> None:
    assert (0, name, "must be finite") in broken(GOOD | {name: value})


def test_times_have_bounds_and_both_ends_are_inside() -> None:
    inside = [GOOD | {"event_time_ns": time} for time in (MIN_TIME_NS, LATEST_NS)]
    outside = [
        GOOD | {"event_time_ns": time}
        for time in (MIN_TIME_NS - 1, LATEST_NS + 1, 0, -(2**63), 2**63 - 1)
    ]
    assert broken(*inside) == []
    assert [row for row, _, _ in broken(*outside)] == [0, 1, 2, 3, 4]
    assert "1990-01-01 to 2027-01-15" in broken(outside[0])[0][2]


def test_text_is_measured_in_utf8_bytes() -> None:
    limit = MAX_TEXT_BYTES // 2
    assert broken(GOOD | {"account_id": "é" * limit}) == []
    assert broken(GOOD | {"account_id": "é" * limit + "x"})[0][1] == "account_id"
    assert broken(GOOD | {"order_id": "x" * 10_240})[0][1] == "order_id"


def test_control_characters_and_html_are_accepted() -> None:
    assert broken(GOOD | {"account_id": "a\x00\x1b\n\u202e<script>"}) == []


@pytest.mark.parametrize("name", ["multiplier", "tick_size", "lot_size"])
def test_instrument_sizes_are_positive_when_given(name: str) -> None:
    good = {"instrument_id": "ES", name: 0.25}
    bad = [{"instrument_id": "ES", name: value} for value in (0.0, -1.0, math.inf, math.nan)]
    assert broken(good, {"instrument_id": "NQ"}, table="instruments") == []
    assert [row for row, _, _ in broken(*bad, table="instruments")] == [0, 1, 2, 3]


def test_a_ratio_is_finite_and_not_zero() -> None:
    base = {"declaration_id": "d", "leader_account_id": "A", "account_id": "B"}
    good = [base | {"ratio": ratio} for ratio in (None, 0.5, -2.0)]
    bad = [base | {"ratio": ratio} for ratio in (0.0, math.nan, math.inf)]
    assert broken(*good, table="declarations") == []
    assert [row for row, _, _ in broken(*bad, table="declarations")] == [0, 1, 2]


def test_session_and_account_words_and_times_are_checked() -> None:
    session = {"session_id": "s", "account_id": "A", "start_time_ns": TIME_NS}
    assert broken(session, table="sessions") == []
    assert broken(session | {"ip_kind": "tor"}, table="sessions")[0][1] == "ip_kind"
    assert broken(session | {"start_time_ns": 5}, table="sessions")[0][1] == "start_time_ns"
    assert broken({"account_id": "A", "account_kind": "x"}, table="accounts")[0][1] == (
        "account_kind"
    )


def test_violations_come_by_row_then_column_and_stop_at_the_limit() -> None:
    bad = GOOD | {"side": "x", "account_id": None}
    batch = batch_of(GOOD, bad, bad, bad)
    found = find_violations(batch, "orders", latest_time_ns=LATEST_NS, limit=3)
    assert [(v.row, v.column) for v in found] == [
        (1, "account_id"),
        (1, "side"),
        (2, "account_id"),
    ]
    assert [v.value for v in found] == ["", "x", ""]


def test_columns_that_are_not_there_are_not_checked() -> None:
    batch = batch_of(GOOD | {"side": "x"}).select(["account_id", "quantity"])
    assert find_violations(batch, "orders", latest_time_ns=LATEST_NS) == []


def test_an_empty_batch_has_no_violations() -> None:
    assert find_violations(batch_of(), "orders", latest_time_ns=LATEST_NS) == []
    assert len(violation_mask(batch_of(), "orders", latest_time_ns=LATEST_NS)) == 0


def is_bad(row: dict[str, Any]) -> bool:
    """Tell row by row what the masks tell by column: the naive twin."""
    time, quantity, price = row["event_time_ns"], row["quantity"], row["limit_price"]
    is_order = row["event_type"] in (None, "", "new", "replace")
    return (
        time is None
        or not MIN_TIME_NS <= time <= LATEST_NS
        or not row["account_id"]
        or len(row["account_id"].encode()) > MAX_TEXT_BYTES
        or row["side"] not in list(Side)
        or row["event_type"] not in (None, "", *EventType)
        or (quantity is not None and (not math.isfinite(quantity) or quantity < 0))
        or (is_order and quantity is not None and quantity <= 0)
        or (price is not None and not math.isfinite(price))
    )


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "event_time_ns": st.sampled_from([TIME_NS, None, 0, MIN_TIME_NS, LATEST_NS + 1]),
                "account_id": st.sampled_from(["A", None, "", "é" * 128, "é" * 129]),
                "instrument_id": st.just("ES"),
                "side": st.sampled_from(["buy", "sell", None, "", "BUY"]),
                "quantity": st.sampled_from([1.0, None, 0.0, -1.0, math.nan, math.inf]),
                "event_type": st.sampled_from([None, "", *EventType, "other"]),
                "limit_price": st.sampled_from([None, 1.0, -1.0, math.nan, -math.inf]),
            }
        ),
        max_size=20,
    )
)
def test_the_mask_agrees_with_a_check_row_by_row(rows: list[dict[str, Any]]) -> None:
    mask = violation_mask(batch_of(*rows), "orders", latest_time_ns=LATEST_NS)
    assert mask.to_pylist() == [is_bad(row) for row in rows]


def test_the_message_is_one_line_and_names_place_rule_and_value() -> None:
    error = DatasetError("d/orders.csv", "must be buy or sell", 3, "side", "B\u202e\n" + "x" * 200)
    message = str(error)
    assert message.startswith(
        'd/orders.csv: row 3, column side: must be buy or sell, was "B[U+202E][U+000A]x'
    )
    assert message.isprintable()
    assert len(message) < 200
    assert (error.file, error.row, error.column) == ("d/orders.csv", 3, "side")
    assert str(DatasetError("d", "must be a directory")) == "d: must be a directory"
