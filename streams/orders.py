"""Order batches: their columns, and which rows of a batch break which rule of the contract.

A rule is a mask over a column, never a loop over rows. The same rules serve a dataset, where one
bad row refuses the file, and a stream, where bad rows are set aside and the good ones go on. A
column that the batch lacks is not checked, so a reader that leaves columns out checks what it
read. Text is taken to be valid UTF-8: whoever makes the batch from bytes has checked that.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

from streams.tables import (
    ACCOUNT_SCHEMA,
    DECLARATION_SCHEMA,
    INSTRUMENT_SCHEMA,
    MAX_TEXT_BYTES,
    MIN_TIME_NS,
    ORDER_SCHEMA,
    SESSION_SCHEMA,
    TABLES,
    AccountKind,
    EventType,
    IpKind,
    OrderType,
    Side,
    TableSpec,
)

__all__ = [
    "ACCOUNT_SCHEMA",
    "DECLARATION_SCHEMA",
    "INSTRUMENT_SCHEMA",
    "MAX_TEXT_BYTES",
    "MIN_TIME_NS",
    "ORDER_SCHEMA",
    "SESSION_SCHEMA",
    "TABLES",
    "AccountKind",
    "EventType",
    "IpKind",
    "OrderType",
    "Side",
    "TableSpec",
    "Violation",
    "cell_text",
    "find_violations",
    "violation_mask",
]

_NS_PER_SECOND = 1_000_000_000
_EXACT_FLOATS = 2.0**53
_WITH_QUANTITY = pa.array([EventType.NEW, EventType.REPLACE, None], pa.string())


@dataclass(frozen=True, slots=True)
class Violation:
    """One value that breaks a rule; `row` counts from 0 within the batch."""

    row: int
    column: str
    rule: str
    value: str


@dataclass(frozen=True, slots=True)
class _Broken:
    column: str
    rule: str
    mask: pa.BooleanArray  # null counts as false


def find_violations(
    batch: pa.RecordBatch, table_name: str, *, latest_time_ns: int, limit: int = 5
) -> list[Violation]:
    """Return the first values of a batch that break a rule of its table.

    Parameters
    ----------
    batch : pa.RecordBatch
        Canonical types; any subset of the table's columns.
    table_name : str
        A key of `TABLES`.
    latest_time_ns : int
        Latest time accepted, UTC nanoseconds; callers pass tomorrow.
    limit : int
        Most violations returned.

    Returns
    -------
    list of Violation
        By row, then by the contract's column order; empty for a good batch.
    """
    found: list[tuple[int, int, Violation]] = []
    for order, broken in enumerate(_broken_rules(batch, TABLES[table_name], latest_time_ns)):
        if not pc.any(broken.mask).as_py():
            continue
        for row in pc.indices_nonzero(broken.mask)[:limit].to_pylist():
            value = cell_text(batch.column(broken.column), row)
            found.append((row, order, Violation(row, broken.column, broken.rule, value)))
    found.sort(key=lambda entry: entry[:2])
    return [violation for _, _, violation in found[:limit]]


def violation_mask(
    batch: pa.RecordBatch, table_name: str, *, latest_time_ns: int
) -> pa.BooleanArray:
    """Return which rows of a batch break any rule of its table.

    Parameters
    ----------
    batch, table_name, latest_time_ns
        As for `find_violations`.

    Returns
    -------
    pa.BooleanArray
        True where the row must not be used, shape (n_rows,), no nulls.
    """
    bad = pa.repeat(pa.scalar(False), batch.num_rows)
    for broken in _broken_rules(batch, TABLES[table_name], latest_time_ns):
        bad = pc.or_(bad, pc.fill_null(broken.mask, False))
    return bad


def cell_text(column: pa.Array, row: int) -> str:
    """Return one value as the text an error message shows: null is empty, -5.0 is ``-5``."""
    if pa.types.is_string(column.type):
        column = column.slice(row, 1).cast(pa.binary())
        row = 0
    value = column[row].as_py()
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT_FLOATS:
        return f"{value:.0f}"  # most likely how it was written
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _broken_rules(batch: pa.RecordBatch, spec: TableSpec, latest_time_ns: int) -> Iterator[_Broken]:
    for field in spec.schema:
        if field.name not in batch.schema.names:
            continue
        values = batch.column(field.name)
        if field.name in spec.required and field.name != "quantity":
            yield _Broken(field.name, "is required", pc.is_null(values))
        if pa.types.is_string(field.type):
            yield from _broken_text(values, field.name, spec)
        elif pa.types.is_floating(field.type):
            yield from _broken_number(values, field.name, spec)
        elif field.name in spec.recent:
            yield _broken_time(values, field.name, latest_time_ns)
    if spec.name == "orders" and "quantity" in batch.schema.names:
        yield _broken_quantity(batch)


def _broken_text(values: pa.Array, name: str, spec: TableSpec) -> Iterator[_Broken]:
    n_bytes = pc.binary_length(values)
    if name in spec.required:
        yield _Broken(name, "is required", pc.equal(n_bytes, 0))
    yield _Broken(
        name, f"must be at most {MAX_TEXT_BYTES} bytes", pc.greater(n_bytes, MAX_TEXT_BYTES)
    )
    if name in spec.allowed:
        words = spec.allowed[name]
        allowed = pa.array([*words, None], pa.string())
        if name not in spec.required:
            allowed = pa.concat_arrays([allowed, pa.array([""])])  # empty means not given
        rule = f"must be {', '.join(words[:-1])} or {words[-1]}"
        yield _Broken(name, rule, pc.invert(pc.is_in(values, allowed)))


def _broken_number(values: pa.Array, name: str, spec: TableSpec) -> Iterator[_Broken]:
    yield _Broken(name, "must be finite", pc.invert(pc.is_finite(values)))
    if name in spec.positive:
        yield _Broken(name, "must be greater than 0", pc.less_equal(values, 0.0))
    if name in spec.non_zero:
        yield _Broken(name, "must not be 0", pc.equal(values, 0.0))


def _broken_time(values: pa.Array, name: str, latest_time_ns: int) -> _Broken:
    latest = datetime.fromtimestamp(latest_time_ns // _NS_PER_SECOND, UTC)
    rule = f"must be from 1990-01-01 to {latest:%Y-%m-%d %H:%M:%S} UTC in nanoseconds since 1970"
    outside = pc.or_(pc.less(values, MIN_TIME_NS), pc.greater(values, latest_time_ns))
    return _Broken(name, rule, outside)


def _broken_quantity(batch: pa.RecordBatch) -> _Broken:
    # NaN compares false here: "must be finite" already names it.
    quantity = batch.column("quantity")
    negative = pc.fill_null(pc.less(quantity, 0.0), False)
    absent = pc.fill_null(pc.equal(quantity, 0.0), False)  # null: the size is not known
    if "event_type" in batch.schema.names:
        event_type = batch.column("event_type")
        needed = pc.or_kleene(
            pc.is_in(event_type, _WITH_QUANTITY), pc.equal(pc.binary_length(event_type), 0)
        )
        absent = pc.and_kleene(absent, needed)
    return _Broken("quantity", "must be greater than 0", pc.or_kleene(negative, absent))
