"""Planted groups: what a group did, and how the right answer is read off its orders.

A planter makes accounts act as one group. Whatever the answer key says of a group is computed
here from the orders as traded, not from the numbers that were drawn for it.
"""

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.random import Generator

from streams.simulator.laws import Flags, Floats, Ints
from streams.simulator.market import Market
from streams.simulator.sending import NewOrders


@dataclass(frozen=True, slots=True)
class Planted:
    """What a planted group did; the columns have one value a member.

    `leader` is an account, or None when the source is not on the venue. `ratios` are the median
    of member over leader quantity as traded, both in the family's smallest contract: 1 for the
    leader, and without a leader 1 for the median member. They are positive; `inverted` says which
    members took the other side of most decisions they copied. `start_time_ns` is when copying
    began. Groups that share members also share out the orders: each order stands in one of them.
    """

    members: Ints
    orders: NewOrders
    leader: int | None
    ratios: Floats
    inverted: Flags
    start_time_ns: int


class Planter(Protocol):
    """A way for accounts to act as one group, or as groups that share members."""

    def plant(self, accounts: Ints, market: Market, rng: Generator) -> tuple[Planted, ...]:
        """Draw all orders of the groups; `accounts` are all members in random order."""
        ...


def merge_children(orders: NewOrders) -> NewOrders:
    """One order a decision, at its first child's time, of its whole quantity.

    The child orders of a decision stand next to each other.
    """
    if len(orders) == 0:
        return orders
    first = np.flatnonzero(np.diff(orders.decision, prepend=-1) != 0)
    return replace(orders.take(first), quantity=np.add.reduceat(orders.quantity, first))


def measure_ratio(copies: NewOrders, source: NewOrders, unit: Ints) -> float:
    """Median over decisions of copied over source quantity, in the family's smallest contract.

    Rounding and the floor of one contract are part of it: the ratio that was set may be invisible.
    A follower without a copy has ratio 1.
    """
    if len(copies) == 0:
        return 1.0
    theirs = _lots_of_decisions(copies, source, unit)
    sources = _lots_of_decisions(source, source, unit)
    is_copied = theirs > 0
    return float(np.round(np.median(theirs[is_copied] / sources[is_copied]), 6))


def is_inverse(copies: NewOrders, source: NewOrders) -> bool:
    """Whether most copies took the other side of the decision they repeat."""
    if len(copies) == 0:
        return False
    decisions, first = np.unique(source.decision, return_index=True)
    led = source.side[first][np.searchsorted(decisions, copies.decision)]
    return bool(np.count_nonzero(led != copies.side) * 2 > len(copies))


def relate_to_median(ratios: Floats) -> Floats:
    """Ratios over the median of them: where nobody on the venue leads, the median member is 1."""
    related: Floats = np.round(ratios / np.median(ratios), 6)
    return related


def _lots_of_decisions(orders: NewOrders, source: NewOrders, unit: Ints) -> Floats:
    decisions = np.unique(source.decision)
    row = np.searchsorted(decisions, orders.decision)
    lots = (orders.quantity * unit[orders.instrument]).astype(np.float64)
    return np.bincount(row, lots, minlength=len(decisions)).astype(np.float64)
