"""Two simpler methods on the same orders, to see what the detector's mathematics buys.

The hand-set rule: two accounts that share at least five 1 s buckets of (family, side) with a
Jaccard index of 0.2 or more are linked. The peer's rule: two accounts that act on one object within
a time window, at least `min_participation` times (Righetti & Balluff, CooRTweet, `detect_groups`;
written anew from its documentation). Groups are connected components of the links. Neither names
a leader; the verdict goes by owner: INTERNAL when all members have one, else EXTERNAL.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from models.params import SECOND_NS
from surveillance.findings import VerdictName
from surveillance.jobs.actions import Actions
from surveillance.jobs.scoring import FoundGroup

_PAIRS_HELD = 4_000_000


@dataclass(frozen=True, slots=True)
class HandSetRule:
    """Thresholds of the hand-set rule, as practitioners choose them."""

    bucket_ns: int = SECOND_NS
    min_shared: int = 5
    min_jaccard: float = 0.2


@dataclass(frozen=True, slots=True)
class PeerRule:
    """Parameters of the peer's rule; the defaults are its own."""

    window_ns: int = 10 * SECOND_NS
    min_participation: int = 2


@dataclass(frozen=True, slots=True)
class AccountPairs:
    """Unordered pairs of accounts, shape (n_pairs,) each, sorted; `times` they acted together."""

    low: NDArray[np.int64]
    high: NDArray[np.int64]
    times: NDArray[np.int64]

    def __len__(self) -> int:
        return int(self.low.size)

    def take(self, rows: NDArray[np.bool_]) -> "AccountPairs":
        """Return the chosen pairs."""
        return AccountPairs(self.low[rows], self.high[rows], self.times[rows])


def link_by_hand_set_rule(actions: Actions, rule: HandSetRule | None = None) -> AccountPairs:
    """Return the pairs that share enough buckets of (family, side).

    Parameters
    ----------
    actions : Actions
        Orders of the dataset.
    rule : HandSetRule, optional
        Thresholds.
    """
    rule = rule or HandSetRule()
    buckets = actions.time_ns // rule.bucket_ns
    order = np.lexsort((actions.account, buckets, actions.family_side))
    columns = (actions.family_side[order], buckets[order], actions.account[order])
    is_new = np.zeros(order.size, np.bool_)
    new_bucket = np.zeros(order.size, np.bool_)
    is_new[:1] = new_bucket[:1] = True
    new_bucket[1:] = (np.diff(columns[0]) != 0) | (np.diff(columns[1]) != 0)
    is_new[1:] = new_bucket[1:] | (np.diff(columns[2]) != 0)
    account = columns[2][is_new]
    bucket = np.cumsum(new_bucket, dtype=np.int64)[is_new]
    n_accounts = len(actions.accounts)
    at_once = np.zeros(bucket.size, np.int64)
    pairs = _count(_pairs_within(bucket, at_once, 0, account), n_accounts)
    n_buckets = np.bincount(account, minlength=n_accounts)
    either = n_buckets[pairs.low] + n_buckets[pairs.high] - pairs.times
    kept = (pairs.times >= rule.min_shared) & (pairs.times >= rule.min_jaccard * either)
    return pairs.take(kept)


def link_by_peer_rule(actions: Actions, rule: PeerRule | None = None) -> AccountPairs:
    """Return the pairs that act on one (instrument, side) within the window.

    An account with fewer than `min_participation` actions is left out first; a pair is kept if
    either account has that many actions that meet another's within the window. `times` counts
    pairs of actions: callers who want a pair to repeat itself select on it.

    Parameters
    ----------
    actions : Actions
        Orders of the dataset.
    rule : PeerRule, optional
        Window and participation.

    Notes
    -----
    Righetti, N. & Balluff, P., CooRTweet: help page of `detect_groups`.
    """
    rule = rule or PeerRule()
    n_accounts = len(actions.accounts)
    n_actions = np.bincount(actions.account, minlength=n_accounts)
    rows = np.flatnonzero(n_actions[actions.account] >= rule.min_participation)
    rows = rows[np.lexsort((actions.time_ns[rows], actions.instrument_side[rows]))]
    account = actions.account[rows].astype(np.int64)
    meets = np.zeros(rows.size, np.bool_)
    found = _pairs_within(
        actions.instrument_side[rows], actions.time_ns[rows], rule.window_ns, account, meets
    )
    pairs = _count(found, n_accounts)
    takes_part = np.bincount(account[meets], minlength=n_accounts) >= rule.min_participation
    return pairs.take(takes_part[pairs.low] | takes_part[pairs.high])


def group_linked(
    pairs: AccountPairs, accounts: tuple[str, ...], owner_of: Mapping[str, str]
) -> tuple[FoundGroup, ...]:
    """Return the connected components of the pairs, judged by owner alone.

    Parameters
    ----------
    pairs : AccountPairs
        Links.
    accounts : tuple of str
        Account ids by code.
    owner_of : mapping of account_id to owner_id
        Known owners.
    """
    graph = nx.Graph(zip(pairs.low.tolist(), pairs.high.tolist(), strict=True))
    components = sorted(sorted(part) for part in nx.connected_components(graph))
    groups = []
    for component in components:
        members = frozenset(accounts[code] for code in component)
        owners = {owner_of.get(account) for account in members}
        one_owner = len(owners) == 1 and None not in owners
        verdict = VerdictName.INTERNAL if one_owner else VerdictName.EXTERNAL
        groups.append(FoundGroup(members, verdict))
    return tuple(groups)


def _pairs_within(
    key: NDArray[np.int64],
    time_ns: NDArray[np.int64],
    window_ns: int,
    account: NDArray[np.int64],
    meets: NDArray[np.bool_] | None = None,
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield the accounts of all row pairs of one key within the window, of two accounts.

    Rows are sorted by (key, time). A row meets its d-th successor for d = 1, 2 ... until it has
    left the key or the window; the rows still in play shrink, so the cost is the number of pairs.
    """
    rows = np.arange(key.size)
    distance = 1
    while rows.size:
        rows = rows[: np.searchsorted(rows, key.size - distance)]
        later = rows + distance
        near = (key[later] == key[rows]) & (time_ns[later] - time_ns[rows] <= window_ns)
        rows, later = rows[near], later[near]
        apart = account[rows] != account[later]
        if meets is not None:
            meets[rows[apart]] = meets[later[apart]] = True
        yield account[rows[apart]], account[later[apart]]
        distance += 1


def _count(
    found: Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]], n_accounts: int
) -> AccountPairs:
    """Count how often each unordered pair occurs, holding a few million occurrences at a time."""
    codes = times = np.empty(0, np.int64)
    held: list[NDArray[np.int64]] = []
    n_held = 0
    for a, b in found:
        held.append(np.minimum(a, b) * np.int64(n_accounts) + np.maximum(a, b))
        n_held += a.size
        if n_held >= _PAIRS_HELD:
            codes, times = _merge(codes, times, held)
            held, n_held = [], 0
    codes, times = _merge(codes, times, held)
    return AccountPairs(codes // max(n_accounts, 1), codes % max(n_accounts, 1), times)


def _merge(
    codes: NDArray[np.int64], times: NDArray[np.int64], held: list[NDArray[np.int64]]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    if not held:
        return codes, times
    merged, place = np.unique(np.concatenate([codes, *held]), return_inverse=True)
    total = np.bincount(place[codes.size :], minlength=merged.size)
    np.add.at(total, place[: codes.size], times)
    return merged, total.astype(np.int64)
