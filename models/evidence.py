"""Pair evidence: rows of the rank test from any number of families and workers, added up.

A pair is judged in two ways, each worth half of the error budget (hence the ln 2): the largest
evidence it ever had in one family, which finds copying that began late or ended early, and what
it has now over all families together, with every decision of the leader charged, which finds
copying thinly spread over many families. Ville's inequality covers the first at any time, Markov's
the second.
"""

from collections.abc import Sequence
from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from models.columns import N_CHANNELS, PairEvidence
from models.params import RankTestParams
from models.ranktest import FamilyRows, miss_table

LN_CHANCES = float(np.log(2.0))
"""Price of judging a pair in two ways."""
_MIN_ANSWERS = 2


def pair_evidence(
    rows: Sequence[FamilyRows], *, decisions: NDArray[np.int64], params: RankTestParams
) -> PairEvidence:
    """Add the rows of all workers and families into one row a pair and channel.

    Pairs with a single answer are left out: one answer is never evidence.

    Parameters
    ----------
    rows : sequence of FamilyRows
        Disjoint in (leader, follower, channel, family).
    decisions : ndarray of int64, shape (n_accounts,)
        Decisions of each account over all families: its opportunities to be copied.
    params : RankTestParams
        The mixture that the rows were made with.

    Returns
    -------
    PairEvidence
        Sorted by (leader, follower, channel).
    """
    merged = FamilyRows(
        **{c.name: np.concatenate([getattr(r, c.name) for r in rows]) for c in fields(FamilyRows)}
    )
    n_accounts = decisions.size
    key = (merged.leader.astype(np.int64) * n_accounts + merged.follower) * N_CHANNELS
    key += merged.channel
    order = np.lexsort((merged.family, key))
    key = key[order]
    first = np.flatnonzero(np.diff(key, prepend=-1))
    answers = np.add.reduceat(merged.answers[order], first) if first.size else merged.answers[:0]
    best = np.maximum.reduceat(merged.best[order], first) if first.size else merged.best[:0]
    total = np.add.reduceat(merged.total[order], first, axis=0) if first.size else merged.total[:0]
    kept = answers >= _MIN_ANSWERS
    pairs = order[first[kept]]
    leader = merged.leader[pairs]
    overall = total[kept] + decisions[leader][:, None] * miss_table(params)
    return PairEvidence(
        leader=leader,
        follower=merged.follower[pairs],
        channel=merged.channel[pairs],
        ln_e=np.maximum(best[kept], ln_mean_exp(overall)) - LN_CHANCES,
        answers=answers[kept],
        opportunities=decisions[leader],
    )


def ln_mean_exp(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the logarithm of the mean of exponentials over the last axis."""
    top = x.max(axis=-1, initial=-np.inf, keepdims=True)
    mean = np.exp(x - top).mean(axis=-1) if x.size else np.empty(x.shape[:-1])
    result: NDArray[np.float64] = top[..., 0] + np.log(mean)
    return result


def n_tests(n_accounts: int, n_starts: int) -> int:
    """Return m: ordered pairs x channels, or the starts of pair rows where those are more."""
    return max(N_CHANNELS * n_accounts * (n_accounts - 1), n_starts, 1)


def ln_threshold(m: int, tolerated: float) -> float:
    """Return ln T = ln(m / v): at it, the expected number of false pairs is at most v."""
    return float(np.log(m / tolerated))
