"""Bad datasets through the command: one line that says where and what, nothing left behind."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from helpers.command import run, stored_runs, the_refusal, tree
from helpers.copied_market import START_NS, orders

from streams.files import write_dataset
from surveillance.clock import now_ns

DAY_NS = 86_400 * 10**9
HEADER = "event_time_ns,account_id,instrument_id,side,quantity,limit_price\n"
GOOD = f"{START_NS},A,ES,buy,1,100.5\n"
Make = Callable[[Path], object]


def csv(*rows: str, header: str = HEADER) -> Make:
    """Return a maker of orders.csv."""
    return lambda place: (place / "orders.csv").write_text(header + "".join(rows), "utf-8")


def raw(name: str, content: bytes) -> Make:
    """Return a maker of a file of bytes."""
    return lambda place: (place / name).write_bytes(content)


def both(*makers: Make) -> Make:
    """Return a maker of several files."""
    return lambda place: [make(place) for make in makers]


def row(**changes: object) -> str:
    values = {"time": START_NS, "account": "A", "key": "ES", "side": "buy", "quantity": 1}
    return ",".join(str(v) for v in (values | {"price": 100.5} | changes).values()) + "\n"


def parquet(**changes: pa.Array) -> Make:
    """Return a maker of a two-row orders.parquet with other columns."""
    table = orders(
        [
            {
                "event_time_ns": START_NS + number,
                "account_id": "A",
                "instrument_id": "ES",
                "side": "buy",
                "quantity": 1.0,
            }
            for number in range(2)
        ]
    ).select(["event_time_ns", "account_id", "instrument_id", "side", "quantity"])
    for name, column in changes.items():
        place = table.schema.get_field_index(name)
        table = table.set_column(place, name, column)
    return lambda place: pq.write_table(table, place / "orders.parquet")


def truncated(place: Path) -> None:
    """Write a Parquet file and cut its second half off."""
    parquet()(place)
    content = (place / "orders.parquet").read_bytes()
    (place / "orders.parquet").write_bytes(content[: len(content) // 2])


LATE_NS = now_ns() + 3 * DAY_NS
# What was done to the dataset, and what the message must say.
CASES: dict[str, tuple[Make, tuple[str, ...]]] = {
    "no file": (lambda place: None, ("must hold a table orders", "orders.csv")),
    "header only": (csv(), ("orders.csv", "no rows")),
    "empty file": (raw("orders.csv", b""), ("orders.csv",)),
    "empty parquet": (raw("orders.parquet", b""), ("orders.parquet",)),
    "empty jsonl": (raw("orders.jsonl", b""), ("orders.jsonl", "no rows")),
    "orders missing": (
        raw("accounts.csv", b"account_id\nA\n"),
        ("must hold a table orders",),
    ),
    "column missing": (
        csv(GOOD, header=HEADER.replace("side", "direction")),
        ("orders.csv", "column side"),
    ),
    "column missing in a smaller table": (
        both(csv(GOOD), raw("sessions.csv", b"session_id,account_id\nS,A\n")),
        ("sessions.csv", "column start_time_ns"),
    ),
    "wrong type": (
        csv(GOOD, row(quantity="many")),
        ("orders.csv", "row 2", "column quantity", '"many"'),
    ),
    "wrong type in JSON": (
        raw("orders.jsonl", json.dumps({"event_time_ns": "soon"}).encode() + b"\n"),
        ("orders.jsonl", "row 1", "column event_time_ns", "soon"),
    ),
    "wrong type in Parquet": (
        parquet(side=pa.array([1, 2])),
        ("orders.parquet", "column side"),
    ),
    "time as a fraction": (
        csv(row(time=f"{START_NS}.5")),
        ("row 1", "column event_time_ns", f"{START_NS}.5"),
    ),
    "negative quantity": (csv(GOOD, row(quantity=-3)), ("row 2", "column quantity", "-3")),
    "zero quantity": (csv(GOOD, row(quantity=0)), ("row 2", "column quantity", '"0')),
    "quantity not a number": (csv(row(quantity="nan")), ("row 1", "column quantity", "nan")),
    "unknown side": (csv(GOOD, row(side="hold")), ("row 2", "column side", "buy", '"hold"')),
    "missing account": (csv(GOOD, row(account="")), ("row 2", "column account_id")),
    "NaN price": (csv(row(price="nan")), ("row 1", "column limit_price", "nan")),
    "infinite price": (csv(row(price="inf")), ("row 1", "column limit_price", "inf")),
    "infinite price in Parquet": (
        parquet(quantity=pa.array([1.0, float("inf")])),
        ("row 2", "column quantity", "inf"),
    ),
    "time before 1990": (
        csv(row(time=1_767_600_000_000)),
        ("row 1", "column event_time_ns", "1767600000000"),
    ),
    "time after tomorrow": (
        csv(row(time=LATE_NS)),
        ("row 1", "column event_time_ns", str(LATE_NS)),
    ),
    "time beyond int64": (csv(row(time=10**19)), ("row 1", "column event_time_ns", str(10**19))),
    "id of 10 kB": (csv(GOOD, row(account="A" * 10_000)), ("row 2", "column account_id", "AAAA")),
    "invalid UTF-8": (
        raw("orders.csv", (HEADER + GOOD).encode() + GOOD.encode().replace(b"A", b"\xff\xfe")),
        ("orders.csv", "row 2", "UTF-8"),
    ),
    "invalid UTF-8 in JSON": (
        raw("orders.jsonl", b'{"account_id": "\xff"}\n'),
        ("orders.jsonl", "row 1"),
    ),
    "truncated Parquet": (truncated, ("orders.parquet",)),
    "not Parquet": (raw("orders.parquet", b"hello" * 100), ("orders.parquet",)),
    "truncated gzip": (
        raw("orders.csv.gz", gzip.compress((HEADER + GOOD * 500).encode())[:60]),
        ("orders.csv.gz",),
    ),
    "broken JSON": (raw("orders.jsonl", b'{"a": 1\n'), ("orders.jsonl", "row 1")),
    "a table twice": (
        both(csv(GOOD), raw("orders.jsonl", b"{}\n")),
        ("orders.csv", "orders.jsonl", "twice"),
    ),
    "hostile file content": (
        csv(GOOD, row(side="\x1b[2J\u202e<b>")),
        ("row 2", "column side", "[U+001B]", "[U+202E]"),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_bad_dataset_is_refused_in_one_line_and_leaves_nothing(tmp_path: Path, case: str) -> None:
    make, parts = CASES[case]
    dataset = tmp_path / "market"
    dataset.mkdir()
    make(dataset)
    store = tmp_path / "store.db"
    before = tree(dataset)

    refusal = the_refusal(
        run("scan", dataset, "--out", tmp_path / "out", "--store", f"sqlite:///{store}")
    )

    assert str(dataset) in refusal
    for part in parts:
        assert part in refusal, refusal
    assert len(refusal) <= 1_000
    assert tree(dataset) == before
    assert stored_runs(store) == []
    assert {path.name.split("-")[0] for path in tmp_path.iterdir()} == {"market", "store.db"}


def test_a_dataset_that_is_absent_or_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for name, rule in (("absent", "does not exist"), ("file", "must be a directory")):
        refusal = the_refusal(
            run(
                "scan",
                tmp_path / name,
                "--out",
                tmp_path / "out",
                "--store",
                f"sqlite:///{tmp_path / 'store.db'}",
            )
        )
        assert refusal == f"{tmp_path / name}: {rule}"
    assert not (tmp_path / "out").exists()


# Unusual but right


def scan_table(home: Path, table: pa.Table) -> dict:
    write_dataset(home / "market", {"orders": table})
    outcome = run(
        "scan",
        home / "market",
        "--out",
        home / "out",
        "--store",
        f"sqlite:///{home / 'store.db'}",
        "--json",
    )
    assert outcome.status == 0, outcome
    assert outcome.err == ""
    assert (home / "out" / "groups.jsonl").read_bytes() == b""
    return json.loads(outcome.out)


def one_side(n: int, *, accounts: int, step_ns: int) -> pa.Table:
    """Return n orders that differ in account and time only."""
    return pa.table(
        {
            "event_time_ns": pa.array([START_NS + i * step_ns for i in range(n)], pa.int64()),
            "account_id": pa.array([f"A{i % accounts}" for i in range(n)]),
            "instrument_id": pa.array(["ES"] * n),
            "side": pa.array(["buy"] * n),
            "quantity": pa.array([1.0] * n),
        }
    )


def test_a_single_order_works(tmp_path: Path) -> None:
    counts = scan_table(tmp_path, one_side(1, accounts=1, step_ns=0))["counts"]
    assert (counts["accepted"], counts["accounts"], counts["groups"]) == (1, 1, 0)


def test_one_account_only_works_and_gives_no_group(tmp_path: Path) -> None:
    counts = scan_table(tmp_path, one_side(2_000, accounts=1, step_ns=10**9))["counts"]
    assert (counts["accepted"], counts["accounts"], counts["groups"]) == (2_000, 1, 0)


def test_all_orders_at_one_instant_work_and_give_no_group(tmp_path: Path) -> None:
    counts = scan_table(tmp_path, one_side(2_000, accounts=50, step_ns=0))["counts"]
    assert (counts["accepted"], counts["accounts"], counts["groups"]) == (2_000, 50, 0)


def test_a_million_orders_of_one_account_work(tmp_path: Path) -> None:
    counts = scan_table(tmp_path, one_side(1_000_000, accounts=1, step_ns=10**6))["counts"]
    assert (counts["accepted"], counts["accounts"], counts["groups"]) == (1_000_000, 1, 0)
