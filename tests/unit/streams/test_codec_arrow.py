"""Arrow messages: bad rows fall alone, bad messages whole, and nothing unfolds unmeasured."""

import struct
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from helpers.wire import (
    ORDER,
    as_json,
    decoded,
    message,
    messages,
    only_dead,
    order_batch,
    order_batches,
    rows_of,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.codec import ContentType, Limits, encode_arrow
from streams.messages import DeadReason
from streams.tables import ORDER_SCHEMA

ARROW = ContentType.ARROW
BATCH = order_batch({}, {"event_id": "F1-2"}, {"event_id": "F1-3"})


def with_column(name: str, values: pa.Array, batch: pa.RecordBatch = BATCH) -> pa.RecordBatch:
    return batch.set_column(batch.schema.get_field_index(name), name, values)


def stream(*batches: pa.RecordBatch) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batches[0].schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
    return bytes(sink.getvalue().to_pybytes())


def repeated_view(word: str, n_rows: int) -> pa.Array:
    """Return views of one text, held once."""
    once = pa.array([word], pa.string_view())
    validity, views, text = once.buffers()
    repeated = pa.py_buffer(views.to_pybytes()[:16] * n_rows)
    return pa.Array.from_buffers(pa.string_view(), n_rows, [validity, repeated, text])


def words_of(indices: list[int], words: pa.Array) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(indices, pa.int32()), words)


def refusal(value: bytes, **limits: int) -> tuple[DeadReason, str]:
    """Return why a message is refused whole, checked to fall alone."""
    run = messages([encode_arrow(BATCH), value, encode_arrow(BATCH)], ARROW)
    found = decoded(run, limits=Limits(**limits))
    (letter,) = found.dead
    assert (letter.message, letter.row) == (run[1], None)
    assert found.message.tolist() == [0] * 3 + [2] * 3
    return letter.reason, letter.sentence


@settings(deadline=None)
@given(order_batches(), st.sampled_from([None, "lz4", "zstd"]))
def test_what_is_written_as_arrow_is_read_back(batch: pa.RecordBatch, compression: Any) -> None:
    value = encode_arrow(batch, compression=compression)
    assert decoded([message(value, ARROW)]).batch.equals(batch)


@settings(deadline=None)
@given(order_batches(), order_batches())
def test_encoded_dictionaries_read_the_same(first: pa.RecordBatch, second: pa.RecordBatch) -> None:
    def compact(batch: pa.RecordBatch) -> pa.RecordBatch:
        columns = [
            column.dictionary_encode() if pa.types.is_string(column.type) else column
            for column in batch.columns
        ]
        return pa.record_batch(columns, batch.schema.names)

    run = messages([encode_arrow(compact(first)), encode_arrow(compact(second))], ARROW)
    assert decoded(run).batch.equals(pa.concat_batches([first, second]))


def test_a_poisonous_row_falls_alone_and_can_be_replayed() -> None:
    batch = order_batch({}, {"side": "short"}, {"event_id": "F1-3"}, {"quantity": -1.0})
    found = decoded(messages([encode_arrow(batch)], ARROW))
    assert [row["event_id"] for row in rows_of(found)] == ["F1-1", "F1-3"]
    assert found.row.tolist() == [0, 2]
    assert [(letter.row, letter.reason) for letter in found.dead] == [
        (1, DeadReason.FIELD),
        (3, DeadReason.FIELD),
    ]
    assert found.dead[0].sentence == 'side must be buy or sell, was "short"'
    assert found.n_read == 4
    again = only_dead(decoded([found.dead[0].message]))
    assert (again.row, again.sentence) == (0, found.dead[0].sentence)
    assert pa.ipc.open_stream(again.message.value).read_all().num_rows == 1


def test_text_that_is_not_utf8_condemns_its_rows() -> None:
    words = pa.array([b"A1", b"\xff", b"A3"])
    for column in (
        words,
        words.view(pa.string()),
        words.cast(pa.large_binary()).view(pa.large_string()),
        words.cast(pa.binary_view()),
        words.dictionary_encode(),
        words_of([0, 1, 2], words.cast(pa.binary_view())),
        pa.DictionaryArray.from_arrays(pa.array([0, 1, 2]), words.view(pa.string()), safe=False),
    ):
        found = decoded([message(encode_arrow(with_column("account_id", column)), ARROW)])
        assert [row["account_id"] for row in rows_of(found)] == ["A1", "A3"]
        (letter,) = found.dead
        assert (letter.row, letter.reason) == (1, DeadReason.FIELD)
        assert letter.sentence == 'account_id must be UTF-8 text, was "�"'
        (again,) = decoded([letter.message]).dead
        assert again.sentence == letter.sentence


