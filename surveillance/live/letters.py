"""Dead letters as records of the outbox: what the venue's own systems read."""

import base64
import json

from streams.messages import DeadLetter, Message
from surveillance.store.live import OutboxRecord

MAX_SHOWN_BYTES = 256 * 1024
"""Value, key and headers beyond it are not published: the store holds them whole."""


def letter_record(letter: DeadLetter, topic: str) -> OutboxRecord:
    """Return a dead letter as it is published: where it came from, why, and its bytes in base64.

    No message that a firm can send makes a record that the broker refuses.
    """
    message = letter.message
    is_whole = _n_bytes(message) <= MAX_SHOWN_BYTES
    said = {
        "reason": letter.reason.value,
        "sentence": letter.sentence,
        "topic": message.topic,
        "partition": message.partition,
        "offset": message.offset,
        "row": letter.row,
        "is_whole": is_whole,
        "key": _text(message.key) if is_whole else None,
        "headers": [[name, _text(value)] for name, value in message.headers] if is_whole else [],
        "value": _text(message.value) if is_whole else None,
    }
    place = (message.topic, message.partition, message.offset, letter.row)
    return OutboxRecord(
        topic, message.topic, json.dumps(said, separators=(",", ":")), "\0".join(map(str, place))
    )


def _n_bytes(message: Message) -> int:
    headers = sum(len(name) + len(value or b"") for name, value in message.headers)
    return len(message.value or b"") + len(message.key or b"") + headers


def _text(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode()
