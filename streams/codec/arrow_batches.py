"""Arrow messages, an IPC stream each, to columns.

What a message would unfold to is known before it is unfolded: the buffers' own headers say how
long they are decompressed, and dictionaries and views are measured before they become text. Nothing
of a stream is used before Arrow has validated it in full.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from streams.codec.ipc_sizes import END_OF_STREAM, check_sizes
from streams.codec.records import Limits, Part, Refusal, RefusedError, sentence
from streams.files.casting import accepts, cast_column, cast_rows
from streams.messages import DeadReason
from streams.tables import MAX_TEXT_BYTES, TABLES, TableSpec, type_rule

_AS_BYTES = {
    pa.string(): pa.binary(),
    pa.large_string(): pa.large_binary(),
    pa.string_view(): pa.binary_view(),
}
_UNFOLDED = {pa.string_view(): pa.string(), pa.binary_view(): pa.binary()}
_TEXTS = (*_AS_BYTES, *_AS_BYTES.values())
_NOT_COUNTED = 1 << 20  # bytes
DAMAGE = (pa.ArrowException, OSError, UnicodeDecodeError, OverflowError)


def decode_arrow(values: Sequence[bytes], index: Sequence[int], table: str, limits: Limits) -> Part:
    """Decode messages of many events each.

    Parameters
    ----------
    values : sequence of bytes
        The messages' values.
    index : sequence of int
        Their places in the run, same length.
    table : str
        A key of `TABLES`.
    limits : Limits
        Rows and decompressed bytes of one message.

    Returns
    -------
    Part
        All rows whose cells have the columns' types. A message that is damaged, too large or of
        another schema is refused whole, a cell that cannot be cast refuses its row.
    """
    spec = TABLES[table]
    batches: list[pa.RecordBatch] = []
    messages: list[NDArray[np.int64]] = []
    rows: list[NDArray[np.int64]] = []
    refused: list[Refusal] = []
    for place, value in zip(index, values, strict=True):
        try:
            raw = read_stream(value, spec, limits)
        except RefusedError as error:
            refused.append(Refusal(place, None, error.reason, error.sentence))
            continue
        batch, bad = _cast(raw, spec, place)
        row = np.arange(raw.num_rows)
        if bad:
            refused += bad
            row = np.setdiff1d(row, [refusal.row for refusal in bad])
            batch = batch.take(pa.array(row))
        batches.append(batch)
        messages.append(np.full(len(row), place, np.int64))
        rows.append(row)
    if not batches:
        nothing = np.empty(0, np.int64)
        return Part(pa.RecordBatch.from_pylist([], spec.schema), nothing, nothing, refused)
    joined = pa.concat_batches(batches)
    return Part(joined, np.concatenate(messages), np.concatenate(rows), refused)


def read_stream(value: bytes, spec: TableSpec, limits: Limits) -> pa.RecordBatch:
    """Return the contract's columns of a stream as one validated batch, in the stream's types.

    Raises
    ------
    RefusedError
        If the stream is damaged, cut short, too large, or its columns cannot be the table's.
    """
    try:
        sizes = check_sizes(value, limits)
        most = min(sizes.n_repeated_bytes, limits.max_decompressed_bytes)
        return _read(value, spec, most if sizes.may_repeat else None)
    except DAMAGE as error:
        rule = f"must be one whole Arrow stream ({error})"
        raise RefusedError(DeadReason.MALFORMED, sentence(rule)) from error


def row_streams(value: bytes, rows: Sequence[int], table: str, limits: Limits) -> list[bytes]:
    """Return rows of a message that could be read, each as a stream with that row alone.

    They hold the contract's columns; text comes as bytes, so that what is not UTF-8 stays as it
    came.
    """
    batch = read_stream(value, TABLES[table], limits)
    schema = batch.schema.serialize().to_pybytes()
    return [b"".join((schema, batch.slice(row, 1).serialize(), END_OF_STREAM)) for row in rows]


def _read(value: bytes, spec: TableSpec, max_repeated_bytes: int | None) -> pa.RecordBatch:
    batches: list[pa.RecordBatch] = []
    with pa.ipc.open_stream(value) as reader:
        names = _usable_columns(reader.schema, spec.name)
        for batch in reader:
            sound = _sound(batch.select(names))
            if max_repeated_bytes is not None:
                max_repeated_bytes -= sum(map(_n_repeated_bytes, sound.columns))
                if max_repeated_bytes < 0:
                    rule = "must not unfold to more than its rows can need"
                    raise RefusedError(DeadReason.TOO_LARGE, sentence(rule))
                sound = pa.record_batch(list(map(_unfolded, sound.columns)), names)
            batches.append(sound)
    if len(batches) == 1:
        return batches[0]
    if len({batch.schema for batch in batches}) > 1:  # bytes in one batch, text in another
        batches = [pa.record_batch(list(map(_as_bytes, b.columns)), names) for b in batches]
    return pa.concat_batches(batches) if batches else pa.RecordBatch.from_pylist([], spec.schema)


@lru_cache(maxsize=256)
def _usable_columns(schema: pa.Schema, table: str) -> list[str]:
    """Return which of the table's columns a stream has, all of them of a type that can be cast."""
    spec = TABLES[table]
    names = [name for name in spec.schema.names if name in schema.names]
    for name in spec.required:
        if name not in names:
            raise RefusedError(DeadReason.SCHEMA, sentence("is a required column", column=name))
    for name in names:
        if len(schema.get_all_field_indices(name)) > 1:
            raise RefusedError(DeadReason.SCHEMA, sentence("is given twice", column=name))
        given, wanted = schema.field(name).type, spec.schema.field(name).type
        if not accepts(given, wanted):
            rule = f"{type_rule(wanted)}, not {given}"
            raise RefusedError(DeadReason.SCHEMA, sentence(rule, column=name))
    return names


