"""Farms: many accounts that somebody outside the venue trades, one after another.

A walking farm takes every decision through its accounts at a walking pace; a one-shot farm uses
each account once or twice for the same order. No account leads.
"""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from streams.simulator.habits import Habits, draw_families
from streams.simulator.laws import NS_PER_SECOND, Flags, Ints, Law, draw_counts, draw_seconds
from streams.simulator.market import DAY_NS, Market
from streams.simulator.planted import Planted, relate_to_median
from streams.simulator.sending import (
    MARKET_ORDER,
    NO_STOP,
    NewOrders,
    choose_sides,
    draw_fates,
)

_LAST_SECONDS_NS = 60 * NS_PER_SECOND


@dataclass(frozen=True, slots=True)
class WalkingFarm:
    """A decision walks from account to account in a fixed order, entries first and then exits.

    `gap_s` is the time from one account to the next, `participation` the share of the accounts
    that take part in a walk, `hold_s` how long after its entry each account exits. The first
    walk takes all accounts along.
    """

    walks_a_day: Law
    gap_s: Law
    participation: Law
    hold_s: Law
    quantity: Law
    limit_share: Law
    habits: Habits

    def plant(self, accounts: Ints, market: Market, rng: Generator) -> tuple[Planted, ...]:
        """Draw all orders of one farm."""
        n = len(accounts)
        count = np.maximum(draw_counts(self.walks_a_day, rng, market.n_days), 1)
        day = np.repeat(np.arange(market.n_days), count)
        n_walks = len(day)
        joins = rng.random((n_walks, n)) < self.participation.draw(rng, n_walks)[:, None]
        joins[0] = True
        gap = draw_seconds(self.gap_s, rng, n_walks * n).reshape(n_walks, n)
        since_start = np.cumsum(np.where(joins, gap, 0), axis=1)
        length = since_start[:, -1]
        # A farm too large for a day at this pace goes faster.
        room = int(0.9 * DAY_NS)
        too_long = length > room
        since_start[too_long] = (since_start[too_long].T * (room / length[too_long])).T
        spare = DAY_NS - np.minimum(length, room) - _LAST_SECONDS_NS
        start = market.open_ns[day] + (rng.random(n_walks) * spare).astype(np.int64)
        walk, member = np.nonzero(joins)
        entry_ns = start[walk] + since_start[walk, member]
        family = draw_families(1, rng)[0, 0]
        instrument = np.full(n_walks, _draw_contract(int(family), market, rng))
        side, size = choose_sides(n_walks, rng), _draw_sizes(self.quantity, n_walks, rng)
        last_ns = start + since_start[:, -1]
        left = market.close_ns(day) - last_ns - NS_PER_SECOND
        hold_ns = np.minimum(draw_seconds(self.hold_s, rng, n_walks), left)
        is_limit = rng.random(n_walks) < self.limit_share.draw(rng, 1)[0]
        return _describe_farm(
            accounts,
            np.r_[member, member],
            np.r_[entry_ns, entry_ns + hold_ns[walk]],
            np.r_[2 * walk, 2 * walk + 1],
            instrument[np.r_[walk, walk]],
            np.r_[side[walk], -side[walk]],
            size[np.r_[walk, walk]],
            is_limit[np.r_[walk, walk]],
            None,
            self.habits,
            market,
            rng,
        )


