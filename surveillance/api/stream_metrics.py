"""Prometheus metrics of the live streams, as the store knows them.

Labels hold names of streams and topics, which the venue gives, and never an id of an account.
"""

from collections.abc import Callable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from surveillance.clock import now_ns
from surveillance.errors import StoreError
from surveillance.store import Store
from surveillance.store.live.answers import StreamSummary, TopicOutcomes
from surveillance.store.live.reader import StreamReader

NS_PER_S = 1e9


class StreamCollector(Collector):
    """Reads the store each time the metrics are asked for.

    Parameters
    ----------
    store : Store
        An open store.
    clock : Callable[[], int]
        The time of day, nanoseconds, for ages.
    """

    def __init__(self, store: Store, clock: Callable[[], int] = now_ns) -> None:
        self._reader: StreamReader = store.streams
        self._clock = clock

    def describe(self) -> list[Metric]:
        """Return nothing, so that registering does not read the store."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics of every stream; none when the store cannot be read."""
        try:
            families = self._read()
        except StoreError:
            return
        yield from families

    def _read(self) -> list[Metric]:
        streams = _all_streams(self._reader)
        topics = [(s.stream, topic) for s in streams for topic in self._reader.topics(s.stream)]
        return [
            _lag(streams),
            _snapshot_age(streams, self._clock()),
            _outbox(streams),
            _events(topics),
            _reconciles(topics),
            self._dead_letters(streams),
        ]

    def _dead_letters(self, streams: list[StreamSummary]) -> Metric:
        family = GaugeMetricFamily(
            "surveillance_stream_dead_letters",
            "Stored dead letters by reason.",
            labels=["stream", "reason"],
        )
        for stream in streams:
            for reason, count in self._reader.dead_letter_reasons(stream.stream).items():
                family.add_metric([stream.stream, reason.value], count)
        return family


def _all_streams(reader: StreamReader) -> list[StreamSummary]:
    page = reader.list_streams()
    streams = list(page.streams)
    while page.next_cursor is not None:
        page = reader.list_streams(page.next_cursor)
        streams += page.streams
    return streams


def _lag(streams: list[StreamSummary]) -> Metric:
    family = GaugeMetricFamily(
        "surveillance_stream_lag_seconds",
        "Event time between the newest event read and the last one judged.",
        labels=["stream"],
    )
    for stream in streams:
        if stream.lag_s is not None:
            family.add_metric([stream.stream], stream.lag_s)
    return family


def _snapshot_age(streams: list[StreamSummary], time_ns: int) -> Metric:
    family = GaugeMetricFamily(
        "surveillance_stream_snapshot_age_seconds",
        "Time since the last snapshot of the detector's state.",
        labels=["stream"],
    )
    for stream in streams:
        if stream.snapshot_time_ns is not None:
            family.add_metric([stream.stream], (time_ns - stream.snapshot_time_ns) / NS_PER_S)
    return family


def _outbox(streams: list[StreamSummary]) -> Metric:
    family = GaugeMetricFamily(
        "surveillance_outbox_pending", "Records that are not published yet.", labels=["stream"]
    )
    for stream in streams:
        family.add_metric([stream.stream], stream.n_outbox_pending)
    return family


def _events(topics: list[tuple[str, TopicOutcomes]]) -> Metric:
    family = CounterMetricFamily(
        "surveillance_stream_events",
        "Events read, by topic and what became of them.",
        labels=["stream", "topic", "outcome"],
    )
    for stream, topic in topics:
        outcomes = topic.outcomes
        for outcome, count in (
            ("accepted", outcomes.accepted),
            ("duplicate", outcomes.duplicates),
            ("late", outcomes.late),
            ("dead", outcomes.dead),
        ):
            family.add_metric([stream, topic.topic, outcome], count)
    return family


def _reconciles(topics: list[tuple[str, TopicOutcomes]]) -> Metric:
    family = GaugeMetricFamily(
        "surveillance_stream_reconciles",
        "1 when every event read from the topic is accounted for.",
        labels=["stream", "topic"],
    )
    for stream, topic in topics:
        family.add_metric([stream, topic.topic], float(topic.holds))
    return family
