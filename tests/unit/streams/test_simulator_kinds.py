"""The kinds of simulated traders: each does what it is registered for, and nothing else."""

from dataclasses import replace

import numpy as np
import pytest

from streams.simulator.copier import Copier
from streams.simulator.honest_kinds import (
    ALGORITHM,
    DISCRETIONARY,
    HONEST_KINDS,
    INDICATOR_USER,
    MARKET_MAKER,
    MINUTE_SLICER,
    NEWS_TRADER,
    SCALPER,
)
from streams.simulator.instruments import FAMILIES
from streams.simulator.lags import PersonalLag
from streams.simulator.laws import Choice, HeavyTail, LogNormal, Uniform, rank_within
from streams.simulator.market import DAY_NS, Market, draw_market
from streams.simulator.planted import Planted
from streams.simulator.planted_kinds import PLANTED_KINDS
from streams.simulator.roles import PlantedKind
from streams.simulator.sending import MARKET_ORDER, NewOrders, Trader

N_ACCOUNTS = 40
N_DAYS = 3
NS_PER_MINUTE = 60 * 10**9


@pytest.fixture(scope="module")
def market() -> Market:
    return draw_market(N_DAYS, np.random.default_rng(1))


def _trade(trader: Trader, market: Market, seed: int = 2) -> NewOrders:
    accounts = np.arange(100, 100 + N_ACCOUNTS, dtype=np.int64)
    return trader.trade(accounts, market, np.random.default_rng(seed))


def _decisions_a_day(orders: NewOrders) -> float:
    return len(np.unique(orders.decision)) / (N_ACCOUNTS * N_DAYS)


@pytest.mark.parametrize("kind", HONEST_KINDS, ids=lambda kind: kind.name)
def test_every_honest_account_trades_within_the_day(kind: object, market: Market) -> None:
    orders = _trade(kind.trader, market)  # type: ignore[attr-defined]
    assert set(orders.account) == set(range(100, 100 + N_ACCOUNTS))
    assert market.is_open(orders.time_ns).all()
    assert set(orders.side) == {-1, 1}
    assert orders.quantity.min() >= 1
    assert (np.diff(orders.account) >= 0).all()


@pytest.mark.parametrize("kind", HONEST_KINDS, ids=lambda kind: kind.name)
def test_a_kind_works_for_one_account_on_one_day(kind: object) -> None:
    one_day = draw_market(1, np.random.default_rng(4))
    accounts = np.array([7], dtype=np.int64)
    for seed in range(5):
        rng = np.random.default_rng(seed)
        orders = kind.trader.trade(accounts, one_day, rng)  # type: ignore[attr-defined]
        assert set(orders.account) <= {7}


def test_kinds_differ_in_how_much_they_decide(market: Market) -> None:
    assert 5 < _decisions_a_day(_trade(DISCRETIONARY, market)) < 30
    assert 50 < _decisions_a_day(_trade(SCALPER, market)) < 150
    assert 100 < _decisions_a_day(_trade(ALGORITHM, market)) < 300
    assert _decisions_a_day(_trade(MARKET_MAKER, market)) > 800


def test_round_trips_exit_the_other_way_with_the_same_quantity(market: Market) -> None:
    orders = _trade(DISCRETIONARY, market)
    net = np.bincount(orders.trip, orders.side * orders.quantity)
    # A trip entered in the last seconds may lose its last child orders to the close.
    assert np.count_nonzero(net) <= 0.01 * len(net)


def test_minute_slicers_trade_in_the_first_two_seconds_at_one_offset(market: Market) -> None:
    orders = _trade(MINUTE_SLICER, market)
    offset = orders.time_ns % NS_PER_MINUTE
    assert offset.max() < 2.5e9
    for account in range(100, 105):
        assert np.std(offset[orders.account == account]) < 0.1e9


def test_news_traders_act_soon_after_news_of_the_family(market: Market) -> None:
    lonely = replace(NEWS_TRADER, other_trips_a_day=Uniform(0.0, 0.0))
    orders = _trade(lonely, market)
    first = rank_within(orders.trip[np.argsort(orders.trip, kind="stable")]) == 0
    entries = orders.take(np.argsort(orders.trip, kind="stable")).take(first)
    family = market.instruments.family[entries.instrument]
    reacts = np.zeros(len(entries), dtype=bool)
    for time_ns, news_family in zip(market.news.time_ns, market.news.family, strict=True):
        lag = entries.time_ns - time_ns
        reacts |= (family == news_family) & (lag >= 50_000_000) & (lag <= 20 * 10**9)
    n_others = N_ACCOUNTS  # every account has one other trade at least
    assert np.count_nonzero(~reacts) <= n_others


