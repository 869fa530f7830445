"""One honest kind at work on its own, with the neighbors it needs."""

import numpy as np

from streams.simulator.full_honest_kinds import FULL_HONEST_KINDS
from streams.simulator.held_out_honest_kinds import HELD_OUT_HONEST_KINDS
from streams.simulator.honest_kinds import DISCRETIONARY
from streams.simulator.market import Market
from streams.simulator.neighbors import Neighbors, Onlooker
from streams.simulator.roles import HonestKind
from streams.simulator.sending import NewOrders

FULL = {kind.name: kind for kind in FULL_HONEST_KINDS}
HELD_OUT = {kind.name: kind for kind in HELD_OUT_HONEST_KINDS}
ALL = [kind for kinds in (FULL, HELD_OUT) for kind in kinds.values()]
N_STRANGERS = 60
FIRST_ACCOUNT = 100


def draw_neighbors(kind: HonestKind, accounts: np.ndarray, market: Market) -> Neighbors:
    """Strangers with orders of their own, and the teams of the kind."""
    rng = np.random.default_rng(77)
    strangers = np.arange(N_STRANGERS, dtype=np.int64)
    team = np.full(int(accounts.max()) + 1, -1, dtype=np.int64)
    if kind.teams is not None:
        for number, members in enumerate(kind.teams.split(accounts, rng)):
            team[members] = number
    return Neighbors(DISCRETIONARY.trade(strangers, market, rng), team)


def trade(
    kind: HonestKind, market: Market, *, n_accounts: int = 40, seed: int = 2
) -> tuple[NewOrders, Neighbors]:
    """Orders of `n_accounts` accounts of the kind, and who stood beside them."""
    accounts = np.arange(FIRST_ACCOUNT, FIRST_ACCOUNT + n_accounts, dtype=np.int64)
    neighbors = draw_neighbors(kind, accounts, market)
    rng = np.random.default_rng(seed)
    if isinstance(kind.trader, Onlooker):
        return kind.trader.trade_among(accounts, neighbors, market, rng), neighbors
    return kind.trader.trade(accounts, market, rng), neighbors


def entries_of(orders: NewOrders) -> NewOrders:
    """The first order of every round trip."""
    order = np.lexsort((orders.time_ns, orders.trip))
    first = np.flatnonzero(np.diff(orders.trip[order], prepend=-1) != 0)
    return orders.take(order[first])
