"""A dataset: a directory with the tables of the contract, read in checked batches.

All or nothing: the first bad row refuses the file, with its row, column, rule and value. Batches
come in the canonical columns and types whatever the file's form, and never more than a few blocks
are in memory.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pyarrow as pa

from streams.errors import DatasetError, StreamError
from streams.files.casting import BadCell, cast_column
from streams.files.columnar import read_parquet_batches
from streams.files.delimited import read_csv_blocks
from streams.files.jsonlines import read_json_blocks
from streams.files.source import Form, TableFile, find_table_files, refusing
from streams.orders import find_violations
from streams.tables import TABLES, TableSpec

ROWS_PER_BATCH = 262_144


@dataclass(frozen=True, slots=True)
class Dataset:
    """The tables found in a directory.

    Parameters
    ----------
    path : Path
        The directory, as the caller named it.
    files : dict of str to TableFile
        Tables present, in the contract's order; `orders` is among them.
    """

    path: Path
    files: dict[str, TableFile]

    @classmethod
    def open(cls, path: Path | str) -> Self:
        """Look which tables a directory holds; no table is read yet.

        Raises
        ------
        DatasetError
            If it is not a directory, cannot be read, holds no orders or a table twice.
        """
        directory = Path(path)
        files = find_table_files(directory)
        if "orders" not in files:
            forms = ", ".join(f"orders.{form}" for form in Form)
            raise DatasetError(str(directory), f"must hold a table orders ({forms})")
        return cls(directory, files)

    @property
    def shown(self) -> str:
        """Name of the orders' source in messages."""
        return self.files["orders"].shown

    @property
    def n_order_bytes(self) -> int:
        """Size of the orders file on disk: what progress counts up to."""
        return self.files["orders"].n_bytes()

    def order_batches(
        self,
        *,
        latest_time_ns: int,
        columns: Sequence[str] | None = None,
        batch_rows: int = ROWS_PER_BATCH,
        on_progress: Callable[[int], None] | None = None,
    ) -> Iterator[pa.RecordBatch]:
        """Read the orders in file order.

        Parameters
        ----------
        latest_time_ns : int
            Latest event time accepted, UTC nanoseconds; pass tomorrow.
        columns : sequence of str, optional
            Columns to return, in the order given; all of `ORDER_SCHEMA` by default. The required
            columns are read and checked in any case, other columns only when asked for.
        batch_rows : int
            Most rows in a batch, at least 1.
        on_progress : callable, optional
            Called after each batch with the bytes of the file consumed so far, last with
            `n_order_bytes`.

        Yields
        ------
        pa.RecordBatch
            Canonical types; a column that the file lacks is all null, empty text is null.

        Raises
        ------
        DatasetError
            At the first bad row, when the iterator reaches its block; or if there is no row.
        StreamError
            If `columns` names an unknown column or `batch_rows` is less than 1.
        """
        n_rows = 0
        for batch, n_consumed in self._batches("orders", columns, batch_rows, latest_time_ns):
            n_rows += batch.num_rows
            yield batch
            if on_progress is not None:
                on_progress(n_consumed)
        if n_rows == 0:
            raise DatasetError(self.files["orders"].shown, "orders has no rows")
        if on_progress is not None:
            on_progress(self.n_order_bytes)

    def table(self, name: str, *, latest_time_ns: int) -> pa.Table:
        """Read one of the small tables as a whole.

        Parameters
        ----------
        name : str
            A key of `TABLES`.
        latest_time_ns : int
            As for `order_batches`.

        Returns
        -------
        pa.Table
            All columns of the contract, rows in file order, repeated rows once; no rows when the
            dataset lacks the table.

        Raises
        ------
        DatasetError
            At the first bad row, or where two rows with one key differ.
        """
        spec = TABLES[name]
        if name not in self.files:
            return spec.schema.empty_table()
        batches = [batch for batch, _ in self._batches(name, None, ROWS_PER_BATCH, latest_time_ns)]
        table = pa.Table.from_batches(batches, schema=spec.schema)
        return _merge_repeats(self.files[name], table, spec) if spec.key else table

    def content_hash(self) -> str:
        """Return the SHA-256 over the tables' names and their files' bytes, as hex."""
        digest = hashlib.sha256()
        for name, file in self.files.items():
            header = f"{name}.{file.form}.{file.compression}:{file.n_bytes()}\n"
            digest.update(header.encode())
            file.add_to_hash(digest)
        return digest.hexdigest()

    def _batches(
        self, name: str, columns: Sequence[str] | None, batch_rows: int, latest_time_ns: int
    ) -> Iterator[tuple[pa.RecordBatch, int]]:
        if batch_rows < 1:
            raise StreamError(f"batch_rows must be at least 1, was {batch_rows}")
        file, spec = self.files[name], TABLES[name]
        schema = spec.schema
        if columns is not None:
            if unknown := [column for column in columns if column not in schema.names]:
                raise StreamError(f"columns must be of the table {name}, was {unknown[0]!r}")
            schema = pa.schema([schema.field(column) for column in columns])
        wanted = frozenset(schema.names) | frozenset(spec.required)
        if name == "orders":
            wanted |= {"event_type"}  # says whether a quantity is needed
        n_rows = 0
        with refusing(file.shown):
            for raw, n_consumed in _read(file, spec, wanted, batch_rows):
                block = _checked(file, raw, spec, wanted, n_rows, latest_time_ns)
                n_rows += block.num_rows
                for start in range(0, block.num_rows, batch_rows):
                    yield block.slice(start, batch_rows).select(schema.names), n_consumed


