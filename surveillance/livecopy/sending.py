"""Sending copies, and the time that it took."""

from collections.abc import Callable, Sequence

from streams.copier import Action
from streams.messages import Record
from streams.orderevents import EventType, OrderEvent
from surveillance.clock import monotonic_ns
from surveillance.live.publisher import IDENTITY, Sender
from surveillance.livecopy.latency import Latencies


class TimedSender:
    """A sender that tells the latencies which copies the broker has taken.

    Parameters
    ----------
    sender : Sender
        Sends.
    latencies : Latencies
        Is told.
    clock : callable
        A clock that only goes on, nanoseconds.
    """

    def __init__(
        self, sender: Sender, latencies: Latencies, *, clock: Callable[[], int] = monotonic_ns
    ) -> None:
        self._sender, self._latencies, self._clock = sender, latencies, clock
        self._begun: dict[bytes, tuple[str, int]] = {}

    def begin(self, actions: Sequence[Action], read_ns: int) -> None:
        """Take note of the copies that an event led to, and of when it was read."""
        for action in actions:
            if isinstance(action, OrderEvent) and action.event_type == EventType.NEW:
                self._begun[action.event_id.encode()] = action.account_id, read_ns

    def send(self, records: Sequence[Record]) -> list[tuple[int, int]]:
        """Send the records; return partition and offset of each."""
        places = self._sender.send(records)
        sent_ns = self._clock()
        for record in records:
            begun = self._begun.pop(dict(record.headers)[IDENTITY], None)
            if begun is not None:
                self._latencies.observe(begun[0], sent_ns - begun[1])
        return places
