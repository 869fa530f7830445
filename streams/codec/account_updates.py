"""What accounts hold, as JSON messages of one report each: the one input that is no table."""

from collections.abc import Sequence
from typing import Annotated

import msgspec

from streams.codec.contents import ContentType, content_type
from streams.codec.records import RefusedError, sentence
from streams.messages import DeadLetter, DeadReason, Message
from streams.orderevents import AccountUpdate
from streams.tables import MAX_TEXT_BYTES, MIN_TIME_NS

_Int64 = Annotated[int, msgspec.Meta(ge=-(1 << 63), le=(1 << 63) - 1)]


class _Report(msgspec.Struct):
    event_time_ns: _Int64
    account_id: Annotated[str, msgspec.Meta(min_length=1)]
    balance_cents: _Int64
    equity_cents: _Int64


_DECODER = msgspec.json.Decoder(_Report)


def decode_account_updates(
    messages: Sequence[Message], *, latest_time_ns: int
) -> tuple[list[AccountUpdate], list[DeadLetter]]:
    """Decode reports; unknown names in them are ignored.

    Parameters
    ----------
    messages : sequence of Message
        In any order; reports come out in theirs.
    latest_time_ns : int
        Latest event time accepted, UTC nanoseconds.
    """
    updates: list[AccountUpdate] = []
    dead: list[DeadLetter] = []
    for message in messages:
        try:
            updates.append(_decode(message, latest_time_ns))
        except RefusedError as error:
            dead.append(DeadLetter(message, None, error.reason, error.sentence))
    return updates, dead


def _decode(message: Message, latest_time_ns: int) -> AccountUpdate:
    if content_type(message.headers) is not ContentType.JSON:
        raise RefusedError(DeadReason.CONTENT_TYPE, sentence("content-type must be JSON"))
    if not message.value:
        raise RefusedError(DeadReason.EMPTY, sentence("value must not be empty"))
    try:
        report = _DECODER.decode(message.value)
    except msgspec.ValidationError as error:
        raise RefusedError(DeadReason.FIELD, sentence(f"must be a report: {error}")) from error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        text = sentence(f"must be one JSON object ({error})")
        raise RefusedError(DeadReason.MALFORMED, text) from error
    if len(report.account_id.encode("utf-8", "surrogatepass")) > MAX_TEXT_BYTES:
        rule = f"must be at most {MAX_TEXT_BYTES} bytes"
        raise RefusedError(DeadReason.FIELD, sentence(rule, report.account_id, "account_id"))
    if not MIN_TIME_NS <= report.event_time_ns <= latest_time_ns:
        rule = f"must be from {MIN_TIME_NS} to {latest_time_ns}"
        raise RefusedError(
            DeadReason.CLOCK, sentence(rule, str(report.event_time_ns), "event_time_ns")
        )
    return AccountUpdate(
        report.event_time_ns, report.account_id, report.balance_cents, report.equity_cents
    )
