"""What travels on a topic: a message as it came, and a dead letter with why it was refused.

A message holds one event (JSON, FIX) or many (Arrow); one that cannot be decoded counts as one.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Message(NamedTuple):
    """One message of a topic, its bytes untouched.

    A named tuple: the consumer makes one for every message, and it takes a sixth of the time that
    a frozen dataclass takes.
    """

    topic: str
    partition: int
    offset: int
    value: bytes | None
    key: bytes | None = None
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """One message to be sent."""

    topic: str
    value: bytes | None
    key: bytes | None = None
    headers: tuple[tuple[str, bytes], ...] = ()


class DeadReason(StrEnum):
    """Why an event was set aside: the code that machines filter on."""

    CONTENT_TYPE = "content_type"
    TOO_LARGE = "too_large"
    EMPTY = "empty"
    KEY = "key"
    MALFORMED = "malformed"
    SCHEMA = "schema"
    FIELD = "field"
    CHECKSUM = "checksum"
    FIRM = "firm"
    CLOCK = "clock"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event that was refused.

    Attributes
    ----------
    message : Message
        Where it came from. Its value is what came, or, for one row of an Arrow message, a stream
        with that row alone, so that it can be replayed by itself.
    row : int or None
        Row within an Arrow message, None for a whole message.
    reason : DeadReason
        The code.
    sentence : str
        For people: rule, and the value shortened and made printable.
    """

    message: Message
    row: int | None
    reason: DeadReason
    sentence: str
