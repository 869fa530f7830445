"""One market by four ways: a scan of files, and JSON, Arrow and FIX through the broker.

The market is cut to what FIX carries: times to microseconds, no session, copy group or parent of
an order, and the event ids that a reader makes of FIX. So all four see the same events.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from confluent_kafka import Producer
from helpers.kafka_cluster import KafkaCluster
from prometheus_client import CollectorRegistry

from models.params import DetectionParams
from streams.codec import ContentType, decode, encode_arrow, encode_fix, encode_json, headers_of
from streams.files import Dataset, write_dataset
from streams.kafka.admin import plan_topics
from streams.kafka.sender import read_back
from streams.messages import Message, Record
from streams.simulator.simulation import simulate
from streams.tables import TABLES
from streams.topics import Topics, keys
from surveillance.findings import Group
from surveillance.fitted import load_classifier
from surveillance.live.running import run_stream
from surveillance.live.settings import LiveSettings
from surveillance.live.worker import Known
from surveillance.pipeline.runner import scan
from surveillance.store import Store
from surveillance.store.records import GroupFilter

pytestmark = [pytest.mark.kafka_transactions]
LATEST_NS = 2**62
STREAM = "market"
REFERENCE = ("accounts", "sessions", "declarations", "instruments")
N_PARTITIONS = 4
ROWS_A_MESSAGE = 500


@dataclass(frozen=True)
class Market:
    """Events as messages of FIX and as columns, and the reference tables."""

    fix: list[bytes]
    orders: pa.RecordBatch
    tables: dict[str, pa.Table]

    def keys(self) -> list[str]:
        rows = self.tables["instruments"].to_pylist()
        families = {row["instrument_id"]: row["family"] for row in rows}
        return keys(self.orders, "orders", families)


@dataclass(frozen=True)
class Outcome:
    """What a live run left: groups in the store, records on the topics, counts."""

    groups: dict[str, dict[str, Any]]
    flags: list[dict[str, Any]]
    newest: dict[str, bytes | None]
    counts: list[tuple[str, str, int, int, int, int, int]]


@pytest.fixture(scope="module")
def market() -> Market:
    tables = simulate("full", n_accounts=300, n_days=2, seed=7).tables
    (raw,) = _canonical(tables.pop("orders"), "orders").combine_chunks().to_batches()
    fix = encode_fix(raw, fraction_digits=6)
    headers = tuple(headers_of(ContentType.FIX))
    messages = [Message("orders.v1", 0, n, value, None, headers) for n, value in enumerate(fix)]
    decoded = decode(messages, "orders", firm_id=None, latest_time_ns=LATEST_NS)
    assert not decoded.dead
    tables = {name: _canonical(tables[name], name) for name in REFERENCE}
    return Market(fix, decoded.batch, tables)


def _canonical(table: pa.Table, name: str) -> pa.Table:
    schema = TABLES[name].schema
    arrays = [
        table[field.name].cast(field.type)
        if field.name in table.column_names
        else pa.nulls(table.num_rows, field.type)
        for field in schema
    ]
    return pa.table(arrays, schema=schema)


def as_json(market: Market, topic: str) -> list[tuple[Record, int | None]]:
    values = encode_json(market.orders)
    return _one_each(values, market.keys(), topic, ContentType.JSON)


def as_fix(market: Market, topic: str) -> list[tuple[Record, int | None]]:
    return _one_each(market.fix, market.keys(), topic, ContentType.FIX)


def _one_each(
    values: Sequence[bytes], names: Sequence[str], topic: str, kind: ContentType
) -> list[tuple[Record, int | None]]:
    headers = tuple(headers_of(kind))
    return [
        (Record(topic, value, name.encode(), headers), None)
        for value, name in zip(values, names, strict=True)
    ]


def as_arrow(market: Market, topic: str) -> list[tuple[Record, int | None]]:
    headers = tuple(headers_of(ContentType.ARROW))
    families = pa.array(market.keys()).dictionary_encode().indices.to_numpy()
    partition = families % N_PARTITIONS
    found: list[tuple[Record, int | None]] = []
    for number in range(N_PARTITIONS):
        rows = np.flatnonzero(partition == number)
        for start in range(0, rows.size, ROWS_A_MESSAGE):
            part = market.orders.take(pa.array(rows[start : start + ROWS_A_MESSAGE]))
            found.append((Record(topic, encode_arrow(part), None, headers), number))
    return found


def send(kafka: KafkaCluster, records: Sequence[tuple[Record, int | None]]) -> None:
    producer = Producer({**kafka.settings.client_options(), "linger.ms": 5})
    for record, partition in records:
        place = {} if partition is None else {"partition": partition}
        headers = list(record.headers)
        producer.produce(record.topic, record.value, record.key, headers=headers, **place)
        producer.poll(0)
    assert producer.flush(60) == 0


def run_live(kafka: KafkaCluster, market: Market, form: ContentType, directory: Path) -> Outcome:
    topics = Topics(kafka.new_prefix())
    kafka.create(*plan_topics(topics, N_PARTITIONS))
    for name, table in market.tables.items():
        for batch in table.to_batches():
            names = keys(batch, name)
            send(kafka, _one_each(encode_json(batch), names, topics.of(name), ContentType.JSON))
    send(kafka, WAYS[form](market, topics.orders))
    with Store.open(f"sqlite:///{directory}/{form.name}.db") as store:
        run_stream(
            store,
            kafka.settings,
            Known(DetectionParams(), load_classifier(), topics),
            LiveSettings(stream=STREAM, n_accounts=400, close_every_s=12 * 3_600.0),
            registry=CollectorRegistry(),
            until_end=True,
            is_stopping=lambda: False,
        )
        page = store.streams.list_reconciliation(STREAM)
        assert page.holds
        summaries = store.reader.list_groups(GroupFilter(dataset=STREAM), limit=500).groups
        groups = [store.reader.get_group(summary.group_id) for summary in summaries]
    read = partial(read_back, kafka.settings)
    flags = [json.loads(message.value or b"") for message in read(topics.flags, {})]
    newest = {(m.key or b"").decode(): m.value for m in read(topics.groups, {})}
    counts = [
        (
            day.topic.removeprefix(topics.prefix),
            day.day,
            day.read,
            day.accepted,
            day.duplicates,
            day.late,
            day.dead,
        )
        for day in page.days
    ]
    return Outcome({group.group_id: without_run(group) for group in groups}, flags, newest, counts)


WAYS = {ContentType.JSON: as_json, ContentType.ARROW: as_arrow, ContentType.FIX: as_fix}


def without_run(group: Group) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(json.dumps(group.to_json()))
    del body["run"]
    return body


@pytest.fixture(scope="module")
def live(
    kafka: KafkaCluster, market: Market, tmp_path_factory: pytest.TempPathFactory
) -> dict[ContentType, Outcome]:
    directory = tmp_path_factory.mktemp("stores")
    return {form: run_live(kafka, market, form, directory) for form in WAYS}


@pytest.mark.timeout(600)
def test_the_three_forms_give_the_same_groups_flags_and_counts(
    live: dict[ContentType, Outcome], market: Market
) -> None:
    as_json = live[ContentType.JSON]
    assert len(as_json.groups) > 3
    assert sum(read for topic, _, read, *_ in as_json.counts if topic == "orders.v1") == len(
        market.fix
    )
    assert all(late == dead == 0 for *_, late, dead in as_json.counts)
    for form in (ContentType.ARROW, ContentType.FIX):
        assert live[form] == as_json
    flag_ids = [flag["flag_id"] for flag in as_json.flags]
    assert len(set(flag_ids)) == len(flag_ids)
    published = {name for name, value in as_json.newest.items() if value is not None}
    assert published == set(as_json.groups)


@pytest.mark.timeout(600)
def test_the_broker_gives_what_a_scan_of_the_files_gives(
    live: dict[ContentType, Outcome], market: Market, tmp_path: Path
) -> None:
    """All but `run` and `group_id`: a live group keeps the id it was first raised with."""
    orders = pa.Table.from_batches([market.orders])
    write_dataset(tmp_path / "data", {"orders": orders, **market.tables})
    result = scan(
        Dataset.open(tmp_path / "data"),
        params=DetectionParams(),
        now_ns=int(orders["event_time_ns"][-1].as_py()),
        finished_ns=lambda: 0,
        known_groups={},
        name=STREAM,
        artifact=load_classifier(),
    )
    scanned = [without_run(found.group) for found in result.findings.groups]
    for outcome in live.values():
        assert _without_ids(list(outcome.groups.values())) == _without_ids(scanned)


def _without_ids(groups: list[dict[str, Any]]) -> list[str]:
    return sorted(
        json.dumps({name: value for name, value in group.items() if name != "group_id"})
        for group in groups
    )
