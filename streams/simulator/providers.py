"""Two providers: two leaders with followers of their own, and followers who copy both."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from streams.simulator.copier import Copier, describe_copying
from streams.simulator.laws import Ints, Law
from streams.simulator.market import Market
from streams.simulator.planted import Planted
from streams.simulator.sending import NewOrders


@dataclass(frozen=True, slots=True)
class TwoProviders:
    """Two groups of one copier that share members: `shared_share` of all followers, at least one.

    Every leader has at least one follower of its own; there are five accounts or more. The own
    trades of a shared follower stand in the first group's orders.
    """

    copier: Copier
    shared_share: Law

    def plant(self, accounts: Ints, market: Market, rng: Generator) -> tuple[Planted, ...]:
        """Draw all orders of both groups; the first two of `accounts` lead."""
        followers = accounts[2:]
        n_shared = round(float(self.shared_share.draw(rng, 1)[0]) * len(followers))
        n_shared = min(max(n_shared, 1), len(followers) - 2)
        shared, alone = followers[:n_shared], followers[n_shared:]
        cut = int(rng.integers(1, len(alone)))
        groups: list[Planted] = []
        for leader, own in zip(accounts[:2], (alone[:cut], alone[cut:]), strict=True):
            source, copied, start = self.copier.draw_source(int(leader), market, rng)
            theirs = np.r_[shared, own]
            copies = [self.copier.follow(int(one), copied, market, rng) for one in theirs]
            extra: list[NewOrders] = [
                self.copier.trade_alone(int(one), orders, market, rng)
                for one, orders in zip(theirs, copies, strict=True)
                if not groups or one not in shared
            ]
            parts = [source, *copies, *extra]
            members = np.r_[leader, theirs]
            groups.append(
                describe_copying(members, int(leader), parts, copies, copied, start, market)
            )
        return tuple(groups)
