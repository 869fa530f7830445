"""Messages to columns: each by its content type, then all by the rules of their table.

One poisonous message or row condemns itself and no other. What is decided about an event depends
on that event and the limits alone, never on which messages are decoded beside it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from streams.codec.arrow_batches import DAMAGE, decode_arrow, row_streams
from streams.codec.contents import ContentType, content_type
from streams.codec.fix_messages import decode_fix
from streams.codec.ipc_sizes import check_sizes
from streams.codec.json_events import decode_json
from streams.codec.judging import judge
from streams.codec.records import Decoded, Limits, Part, Refusal, RefusedError, sentence
from streams.files.casting import blank_to_null
from streams.messages import DeadLetter, DeadReason, Message
from streams.tables import TABLES
from streams.topics import COMPACTED_TABLES

_Decoder = Callable[[Sequence[bytes], Sequence[int], str, Limits], Part]
_DECODERS: dict[ContentType, _Decoder] = {
    ContentType.JSON: decode_json,
    ContentType.ARROW: decode_arrow,
    ContentType.FIX: decode_fix,
}
_DEFAULT_LIMITS = Limits()


def decode(
    messages: Sequence[Message],
    table: str,
    *,
    firm_id: str | None,
    latest_time_ns: int,
    limits: Limits = _DEFAULT_LIMITS,
) -> Decoded:
    """Decode messages of one topic.

    Parameters
    ----------
    messages : sequence of Message
        In any order; rows come out in theirs.
    table : str
        What the topic carries, a key of `TABLES`.
    firm_id : str or None
        The firm of a per-firm topic: fills a null `firm_id`, and another one is refused. None on
        a shared topic.
    latest_time_ns : int
        Latest event time accepted, UTC nanoseconds.
    limits : Limits
        Sizes; a message beyond them is refused whole, before it is unfolded.

    Returns
    -------
    Decoded
        Every event of every message, in the batch or among the dead letters.
    """
    by_form, refused, tombstones = _sort_by_form(messages, table, limits)
    parts = [
        _DECODERS[form]([messages[place].value or b"" for place in places], places, table, limits)
        for form, places in by_form.items()
    ]
    part = _without_blanks(_joined(parts, table))
    refused += part.refused
    judged = judge(
        part,
        messages,
        table,
        firm_id=firm_id,
        latest_time_ns=latest_time_ns,
        max_number=limits.max_number,
    )
    refused += judged.refused
    return Decoded(
        judged.batch,
        judged.message,
        judged.row,
        tuple(_dead_letters(refused, messages, table, limits)),
        tuple(tombstones),
    )


def portions(
    messages: Sequence[Message], limits: Limits = _DEFAULT_LIMITS
) -> Iterator[Sequence[Message]]:
    """Cut a run so that no portion unfolds to more than the limit, unless by one message alone.

    Decoding the portions one after the other gives what decoding the run gives, in bounded memory:
    a thousand small messages may each unfold to a thousand times their size.
    """
    if _is_small_json(messages, limits):
        yield messages
        return
    start = n_bytes = 0
    for place, message in enumerate(messages):
        n_message = _n_unfolded(message, limits)
        if n_bytes and n_bytes + n_message > limits.max_portion_bytes:
            yield messages[start:place]
            start, n_bytes = place, 0
        n_bytes += n_message
    if start < len(messages):
        yield messages[start:]


def _is_small_json(messages: Sequence[Message], limits: Limits) -> bool:
    """Return whether a run is of JSON only, which unfolds to no more than it takes, and small."""
    if not messages or any(message.headers for message in messages):
        return False
    return sum(len(message.value or b"") for message in messages) <= limits.max_portion_bytes


def _n_unfolded(message: Message, limits: Limits) -> int:
    """Return most bytes that a message takes as columns, as it stands when it will be refused."""
    value = message.value or b""
    try:
        if content_type(message.headers) is ContentType.ARROW:
            return check_sizes(value, limits).n_unfolded
    except (RefusedError, *DAMAGE):
        pass
    return len(value)


def _sort_by_form(
    messages: Sequence[Message], table: str, limits: Limits
) -> tuple[Mapping[ContentType, Sequence[int]], list[Refusal], list[int]]:
    form = _form_of_all(messages, table, limits)
    if form is not None:
        return {form: range(len(messages))}, [], []
    by_form: dict[ContentType, list[int]] = {}
    refused: list[Refusal] = []
    tombstones: list[int] = []
    for place, message in enumerate(messages):
        value = message.value
        try:
            if value is None and table in COMPACTED_TABLES:
                _check_tombstone(message)
                tombstones.append(place)
                continue
            form = _form(message.headers, table)
            if not value or len(value) > limits.max_message_bytes:
                raise _unfit(value, limits)
            by_form.setdefault(form, []).append(place)
        except RefusedError as error:
            refused.append(Refusal(place, None, error.reason, error.sentence))
    return by_form, refused, tombstones


def _form_of_all(messages: Sequence[Message], table: str, limits: Limits) -> ContentType | None:
    """Return the form of a run whose values are all of one and fit, as nearly every run's are."""
    values = [message.value for message in messages]
    headers = {message.headers for message in messages}
    if len(headers) != 1 or not all(values):
        return None
    if max(map(len, filter(None, values))) > limits.max_message_bytes:
        return None
    try:
        return _form(headers.pop(), table)
    except RefusedError:
        return None


