"""Rows in memory: those of a few accounts are what reading all of them and choosing would give."""

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from surveillance.live.recent_rows import RecentRows
from surveillance.pipeline.spool import ROW

SECOND_NS = 10**9
N_ROWS = 150_000  # more than two parts


def some_rows(rng: np.random.Generator) -> NDArray[np.void]:
    rows = np.zeros(N_ROWS, ROW)
    rows["event_time_ns"] = np.sort(rng.integers(0, 1_000, N_ROWS)) * SECOND_NS
    rows["account"] = rng.integers(0, 500, N_ROWS)
    rows["number"] = np.arange(N_ROWS)
    return rows


def numbers(parts: list[NDArray[np.void]]) -> list[int]:
    return [number for part in parts for number in part["number"].tolist()]


@pytest.mark.parametrize("memory_s", [10_000, 300, 1])
def test_an_accounts_rows_are_found_as_far_back_as_rows_are_remembered(memory_s: int) -> None:
    rng = np.random.default_rng(1)
    rows = some_rows(rng)
    recent = RecentRows(memory_s * SECOND_NS)
    accounts = np.array([3, 77, 499], np.int32)
    edges = [0, *np.sort(rng.integers(1, N_ROWS, 9)).tolist(), N_ROWS]
    for start, end in pairwise(edges):
        recent.append(rows[start:end])
        seen = rows[:end]
        kept = seen[seen["event_time_ns"] >= seen["event_time_ns"][-1] - memory_s * SECOND_NS]
        theirs = kept[np.isin(kept["account"], accounts)]
        assert numbers(list(recent.read())) == kept["number"].tolist()
        assert numbers(list(recent.of(accounts).read())) == theirs["number"].tolist()


def test_nothing_is_found_before_the_first_row() -> None:
    recent = RecentRows(SECOND_NS)
    assert list(recent.read()) == []
    assert numbers(list(recent.of(np.array([0], np.int32)).read())) == []
