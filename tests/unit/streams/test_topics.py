"""Names of topics and keys of messages."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import StreamError
from streams.tables import TABLES
from streams.topics import Topics, keys


@given(st.sampled_from(list(TABLES)), st.sampled_from(["", "t1.", "orders.v1."]))
def test_a_topic_tells_its_table(table: str, prefix: str) -> None:
    topics = Topics(prefix)
    assert topics.table(topics.of(table)) == table
    assert topics.firm(topics.of(table)) is None


@given(st.from_regex(r"[A-Za-z0-9._-]{1,40}", fullmatch=True))
def test_a_firms_topic_tells_its_firm(firm_id: str) -> None:
    topics = Topics("p.")
    topic = topics.orders_of(firm_id)
    assert topic == f"p.orders.v1.{firm_id}"
    assert (topics.table(topic), topics.firm(topic)) == ("orders", firm_id)


def test_other_topics_carry_no_table() -> None:
    topics = Topics("p.")
    ours = (topics.groups, topics.flags, topics.dead_letters)
    assert ours == ("p.groups.v1", "p.flags.v1", "p.dead-letters.v1")
    for topic in (*ours, "orders.v1", "p.orders.v2", "p.orders.v1.", "p.sessions.v1.F1"):
        assert topics.table(topic) is None


@pytest.mark.parametrize("firm_id", ["", "a b", "é", "a/b", "x" * 250])
def test_a_firm_that_no_topic_can_name_is_refused(firm_id: str) -> None:
    with pytest.raises(StreamError, match="firm_id of a topic"):
        Topics().orders_of(firm_id)


def test_an_unknown_table_is_refused() -> None:
    with pytest.raises(StreamError, match="table must be one of orders"):
        Topics().of("trades")


def batch(table: str, rows: list[dict[str, str]]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(rows, TABLES[table].schema)


def test_keys_keep_together_what_must_stay_in_order() -> None:
    orders = batch(
        "orders", [{"instrument_id": "ESZ6"}, {"instrument_id": "MESZ6"}, {"instrument_id": "CL"}]
    )
    families = {"ESZ6": "ES", "MESZ6": "ES"}
    assert keys(orders, "orders", families) == ["ES", "ES", "CL"]
    assert keys(batch("sessions", [{"account_id": "A"}]), "sessions") == ["A"]
    assert keys(batch("accounts", [{"account_id": "A"}]), "accounts") == ["A"]
    rows = [{"declaration_id": "D", "account_id": name} for name in ('A","B', "é")]
    assert keys(batch("declarations", rows), "declarations") == ['["D","A\\",\\"B"]', '["D","é"]']
