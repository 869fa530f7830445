"""From decisions to orders sent: round trips, child orders, limits, and what becomes of each.

`Decisions` is what accounts decided, `NewOrders` the orders they sent for it: columns, one row a
decision or an order. Every kind of trader, honest or planted, ends here.
"""

from dataclasses import dataclass, fields
from typing import Any, Protocol

import numpy as np
from numpy.random import Generator

from streams.simulator.habits import Habits, Traits
from streams.simulator.laws import (
    Flags,
    Ints,
    draw_counts,
    draw_seconds,
    rank_within,
    repeat_rows,
)
from streams.simulator.market import Market

MARKET_ORDER = int(np.iinfo(np.int64).min)
"""`limit_ticks` of an order without a limit."""

NO_STOP = MARKET_ORDER
"""`stop_ticks` of an order without a stop."""

_SHORTEST_CHILD_GAP_NS = 20_000_000
_SHORTEST_FILL_NS = 200_000
_LONGEST_FILL_NS = 3_000_000


@dataclass(frozen=True, slots=True)
class Decisions:
    """Columns of decisions. `trip` numbers the round trip, so that entry and exit share it.

    `who` is a row of the accounts' traits; `side` is 1 or -1; `quantity` counts contracts.
    """

    who: Ints
    time_ns: Ints
    instrument: Ints
    side: Ints
    quantity: Ints
    trip: Ints


@dataclass(frozen=True, slots=True)
class NewOrders:
    """Columns of orders as sent; the child orders of a decision stand next to each other.

    `decision` and `trip` number the decision and its round trip within one call of a kind; `side`
    is 1 or -1; `quantity` counts contracts; `cancel_after_ns`, `fill_after_ns` and
    `replace_after_ns` are 0 where the feed reports no such event. A replace sets the limit, or
    the stop where there is no limit, to `replace_ticks`.
    """

    account: Ints
    decision: Ints
    trip: Ints
    time_ns: Ints
    instrument: Ints
    side: Ints
    quantity: Ints
    limit_ticks: Ints
    cancel_after_ns: Ints
    fill_after_ns: Ints
    automated: Flags
    stop_ticks: Ints
    replace_after_ns: Ints
    replace_ticks: Ints

    def __len__(self) -> int:
        """Return the number of orders."""
        return len(self.account)

    def take(self, rows: Ints | Flags) -> "NewOrders":
        """Return the given rows, in the given order."""
        return NewOrders(*(getattr(self, column.name)[rows] for column in fields(self)))


class Trader(Protocol):
    """A kind of trader: knows when its accounts decide."""

    def trade(self, accounts: Ints, market: Market, rng: Generator) -> NewOrders:
        """Draw all orders of the accounts over all days of the market, by account and time."""
        ...


def no_orders() -> NewOrders:
    """No orders at all."""
    empty: dict[str, Any] = {f.name: np.zeros(0, dtype=np.int64) for f in fields(NewOrders)}
    return NewOrders(**(empty | {"automated": np.zeros(0, dtype=np.bool_)}))


def concatenate_orders(parts: list[NewOrders]) -> NewOrders:
    """All rows of all parts, in order; parts keep their own numbers of decisions and trips."""
    return NewOrders(
        *(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(NewOrders))
    )


def choose_sides(n: int, rng: Generator) -> Ints:
    """Draw `n` sides, 1 to buy and -1 to sell."""
    return rng.integers(0, 2, n) * 2 - 1


