"""`surveillance produce`: a dataset goes into the topics whole, in order, in every form."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from helpers.command import run, the_refusal
from helpers.kafka_cluster import KafkaCluster
from helpers.kafka_traffic import drain
from helpers.wire import cut_to_fix

from streams.codec import Decoded, decode
from streams.files import write_dataset
from streams.kafka.admin import check_topics, plan_topics
from streams.kafka.consumer import PartitionConsumer
from streams.kafka.errors import KafkaError
from streams.tables import TABLES
from streams.topics import Topics

pytestmark = pytest.mark.kafka_transactions  # topics are made
START_NS = 1_767_621_600_000_000_000
SECOND_NS = 1_000_000_000
FAMILIES = {"ESH6": "ES", "MESH6": "ES", "CLG6": "CL"}


def order(number: int, **changes: Any) -> dict[str, Any]:
    kinds = ("new", "fill", "cancel", "replace", "reject", "expire")
    instruments = ("ESH6", "MESH6", "CLG6", "NQ")
    return {
        "event_time_ns": START_NS + number * 1_000_037,
        "account_id": f"A{number % 5}",
        "instrument_id": instruments[number % 4],
        "side": ("buy", "sell")[number % 2],
        "quantity": 1.0 + number % 3,
        "event_id": f"E{number:05d}",
        "event_type": kinds[number % 6],
        "sequence": number,
        "order_id": f"O{number}",
        "client_order_id": f"C{number}",
        "firm_id": f"F{number % 3}",
        "order_type": "limit",
        "limit_price": 100.25 + number,
    } | changes


ORDERS = [order(number) for number in range(12_000)]
REFERENCE: dict[str, list[dict[str, Any]]] = {
    "instruments": [{"instrument_id": name, "family": family} for name, family in FAMILIES.items()],
    "accounts": [{"account_id": f"A{number}", "owner_id": "P"} for number in range(5)],
    "declarations": [
        {"declaration_id": "D", "leader_account_id": "A0", "account_id": f"A{number}"}
        for number in (1, 2)
    ],
    "sessions": [{"session_id": "S", "account_id": "A0", "start_time_ns": START_NS}],
}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stored(tmp_path_factory.mktemp("produced") / "day", ORDERS)


def stored(path: Path, orders: list[dict[str, Any]]) -> Path:
    rows = {"orders": orders, **REFERENCE}
    tables = {
        name: pa.Table.from_pylist(found, schema=TABLES[name].schema)
        for name, found in rows.items()
    }
    write_dataset(path, tables)
    return path


def produced(kafka: KafkaCluster, dataset: Path, *options: object) -> tuple[Topics, dict[str, Any]]:
    topics = Topics(kafka.new_prefix())
    outcome = run(
        *("produce", dataset, "--kafka", kafka.bootstrap, "--topic-prefix", topics.prefix),
        *("--json", *options),
    )
    assert (outcome.status, outcome.err) == (0, "")
    summary: dict[str, Any] = json.loads(outcome.out)
    return topics, summary


def test_every_form_keeps_event_order_in_a_partition_and_a_family_in_one(
    kafka: KafkaCluster, dataset: Path
) -> None:
    places = set()
    for form in ("json", "arrow", "fix"):
        topics, _ = produced(kafka, dataset, "--format", form, "--partitions", 2)
        with PartitionConsumer(kafka.settings, [topics.orders], {}) as consumer:
            messages = sorted(drain(consumer), key=lambda m: (m.partition, m.offset))
        found = decode(messages, "orders", firm_id=None, latest_time_ns=2 * START_NS)
        rows = found.batch.to_pylist()
        partitions = [messages[index].partition for index in found.message]
        for partition in set(partitions):
            times = [
                row["event_time_ns"]
                for row, place in zip(rows, partitions, strict=True)
                if place == partition
            ]
            assert times == sorted(times)
        names = [FAMILIES.get(row["instrument_id"], row["instrument_id"]) for row in rows]
        places |= set(zip(names, partitions, strict=True))
    assert len(places) == len({family for family, _ in places})


def received(
    kafka: KafkaCluster, topic: str, table: str = "orders", firm_id: str | None = None
) -> list[dict[str, Any]]:
    """Return the events of a topic, each partition in its order."""
    with PartitionConsumer(kafka.settings, [topic], {}) as consumer:
        messages = sorted(drain(consumer), key=lambda m: (m.partition, m.offset))
    found: Decoded = decode(messages, table, firm_id=firm_id, latest_time_ns=2 * START_NS)
    assert found.dead == ()
    return list(found.batch.to_pylist())


def whole(rows: list[dict[str, Any]], table: str = "orders") -> list[dict[str, Any]]:
    names = TABLES[table].schema.names
    return [{name: row.get(name) for name in names} for row in rows]


def in_order(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: (row["event_time_ns"], row["sequence"]))


@pytest.mark.parametrize("form", ["json", "arrow", "fix"])
def test_a_dataset_arrives_whole_in_every_form(
    kafka: KafkaCluster, dataset: Path, form: str
) -> None:
    topics, summary = produced(kafka, dataset, "--format", form, "--partitions", 3)
    check_topics(kafka.settings, plan_topics(topics, 3))
    expected = whole(ORDERS)
    if form == "fix":
        expected = [cut_to_fix(row) for row in expected]
    rows = received(kafka, topics.orders)
    assert in_order(rows) == expected
    for family in ("ES", "CL", "NQ"):
        times = [
            row["event_time_ns"]
            for row in rows
            if FAMILIES.get(row["instrument_id"], row["instrument_id"]) == family
        ]
        assert times == sorted(times), "a family left event order"
    for table, sent in REFERENCE.items():
        got = received(kafka, topics.of(table), table)
        assert sorted(got, key=str) == sorted(whole(sent, table), key=str)
    assert summary["events"] == {
        topics.of("instruments"): 3,
        topics.of("accounts"): 5,
        topics.of("declarations"): 2,
        topics.of("sessions"): 1,
        topics.orders: len(ORDERS),
    }
    assert summary["first_time_ns"] == ORDERS[0]["event_time_ns"]
    assert summary["last_time_ns"] == ORDERS[-1]["event_time_ns"]


@pytest.mark.parametrize("form", ["json", "arrow", "fix"])
def test_every_firm_may_have_a_topic_of_its_own(
    kafka: KafkaCluster, tmp_path: Path, form: str
) -> None:
    orders = ORDERS[:60] + ([order(60, firm_id=None)] if form != "fix" else [])
    path = stored(tmp_path / "day", orders)
    topics, summary = produced(kafka, path, "--firm-topics", "--format", form)
    for firm_id in ("F0", "F1", "F2"):
        rows = received(kafka, topics.orders_of(firm_id), firm_id=firm_id)
        assert {row["firm_id"] for row in rows} == {firm_id}
        assert summary["events"][topics.orders_of(firm_id)] == len(rows) == 20
    shared = received(kafka, topics.orders)
    assert [row["event_id"] for row in shared] == ["E00060"] * (form != "fix")


def test_orders_out_of_order_are_sent_in_event_order(kafka: KafkaCluster, tmp_path: Path) -> None:
    orders = [order(number, instrument_id="ESH6") for number in (5, 3, 9, 0, 7)]
    topics, _ = produced(kafka, stored(tmp_path / "day", orders))
    assert [row["sequence"] for row in received(kafka, topics.orders)] == [0, 3, 5, 7, 9]


def test_a_replay_takes_its_share_of_the_events_time(kafka: KafkaCluster, tmp_path: Path) -> None:
    orders = [order(n, event_time_ns=START_NS + n * SECOND_NS) for n in range(11)]
    path = stored(tmp_path / "day", orders)
    topics, summary = produced(kafka, path, "--speed", "5x")
    assert len(received(kafka, topics.orders)) == 11
    assert summary["seconds"] >= 2.0


def test_orders_without_a_sequence_get_distinct_fix_numbers(
    kafka: KafkaCluster, tmp_path: Path
) -> None:
    orders = [order(number, sequence=None, client_order_id=None) for number in range(6_000)]
    topics, _ = produced(kafka, stored(tmp_path / "day", orders), "--format", "fix")
    rows = received(kafka, topics.orders)
    assert len({row["event_id"] for row in rows}) == 6_000


def test_a_bad_dataset_is_refused_before_anything_is_sent(
    kafka: KafkaCluster, tmp_path: Path
) -> None:
    path = stored(tmp_path / "day", [*ORDERS[:10], order(10, side="short")])
    prefix = kafka.new_prefix()
    outcome = run("produce", path, "--kafka", kafka.bootstrap, "--topic-prefix", prefix)
    assert "row 11, column side" in the_refusal(outcome)
    with pytest.raises(KafkaError, match="does not exist"):
        PartitionConsumer(kafka.settings, [f"{prefix}accounts.v1"], {})


def test_what_a_form_cannot_carry_is_refused(kafka: KafkaCluster, tmp_path: Path) -> None:
    path = stored(tmp_path / "day", [order(1, firm_id=None)])
    prefix = kafka.new_prefix()
    outcome = run(
        *("produce", path, "--kafka", kafka.bootstrap, "--topic-prefix", prefix),
        *("--format", "fix"),
    )
    assert "firm_id must be given to be written as FIX" in the_refusal(outcome)
    path = stored(tmp_path / "other", [order(1, firm_id="a/b")])
    outcome = run(
        *("produce", path, "--kafka", kafka.bootstrap, "--topic-prefix", prefix),
        "--firm-topics",
    )
    assert "firm_id of a topic" in the_refusal(outcome)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--speed", "fast"], "must be a number above 0"),
        (["--speed", "0x"], "must be a number above 0"),
        (["--format", "avro"], "must be json, arrow or fix"),
        (["--partitions", "0"], "--partitions"),
    ],
)
def test_wrong_options_are_wrong_usage(dataset: Path, options: list[str], words: str) -> None:
    outcome = run("produce", dataset, "--kafka", "127.0.0.1:1", *options)
    assert outcome.status == 2
    assert words in outcome.err


def test_a_wrong_address_is_refused_in_one_line(dataset: Path) -> None:
    line = the_refusal(run("produce", dataset, "--kafka", "nowhere"))
    assert "address must be HOST:PORT" in line
