"""The statistically validated network: more shared time buckets than chance would give.

Given how many buckets two accounts are active in, the number they share would be hypergeometric if
each had chosen its buckets at random among all (Tumminello, Micciche, Lillo, Piilo & Mantegna 2011,
section "Statistical validation"; of investors: Tumminello et al. 2012). Links are kept by Benjamini
& Hochberg 1995 over all pairs of accounts. The null knows no bursts and no sessions: that everybody
chooses among all buckets alike is what it gets wrong in a market.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from models.params import SECOND_NS
from surveillance.jobs.actions import Actions
from surveillance.jobs.baselines.pairs import (
    AccountGroups,
    AccountPairs,
    components,
    shared_buckets,
)

_TAIL_PRECISION = 1e-12


@dataclass(frozen=True, slots=True)
class ValidatedNetworkRule:
    """Bucket of (family, side, time) and the false-discovery rate; 0.01 is the source's level."""

    bucket_ns: int = 10 * SECOND_NS
    false_discovery_rate: float = 0.01


def link_by_validated_network(
    actions: Actions, rule: ValidatedNetworkRule | None = None
) -> AccountPairs:
    """Return the validated pairs.

    Parameters
    ----------
    actions : Actions
        Orders of the dataset. Buckets in which nobody acts count as none.
    rule : ValidatedNetworkRule, optional
        Bucket and level.
    """
    rule = rule or ValidatedNetworkRule()
    pairs, n_buckets, n_all = shared_buckets(actions, rule.bucket_ns)
    if len(pairs) == 0:
        return pairs
    one, other = n_buckets[pairs.low], n_buckets[pairs.high]
    cases = np.stack([pairs.times, np.minimum(one, other), np.maximum(one, other)])
    distinct, case = np.unique(cases, axis=1, return_inverse=True)
    p = hypergeometric_tail(distinct[0], distinct[1], distinct[2], n_all)[case.ravel()]
    n_accounts = len(actions.accounts)
    m = n_accounts * (n_accounts - 1) // 2
    return pairs.take(passes_false_discovery(p, m, rule.false_discovery_rate))


def find_groups(actions: Actions) -> AccountGroups:
    """Return the connected components of the validated network."""
    return components(link_by_validated_network(actions))


def hypergeometric_tail(
    shared: NDArray[np.int64],
    one: NDArray[np.int64],
    other: NDArray[np.int64],
    n_all: int,
) -> NDArray[np.float64]:
    """Return P(X >= shared) of two random subsets with `one` and `other` of `n_all` buckets.

    Parameters
    ----------
    shared, one, other : ndarray of int64, shape (n,)
        Observed overlap and sizes of the two sets.
    n_all : int
        Size of the universe.

    Notes
    -----
    The first term by logarithms of factorials, the rest of the tail by the ratio of neighboring
    terms until the next would change nothing.
    """
    ln_first = (
        _ln_choose(one, shared)
        + _ln_choose(n_all - one, other - shared)
        - _ln_choose(np.full(one.size, n_all), other)
    )
    term = np.ones(shared.size)
    total = np.ones(shared.size)
    x = shared.astype(np.float64)
    live = np.ones(shared.size, np.bool_)
    while live.any():
        ratio = (one - x) * (other - x) / ((x + 1) * (n_all - one - other + x + 1))
        term = np.where(live, term * np.maximum(ratio, 0.0), 0.0)
        total += term
        x += 1
        # Past the mode terms fall; before it they rise and the loop goes on.
        live &= (term > _TAIL_PRECISION * total) & (x < np.minimum(one, other))
    return np.minimum(np.exp(ln_first + np.log(total)), 1.0)


def passes_false_discovery(p: NDArray[np.float64], m: int, rate: float) -> NDArray[np.bool_]:
    """Return which of the hypotheses pass at a false-discovery rate; m counts those not listed.

    Parameters
    ----------
    p : ndarray of float64, shape (n,)
        P-values; the m - n others are 1.
    m : int
        Number of hypotheses.
    rate : float
        Level of Benjamini & Hochberg 1995.
    """
    ranked = np.sort(p)
    below = np.flatnonzero(ranked <= rate * np.arange(1, p.size + 1) / max(m, 1))
    if below.size == 0:
        return np.zeros(p.size, np.bool_)
    passed: NDArray[np.bool_] = p <= ranked[below[-1]]
    return passed


def _ln_choose(n: NDArray[np.int64], k: NDArray[np.int64]) -> NDArray[np.float64]:
    result: NDArray[np.float64] = gammaln(n + 1.0) - gammaln(k + 1.0) - gammaln(n - k + 1.0)
    return result
