"""Writing a dataset: whole files or none, and mistakes of the caller."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from helpers.dataset_refusals import LATEST_NS

from streams.errors import DatasetError, StreamError
from streams.files import Dataset, write_dataset
from streams.orders import ORDER_SCHEMA


def orders(n_rows: int) -> pa.Table:
    row = {
        "event_time_ns": LATEST_NS,
        "account_id": "A",
        "instrument_id": "ES",
        "side": "buy",
        "quantity": 1.0,
    }
    return pa.Table.from_pylist([row] * n_rows, schema=ORDER_SCHEMA)


def count_orders(path: Path) -> int:
    batches = Dataset.open(path).order_batches(latest_time_ns=LATEST_NS)
    return sum(batch.num_rows for batch in batches)


def test_a_written_file_replaces_the_old_one_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_dataset(tmp_path, {"orders": orders(3)})

    def fill_the_disk(table: pa.Table, sink: pa.NativeFile) -> None:
        sink.write(b"half")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(pq, "write_table", fill_the_disk)
        with pytest.raises(DatasetError, match="could not be written: No space left on device"):
            write_dataset(tmp_path, {"orders": orders(5)})
    assert [path.name for path in tmp_path.iterdir()] == ["orders.parquet"]
    assert count_orders(tmp_path) == 3
    write_dataset(tmp_path, {"orders": orders(5)})
    assert count_orders(tmp_path) == 5


@pytest.mark.parametrize("form", ["xml", "csv.bz2", "", "csv.gz.gz"])
def test_an_unknown_form_or_table_is_a_mistake_of_the_caller(tmp_path: Path, form: str) -> None:
    with pytest.raises(StreamError, match="form must be parquet, csv or jsonl"):
        write_dataset(tmp_path, {"orders": orders(1)}, form)
    with pytest.raises(StreamError, match="tables must be of orders"):
        write_dataset(tmp_path, {"trades": orders(1)})
