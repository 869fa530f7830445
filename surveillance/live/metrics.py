"""What a worker measures about itself; what is in the store is measured from there."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Gauge, Histogram

from surveillance.clock import monotonic_ns
from surveillance.findings import Group

NS_PER_S = 1e9
_CONFIRMED = "confirmed"


class WorkerMetrics:
    """Times and sizes of one worker.

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

    def note_state(self, n_bytes: int) -> None:
        """Note how much memory the worker's state takes."""
        self._bytes.labels(self._stream).set(n_bytes)

    def note_closing(
        self, before: Mapping[str, Group], after: Mapping[str, Group], at_ns: int
    ) -> None:
        """Note how long provisional groups waited for the closing that confirmed them."""
        for group_id, group in after.items():
            earlier = before.get(group_id)
            was_provisional = earlier is not None and earlier.state != _CONFIRMED
            if earlier is not None and was_provisional and group.state == _CONFIRMED:
                waited = (at_ns - earlier.last_time_ns) / NS_PER_S
                self._confirm.labels(self._stream).observe(waited)
