"""Pairs of accounts that act together: counted within a time window, joined into groups.

The parts that baselines share. Groups are connected components of the links; the verdict goes by
owner, since no baseline knows another: INTERNAL when all members have one, else EXTERNAL.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from surveillance.findings import VerdictName
from surveillance.jobs.actions import Actions
from surveillance.jobs.scoring import FoundGroup

AccountGroups = tuple[tuple[int, ...], ...]
"""Groups as account codes, each ascending, by first member."""

_PAIRS_HELD = 4_000_000


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


def components(pairs: AccountPairs) -> AccountGroups:
    """Return the connected components of the pairs, by first member."""
    graph = nx.Graph(zip(pairs.low.tolist(), pairs.high.tolist(), strict=True))
    return tuple(sorted(tuple(sorted(part)) for part in nx.connected_components(graph)))


def judge_by_owner(
    groups: Iterable[Iterable[int]], accounts: tuple[str, ...], owner_of: Mapping[str, str]
) -> tuple[FoundGroup, ...]:
    """Return groups of account codes in the form that is scored, judged by owner alone.

    Parameters
    ----------
    groups : iterable of iterables of int
        Account codes.
    accounts : tuple of str
        Account ids by code.
    owner_of : mapping of account_id to owner_id
        Known owners.
    """
    judged = []
    for group in groups:
        members = frozenset(accounts[code] for code in group)
        owners = {owner_of.get(account) for account in members}
        one_owner = len(owners) == 1 and None not in owners
        judged.append(
            FoundGroup(members, VerdictName.INTERNAL if one_owner else VerdictName.EXTERNAL)
        )
    return tuple(judged)


def shared_buckets(actions: Actions, bucket_ns: int) -> tuple[AccountPairs, NDArray[np.int64], int]:
    """Count the buckets of (family, side, time) that two accounts share.

    Parameters
    ----------
    actions : Actions
        Orders of the dataset.
    bucket_ns : int
        Length of a bucket, nanoseconds.

    Returns
    -------
    tuple of AccountPairs, ndarray and int
        Pairs that share a bucket; buckets of each account, shape (n_accounts,); all buckets.
    """
    buckets = actions.time_ns // bucket_ns
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
    pairs = count_pairs(pairs_within(bucket, at_once, 0, account), n_accounts)
    return pairs, np.bincount(account, minlength=n_accounts), int(np.count_nonzero(new_bucket))


def pairs_within(
    key: NDArray[np.int64],
    time_ns: NDArray[np.int64],
    window_ns: int,
    account: NDArray[np.int64],
    meets: NDArray[np.bool_] | None = None,
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield the accounts of all row pairs of one key within the window, of two accounts.

    Rows are sorted by (key, time); `meets` is set where a row is in such a pair.
    """
    for rows, later in row_pairs_within(key, time_ns, window_ns, account):
        if meets is not None:
            meets[rows] = meets[later] = True
        yield account[rows], account[later]


def row_pairs_within(
    key: NDArray[np.int64],
    time_ns: NDArray[np.int64],
    window_ns: int,
    account: NDArray[np.int64],
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield all pairs of rows of one key within the window, of two accounts.

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
        yield rows[apart], later[apart]
        distance += 1


def distinct(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the distinct codes, ascending; sorting them is faster than the hash of `np.unique`."""
    ranked = np.sort(codes)
    is_new = np.ones(ranked.size, np.bool_)
    is_new[1:] = ranked[1:] != ranked[:-1]
    return ranked[is_new]


def count_pairs(
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
    """Add occurrences of codes to their counts; codes stay ascending."""
    if not held:
        return codes, times
    merged, place = np.unique(np.concatenate([codes, *held]), return_inverse=True)
    total = np.bincount(place[codes.size :], minlength=merged.size)
    np.add.at(total, place[: codes.size], times)
    return merged, total.astype(np.int64)