def test_other_widths_are_read_and_what_does_not_fit_falls() -> None:
    batch = with_column("sequence", pa.array([1.0, 1.5, 3.0]))
    batch = with_column("quantity", pa.array([1, 2, 3], pa.int8()), batch)
    batch = with_column("account_id", pa.array(["A", "B", ""], pa.large_string()), batch)
    found = decoded([message(encode_arrow(batch), ARROW)])
    assert [(row["sequence"], row["quantity"]) for row in rows_of(found)] == [(1, 1.0)]
    assert [letter.sentence for letter in found.dead] == [
        'sequence must be a whole number that fits in 64 bits, was "1.5"',
        "account_id is required",
    ]


def test_every_row_of_a_large_message_may_fall() -> None:
    n_rows = 3_000
    times = pa.array(np.full(n_rows, 0.5))
    batch = pa.RecordBatch.from_pylist([ORDER] * n_rows, ORDER_SCHEMA)
    found = decoded([message(encode_arrow(with_column("event_time_ns", times, batch)), ARROW)])
    assert [letter.row for letter in found.dead] == list(range(n_rows))


def test_columns_may_be_missing_added_and_in_any_order() -> None:
    batch = BATCH.select(["quantity", "side", "instrument_id", "account_id", "event_time_ns"])
    nested = pa.array([[{"deep": 1}], [], None])
    wide = batch.append_column("unknown", nested)
    found = decoded(messages([encode_arrow(batch), encode_arrow(wide)], ARROW))
    assert found.batch.num_rows == 6
    assert found.batch.column("event_id").null_count == 6
    assert found.batch.column("event_time_ns").null_count == 0


def test_a_stream_may_hold_several_batches_or_none() -> None:
    value = stream(BATCH, BATCH.slice(0, 1), BATCH.slice(0, 0))
    assert decoded([message(value, ARROW)]).row.tolist() == [0, 1, 2, 3]
    empty = stream(BATCH.slice(0, 0))
    assert decoded(messages([empty, stream(BATCH)], ARROW)).message.tolist() == [1, 1, 1]
    assert decoded([message(empty, ARROW)]).n_read == 0
    words = pa.array([b"A", b"\xff"]).view(pa.string())
    half_bad = stream(BATCH, with_column("account_id", words, BATCH.slice(0, 2)))
    found = decoded([message(half_bad, ARROW)])
    assert (found.row.tolist(), found.dead[0].row) == ([0, 1, 2, 3], 4)


@pytest.mark.parametrize(
    ("column", "given", "words"),
    [
        ("event_time_ns", pa.array(["a", "b", "c"]), "must be a whole number"),
        ("event_time_ns", pa.array([1, 2, 3], pa.timestamp("ns")), "not timestamp[ns]"),
        ("account_id", pa.array([1, 2, 3]), "account_id must be text, not int64"),
        ("side", pa.array([["buy"]] * 3), "side must be text, not list"),
        ("quantity", pa.array(["1", "2", "3"]), "quantity must be a number, not string"),
        ("automated", pa.array([1, 0, 1]), "automated must be true or false, not int64"),
    ],
)
def test_a_column_of_another_type_condemns_its_message(
    column: str, given: pa.Array, words: str
) -> None:
    reason, sentence = refusal(encode_arrow(with_column(column, given)))
    assert reason is DeadReason.SCHEMA
    assert words in sentence


def test_a_missing_renamed_or_repeated_column_condemns_its_message() -> None:
    renamed = BATCH.rename_columns(
        ["acct" if name == "account_id" else name for name in BATCH.schema.names]
    )
    missing = (DeadReason.SCHEMA, "account_id is a required column")
    assert refusal(encode_arrow(renamed)) == missing
    assert refusal(encode_arrow(BATCH.drop_columns(["account_id"]))) == missing
    twice = BATCH.append_column("side", BATCH.column("side"))
    assert refusal(encode_arrow(twice)) == (DeadReason.SCHEMA, "side is given twice")


