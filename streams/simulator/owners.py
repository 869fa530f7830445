"""Who owns each account, which accounts belong together, and who lives with whom."""

import numpy as np
from numpy.random import Generator

from streams.simulator.cast import Cast
from streams.simulator.laws import Flags, Ints, draw_counts, repeat_rows
from streams.simulator.population_laws import PopulationLaws
from streams.simulator.roles import Ownership
from streams.simulator.teams import Teams

HOUSEHOLD_PAYMENT_SHARE = 0.4
N_OWNED_IN_MIXED_GROUP = 4


def draw_teams(cast: Cast, rng: Generator) -> list[tuple[Teams, Ints]]:
    """Accounts of each team of the honest kinds that have teams."""
    return [
        (kind.teams, members)
        for kind, accounts in cast.honest
        if kind.teams is not None
        for members in kind.teams.split(accounts, rng)
    ]


def draw_owners(
    n_accounts: int,
    cast: Cast,
    teams: list[tuple[Teams, Ints]],
    laws: PopulationLaws,
    rng: Generator,
) -> tuple[Ints, Flags]:
    """Owner of each account, and whether each owner is honest."""
    owner = np.full(n_accounts, -1, dtype=np.int64)
    n_owners = 0
    for kind, accounts in cast.groups:
        theirs = _draw_group_owners(kind.ownership, len(accounts), rng)
        owner[accounts] = n_owners + theirs
        n_owners += int(theirs.max()) + 1
    n_planted = n_owners
    honest = rng.permutation(np.concatenate([accounts for _, accounts in cast.honest]))
    sizes = draw_counts(laws.accounts_of_owner, rng, len(honest))
    owner[honest] = n_owners + repeat_rows(sizes)[: len(honest)]
    for of_team, members in teams:
        n_new = 1 if of_team.one_owner else len(members)
        owner[members] = int(owner.max()) + 1 + np.arange(len(members)) % n_new
    # Nobody is left without an account, and planted owners stay the first.
    owner = np.unique(owner, return_inverse=True)[1].astype(np.int64)
    n_owners = int(owner.max()) + 1
    shuffled = rng.permutation(n_owners)
    is_honest = np.zeros(n_owners, dtype=np.bool_)
    is_honest[shuffled[n_planted:]] = True
    return shuffled[owner].astype(np.int64), is_honest


def draw_homes(
    shares: Flags, laws: PopulationLaws, n_honest: int, rng: Generator
) -> tuple[Ints, Ints]:
    """Home address and means of payment of each owner; some of those in `shares` share them."""
    home = np.arange(len(shares), dtype=np.int64)
    payment = home.copy()
    candidates = rng.permutation(np.flatnonzero(shares))
    n_in_offices = int(laws.office_share * n_honest)
    n_in_households = int(laws.household_share * n_honest) // 2 * 2
    start = 0
    while start < min(n_in_offices, len(candidates)):
        stop = start + int(draw_counts(laws.office_size, rng, 1)[0])
        home[candidates[start:stop]] = candidates[start]
        start = stop
    pairs = candidates[start : start + n_in_households]
    pairs = pairs[: len(pairs) // 2 * 2].reshape(-1, 2)
    home[pairs[:, 1]] = pairs[:, 0]
    share_payment = rng.random(len(pairs)) < HOUSEHOLD_PAYMENT_SHARE
    payment[pairs[share_payment, 1]] = pairs[share_payment, 0]
    return home, payment


def _draw_group_owners(ownership: Ownership, n: int, rng: Generator) -> Ints:
    """Owner of each account of a planted group, counted from 0 without a gap."""
    match ownership:
        case Ownership.ONE:
            return np.zeros(n, dtype=np.int64)
        case Ownership.EACH:
            return np.arange(n, dtype=np.int64)
        case Ownership.PERSON_AND_COMPANY:
            # Two accounts at least: one is the person's and one the company's, the rest either's.
            either = rng.integers(0, 2, max(n - 2, 0))
            return rng.permutation(np.r_[np.arange(min(n, 2)), either]).astype(np.int64)
        case Ownership.MIXED:
            n_owned = min(N_OWNED_IN_MIXED_GROUP, max(n - 1, 1))
            others = np.arange(1, n - n_owned + 1)
            return rng.permutation(np.r_[np.zeros(n_owned), others]).astype(np.int64)