@dataclass(frozen=True, slots=True)
class OneShotFarm:
    """Every account sends the same order once; some send it once more in another run.

    A run takes `run_s` from its first account to its last, evenly paced but for `pace_jitter`, a
    share of the pace. All orders have one instrument, side and size, and either one limit price
    a run or one distance from the market. `second_run_share` is how many accounts come again.
    """

    run_s: Law
    pace_jitter: Law
    second_run_share: Law
    quantity: Law
    offset_ticks: Law
    same_price_share: float
    habits: Habits

    def plant(self, accounts: Ints, market: Market, rng: Generator) -> tuple[Planted, ...]:
        """Draw all orders of one farm."""
        n = len(accounts)
        again = rng.random(n) < self.second_run_share.draw(rng, 1)[0]
        members = [rng.permutation(n), rng.permutation(np.flatnonzero(again))]
        jitter = self.pace_jitter.draw(rng, 1)[0]
        run_ns = np.minimum(draw_seconds(self.run_s, rng, 2), DAY_NS // 2)
        # The second run follows the first: in the day's other half, or on a later day.
        half = np.sort(rng.choice(2 * market.n_days, 2, replace=False))
        times: list[Ints] = []
        for run, rows in enumerate(members):
            start = market.open_ns[half[run] // 2] + (half[run] % 2) * (DAY_NS // 2)
            start += int(rng.random() * (DAY_NS // 2 - run_ns[run]))
            place = np.arange(len(rows)) + jitter * rng.random(len(rows))
            times.append(start + (place / max(len(rows), 1) * run_ns[run]).astype(np.int64))
        time_ns, member = np.concatenate(times), np.concatenate(members)
        run_of = np.repeat([0, 1], [len(rows) for rows in members])
        contract = _draw_contract(int(draw_families(1, rng)[0, 0]), market, rng)
        instrument = np.full(len(member), contract)
        side = np.full(len(member), choose_sides(1, rng)[0])
        offset = int(draw_counts(self.offset_ticks, rng, 1)[0])
        seen = market.price_ticks(instrument, time_ns)
        if rng.random() < self.same_price_share:
            seen = seen[np.searchsorted(run_of, run_of)]
        return _describe_farm(
            accounts,
            member,
            time_ns,
            run_of,
            instrument,
            side,
            np.full(len(member), _draw_sizes(self.quantity, 1, rng)[0]),
            np.ones(len(member), dtype=np.bool_),
            seen - side * offset,
            self.habits,
            market,
            rng,
        )


def _draw_contract(family: int, market: Market, rng: Generator) -> int:
    instruments = market.instruments
    return int((instruments.root, instruments.micro)[int(rng.integers(2))][family])


def _draw_sizes(law: Law, n: int, rng: Generator) -> Ints:
    return np.maximum(draw_counts(law, rng, n), 1)


def _describe_farm(
    accounts: Ints,
    member: Ints,
    time_ns: Ints,
    decision: Ints,
    instrument: Ints,
    side: Ints,
    quantity: Ints,
    is_limit: Flags,
    limit_ticks: Ints | None,
    habits: Habits,
    market: Market,
    rng: Generator,
) -> tuple[Planted, ...]:
    """Send the orders, one a row; without prices a limit stands at the market."""
    n = len(member)
    price = market.price_ticks(instrument, time_ns) if limit_ticks is None else limit_ticks
    cancel_after, fill_after = draw_fates(is_limit, habits, rng)
    none = np.zeros(n, dtype=np.int64)
    orders = NewOrders(
        account=accounts[member],
        decision=decision,
        trip=decision // 2,
        time_ns=time_ns,
        instrument=instrument,
        side=side,
        quantity=quantity,
        limit_ticks=np.where(is_limit, price, MARKET_ORDER),
        cancel_after_ns=cancel_after,
        fill_after_ns=fill_after,
        automated=np.full(n, rng.random() < habits.automated_share),
        stop_ticks=np.full(n, NO_STOP, dtype=np.int64),
        replace_after_ns=none,
        replace_ticks=none,
    )
    orders = orders.take(market.is_open(time_ns))
    orders = orders.take(np.lexsort((orders.time_ns, orders.account)))
    lots = orders.quantity * market.instruments.unit[orders.instrument]
    # Sizes compare within a decision: a farm may take another size on every walk.
    decisions, which = np.unique(orders.decision, return_inverse=True)
    usual = np.array([np.median(lots[which == row]) for row in range(len(decisions))])
    share = lots / usual[which]
    ratios = np.array([np.median(share[orders.account == account]) for account in accounts])
    return (
        Planted(
            members=accounts,
            orders=orders,
            leader=None,
            ratios=relate_to_median(ratios),
            inverted=np.zeros(len(accounts), dtype=np.bool_),
            start_time_ns=int(orders.time_ns.min()),
        ),
    )
