"""A worker that dies at any point leaves what an uninterrupted one would: bit for bit, once."""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pyarrow as pa
import pytest
from helpers.crashing import (
    SETTINGS,
    STREAM,
    TOPICS,
    Fuse,
    Log,
    MemoryTopics,
    market_log,
    results,
    take_over,
    times_published,
    work_through_crashes,
)
from sqlalchemy import event

from surveillance.errors import StoreError
from surveillance.live.engine import Engine
from surveillance.store import Store

KINDS = Counter(
    f"{when} {what}"
    for when in ("before", "after")
    for what in ("the commit of a step", "the commit of a closing", "sending", "acknowledging")
)
EVERY = 6
MEANING = {"locked": "another process is writing to it", "full": "the disk is full"}


@pytest.fixture(scope="module")
def logs() -> tuple[Log, Log]:
    return market_log()


@pytest.fixture(scope="module")
def whole(logs: tuple[Log, Log], tmp_path_factory: pytest.TempPathFactory) -> tuple[dict, Fuse]:
    path = tmp_path_factory.mktemp("whole") / "s.db"
    topics, fuse = work_through_crashes(path, logs, ())
    return results(path, topics), fuse


def check(
    path: Path, logs: tuple[Log, Log], whole: tuple[dict, Fuse], crashes: range | tuple[int]
) -> Fuse:
    topics, fuse = work_through_crashes(path, logs, crashes)
    expected = whole[0]
    for part, content in results(path, topics).items():
        assert content == expected[part], f"{part} after crashes at {list(crashes)}"
    assert set(times_published(topics, TOPICS.flags).values()) == {1}
    return fuse


def test_the_market_shows_everything_that_a_crash_could_spoil(
    whole: tuple[dict, Fuse],
) -> None:
    content, fuse = whole
    outcomes, holds, *_ = content["stream"]
    assert holds
    assert min(outcomes.accepted, outcomes.duplicates, outcomes.late, outcomes.dead) > 0
    flags = b"".join(value for _, value, _ in content["published"][TOPICS.flags])
    assert b'"state":"provisional"' in flags
    assert b'"state":"confirmed"' in flags
    assert set(fuse.passed) == set(KINDS)


@pytest.mark.parametrize("first", range(EVERY))
def test_crashes_at_every_sixth_point_change_nothing(
    first: int, tmp_path: Path, logs: tuple[Log, Log], whole: tuple[dict, Fuse]
) -> None:
    fuse = check(tmp_path / "s.db", logs, whole, range(first, 10_000, EVERY))
    assert len(fuse.passed) // EVERY >= 12, "that many crashes"


def test_accounts_of_provisional_groups_are_there_before_the_first_closing(
    tmp_path: Path, logs: tuple[Log, Log]
) -> None:
    with Store.open(f"sqlite:///{tmp_path}/s.db") as store:
        session = take_over(store, logs, MemoryTopics(Fuse()))
        while not (groups := store.reader.list_groups().groups):
            session.step()
        (run,) = store.reader.list_runs().runs
        assert run.run_id == "live-live", "nothing was closed"
        for member in store.reader.get_group(groups[0].group_id).members:
            account = store.reader.get_account(member.account_id)
            assert [group.group_id for group in account.groups] == [groups[0].group_id]
            assert account.account.n_orders >= account.account.n_decisions > 0
            assert account.account.owner_id == f"O{member.account_id[-1]}"


def test_a_second_worker_takes_over_and_the_first_one_says_so(
    tmp_path: Path, logs: tuple[Log, Log], whole: tuple[dict, Fuse]
) -> None:
    path, topics = tmp_path / "s.db", MemoryTopics(Fuse())
    with Store.open(f"sqlite:///{path}") as store:
        first = take_over(store, logs, topics)
        for _ in range(4):
            first.step()
        second = take_over(store, logs, topics)
        second.step()
        with pytest.raises(StoreError, match="another worker has taken over stream"):
            first.step()
        second.finish()
    assert results(path, topics) == whole[0]


@pytest.mark.parametrize("loss", ["locked", "full"])
def test_a_store_that_fails_ends_the_worker_and_nothing_is_half_done(
    loss: str,
    tmp_path: Path,
    logs: tuple[Log, Log],
    whole: tuple[dict, Fuse],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("surveillance.store.database.BUSY_TIMEOUT_S", 0.1)
    path, topics = tmp_path / "s.db", MemoryTopics(Fuse())
    with Store.open(f"sqlite:///{path}") as store:
        session = take_over(store, logs, topics)
        for _ in range(3):
            session.step()
        before = store.live(STREAM).load()
        with failing(path, store, loss), pytest.raises(StoreError, match=MEANING[loss]):
            session.finish()
        assert store.live(STREAM).load() == before or loss == "full"
        (summary,) = store.streams.list_streams().streams
        assert summary.holds
    with Store.open(f"sqlite:///{path}") as store:
        take_over(store, logs, topics).finish()
    assert results(path, topics) == whole[0]


def test_a_start_detects_again_only_what_came_after_the_saved_state(
    tmp_path: Path, logs: tuple[Log, Log], monkeypatch: pytest.MonkeyPatch
) -> None:
    counts: Counter[str] = Counter()

    def counting(name: str) -> None:
        method = getattr(Engine, name)

        def counted(engine: Engine, batch: pa.RecordBatch) -> object:
            counts[name] += batch.num_rows
            return method(engine, batch)

        monkeypatch.setattr(Engine, name, counted)

    with Store.open(f"sqlite:///{tmp_path}/s.db") as store:
        topics = MemoryTopics(Fuse())
        take_over(store, logs, topics).finish()
        for name in ("process", "replay", "recall"):
            counting(name)
        take_over(store, logs, topics)
        (summary,) = store.streams.list_streams().streams
    assert counts["process"] == 0
    assert counts["replay"] < 2 * SETTINGS.snapshot_events + SETTINGS.messages_a_step
    assert counts["recall"] > 0
    assert counts["replay"] + counts["recall"] < summary.outcomes.accepted, "a part is forgotten"


@contextmanager
def failing(path: Path, store: Store, loss: str) -> Iterator[None]:
    """Let the store be locked by another process, or its disk have room for a little more."""
    if loss == "locked":
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
        return
    engine = store.live(STREAM)._engine

    def limit(connection: sqlite3.Connection, *_: object) -> None:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count={pages + 20}")

    engine.dispose()
    event.listen(engine, "connect", limit)
    yield


@pytest.mark.slow
def test_a_crash_at_any_point_changes_nothing(
    tmp_path: Path, logs: tuple[Log, Log], whole: tuple[dict, Fuse]
) -> None:
    for point in range(len(whole[1].passed)):
        check(tmp_path / f"{point}.db", logs, whole, (point,))
