"""The hand-set rule: enough shared 1 s buckets of (family, side), as practitioners choose."""

from dataclasses import dataclass

from models.params import SECOND_NS
from surveillance.jobs.actions import Actions
from surveillance.jobs.baselines.pairs import (
    AccountGroups,
    AccountPairs,
    components,
    shared_buckets,
)


@dataclass(frozen=True, slots=True)
class HandSetRule:
    """Thresholds of the hand-set rule, as practitioners choose them."""

    bucket_ns: int = SECOND_NS
    min_shared: int = 5
    min_jaccard: float = 0.2


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
    pairs, n_buckets, _ = shared_buckets(actions, rule.bucket_ns)
    either = n_buckets[pairs.low] + n_buckets[pairs.high] - pairs.times
    return pairs.take((pairs.times >= rule.min_shared) & (pairs.times >= rule.min_jaccard * either))


def find_groups(actions: Actions) -> AccountGroups:
    """Return the connected components of the linked accounts."""
    return components(link_by_hand_set_rule(actions))
