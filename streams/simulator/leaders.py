"""Leaders that trade in a way of their own: the root contracts only, or with brackets."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from streams.simulator.instruments import FAMILIES
from streams.simulator.laws import NS_PER_MS, NS_PER_SECOND, Flags, Ints, Law, draw_seconds
from streams.simulator.market import DAY_SECONDS, Market
from streams.simulator.sending import (
    MARKET_ORDER,
    NO_STOP,
    NewOrders,
    Trader,
    concatenate_orders,
)

_LONGEST_BRACKET_S = 3600
_TRIPS_AT_A_TIME = 1000  # bounds the memory: each trip looks at every second of an hour
_SETTLING_NS = 30 * NS_PER_SECOND
_VOLATILITY_SPAN_S = 300.0
_VOLATILITY_TICKS = np.array([spec.volatility_ticks for spec in FAMILIES])


@dataclass(frozen=True, slots=True)
class RootTrader:
    """Another trader's decisions, in root contracts of families that have a micro."""

    trader: Trader

    def trade(self, accounts: Ints, market: Market, rng: Generator) -> NewOrders:
        """Draw all orders of the accounts."""
        orders = self.trader.trade(accounts, market, rng)
        instruments = market.instruments
        with_micro = np.flatnonzero(instruments.root != instruments.micro)
        family = instruments.family[orders.instrument]
        moved = np.where(np.isin(family, with_micro), family, with_micro[family % len(with_micro)])
        instrument = instruments.root[moved]
        # A limit keeps its distance from the market, whichever family's market it is.
        distance = market.price_ticks(orders.instrument, orders.time_ns) - orders.limit_ticks
        limit = market.price_ticks(instrument, orders.time_ns) - distance
        is_limit = orders.limit_ticks != MARKET_ORDER
        return replace(
            orders, instrument=instrument, limit_ticks=np.where(is_limit, limit, MARKET_ORDER)
        )


@dataclass(frozen=True, slots=True)
class BracketTrader:
    """Another trader's entries, each followed by a stop and a target that cancel one another.

    An entry is one order; a limit may be replaced once before it fills, or be canceled, and then
    the round trip ends. `stop_distance` is the account's distance of the stop in standard
    deviations of the price over five minutes, `reward` the target's distance over the stop's. In
    `break_even_share` of the round trips the stop moves to the entry price once the price is
    better than that. What the price reaches first decides the exit; if neither, the position is
    closed by hand when the other trader would have closed it. `waiting_s` is the time until a
    limit is filled, canceled or replaced.
    """

    trader: Trader
    limit_share: float
    entry_cancel_share: float
    entry_replace_share: float
    waiting_s: Law
    stop_distance: Law
    reward: Law
    break_even_share: float

    def trade(self, accounts: Ints, market: Market, rng: Generator) -> NewOrders:
        """Draw all orders of the accounts."""
        base = self.trader.trade(accounts, market, rng)
        entry, hold_ns = _list_entries(base)
        entry, filled_ns, price = self._place_entries(entry, market, rng)
        held = np.flatnonzero(filled_ns > 0)
        brackets = self._place_brackets(
            entry.take(held), filled_ns[held], price[held], hold_ns[held], accounts, market, rng
        )
        orders = concatenate_orders([entry, *brackets])
        return orders.take(np.lexsort((orders.time_ns, orders.account)))

    def _place_entries(
        self, entry: NewOrders, market: Market, rng: Generator
    ) -> tuple[NewOrders, Ints, Ints]:
        """Return entries as sent, when each was filled (0 for never), at which price in ticks."""
        n = len(entry)
        market_ticks = market.price_ticks(entry.instrument, entry.time_ns)
        is_limit = rng.random(n) < self.limit_share
        is_canceled = is_limit & (rng.random(n) < self.entry_cancel_share)
        is_replaced = is_limit & (rng.random(n) < self.entry_replace_share)
        waiting, more = (draw_seconds(self.waiting_s, rng, n) + NS_PER_MS for _ in range(2))
        ends = np.where(is_limit, waiting + np.where(is_replaced, more, 0), NS_PER_MS)
        left = market.close_ns(market.day_of(entry.time_ns)) - entry.time_ns - ends
        is_filled = ~is_canceled & (left > _SETTLING_NS)
        limit = market_ticks - entry.side
        moved = np.where(is_replaced, limit + entry.side, limit)
        placed = replace(
            entry,
            limit_ticks=np.where(is_limit, limit, MARKET_ORDER),
            cancel_after_ns=np.where(is_filled, 0, np.where(is_limit, ends, 0)),
            fill_after_ns=np.where(is_filled, ends, 0),
            replace_after_ns=np.where(is_replaced, waiting, 0),
            replace_ticks=moved,
        )
        filled_ns = np.where(is_filled, entry.time_ns + ends, 0)
        return placed, filled_ns, np.where(is_limit, moved, market_ticks)

    def _place_brackets(
        self,
        entry: NewOrders,
        filled_ns: Ints,
        price: Ints,
        hold_ns: Ints,
        accounts: Ints,
        market: Market,
        rng: Generator,
    ) -> list[NewOrders]:
        """Place stops and targets, and the exits by hand."""
        n = len(entry)
        _, who = np.unique(entry.account, return_inverse=True)
        family = market.instruments.family[entry.instrument]
        scale = _VOLATILITY_TICKS[family] * np.sqrt(_VOLATILITY_SPAN_S)
        stop = np.maximum(self.stop_distance.draw(rng, len(accounts))[who] * scale, 2.0)
        risk = np.rint(stop).astype(np.int64)
        target = np.rint(self.reward.draw(rng, len(accounts))[who] * risk).astype(np.int64)
        close = market.close_ns(market.day_of(filled_ns))
        by_hand = np.minimum(filled_ns + np.maximum(hold_ns, _SETTLING_NS), close - NS_PER_SECOND)
        wish = rng.random(n) < self.break_even_share
        move_ns = filled_ns + (rng.uniform(0.2, 0.7, n) * (by_hand - filled_ns)).astype(np.int64)
        gain = entry.side * (market.price_ticks(entry.instrument, move_ns) - price)
        moves = wish & (gain > 0)
        # The new stop counts two seconds after it was sent, so that it is never hit before that.
        moved_ns = np.where(moves, move_ns + 2 * NS_PER_SECOND, by_hand)
        chunks = [
            _find_exits(
                entry.take(rows),
                filled_ns[rows],
                price[rows],
                risk[rows],
                target[rows],
                moved_ns[rows],
                by_hand[rows],
                market,
            )
            for rows in np.split(np.arange(n), range(_TRIPS_AT_A_TIME, n, _TRIPS_AT_A_TIME))
        ]
        hit_stop, hit_target, exit_ns = map(np.concatenate, zip(*chunks, strict=True))
        exit_ns += rng.integers(0, NS_PER_MS, n)
        placed_ns = filled_ns + rng.integers(NS_PER_MS, 20 * NS_PER_MS, n)
        canceled_later = exit_ns - placed_ns + rng.integers(NS_PER_MS, 5 * NS_PER_MS, n)
        moves &= move_ns + NS_PER_SECOND < exit_ns
        bracket = replace(
            entry,
            decision=entry.decision + 1,
            time_ns=placed_ns,
            side=-entry.side,
            limit_ticks=np.full(n, MARKET_ORDER, dtype=np.int64),
            stop_ticks=price - entry.side * risk,
            cancel_after_ns=np.where(hit_stop, 0, canceled_later),
            fill_after_ns=np.where(hit_stop, exit_ns - placed_ns, 0),
            replace_after_ns=np.where(moves, move_ns - placed_ns, 0),
            replace_ticks=price,
        )
        targets = replace(
            bracket,
            decision=entry.decision + 2,
            limit_ticks=price + entry.side * target,
            stop_ticks=np.full(n, NO_STOP, dtype=np.int64),
            cancel_after_ns=np.where(hit_target, 0, canceled_later),
            fill_after_ns=np.where(hit_target, exit_ns - placed_ns, 0),
            replace_after_ns=np.zeros(n, dtype=np.int64),
        )
        exits = replace(
            targets,
            decision=entry.decision + 3,
            time_ns=exit_ns,
            limit_ticks=np.full(n, MARKET_ORDER, dtype=np.int64),
            cancel_after_ns=np.zeros(n, dtype=np.int64),
            fill_after_ns=np.full(n, NS_PER_MS, dtype=np.int64),
        )
        return [bracket, targets, exits.take(~hit_stop & ~hit_target)]


