"""Planted kinds, one group at a time: lags, shares, sizes and sides are what the kind claims."""

from dataclasses import replace

import numpy as np
import pytest

from streams.simulator import SCENARIOS
from streams.simulator.bracket_kind import BRACKETS
from streams.simulator.copier import Copier, Outages
from streams.simulator.held_out.laws import Gamma, LogUniform, Mixture, Weibull
from streams.simulator.laws import LogNormal, Uniform
from streams.simulator.market import DAY_NS, Market, draw_market
from streams.simulator.planted import Planted, is_inverse, measure_ratio
from streams.simulator.roles import PlantedKind
from streams.simulator.sending import MARKET_ORDER, NO_STOP, NewOrders

N_DAYS = 3
KINDS = {kind.name: kind for name in ("full", "held-out") for kind in SCENARIOS[name].planted}
_NS_PER_MINUTE = 60 * 10**9


@pytest.fixture(scope="module")
def market() -> Market:
    return draw_market(N_DAYS, np.random.default_rng(1))


def _plant(
    name: str, market: Market, *, n: int = 9, seed: int = 5, is_bare: bool = True
) -> tuple[Planted, ...]:
    """Plant a group of the kind; `is_bare` leaves own trades out."""
    planter = KINDS[name].planter
    if is_bare and isinstance(planter, Copier):
        planter = replace(planter, own_trade_share=Uniform(0.0, 0.0))
    return planter.plant(np.arange(n, dtype=np.int64), market, np.random.default_rng(seed))


def _one(name: str, market: Market, *, n: int = 9, seed: int = 5, is_bare: bool = True) -> Planted:
    (planted,) = _plant(name, market, n=n, seed=seed, is_bare=is_bare)
    return planted


def _of(planted: Planted, account: int) -> NewOrders:
    return planted.orders.take(planted.orders.account == account)


def _pairs(leader: NewOrders, follower: NewOrders) -> tuple[np.ndarray, np.ndarray]:
    """First order of each decision that both sent: rows of the leader's, of the follower's."""
    led, led_row = np.unique(leader.decision, return_index=True)
    own, own_row = np.unique(follower.decision, return_index=True)
    _, at, mine = np.intersect1d(led, own, return_indices=True)
    return led_row[at], own_row[mine]


def _lags_s(leader: NewOrders, follower: NewOrders) -> np.ndarray:
    led, own = _pairs(leader, follower)
    lags: np.ndarray = (follower.time_ns[own] - leader.time_ns[led]) / 1e9
    return lags


def _shares(planted: Planted) -> list[float]:
    """Share of the leader's decisions that each follower copied."""
    n_led = len(np.unique(_of(planted, 0).decision))
    return [len(np.unique(_of(planted, a).decision)) / n_led for a in planted.members[1:]]


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_every_order_of_a_group_is_one_of_its_members(kind: PlantedKind, market: Market) -> None:
    n = max(kind.fewest_members, 8)
    for planted in _plant(kind.name, market, n=n, is_bare=False):
        assert set(planted.orders.account) == set(planted.members)
        assert market.is_open(planted.orders.time_ns).all()
        assert planted.orders.quantity.min() >= 1
        assert set(planted.orders.side) <= {-1, 1}
        assert len(planted.ratios) == len(planted.inverted) == len(planted.members)
        assert planted.ratios.min() > 0
        assert planted.leader is None or planted.leader in planted.members


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_a_kind_works_for_its_fewest_members_on_one_day(kind: PlantedKind) -> None:
    one_day = draw_market(1, np.random.default_rng(4))
    for seed in range(3):
        for planted in _plant(kind.name, one_day, n=kind.fewest_members, seed=seed):
            assert set(planted.orders.account) <= set(range(kind.fewest_members))


@pytest.mark.parametrize(
    ("name", "low_s", "high_s"),
    [
        ("internal_server", 0.0002, 0.002),
        ("internal_local", 0.005, 0.080),
        ("internal_rented_server", 0.005, 0.080),
        ("internal_half_failing", 0.005, 0.080),
        ("internal_es_to_mes", 0.005, 0.080),
        ("external_automatic", 0.050, 0.800),
        ("external_evasive", 0.1, 10.0),
        ("external_random_delay", 10.0, 100.0),
        ("external_human", 1.5, 120.0),
        ("external_late_start", 0.050, 0.800),
        ("external_weibull_lag", 0.030, 9.0),
        ("internal_gamma_lag", 0.003, 0.4),
        ("external_quiet_leader", 0.030, 9.0),
    ],
)
def test_lags_lie_in_the_bounds_of_the_kind(
    name: str, low_s: float, high_s: float, market: Market
) -> None:
    planted = _one(name, market)
    lags = np.concatenate([_lags_s(_of(planted, 0), _of(planted, a)) for a in range(1, 9)])
    assert len(lags) > 20
    assert low_s - 1e-6 <= lags.min() < lags.max() <= high_s + 1e-6