def test_indicator_users_act_after_bars_on_one_side(market: Market) -> None:
    orders = _trade(INDICATOR_USER, market)
    after_bar = orders.time_ns % NS_PER_MINUTE
    # Entries stand within 10 s of a minute; exits and the few other trades anywhere.
    assert np.mean(after_bar <= 10 * 10**9) > 0.4
    bar = orders.time_ns // NS_PER_MINUTE
    near = (after_bar >= 200_000_000) & (after_bar <= 10 * 10**9)
    family = market.instruments.family[orders.instrument]
    crowd_family = np.bincount(family[near]).argmax()
    here = near & (family == crowd_family)
    busy, counts = np.unique(bar[here], return_counts=True)
    busy = busy[counts >= 8]
    assert len(busy) > 10
    balance = [abs(orders.side[here & (bar == b)].sum()) / (here & (bar == b)).sum() for b in busy]
    assert np.median(balance) > 0.6


def test_market_makers_quote_both_sides_and_cancel_most(market: Market) -> None:
    orders = _trade(MARKET_MAKER, market)
    assert np.mean(orders.cancel_after_ns > 0) > 0.8
    assert (orders.limit_ticks != MARKET_ORDER).all()
    assert abs(orders.side.sum()) <= N_ACCOUNTS
    price = market.price_ticks(orders.instrument, orders.time_ns)
    assert ((price - orders.limit_ticks) * orders.side > 0).all()


def test_some_accounts_split_decisions_into_child_orders(market: Market) -> None:
    orders = _trade(DISCRETIONARY, market, seed=9)
    sizes = np.bincount(orders.decision)
    assert sizes.max() in {2, 3, 4, 5}
    starts = np.flatnonzero(np.diff(orders.decision, prepend=-1) != 0)
    length = np.maximum.reduceat(orders.time_ns, starts) - orders.time_ns[starts]
    assert length.max() < 10 * 10**9
    assert np.mean(sizes[sizes > 0] > 1) < 0.4


@pytest.mark.parametrize("kind", PLANTED_KINDS, ids=lambda kind: kind.name)
def test_followers_keep_the_lag_law_of_their_kind(kind: PlantedKind, market: Market) -> None:
    planted, copier = _plant(kind, market)
    assert isinstance(copier.lag, PersonalLag)
    leader = planted.orders.take(planted.orders.account == 0)
    for account in range(1, 6):
        follower = planted.orders.take(planted.orders.account == account)
        lag_ms = _lags_ms(leader, follower, copier)
        assert lag_ms.min() >= copier.lag.shortest_ms - 1e-3
        assert lag_ms.max() <= copier.lag.longest_ms + 1e-3
        assert np.ptp(lag_ms) > 0
        share = len(np.unique(follower.decision)) / len(np.unique(leader.decision))
        assert isinstance(copier.participation, Uniform)
        # Every round trip is copied or not by chance, so the share of some 50 varies.
        assert copier.participation.low - 0.2 <= share <= min(1.0, copier.participation.high + 0.2)


def _plant(kind: PlantedKind, market: Market) -> tuple[Planted, Copier]:
    assert isinstance(kind.planter, Copier)
    copier = replace(kind.planter, own_trade_share=Uniform(0.0, 0.0))
    accounts = np.arange(6, dtype=np.int64)
    (planted,) = copier.plant(accounts, market, np.random.default_rng(5))
    return planted, copier


def _lags_ms(leader: NewOrders, follower: NewOrders, copier: Copier) -> np.ndarray:
    """Lag to the leader's order that each order repeats, in milliseconds."""
    child = rank_within(follower.decision)
    first = {int(d): row for row, d in reversed(list(enumerate(leader.decision)))}
    rows = np.array([first[int(d)] for d in follower.decision]) + child
    if not copier.copies_children:
        assert child.max() == 0
    assert (leader.side[rows] == follower.side).all()
    lags: np.ndarray = (follower.time_ns - leader.time_ns[rows]) / 1e6
    return lags


