"""The peer's rule: two accounts that act on one object within a time window, often enough.

Righetti & Balluff, CooRTweet, `detect_groups`; written anew from its documentation.
"""

from dataclasses import dataclass

import numpy as np

from models.params import SECOND_NS
from surveillance.jobs.actions import Actions
from surveillance.jobs.baselines.pairs import (
    AccountGroups,
    AccountPairs,
    components,
    count_pairs,
    pairs_within,
)


@dataclass(frozen=True, slots=True)
class PeerRule:
    """Parameters of the peer's rule; the defaults are its own."""

    window_ns: int = 10 * SECOND_NS
    min_participation: int = 2


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
    found = pairs_within(
        actions.instrument_side[rows], actions.time_ns[rows], rule.window_ns, account, meets
    )
    pairs = count_pairs(found, n_accounts)
    takes_part = np.bincount(account[meets], minlength=n_accounts) >= rule.min_participation
    return pairs.take(takes_part[pairs.low] | takes_part[pairs.high])


def find_groups(actions: Actions) -> AccountGroups:
    """Return the connected components of pairs that met as often as an account must act."""
    rule = PeerRule()
    pairs = link_by_peer_rule(actions, rule)
    return components(pairs.take(pairs.times >= rule.min_participation))