@pytest.mark.parametrize(
    "name",
    [
        "internal_brackets",
        "external_brackets",
        "external_evasive",
        "external_random_delay",
        "external_weibull_lag",
        "external_two_peaks",
        "external_around_source",
    ],
)
def test_no_follower_exits_before_it_enters(name: str, market: Market) -> None:
    for seed in range(4):
        planted = _one(name, market, seed=seed)
        for account in range(1, 9):
            orders = _of(planted, account)
            by_time = np.lexsort((orders.time_ns, orders.trip))
            first = np.flatnonzero(np.diff(orders.trip[by_time], prepend=-1) != 0)
            entered = np.minimum.reduceat(orders.decision[by_time], first)
            # Decisions are numbered by time, so an entry has the smaller number.
            assert (orders.decision[by_time][first] == entered).all()


def test_people_have_a_median_lag_of_eight_to_thirty_seconds(market: Market) -> None:
    planted = _one("external_human", market)
    for account in range(1, 9):
        # The median of some 60 lognormal lags stands near the law's, not on it.
        assert 6 < np.median(_lags_s(_of(planted, 0), _of(planted, account))) < 38


def test_random_delay_and_jitter_spread_over_their_range(market: Market) -> None:
    for name, low, high in (("external_random_delay", 10, 100), ("external_evasive", 0.1, 10)):
        planted = _one(name, market)
        lags = np.concatenate([_lags_s(_of(planted, 0), _of(planted, a)) for a in range(1, 9)])
        counts = np.histogram(lags, bins=5, range=(low, high))[0]
        assert counts.min() > 0.6 * counts.mean()


def test_two_peaks_are_seconds_apart(market: Market) -> None:
    planted = _one("external_two_peaks", market)
    lags = np.concatenate([_lags_s(_of(planted, 0), _of(planted, a)) for a in range(1, 9)])
    assert 0.35 < np.mean(lags < 1) < 0.65
    assert np.mean((lags >= 1) & (lags < 9)) == 0


def test_evaders_skip_decisions_vary_sizes_and_trade_beside(market: Market) -> None:
    planted = _one("external_evasive", market)
    assert 0.3 < min(_shares(planted)) < max(_shares(planted)) < 0.9
    n_varied = 0
    for account in range(1, 9):
        led, own = _pairs(_of(planted, 0), _of(planted, account))
        sizes = _of(planted, account).quantity[own] / _of(planted, 0).quantity[led]
        n_varied += len(np.unique(sizes)) > 1
    assert n_varied >= 6
    busy = _one("external_evasive", market, is_bare=False)
    assert len(busy.orders) > 1.25 * len(planted.orders)


def test_a_round_trip_keeps_its_lot_noise(market: Market) -> None:
    planted = _one("external_evasive", market)
    follower = _of(planted, 1)
    sizes = {}
    for trip, quantity in zip(follower.trip, follower.quantity, strict=True):
        sizes.setdefault(int(trip), set()).add(int(quantity))
    assert all(len(both) == 1 for both in sizes.values())


def test_a_half_failing_copier_works_in_spells(market: Market) -> None:
    shares, spells = [], []
    for seed in range(8):
        planted = _one("internal_half_failing", market, seed=seed)
        leader = _of(planted, 0)
        trips = leader.trip[np.argsort(leader.time_ns, kind="stable")]
        trips = trips[np.sort(np.unique(trips, return_index=True)[1])]
        copied = np.isin(trips, planted.orders.trip[planted.orders.account > 0])
        shares.append(copied.mean())
        spells.append(len(copied) / (np.count_nonzero(np.diff(copied.astype(int))) + 1))
    assert 0.35 < np.mean(shares) < 0.65
    assert np.mean(spells) > 2.5


def test_outages_leave_at_least_one_trip() -> None:
    outages = Outages(Uniform(1.0, 1.0), Uniform(50.0, 50.0))
    for seed in range(10):
        assert outages.choose_trips(5, np.random.default_rng(seed)).any()
    assert len(outages.choose_trips(0, np.random.default_rng(0))) == 0


