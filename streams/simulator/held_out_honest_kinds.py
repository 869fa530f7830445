"""Every number of the honest kinds of the `held-out` scenario, and the register of them.

Kept apart from tuning: other distributions (gamma, Weibull, Pareto, two humps), other crowd
sizes, a day with three humps, prices with heavy tails, and kinds that no other scenario has.
"""

from dataclasses import replace

from streams.simulator.baskets import ArbitrageBasket, Basket
from streams.simulator.events import BarCloses, DayEnds, EventTrader, FullHours, PriceMoves
from streams.simulator.grids import GridBot
from streams.simulator.habits import Habits
from streams.simulator.laws import Bimodal, Choice, Gamma, Pareto, Uniform, Weibull
from streams.simulator.market_laws import CascadeLaws, Humps, MarketLaws
from streams.simulator.people import ClusteredTrader, IndicatorUser, NewsTrader
from streams.simulator.population_laws import PopulationLaws
from streams.simulator.reacting_people import CasualTrader, StopTrader, TradingFloor
from streams.simulator.robots import Algorithm, MarketMaker, MinuteSlicer, QuoteKeeper
from streams.simulator.roles import HonestKind
from streams.simulator.sandwich import SandwichBot
from streams.simulator.teams import Teams

HELD_OUT_MARKET = MarketLaws(
    shared_news_a_day=Gamma(2.0, 2.5, 0.0, 7.0),
    family_news_a_day=Weibull(1.2, 2.0, 0.0, 8.0),
    news_jump_s=Gamma(2.0, 28.0, 6.0, 150.0),
    day_shape=Humps(floor=0.35, centers=(0.04, 0.38, 0.97), width=0.09, height=1.1),
    news_boost=4.5,
    news_boost_decay_s=90.0,
    step_degrees=4.0,
    cascades=CascadeLaws(
        a_day=Weibull(0.9, 0.8, 0.0, 5.0),
        depth_s=Gamma(3.0, 36.0, 10.0, 160.0),
        duration_s=Weibull(1.3, 14.0, 2.0, 60.0),
        rebound_share=Bimodal(Uniform(0.0, 0.15), Uniform(0.6, 1.0), 0.5),
        rebound_s=Gamma(1.5, 300.0, 20.0, 2400.0),
    ),
)
HELD_OUT_POPULATION = PopulationLaws(
    accounts_of_owner=Choice((1.0, 2.0, 3.0, 5.0, 8.0), (0.90, 0.06, 0.02, 0.015, 0.005)),
    office_size=Gamma(1.5, 9.0, 3.0, 40.0),
    office_share=0.09,
    household_share=0.10,
    accounts_per_server_address=1_500,
)

_HABITS = Habits(
    n_families=Choice((1.0, 2.0, 3.0), (0.35, 0.35, 0.30)),
    base_quantity=Pareto(1.2, 1.0, 100.0),
    quantity_factor=Choice((1.0, 1.5, 2.0, 4.0, 0.5), (0.62, 0.10, 0.14, 0.05, 0.09)),
    micro_share=0.5,
    limit_share=Bimodal(Uniform(0.0, 0.1), Uniform(0.5, 1.0), 0.6),
    limit_offset_ticks=Gamma(1.0, 2.0, 0.0, 20.0),
    cancel_share=0.12,
    fill_share=0.35,
    waiting_s=Weibull(0.6, 8.0, 0.05, 1200.0),
    split_share=0.18,
    split_base_quantity=4,
    n_children=Gamma(2.0, 2.4, 1.0, 8.0),
    child_gap_s=Weibull(0.9, 0.5, 0.02, 2.5),
    automated_share=0.0,
)
_ROBOT_HABITS = replace(_HABITS, automated_share=1.0, split_share=0.0, micro_share=0.25)
_FAST_HABITS = replace(_ROBOT_HABITS, limit_share=Uniform(0.0, 0.0), micro_share=0.15)
_FEW_OTHERS = Gamma(1.0, 1.5, 0.1, 8.0)

