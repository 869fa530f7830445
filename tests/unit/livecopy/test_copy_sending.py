"""How long a copy takes is counted when the broker has taken it, and once."""

from collections.abc import Sequence

import pytest
from helpers.copying import Stage, copy_plan, follower_plan

from streams.messages import Record
from surveillance.live.publisher import IDENTITY
from surveillance.livecopy.latency import Latencies
from surveillance.livecopy.sending import TimedSender

MS = 1_000_000


class Broker:
    """Takes records until it is away."""

    is_away = False

    def send(self, records: Sequence[Record]) -> list[tuple[int, int]]:
        if self.is_away:
            raise ConnectionError
        return [(0, number) for number in range(len(records))]


def record(identity: str) -> Record:
    return Record("copier-orders.v1", b"{}", b"key", ((IDENTITY, identity.encode()),))


def test_a_copy_is_counted_for_its_follower_when_it_is_sent() -> None:
    stage = Stage(copy_plan(follower_plan("a"), follower_plan("b")))
    copies = stage.places("buy", 1, "1", limit_price=6_000.0)
    broker, latencies = Broker(), Latencies(["a", "b"])
    sender = TimedSender(broker, latencies, clock=lambda: 7 * MS)
    sender.begin(copies, 3 * MS)
    broker.is_away = True
    records = [record(copy.event_id) for copy in copies]
    with pytest.raises(ConnectionError):
        sender.send(records)
    assert latencies.to_json("a")["worst_ms"] is None
    broker.is_away = False
    assert sender.send(records) == [(0, 0), (0, 1)]
    sender.send(records)
    for name in ("a", "b"):
        told = latencies.to_json(name)
        assert (sum(told["counts"]), told["worst_ms"]) == (1, 4.0)


def test_what_is_no_new_copy_is_not_counted() -> None:
    stage = Stage(copy_plan(follower_plan("a")))
    (copy,) = stage.places("buy", 1, "1", limit_price=6_000.0)
    stage.ack(copy)
    canceled = stage.takes_back("buy", 1, "1")
    latencies = Latencies(["a"])
    sender = TimedSender(Broker(), latencies, clock=lambda: 7 * MS)
    sender.begin(canceled, 0)
    sender.send([record(one.event_id) for one in canceled] + [record("a letter")])
    assert canceled
    assert sum(latencies.to_json("a")["counts"]) == 0
