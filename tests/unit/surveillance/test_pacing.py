"""Rows leave at their event time, times the speed, and all of them in their order."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveillance.jobs.pacing import paced

SECOND_NS = 1_000_000_000


class Clock:
    """A clock that only waiting moves, a little more than was asked for."""

    def __init__(self, overshoot_s: float = 0.0) -> None:
        self.overshoot_s = overshoot_s
        self.now_ns = 5 * SECOND_NS
        self.longest_wait_s = 0.0

    def wait(self, seconds: float) -> None:
        self.longest_wait_s = max(self.longest_wait_s, seconds)
        self.now_ns += round((seconds + self.overshoot_s) * 1e9)


def batches_of(times_ns: list[int], rows: int) -> list[pa.RecordBatch]:
    batch = pa.record_batch([pa.array(times_ns, pa.int64())], ["event_time_ns"])
    return [batch.slice(at, rows) for at in range(0, len(times_ns), rows)]


def play(
    times_ns: list[int], speed: float | None, clock: Clock, rows: int = 3
) -> list[tuple[int, int]]:
    """Return each row's time with the time at which it left."""
    start_ns = clock.now_ns
    return [
        (time_ns, clock.now_ns - start_ns)
        for piece in paced(
            batches_of(times_ns, rows), speed, clock_ns=lambda: clock.now_ns, wait=clock.wait
        )
        for time_ns in piece.column("event_time_ns").to_pylist()
    ]


@given(
    st.lists(st.integers(0, 20 * SECOND_NS), min_size=1, max_size=20).map(sorted),
    st.sampled_from([0.5, 1.0, 10.0, 3600.0]),
    st.integers(1, 7),
    st.floats(0, 0.3),
)
def test_no_row_leaves_before_its_time_or_much_after(
    times_ns: list[int], speed: float, rows: int, overshoot_s: float
) -> None:
    clock = Clock(overshoot_s)
    left = play(times_ns, speed, clock, rows)
    assert [time_ns for time_ns, _ in left] == times_ns
    for time_ns, left_ns in left:
        due_ns = (time_ns - times_ns[0]) / speed
        assert due_ns - 1_000 <= left_ns <= due_ns + (0.005 + overshoot_s) * 1e9 + 1_000
    assert clock.longest_wait_s <= 1.0


def test_without_a_speed_nothing_waits() -> None:
    clock = Clock()
    times_ns = [0, 10**18]
    assert play(times_ns, None, clock) == [(0, 0), (10**18, 0)]


@pytest.mark.parametrize("speed", [None, 10.0])
def test_nothing_comes_of_nothing(speed: float | None) -> None:
    assert play([], speed, Clock()) == []
    empty = batches_of([1], 1)[0].slice(0, 0)
    assert [piece.num_rows for piece in paced([empty, *batches_of([1], 1)], 5.0)] == [1]
