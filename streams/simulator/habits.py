"""Habits: what a trader trades, how large, and how their orders look.

`Habits` holds the laws, `Traits` what was drawn from them for each account. Kinds of traders
differ in when they decide, and share everything here.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from streams.simulator.instruments import FAMILIES
from streams.simulator.laws import (
    Flags,
    Floats,
    Ints,
    Law,
    draw_counts,
)
from streams.simulator.market import Market

_FAMILY_WEIGHTS = (0.70, 0.20, 0.10)


@dataclass(frozen=True, slots=True)
class Habits:
    """Laws of what an account trades and how its orders look.

    `n_families` is at most 3; a decision is `base_quantity` times `quantity_factor`, in contracts.
    Shares lie between 0 and 1. `limit_offset_ticks` is how far from the market a limit stands on
    the passive side. Accounts that split their decisions into child orders trade
    `split_base_quantity` contracts or more.
    """

    n_families: Law
    base_quantity: Law
    quantity_factor: Law
    micro_share: float
    limit_share: Law
    limit_offset_ticks: Law
    cancel_share: float
    fill_share: float
    waiting_s: Law
    split_share: float
    split_base_quantity: int
    n_children: Law
    child_gap_s: Law
    automated_share: float

    def draw(self, n: int, rng: Generator) -> "Traits":
        """Draw the traits of `n` accounts."""
        base = np.maximum(draw_counts(self.base_quantity, rng, n), 1)
        splits = rng.random(n) < self.split_share
        return Traits(
            family=draw_families(n, rng),
            n_families=np.clip(draw_counts(self.n_families, rng, n), 1, len(_FAMILY_WEIGHTS)),
            uses_micro=rng.random(n) < self.micro_share,
            quantity_factor=self.quantity_factor,
            base_quantity=np.where(splits, np.maximum(base, self.split_base_quantity), base),
            limit_share=self.limit_share.draw(rng, n),
            splits=splits,
            automated=rng.random(n) < self.automated_share,
        )


def draw_families(n: int, rng: Generator) -> Ints:
    """Draw three different families for each of `n` accounts, popular ones first and more often."""
    popularity = np.array([spec.popularity for spec in FAMILIES])
    # The largest of log(weight) + Gumbel noise are a weighted draw without replacement.
    keys = np.log(popularity) - np.log(rng.exponential(size=(n, len(popularity))))
    return np.argsort(-keys, axis=1)[:, : len(_FAMILY_WEIGHTS)].astype(np.int64)


@dataclass(frozen=True, slots=True)
class Traits:
    """What each account is like, one row an account.

    `family` has three columns, the most traded first, of which `n_families` count.
    """

    family: Ints
    n_families: Ints
    uses_micro: Flags
    base_quantity: Ints
    quantity_factor: Law
    limit_share: Floats
    splits: Flags
    automated: Flags

    def within(self, family: Ints, n_families: Ints) -> "Traits":
        """Return the same accounts with other families; shapes as of the fields."""
        return replace(self, family=family, n_families=n_families)

    def trades(self, family: Ints) -> Flags:
        """Whether each account trades each of the given families, shape (accounts, families)."""
        slot = np.arange(self.family.shape[1])
        counts = slot[None, :] < self.n_families[:, None]
        traded: Flags = ((self.family[:, :, None] == family) & counts[:, :, None]).any(axis=1)
        return traded

    def choose_families(self, who: Ints, rng: Generator) -> Ints:
        """Choose a family for each decision of account row `who`."""
        cumulative = np.cumsum(_FAMILY_WEIGHTS)
        uniform = rng.random(len(who)) * cumulative[self.n_families[who] - 1]
        slot = np.searchsorted(cumulative, uniform, side="right")
        chosen: Ints = self.family[who, np.minimum(slot, self.n_families[who] - 1)]
        return chosen

    def contracts(self, who: Ints, family: Ints, market: Market) -> Ints:
        """Instrument in which each account trades the family: its root or its micro."""
        instruments = market.instruments
        return np.where(self.uses_micro[who], instruments.micro[family], instruments.root[family])

    def choose_quantities(self, who: Ints, rng: Generator) -> Ints:
        """Choose the contracts of each decision: mostly the account's usual number."""
        factor = self.quantity_factor.draw(rng, len(who))
        return np.maximum(np.rint(self.base_quantity[who] * factor), 1).astype(np.int64)
