"""The live store on a real SQLite file: a step of a worker goes in whole or not at all."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from helpers.live_commits import (
    DAY_NS,
    START_NS,
    STREAM,
    TOPIC,
    dump,
    full_step,
    letter,
    live_findings,
    step,
)
from sqlalchemy import event

from streams.messages import DeadReason, Message
from surveillance.errors import NotFoundError, StoreError
from surveillance.store import Store
from surveillance.store.live import (
    REPLAY_PARTITION,
    LiveState,
    LiveStore,
    OutboxRecord,
    OutboxRow,
    ReferenceChange,
)
from surveillance.store.live.answers import ReplayState
from surveillance.store.records import GroupFilter


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{path}") as store:
        yield store


@pytest.fixture
def live(store: Store) -> LiveStore:
    return store.live(STREAM)


def test_a_stream_that_nothing_was_committed_of_is_new(live: LiveStore) -> None:
    assert live.load() == LiveState()
    assert list(live.segments()) == []
    assert live.reference("accounts") == []
    assert live.pending() == ()
    assert live.replays() == ()


def test_what_a_worker_committed_is_what_the_next_one_loads(store: Store, live: LiveStore) -> None:
    epoch = live.open_session()
    live.commit(full_step(epoch, 0))
    live.commit(step(epoch, 1))
    assert store.live(STREAM).load() == LiveState(
        positions={(TOPIC, 0): 20},
        progress='{"step":1}',
        n_segments=2,
        snapshot=b"state 0",
    )
    assert list(live.segments()) == [b"segment 0", b"segment 1"]


def test_streams_of_a_store_do_not_meet(store: Store, live: LiveStore) -> None:
    other = store.live("other")
    live.commit(step(live.open_session(), 0))
    other.commit(replace(step(other.open_session(), 7), reference=()))
    assert live.load().positions == {(TOPIC, 0): 10}
    assert list(other.segments()) == [b"segment 7"]
    assert other.reference("accounts") == []
    assert store.streams.names() == (STREAM, "other")


def test_segments_are_chosen_by_the_event_times_they_may_hold(live: LiveStore) -> None:
    epoch = live.open_session()
    for number in range(4):
        live.commit(step(epoch, number))
    first_ns, last_ns = START_NS + DAY_NS, START_NS + 3 * DAY_NS - 1
    assert list(live.segments(first_ns, last_ns)) == [b"segment 1", b"segment 2"]
    assert list(live.segments(last_ns=first_ns - 1)) == [b"segment 0"]
    assert list(live.segments(first_ns=last_ns + 1)) == [b"segment 3"]


def test_segments_committed_while_the_journal_is_read_do_not_disturb(live: LiveStore) -> None:
    epoch = live.open_session()
    live.commit(step(epoch, 0))
    read = live.segments()
    assert next(read) == b"segment 0"
    live.commit(step(epoch, 1))
    assert list(read) == [b"segment 1"]


def test_an_older_session_can_no_longer_write(live: LiveStore, path: Path) -> None:
    older = live.open_session()
    live.commit(step(older, 0))
    newer = live.open_session()
    assert newer > older
    before = dump(path)
    with pytest.raises(StoreError, match="another worker has taken over stream 'live'"):
        live.commit(full_step(older, 1))
    assert dump(path) == before
    live.commit(step(newer, 1))


def test_a_commit_without_a_session_is_refused(live: LiveStore) -> None:
    with pytest.raises(StoreError, match="another worker"):
        live.commit(step(1, 0))


def test_a_commit_that_fails_at_any_statement_leaves_the_old_state(
    store: Store, live: LiveStore, path: Path
) -> None:
    epoch = live.open_session()
    live.commit(full_step(epoch, 0))
    live.commit(step(epoch, 1))
    before = dump(path)
    n_left = 0  # statements until one fails

    def fail(*_arguments: object) -> None:
        nonlocal n_left
        n_left -= 1
        if n_left == 0:
            raise StoreError("store", "the disk failed")

    event.listen(store._engine, "before_cursor_execute", fail)
    for n_statements in count(1):
        n_left = n_statements
        try:
            live.commit(full_step(epoch, 2))
        except StoreError:
            assert dump(path) == before
        else:
            break
    event.remove(store._engine, "before_cursor_execute", fail)
    assert n_statements > 50
    assert live.load().progress == '{"step":2}'


def test_a_commit_that_is_not_written_out_leaves_the_old_state(
    store: Store, live: LiveStore, path: Path
) -> None:
    epoch = live.open_session()
    live.commit(step(epoch, 0))
    before = dump(path)

    def fail(_connection: object) -> None:
        raise StoreError("store", "the power went")

    event.listen(store._engine, "commit", fail)
    with pytest.raises(StoreError, match="the power went"):
        live.commit(full_step(epoch, 1))
    event.remove(store._engine, "commit", fail)
    assert dump(path) == before


def test_a_full_disk_is_reported_and_nothing_is_written(
    store: Store, live: LiveStore, path: Path
) -> None:
    epoch = live.open_session()
    live.commit(step(epoch, 0))
    before = dump(path)
    with store._engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    with pytest.raises(StoreError, match="the disk is full; nothing was written"):
        live.commit(replace(step(epoch, 1), snapshot=b"x" * 1_000_000))
    assert dump(path) == before


def test_a_store_that_another_process_writes_to_is_reported(
    store: Store, live: LiveStore, path: Path
) -> None:
    epoch = live.open_session()
    with store._engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=10")  # the pool hands it out again
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(StoreError, match="another process is writing to it"):
            live.commit(step(epoch, 0))
    finally:
        writer.close()
    assert live.load() == LiveState()


def test_a_commit_outlives_a_power_cut(store: Store) -> None:
    with store._engine.connect() as connection:
        full = 2
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == full
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"


# reference data


def test_reference_data_is_the_newest_document_of_each_key(live: LiveStore) -> None:
    epoch = live.open_session()
    changes = [
        ReferenceChange("accounts", "b", "1"),
        ReferenceChange("accounts", "a", "2"),
        ReferenceChange("instruments", "b", "3"),
        ReferenceChange("accounts", "b", None),
        ReferenceChange("accounts", "b", "4"),
    ]
    live.commit(replace(step(epoch, 0), reference=changes))
    assert live.reference("accounts") == ["2", "4"]
    removed = [ReferenceChange("accounts", key, None) for key in ("a", "unknown")]
    live.commit(replace(step(epoch, 1), reference=removed))
    assert live.reference("accounts") == ["4"]
    assert live.reference("instruments") == ["3"]


def test_a_thousand_tombstones_are_one_commit(live: LiveStore) -> None:
    epoch = live.open_session()
    keys = [f"key-{number}" for number in range(1_000)]
    written = [ReferenceChange("accounts", key, "{}") for key in keys]
    live.commit(replace(step(epoch, 0), reference=written))
    removed = [ReferenceChange("accounts", key, None) for key in keys[1:]]
    live.commit(replace(step(epoch, 1), reference=removed))
    assert live.reference("accounts") == ["{}"]


# groups


def test_groups_raised_between_closings_are_listed_like_those_of_a_scan(
    store: Store, live: LiveStore
) -> None:
    epoch = live.open_session()
    findings = live_findings(8)
    raised = findings.groups[:5]
    live.commit(
        replace(
            step(epoch, 0), manifest=findings.manifest, groups=raised, accounts=findings.accounts
        )
    )
    page = store.reader.list_groups(GroupFilter(dataset=STREAM))
    assert {row.group_id for row in page.groups} == {found.group.group_id for found in raised}
    for found in raised:
        assert store.reader.get_group(found.group.group_id) == found.group
        assert store.reader.list_episodes(found.group.group_id).episodes == found.episodes
        member = found.group.members[0].account_id
        assert store.reader.get_account(member).groups[0].group_id == found.group.group_id
    assert {row.state for row in page.groups} == {"provisional", "confirmed"}


def test_a_group_that_is_withdrawn_disappears_and_one_found_again_is_replaced(
    store: Store, live: LiveStore
) -> None:
    epoch = live.open_session()
    findings = live_findings(3)
    live.commit(replace(step(epoch, 0), manifest=findings.manifest, groups=findings.groups))
    gone, changed, kept = (found.group.group_id for found in findings.groups)
    again = replace(
        findings.groups[1], group=replace(findings.groups[1].group, state="provisional")
    )
    live.commit(replace(step(epoch, 1), withdrawn=[gone, "unknown"], groups=[again]))
    assert store.reader.list_groups().total == 2
    assert store.reader.get_group(changed).state == "provisional"
    assert store.reader.get_group(kept) == findings.groups[2].group
    with pytest.raises(NotFoundError):
        store.reader.get_group(gone)
    with pytest.raises(NotFoundError):
        store.reader.list_episodes(gone)


def test_a_withdrawn_id_leaves_the_groups_of_other_datasets_alone(
    store: Store, live: LiveStore
) -> None:
    scanned = replace(live_findings(2), manifest=replace(live_findings(2).manifest, dataset="m"))
    store.record_run(scanned)
    withdrawn = [found.group.group_id for found in scanned.groups]
    live.commit(replace(step(live.open_session(), 0), withdrawn=withdrawn))
    assert store.reader.list_groups().total == 2


def test_a_closing_replaces_the_groups_and_keeps_those_found_since(
    store: Store, live: LiveStore
) -> None:
    epoch = live.open_session()
    early = live_findings(6, run_id="open")
    live.commit(replace(step(epoch, 0), manifest=early.manifest, groups=early.groups))
    closing = live_findings(2, run_id="closed")
    live.commit(replace(step(epoch, 1), run=closing, groups=early.groups[5:]))
    page = store.reader.list_groups()
    assert {row.group_id for row in page.groups} == {"g-0000", "g-0001", "g-0005"}
    assert {row.run_id for row in page.groups} == {"closed"}
    assert store.reader.list_accounts().total == len(closing.accounts)


@pytest.mark.parametrize("part", ["run", "manifest"])
def test_a_run_of_another_dataset_is_refused(live: LiveStore, path: Path, part: str) -> None:
    epoch = live.open_session()
    foreign = replace(live_findings(1).manifest, dataset="market")
    whole = replace(live_findings(1), manifest=foreign)
    before = dump(path)
    with pytest.raises(StoreError, match="is of dataset 'market'"):
        live.commit(replace(step(epoch, 0), **{part: whole if part == "run" else foreign}))
    assert dump(path) == before


def test_groups_before_any_run_are_refused(live: LiveStore) -> None:
    epoch = live.open_session()
    with pytest.raises(StoreError, match="need a run"):
        live.commit(replace(step(epoch, 0), groups=live_findings(1).groups))


# the outbox


def test_the_outbox_holds_an_identity_once_for_ever(live: LiveStore) -> None:
    epoch = live.open_session()
    records = [OutboxRecord("flags.v1", "g", f"{n}", identity) for n, identity in enumerate("aab")]
    live.commit(replace(step(epoch, 0), outbox=records))
    assert live.pending() == (OutboxRow(0, records[0]), OutboxRow(1, records[2]))
    live.acknowledge([0, 1], {("flags.v1", 0): 1})
    again = OutboxRecord("flags.v1", "g", "3", "c")
    live.commit(replace(step(epoch, 1), outbox=[*records, again]))
    assert live.pending() == (OutboxRow(2, again),)


def test_the_outbox_is_read_in_order_and_in_parts(live: LiveStore) -> None:
    epoch = live.open_session()
    for number in range(5):
        live.commit(step(epoch, number))
    assert [row.number for row in live.pending(limit=2)] == [0, 1]
    live.acknowledge([1], {})
    assert [row.number for row in live.pending(limit=2)] == [0, 2]


def test_acknowledged_offsets_only_go_up(live: LiveStore) -> None:
    live.open_session()
    live.acknowledge([], {("flags.v1", 0): 5, ("groups.v1", 1): 3})
    live.acknowledge([], {("flags.v1", 0): 4, ("groups.v1", 1): 9})
    assert live.last_acknowledged() == {("flags.v1", 0): 5, ("groups.v1", 1): 9}


# dead letters


def test_a_dead_letter_comes_back_with_its_bytes(live: LiveStore) -> None:
    letters = [
        letter(3, row=7),
        letter(4, value=None, reason=DeadReason.EMPTY),
        replace(letter(5), message=Message("other", 1, 2, b"\x00\xff", None, (("a", b"\xfe"),))),
    ]
    live.commit(replace(step(live.open_session(), 0), dead=letters))
    assert [live.dead_letter(number).letter for number in range(3)] == letters
    with pytest.raises(NotFoundError, match="no dead letter"):
        live.dead_letter(3)


def test_dead_letters_are_listed_in_pages_by_reason_and_topic(
    store: Store, live: LiveStore
) -> None:
    epoch = live.open_session()
    letters = [
        letter(n, topic=f"orders.v1.F{n % 2}", reason=list(DeadReason)[n % 3]) for n in range(12)
    ]
    live.commit(replace(step(epoch, 0), dead=letters))
    seen: list[int] = []
    after = None
    while True:
        page = store.streams.list_dead_letters(STREAM, after, 5)
        assert page.total == 12
        seen += [row.number for row in page.letters]
        after = page.next_after
        if after is None:
            break
    assert seen == list(range(12))
    page = store.streams.list_dead_letters(STREAM, reason=list(DeadReason)[1], topic="orders.v1.F0")
    assert [row.number for row in page.letters] == [4, 10]
    assert page.letters[0].n_bytes == len(letters[4].message.value or b"")


def test_a_replay_is_a_message_of_a_queue_that_the_worker_commits_its_place_in(
    store: Store, live: LiveStore
) -> None:
    epoch = live.open_session()
    live.commit(replace(step(epoch, 0), dead=[letter(n) for n in range(3)]))
    assert [live.replay(2), live.replay(0), live.replay(2)] == [0, 1, 0]
    first, second = live.replays(live.load().next_replay)
    assert (first.topic, first.partition, first.offset) == (TOPIC, REPLAY_PARTITION, 0)
    assert second._replace(partition=0, offset=0) == letter(0).message

    def states() -> list[ReplayState]:
        return [row.replay for row in store.streams.list_dead_letters(STREAM).letters]

    assert states() == [ReplayState.QUEUED, ReplayState.NONE, ReplayState.QUEUED]
    live.commit(replace(step(epoch, 1), positions={(TOPIC, REPLAY_PARTITION): 1}, dead=()))
    assert states() == [ReplayState.QUEUED, ReplayState.NONE, ReplayState.TAKEN]
    assert live.replays(live.load().next_replay) == (second,)
    with pytest.raises(NotFoundError):
        live.replay(9)
    assert live.replay(1) == 2