def test_inverse_followers_take_the_other_side_of_every_copy(market: Market) -> None:
    n_inverse = []
    for seed in range(10):
        planted = _one("external_inverse", market, seed=seed)
        assert not planted.inverted[0]
        for account in range(1, 9):
            led, own = _pairs(_of(planted, 0), _of(planted, account))
            turned = _of(planted, account).side[own] != _of(planted, 0).side[led]
            assert turned.all() if planted.inverted[account] else not turned.any()
        n_inverse.append(np.count_nonzero(planted.inverted))
    assert min(n_inverse) >= 1
    assert len(set(n_inverse)) > 1
    assert max(n_inverse) == 8


def test_micro_followers_of_a_root_leader(market: Market) -> None:
    for seed in range(5):
        planted = _one("internal_es_to_mes", market, seed=seed)
        instruments = market.instruments
        leads = planted.orders.account == 0
        contract, unit = planted.orders.instrument, instruments.unit[planted.orders.instrument]
        assert np.isin(contract[leads], instruments.root).all()
        assert set(unit[leads]) == {10}
        assert set(unit[~leads]) == {1}
        assert set(instruments.family[contract[~leads]]) <= set(instruments.family[contract[leads]])
        # A root limit moved to another family still stands near that family's market.
        limit = planted.orders.limit_ticks
        is_limit = leads & (limit != MARKET_ORDER)
        price = market.price_ticks(contract[is_limit], planted.orders.time_ns[is_limit])
        assert np.abs(price - limit[is_limit]).max(initial=0) < 20


def test_late_starters_copy_nothing_before_the_last_day(market: Market) -> None:
    for seed in range(5):
        planted = _one("external_late_start", market, seed=seed)
        follows = planted.orders.account > 0
        assert planted.start_time_ns >= market.open_ns[-1]
        assert planted.orders.time_ns[follows].min() >= planted.start_time_ns
        assert market.day_of(planted.orders.time_ns[~follows]).min() == 0
        busy = _one("external_late_start", market, seed=seed, is_bare=False)
        before = busy.orders.take(busy.orders.time_ns < busy.start_time_ns)
        assert set(before.account) - {0}


def test_a_hidden_source_leaves_all_members_following(market: Market) -> None:
    planted = _one("external_off_venue", market)
    assert planted.leader is None
    assert np.median(planted.ratios) == 1.0
    first = np.full(planted.orders.decision.max() + 1, -1)
    by_time = np.argsort(-planted.orders.time_ns)
    first[planted.orders.decision[by_time]] = planted.orders.account[by_time]
    assert len(set(first[first >= 0])) >= 3
    n_decisions = len(np.unique(planted.orders.decision))
    for account in range(9):
        assert len(np.unique(_of(planted, account).decision)) > 0.6 * n_decisions


def test_managed_accounts_act_at_once_with_or_without_a_master(market: Market) -> None:
    led = set()
    for seed in range(12):
        planted = _one("external_managed", market, seed=seed)
        led.add(planted.leader)
        decision = planted.orders.decision
        for one in np.unique(decision)[:20]:
            _, first = np.unique(planted.orders.account[decision == one], return_index=True)
            times = planted.orders.time_ns[decision == one][first]
            assert np.ptp(times) <= 60_000_000
    assert led == {None, 0}


def test_two_providers_share_followers_who_copy_both(market: Market) -> None:
    one, other = _plant("external_two_providers", market, n=12)
    assert (one.leader, other.leader) == (0, 1)
    shared = set(one.members) & set(other.members)
    assert shared
    assert set(one.members) | set(other.members) == set(range(12))
    for group in (one, other):
        assert len(set(group.members) - shared) >= 2
        leader = _of(group, int(group.members[0]))
        for account in shared:
            led, own = _pairs(leader, _of(group, int(account)))
            assert len(led) > 0.6 * len(np.unique(leader.decision))
            copies = _of(group, int(account))
            assert np.median(copies.time_ns[own] - leader.time_ns[led]) < 10**9


