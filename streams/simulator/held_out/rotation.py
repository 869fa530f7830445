"""Rotation: every decision of the leader is copied by a few followers, others each time."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from streams.simulator.copier import Copier, describe_copying
from streams.simulator.laws import Ints, Law
from streams.simulator.market import Market
from streams.simulator.planted import Planted


@dataclass(frozen=True, slots=True)
class RotatingFollowers:
    """The first account leads; a random `share` of the others copies each round trip.

    At least one follower copies each, and each follower copies at least one.
    """

    copier: Copier
    share: Law

    def plant(self, accounts: Ints, market: Market, rng: Generator) -> tuple[Planted, ...]:
        """Draw all orders of one group."""
        leader, followers = int(accounts[0]), accounts[1:]
        source, copied, start = self.copier.draw_source(leader, market, rng)
        trips, trip = np.unique(copied.trip, return_inverse=True)
        n_turn = max(round(float(self.share.draw(rng, 1)[0]) * len(followers)), 1)
        place = np.argsort(rng.random((len(followers), len(trips))), axis=0).argsort(axis=0)
        has_turn = place < n_turn
        idle = np.flatnonzero(~has_turn.any(axis=1))
        has_turn[idle, rng.integers(0, len(trips), len(idle))] = True
        copies = [
            self.copier.follow(int(account), copied.take(turn[trip]), market, rng)
            for account, turn in zip(followers, has_turn, strict=True)
        ]
        extra = [
            self.copier.trade_alone(int(account), orders, market, rng)
            for account, orders in zip(followers, copies, strict=True)
        ]
        parts = [source, *copies, *extra]
        return (describe_copying(accounts, leader, parts, copies, copied, start, market),)