def trade_round_trips(
    accounts: Ints,
    who: Ints,
    entry_ns: Ints,
    side: Ints,
    family: Ints,
    hold_ns: Ints,
    traits: Traits,
    habits: Habits,
    market: Market,
    rng: Generator,
) -> NewOrders:
    """Send the orders of round trips: an entry, and an exit of the opposite side and same size.

    An exit that would fall after the close is moved before it, later than its entry. The columns
    `who` to `hold_ns` have one row a round trip; `accounts` and `traits` one an account.
    """
    left = market.close_ns(market.day_of(entry_ns)) - entry_ns
    early = (left * rng.uniform(0.1, 0.95, len(who))).astype(np.int64)
    exit_ns = entry_ns + np.where(hold_ns < left, hold_ns, early)
    instrument = traits.contracts(who, family, market)
    quantity = traits.choose_quantities(who, rng)
    trip = np.arange(len(who), dtype=np.int64)
    decisions = Decisions(
        who=np.r_[who, who],
        time_ns=np.r_[entry_ns, exit_ns],
        instrument=np.r_[instrument, instrument],
        side=np.r_[side, -side],
        quantity=np.r_[quantity, quantity],
        trip=np.r_[trip, trip],
    )
    return place_orders(accounts, decisions, traits, habits, market, rng)


def place_orders(
    accounts: Ints,
    decisions: Decisions,
    traits: Traits,
    habits: Habits,
    market: Market,
    rng: Generator,
) -> NewOrders:
    """Send the orders of decisions; what falls outside the trading day is not sent.

    Parameters
    ----------
    accounts : Ints
        Account of each row of `traits`.
    decisions : Decisions
        In any order.
    traits : Traits
        What the accounts are like.
    habits : Habits
        The laws of their orders.
    market : Market
        Where the prices come from.
    rng : Generator
        The source of randomness.

    Returns
    -------
    NewOrders
        By account, then time of the decision, then child order.
    """
    order = np.lexsort((decisions.time_ns, decisions.who))
    n = len(order)
    who, quantity = decisions.who[order], decisions.quantity[order]
    wanted = np.where(traits.splits[who], draw_counts(habits.n_children, rng, n), 1)
    n_children = np.minimum(wanted, quantity)
    row = repeat_rows(n_children)
    child = rank_within(row)
    time_ns = decisions.time_ns[order][row] + _child_delays(child, n_children, habits, rng)
    instrument = decisions.instrument[order][row]
    side = decisions.side[order][row]
    is_limit = (rng.random(n) < traits.limit_share[who])[row]
    offset = draw_counts(habits.limit_offset_ticks, rng, n)[row]
    limit = market.price_ticks(instrument, time_ns) - side * offset
    cancel_after, fill_after = draw_fates(is_limit, habits, rng)
    orders = NewOrders(
        account=accounts[who][row],
        decision=row,
        trip=decisions.trip[order][row],
        time_ns=time_ns,
        instrument=instrument,
        side=side,
        quantity=(quantity // n_children)[row] + (child < (quantity % n_children)[row]),
        limit_ticks=np.where(is_limit, limit, MARKET_ORDER),
        cancel_after_ns=cancel_after,
        fill_after_ns=fill_after,
        automated=traits.automated[who][row],
        stop_ticks=np.full(len(row), NO_STOP, dtype=np.int64),
        replace_after_ns=np.zeros(len(row), dtype=np.int64),
        replace_ticks=np.zeros(len(row), dtype=np.int64),
    )
    return orders.take(market.is_open(time_ns))


def _child_delays(child: Ints, n_children: Ints, habits: Habits, rng: Generator) -> Ints:
    gap = draw_seconds(habits.child_gap_s, rng, len(child)) + _SHORTEST_CHILD_GAP_NS
    gap[child == 0] = 0
    total = np.cumsum(gap)
    delay: Ints = total - np.repeat(total[child == 0], n_children)
    return delay


def draw_fates(is_limit: Flags, habits: Habits, rng: Generator) -> tuple[Ints, Ints]:
    """Draw when each order is canceled and when it is filled: only a limit is ever canceled."""
    n = len(is_limit)
    fate = rng.random(n)
    waiting = np.maximum(draw_seconds(habits.waiting_s, rng, n), 1)
    instant = rng.integers(_SHORTEST_FILL_NS, _LONGEST_FILL_NS, n)
    is_canceled = is_limit & (fate < habits.cancel_share)
    is_filled = ~is_canceled & (fate >= 1 - habits.fill_share)
    filled_after = np.where(is_limit, instant + waiting, instant)
    return np.where(is_canceled, waiting, 0), np.where(is_filled, filled_after, 0)
