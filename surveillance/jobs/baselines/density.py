"""HDBSCAN on account features: dense places in what accounts are like (Campello et al. 2013).

What one would try who has accounts and a clustering library, and no test of who acts after whom.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.params import DAY_NS, MINUTE_NS, SECOND_NS
from surveillance.jobs.actions import Actions
from surveillance.jobs.baselines.pairs import AccountGroups

_HOURS = 24
_MINUTE_PARTS = 12
_GAP_QUANTILES = (0.1, 0.5, 0.9)


@dataclass(frozen=True, slots=True)
class DensityRule:
    """Smallest cluster: two, since a leader with one follower is a group."""

    min_cluster_size: int = 2
    min_samples: int = 2


def account_features(actions: Actions) -> NDArray[np.float64]:
    """Return one row an account, each column with mean 0 and deviation 1 over accounts.

    How often it acts, in which keys, at which hours, where in the minute, with which gaps.

    Parameters
    ----------
    actions : Actions
        Orders of the dataset.

    Returns
    -------
    ndarray of float64, shape (n_accounts, n_features)
    """
    n = len(actions.accounts)
    count = np.bincount(actions.account, minlength=n)
    n_keys = int(actions.family_side.max(initial=0)) + 1
    columns = [
        np.log1p(count)[:, None],
        _shares(actions.account, actions.family_side, (n, n_keys), count),
        _shares(actions.account, actions.time_ns % DAY_NS * _HOURS // DAY_NS, (n, _HOURS), count),
        _shares(
            actions.account,
            actions.time_ns % MINUTE_NS * _MINUTE_PARTS // MINUTE_NS,
            (n, _MINUTE_PARTS),
            count,
        ),
        _gaps(actions, n),
    ]
    table = np.concatenate(columns, axis=1)
    spread = table.std(axis=0)
    kept = spread > 0
    standard: NDArray[np.float64] = (table[:, kept] - table[:, kept].mean(axis=0)) / spread[kept]
    return standard


def find_groups(actions: Actions, rule: DensityRule | None = None) -> AccountGroups:
    """Return the clusters; accounts in sparse places are in none.

    Parameters
    ----------
    actions : Actions
        Orders of the dataset.
    rule : DensityRule, optional
        Smallest cluster.
    """
    from sklearn.cluster import HDBSCAN  # a second of start-up that other methods need not pay

    rule = rule or DensityRule()
    if len(actions.accounts) < max(rule.min_cluster_size, rule.min_samples):
        return ()
    features = account_features(actions)
    if features.shape[1] == 0:
        return ()
    labels = HDBSCAN(
        min_cluster_size=rule.min_cluster_size, min_samples=rule.min_samples, copy=True
    ).fit_predict(features)
    groups = (np.flatnonzero(labels == label).tolist() for label in range(labels.max() + 1))
    return tuple(sorted(tuple(group) for group in groups))


def _shares(
    account: NDArray[np.int64],
    place: NDArray[np.int64],
    shape: tuple[int, int],
    count: NDArray[np.int64],
) -> NDArray[np.float64]:
    flat = np.bincount(account * shape[1] + place, minlength=shape[0] * shape[1])
    shares: NDArray[np.float64] = flat.reshape(shape) / np.maximum(count, 1)[:, None]
    return shares


def _gaps(actions: Actions, n_accounts: int) -> NDArray[np.float64]:
    """Return quantiles of the logarithm of the seconds between an account's actions."""
    order = np.lexsort((actions.time_ns, actions.account))
    account, time_ns = actions.account[order], actions.time_ns[order]
    same = np.flatnonzero(np.diff(account) == 0) + 1
    gap = np.log1p((time_ns[same] - time_ns[same - 1]) / SECOND_NS)
    result = np.zeros((n_accounts, len(_GAP_QUANTILES)))
    owner = account[same]
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    for rows in np.split(np.arange(owner.size), starts[1:]):
        if rows.size:
            result[owner[rows[0]]] = np.quantile(gap[rows], _GAP_QUANTILES)
    return result
