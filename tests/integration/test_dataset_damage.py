"""Damaged dataset files: broken bytes, cut ends and malformed lines are refused, never crash."""

import gzip
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from helpers.dataset_refusals import read_all, refusal, write_lines

from streams.errors import DatasetError
from streams.files import delimited, jsonlines, write_dataset
from streams.orders import TABLES

GOOD: dict[str, Any] = {
    "event_time_ns": 1_700_000_000_000_000_000,
    "account_id": "A",
    "instrument_id": "ES",
    "side": "buy",
    "quantity": 1.0,
}
CSV_HEADER = ",".join(GOOD)
CSV_ROW = ",".join(str(value) for value in GOOD.values())
JSON_ROW = json.dumps(GOOD)


def orders(n_rows: int) -> pa.Table:
    rows = [GOOD | {"event_id": f"e{row}"} for row in range(n_rows)]
    return pa.Table.from_pylist(rows, schema=TABLES["orders"].schema)


def test_invalid_utf8_in_csv_is_named(tmp_path: Path) -> None:
    bad = CSV_ROW.encode().replace(b",A,", b",\xff\xfe,")
    write_lines(tmp_path, "orders.csv", CSV_HEADER, CSV_ROW, bad)
    error = refusal(tmp_path)
    assert (error.row, error.column, error.rule) == (2, "account_id", "must be UTF-8 text")
    assert error.value == "��"


def test_invalid_utf8_in_a_csv_number_or_header_is_refused(tmp_path: Path) -> None:
    bad = CSV_ROW.encode().replace(b"1.0", b"1\xff")
    write_lines(tmp_path, "orders.csv", CSV_HEADER, bad)
    assert (refusal(tmp_path).row, refusal(tmp_path).column) == (1, "quantity")
    write_lines(tmp_path, "orders.csv", CSV_HEADER.encode() + b",\xff", CSV_ROW + ",1")
    assert refusal(tmp_path).rule == "must have a header in UTF-8"


def test_invalid_utf8_in_json_is_named(tmp_path: Path) -> None:
    bad = JSON_ROW.encode().replace(b'"A"', b'"\xff"')
    write_lines(tmp_path, "orders.jsonl", JSON_ROW, bad)
    error = refusal(tmp_path)
    assert error.row == 2
    assert error.rule == "must be UTF-8 text"


@pytest.mark.parametrize("is_text", [True, False])
def test_invalid_utf8_in_parquet_is_named(tmp_path: Path, is_text: bool) -> None:
    values = pa.array([b"A", b"\xff\xfe"], pa.binary())
    table = orders(2)
    values = values.view(pa.string()) if is_text else values
    pq.write_table(table.set_column(1, "account_id", values), tmp_path / "orders.parquet")
    error = refusal(tmp_path)
    assert (error.row, error.column, error.rule) == (2, "account_id", "must be UTF-8 text")


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        (CSV_ROW + ",1", "must have 5 values like the header, not 6"),
        ("1,2", "must have 5 values like the header, not 2"),
        (b"\xff,\xff", "must have 5 values like the header, not 2"),
    ],
)
def test_a_csv_row_of_another_length_is_named(tmp_path: Path, line: bytes | str, rule: str) -> None:
    write_lines(tmp_path, "orders.csv", CSV_HEADER, CSV_ROW, "", line, CSV_ROW)
    assert (refusal(tmp_path).row, refusal(tmp_path).rule) == (2, rule)


def test_a_csv_row_of_another_length_is_counted_over_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delimited, "BYTES_PER_BLOCK", 4096)
    write_lines(tmp_path, "orders.csv", CSV_HEADER, *[CSV_ROW] * 999, "1,2")
    assert refusal(tmp_path).row == 1000


def test_a_quote_left_open_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "BYTES_PER_BLOCK", 1 << 20)
    lines = [CSV_HEADER, *[CSV_ROW] * 60_000]
    for position in (1, 30_000, 60_000):
        damaged = [*lines[:position], '"' + CSV_ROW, *lines[position:]]
        write_lines(tmp_path, "orders.csv", *damaged)
        assert refusal(tmp_path).rule.endswith("is a quote left open?")


def test_a_csv_of_blank_lines_is_refused(tmp_path: Path) -> None:
    write_lines(tmp_path, "orders.csv", "", "")
    assert "is empty" in refusal(tmp_path).rule


@pytest.mark.parametrize(
    "line",
    [
        "null",  # crashes Arrow's own parser
        "[1]",
        "3",
        "{",
        JSON_ROW[:-1],
        JSON_ROW + JSON_ROW,
        JSON_ROW + " null",
        JSON_ROW.replace('"A"', '"A\x01"'),
        '{"side": "buy", "side": "sell"}',
        "[" * 200_000,
        '{"sequence": ' + "9" * 5000 + "}",
        b"\x00",
    ],
)
@pytest.mark.parametrize("before", [0, 1])
def test_a_line_that_is_not_one_json_object_is_named(
    tmp_path: Path, line: bytes | str, before: int
) -> None:
    write_lines(tmp_path, "orders.jsonl", *[JSON_ROW] * before, line)
    error = refusal(tmp_path)
    assert error.row == before + 1
    assert error.rule.startswith("must be one JSON object a line")


