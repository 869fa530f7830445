"""Honest robots of the full and held-out scenarios: each kind does what its name claims."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from helpers.honest_trading import (
    FIRST_ACCOUNT,
    FULL,
    HELD_OUT,
    N_STRANGERS,
    draw_neighbors,
    entries_of,
    trade,
)

from streams.simulator.events import BarCloses, EventTrader, PriceMoves
from streams.simulator.full_honest_kinds import FULL_MARKET
from streams.simulator.grids import GridBot
from streams.simulator.held_out_honest_kinds import HELD_OUT_MARKET
from streams.simulator.instruments import FAMILIES
from streams.simulator.laws import Uniform
from streams.simulator.market import DAY_SECONDS, Market, draw_market
from streams.simulator.roles import HonestKind
from streams.simulator.sandwich import SandwichBot
from streams.simulator.sending import MARKET_ORDER, NewOrders

NS_PER_SECOND = 10**9
NS_PER_MS = 10**6
N_DAYS = 2
BOTH = pytest.mark.parametrize("kinds", [FULL, HELD_OUT], ids=["full", "held-out"])


@pytest.fixture(scope="module")
def market() -> Market:
    rngs = np.random.default_rng(1), np.random.default_rng(2)
    return draw_market(N_DAYS, rngs[0], FULL_MARKET, rngs[1])


@pytest.fixture(scope="module")
def held_out_market() -> Market:
    rngs = np.random.default_rng(1), np.random.default_rng(2)
    return draw_market(N_DAYS, rngs[0], HELD_OUT_MARKET, rngs[1])


def _react(kind: HonestKind, market: Market, n_accounts: int = 40) -> NewOrders:
    """Entries of an event trader that nearly never trades otherwise."""
    assert isinstance(kind.trader, EventTrader)
    lonely = replace(kind.trader, other_trips_a_day=Uniform(0.0, 0.0))
    return entries_of(trade(replace(kind, trader=lonely), market, n_accounts=n_accounts)[0])


@BOTH
@pytest.mark.parametrize("name", ["bar_close_crowd", "bar_close_bot"])
def test_bar_close_robots_act_within_800_ms_of_a_bar(
    name: str, kinds: dict[str, HonestKind], market: Market
) -> None:
    entries = _react(kinds[name], market)
    since = entries.time_ns % (60 * NS_PER_SECOND)
    in_time = (since >= 50 * NS_PER_MS) & (since <= 801 * NS_PER_MS)
    assert np.count_nonzero(~in_time) <= 40  # one other trade an account
    assert np.count_nonzero(in_time) > 200
    minute = (entries.time_ns - market.open_ns[0]) // (60 * NS_PER_SECOND)
    lengths = {np.gcd.reduce(minute[in_time & (entries.account == a)]) for a in range(100, 140)}
    assert {5, 15} <= lengths or {1, 5} <= lengths


@BOTH
def test_a_public_signal_is_shared_and_an_own_one_is_not(
    kinds: dict[str, HonestKind], market: Market
) -> None:
    agreement = {}
    for name in ("bar_close_crowd", "bar_close_bot"):
        entries = _react(kinds[name], market, n_accounts=120)
        family = market.instruments.family[entries.instrument]
        key = entries.time_ns // (60 * NS_PER_SECOND) * len(FAMILIES) + family
        _, row, size = np.unique(key, return_inverse=True, return_counts=True)
        sides = np.abs(np.bincount(row, entries.side))
        crowded = size >= 4
        assert crowded.sum() >= 5
        agreement[name] = float((sides[crowded] / size[crowded]).mean())
    assert agreement["bar_close_crowd"] > 0.8
    assert agreement["bar_close_bot"] < 0.6


def test_bars_are_whole_parts_of_the_hour_and_day() -> None:
    for kinds in (FULL, HELD_OUT):
        trader = kinds["bar_close_crowd"].trader
        assert isinstance(trader, EventTrader)
        assert isinstance(trader.source, BarCloses)
        assert trader.source.bar_s == (60, 300, 900)


def test_momentum_bots_follow_the_same_move_within_two_seconds(held_out_market: Market) -> None:
    market, kind = held_out_market, HELD_OUT["momentum_bot"]
    entries = _react(kind, market, n_accounts=80)
    assert isinstance(kind.trader, EventTrader)
    source = kind.trader.source
    assert isinstance(source, PriceMoves)
    moves = source.find(market, np.random.default_rng(0))
    family = market.instruments.family[entries.instrument]
    explained = np.zeros(len(entries), dtype=bool)
    followers: Counter[int] = Counter()
    for row in range(len(moves.time_ns)):
        second = moves.time_ns[row] // NS_PER_SECOND * NS_PER_SECOND
        lag = entries.time_ns - second
        near = (family == moves.family[row]) & (lag >= 100 * NS_PER_MS) & (lag <= 3 * NS_PER_SECOND)
        explained |= near
        followers[row] = np.count_nonzero(near & (entries.side == moves.side[row]))
    assert np.count_nonzero(~explained) <= 80  # one other trade an account
    assert max(followers.values()) >= 5


def test_moves_are_as_large_as_they_claim(held_out_market: Market) -> None:
    market = held_out_market
    source = PriceMoves(window_s=15, sizes=(4.0,), weights=(1.0,))
    moves = source.find(market, np.random.default_rng(0))
    assert len(moves.time_ns) > 20
    day = market.day_of(moves.time_ns)
    second = day * DAY_SECONDS + (moves.time_ns - market.open_ns[day]) // NS_PER_SECOND
    volatility = np.array([spec.volatility_ticks for spec in FAMILIES])[moves.family]
    path = market.path_ticks
    move = path[moves.family, second] - path[moves.family, second - 15]
    assert (move * moves.side >= 4.0 * volatility * np.sqrt(15) - 1e-9).all()


def test_grid_bots_rest_at_round_prices_against_the_move(held_out_market: Market) -> None:
    market, kind = held_out_market, HELD_OUT["grid_bot"]
    orders, _ = trade(kind, market, n_accounts=60)
    assert isinstance(kind.trader, GridBot)
    price = market.price_ticks(orders.instrument, orders.time_ns)
    # Sells rest above the price and buys below it; in two seconds it may run past a few.
    assert np.mean((price - orders.limit_ticks) * orders.side > 0) > 0.95
    # Steps of the first family round to 5, 10 and 20 ticks.
    es = market.instruments.family[orders.instrument] == 0
    assert (orders.limit_ticks[es] % 5 == 0).all()
    second = orders.time_ns // (2 * NS_PER_SECOND)
    _, together = np.unique(second * 10**6 + orders.limit_ticks, return_counts=True)
    assert together.max() >= 4


@BOTH
def test_market_makers_cancel_and_replace(kinds: dict[str, HonestKind], market: Market) -> None:
    orders, _ = trade(kinds["market_maker"], market, n_accounts=10)
    life = np.maximum(orders.cancel_after_ns, orders.fill_after_ns)
    is_moved = orders.replace_after_ns > 0
    assert np.mean(orders.cancel_after_ns > 0) > 0.75
    assert 0.05 < is_moved.mean() < 0.9
    assert (orders.replace_after_ns[is_moved] < life[is_moved]).all()
    assert (orders.replace_ticks[is_moved] != orders.limit_ticks[is_moved]).all()
    now = market.price_ticks(orders.instrument, orders.time_ns + orders.replace_after_ns)
    assert ((now - orders.replace_ticks) * orders.side > 0)[is_moved].all()
    for account in range(FIRST_ACCOUNT, FIRST_ACCOUNT + 10):
        sides = orders.side[orders.account == account]
        assert abs(sides.sum()) <= 0.02 * len(sides) + 1


@BOTH
def test_arbitrage_firms_trade_all_legs_at_one_instant_and_back(
    kinds: dict[str, HonestKind], market: Market
) -> None:
    orders, neighbors = trade(kinds["arbitrage_basket"], market, n_accounts=30)
    family = market.instruments.family[orders.instrument]
    sizes: Counter[int] = Counter()
    by_trip = np.lexsort((orders.time_ns, orders.trip))
    for trip in np.unique(orders.trip)[:300]:
        rows = by_trip[orders.trip[by_trip] == trip]
        half = len(rows) // 2
        enter, leave = rows[:half], rows[half:]
        assert np.ptp(orders.time_ns[enter]) <= 12 * NS_PER_MS
        assert np.ptp(orders.time_ns[leave]) <= 12 * NS_PER_MS
        assert set(family[enter]) == set(family[leave])
        assert len(set(family[enter])) == half >= 2
        assert set(orders.side[enter]) == {-1, 1}
        assert len(set(neighbors.team[orders.account[rows]])) == 1
        sizes[len(set(orders.account[rows]))] += 1
    # Some firms spread the legs over their accounts.
    assert set(sizes) >= {1, 2}


@BOTH
def test_strangers_react_to_the_same_spread(kinds: dict[str, HonestKind], market: Market) -> None:
    orders, neighbors = trade(kinds["arbitrage_basket"], market, n_accounts=30)
    entries = entries_of(orders)
    family = market.instruments.family[entries.instrument]
    es = entries.take(family == 0)
    es = es.take(np.argsort(es.time_ns))
    near = np.diff(es.time_ns) < 100 * NS_PER_MS
    team = neighbors.team[es.account]
    assert np.count_nonzero(near & (np.diff(team) != 0)) > 20
    same_side = (es.side[1:] == es.side[:-1])[near]
    assert same_side.mean() > 0.9


@BOTH
def test_sandwich_bots_trade_around_orders_of_honest_strangers(
    kinds: dict[str, HonestKind], market: Market
) -> None:
    kind = kinds["sandwich_bot"]
    assert isinstance(kind.trader, SandwichBot)
    lonely = replace(kind.trader, other_trips_a_day=Uniform(0.0, 0.0))
    orders, neighbors = trade(replace(kind, trader=lonely), market, n_accounts=12)
    seen = neighbors.orders.take(np.argsort(neighbors.orders.time_ns, kind="stable"))
    order = np.lexsort((orders.time_ns, orders.trip))
    front, back = order[::2], order[1::2]
    assert (orders.trip[front] == orders.trip[back]).all()
    assert (orders.side[front] == -orders.side[back]).all()
    assert (orders.quantity[front] == orders.quantity[back]).all()
    # The victim is the next order of the same instrument and side, between front and back.
    n_around = 0
    victims = set()
    for f, b in zip(front, back, strict=True):
        low, high = np.searchsorted(seen.time_ns, [orders.time_ns[f], orders.time_ns[b]])
        between = slice(low, high + 1)
        hit = (seen.instrument[between] == orders.instrument[f]) & (
            seen.side[between] == orders.side[f]
        )
        hit &= seen.limit_ticks[between] == MARKET_ORDER
        n_around += bool(hit.any())
        victims |= set(seen.account[between][hit].tolist())
    assert n_around >= len(front) - 2 * 12
    assert n_around > 100
    assert victims <= set(range(N_STRANGERS))


def test_sandwich_bots_leave_resting_stops_alone(market: Market) -> None:
    kind = FULL["sandwich_bot"]
    assert isinstance(kind.trader, SandwichBot)
    accounts = np.arange(FIRST_ACCOUNT, FIRST_ACCOUNT + 5, dtype=np.int64)
    neighbors = draw_neighbors(kind, accounts, market)
    stops = replace(neighbors.orders, stop_ticks=np.full(len(neighbors.orders), 1_000))
    rng = np.random.default_rng(2)
    orders = kind.trader.trade_among(accounts, replace(neighbors, orders=stops), market, rng)
    # What is left are the few trades without a victim.
    assert len(orders) < 5 * N_DAYS * 2 * 10


def test_a_grid_counts_a_price_crossed_back_and_forth_once(held_out_market: Market) -> None:
    market = held_out_market
    walk = np.cumsum(np.random.default_rng(8).integers(-4, 5, market.path_ticks.shape[1])) + 20_000
    still = np.full_like(market.path_ticks, 10_003)
    still[0] = walk
    step = 20  # 36 seconds of 0.55 ticks round to it
    bot = HELD_OUT["grid_bot"].trader
    assert isinstance(bot, GridBot)
    sure = replace(
        bot,
        steps_s=(36.0,),
        weights=(1.0,),
        participation=Uniform(1.0, 1.0),
        reaction_ms=Uniform(0.0, 0.0),
    )
    kind = replace(HELD_OUT["grid_bot"], trader=sure)
    orders, _ = trade(kind, replace(market, path_ticks=still), n_accounts=12)
    accounts = set(orders.account.tolist())
    assert accounts
    expected = []
    last = None
    for second in range(1, len(walk)):
        before, now = int(walk[second - 1]) // step, int(walk[second]) // step
        if before != now:
            up = now > before
            crossed = now if up else now + 1
            if crossed != last:
                expected.append((second, -1 if up else 1, (crossed + (1 if up else -1)) * step))
            last = crossed
    for account in accounts:
        theirs = orders.take(orders.account == account)
        day = market.day_of(theirs.time_ns)
        second = (theirs.time_ns - market.open_ns[day]) // NS_PER_SECOND + day * DAY_SECONDS
        rows = zip(second.tolist(), theirs.side.tolist(), theirs.limit_ticks.tolist(), strict=True)
        assert list(rows) == expected
