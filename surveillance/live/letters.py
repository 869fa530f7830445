"""Dead letters as records of the outbox: what the venue's own systems read."""

import base64
import json

from streams.messages import DeadLetter
from surveillance.store.live import OutboxRecord


def letter_record(letter: DeadLetter, topic: str) -> OutboxRecord:
    """Return a dead letter as it is published: where it came from, why, and its bytes in base64."""
    message = letter.message
    said = {
        "reason": letter.reason.value,
        "sentence": letter.sentence,
        "topic": message.topic,
        "partition": message.partition,
        "offset": message.offset,
        "row": letter.row,
        "key": _text(message.key),
        "headers": [[name, _text(value)] for name, value in message.headers],
        "value": _text(message.value),
    }
    place = (message.topic, message.partition, message.offset, letter.row)
    return OutboxRecord(
        topic, message.topic, json.dumps(said, separators=(",", ":")), "\0".join(map(str, place))
    )


def _text(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode()
