"""The copiers of a store, on a real SQLite file."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from streams.copier import CommandKind
from surveillance.errors import CopierError, CursorError, NotFoundError, StoreError
from surveillance.store import Store
from surveillance.store.copying import CopierStatus, CopyCommit, CopyStore
from surveillance.store.live import LiveCommit, OutboxRecord, Segment

SECOND_NS = 1_000_000_000
START_NS = 1_767_600_000 * SECOND_NS
PLAN: dict[str, Any] = {"leader_account_id": "L", "followers": [{"account_id": "F"}]}
VIEW = {"followers": [{"account_id": "F", "state": "on"}]}
KILL, ARM = CommandKind.KILL_AND_FLATTEN, CommandKind.ARM


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.time_ns = START_NS

    def __call__(self) -> int:
        return self.time_ns


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def copying(tmp_path: Path, clock: Clock) -> Iterator[CopyStore]:
    with Store.open(f"sqlite:///{tmp_path}/s.db") as store:
        yield CopyStore(store.copying._engine, "s.db", clock=clock)


def known(copying: CopyStore, plan_id: str = "p") -> CopyStore:
    copying.record_plan(plan_id, PLAN, START_NS)
    return copying


def step(epoch: int, number: int = 1, *, obeyed: int = 0, **live: Any) -> CopyCommit:
    """Return a commit with one order and one segment."""
    content = {
        "outbox": [OutboxRecord("copies", "F", "{}", f"order-{number}")],
        "segment": Segment(f"segment {number}".encode(), 1, 2, 1),
    }
    live = content | live
    return CopyCommit(LiveCommit(epoch, {("orders.v1", 0): number}, "{}", **live), obeyed, VIEW)


def test_a_plan_that_was_never_recorded_is_not_found(copying: CopyStore) -> None:
    for question in (copying.copier, copying.load, copying.open_session):
        with pytest.raises(NotFoundError, match="holds no copier 'p'"):
            question("p")
    with pytest.raises(NotFoundError):
        copying.add_command("p", ARM, None, START_NS)
    with pytest.raises(NotFoundError):
        copying.record_refusal("p", ["why"], START_NS)
    with pytest.raises(NotFoundError):
        copying.commands_after("p", 0)
    assert copying.list_copiers().copiers == ()


def test_a_status_tells_running_from_silent_and_stopped(copying: CopyStore, clock: Clock) -> None:
    def status() -> CopierStatus:
        (row,) = copying.list_copiers().copiers
        assert copying.copier("p").summary == row
        return row.status

    known(copying)
    assert status() is CopierStatus.NEVER_RUN
    epoch = copying.open_session("p")
    assert status() is CopierStatus.RUNNING
    clock.time_ns += 10 * SECOND_NS
    assert status() is CopierStatus.RUNNING
    clock.time_ns += 1
    assert status() is CopierStatus.SILENT
    copying.commit("p", step(epoch))
    assert status() is CopierStatus.RUNNING
    copying.close_session("p", epoch)
    assert status() is CopierStatus.STOPPED
    assert copying.list_copiers().copiers[0].states == {"on": 1}


def test_the_newest_check_counts(copying: CopyStore) -> None:
    known(copying)
    assert copying.copier("p").checked is None
    assert copying.copier("p").summary.is_refused is None
    copying.record_refusal("p", ["one", "two"], START_NS)
    checked = copying.copier("p").checked
    assert checked is not None
    assert (checked.is_refused, checked.reasons) == (True, ("one", "two"))
    copying.record_verification("p", {"day": "2026-01-05"}, START_NS + 1)
    checked = copying.copier("p").checked
    assert checked is not None
    assert (checked.time_ns, checked.report) == (START_NS + 1, {"day": "2026-01-05"})
    assert copying.copier("p").summary.is_refused is False


def test_a_value_that_json_cannot_hold_is_refused(copying: CopyStore) -> None:
    known(copying)
    with pytest.raises(StoreError, match="cannot hold a value"):
        copying.record_verification("p", {"ratio": float("nan")}, START_NS)
    assert copying.copier("p").checked is None


def test_a_changed_plan_replaces_one_that_does_not_run(copying: CopyStore, clock: Clock) -> None:
    known(copying)
    changed = {**PLAN, "leader_account_id": "M"}
    epoch = copying.open_session("p")
    copying.record_plan("p", PLAN, START_NS + 1)  # the same: nothing happens
    with pytest.raises(CopierError, match="copier 'p' runs as another plan"):
        copying.record_plan("p", changed, START_NS)
    assert copying.copier("p").plan == PLAN
    copying.close_session("p", epoch)
    copying.record_plan("p", changed, START_NS + 2)
    copier = copying.copier("p")
    assert (copier.plan, copier.plan_time_ns) == (changed, START_NS + 2)
    assert copier.summary.leader_account_id == "M"
    copying.open_session("p")
    clock.time_ns += 11 * SECOND_NS  # killed: it will not say that it stopped
    copying.record_plan("p", PLAN, START_NS)


def test_commands_count_up_and_show_whether_they_were_obeyed(copying: CopyStore) -> None:
    known(copying)
    known(copying, "q")
    assert copying.add_command("p", KILL, None, START_NS) == 1
    assert copying.add_command("q", ARM, None, START_NS) == 1
    assert copying.add_command("p", ARM, "F", START_NS + 1) == 2
    with pytest.raises(NotFoundError, match="holds no follower 'L'"):
        copying.add_command("p", ARM, "L", START_NS)
    assert [one.command_id for one in copying.commands_after("p", 0)] == [1, 2]
    copying.commit("p", step(copying.open_session("p"), obeyed=1))
    (waits,) = copying.commands_after("p", 1)
    assert (waits.kind, waits.account_id, waits.is_obeyed) == (ARM, "F", False)
    assert [one.is_obeyed for one in copying.copier("p").commands] == [False, True]
    assert copying.load("p").obeyed_command == 1


def test_a_command_sent_again_under_its_key_is_one_command(copying: CopyStore) -> None:
    known(copying)
    first = copying.add_command("p", KILL, None, START_NS, request_key="k")
    assert copying.add_command("p", KILL, None, START_NS + 1, request_key="k") == first
    assert copying.add_command("p", KILL, None, START_NS, request_key="other") == first + 1
    assert copying.add_command("p", KILL, None, START_NS) == first + 2
    for other in ((ARM, None), (KILL, "F")):
        with pytest.raises(CopierError, match="was told something else under this key"):
            copying.add_command("p", *other, START_NS, request_key="k")
    assert len(copying.commands_after("p", 0)) == 3


def test_a_newer_session_fences_an_older_one(copying: CopyStore) -> None:
    known(copying)
    first = copying.open_session("p")
    second = copying.open_session("p")
    with pytest.raises(CopierError, match="another `copy run` has it"):
        copying.commit("p", step(first, 1, obeyed=5))
    assert copying.load("p").obeyed_command == 0
    assert copying.live("p").pending() == ()
    copying.close_session("p", first)
    assert copying.copier("p").summary.status is CopierStatus.RUNNING
    copying.commit("p", step(second, 2))
    assert copying.load("p").live.positions == {("orders.v1", 0): 2}


def test_a_commit_goes_in_whole_or_not_at_all(copying: CopyStore) -> None:
    known(copying)
    epoch = copying.open_session("p")
    broken = CopyCommit(step(epoch).live, 3, {"followers": [], "bad": float("inf")})
    with pytest.raises(StoreError):
        copying.commit("p", broken)
    state = copying.load("p")
    assert (state.live.positions, state.obeyed_command, state.view) == ({}, 0, None)
    assert copying.live("p").pending() == ()


def test_a_snapshot_may_forget_the_journal_before_it(copying: CopyStore) -> None:
    known(copying)
    epoch = copying.open_session("p")
    copying.commit("p", step(epoch, 1))
    copying.commit("p", step(epoch, 2))
    live = copying.live("p")
    assert list(live.segments()) == [b"segment 1", b"segment 2"]
    copying.commit("p", step(epoch, 3, snapshot=b"all", forgets_segments=True, segment=None))
    copying.commit("p", step(epoch, 4))
    assert list(live.segments()) == [b"segment 4"]
    assert live.load().snapshot == b"all"


def test_pages_hold_every_copier_once(copying: CopyStore) -> None:
    names = [f"p{number}" for number in range(5)]
    for name in names:
        known(copying, name)
    found, cursor = [], None
    while True:
        page = copying.list_copiers(cursor, 2)
        assert page.total == 5
        found += [row.plan_id for row in page.copiers]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert found == names
    with pytest.raises(CursorError):
        copying.list_copiers("nonsense")


def test_plans_that_run_are_named_until_they_stop(copying: CopyStore) -> None:
    known(copying)
    known(copying, "q")
    assert copying.running_plans() == ()
    epoch = copying.open_session("p")
    assert copying.running_plans() == (PLAN,)
    copying.close_session("p", epoch)
    assert copying.running_plans() == ()
