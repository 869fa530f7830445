"""Text files as other programs write them: what is refused says what the file is instead."""

from pathlib import Path

import pytest

from streams.errors import DatasetError
from streams.files import Dataset

LATEST_NS = 1_900_000_000_000_000_000
HEADER = "event_time_ns,account_id,instrument_id,side,quantity,sequence,automated,order_id\n"


def read_orders(directory: Path) -> None:
    for _ in Dataset.open(directory).order_batches(latest_time_ns=LATEST_NS):
        pass


def write_text(directory: Path, name: str, text: str) -> None:
    (directory / name).write_text(text, encoding="utf-8")


def test_a_time_with_an_exponent_is_refused_because_its_nanoseconds_are_gone(
    tmp_path: Path,
) -> None:
    write_text(tmp_path, "orders.csv", HEADER + "1.78e18,A,ES,buy,1,,,\n")
    with pytest.raises(DatasetError) as refused:
        read_orders(tmp_path)
    assert (refused.value.row, refused.value.column) == (1, "event_time_ns")
    assert refused.value.rule == "must be a whole number with all its digits, not an exponent"
    assert refused.value.value == "1.78e18"
    (tmp_path / "orders.csv").unlink()
    row = '"account_id":"A","instrument_id":"ES","side":"buy","quantity":1'
    write_text(tmp_path, "orders.jsonl", f'{{"event_time_ns":1.78e18,{row}}}\n')
    with pytest.raises(DatasetError, match="row 1, column event_time_ns: must be a whole number"):
        read_orders(tmp_path)


@pytest.mark.parametrize("name", ["orders.csv", "orders.jsonl"])
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_utf_16_file_is_called_that(tmp_path: Path, name: str, encoding: str) -> None:
    text = HEADER if name.endswith("csv") else '{"event_time_ns":1}\n'
    (tmp_path / name).write_bytes(text.encode(encoding))
    with pytest.raises(DatasetError, match="must be UTF-8 text, is UTF-16"):
        read_orders(tmp_path)