def test_a_json_line_without_end_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jsonlines, "BYTES_PER_BLOCK", 1 << 10)
    monkeypatch.setattr(jsonlines, "MAX_LINE_BYTES", 1 << 20)
    write_lines(tmp_path, "orders.jsonl", '{"x": "' + "y" * (3 << 20))
    assert refusal(tmp_path).rule == "has a line longer than 1 MiB"


@pytest.mark.parametrize(
    "form", ["parquet", "csv.gz", "csv.zst", "jsonl.gz", "jsonl.zst", "parquet.gz", "parquet.zst"]
)
@pytest.mark.parametrize("share", [0.001, 0.5, 0.99])
def test_a_file_cut_short_is_refused(tmp_path: Path, form: str, share: float) -> None:
    write_dataset(tmp_path, {"orders": orders(20_000)}, form)
    path = tmp_path / f"orders.{form}"
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    error = refusal(tmp_path)
    assert error.file == str(path)


@pytest.mark.parametrize("form", ["parquet", "csv.gz", "jsonl.zst"])
def test_text_under_the_name_of_another_form_is_refused(tmp_path: Path, form: str) -> None:
    (tmp_path / f"orders.{form}").write_text(CSV_HEADER + "\n" + CSV_ROW + "\n")
    refusal(tmp_path)


def test_bytes_after_a_compressed_end_are_refused(tmp_path: Path) -> None:
    data = gzip.compress(f"{CSV_HEADER}\n{CSV_ROW}\n".encode())
    (tmp_path / "orders.csv.gz").write_bytes(data + b"garbage" * 10)
    refusal(tmp_path)


def flip(data: bytes, generator: random.Random) -> bytes:
    """Return the bytes with a few of them changed."""
    changed = bytearray(data)
    for _ in range(generator.randint(1, 4)):
        changed[generator.randrange(len(changed))] = generator.randrange(256)
    return bytes(changed)


def cut(data: bytes, generator: random.Random) -> bytes:
    """Return the bytes without a piece in the middle."""
    start = generator.randrange(len(data))
    return data[:start] + data[start + generator.randint(1, 40) :]


@pytest.mark.parametrize("form", ["csv", "jsonl", "csv.gz", "jsonl.zst"])
@pytest.mark.parametrize("damage", [flip, cut])
def test_random_damage_is_read_or_refused_but_never_crashes(
    tmp_path: Path, form: str, damage: Callable[[bytes, random.Random], bytes]
) -> None:
    write_dataset(tmp_path, {"orders": orders(30)}, form)
    path = tmp_path / f"orders.{form}"
    data = path.read_bytes()
    generator = random.Random(7)
    messages = []
    for _ in range(60):
        path.write_bytes(damage(data, generator))
        try:
            read_all(tmp_path)
        except DatasetError as error:
            messages.append(str(error))
    assert messages
    assert all(message.isprintable() for message in messages)


CONTRADICTIONS = [
    ("accounts", {"account_id": "A"}, {"owner_id": "x"}),
    ("sessions", {"session_id": "A", "account_id": "B", "start_time_ns": 10**18}, {"ip": "x"}),
    ("instruments", {"instrument_id": "A"}, {"tick_size": 0.5}),
    (
        "declarations",
        {"declaration_id": "d", "leader_account_id": "L", "account_id": "A"},
        {"ratio": 2.0},
    ),
]


@pytest.mark.parametrize(("table", "row", "change"), CONTRADICTIONS)
def test_two_different_rows_with_one_key_are_refused(
    tmp_path: Path, table: str, row: dict[str, Any], change: dict[str, Any]
) -> None:
    rows = pa.Table.from_pylist([row, row, row | change], schema=TABLES[table].schema)
    write_dataset(tmp_path, {"orders": orders(1), table: rows}, "jsonl")
    error = refusal(tmp_path, table)
    assert (error.row, error.value) == (3, "A")
    assert error.rule.startswith("must not contradict row 1, which has the same ")


def test_a_bad_row_of_a_reference_table_is_named(tmp_path: Path) -> None:
    rows = [{"instrument_id": "ES"}, {"instrument_id": "NQ", "tick_size": 0.0}]
    table = pa.Table.from_pylist(rows, schema=TABLES["instruments"].schema)
    write_dataset(tmp_path, {"orders": orders(1), "instruments": table})
    error = refusal(tmp_path, "instruments")
    assert (error.row, error.column, error.value) == (2, "tick_size", "0")
