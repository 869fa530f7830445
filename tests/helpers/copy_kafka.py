"""A copier as a process on a real broker, and a venue that fills what it sends."""

import json
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
from confluent_kafka import Producer
from helpers.command import own_process
from helpers.copy_datasets import ACCOUNTS, DECLARATIONS, INSTRUMENTS, LEADER
from helpers.kafka_cluster import KafkaCluster

from streams.kafka.admin import plan_copier_topics, plan_topics
from streams.kafka.consumer import PartitionConsumer
from streams.kafka.producer import EventProducer
from streams.tables import TABLES
from streams.topics import Topics

PRICE = 6_000.0
PATIENCE_S = 60.0


class Venue:
    """Writes the leader's orders, and fills every copy it finds.

    Parameters
    ----------
    kafka : KafkaCluster
        The cluster; topics are made under a new prefix, reference data is written.
    directory : Path
        For store, plan and logs.
    """

    def __init__(self, kafka: KafkaCluster, directory: Path) -> None:
        self.kafka, self.directory = kafka, directory
        self.topics = Topics(kafka.new_prefix())
        kafka.create(*plan_topics(self.topics), *plan_copier_topics(self.topics))
        self.store = f"sqlite:///{directory / 's.db'}"
        self.sent: Counter[str] = Counter()  # by event id
        self.rows: list[dict[str, Any]] = []
        self.n_led = 0
        self._producer = Producer({"bootstrap.servers": kafka.bootstrap})
        self._copies = PartitionConsumer(kafka.settings, [self.topics.copier_orders], {})
        self._n_events = 0
        tables = {"accounts": ACCOUNTS, "declarations": DECLARATIONS, "instruments": INSTRUMENTS}
        with EventProducer(kafka.settings, self.topics) as producer:
            for name, rows in tables.items():
                batch = pa.RecordBatch.from_pylist(rows, schema=TABLES[name].schema)
                producer.send(batch, name)

    def close(self) -> None:
        """Leave the broker."""
        self._copies.close()

    def start(self, plan: Path) -> "subprocess.Popen[str]":
        """Start a copier."""
        options = ("--kafka", self.kafka.bootstrap, "--topic-prefix", self.topics.prefix)
        return subprocess.Popen(
            own_process("copy", "run", plan, *options, "--store", self.store, "--json"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def trade(self, side: str, lots: int, order_id: str) -> None:
        """Write a market order of the leader and its fill."""
        self.n_led += 1
        row = {"account_id": LEADER, "instrument_id": "ES", "side": side, "quantity": lots}
        row |= {"order_id": order_id, "order_type": "market"}
        self._write({**row, "event_type": "new"})
        filled = {"last_quantity": lots, "last_price": PRICE}
        self._write({**row, "event_type": "fill", **filled})
        self._producer.flush()

    def work(self) -> None:
        """Fill what has come."""
        for message in self._copies.poll(1_000, 0.02):
            row = json.loads(message.value or b"")
            self.sent[row["event_id"]] += 1
            self.rows.append(row)
            kept = ("account_id", "instrument_id", "side", "quantity", "client_order_id")
            told = {name: row[name] for name in kept}
            told |= {"order_type": row["order_type"], "order_id": f"at-{row['event_id']}"}
            self._write({**told, "event_type": row["event_type"]})
            if row["event_type"] == "new":
                filled = {"last_quantity": row["quantity"], "last_price": PRICE}
                self._write({**told, "event_type": "fill", **filled})
        self._producer.flush()

    def work_until(self, n_copies: int) -> None:
        """Fill copies until there are so many."""
        deadline_s = time.monotonic() + PATIENCE_S
        while len(self.rows) < n_copies:
            assert time.monotonic() < deadline_s, f"{len(self.rows)} of {n_copies} copies came"
            self.work()

    def _write(self, row: dict[str, Any]) -> None:
        self._n_events += 1
        event = {"event_time_ns": time.time_ns(), "event_id": f"v-{self._n_events}", **row}
        key = row["instrument_id"].encode()
        self._producer.produce(self.topics.orders, json.dumps(event).encode(), key=key)
