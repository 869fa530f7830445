"""Datasets on disk: every form gives the same batches, in bounded pieces, with progress."""

import gzip
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.errors import StreamError
from streams.files import Dataset, delimited, jsonlines, write_dataset
from streams.orders import MIN_TIME_NS, ORDER_SCHEMA, TABLES, EventType

LATEST_NS = 1_800_000_000_000_000_000
TIME_NS = 1_700_000_000_123_456_789
FORMS = ["parquet", "csv", "jsonl"]
ALL_FORMS = [form + end for form in FORMS for end in ("", ".gz", ".zst")]


def orders(n_rows: int) -> pa.Table:
    rows = [
        {
            "event_time_ns": TIME_NS + row,
            "account_id": f"A{row % 3}",
            "instrument_id": "ES",
            "side": ("buy", "sell")[row % 2],
            "quantity": 1.0 + row,
            "event_id": f"e{row}",
            "sequence": row if row % 2 else None,
            "limit_price": 5000.25 + row,
            "automated": (True, False, None)[row % 3],
        }
        for row in range(n_rows)
    ]
    return pa.Table.from_pylist(rows, schema=ORDER_SCHEMA)


def read_orders(path: Path, **options: Any) -> pa.Table:
    batches = list(Dataset.open(path).order_batches(latest_time_ns=LATEST_NS, **options))
    return pa.Table.from_batches(batches)


def write_text(path: Path, name: str, text: str) -> None:
    (path / name).write_bytes(text.encode())


@pytest.mark.parametrize("form", ALL_FORMS)
def test_every_form_gives_back_the_same_orders(tmp_path: Path, form: str) -> None:
    table = orders(50)
    write_dataset(tmp_path, {"orders": table}, form)
    assert [path.name for path in tmp_path.iterdir()] == [f"orders.{form}"]
    assert read_orders(tmp_path).equals(table)


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
floats = st.floats(allow_nan=False, allow_infinity=False)
order_rows = st.fixed_dictionaries(
    {
        "event_time_ns": st.integers(MIN_TIME_NS, LATEST_NS),
        "account_id": texts,
        "instrument_id": texts,
        "side": st.sampled_from(["buy", "sell"]),
        "quantity": st.floats(5e-324, allow_nan=False, allow_infinity=False),
    },
    optional={
        "event_type": st.sampled_from(list(EventType)),
        "sequence": st.integers(-(2**63), 2**63 - 1),
        "order_id": texts,
        "limit_price": floats,
        "automated": st.booleans(),
    },
)


@pytest.mark.parametrize("form", FORMS)
@settings(deadline=None, max_examples=60)
@given(rows=st.lists(order_rows, min_size=1, max_size=8))
def test_any_good_rows_round_trip(form: str, rows: list[dict[str, Any]]) -> None:
    table = pa.Table.from_pylist(rows, schema=ORDER_SCHEMA)
    with tempfile.TemporaryDirectory() as directory:
        write_dataset(directory, {"orders": table}, form)
        assert read_orders(Path(directory)).equals(table)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", [name for name in TABLES if name != "orders"])
def test_the_other_tables_round_trip(tmp_path: Path, form: str, name: str) -> None:
    schema = TABLES[name].schema
    row = {
        field.name: TIME_NS if pa.types.is_integer(field.type) else 1.5
        for field in schema
        if not pa.types.is_string(field.type)
    }
    words = {"ip_kind": "vpn", "account_kind": "funded"}
    texts = {field.name: words.get(field.name, "x") for field in schema if field.name not in row}
    table = pa.Table.from_pylist([row | texts], schema=schema)
    write_dataset(tmp_path, {"orders": orders(1), name: table}, form)
    assert Dataset.open(tmp_path).table(name, latest_time_ns=LATEST_NS).equals(table)


@pytest.mark.parametrize("form", FORMS)
def test_an_absent_or_empty_table_has_the_columns_and_no_rows(tmp_path: Path, form: str) -> None:
    sessions = TABLES["sessions"].schema.empty_table()
    write_dataset(tmp_path, {"orders": orders(1), "sessions": sessions}, form)
    dataset = Dataset.open(tmp_path)
    for name in ("sessions", "accounts"):
        table = dataset.table(name, latest_time_ns=LATEST_NS)
        assert table.schema == TABLES[name].schema
        assert table.num_rows == 0