def _sound(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return a batch validated.

    Where some text is not UTF-8 it comes as bytes: which rows are to blame is asked later.
    """
    try:
        batch.validate(full=True)
    except (pa.ArrowInvalid, UnicodeDecodeError):
        columns = [_as_bytes(column) for column in batch.columns]
        batch = pa.record_batch(columns, batch.schema.names)
        batch.validate(full=True)
    return batch


def _as_bytes(column: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(column.type):
        words = _as_bytes(column.dictionary)
        return pa.DictionaryArray.from_arrays(column.indices, words, safe=False)
    return column.view(_AS_BYTES[column.type]) if column.type in _AS_BYTES else column


def _unfolded(column: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(column.type):
        words = _unfolded(column.dictionary)
        return pa.DictionaryArray.from_arrays(column.indices, words).dictionary_decode()
    return column.cast(_UNFOLDED[column.type]) if column.type in _UNFOLDED else column


def _n_repeated_bytes(column: pa.Array) -> int:
    """Return how many bytes of text a column unfolds to, though it may hold them once.

    Of short words in few rows, at most how many: it is not worth a count.
    """
    if column.type in _UNFOLDED:
        return int(_view_lengths(column).sum())
    if not pa.types.is_dictionary(column.type):
        return 0
    words = column.dictionary
    if words.type not in _TEXTS:
        return 0
    n_bytes = _n_repeated_bytes(words)
    if words.type in _UNFOLDED:
        lengths = pa.array(_view_lengths(words))
    else:
        lengths = pc.binary_length(words).cast(pa.int64())
    longest = pc.max(lengths).as_py() or 0
    if longest <= MAX_TEXT_BYTES and len(column) * longest <= _NOT_COUNTED:
        return n_bytes + len(column) * int(longest)
    return n_bytes + int(pc.sum(lengths.take(column.indices)).as_py() or 0)


def _view_lengths(column: pa.Array) -> NDArray[np.int64]:
    """Return the lengths of views: each is 16 bytes and begins with its own (int32)."""
    if len(column) == 0:  # may have no buffer at all
        return np.empty(0, np.int64)
    words = np.frombuffer(column.buffers()[1], np.int32)[4 * column.offset :: 4]
    return words[: len(column)].astype(np.int64)


def _cast(raw: pa.RecordBatch, spec: TableSpec, place: int) -> tuple[pa.RecordBatch, list[Refusal]]:
    """Return a batch in the contract's columns, bad cells null, and the first of each bad row."""
    if raw.schema == spec.schema:
        return raw, []
    arrays = []
    refused: dict[int, Refusal] = {}
    for field in spec.schema:
        if field.name not in raw.schema.names:
            arrays.append(pa.nulls(raw.num_rows, field.type))
            continue
        column = raw.column(field.name)
        if column.type == field.type:
            arrays.append(column)
            continue
        cast = cast_column(column, field.type)
        if not isinstance(cast, pa.Array):
            cast, bad = cast_rows(column, field.type)
            for cell in bad:
                words = sentence(cell.rule, cell.value, field.name)
                refusal = Refusal(place, cell.row, DeadReason.FIELD, words)
                refused.setdefault(cell.row, refusal)
        arrays.append(cast)
    return pa.record_batch(arrays, schema=spec.schema), list(refused.values())