def test_a_message_cut_anywhere_is_refused() -> None:
    value = encode_arrow(BATCH, compression="zstd")
    for length in range(1, len(value), 7):
        found = decoded([message(value[:length], ARROW)])
        assert only_dead(found).reason is DeadReason.MALFORMED, length
    assert refusal(value + b"more")[0] is DeadReason.MALFORMED
    assert refusal(value + value)[0] is DeadReason.MALFORMED
    assert refusal(as_json()) == (DeadReason.MALFORMED, refusal(as_json())[1])


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_damage_anywhere_never_stops_the_run(data: st.DataObject) -> None:
    compression = data.draw(st.sampled_from([None, "lz4", "zstd"]))
    value = bytearray(encode_arrow(BATCH, compression=compression))
    for _ in range(data.draw(st.integers(1, 4))):
        value[data.draw(st.integers(0, len(value) - 1))] = data.draw(st.integers(0, 255))
    found = decoded([message(bytes(value), ARROW), message(encode_arrow(BATCH), ARROW)])
    assert found.message.tolist().count(1) == 3


@pytest.mark.parametrize("compression", ["lz4", "zstd"])
def test_a_decompression_bomb_is_refused_before_it_unfolds(compression: Any) -> None:
    padding = pa.array(["x" * 1_000_000] * 3)
    value = encode_arrow(BATCH.append_column("unknown", padding), compression=compression)
    assert len(value) < 100_000
    before = pa.total_allocated_bytes()
    pool_peak = pa.default_memory_pool().max_memory()
    reason, sentence = refusal(value, max_decompressed_bytes=1_000_000)
    assert reason is DeadReason.TOO_LARGE
    assert sentence.startswith('must unfold to at most 1,000,000 bytes, was "3,00')
    assert pa.total_allocated_bytes() - before < 1_000_000
    assert pa.default_memory_pool().max_memory() - pool_peak < 1_000_000


def test_a_compressed_buffer_that_lies_about_its_length_is_refused() -> None:
    batch = order_batch(*[{} for _ in range(500)])
    value = encode_arrow(batch, compression="zstd")
    times = struct.pack("<q", 500 * 8)
    at = value.index(times)  # the first declared length is that of event_time_ns
    for lie in (1, 500 * 8 - 1, 500 * 8 + 1, 1 << 40, -2, -1):
        damaged = value[:at] + struct.pack("<q", lie) + value[at + 8 :]
        assert refusal(damaged)[0] in (DeadReason.MALFORMED, DeadReason.TOO_LARGE), lie


def test_a_dictionary_or_view_that_repeats_a_long_text_is_refused() -> None:
    word = "x" * 100_000
    indices = pa.array(np.zeros(1_000, np.int32))
    rows = order_batch(*[{} for _ in range(1_000)])
    words = pa.DictionaryArray.from_arrays(indices, pa.array([word]))
    views = repeated_view(word, 1_000)
    many_views = words_of([0] * 1_000, repeated_view(word, 1_000))
    for column in (words, views, many_views):
        value = encode_arrow(with_column("order_id", column, rows))
        reason, sentence = refusal(value, max_decompressed_bytes=10_000_000)
        assert (reason, sentence) == (
            DeadReason.TOO_LARGE,
            "must not unfold to more than its rows can need",
        )


def test_a_long_word_that_one_row_uses_condemns_that_row() -> None:
    words = pa.array(["O1", "x" * 1_000_000, None]).dictionary_encode()
    for column in (words, words.cast(pa.string()).cast(pa.string_view())):
        found = decoded([message(encode_arrow(with_column("order_id", column)), ARROW)])
        assert [row["order_id"] for row in rows_of(found)] == ["O1", None]
        assert [(letter.row, letter.reason) for letter in found.dead] == [(1, DeadReason.FIELD)]


def test_views_and_dictionaries_may_be_empty() -> None:
    for column in (
        pa.array([], pa.string_view()),
        pa.array([], pa.dictionary(pa.int8(), pa.large_string())),
        words_of([], pa.array(["x"], pa.string_view())),
    ):
        value = encode_arrow(with_column("order_id", column, BATCH.slice(0, 0)))
        assert decoded([message(value, ARROW)]).n_read == 0
    nothing = pa.array([None] * 3, pa.dictionary(pa.int8(), pa.string()))
    value = encode_arrow(with_column("order_id", nothing))
    assert decoded([message(value, ARROW)]).batch.column("order_id").null_count == 3


def test_a_message_with_too_many_rows_is_refused() -> None:
    assert refusal(encode_arrow(order_batch(*[{} for _ in range(11)])), max_rows=10) == (
        DeadReason.TOO_LARGE,
        'must have at most 10 rows, was "11"',
    )
    assert refusal(stream(BATCH, BATCH, BATCH, BATCH), max_rows=10)[0] is DeadReason.TOO_LARGE
    nothing = pa.record_batch([pa.nulls(100_001)], ["event_time_ns"])
    assert refusal(encode_arrow(nothing))[0] is DeadReason.TOO_LARGE
