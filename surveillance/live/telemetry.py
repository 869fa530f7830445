"""What a worker tells about itself while it works: metrics and log lines.

What is in the store is measured from there.
"""

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Gauge, Histogram

from streams.messages import DeadLetter
from surveillance.clock import monotonic_ns
from surveillance.findings import Group
from surveillance.live.raised import Raised
from surveillance.logs import log_event

NS_PER_S = 1e9
_CONFIRMED = "confirmed"
_LOG = logging.getLogger(__name__)


class Telemetry:
    """Times, sizes and events of one worker.

    Parameters
    ----------
    stream : str
        Name of the stream: the label of every metric.
    registry : CollectorRegistry
        Where they are kept.
    """

    def __init__(self, stream: str, registry: CollectorRegistry) -> None:
        self._stream = stream
        self._seconds = Histogram(
            "surveillance_stream_stage_seconds",
            "Time of one step in each stage.",
            ["stream", "stage"],
            registry=registry,
            buckets=(0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0),
        )
        self._bytes = Gauge(
            "surveillance_stream_state_bytes",
            "Memory of the events that the worker remembers.",
            ["stream"],
            registry=registry,
        )
        self._confirm = Histogram(
            "surveillance_stream_confirm_delay_seconds",
            "Event time from a provisional group's last episode to the closing that confirmed it.",
            ["stream"],
            registry=registry,
            buckets=(60.0, 600.0, 3_600.0, 14_400.0, 86_400.0, 259_200.0),
        )

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what happens inside."""
        started_ns = monotonic_ns()
        try:
            yield
        finally:
            seconds = (monotonic_ns() - started_ns) / NS_PER_S
            self._seconds.labels(self._stream, name).observe(seconds)

    def note(self, event: str, *, level: int = logging.INFO, **fields: object) -> None:
        """Log an event of the stream."""
        log_event(_LOG, level, event, stream=self._stream, **fields)

    def note_state(self, n_bytes: int) -> None:
        """Note how much memory the worker's state takes."""
        self._bytes.labels(self._stream).set(n_bytes)

    def note_dead(self, dead: Sequence[DeadLetter]) -> None:
        """Log how many events of a step were refused, by topic and reason."""
        counts = Counter((letter.message.topic, letter.reason.value) for letter in dead)
        for (topic, reason), n in sorted(counts.items()):
            self.note("dead_letters", level=logging.WARNING, topic=topic, reason=reason, n=n)

    def note_raised(self, raised: Sequence[Raised]) -> None:
        """Log what orders made of the groups."""
        for one in raised:
            for finding in one.findings:
                self._note_group("group_judged", finding.group, one.at_ns)
            for group in one.gone:
                self._note_group("group_withdrawn", group, one.at_ns)

    def note_closing(
        self, before: Mapping[str, Group], after: Mapping[str, Group], at_ns: int
    ) -> None:
        """Note what closed time made of the groups and how long provisional ones waited for it."""
        withdrawn = sorted(before.keys() - after.keys())
        self.note("closed", before_ns=at_ns, groups=len(after), withdrawn=withdrawn)
        for group_id, group in after.items():
            earlier = before.get(group_id)
            was_provisional = earlier is not None and earlier.state != _CONFIRMED
            if earlier is not None and was_provisional and group.state == _CONFIRMED:
                waited = (at_ns - earlier.last_time_ns) / NS_PER_S
                self._confirm.labels(self._stream).observe(waited)

    def _note_group(self, event: str, group: Group, at_ns: int) -> None:
        self.note(
            event,
            group_id=group.group_id,
            verdict=group.verdict,
            state=group.state,
            members=len(group.members),
            at_ns=at_ns,
        )
