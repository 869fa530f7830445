"""How fast one topic of orders is read: by a bare consumer that counts, or by the whole worker.

A process of its own; prints seconds, messages and the seconds of each stage as JSON.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition
from prometheus_client import CollectorRegistry

from models.params import DetectionParams
from streams.kafka.settings import KafkaSettings
from streams.topics import Topics
from surveillance.fitted import load_classifier
from surveillance.live.running import run_stream
from surveillance.live.settings import LiveSettings
from surveillance.live.worker import Known, Worker
from surveillance.store import Store

_MESSAGES_A_CALL = 5_000
_WAIT_S = 1.0
_NO_CLOSING_S = 10 * 365 * 86_400.0
_CONSUMER = {
    "group.id": "benchmark",
    "enable.auto.commit": False,
    "fetch.wait.max.ms": 50,
    "fetch.queue.backoff.ms": 10,
    "queued.min.messages": 1_000_000,
}


def count_messages(bootstrap: str, topics: Topics) -> dict[str, object]:
    """Read the orders from the beginning to the end and count the messages."""
    consumer = Consumer({"bootstrap.servers": bootstrap, **_CONSUMER})
    partitions = consumer.list_topics(topics.orders).topics[topics.orders].partitions
    handles = [TopicPartition(topics.orders, number, OFFSET_BEGINNING) for number in partitions]
    n_all = sum(consumer.get_watermark_offsets(handle)[1] for handle in handles)
    begin = time.monotonic()
    consumer.assign(handles)
    n_messages = 0
    while n_messages < n_all:
        n_messages += len(consumer.consume(_MESSAGES_A_CALL, _WAIT_S))
    seconds = time.monotonic() - begin
    consumer.close()
    return {"seconds": seconds, "messages": n_messages}


class _Progress:
    """When the worker began, and when it last came further."""

    def __init__(self) -> None:
        self.begin = 0.0
        self.end = 0.0
        self._state = (0, 0)

    def is_stopping(self) -> bool:
        self.begin = self.begin or time.monotonic()
        return False

    def note(self, worker: Worker) -> None:
        state = worker.lag_ns, worker.n_waiting
        if state != self._state:
            self._state, self.end = state, time.monotonic()


def run_worker(bootstrap: str, topics: Topics) -> dict[str, object]:
    """Run the worker from the first message to the last that is there; the closing is not timed."""
    progress, registry = _Progress(), CollectorRegistry()
    known = Known(DetectionParams(), load_classifier(), topics)
    with (
        tempfile.TemporaryDirectory() as directory,
        Store.open(f"sqlite:///{Path(directory) / 'store.db'}") as store,
    ):
        ran = run_stream(
            store,
            KafkaSettings(bootstrap),
            known,
            LiveSettings(close_every_s=_NO_CLOSING_S),
            registry=registry,
            until_end=True,
            is_stopping=progress.is_stopping,
            on_step=progress.note,
        )
    stages = {
        sample.labels["stage"]: round(sample.value, 3)
        for metric in registry.collect()
        for sample in metric.samples
        if sample.name == "surveillance_stream_stage_seconds_sum"
    }
    seconds = progress.end - progress.begin
    return {"seconds": seconds, "messages": ran.messages, "groups": ran.groups, "stages": stages}


def main() -> None:
    """Measure once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("bare", "worker"))
    parser.add_argument("bootstrap")
    parser.add_argument("prefix")
    given = parser.parse_args()
    measure = count_messages if given.what == "bare" else run_worker
    print(json.dumps(measure(given.bootstrap, Topics(given.prefix))))


if __name__ == "__main__":
    main()