@pytest.mark.parametrize("kind", PLANTED_KINDS, ids=lambda kind: kind.name)
def test_the_ratio_is_what_the_quantities_show(kind: PlantedKind, market: Market) -> None:
    planted, _ = _plant(kind, market)
    unit = market.instruments.unit
    lots = planted.orders.quantity * unit[planted.orders.instrument]
    assert planted.ratios[0] == 1.0
    leads = planted.orders.account == 0
    leaders_lots = np.bincount(planted.orders.decision[leads], lots[leads])
    for account in range(1, 6):
        here = planted.orders.account == account
        decision = planted.orders.decision[here]
        theirs = np.bincount(decision, lots[here], minlength=len(leaders_lots))
        copied = np.unique(decision)
        shown = np.median(theirs[copied] / leaders_lots[copied])
        assert shown == pytest.approx(planted.ratios[account], rel=0.02)


def test_some_followers_trade_the_micro_of_the_leaders_instrument(market: Market) -> None:
    n_translated = 0
    for seed in range(5):
        copier = PLANTED_KINDS[0].planter
        (planted,) = copier.plant(np.arange(6), market, np.random.default_rng(seed))
        orders = planted.orders
        units = market.instruments.unit[orders.instrument]
        leader_is_mini = units[orders.account == 0].max() == 10
        followers = [units[orders.account == account] for account in range(1, 6)]
        n_translated += sum(leader_is_mini and np.mean(u == 1) > 0.5 for u in followers)
    assert n_translated >= 3


def test_followers_have_few_trades_of_their_own(market: Market) -> None:
    copier = PLANTED_KINDS[2].planter
    (planted,) = copier.plant(np.arange(10), market, np.random.default_rng(3))
    assert isinstance(copier, Copier)
    bare = replace(copier, own_trade_share=Uniform(0.0, 0.0))
    (alone,) = bare.plant(np.arange(10), market, np.random.default_rng(3))
    assert len(alone.orders) < len(planted.orders) < 1.3 * len(alone.orders)


def test_copying_that_starts_later_leaves_the_time_before_alone(market: Market) -> None:
    copier = PLANTED_KINDS[0].planter
    assert isinstance(copier, Copier)
    late = replace(copier, own_trade_share=Uniform(0.0, 0.0), start_share=Uniform(0.5, 0.5))
    (planted,) = late.plant(np.arange(3), market, np.random.default_rng(3))
    assert planted.start_time_ns == market.open_ns[1] + DAY_NS // 2
    followers = planted.orders.take(planted.orders.account > 0)
    assert followers.time_ns.min() >= planted.start_time_ns
    assert planted.orders.time_ns.min() < planted.start_time_ns


def test_the_market_is_busy_at_the_ends_of_the_day(market: Market) -> None:
    day = np.zeros(60_000, dtype=np.int64)
    times = market.draw_times(day, np.random.default_rng(1)) - market.open_ns[0]
    counts = np.histogram(times, bins=6, range=(0, DAY_NS))[0]
    assert min(counts[0], counts[-1]) > 1.3 * max(counts[2], counts[3])


def test_news_moves_prices(market: Market) -> None:
    instrument = market.instruments.root[market.news.family]
    before = market.price_ticks(instrument, market.news.time_ns - 10**9)
    after = market.price_ticks(instrument, market.news.time_ns)
    volatility = np.array([spec.volatility_ticks for spec in FAMILIES])[market.news.family]
    assert np.median(np.abs(after - before) / volatility) > 5


def test_times_outside_the_day_are_mirrored_into_it(market: Market) -> None:
    day = np.array([1, 1, 1], dtype=np.int64)
    start = market.open_ns[1]
    folded = market.fold(day, np.array([start - 5, start + 7, start + DAY_NS + 3]))
    assert (folded - start).tolist() == [5, 7, DAY_NS - 4]


def test_laws_stay_in_their_bounds() -> None:
    rng = np.random.default_rng(0)
    assert np.ptp(LogNormal(5.0, 3.0, 1.0, 9.0).draw(rng, 1000)) == 8.0
    sizes = HeavyTail(1.5, 60.0).draw(rng, 10_000)
    assert sizes.min() == 1
    assert sizes.max() <= 60
    assert 0.6 < np.mean(sizes == 1) < 0.7
    assert set(Choice((1.0, 2.0), (0.0, 1.0)).draw(rng, 50)) == {2.0}
