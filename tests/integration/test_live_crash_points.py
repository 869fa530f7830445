"""A worker that dies at any point leaves what an uninterrupted one would: bit for bit, once."""

from collections import Counter
from pathlib import Path

import pytest
from helpers.crashing import (
    TOPICS,
    Fuse,
    Log,
    market_log,
    results,
    times_published,
    work_through_crashes,
)

KINDS = Counter(
    f"{when} {what}"
    for when in ("before", "after")
    for what in ("the commit of a step", "the commit of a closing", "sending", "acknowledging")
)
EVERY = 6


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


@pytest.mark.slow
def test_a_crash_at_any_point_changes_nothing(
    tmp_path: Path, logs: tuple[Log, Log], whole: tuple[dict, Fuse]
) -> None:
    for point in range(len(whole[1].passed)):
        check(tmp_path / f"{point}.db", logs, whole, (point,))
