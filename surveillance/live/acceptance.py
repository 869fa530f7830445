"""Acceptance: every decoded event is accepted, a duplicate or late, each in exactly one.

Accepted events wait for the watermark and are judged; late ones are kept in the journal and
judged by a scan of it. Nothing here looks at a clock.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from streams.eventtime import EventClock, Partition
from surveillance.live.seen import SeenEvents

NO_DAY = "unknown"
"""Day of events whose time could not be read."""
_DAY_NS = 86_400_000_000_000


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of the events of one partition.

    Attributes
    ----------
    on_time, late : pa.RecordBatch
        Events to keep, in the order of their offsets.
    outcomes : Counter of (day, outcome)
        Events by the day of their event time and what became of them.
    """

    on_time: pa.RecordBatch
    late: pa.RecordBatch
    outcomes: Counter[tuple[str, str]]


class Acceptance:
    """Sorts events out, partition by partition.

    Parameters
    ----------
    clock : EventClock
        Knows which events are late.
    memory_ns : int
        Repeats are known for this long, in event time.
    """

    def __init__(self, clock: EventClock, *, memory_ns: int) -> None:
        self._clock = clock
        self._memory_ns = memory_ns
        self.seen = SeenEvents()

    def take(self, partition: Partition, batch: pa.RecordBatch) -> Accepted:
        """Sort out the next events of a partition, in the order of their offsets."""
        times = batch.column("event_time_ns").to_numpy()
        timeliness = self._clock.observe(partition, batch.column("firm_id"), times)
        repeats = self.seen.note(batch, self.remembers_ns) & ~timeliness.is_forgotten
        late = timeliness.is_late & ~repeats
        on_time = ~(late | repeats)
        outcomes: Counter[tuple[str, str]] = Counter()
        for outcome, mask in (("accepted", on_time), ("late", late), ("duplicates", repeats)):
            outcomes.update({(day, outcome): n for day, n in _days(times[mask]).items()})
        return Accepted(batch.filter(pa.array(on_time)), batch.filter(pa.array(late)), outcomes)

    def remember(self, batch: pa.RecordBatch) -> None:
        """Enter events of the journal, as `take` did when they came."""
        self.seen.note(batch, self.remembers_ns)

    @property
    def remembers_ns(self) -> int:
        """Repeats of events before this time need not be known."""
        return self._clock.watermark_ns - 2 * self._memory_ns


def _days(times_ns: NDArray[np.int64]) -> dict[str, int]:
    days, counts = np.unique(times_ns // _DAY_NS, return_counts=True)
    return {
        datetime.fromtimestamp(int(day) * 86_400, UTC).strftime("%Y-%m-%d"): int(n)
        for day, n in zip(days, counts, strict=True)
    }
