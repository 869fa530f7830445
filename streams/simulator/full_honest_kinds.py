"""Every number of the honest kinds of the `full` scenario, and the register of them.

Most accounts are people who decide now and then, with a heavy tail; the rest are the look-alikes
of copying that a surveillance desk meets. A kind that `honest_kinds.py` has is taken from there
where its laws need no change.
"""

from dataclasses import replace

from streams.simulator.baskets import ArbitrageBasket, Basket
from streams.simulator.events import BarCloses, EventTrader
from streams.simulator.honest_kinds import (
    ALGORITHM,
    DISCRETIONARY,
    INDICATOR_USER,
    MARKET_MAKER,
    MINUTE_SLICER,
    NEWS_TRADER,
    SCALPER,
    USUAL_HABITS,
)
from streams.simulator.laws import Bimodal, Choice, LogNormal, Pareto, Uniform
from streams.simulator.market_laws import USUAL_MARKET, CascadeLaws
from streams.simulator.population_laws import USUAL_POPULATION
from streams.simulator.reacting_people import CasualTrader, StopTrader, TradingFloor
from streams.simulator.robots import QuoteKeeper
from streams.simulator.roles import HonestKind
from streams.simulator.sandwich import SandwichBot
from streams.simulator.teams import Teams

FULL_MARKET = replace(
    USUAL_MARKET,
    cascades=CascadeLaws(
        a_day=Choice((0.0, 1.0, 2.0), (0.55, 0.30, 0.15)),
        depth_s=LogNormal(30.0, 0.4, 12.0, 120.0),
        duration_s=LogNormal(8.0, 0.6, 2.0, 40.0),
        rebound_share=Uniform(0.1, 0.8),
        rebound_s=LogNormal(240.0, 0.6, 30.0, 1800.0),
    ),
)
FULL_POPULATION = replace(USUAL_POPULATION, accounts_per_server_address=2_000)

_ROBOT_HABITS = replace(
    USUAL_HABITS,
    automated_share=1.0,
    split_share=0.0,
    limit_share=Uniform(0.0, 0.4),
    waiting_s=LogNormal(1.0, 1.0, 0.01, 60.0),
)
_FAST_HABITS = replace(_ROBOT_HABITS, limit_share=Uniform(0.0, 0.0), micro_share=0.1)
_FEW_OTHERS = LogNormal(1.5, 0.8, 0.2, 8.0)