def _form(headers: tuple[tuple[str, bytes], ...], table: str) -> ContentType:
    form = content_type(headers)
    if form is ContentType.FIX and table != "orders":
        rule = f"content-type must not be FIX for {table}: it carries orders only"
        raise RefusedError(DeadReason.CONTENT_TYPE, sentence(rule))
    return form


def _check_tombstone(message: Message) -> None:
    if not message.key:
        raise RefusedError(DeadReason.KEY, sentence("a null value must have a key to remove"))


def _unfit(value: bytes | None, limits: Limits) -> RefusedError:
    if not value:
        rule = "value must not be null" if value is None else "value must not be empty"
        return RefusedError(DeadReason.EMPTY, sentence(rule))
    rule = f"value must be at most {limits.max_message_bytes:,} bytes"
    return RefusedError(DeadReason.TOO_LARGE, sentence(rule, f"{len(value):,}"))


def _joined(parts: list[Part], table: str) -> Part:
    """Return the parts as one, rows in order of message and row."""
    if len(parts) == 1:
        return parts[0]
    schema = TABLES[table].schema
    if not parts:
        nothing = np.empty(0, np.int64)
        return Part(pa.RecordBatch.from_pylist([], schema), nothing, nothing)
    batch = pa.concat_batches([part.batch for part in parts])
    message: NDArray[np.int64] = np.concatenate([part.message for part in parts])
    row: NDArray[np.int64] = np.concatenate([part.row for part in parts])
    order = np.lexsort((row, message))
    refused = [refusal for part in parts for refusal in part.refused]
    return Part(batch.take(pa.array(order)), message[order], row[order], refused)


def _without_blanks(part: Part) -> Part:
    """Return the part with empty text as null, as in datasets."""
    arrays = [
        blank_to_null(column) if pa.types.is_string(column.type) else column
        for column in part.batch.columns
    ]
    batch = pa.record_batch(arrays, schema=part.batch.schema)
    return Part(batch, part.message, part.row, part.refused)


def _dead_letters(
    refused: list[Refusal], messages: Sequence[Message], table: str, limits: Limits
) -> Iterator[DeadLetter]:
    refused.sort(key=lambda refusal: (refusal.message, refusal.row or 0))
    for place, group in groupby(refused, key=lambda refusal: refusal.message):
        message = messages[place]
        fallen = list(group)
        rows = [refusal.row for refusal in fallen if refusal.row is not None]
        alone = (
            dict(zip(rows, row_streams(message.value or b"", rows, table, limits), strict=True))
            if rows
            else {}
        )
        for refusal in fallen:
            value = message.value if refusal.row is None else alone[refusal.row]
            yield DeadLetter(
                message._replace(value=value), refusal.row, refusal.reason, refusal.sentence
            )
