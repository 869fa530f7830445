"""Reference data of a copier from topics: the newest row of a key, a tombstone removes it."""

import json
from typing import Any

from helpers.copying import copy_plan, follower_plan
from helpers.crashing import MemorySource

from streams.messages import Message
from streams.topics import Topics
from surveillance.livecopy.reference import TopicReference

TOPICS = Topics()
PLAN = copy_plan(follower_plan("a"), follower_plan("b"))
Log = dict[tuple[str, int], list[Message]]


def written(*entries: tuple[str, str, dict[str, Any] | None]) -> Log:
    log: Log = {(TOPICS.of(t), 0): [] for t in ("accounts", "declarations", "instruments")}
    append(log, *entries)
    return log


def append(log: Log, *entries: tuple[str, str, dict[str, Any] | None]) -> None:
    for table, key, row in entries:
        messages = log[TOPICS.of(table), 0]
        value = None if row is None else json.dumps(row).encode()
        messages.append(Message(TOPICS.of(table), 0, len(messages), value, key.encode()))


def owner(account_id: str, owner_id: str) -> tuple[str, str, dict[str, Any]]:
    return "accounts", account_id, {"account_id": account_id, "owner_id": owner_id}


def declared(account_id: str) -> tuple[str, str, dict[str, Any]]:
    row = {"declaration_id": "d", "leader_account_id": "leader", "account_id": account_id}
    return "declarations", f'["d","{account_id}"]', row


def reading(log: Log) -> TopicReference:
    return TopicReference(MemorySource(log, {}), TOPICS, PLAN, lambda: 2**62)


def test_everything_that_is_there_is_read_before_the_plan_is_checked() -> None:
    instrument = {"instrument_id": "ES", "multiplier": 50.0, "tick_size": 0.25, "lot_size": 1.0}
    log = written(
        owner("leader", "me"),
        owner("a", "me"),
        owner("somebody", "other"),
        declared("a"),
        declared("somebody"),
        ("instruments", "ES", instrument),
    )
    records = reading(log).read_to_end()
    assert records.owners == {"leader": "me", "a": "me"}
    assert [one.account_id for one in records.declarations] == ["a"]
    assert records.instruments["ES"].is_valued
    assert records.lot_sizes == {"ES": 1.0}


def test_the_newest_row_counts_and_a_tombstone_removes() -> None:
    log = written(owner("a", "me"), declared("a"), declared("b"))
    reference = reading(log)
    reference.read_to_end()
    append(log, owner("a", "other"), ("declarations", '["d","b"]', None))
    records = reference.refresh()
    assert records.owners == {"a": "other"}
    assert [one.account_id for one in records.declarations] == ["a"]


def test_what_cannot_be_read_changes_nothing() -> None:
    log = written(owner("a", "me"))
    reference = reading(log)
    reference.read_to_end()
    append(log, ("accounts", "wrong key", {"account_id": "a", "owner_id": "thief"}))
    log[TOPICS.of("accounts"), 0].append(Message(TOPICS.of("accounts"), 0, 2, b"{", b"a"))
    assert reference.refresh().owners == {"a": "me"}
