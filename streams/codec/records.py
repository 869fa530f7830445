"""What passes between the decoders and the judge: limits, columns of one form, refusals."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from streams.errors import StreamError
from streams.messages import DeadLetter, DeadReason
from streams.text import printable

_MAX_RULE_CHARACTERS = 300
_MAX_VALUE_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a message may be.

    Attributes
    ----------
    max_message_bytes : int
        Longest value as it comes.
    max_rows : int
        Most rows in one Arrow message.
    max_decompressed_bytes : int
        Most bytes that the buffers, and then the texts, of one Arrow message may unfold to;
        checked before they are unfolded.
    max_portion_bytes : int
        What `portions` holds together: most bytes that messages decoded at a time unfold to.
    max_depth : int
        Deepest nesting of one JSON message; an event itself is one deep.
    max_number : float
        Prices and quantities of orders must be below it: what the reader can count.
    """

    max_message_bytes: int = 8 << 20
    max_rows: int = 100_000
    max_decompressed_bytes: int = 64 << 20
    max_portion_bytes: int = 256 << 20
    max_depth: int = 32
    max_number: float = inf


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a run of messages held.

    Attributes
    ----------
    batch : pa.RecordBatch
        Rows that keep every rule, canonical columns, in order of message and row.
    message : NDArray[np.int64]
        Which message each row came from, index into the run, shape (n_rows,).
    row : NDArray[np.int64]
        Its row within that message, shape (n_rows,); 0 for a message of one event.
    dead : tuple of DeadLetter
        What was refused, in order of message and row.
    tombstones : tuple of int
        Messages of a compacted topic that remove their key.
    """

    batch: pa.RecordBatch
    message: NDArray[np.int64]
    row: NDArray[np.int64]
    dead: tuple[DeadLetter, ...]
    tombstones: tuple[int, ...] = ()

    @property
    def n_read(self) -> int:
        """Events that came, good or bad; tombstones are none."""
        return int(self.batch.num_rows) + len(self.dead)


class RefusedError(StreamError):
    """An event or message that is set aside; the message of the error is the sentence."""

    def __init__(self, reason: DeadReason, sentence: str) -> None:
        super().__init__(reason, sentence)
        self.reason = reason
        self.sentence = sentence

    def __str__(self) -> str:
        return self.sentence


@dataclass(frozen=True, slots=True)
class Refusal:
    """One event set aside: `message` counts within the run, `row` within an Arrow message."""

    message: int
    row: int | None
    reason: DeadReason
    sentence: str


@dataclass(frozen=True, slots=True)
class Part:
    """Rows that one decoder made of its messages: typed, not yet checked against the rules."""

    batch: pa.RecordBatch
    message: NDArray[np.int64]
    row: NDArray[np.int64]
    refused: list[Refusal] = field(default_factory=list)


def sentence(rule: str, value: str | None = None, column: str | None = None) -> str:
    """Return a refusal in words, safe to show: ``quantity must be a number, was "x"``."""
    text = printable(rule, _MAX_RULE_CHARACTERS)
    if column is not None:
        text = f"{column} {text}"
    if value is not None:
        text += f', was "{printable(value, _MAX_VALUE_CHARACTERS)}"'
    return text


def one_row_each(
    batch: pa.RecordBatch, message: Sequence[int] | NDArray[np.int64], refused: list[Refusal]
) -> Part:
    """Return the part of messages that hold one event each."""
    index = np.asarray(message, np.int64)
    return Part(batch, index, np.zeros(len(index), np.int64), refused)