def _read(
    file: TableFile, spec: TableSpec, columns: frozenset[str], batch_rows: int
) -> Iterator[tuple[pa.RecordBatch, int]]:
    if file.form is Form.PARQUET:
        return read_parquet_batches(file, spec, columns, batch_rows)
    if file.form is Form.CSV:
        return read_csv_blocks(file, spec, columns)
    return read_json_blocks(file, spec, columns)


def _checked(
    file: TableFile,
    raw: pa.RecordBatch,
    spec: TableSpec,
    wanted: frozenset[str],
    n_before: int,
    latest_time_ns: int,
) -> pa.RecordBatch:
    """Return a block in canonical columns, or refuse its first row that is not."""
    schema = pa.schema([field for field in spec.schema if field.name in wanted])
    arrays: list[pa.Array] = []
    bad: list[tuple[int, str, str, str]] = []
    for field in schema:
        if field.name not in raw.schema.names:
            arrays.append(pa.nulls(raw.num_rows, field.type))
            continue
        cast = cast_column(raw.column(field.name), field.type)
        if isinstance(cast, BadCell):
            bad.append((cast.row, field.name, cast.rule, cast.value))
        else:
            arrays.append(cast)
    if not bad:
        block = pa.record_batch(arrays, schema=schema)
        bad = [
            (violation.row, violation.column, violation.rule, violation.value)
            for violation in find_violations(
                block, spec.name, latest_time_ns=latest_time_ns, limit=1
            )
        ]
        if not bad:
            return block
    row, column, rule, value = min(bad, key=lambda cell: cell[0])
    if len(arrays) < len(schema):  # the rows before a badly typed cell may break another rule
        _checked(file, raw.slice(0, row), spec, wanted, n_before, latest_time_ns)
    raise DatasetError(file.shown, rule, row=n_before + row + 1, column=column, value=value)


def _merge_repeats(file: TableFile, table: pa.Table, spec: TableSpec) -> pa.Table:
    """Return the table with equal rows once; two different rows with one key are refused."""
    rows = pa.array(range(table.num_rows), pa.int64())
    first = table.append_column("row", rows).group_by(spec.schema.names).aggregate([("row", "min")])
    kept = first["row_min"].combine_chunks().sort()
    merged = table.take(kept)
    n_keys = merged.group_by(list(spec.key)).aggregate([]).num_rows
    if n_keys == merged.num_rows:
        return merged
    seen: dict[tuple[str, ...], int] = {}
    keys = zip(*(merged[name].to_pylist() for name in spec.key), strict=True)
    for key, row in zip(keys, kept.to_pylist(), strict=True):
        earlier = seen.setdefault(key, row)
        if earlier != row:
            shared = " and ".join(spec.key)
            rule = f"must not contradict row {earlier + 1}, which has the same {shared}"
            raise DatasetError(file.shown, rule, row + 1, spec.key[-1], key[-1])
    return merged