DISCRETIONARY = ClusteredTrader(
    trips_a_day=Pareto(1.1, 1.5, 150.0),
    active_day_share=Bimodal(Uniform(0.1, 0.4), Uniform(0.8, 1.0), 0.45),
    clusters_a_day=Choice((1.0, 2.0, 4.0), (0.5, 0.3, 0.2)),
    cluster_spread_s=Gamma(1.5, 1500.0, 120.0, 5400.0),
    hold_s=Weibull(0.6, 500.0, 4.0, 14_400.0),
    habits=_HABITS,
)
CASUAL = CasualTrader(
    exit_share=0.35,
    hold_s=Weibull(0.5, 2000.0, 5.0, 18_000.0),
    habits=replace(_HABITS, split_share=0.0),
)
SCALPER = replace(
    DISCRETIONARY,
    trips_a_day=Gamma(3.0, 45.0, 15.0, 200.0),
    active_day_share=Uniform(0.4, 1.0),
    clusters_a_day=Choice((1.0, 3.0, 6.0), (0.3, 0.4, 0.3)),
    cluster_spread_s=Weibull(1.2, 500.0, 60.0, 1800.0),
    hold_s=Gamma(1.2, 30.0, 0.5, 400.0),
)
ALGORITHM = Algorithm(
    trips_a_day=Bimodal(Gamma(4.0, 30.0, 10.0, 80.0), Gamma(4.0, 160.0, 60.0, 400.0), 0.7),
    period_s=Choice((0.5, 3.0, 4.0, 20.0, 30.0), (0.3, 0.2, 0.2, 0.15, 0.15)),
    reaction_ms=Gamma(0.8, 60.0, 0.5, 500.0),
    reaction_spread=0.35,
    hold_s=Weibull(0.7, 90.0, 0.3, 3600.0),
    habits=_ROBOT_HABITS,
)
NEWS_TRADER = NewsTrader(
    participation=Bimodal(Uniform(0.1, 0.3), Uniform(0.7, 0.95), 0.5),
    right_direction_share=0.8,
    reaction_s=Bimodal(Gamma(2.0, 0.25, 0.01, 2.0), Gamma(3.0, 7.0, 1.0, 40.0), 0.5),
    reaction_spread=0.5,
    shortest_reaction_s=0.01,
    longest_reaction_s=60.0,
    other_trips_a_day=_FEW_OTHERS,
    hold_s=Weibull(0.8, 150.0, 2.0, 5400.0),
    habits=replace(_HABITS, automated_share=0.4),
)
INDICATOR_USER = IndicatorUser(
    crowd_size=Pareto(1.1, 20.0, 400.0),
    smallest_crowd=15,
    bar_s=Choice((120.0, 180.0, 600.0, 900.0), (0.3, 0.3, 0.2, 0.2)),
    signals_a_day=Gamma(3.0, 16.0, 3.0, 45.0),
    participation=Uniform(0.15, 0.40),
    reaction_s=Weibull(1.4, 4.0, 0.3, 20.0),
    reaction_spread=0.5,
    shortest_reaction_s=0.2,
    longest_reaction_s=30.0,
    other_trips_a_day=_FEW_OTHERS,
    hold_s=Gamma(0.9, 600.0, 10.0, 7200.0),
    habits=replace(_HABITS, automated_share=0.2),
)
BAR_CLOSE_CROWD = EventTrader(
    source=BarCloses((60, 300, 900), (0.2, 0.4, 0.4), Gamma(3.0, 7.0, 2.0, 20.0)),
    participation=Bimodal(Uniform(0.2, 0.4), Uniform(0.85, 1.0), 0.5),
    right_side_share=0.97,
    reaction_s=Gamma(1.5, 0.25, 0.05, 0.8),
    reaction_spread=0.4,
    shortest_reaction_s=0.05,
    longest_reaction_s=0.8,
    other_trips_a_day=Gamma(1.0, 0.5, 0.1, 3.0),
    hold_s=Weibull(0.7, 500.0, 5.0, 7200.0),
    habits=_ROBOT_HABITS,
)
BAR_CLOSE_BOT = replace(
    BAR_CLOSE_CROWD,
    source=BarCloses((60, 300, 900), (0.2, 0.4, 0.4), None),
    participation=Gamma(1.2, 0.07, 0.01, 0.5),
    right_side_share=0.5,
)
MOMENTUM_BOT = EventTrader(
    source=PriceMoves(window_s=15, sizes=(4.0, 5.0, 6.5), weights=(0.3, 0.4, 0.3)),
    participation=Gamma(4.0, 0.4, 0.05, 0.9),
    right_side_share=0.97,
    reaction_s=Gamma(2.0, 0.5, 0.1, 2.0),
    reaction_spread=0.4,
    shortest_reaction_s=0.1,
    longest_reaction_s=2.0,
    other_trips_a_day=Gamma(1.0, 0.8, 0.1, 4.0),
    hold_s=Gamma(1.0, 120.0, 2.0, 1800.0),
    habits=_ROBOT_HABITS,
)
FUNDING_TRADER = EventTrader(
    source=FullHours(lead_s=45.0),
    participation=Bimodal(Uniform(0.1, 0.4), Uniform(0.7, 1.0), 0.6),
    right_side_share=0.85,
    reaction_s=Gamma(2.0, 22.0, 0.5, 44.0),
    reaction_spread=0.2,
    shortest_reaction_s=0.2,
    longest_reaction_s=44.5,
    other_trips_a_day=Pareto(1.3, 0.5, 20.0),
    hold_s=Uniform(46.0, 120.0),
    habits=replace(_HABITS, automated_share=0.5, split_share=0.05),
)
AUCTION_TRADER = EventTrader(
    source=DayEnds(closing_s=240.0, weights=(0.5, 0.5)),
    participation=Uniform(0.5, 1.0),
    right_side_share=0.55,
    reaction_s=Gamma(1.3, 40.0, 0.3, 200.0),
    reaction_spread=0.8,
    shortest_reaction_s=0.2,
    longest_reaction_s=230.0,
    other_trips_a_day=_FEW_OTHERS,
    hold_s=Bimodal(Gamma(2.0, 600.0, 30.0, 3600.0), Uniform(18_000.0, 23_000.0), 0.5),
    habits=replace(_HABITS, automated_share=0.3),
)
GRID_BOT = GridBot(
    steps_s=(8.0, 20.0, 50.0),
    weights=(0.2, 0.4, 0.4),
    participation=Gamma(3.0, 0.35, 0.05, 0.95),
    reaction_ms=Gamma(1.5, 180.0, 3.0, 1500.0),
    habits=replace(_ROBOT_HABITS, limit_share=Uniform(1.0, 1.0), cancel_share=0.25),
)
STOP_TRADER = StopTrader(
    participation=Gamma(3.0, 0.45, 0.05, 0.95),
    stop_depth_share=Gamma(0.6, 0.2, 0.0, 0.95),
    delay_s=Bimodal(Gamma(2.0, 0.05, 0.002, 0.5), Gamma(2.0, 1.5, 0.1, 6.0), 0.6),
    other_trips_a_day=Pareto(1.2, 0.8, 40.0),
    hold_s=Weibull(0.7, 1200.0, 10.0, 14_400.0),
    habits=replace(_HABITS, limit_share=Uniform(0.0, 0.0), split_share=0.05),
)
MINUTE_SLICER = MinuteSlicer(
    runs_a_day=Choice((1.0, 2.0, 4.0), (0.6, 0.3, 0.1)),
    duration_minutes=Weibull(1.2, 60.0, 8.0, 240.0),
    offset_s=Gamma(1.0, 0.4, 0.0, 1.95),
    jitter_ms=Gamma(1.5, 30.0, 1.0, 150.0),
    habits=replace(_ROBOT_HABITS, limit_share=Uniform(0.0, 0.5)),
)
MARKET_MAKER = QuoteKeeper(
    maker=MarketMaker(
        quotes_a_day=Pareto(1.3, 180.0, 2500.0),
        leg_gap_us=Gamma(0.8, 150.0, 3.0, 2000.0),
        habits=replace(
            _ROBOT_HABITS,
            n_families=Choice((1.0, 3.0), (0.6, 0.4)),
            limit_share=Uniform(1.0, 1.0),
            limit_offset_ticks=Choice((1.0, 2.0, 4.0, 6.0), (0.4, 0.3, 0.2, 0.1)),
            cancel_share=0.85,
            fill_share=0.1,
            waiting_s=Weibull(0.8, 3.0, 0.01, 90.0),
        ),
    ),
    replaced_share=Bimodal(Uniform(0.0, 0.1), Uniform(0.5, 0.9), 0.5),
    replaced_at=Uniform(0.05, 0.95),
)
ARBITRAGE_BASKET = ArbitrageBasket(
    baskets=(
        Basket(("ES", "NQ", "YM"), 3.0),
        Basket(("NQ", "YM"), 1.0),
        Basket(("CL", "NG"), 2.0),
        Basket(("GC", "SI"), 1.0),
        Basket(("ZB", "ZN"), 1.0),
        Basket(("6J", "6E"), 2.0),
        Basket(("ES", "ZN"), 1.0),
    ),
    openings_a_day=Gamma(2.0, 45.0, 5.0, 200.0),
    open_s=Weibull(0.7, 30.0, 0.2, 900.0),
    participation=Bimodal(Uniform(0.1, 0.4), Uniform(0.8, 1.0), 0.5),
    reaction_ms=Gamma(1.0, 15.0, 0.1, 150.0),
    reaction_spread=0.5,
    leg_gap_us=Gamma(0.9, 400.0, 2.0, 5000.0),
    habits=_FAST_HABITS,
)
SANDWICH_BOT = SandwichBot(
    n_victims=Pareto(1.2, 3.0, 60.0),
    attacked_share=Bimodal(Uniform(0.05, 0.2), Uniform(0.6, 0.9), 0.5),
    most_attacks_a_day=Gamma(1.5, 250.0, 20.0, 1500.0),
    before_ms=Gamma(1.2, 12.0, 0.1, 120.0),
    after_ms=Weibull(0.9, 60.0, 0.3, 1500.0),
    other_trips_a_day=_FEW_OTHERS,
    habits=_FAST_HABITS,
)
TRADING_FLOOR = TradingFloor(
    calls_a_day=Gamma(3.0, 24.0, 5.0, 60.0),
    participation=Uniform(0.2, 0.5),
    delay_s=Gamma(1.8, 4.0, 0.3, 30.0),
    other_trips_a_day=Pareto(1.3, 1.5, 40.0),
    hold_s=Weibull(0.7, 600.0, 5.0, 7200.0),
    habits=_HABITS,
)

