"""SynchroTrap's Jaccard: accounts whose actions match in time, by the share that match.

An action is (account, time, object); two actions match if they have one object and lie within the
window. Similarity is the matched actions over all actions of both, added over objects and days;
similar accounts are joined by single linkage (Cao, Yang, Yu & Palow 2014, CCS, sections 3 and 4).
The object here is (family, side). Window and threshold are set for each application there; here
they are what the other baselines use.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.params import DAY_NS, SECOND_NS
from surveillance.jobs.actions import Actions
from surveillance.jobs.baselines.pairs import (
    AccountGroups,
    AccountPairs,
    components,
    distinct,
    row_pairs_within,
)

_PAIRS_HELD = 4_000_000


@dataclass(frozen=True, slots=True)
class SynchroTrapRule:
    """Matching window and similarity above which two accounts are joined."""

    window_ns: int = 10 * SECOND_NS
    min_similarity: float = 0.5


def link_by_synchrotrap(actions: Actions, rule: SynchroTrapRule | None = None) -> AccountPairs:
    """Return the pairs whose matched actions are a large share of all their actions.

    Of two accounts on one object and day, as many actions match as the one with fewer actions
    that have a partner has: an upper bound of the one-to-one matching.

    Parameters
    ----------
    actions : Actions
        Orders of the dataset.
    rule : SynchroTrapRule, optional
        Window and threshold.
    """
    rule = rule or SynchroTrapRule()
    n_accounts = len(actions.accounts)
    codes = times = np.empty(0, np.int64)
    for found, matched in _matched_by_day(actions, rule.window_ns):
        merged = distinct(np.concatenate([codes, found]))
        total = np.zeros(merged.size, np.int64)
        total[np.searchsorted(merged, codes)] += times
        total[np.searchsorted(merged, found)] += matched
        codes, times = merged, total
    pairs = AccountPairs(codes // max(n_accounts, 1), codes % max(n_accounts, 1), times)
    n_actions = np.bincount(actions.account, minlength=n_accounts)
    either = n_actions[pairs.low] + n_actions[pairs.high] - pairs.times
    return pairs.take(pairs.times >= rule.min_similarity * either)


def find_groups(actions: Actions) -> AccountGroups:
    """Return the connected components of similar accounts: single linkage at the threshold."""
    return components(link_by_synchrotrap(actions))


def _matched_by_day(
    actions: Actions, window_ns: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield, for each object and day, pairs as low x n_accounts + high and their matched actions.

    Days are taken one by one, as the source does, so that memory holds one day's matches; actions
    on two sides of midnight match nothing.
    """
    n_accounts = len(actions.accounts)
    day = actions.time_ns // DAY_NS
    order = np.lexsort((actions.time_ns, actions.family_side, day))
    key = np.stack([day[order], actions.family_side[order]])
    cuts = np.flatnonzero(np.any(np.diff(key) != 0, axis=0)) + 1
    for rows in np.split(order, cuts):
        account = actions.account[rows].astype(np.int64)
        at = np.zeros(rows.size, np.int64)
        met: NDArray[np.int64] = np.empty(0, np.int64)
        held: list[NDArray[np.int64]] = []
        n_held = 0
        for a, b in row_pairs_within(at, actions.time_ns[rows], window_ns, account):
            held += [a * n_accounts + account[b], b * n_accounts + account[a]]
            n_held += 2 * a.size
            if n_held >= _PAIRS_HELD:
                met = distinct(np.concatenate([met, *held]))
                held, n_held = [], 0
        met = distinct(np.concatenate([met, *held]))
        yield _matched(account[met // max(n_accounts, 1)], met % max(n_accounts, 1), n_accounts)


def _matched(
    own: NDArray[np.int64], other: NDArray[np.int64], n_accounts: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the pairs and, of both accounts' actions with a partner, the smaller number."""
    directed, n = np.unique(own * n_accounts + other, return_counts=True)
    low, high = directed // max(n_accounts, 1), directed % max(n_accounts, 1)
    back = np.searchsorted(directed, high * n_accounts + low)
    first = low < high
    return directed[first], np.minimum(n, n[back])[first].astype(np.int64)