# From a trade or two a day to those who never stop: the tail holds most of the decisions.
HEAVY_DISCRETIONARY = replace(
    DISCRETIONARY,
    trips_a_day=Pareto(1.25, 2.0, 120.0),
    active_day_share=Bimodal(Uniform(0.15, 0.5), Uniform(0.6, 1.0), 0.3),
)
CASUAL = CasualTrader(
    exit_share=0.6,
    hold_s=LogNormal(900.0, 1.5, 10.0, 18_000.0),
    habits=replace(USUAL_HABITS, split_share=0.0),
)
BAR_CLOSE_CROWD = EventTrader(
    source=BarCloses((60, 300, 900), (0.45, 0.35, 0.20), Uniform(4.0, 14.0)),
    participation=Uniform(0.25, 0.95),
    right_side_share=1.0,
    reaction_s=LogNormal(0.18, 0.6, 0.05, 0.8),
    reaction_spread=0.25,
    shortest_reaction_s=0.05,
    longest_reaction_s=0.8,
    other_trips_a_day=LogNormal(0.4, 0.5, 0.1, 2.0),
    hold_s=LogNormal(300.0, 1.0, 10.0, 7200.0),
    habits=_ROBOT_HABITS,
)
BAR_CLOSE_BOT = replace(
    BAR_CLOSE_CROWD,
    source=BarCloses((60, 300, 900), (0.45, 0.35, 0.20), None),
    participation=LogNormal(0.05, 0.7, 0.01, 0.3),
    right_side_share=0.5,
)
STOP_TRADER = StopTrader(
    participation=Uniform(0.2, 0.7),
    stop_depth_share=Bimodal(Uniform(0.0, 0.05), Uniform(0.05, 0.9), 0.6),
    delay_s=LogNormal(0.25, 1.0, 0.004, 4.0),
    other_trips_a_day=Pareto(1.4, 1.0, 20.0),
    hold_s=LogNormal(900.0, 1.0, 20.0, 10_800.0),
    habits=replace(USUAL_HABITS, limit_share=Uniform(0.0, 0.0), split_share=0.05),
)
TRADING_FLOOR = TradingFloor(
    calls_a_day=Uniform(10.0, 35.0),
    participation=Uniform(0.2, 0.5),
    delay_s=LogNormal(2.5, 0.6, 0.4, 15.0),
    other_trips_a_day=LogNormal(5.0, 0.6, 1.0, 20.0),
    hold_s=LogNormal(400.0, 1.0, 10.0, 7200.0),
    habits=USUAL_HABITS,
)
ROOMS = Teams(Uniform(8.0, 30.0), smallest=8, one_owner=False)
ARBITRAGE_BASKET = ArbitrageBasket(
    baskets=(
        Basket(("ES", "NQ"), 3.0),
        Basket(("ES", "YM"), 2.0),
        Basket(("ES", "NQ", "YM"), 2.0),
        Basket(("GC", "SI"), 2.0),
        Basket(("ZN", "ZB"), 1.0),
        Basket(("6E", "6J"), 1.0),
    ),
    openings_a_day=LogNormal(35.0, 0.5, 8.0, 120.0),
    open_s=LogNormal(20.0, 1.0, 0.5, 600.0),
    participation=Uniform(0.3, 0.9),
    reaction_ms=LogNormal(3.0, 1.0, 0.2, 60.0),
    reaction_spread=0.3,
    leg_gap_us=LogNormal(120.0, 0.8, 5.0, 2000.0),
    habits=_FAST_HABITS,
)
ARBITRAGE_FIRMS = Teams(Choice((1.0, 2.0, 3.0), (0.7, 0.2, 0.1)), smallest=1, one_owner=True)
SANDWICH_BOT = SandwichBot(
    n_victims=LogNormal(8.0, 0.7, 2.0, 40.0),
    attacked_share=Uniform(0.15, 0.7),
    most_attacks_a_day=LogNormal(150.0, 0.8, 20.0, 1000.0),
    before_ms=LogNormal(4.0, 0.9, 0.1, 60.0),
    after_ms=LogNormal(25.0, 1.0, 0.5, 900.0),
    other_trips_a_day=_FEW_OTHERS,
    habits=_FAST_HABITS,
)
QUOTING_MAKER = QuoteKeeper(
    maker=replace(MARKET_MAKER, quotes_a_day=LogNormal(420.0, 0.6, 120.0, 2500.0)),
    replaced_share=Uniform(0.1, 0.5),
    replaced_at=Uniform(0.1, 0.9),
)
_CROWD = replace(
    INDICATOR_USER,
    crowd_size=LogNormal(70.0, 0.5, 30.0, 200.0),
    bar_s=Choice((60.0, 300.0, 900.0), (0.4, 0.4, 0.2)),
)

FULL_HONEST_KINDS = (
    HonestKind("discretionary", 0.540, HEAVY_DISCRETIONARY, hosting_share=0.01),
    HonestKind("casual", 0.100, CASUAL, hosting_share=0.0),
    HonestKind("scalper", 0.045, SCALPER, hosting_share=0.02),
    HonestKind("algorithm", 0.030, ALGORITHM, hosting_share=0.8),
    HonestKind("news_trader", 0.035, NEWS_TRADER, hosting_share=0.3),
    HonestKind("indicator_user", 0.080, _CROWD, hosting_share=0.2),
    HonestKind("bar_close_crowd", 0.025, BAR_CLOSE_CROWD, hosting_share=0.8),
    HonestKind("bar_close_bot", 0.020, BAR_CLOSE_BOT, hosting_share=0.8),
    HonestKind("stop_cascade", 0.040, STOP_TRADER, hosting_share=0.0),
    HonestKind("minute_slicer", 0.020, MINUTE_SLICER, hosting_share=0.8),
    HonestKind("market_maker", 0.008, QUOTING_MAKER, hosting_share=0.9),
    HonestKind("arbitrage_basket", 0.012, ARBITRAGE_BASKET, 0.9, ARBITRAGE_FIRMS),
    HonestKind("sandwich_bot", 0.005, SANDWICH_BOT, hosting_share=0.9),
    HonestKind("trading_floor", 0.040, TRADING_FLOOR, 0.0, ROOMS),
)
"""Every honest kind of the full scenario; shares add to one."""
