"""Values of the wrong type: text where a number belongs, too large, or not whole."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from helpers.dataset_refusals import refusal, write_lines

from streams.files import write_dataset
from streams.orders import TABLES

TIME_NS = 1_700_000_000_000_000_000
GOOD: dict[str, Any] = {
    "event_time_ns": TIME_NS,
    "account_id": "A",
    "instrument_id": "ES",
    "side": "buy",
    "quantity": 1.0,
    "sequence": 1,
    "limit_price": 5.0,
}


def table_of(*rows: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=TABLES["orders"].schema)


def json_row(**changes: object) -> str:
    return json.dumps(GOOD | changes)


WHOLE = "must be a whole number that fits in 64 bits"
BAD_CELLS = [
    ("quantity", "many", "must be a number"),
    ("limit_price", "1,5", "must be a number"),
    ("event_time_ns", "2023-11-14", WHOLE),
    ("sequence", 1.5, WHOLE),
    ("sequence", 2**63, WHOLE),
    ("sequence", -(2**63) - 1, WHOLE),
    ("sequence", 10**60, WHOLE),
    ("automated", "maybe", "must be true or false"),
]


@pytest.mark.parametrize(("column", "value", "rule"), BAD_CELLS)
def test_a_cell_of_the_wrong_type_is_named(
    tmp_path: Path, column: str, value: object, rule: str
) -> None:
    rows = [GOOD | {"automated": True}] * 2
    rows[1] = rows[1] | {column: value}
    (tmp_path / "csv").mkdir()
    (tmp_path / "jsonl").mkdir()
    cells = [",".join(f'"{value}"' for value in row.values()) for row in rows]
    write_lines(tmp_path / "csv", "orders.csv", ",".join(rows[0]), *cells)
    write_lines(tmp_path / "jsonl", "orders.jsonl", *[json.dumps(row) for row in rows])
    for form in ("csv", "jsonl"):
        error = refusal(tmp_path / form)
        assert (error.row, error.column, error.rule) == (2, column, rule)
        assert error.value == str(value)


@pytest.mark.parametrize(
    ("changes", "column", "rule"),
    [
        ({"account_id": 1001}, "account_id", "must be text"),
        ({"quantity": "1"}, "quantity", "must be a number"),
        ({"quantity": True}, "quantity", "must be a number"),
        ({"quantity": 10**400}, "quantity", "must be finite"),
        ({"quantity": [1]}, "quantity", "must be a number"),
        ({"automated": 1}, "automated", "must be true or false"),
        ({"order_id": "\ud800"}, "order_id", "must be UTF-8 text"),
    ],
)
def test_a_json_value_of_the_wrong_type_is_named(
    tmp_path: Path, changes: dict[str, object], column: str, rule: str
) -> None:
    write_lines(tmp_path, "orders.jsonl", json_row(), json_row(**changes))
    error = refusal(tmp_path)
    assert (error.row, error.column, error.rule) == (2, column, rule)


@pytest.mark.parametrize(
    ("column", "values", "rule"),
    [
        ("account_id", pa.array([1001]), "must be text, not int64"),
        ("quantity", pa.array(["1"]), "must be a number, not string"),
        ("event_time_ns", pa.array([1], pa.timestamp("ns")), f"{WHOLE}, not timestamp[ns]"),
        ("sequence", pa.array([True]), f"{WHOLE}, not bool"),
        ("side", pa.array([{"a": 1}]), "must be text, not struct<a: int64>"),
    ],
)
def test_a_parquet_column_of_the_wrong_type_is_named(
    tmp_path: Path, column: str, values: pa.Array, rule: str
) -> None:
    table = table_of(GOOD)
    table = table.set_column(table.schema.get_field_index(column), column, values)
    write_dataset(tmp_path, {"orders": table})
    error = refusal(tmp_path)
    assert (error.row, error.column, error.rule) == (None, column, rule)


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("sequence", pa.array([1.0, 1.5])),
        ("sequence", pa.array([1.0, float("nan")])),
        ("sequence", pa.array([1.0, 1e300])),
        ("event_time_ns", pa.array([TIME_NS, 2**63], pa.uint64())),
    ],
)
def test_a_parquet_number_that_is_no_whole_number_is_named(
    tmp_path: Path, column: str, values: pa.Array
) -> None:
    table = table_of(GOOD, GOOD)
    table = table.set_column(table.schema.get_field_index(column), column, values)
    write_dataset(tmp_path, {"orders": table})
    error = refusal(tmp_path)
    assert (error.row, error.column, error.rule) == (2, column, WHOLE)
