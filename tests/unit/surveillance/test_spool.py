"""The spool: any number of runs in any order come back sorted, in bounded blocks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveillance.pipeline.spool import ROW, Spool, _Run

_ORDER = ("event_time_ns", "sequence", "identity_high", "identity_low", "number")


def random_rows(rng: np.random.Generator, n: int, n_instants: int) -> np.ndarray:
    rows = np.zeros(n, ROW)
    rows["event_time_ns"] = rng.integers(0, max(n_instants, 1), n)
    rows["sequence"] = rng.integers(-1, 3, n)
    rows["identity_high"] = rng.integers(0, 4, n, np.uint64) << np.uint64(62)
    rows["identity_low"] = rng.integers(0, 4, n, np.uint64)
    rows["number"] = rng.permutation(n)
    rows["quantity"] = rng.random(n)
    return rows


def in_order(rows: np.ndarray) -> np.ndarray:
    return rows[np.lexsort(tuple(rows[name] for name in reversed(_ORDER)))]


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    n=st.integers(0, 300),
    n_instants=st.sampled_from([1, 5, 1_000]),
    n_runs=st.integers(1, 12),
    batch_rows=st.sampled_from([1, 2, 7, 50, 1_000]),
    presorted=st.booleans(),
)
def test_runs_come_back_in_event_order(
    seed: int, n: int, n_instants: int, n_runs: int, batch_rows: int, presorted: bool
) -> None:
    rng = np.random.default_rng(seed)
    rows = random_rows(rng, n, n_instants)
    if presorted:
        rows = in_order(rows)
    with Spool() as spool:
        for part in np.array_split(rows, n_runs):
            spool.append(part)
        assert spool.n_rows == n
        for _ in range(2):  # may be read again
            batches = list(spool.read(batch_rows=batch_rows))
            joined = np.concatenate(batches) if batches else np.empty(0, ROW)
            np.testing.assert_array_equal(joined, in_order(rows))
            ends = [batch["event_time_ns"][-1] for batch in batches]
            starts = [batch["event_time_ns"][0] for batch in batches]
            assert all(end < start for end, start in zip(ends, starts[1:], strict=False))


@pytest.mark.parametrize("n_runs", [4, 40])
def test_overlapping_runs_are_read_in_smaller_blocks(
    n_runs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # All runs span the same time: what is loaded at once stays near one batch.
    rng = np.random.default_rng(1)
    rows = random_rows(rng, 100_000, 10**12)
    loaded: dict[int, int] = {}
    most = 0
    fill = _Run.fill

    def watched(run: _Run, block_rows: int) -> bool:
        nonlocal most
        more = fill(run, block_rows)
        loaded[id(run)] = run._block.size
        most = max(most, sum(loaded.values()))
        return more

    monkeypatch.setattr(_Run, "fill", watched)
    with Spool() as spool:
        for part in np.array_split(rows, n_runs):
            spool.append(part)
        n_read = sum(batch.size for batch in spool.read(batch_rows=40_960))
    assert n_read == 100_000
    assert most <= 2 * 40_960


def test_one_instant_longer_than_a_block_is_read_whole() -> None:
    rows = random_rows(np.random.default_rng(2), 5_000, 1)
    rows["event_time_ns"][0] = 5
    with Spool() as spool:
        spool.append(rows[:3_000])
        spool.append(rows[3_000:])
        sizes = [batch.size for batch in spool.read(batch_rows=16)]
    assert sizes == [4_999, 1]


def test_closing_removes_the_files() -> None:
    with Spool() as spool:
        spool.append(random_rows(np.random.default_rng(3), 10, 10))
        path = spool._runs[0]
        assert path.exists()
    assert not path.exists()


def test_an_empty_spool_yields_nothing() -> None:
    with Spool() as spool:
        spool.append(np.empty(0, ROW))
        assert list(spool.read()) == []
