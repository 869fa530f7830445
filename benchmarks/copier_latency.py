"""From the leader's order to each copy of it on `copier-orders.v1`, through a real broker.

A process of its own, beside the copier's; it is firm, venue and reader at once: it writes the
leader's orders at a steady rate, reads the copies and answers each with its fill. Beforehand it
measures how long a message of the same size takes from producer to reader without any copier.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
from confluent_kafka import Producer

from benchmarks.copier_fanout import INSTRUMENT, build_plan
from streams.copier.plan_file import plan_to_json
from streams.kafka.admin import TopicPlan, create_topics, plan_copier_topics, plan_topics
from streams.kafka.consumer import PartitionConsumer
from streams.kafka.producer import EventProducer
from streams.kafka.settings import KafkaSettings
from streams.messages import Message
from streams.tables import TABLES
from streams.topics import Topics

_PRICE = 6_000.0
_LOTS = 4
_PATIENCE_S = 60.0
_WARM_UP_SHARE = 0.1


class _Reader(threading.Thread):
    """Reads a topic and hands every message on, with the time at which it was read."""

    def __init__(
        self, kafka: KafkaSettings, topic: str, take: Callable[[Message, int], None]
    ) -> None:
        super().__init__(daemon=True)
        self._consumer = PartitionConsumer(kafka, [topic], {})
        self._take = take
        self.n_read = 0
        self.is_over = threading.Event()

    def run(self) -> None:
        with self._consumer as consumer:
            while not self.is_over.is_set():
                messages = consumer.poll(1_000, 0.05)
                now_ns = time.monotonic_ns()
                for message in messages:
                    self._take(message, now_ns)
                self.n_read += len(messages)

    def wait_for(self, n_messages: int) -> None:
        """Return when so many were read."""
        deadline_s = time.monotonic() + _PATIENCE_S
        while self.n_read < n_messages:
            if time.monotonic() > deadline_s:
                raise RuntimeError(f"{self.n_read} of {n_messages} messages came")
            time.sleep(0.01)

    def finish(self) -> None:
        """End the thread."""
        self.is_over.set()
        self.join()


class _Market:
    """The leader and the venue: every message is an event of orders."""

    def __init__(self, kafka: KafkaSettings, topic: str) -> None:
        self._producer = Producer({"bootstrap.servers": kafka.bootstrap, "linger.ms": 0})
        self._topic = topic
        self._n_events = 0
        self._lock = threading.Lock()
        self.sent_ns: dict[str, int] = {}

    def lead(self, number: int) -> None:
        """Send a market order of the leader, and its fill behind it."""
        row = {"account_id": "leader", "instrument_id": "ES", "order_type": "market"}
        row |= {"side": "sell" if number % 2 else "buy", "quantity": _LOTS}
        row |= {"order_id": f"order-{number}"}
        self.sent_ns[f"order-{number}"] = time.monotonic_ns()
        self.write({**row, "event_type": "new"})
        self.fill(row)

    def fill(self, order: dict[str, Any]) -> None:
        """Send the fill of an order."""
        filled = {"last_quantity": order["quantity"], "last_price": _PRICE}
        self.write({**order, **filled, "event_type": "fill"})

    def write(self, row: dict[str, Any]) -> None:
        """Send an event."""
        with self._lock:
            self._n_events += 1
            name = f"v-{self._n_events}"
        event = {"event_time_ns": time.time_ns(), "event_id": name, **row}
        self._producer.produce(self._topic, json.dumps(event).encode(), key=b"ES")
        self._producer.poll(0)

    def flush(self) -> None:
        """Return when everything is on the broker."""
        self._producer.flush()


def measure(
    bootstrap: str, prefix: str, rate: float, n_orders: int, n_followers: int
) -> dict[str, Any]:
    """Measure the bare broker, then the copier, at one rate of the leader's orders.

    Returns
    -------
    dict
        Milliseconds: `bare_ms` of each message, `copy_ms` of each copy.
    """
    kafka, topics = KafkaSettings(bootstrap), Topics(prefix)
    bare = f"{prefix}bare"
    create_topics(kafka, [*plan_topics(topics), *plan_copier_topics(topics), TopicPlan(bare, 4)])
    bare_ms = _measure_bare(kafka, bare, rate, n_orders)
    _send_reference(kafka, topics, n_followers)
    with tempfile.TemporaryDirectory() as directory:
        copier = _start_copier(bootstrap, prefix, Path(directory), n_followers)
        try:
            copy_ms = _measure_copies(kafka, topics, rate, n_orders, n_followers)
        finally:
            copier.terminate()
            copier.wait()
    skipped = round(_WARM_UP_SHARE * len(bare_ms))
    return {"bare_ms": bare_ms[skipped:], "copy_ms": copy_ms[skipped * n_followers :]}


def _measure_bare(kafka: KafkaSettings, topic: str, rate: float, n_orders: int) -> list[float]:
    market, found = _Market(kafka, topic), []

    def take(message: Message, now_ns: int) -> None:
        row = json.loads(message.value or b"")
        if row["event_type"] == "new":
            found.append((now_ns - market.sent_ns[row["order_id"]]) / 1e6)

    reader = _Reader(kafka, topic, take)
    reader.start()
    _at_rate(market.lead, rate, n_orders)
    market.flush()
    reader.wait_for(2 * n_orders)
    reader.finish()
    return found


def _measure_copies(
    kafka: KafkaSettings, topics: Topics, rate: float, n_orders: int, n_followers: int
) -> list[float]:
    market, found = _Market(kafka, topics.orders), []

    def take(message: Message, now_ns: int) -> None:
        copy = json.loads(message.value or b"")
        found.append((now_ns - market.sent_ns[copy["parent_order_id"]]) / 1e6)
        kept = ("account_id", "instrument_id", "side", "quantity", "client_order_id", "order_type")
        market.fill({**{name: copy[name] for name in kept}, "order_id": copy["event_id"]})

    reader = _Reader(kafka, topics.copier_orders, take)
    reader.start()
    market.lead(0)  # the copier is there when it copies this one
    reader.wait_for(n_followers)
    found.clear()
    _at_rate(lambda number: market.lead(number + 1), rate, n_orders)
    reader.wait_for((n_orders + 1) * n_followers)
    reader.finish()
    return found


def _at_rate(send: Callable[[int], None], rate: float, n_orders: int) -> None:
    begin_s = time.monotonic()
    for number in range(n_orders):
        time.sleep(max(0.0, begin_s + number / rate - time.monotonic()))
        send(number)


def _send_reference(kafka: KafkaSettings, topics: Topics, n_followers: int) -> None:
    plan = build_plan(n_followers)
    names = [plan.leader_account_id, *(own.account_id for own in plan.followers)]
    tables = {
        "accounts": [{"account_id": name, "owner_id": "owner"} for name in names],
        "declarations": [
            {
                "declaration_id": own.declaration_id,
                "leader_account_id": plan.leader_account_id,
                "account_id": own.account_id,
            }
            for own in plan.followers
        ],
        "instruments": [
            {
                "instrument_id": INSTRUMENT.instrument_id,
                "family": INSTRUMENT.family,
                "multiplier": INSTRUMENT.multiplier,
                "tick_size": INSTRUMENT.tick_size,
            }
        ],
    }
    with EventProducer(kafka, topics) as producer:
        for name, rows in tables.items():
            producer.send(pa.RecordBatch.from_pylist(rows, schema=TABLES[name].schema), name)


def _start_copier(
    bootstrap: str, prefix: str, directory: Path, n_followers: int
) -> "subprocess.Popen[bytes]":
    plan = directory / "plan.json"
    content = plan_to_json(build_plan(n_followers))
    content["drift"]["late_entry_s"] = 3_600  # the first order waits for the copier
    plan.write_text(json.dumps(content))
    options = ("--topic-prefix", prefix, "--store", f"sqlite:///{directory / 'store.db'}")
    return subprocess.Popen(
        [sys.executable, "-m", "surveillance", "copy", "run", plan, "--kafka", bootstrap, *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def main() -> None:
    """Measure at one rate."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bootstrap")
    parser.add_argument("prefix")
    parser.add_argument("rate", type=float, help="orders of the leader a second")
    parser.add_argument("n_orders", type=int)
    parser.add_argument("n_followers", type=int)
    given = parser.parse_args()
    print(json.dumps(measure(**vars(given))))


if __name__ == "__main__":
    main()