@pytest.mark.parametrize("form", FORMS)
def test_batches_hold_at_most_the_rows_asked_for(tmp_path: Path, form: str) -> None:
    write_dataset(tmp_path, {"orders": orders(50)}, form)
    batches = list(Dataset.open(tmp_path).order_batches(latest_time_ns=LATEST_NS, batch_rows=7))
    assert [batch.num_rows for batch in batches] == [7] * 7 + [1]
    assert pa.Table.from_batches(batches).equals(orders(50))


@pytest.mark.parametrize("form", ["csv", "jsonl", "csv.gz", "jsonl.zst"])
def test_a_file_of_many_blocks_reads_as_one(
    tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = orders(5000)
    write_dataset(tmp_path, {"orders": table}, form)
    monkeypatch.setattr(delimited, "BYTES_PER_BLOCK", 4096)
    monkeypatch.setattr(jsonlines, "BYTES_PER_BLOCK", 4096)
    monkeypatch.setattr(jsonlines, "BYTES_PER_READ", 1000)
    read = read_orders(tmp_path)
    assert read.column("event_id").num_chunks > 10
    assert read.equals(table)


@pytest.mark.parametrize("form", ["parquet", "csv", "jsonl", "csv.gz", "parquet.zst"])
def test_progress_rises_to_the_size_of_the_file(tmp_path: Path, form: str) -> None:
    write_dataset(tmp_path, {"orders": orders(1000)}, form)
    dataset = Dataset.open(tmp_path)
    seen: list[int] = []
    for _ in dataset.order_batches(
        latest_time_ns=LATEST_NS, batch_rows=100, on_progress=seen.append
    ):
        pass
    assert seen == sorted(seen)
    assert seen[-1] == dataset.n_order_bytes == (tmp_path / f"orders.{form}").stat().st_size


@pytest.mark.parametrize("form", FORMS)
def test_only_the_columns_asked_for_come_back(tmp_path: Path, form: str) -> None:
    write_dataset(tmp_path, {"orders": orders(5)}, form)
    names = ["sequence", "account_id", "firm_id"]
    assert read_orders(tmp_path, columns=names).equals(orders(5).select(names))


def test_an_unknown_column_or_no_batch_size_is_a_mistake_of_the_caller(tmp_path: Path) -> None:
    write_dataset(tmp_path, {"orders": orders(5)})
    with pytest.raises(StreamError, match="columns must be of the table orders, was 'price'"):
        read_orders(tmp_path, columns=["price"])
    with pytest.raises(StreamError, match="batch_rows must be at least 1, was 0"):
        read_orders(tmp_path, batch_rows=0)


@pytest.mark.parametrize("form", FORMS)
def test_missing_optional_columns_are_null_and_unknown_ones_ignored(
    tmp_path: Path, form: str
) -> None:
    table = orders(3).select(["quantity", "side", "instrument_id", "account_id", "event_time_ns"])
    table = table.append_column("note", pa.array(["x", "y", "z"]))
    write_dataset(tmp_path, {"orders": table}, form)
    read = read_orders(tmp_path)
    assert read.schema == ORDER_SCHEMA
    assert read.column("order_id").null_count == 3
    assert read.column("quantity").equals(table.column("quantity"))


HEADER = "event_time_ns,account_id,instrument_id,side,quantity,sequence,automated,order_id\n"


def test_csv_takes_what_exports_write(tmp_path: Path) -> None:
    text = (
        "\ufeff" + HEADER + f'"{TIME_NS}","1001","ES","buy","2","1.0","True",""\r\n'
        "\r\n"
        f"{TIME_NS}, 7,ES,sell, 1e1 ,,0,NA\r\n"
        f"{TIME_NS}.0,x,ES,sell,1,-3,,"
    )
    write_text(tmp_path, "orders.csv", text)
    rows = read_orders(tmp_path).select(HEADER.strip().split(",")).to_pylist()
    assert [tuple(row.values()) for row in rows] == [
        (TIME_NS, "1001", "ES", "buy", 2.0, 1, True, None),
        (TIME_NS, " 7", "ES", "sell", 10.0, None, False, "NA"),
        (TIME_NS, "x", "ES", "sell", 1.0, -3, None, None),
    ]


def test_a_large_whole_number_with_a_point_keeps_every_digit(tmp_path: Path) -> None:
    row = f'"account_id":"A","instrument_id":"ES","side":"buy","quantity":1,"sequence":{2**62 + 1}'
    write_text(tmp_path, "orders.jsonl", f' {{"event_time_ns":{TIME_NS},{row}}}\n')
    assert read_orders(tmp_path).column("sequence").to_pylist() == [2**62 + 1]
    (tmp_path / "orders.jsonl").unlink()
    write_text(tmp_path, "orders.csv", HEADER + f"{TIME_NS}.0,A,ES,buy,1,{2**62 + 1}.0,,\n")
    assert read_orders(tmp_path).column("sequence").to_pylist() == [2**62 + 1]
    assert read_orders(tmp_path).column("event_time_ns").to_pylist() == [TIME_NS]


def test_json_lines_may_be_blank_spaced_or_hold_whole_floats(tmp_path: Path) -> None:
    line = '"account_id":"A","instrument_id":"ES","side":"buy","quantity":1'
    text = (
        f'\ufeff\n  {{"event_time_ns":{TIME_NS},{line},"sequence":1.0,"extra":[null]}}\r\n\n'
        f'{{"event_time_ns":{TIME_NS},{line},"sequence":null,"event_id":""}}'
    )
    write_text(tmp_path, "orders.jsonl", text)
    read = read_orders(tmp_path)
    assert read.column("sequence").to_pylist() == [1, None]
    assert read.column("event_id").to_pylist() == [None, None]


def test_parquet_takes_every_width_of_a_type(tmp_path: Path) -> None:
    table = orders(4)
    columns = {
        "event_time_ns": table["event_time_ns"].cast(pa.uint64()),
        "account_id": table["account_id"].cast(pa.large_string()),
        "instrument_id": table["instrument_id"].dictionary_encode(),
        "side": table["side"].cast(pa.binary()),
        "quantity": table["quantity"].cast(pa.int16()),
        "sequence": table["sequence"].cast(pa.float64()),
        "limit_price": table["limit_price"].cast(pa.decimal128(12, 4)),
        "event_id": table["event_id"].cast(pa.string_view()),
        "order_id": pa.nulls(4),
    }
    pq.write_table(pa.table(columns), tmp_path / "orders.parquet")
    read = read_orders(tmp_path)
    assert read.schema == ORDER_SCHEMA
    assert read.select(list(columns)).equals(table.select(list(columns)))


def test_compressed_parts_one_after_another_are_one_file(tmp_path: Path) -> None:
    row = f"{TIME_NS},A,ES,buy,1,,,\n"
    parts = [gzip.compress(part.encode()) for part in (HEADER + row, row)]
    (tmp_path / "orders.csv.gz").write_bytes(b"".join(parts))
    assert read_orders(tmp_path).num_rows == 2


@pytest.mark.parametrize("form", FORMS)
def test_equal_rows_of_a_reference_table_are_merged_in_file_order(
    tmp_path: Path, form: str
) -> None:
    rows = [
        {"account_id": "B", "equity": 1.0},
        {"account_id": "A"},
        {"account_id": "B", "equity": 1.0},
        {"account_id": "A"},
        {"account_id": "C"},
    ]
    accounts = pa.Table.from_pylist(rows, schema=TABLES["accounts"].schema)
    write_dataset(tmp_path, {"orders": orders(1), "accounts": accounts}, form)
    read = Dataset.open(tmp_path).table("accounts", latest_time_ns=LATEST_NS)
    assert read.column("account_id").to_pylist() == ["B", "A", "C"]


def test_one_declaration_covers_many_accounts(tmp_path: Path) -> None:
    rows = [
        {"declaration_id": "d", "leader_account_id": "A", "account_id": account}
        for account in ("B", "C")
    ]
    table = pa.Table.from_pylist(rows, schema=TABLES["declarations"].schema)
    write_dataset(tmp_path, {"orders": orders(1), "declarations": table})
    assert Dataset.open(tmp_path).table("declarations", latest_time_ns=LATEST_NS).num_rows == 2


def test_the_content_hash_follows_the_bytes_and_the_tables(tmp_path: Path) -> None:
    write_dataset(tmp_path / "a", {"orders": orders(3)})
    write_dataset(tmp_path / "b", {"orders": orders(3)})
    write_dataset(tmp_path / "c", {"orders": orders(4)})
    accounts = TABLES["accounts"].schema.empty_table()
    write_dataset(tmp_path / "d", {"orders": orders(3), "accounts": accounts})
    hashes = [Dataset.open(tmp_path / name).content_hash() for name in "abcd"]
    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == 3
    assert all(len(value) == 64 for value in hashes)
