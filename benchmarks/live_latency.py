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
_AFTER_S = 5.0
_START_S = 120.0


class _Flags(threading.Thread):
    """Reads the flags and notes how old the order of each is when it comes."""

    def __init__(self, kafka: KafkaSettings, topics: Topics) -> None:
        super().__init__(daemon=True)
        self._consumer = PartitionConsumer(kafka, [topics.flags], {})
        self.latencies_s: list[float] = []
        self.is_over = threading.Event()

    def run(self) -> None:
        with self._consumer as consumer:
            while not self.is_over.is_set():
                for message in consumer.poll(1_000, 0.05):
                    now_ns = time.time_ns()
                    flag = json.loads(message.value or b"{}")
                    if flag.get("kind") == "raised":
                        age_ns = now_ns - flag["position"]["event_time_ns"]
                        self.latencies_s.append(age_ns / 1e9)


def measure(
    bootstrap: str, prefix: str, rate: float, seconds: float, seed: int
) -> dict[str, object]:
    """Produce for some seconds and return the latencies of the flags that were raised."""
    kafka, topics = KafkaSettings(bootstrap), Topics(prefix)
    create_topics(kafka, plan_topics(topics))
    with tempfile.TemporaryDirectory() as directory:
        worker = _start_worker(bootstrap, prefix, Path(directory))
        flags = _Flags(kafka, topics)
        flags.start()
        try:
            market = LiveMarket(rate, seed=seed)
            with EventProducer(kafka, topics) as producer:
                producer.send(market.accounts(), "accounts")
                _until_read(kafka, topics, worker)
                n_orders, took_s = _produce(producer, market, seconds)
            time.sleep(_AFTER_S)
        finally:
            flags.is_over.set()
            flags.join()
            worker.terminate()
            worker.wait()
    return {"rate": n_orders / took_s, "latencies_s": sorted(flags.latencies_s)}


def _start_worker(bootstrap: str, prefix: str, directory: Path) -> "subprocess.Popen[bytes]":
    options = ("--topic-prefix", prefix, "--store", f"sqlite:///{directory / 'store.db'}")
    return subprocess.Popen(
        [sys.executable, "-m", "surveillance", "run", "--kafka", bootstrap, *options],
        stdout=subprocess.DEVNULL,
    )


def _until_read(kafka: KafkaSettings, topics: Topics, worker: "subprocess.Popen[bytes]") -> None:
    """Return when the worker has judged: poison it sets aside says that it reads."""
    producer = Producer({"bootstrap.servers": kafka.bootstrap})
    producer.produce(topics.orders, b"not an order")
    producer.flush()
    deadline = time.monotonic() + _START_S
    with PartitionConsumer(kafka, [topics.dead_letters], {}) as letters:
        while not letters.poll(1, 0.2):
            if worker.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the worker did not start")


def _produce(producer: EventProducer, market: LiveMarket, seconds: float) -> tuple[int, float]:
    begin_ns = last_ns = time.time_ns()
    n_orders = 0
    while last_ns < begin_ns + seconds * 1e9:
        time.sleep(max(0.0, (last_ns + _SLICE_NS - time.time_ns()) / 1e9))
        now_ns = time.time_ns()
        batch = market.orders(last_ns, now_ns)
        if batch.num_rows:
            producer.send(batch)
        n_orders += batch.num_rows
        last_ns = now_ns
    return n_orders, (last_ns - begin_ns) / 1e9


def main() -> None:
    """Measure at one rate."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bootstrap")
    parser.add_argument("prefix")
    parser.add_argument("rate", type=float)
    parser.add_argument("seconds", type=float)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    print(json.dumps(measure(**vars(given))))


if __name__ == "__main__":
    main()
