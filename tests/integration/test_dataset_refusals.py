"""Datasets that are refused: each message names file, row, column, rule and value."""

import json
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from helpers.dataset_refusals import LATEST_NS, refusal, write_lines

from streams.errors import DatasetError
from streams.files import Dataset, delimited, jsonlines, source, write_dataset
from streams.orders import ORDER_SCHEMA, TABLES

TIME_NS = 1_700_000_000_000_000_000
FORMS = ["parquet", "csv", "jsonl"]
GOOD: dict[str, Any] = {
    "event_time_ns": TIME_NS,
    "account_id": "A",
    "instrument_id": "ES",
    "side": "buy",
    "quantity": 1.0,
    "sequence": 1,
    "limit_price": 5.0,
}


def table_of(*rows: dict[str, Any], name: str = "orders") -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=TABLES[name].schema)


def csv_row(**changes: object) -> str:
    return ",".join(str(value) for value in (GOOD | changes).values())


def json_row(**changes: object) -> str:
    return json.dumps(GOOD | changes)


CSV_HEADER = ",".join(GOOD)


# The directory


def test_a_path_that_is_no_readable_dataset_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    assert refusal(tmp_path / "absent").rule == "does not exist"
    assert refusal(tmp_path / "file").rule == "must be a directory"
    assert refusal(tmp_path).rule == (
        "must hold a table orders (orders.parquet, orders.csv, orders.jsonl)"
    )


def test_a_table_in_two_forms_is_refused(tmp_path: Path) -> None:
    write_dataset(tmp_path, {"orders": table_of(GOOD)}, "csv.gz")
    write_dataset(tmp_path, {"orders": table_of(GOOD)}, "csv")
    assert refusal(tmp_path).rule == "holds the table orders twice: orders.csv and orders.csv.gz"


def test_a_table_that_is_no_regular_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "orders.csv")
    assert refusal(tmp_path).rule == "must be a regular file"


def test_a_directory_without_read_rights_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Rights do not bind the superuser, so the system's answer is given by hand.
    def deny(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "iterdir", deny)
    assert str(refusal(tmp_path)) == f"{tmp_path}: may not be read: permission denied"


@pytest.mark.parametrize("form", ["parquet", "csv", "jsonl", "parquet.gz", "csv.zst"])
@pytest.mark.parametrize(
    ("error", "rule"),
    [
        (PermissionError(13, "Permission denied"), "may not be read: permission denied"),
        (FileNotFoundError(2, "No such file"), "does not exist"),
        (OSError(5, "Input/output error"), "could not be read: Input/output error"),
    ],
)
def test_a_file_that_the_system_does_not_give_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, error: OSError, rule: str
) -> None:
    write_dataset(tmp_path, {"orders": table_of(GOOD)}, form)
    dataset = Dataset.open(tmp_path)

    def fail(path: str, mode: str) -> pa.NativeFile:
        raise error

    monkeypatch.setattr(source.pa, "OSFile", fail)
    with pytest.raises(DatasetError, match=rule):
        next(dataset.order_batches(latest_time_ns=LATEST_NS))
    with pytest.raises(DatasetError, match=rule):
        dataset.content_hash()


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_a_disk_that_fails_while_reading_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    class FailingFile:
        closed = False

        def readable(self) -> bool:
            return True

        def read(self, n_bytes: int = -1) -> bytes:
            raise OSError(5, "Input/output error")

        def tell(self) -> int:
            return 0

        def close(self) -> None:
            self.closed = True

    write_dataset(tmp_path, {"orders": table_of(GOOD)}, form)
    monkeypatch.setattr(source.pa, "OSFile", lambda *_: pa.PythonFile(FailingFile(), "r"))
    assert refusal(tmp_path).rule == "could not be read: Input/output error"


# Columns and rows


@pytest.mark.parametrize("form", ["parquet", "csv"])
@pytest.mark.parametrize("name", TABLES["orders"].required)
def test_a_missing_column_is_named(tmp_path: Path, form: str, name: str) -> None:
    write_dataset(tmp_path, {"orders": table_of(GOOD).drop_columns([name])}, form)
    error = refusal(tmp_path)
    assert (error.column, error.row) == (name, None)
    assert error.rule.startswith('is required but the file does not have it, its columns are "')


