"""Honest people of the full and held-out scenarios: each kind does what its name claims."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from helpers.honest_trading import ALL, FIRST_ACCOUNT, FULL, HELD_OUT, entries_of, trade

from streams.simulator.full_honest_kinds import FULL_MARKET
from streams.simulator.held_out_honest_kinds import HELD_OUT_MARKET
from streams.simulator.laws import Uniform
from streams.simulator.market import DAY_NS, DAY_SECONDS, Market, draw_market
from streams.simulator.people import IndicatorUser
from streams.simulator.reacting_people import StopTrader, TradingFloor
from streams.simulator.roles import HonestKind

NS_PER_SECOND = 10**9
N_DAYS = 3
ALMOST_NONE = Uniform(0.0, 0.0)  # one trade an account remains


@pytest.fixture(scope="module")
def market() -> Market:
    rngs = np.random.default_rng(1), np.random.default_rng(2)
    return draw_market(N_DAYS, rngs[0], FULL_MARKET, rngs[1])


@pytest.fixture(scope="module")
def held_out_market() -> Market:
    rngs = np.random.default_rng(1), np.random.default_rng(2)
    return draw_market(N_DAYS, rngs[0], HELD_OUT_MARKET, rngs[1])


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.name)
def test_every_kind_trades_both_sides_within_the_day(kind: HonestKind, market: Market) -> None:
    orders, _ = trade(kind, market)
    assert set(orders.account) <= set(range(FIRST_ACCOUNT, FIRST_ACCOUNT + 40))
    assert len(set(orders.account)) > 20
    assert market.is_open(orders.time_ns).all()
    assert set(orders.side) == {-1, 1}
    assert orders.quantity.min() >= 1
    assert (np.diff(orders.account) >= 0).all()


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.name)
def test_every_kind_works_for_one_account_on_one_day(kind: HonestKind) -> None:
    rngs = np.random.default_rng(4), np.random.default_rng(5)
    one_day = draw_market(1, rngs[0], HELD_OUT_MARKET, rngs[1])
    for seed in range(4):
        orders, _ = trade(kind, one_day, n_accounts=1, seed=seed)
        assert set(orders.account) <= {FIRST_ACCOUNT}


@pytest.mark.parametrize("kinds", [FULL, HELD_OUT])
def test_a_tenth_of_the_discretionary_traders_decide_most(
    kinds: dict[str, HonestKind], market: Market
) -> None:
    orders, _ = trade(kinds["discretionary"], market, n_accounts=400)
    account = orders.account[np.unique(orders.decision, return_index=True)[1]]
    counts = np.sort(np.bincount(account - FIRST_ACCOUNT, minlength=400))
    assert counts[-40:].sum() > 0.35 * counts.sum()
    assert np.median(counts) < 0.6 * counts.mean()


@pytest.mark.parametrize("kinds", [FULL, HELD_OUT])
def test_casual_traders_act_once_or_twice(kinds: dict[str, HonestKind], market: Market) -> None:
    orders, _ = trade(kinds["casual"], market, n_accounts=200)
    counts = Counter(orders.account.tolist())
    assert len(counts) == 200
    assert set(counts.values()) == {1, 2}
    twice = {account for account, n in counts.items() if n == 2}
    net = np.bincount(orders.account, orders.side * orders.quantity)
    assert all(net[account] == 0 for account in twice)


def test_indicator_crowds_take_part_in_fifteen_to_forty_percent(market: Market) -> None:
    user = FULL["indicator_user"].trader
    assert isinstance(user, IndicatorUser)
    one_crowd = replace(
        user,
        crowd_size=Uniform(100.0, 100.0),
        bar_s=Uniform(300.0, 300.0),
        other_trips_a_day=ALMOST_NONE,
    )
    kind = replace(FULL["indicator_user"], trader=one_crowd)
    entries = entries_of(trade(kind, market, n_accounts=100)[0])
    since_bar = entries.time_ns % (300 * NS_PER_SECOND)
    reacting = entries.take((since_bar >= 0.2e9) & (since_bar <= 10.1e9))
    bars = Counter((reacting.time_ns // (300 * NS_PER_SECOND)).tolist())
    crowded = [n for n in bars.values() if n >= 10]
    assert len(crowded) >= 20
    assert 15 <= np.mean(crowded) <= 40
    for bar in [bar for bar, n in bars.items() if n >= 10]:
        here = reacting.time_ns // (300 * NS_PER_SECOND) == bar
        assert abs(reacting.side[here].sum()) >= here.sum() - 4


@pytest.mark.parametrize("kinds", [FULL, HELD_OUT])
def test_stops_are_sent_when_their_price_is_hit(
    kinds: dict[str, HonestKind], market: Market
) -> None:
    trader = kinds["stop_cascade"].trader
    assert isinstance(trader, StopTrader)
    lonely = replace(trader, other_trips_a_day=ALMOST_NONE)
    orders, _ = trade(replace(kinds["stop_cascade"], trader=lonely), market, n_accounts=150)
    cascades = market.cascades
    assert len(cascades) >= 8
    family = market.instruments.family[orders.instrument]
    n_within_seconds = []
    for row in range(len(cascades)):
        day, second = divmod(int(cascades.second[row]), DAY_SECONDS)
        start_ns = market.open_ns[day] + second * NS_PER_SECOND
        since = orders.time_ns - start_ns
        stops = (family == cascades.family[row]) & (since > 0) & (since < 30 * NS_PER_SECOND)
        stops &= orders.side == cascades.direction[row]
        level = market.path_ticks[cascades.family[row], cascades.second[row]]
        path = market.path_ticks[cascades.family[row], cascades.second[row] :][:100]
        beyond = (path - level) * cascades.direction[row]
        hit = start_ns + int(np.argmax(beyond >= 1)) * NS_PER_SECOND
        early = orders.take(stops & (orders.time_ns < hit))
        # Only one of the few other trades may stand before the price was there.
        assert len(early) <= 1
        n_within_seconds.append(len(set(orders.account[stops])))
    popular = np.array(n_within_seconds)[cascades.family < 4]
    assert np.median(popular) >= 10


def test_a_cascade_runs_its_way_within_its_time(market: Market) -> None:
    cascades = market.cascades
    start = market.path_ticks[cascades.family, cascades.second]
    end = market.path_ticks[cascades.family, cascades.second + cascades.duration_s]
    way = (end - start) * cascades.direction / cascades.depth_ticks
    assert 0.7 < np.median(way) < 1.3
    assert set(cascades.direction) == {-1, 1}


def test_cascades_leave_everything_before_them_alone(market: Market) -> None:
    calm = draw_market(N_DAYS, np.random.default_rng(1))
    assert (calm.news.time_ns == market.news.time_ns).all()
    assert (calm.activity == market.activity).all()
    for family in range(len(market.path_ticks)):
        here = market.cascades.second[market.cascades.family == family]
        first = int(here.min(initial=N_DAYS * DAY_SECONDS))
        same = calm.path_ticks[family, :first] == market.path_ticks[family, :first]
        assert same.all()
        assert (
            first == N_DAYS * DAY_SECONDS
            or (calm.path_ticks[family] != market.path_ticks[family]).any()
        )


@pytest.mark.parametrize("kinds", [FULL, HELD_OUT])
def test_a_floor_follows_its_calls_within_seconds_and_nobody_leads(
    kinds: dict[str, HonestKind], market: Market
) -> None:
    trader = kinds["trading_floor"].trader
    assert isinstance(trader, TradingFloor)
    lonely = replace(trader, other_trips_a_day=ALMOST_NONE, calls_a_day=Uniform(15.0, 15.0))
    kind = replace(kinds["trading_floor"], trader=lonely)
    orders, neighbors = trade(kind, market, n_accounts=80)
    entries = entries_of(orders)
    room_of = neighbors.team[entries.account]
    for room in set(neighbors.team[FIRST_ACCOUNT:].tolist()):
        members = np.flatnonzero(neighbors.team == room)
        theirs = entries.take(room_of == room)
        theirs = theirs.take(np.argsort(theirs.time_ns))
        gap = np.diff(theirs.time_ns, prepend=-(10**15))
        call = np.cumsum(gap > 20 * NS_PER_SECOND)
        sizes = np.bincount(call)[1:]
        whole = np.flatnonzero(sizes >= 2) + 1
        shares = sizes[whole - 1] / len(members)
        assert 0.2 <= np.mean(shares) <= 0.55
        firsts = Counter(int(theirs.account[call == c][0]) for c in whole)
        # Over some 45 calls nobody of 8 or more is first much more often than by chance.
        assert max(firsts.values()) <= 0.4 * len(whole)
        assert len(firsts) >= len(members) / 3
        agreement = [abs(theirs.side[call == c].mean()) for c in whole]
        assert np.mean(agreement) > 0.85


@pytest.mark.parametrize("kinds", [FULL, HELD_OUT])
def test_rooms_hold_eight_to_thirty(kinds: dict[str, HonestKind]) -> None:
    teams = kinds["trading_floor"].teams
    assert teams is not None
    rooms = teams.split(np.arange(200), np.random.default_rng(3))
    assert sorted(np.concatenate(rooms).tolist()) == list(range(200))
    sizes = [len(room) for room in rooms]
    assert min(sizes) >= 8
    assert max(sizes[:-1]) <= 30


def test_auction_traders_act_at_the_ends_of_the_day(held_out_market: Market) -> None:
    orders, _ = trade(HELD_OUT["auction_trader"], held_out_market)
    entries = entries_of(orders)
    day = held_out_market.day_of(entries.time_ns)
    since_open = entries.time_ns - held_out_market.open_ns[day]
    at_open = since_open <= 231 * NS_PER_SECOND
    at_close = since_open >= DAY_NS - 241 * NS_PER_SECOND
    per_account = [set(entries.account[at]) for at in (at_open, at_close)]
    assert min(map(len, per_account)) >= 8
    assert np.mean(at_open | at_close) > 0.4


def test_funding_traders_enter_before_the_full_hour_and_exit_after(
    held_out_market: Market,
) -> None:
    orders, _ = trade(HELD_OUT["funding_trader"], held_out_market)
    entries = entries_of(orders)
    hour = 3600 * NS_PER_SECOND
    is_before = entries.time_ns % hour >= hour - 45 * NS_PER_SECOND
    # The day closes on a full hour too, where only the few other trades are.
    is_before &= entries.time_ns % (24 * hour) < 19 * hour
    before = entries.take(is_before)
    assert len(before) > 0.5 * len(entries)
    last = np.zeros(int(orders.trip.max()) + 1, dtype=np.int64)
    np.maximum.at(last, orders.trip, orders.time_ns)
    assert (last[before.trip] // hour > before.time_ns // hour).all()
    family = held_out_market.instruments.family[before.instrument]
    key = before.time_ns // hour * 100 + family
    _, row, size = np.unique(key, return_inverse=True, return_counts=True)
    agreement = (np.abs(np.bincount(row, before.side)) / size)[size >= 5]
    assert len(agreement) >= 5
    assert agreement.mean() > 0.5
