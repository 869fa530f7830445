"""Teams: accounts of a kind that belong together, such as the traders of a room."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from streams.simulator.laws import Ints, Law, draw_counts


@dataclass(frozen=True, slots=True)
class Teams:
    """Accounts of a kind that belong together: the traders of a room, the accounts of a firm.

    Every team shares one address: the room's line, or the firm's server. With `one_owner` its
    accounts are one owner's, otherwise each has an owner of its own. Teams smaller than
    `smallest` join the one before.
    """

    size: Law
    smallest: int
    one_owner: bool

    def split(self, accounts: Ints, rng: Generator) -> list[Ints]:
        """Split the accounts of a kind into teams, in their order."""
        n = len(accounts)
        # Sizes are at least one, so n of them are enough.
        ends = np.cumsum(np.maximum(draw_counts(self.size, rng, n), 1))
        ends = ends[ends <= n - self.smallest]
        return [team for team in np.split(accounts, ends) if len(team) > 0]