def test_a_file_with_other_separators_shows_the_header_that_was_found(tmp_path: Path) -> None:
    write_lines(tmp_path, "orders.csv", CSV_HEADER.replace(",", ";"), csv_row().replace(",", ";"))
    rule = refusal(tmp_path).rule
    assert 'its columns are "event_time_ns;account_id;' in rule
    assert rule.endswith("columns must be separated by commas")


def test_json_lines_without_a_required_name_are_refused_at_the_row(tmp_path: Path) -> None:
    row = {name: value for name, value in GOOD.items() if name != "side"}
    write_lines(tmp_path, "orders.jsonl", json_row(), json.dumps(row))
    error = refusal(tmp_path)
    assert (error.row, error.column, error.rule) == (2, "side", "is required")


@pytest.mark.parametrize("form", FORMS)
def test_orders_without_rows_are_refused(tmp_path: Path, form: str) -> None:
    write_dataset(tmp_path, {"orders": ORDER_SCHEMA.empty_table()}, form)
    assert refusal(tmp_path).rule == "orders has no rows"


@pytest.mark.parametrize("form", ["parquet", "csv", "csv.gz", "parquet.zst"])
def test_an_empty_file_is_refused(tmp_path: Path, form: str) -> None:
    (tmp_path / f"orders.{form}").write_bytes(b"")
    assert refusal(tmp_path).file == str(tmp_path / f"orders.{form}")


def test_a_column_named_twice_is_refused(tmp_path: Path) -> None:
    write_lines(tmp_path, "orders.csv", CSV_HEADER + ",side", csv_row() + ",sell")
    assert (refusal(tmp_path).column, refusal(tmp_path).rule) == (
        "side",
        "must occur once in the file",
    )


BAD_VALUES = [
    ("side", "BUY", "must be buy or sell"),
    ("quantity", 0.0, "must be greater than 0"),
    ("quantity", -2.0, "must be greater than 0"),
    ("quantity", float("inf"), "must be finite"),
    ("limit_price", float("nan"), "must be finite"),
    ("limit_price", float("-inf"), "must be finite"),
    ("account_id", "x" * 10_240, "must be at most 256 bytes"),
    ("account_id", None, "is required"),
    ("account_id", "", "is required"),
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("column", "value", "rule"), BAD_VALUES)
def test_a_bad_value_is_named_with_its_row(
    tmp_path: Path, form: str, column: str, value: object, rule: str
) -> None:
    rows = [GOOD, GOOD, GOOD | {column: value}, GOOD]
    write_dataset(tmp_path, {"orders": table_of(*rows)}, form)
    error = refusal(tmp_path)
    assert (error.row, error.column, error.rule) == (3, column, rule)
    shown = {0.0: "0", -2.0: "-2", None: ""}.get(value, str(value))  # type: ignore[call-overload]
    assert error.value == shown


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("time_ns", [0, 1_700_000_000, LATEST_NS + 1, -(2**63)])
def test_a_time_before_1990_or_after_tomorrow_is_refused(
    tmp_path: Path, form: str, time_ns: int
) -> None:
    write_dataset(tmp_path, {"orders": table_of(GOOD | {"event_time_ns": time_ns})}, form)
    error = refusal(tmp_path)
    assert (error.row, error.column, error.value) == (1, "event_time_ns", str(time_ns))


def test_rows_are_counted_over_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "BYTES_PER_BLOCK", 4096)
    monkeypatch.setattr(jsonlines, "BYTES_PER_BLOCK", 4096)
    monkeypatch.setattr(jsonlines, "BYTES_PER_READ", 512)
    rows = [GOOD] * 999 + [GOOD | {"side": "x"}]
    for form in FORMS:
        write_dataset(tmp_path / form, {"orders": table_of(*rows)}, form)
        assert refusal(tmp_path / form).row == 1000
    write_lines(tmp_path, "orders.csv", CSV_HEADER, *[csv_row()] * 999, csv_row(quantity="x"))
    assert refusal(tmp_path).row == 1000
    (tmp_path / "orders.csv").unlink()
    write_lines(tmp_path, "orders.jsonl", *[json_row()] * 999, json_row(quantity="x"))
    assert refusal(tmp_path).row == 1000


def test_the_first_bad_row_is_named_whatever_is_wrong_with_it(tmp_path: Path) -> None:
    write_lines(
        tmp_path, "orders.csv", CSV_HEADER, csv_row(), csv_row(side="x"), csv_row(quantity="many")
    )
    assert (refusal(tmp_path).row, refusal(tmp_path).column) == (2, "side")
