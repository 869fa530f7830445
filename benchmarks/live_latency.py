"""From the order that makes a pair pass to its flag on `flags.v1`, at one rate of orders.

A process of its own; the worker runs beside it. Orders are made every 10 ms with the times of
that slice, so an order's event time is at most that long before its produce call.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from confluent_kafka import Producer

from benchmarks.live_market import LiveMarket
from streams.kafka.admin import create_topics, plan_topics
from streams.kafka.consumer import PartitionConsumer
from streams.kafka.producer import EventProducer
from streams.kafka.settings import KafkaSettings
from streams.topics import Topics

_SLICE_NS = 10_000_000
_HISTORY_SLICE_NS = 10_000_000_000
_PAIRS_BEFORE_NS = 100_000_000_000  # most pass the threshold within the next minute
_AFTER_S = 10.0
_START_S = 120.0


class _Flags(threading.Thread):
    """Reads the flags and notes how old the order of each is when it comes."""

    def __init__(self, kafka: KafkaSettings, topics: Topics) -> None:
        super().__init__(daemon=True)
        self._consumer = PartitionConsumer(kafka, [topics.flags], {})
        self.raised: list[tuple[int, float]] = []
        self.is_over = threading.Event()

    def run(self) -> None:
        with self._consumer as consumer:
            while not self.is_over.is_set():
                for message in consumer.poll(1_000, 0.05):
                    now_ns = time.time_ns()
                    flag = json.loads(message.value or b"{}")
                    if flag.get("kind") == "raised":
                        at_ns = flag["position"]["event_time_ns"]
                        self.raised.append((at_ns, (now_ns - at_ns) / 1e9))


def measure(
    bootstrap: str, prefix: str, rate: float, seconds: float, history: float, seed: int
) -> dict[str, object]:
    """Produce for some seconds and return the latencies of the flags that were raised."""
    kafka, topics = KafkaSettings(bootstrap), Topics(prefix)
    create_topics(kafka, plan_topics(topics))
    with tempfile.TemporaryDirectory() as directory:
        worker = _start_worker(bootstrap, prefix, Path(directory))
        flags = _Flags(kafka, topics)
        flags.start()
        try:
            begin_ns = time.time_ns()
            market = LiveMarket(begin_ns - _PAIRS_BEFORE_NS, seed=seed)
            with EventProducer(kafka, topics) as producer:
                producer.send(market.accounts(), "accounts")
                _send_history(producer, market, begin_ns, history)
                _until_read(kafka, topics, worker)
                n_orders, first_ns, last_ns = _send_live(producer, market, begin_ns, rate, seconds)
            time.sleep(_AFTER_S)
        finally:
            flags.is_over.set()
            flags.join()
            worker.terminate()
            worker.wait()
    latencies = [seconds for at_ns, seconds in flags.raised if at_ns >= first_ns]
    return {"rate": n_orders / (last_ns - first_ns) * 1e9, "latencies_s": sorted(latencies)}


def _start_worker(bootstrap: str, prefix: str, directory: Path) -> "subprocess.Popen[bytes]":
    options = ("--topic-prefix", prefix, "--store", f"sqlite:///{directory / 'store.db'}")
    return subprocess.Popen(
        [sys.executable, "-m", "surveillance", "run", "--kafka", bootstrap, *options],
        stdout=subprocess.DEVNULL,
    )


def _until_read(kafka: KafkaSettings, topics: Topics, worker: "subprocess.Popen[bytes]") -> None:
    """Return when the worker has come to the end of every partition: poison there says so."""
    producer = Producer({"bootstrap.servers": kafka.bootstrap})
    partitions = producer.list_topics(topics.orders).topics[topics.orders].partitions
    for number in partitions:
        producer.produce(topics.orders, b"not an order", partition=number)
    producer.flush()
    deadline = time.monotonic() + _START_S
    n_read = 0
    with PartitionConsumer(kafka, [topics.dead_letters], {}) as letters:
        while n_read < len(partitions):
            n_read += len(letters.poll(100, 0.2))
            if worker.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the worker did not come to the end of the history")


def _send_history(
    producer: EventProducer, market: LiveMarket, end_ns: int, history_s: float
) -> None:
    """Send what happened before: what is usual must be known before a crowd can be told."""
    for first_ns in range(end_ns - round(1e9 * history_s), end_ns, _HISTORY_SLICE_NS):
        producer.send(market.orders(first_ns, first_ns + _HISTORY_SLICE_NS, 0.0))
    producer.flush()


def _send_live(
    producer: EventProducer, market: LiveMarket, begin_ns: int, rate: float, seconds: float
) -> tuple[int, int, int]:
    """Send orders as they happen; return their number and the time from which they kept up."""
    caught_up_ns = last_ns = time.time_ns()
    producer.send(market.orders(begin_ns, last_ns, 0.0))
    n_orders = 0
    while last_ns < caught_up_ns + seconds * 1e9:
        time.sleep(max(0.0, (last_ns + _SLICE_NS - time.time_ns()) / 1e9))
        now_ns = time.time_ns()
        batch = market.orders(last_ns, now_ns, rate)
        if batch.num_rows:
            producer.send(batch)
        n_orders += batch.num_rows
        last_ns = now_ns
    return n_orders, caught_up_ns, last_ns


def main() -> None:
    """Measure at one rate."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bootstrap")
    parser.add_argument("prefix")
    parser.add_argument("rate", type=float)
    parser.add_argument("seconds", type=float)
    parser.add_argument("history", type=float, help="seconds of the market beforehand")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    print(json.dumps(measure(**vars(given))))


if __name__ == "__main__":
    main()
