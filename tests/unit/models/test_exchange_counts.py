"""The kernel of the label-exchange test against the same counts said plainly."""

import numpy as np
import pytest
from numpy.typing import NDArray

from models.kernels.exchange import count_near

SECOND_NS = 10**9
MINUTE_NS, BIN_NS = 60 * SECOND_NS, 600 * SECOND_NS
WINDOWS_NS = np.array([1, 10, 120]) * SECOND_NS
BURST_NS, PHASE_NS, N_LEVELS = 5 * SECOND_NS, 3 * SECOND_NS, 8


def plain(
    own: NDArray[np.int64], source: NDArray[np.int64], strangers: NDArray[np.int64]
) -> tuple[dict[tuple[int, ...], list[int]], list[int]]:
    """Return for each stratum own, all and near by component; and the hits."""
    bins = set((own // BIN_NS).tolist())
    rows = [(t, True) for t in own.tolist()]
    rows += [(t, False) for t in strangers.tolist() if t // BIN_NS in bins]
    times = np.array([t for t, _ in rows])
    counts: dict[tuple[int, ...], list[int]] = {}
    hits = [0] * 6
    for t, is_own in rows:
        around = np.count_nonzero(np.abs(times - t) <= BURST_NS)
        usual = np.count_nonzero(times // BIN_NS == t // BIN_NS) * (2.0 * BURST_NS / BIN_NS)
        level = int(np.floor(1.5 * np.log2((around + 1.0) / (usual + 1.0)) + 1.0))
        stratum = (t // BIN_NS, min(max(level, 0), N_LEVELS - 1), int(t % MINUTE_NS < PHASE_NS))
        since = t - source
        near = [bool(((since >= 0) & (since <= w)).any()) for w in WINDOWS_NS.tolist()]
        near += [bool((np.abs(since) <= w).any()) for w in WINDOWS_NS.tolist()]
        row = counts.setdefault(stratum, [0] * 8)
        for place, says in enumerate((is_own, True, *near)):
            row[place] += says
        hits = [hit + (is_own and says) for hit, says in zip(hits, near, strict=True)]
    return counts, hits


@pytest.mark.parametrize("seed", range(6))
def test_the_kernel_counts_what_the_words_say(seed: int) -> None:
    rng = np.random.default_rng(seed)
    own, source, strangers = (
        10**18 + np.sort(rng.integers(0, 7_200, n)) * SECOND_NS for n in (12, 40, 900)
    )
    n_own, n_all, n_near, hits = count_near(
        own, source, strangers, WINDOWS_NS, BIN_NS, BURST_NS, PHASE_NS, N_LEVELS
    )
    counts, expected_hits = plain(own, source, strangers)
    found = np.column_stack([n_own, n_all, *n_near])[n_all > 0]
    assert found.tolist() == [counts[stratum] for stratum in sorted(counts)]
    assert hits.tolist() == expected_hits