def test_brackets_are_copied_with_their_replaces_and_cancels(market: Market) -> None:
    planted = _one("internal_brackets", market)
    for account in range(9):
        orders = _of(planted, account)
        is_stop = orders.stop_ticks != NO_STOP
        assert (orders.limit_ticks[is_stop] == MARKET_ORDER).all()
        n_trips = len(np.unique(orders.trip))
        assert np.count_nonzero(is_stop) > 0.6 * n_trips
        assert (orders.replace_after_ns > 0).any()
        assert (orders.cancel_after_ns > 0).any()
        # Stop and target cancel one another: of the two, one at most is filled.
        filled = np.bincount(orders.trip[is_stop], orders.fill_after_ns[is_stop] > 0)
        assert filled.max() <= 1
    leader, follower = _of(planted, 0), _of(planted, 1)
    led, own = _pairs(leader, follower)
    for column in ("replace_after_ns", "cancel_after_ns"):
        theirs, copied = getattr(leader, column)[led], getattr(follower, column)[own]
        assert ((theirs > 0) == (copied > 0)).all()
        assert np.abs(theirs - copied).max() < 1_000_000
    assert (leader.stop_ticks[led] == follower.stop_ticks[own]).all()


def test_a_bracket_closes_the_position_at_most_once(market: Market) -> None:
    leader = _of(_one("internal_brackets", market), 0)
    is_done = (leader.fill_after_ns > 0) * leader.side * leader.quantity
    net = np.bincount(leader.trip, is_done)
    assert np.count_nonzero(net) <= 0.02 * len(net)


def test_bracket_traders_may_be_many_or_none(market: Market) -> None:
    accounts = np.arange(200, dtype=np.int64)
    orders = BRACKETS.trade(accounts, market, np.random.default_rng(3))
    assert set(orders.account) == set(accounts)
    assert market.is_open(orders.time_ns).all()
    assert (np.diff(orders.account) >= 0).all()


def test_a_stop_fills_only_where_the_price_went(market: Market) -> None:
    leader = _of(_one("external_brackets", market), 0)
    hit = (leader.stop_ticks != NO_STOP) & (leader.fill_after_ns > 0)
    assert hit.any()
    filled_ns = (leader.time_ns + leader.fill_after_ns)[hit]
    is_moved = (leader.replace_after_ns > 0) & (leader.replace_after_ns < leader.fill_after_ns)
    stop = np.where(is_moved, leader.replace_ticks, leader.stop_ticks)[hit]
    price = market.price_ticks(leader.instrument[hit], filled_ns)
    # A stop to sell fills at or below its price, a stop to buy at or above it.
    assert ((price - stop) * leader.side[hit] >= 0).all()


@pytest.mark.parametrize(
    ("name", "low_s", "high_s"),
    [
        ("walking_farm", 15.0, 60.0),
        ("walking_farm_gamma", 5.0, 240.0),
    ],
)
def test_walking_farms_go_from_account_to_account(
    name: str, low_s: float, high_s: float, market: Market
) -> None:
    planted = _one(name, market, n=30)
    assert planted.leader is None
    assert (planted.ratios == 1.0).all()
    assert planted.start_time_ns == planted.orders.time_ns.min()
    for one in np.unique(planted.orders.decision):
        here = planted.orders.take(planted.orders.decision == one)
        assert len(np.unique(here.account)) == len(here)
        by_time = np.argsort(here.time_ns)
        assert (np.diff(here.account[by_time]) > 0).all()
        gaps = np.diff(here.time_ns[by_time]) / 1e9
        assert gaps.min() >= low_s - 1e-6
        assert gaps.max() <= high_s + 1e-6
        assert len({*zip(here.instrument, here.side, here.quantity, strict=True)}) == 1


@pytest.mark.parametrize("name", ["one_shot_farm", "one_shot_farm_slow"])
def test_one_shot_farms_send_one_or_two_identical_orders_an_account(
    name: str, market: Market
) -> None:
    counts, same_price = set(), set()
    for seed in range(10):
        planted = _one(name, market, n=60, seed=seed)
        orders = planted.orders
        counts |= set(np.bincount(orders.account, minlength=60))
        assert len({*zip(orders.instrument, orders.side, orders.quantity, strict=True)}) == 1
        offset = orders.limit_ticks - market.price_ticks(orders.instrument, orders.time_ns)
        for run in np.unique(orders.decision):
            here = orders.decision == run
            is_same = len(set(orders.limit_ticks[here])) == 1
            same_price.add(is_same)
            assert is_same or len(set(offset[here])) == 1
            times = np.sort(orders.time_ns[here])
            if len(times) > 10:
                longest = 60 if name == "one_shot_farm" else 180
                assert np.ptp(times) <= longest * _NS_PER_MINUTE
                # Evenly paced: no gap is longer than two paces.
                assert np.diff(times).max() <= 2.05 * np.ptp(times) / (len(times) - 1)
    assert counts == {1, 2}
    assert same_price == {True, False}