HELD_OUT_HONEST_KINDS = (
    HonestKind("discretionary", 0.520, DISCRETIONARY, hosting_share=0.03),
    HonestKind("casual", 0.120, CASUAL, hosting_share=0.0),
    HonestKind("scalper", 0.030, SCALPER, hosting_share=0.05),
    HonestKind("algorithm", 0.025, ALGORITHM, hosting_share=0.6),
    HonestKind("news_trader", 0.025, NEWS_TRADER, hosting_share=0.4),
    HonestKind("indicator_user", 0.060, INDICATOR_USER, hosting_share=0.1),
    HonestKind("bar_close_crowd", 0.020, BAR_CLOSE_CROWD, hosting_share=0.9),
    HonestKind("bar_close_bot", 0.015, BAR_CLOSE_BOT, hosting_share=0.9),
    HonestKind("momentum_bot", 0.020, MOMENTUM_BOT, hosting_share=0.9),
    HonestKind("funding_trader", 0.020, FUNDING_TRADER, hosting_share=0.3),
    HonestKind("auction_trader", 0.025, AUCTION_TRADER, hosting_share=0.2),
    HonestKind("grid_bot", 0.015, GRID_BOT, hosting_share=0.8),
    HonestKind("stop_cascade", 0.030, STOP_TRADER, hosting_share=0.0),
    HonestKind("minute_slicer", 0.015, MINUTE_SLICER, hosting_share=0.7),
    HonestKind("market_maker", 0.008, MARKET_MAKER, hosting_share=1.0),
    HonestKind(
        "arbitrage_basket",
        0.012,
        ARBITRAGE_BASKET,
        hosting_share=1.0,
        teams=Teams(Choice((1.0, 2.0, 4.0), (0.6, 0.2, 0.2)), smallest=1, one_owner=True),
    ),
    HonestKind("sandwich_bot", 0.005, SANDWICH_BOT, hosting_share=1.0),
    HonestKind(
        "trading_floor",
        0.035,
        TRADING_FLOOR,
        hosting_share=0.0,
        teams=Teams(
            Bimodal(Gamma(6.0, 10.0, 8.0, 30.0), Gamma(20.0, 24.0, 8.0, 30.0), 0.7),
            8,
            one_owner=False,
        ),
    ),
)
"""Every honest kind of the held-out scenario; shares add to one."""
