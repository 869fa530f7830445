"""The publisher: each record of the outbox once, whatever dies in between."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from helpers.live_events import MemoryTopics

from streams.messages import Record
from surveillance.live.publisher import Publisher
from surveillance.store import Store
from surveillance.store.live import LiveCommit, LiveStore, OutboxRecord


@pytest.fixture
def live(tmp_path: Path) -> Iterator[LiveStore]:
    with Store.open(f"sqlite:///{tmp_path}/s.db") as store:
        yield store.live("live")


def queue(live: LiveStore, *names: str, value: str = "{}") -> None:
    records = [OutboxRecord("flags.v1", "g", value, name) for name in names]
    live.commit(LiveCommit(live.open_session(), {}, "{}", outbox=records))


def names_of(topics: MemoryTopics) -> list[bytes]:
    return topics.identities("flags.v1")


class DyingSender:
    """Sends, and dies before it can say so."""

    def __init__(self, topics: MemoryTopics) -> None:
        self._topics = topics

    def send(self, records: Sequence[Record]) -> list[tuple[int, int]]:
        self._topics.send(records)
        raise RuntimeError("killed")


def test_what_waits_is_sent_in_order_and_only_once(live: LiveStore) -> None:
    topics = MemoryTopics()
    publisher = Publisher(live, topics, topics.read_back)
    queue(live, "a", "b")
    assert publisher.publish() == 2
    queue(live, "b", "c")
    assert publisher.publish() == 1
    assert publisher.publish() == 0
    assert names_of(topics) == [b"a", b"b", b"c"]
    assert live.last_acknowledged() == {("flags.v1", 0): 2}


def test_an_empty_value_is_a_tombstone(live: LiveStore) -> None:
    topics = MemoryTopics()
    queue(live, "a", value="")
    Publisher(live, topics, topics.read_back).publish()
    assert topics.records["flags.v1"][0].value is None


def test_a_crash_between_sending_and_acknowledging_publishes_once(live: LiveStore) -> None:
    topics = MemoryTopics()
    first = Publisher(live, topics, topics.read_back)
    queue(live, "a")
    first.publish()
    queue(live, "b", "c")
    with pytest.raises(RuntimeError, match="killed"):
        Publisher(live, DyingSender(topics), topics.read_back).publish()
    queue(live, "d")
    again = Publisher(live, topics, topics.read_back)
    again.recover()
    assert again.publish() == 1
    assert names_of(topics) == [b"a", b"b", b"c", b"d"]
    assert live.pending() == ()


def test_a_crash_before_sending_publishes_too(live: LiveStore) -> None:
    topics = MemoryTopics()
    queue(live, "a")
    again = Publisher(live, topics, topics.read_back)
    again.recover()
    assert again.publish() == 1
    assert names_of(topics) == [b"a"]


def test_more_than_one_transaction_is_recovered_whole(live: LiveStore) -> None:
    """A crash in the first of several transactions leaves the later records unsent."""
    topics = MemoryTopics()
    names = [f"r{number:04d}" for number in range(2_500)]
    queue(live, *names)
    with pytest.raises(RuntimeError, match="killed"):
        Publisher(live, DyingSender(topics), topics.read_back).publish()
    again = Publisher(live, topics, topics.read_back)
    again.recover()
    assert again.publish() == 1_500
    assert names_of(topics) == [name.encode() for name in names]
