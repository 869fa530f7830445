"""Reading a dataset that must be refused."""

from pathlib import Path

import pytest

from streams.errors import DatasetError
from streams.files import Dataset

LATEST_NS = 1_800_000_000_000_000_000


def read_all(directory: Path, table: str = "orders") -> None:
    """Read a table to its end, and the orders."""
    dataset = Dataset.open(directory)
    if table != "orders":
        dataset.table(table, latest_time_ns=LATEST_NS)
    for _ in dataset.order_batches(latest_time_ns=LATEST_NS):
        pass


def refusal(directory: Path, table: str = "orders") -> DatasetError:
    """Return the error of a dataset that must be refused; its message is one printable line."""
    with pytest.raises(DatasetError) as caught:
        read_all(directory, table)
    message = str(caught.value)
    assert message.isprintable()
    assert len(message) < 800
    return caught.value


def write_lines(directory: Path, name: str, *lines: bytes | str) -> None:
    """Write a file of lines, as bytes where they are not UTF-8."""
    parts = [line if isinstance(line, bytes) else line.encode() for line in lines]
    (directory / name).write_bytes(b"".join(part + b"\n" for part in parts))
