"""The peer's rule beside the detector on its own example: who links whom, how often they met."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.params import SECOND_NS
from surveillance.jobs.actions import Actions
from surveillance.jobs.baselines.pairs import AccountPairs, components
from surveillance.jobs.baselines.peer_rule import PeerRule, link_by_peer_rule
from surveillance.pipeline.runner import ScanResult

_PEER_RULE = PeerRule(window_ns=600 * SECOND_NS, min_participation=2)
_PEER_COUNTS = (1, 2, 5, 10)


@dataclass(frozen=True, slots=True)
class PeerComparison:
    """The peer's rule beside the detector on one set.

    `pairs_by_times` counts the peer's account pairs that acted together at least so often, with
    the accounts in them and their connected components.
    """

    window_s: int
    min_participation: int
    our_accounts: int
    our_pairs: int
    our_groups: int
    pairs_by_times: tuple[tuple[int, int, int, int], ...]
    shared_accounts: int
    shared_pairs: int


def compare_with_peer(actions: Actions, result: ScanResult) -> PeerComparison:
    """Count what each method links, and what both do.

    Parameters
    ----------
    actions : Actions
        Orders of the set.
    result : ScanResult
        What the detector found in the same set.
    """
    peers = link_by_peer_rule(actions, _PEER_RULE)
    validated = result.pairs.take(result.pairs.ln_e >= result.ln_threshold)
    n_accounts = len(actions.accounts)
    code_of = {account: code for code, account in enumerate(actions.accounts)}
    codes = np.array([code_of[account] for account in result.accounts], np.int64)
    ours = np.unique(_codes(codes[validated.leader], codes[validated.follower], n_accounts))
    theirs = _codes(peers.low, peers.high, n_accounts)
    our_accounts = np.union1d(ours // n_accounts, ours % n_accounts)
    rows = []
    for times in _PEER_COUNTS:
        chosen = peers.take(peers.times >= times)
        n_groups = len(components(chosen))
        rows.append((times, int(_accounts_in(chosen).size), len(chosen), n_groups))
    return PeerComparison(
        window_s=_PEER_RULE.window_ns // SECOND_NS,
        min_participation=_PEER_RULE.min_participation,
        our_accounts=int(our_accounts.size),
        our_pairs=int(ours.size),
        our_groups=len(result.findings.groups),
        pairs_by_times=tuple(rows),
        shared_accounts=int(np.intersect1d(our_accounts, _accounts_in(peers)).size),
        shared_pairs=int(np.intersect1d(ours, theirs).size),
    )


def _codes(a: NDArray[np.int64], b: NDArray[np.int64], n_accounts: int) -> NDArray[np.int64]:
    return np.minimum(a, b) * np.int64(n_accounts) + np.maximum(a, b)


def _accounts_in(pairs: AccountPairs) -> NDArray[np.int64]:
    return np.union1d(pairs.low, pairs.high)
