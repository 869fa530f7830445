"""The intake: messages to events that are accepted once, and an account of what became of each."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

import numpy as np
import pyarrow as pa

from streams.codec import Limits, decode, portions
from streams.eventtime import Partition
from streams.messages import DeadLetter, Message
from streams.topics import Topics
from surveillance.live.acceptance import NO_DAY, Acceptance
from surveillance.live.reference_tables import ReferenceTables
from surveillance.pipeline.scales import MAX_NUMBER
from surveillance.store.live import EventCounts, ReferenceChange


@dataclass(slots=True)
class Taken:
    """What some messages came to."""

    on_time: list[pa.RecordBatch] = field(default_factory=list)
    late: list[pa.RecordBatch] = field(default_factory=list)
    dead: list[DeadLetter] = field(default_factory=list)
    reference: list[ReferenceChange] = field(default_factory=list)
    outcomes: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def counts(self) -> list[EventCounts]:
        """Return what became of the events, by topic and day: each is counted as read and once."""
        totals: dict[tuple[str, str], Counter[str]] = {}
        for (topic, day, outcome), n in self.outcomes.items():
            totals.setdefault((topic, day), Counter())[outcome] += n
        return [
            EventCounts(topic, day, read=total.total(), **total)
            for (topic, day), total in sorted(totals.items())
        ]


class Intake:
    """Takes messages of all topics of a stream.

    Parameters
    ----------
    topics : Topics
        Says what a topic carries.
    acceptance : Acceptance
        Sorts order events out.
    reference : ReferenceTables
        Takes everything else.
    limits : Limits
        Sizes that are refused; what no tick could count is refused whatever they say.
    """

    def __init__(
        self,
        topics: Topics,
        acceptance: Acceptance,
        reference: ReferenceTables,
        limits: Limits,
    ) -> None:
        self._topics = topics
        self._acceptance = acceptance
        self._reference = reference
        self._limits = replace(limits, max_number=min(limits.max_number, MAX_NUMBER))

    def take(self, messages: Sequence[Message], *, latest_time_ns: int) -> Taken:
        """Decode messages and sort their events out.

        Parameters
        ----------
        messages : sequence of Message
            Each partition's in the order of its offsets.
        latest_time_ns : int
            Latest event time accepted, UTC nanoseconds.
        """
        taken = Taken()
        for topic, those in _by_topic(messages):
            for portion in portions(those, self._limits):
                self._take(topic, portion, latest_time_ns, taken)
        taken.outcomes = +taken.outcomes
        return taken

    def _take(
        self, topic: str, messages: Sequence[Message], latest_time_ns: int, taken: Taken
    ) -> None:
        table = self._topics.table(topic) or "orders"
        decoded = decode(
            messages,
            table,
            firm_id=self._topics.firm(topic),
            latest_time_ns=latest_time_ns,
            limits=self._limits,
        )
        taken.dead += decoded.dead
        taken.outcomes[topic, NO_DAY, "dead"] += len(decoded.dead)
        if table == "orders":
            self._accept(topic, messages, decoded.batch, decoded.message, taken)
        else:
            taken.reference += self._reference.apply(table, decoded, messages)
            taken.outcomes[topic, NO_DAY, "accepted"] += decoded.batch.num_rows

    def _accept(
        self,
        topic: str,
        messages: Sequence[Message],
        batch: pa.RecordBatch,
        message: np.ndarray,
        taken: Taken,
    ) -> None:
        partition = np.array([m.partition for m in messages], np.int64)[message]
        for number in np.unique(partition).tolist():
            rows = pa.array(np.flatnonzero(partition == number))
            source: Partition = (topic, number)
            accepted = self._acceptance.take(source, batch.take(rows))
            taken.on_time.append(accepted.on_time)
            taken.late.append(accepted.late)
            for (day, outcome), n in accepted.outcomes.items():
                taken.outcomes[topic, day, outcome] += n


def _by_topic(messages: Sequence[Message]) -> Iterator[tuple[str, list[Message]]]:
    def topic(message: Message) -> str:
        return message.topic

    for name, those in groupby(sorted(messages, key=topic), key=topic):
        yield name, list(those)
