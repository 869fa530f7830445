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
from scipy.stats import hypergeom

from models.params import SECOND_NS
from surveillance.jobs.actions import Actions
from surveillance.jobs.baselines.pairs import (
    AccountGroups,
    AccountPairs,
    components,
    shared_buckets,
)


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
    p = hypergeom.sf(distinct[0] - 1, n_all, distinct[1], distinct[2])[case.ravel()]
    n_accounts = len(actions.accounts)
    m = n_accounts * (n_accounts - 1) // 2
    return pairs.take(passes_false_discovery(p, m, rule.false_discovery_rate))


def find_groups(actions: Actions) -> AccountGroups:
    """Return the connected components of the validated network."""
    return components(link_by_validated_network(actions))


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