def _list_entries(orders: NewOrders) -> tuple[NewOrders, Ints]:
    """One whole entry a round trip, its decision numbered by fours, and how long it was held."""
    by_trip = np.lexsort((orders.time_ns, orders.trip))
    trip = orders.trip[by_trip]
    first = np.flatnonzero(np.diff(trip, prepend=-1) != 0)
    last = np.r_[first[1:], len(trip)] - 1
    entry = orders.take(by_trip[first])
    hold_ns = orders.time_ns[by_trip[last]] - entry.time_ns
    size = np.bincount(orders.decision, orders.quantity)[entry.decision].astype(np.int64)
    return replace(entry, quantity=size, decision=4 * np.arange(len(entry))), hold_ns


def _find_exits(
    entry: NewOrders,
    filled_ns: Ints,
    price: Ints,
    risk: Ints,
    target: Ints,
    moved_ns: Ints,
    by_hand_ns: Ints,
    market: Market,
) -> tuple[Flags, Flags, Ints]:
    """Whether stop or target was reached first, and when the position was closed.

    Looks at the price of each full second from two seconds after the fill on.
    """
    day = market.day_of(filled_ns)
    start = (filled_ns - market.open_ns[day]) // NS_PER_SECOND + 2
    second = start[:, None] + np.arange(_LONGEST_BRACKET_S)
    time_ns = market.open_ns[day][:, None] + second * NS_PER_SECOND
    is_held = time_ns < by_hand_ns[:, None]
    column = day[:, None] * DAY_SECONDS + np.minimum(second, DAY_SECONDS - 1)
    family = market.instruments.family[entry.instrument]
    gain = entry.side[:, None] * (market.path_ticks[family[:, None], column] - price[:, None])
    worst: Ints = np.where(time_ns >= moved_ns[:, None], 0, -risk[:, None])
    at_stop, at_target = gain <= worst, gain >= target[:, None]
    reached = is_held & (at_stop | at_target)
    row, any_reached = np.arange(len(day)), reached.any(axis=1)
    first = reached.argmax(axis=1)
    hit_stop = any_reached & at_stop[row, first]
    exit_ns = np.where(any_reached, time_ns[row, first], by_hand_ns)
    return hit_stop, any_reached & ~hit_stop, exit_ns