def test_split_copies_spread_over_a_minute_and_add_up(market: Market) -> None:
    planted = _one("external_split_orders", market)
    for account in range(1, 9):
        orders = _of(planted, account)
        sizes = np.bincount(orders.decision)
        assert 3 <= np.median(sizes[sizes > 0]) <= 8
        starts = np.flatnonzero(np.diff(orders.decision, prepend=-1) != 0)
        spans = np.maximum.reduceat(orders.time_ns, starts) - orders.time_ns[starts]
        assert 10 * 10**9 < np.median(spans) <= spans.max() <= _NS_PER_MINUTE
    unit = market.instruments.unit
    ratio = measure_ratio(_of(planted, 1), _of(planted, 0), unit)
    assert ratio == planted.ratios[1]


def test_rotating_followers_copy_a_third_each_time(market: Market) -> None:
    planted = _one("external_rotating", market, n=13)
    followers = planted.orders.take(planted.orders.account > 0)
    copied = {*zip(followers.trip, followers.account, strict=True)}
    n_trips = len(np.unique(_of(planted, 0).trip))
    own = len(copied) / n_trips / 12
    assert 0.28 < own < 0.5  # with a few own trades, whose trips have numbers of their own


def test_half_of_the_legs_are_the_followers_own(market: Market) -> None:
    planted = _one("external_half_legs", market)
    leader = _of(planted, 0)
    lags = np.concatenate([_lags_s(leader, _of(planted, a)) for a in range(1, 9)])
    is_copied = (lags > 0) & (lags < 9.1)
    # Half of the round trips have one own leg: a quarter of the legs.
    assert 0.65 < is_copied.mean() < 0.85


def test_around_the_source_any_member_may_come_first(market: Market) -> None:
    planted = _one("external_around_source", market)
    assert planted.leader is None
    led, own = _pairs(_of(planted, 0), _of(planted, 1))
    lags = (_of(planted, 1).time_ns[own] - _of(planted, 0).time_ns[led]) / 1e9
    assert lags.min() < -10
    assert lags.max() > 10
    assert np.abs(lags).max() <= 60


def test_reversal_turns_whole_days(market: Market) -> None:
    turned_days = 0
    for seed in range(6):
        planted = _one("external_reversal_days", market, seed=seed)
        for account in range(1, 9):
            follower = _of(planted, account)
            led, own = _pairs(_of(planted, 0), follower)
            turned = follower.side[own] != _of(planted, 0).side[led]
            day = market.day_of(follower.time_ns[own])
            for one in np.unique(day):
                assert turned[day == one].all() or not turned[day == one].any()
                turned_days += bool(turned[day == one].any())
            assert planted.inverted[account] == (2 * turned.sum() > len(turned))
    assert turned_days > 20


def test_ratio_and_side_are_read_off_the_orders(market: Market) -> None:
    source = _of(_one("external_automatic", market), 0)
    unit = market.instruments.unit
    double = replace(source, quantity=2 * source.quantity, side=-source.side)
    assert measure_ratio(double, source, unit) == 2.0
    assert is_inverse(double, source)
    nothing = source.take(np.zeros(0, dtype=np.int64))
    assert measure_ratio(nothing, source, unit) == 1.0
    assert not is_inverse(nothing, source)


def test_other_laws_stay_in_their_bounds() -> None:
    rng = np.random.default_rng(0)
    for law, low, high in (
        (Gamma(2.0, 5.0, 1.0, 30.0), 1.0, 30.0),
        (Weibull(0.9, 5.0, 1.0, 30.0), 1.0, 30.0),
        (LogUniform(0.2, 5.0), 0.2, 5.0),
        (Mixture(Uniform(0.0, 1.0), LogNormal(50.0, 0.1, 20.0, 90.0), 0.5), 0.0, 90.0),
    ):
        values = law.draw(rng, 5000)
        assert low <= values.min() < values.max() <= high
        assert len(values) == 5000


def test_farms_fit_into_the_day(market: Market) -> None:
    planted = _one("walking_farm", market, n=700)
    assert market.is_open(planted.orders.time_ns).all()
    for one in np.unique(planted.orders.decision):
        assert np.ptp(planted.orders.time_ns[planted.orders.decision == one]) < DAY_NS
