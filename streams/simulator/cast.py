"""The cast: which account plays what.

Accounts are rows 0 to n - 1 in random order, so nothing about an account's row, name or order
tells its part.
"""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from streams.simulator.laws import Ints, draw_counts
from streams.simulator.roles import HonestKind, PlantedKind
from streams.simulator.scenarios import Scenario


@dataclass(frozen=True, slots=True)
class Cast:
    """Accounts of each planted group and of each honest kind; together every account once."""

    groups: tuple[tuple[PlantedKind, Ints], ...]
    honest: tuple[tuple[HonestKind, Ints], ...]


def draw_cast(scenario: Scenario, n_accounts: int, rng: Generator) -> Cast:
    """Give every account its part.

    Parameters
    ----------
    scenario : Scenario
        The kinds and their shares.
    n_accounts : int
        Accounts of the market.
    rng : Generator
        The source of randomness.

    Returns
    -------
    Cast
        One group per `accounts_per_group` accounts, at least one where the scenario plants any;
        each kind once before any kind twice. A group never takes what the groups after it need
        at least. Honest kinds have their share, rounded.
    """
    accounts = rng.permutation(n_accounts).astype(np.int64)
    left = int(scenario.largest_planted_share * n_accounts)
    kinds = _draw_kinds(scenario, n_accounts, left, rng)
    groups: list[tuple[PlantedKind, Ints]] = []
    used = 0
    reserved = sum(kind.fewest_members for kind in kinds)
    for kind in kinds:
        reserved -= kind.fewest_members
        most = max(int(kind.largest_market_share * n_accounts), kind.fewest_members)
        size = max(int(draw_counts(kind.n_members, rng, 1)[0]), kind.fewest_members)
        size = min(size, most, left - reserved)
        groups.append((kind, accounts[used : used + size]))
        used += size
        left -= size
    return Cast(tuple(groups), _split_honest(scenario.honest, accounts[used:]))


def _draw_kinds(
    scenario: Scenario, n_accounts: int, n_planted: int, rng: Generator
) -> list[PlantedKind]:
    """Kinds of the groups in random order; together they fit into the planted accounts."""
    fitting = [kind for kind in scenario.planted if kind.fewest_members <= n_planted]
    if not fitting:
        return []
    n_groups = max(1, round(n_accounts / scenario.accounts_per_group))
    n_kinds = len(fitting)
    rows = np.concatenate([rng.permutation(n_kinds) for _ in range(-(-n_groups // n_kinds))])
    kinds = [fitting[row] for row in rows[:n_groups]]
    need = np.cumsum([kind.fewest_members for kind in kinds])
    return [kind for kind, total in zip(kinds, need, strict=True) if total <= n_planted]


def _split_honest(
    kinds: tuple[HonestKind, ...], accounts: Ints
) -> tuple[tuple[HonestKind, Ints], ...]:
    share = np.array([kind.share for kind in kinds])
    ends = np.rint(np.cumsum(share) / share.sum() * len(accounts)).astype(np.int64)
    return tuple(zip(kinds, np.split(accounts, ends[:-1]), strict=True))
