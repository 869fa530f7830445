"""Every number of the honest kinds, and the register of them.

Rates follow what is known of retail futures venues: most accounts decide a few times a day, a few
robots send most of the events. Shares are tuned so that 3,000 accounts send about a million
events in three days.
"""

from dataclasses import replace

from streams.simulator.habits import Habits
from streams.simulator.laws import Choice, HeavyTail, LogNormal, Uniform
from streams.simulator.people import ClusteredTrader, IndicatorUser, NewsTrader
from streams.simulator.robots import Algorithm, MarketMaker, MinuteSlicer
from streams.simulator.roles import HonestKind

USUAL_HABITS = Habits(
    n_families=Choice((1.0, 2.0, 3.0), (0.50, 0.35, 0.15)),
    base_quantity=HeavyTail(1.5, 60.0),
    quantity_factor=Choice((1.0, 2.0, 3.0, 0.5), (0.78, 0.12, 0.04, 0.06)),
    micro_share=0.35,
    limit_share=Uniform(0.0, 0.7),
    limit_offset_ticks=Choice((0.0, 1.0, 2.0, 4.0, 8.0), (0.35, 0.30, 0.20, 0.10, 0.05)),
    cancel_share=0.06,
    fill_share=0.25,
    waiting_s=LogNormal(4.0, 1.2, 0.05, 900.0),
    split_share=0.12,
    split_base_quantity=5,
    n_children=Choice((1.0, 2.0, 3.0, 4.0, 5.0), (0.40, 0.30, 0.15, 0.09, 0.06)),
    child_gap_s=LogNormal(0.6, 0.7, 0.03, 2.0),
    automated_share=0.0,
)

DISCRETIONARY = ClusteredTrader(
    trips_a_day=LogNormal(5.5, 0.7, 1.0, 25.0),
    active_day_share=Uniform(0.6, 1.0),
    clusters_a_day=Choice((1.0, 2.0, 3.0), (0.45, 0.35, 0.20)),
    cluster_spread_s=LogNormal(1200.0, 0.5, 300.0, 3600.0),
    hold_s=LogNormal(300.0, 1.2, 5.0, 10800.0),
    habits=USUAL_HABITS,
)
SCALPER = ClusteredTrader(
    trips_a_day=LogNormal(50.0, 0.45, 25.0, 150.0),
    active_day_share=Uniform(0.6, 1.0),
    clusters_a_day=Choice((2.0, 3.0, 4.0, 5.0), (0.25, 0.35, 0.25, 0.15)),
    cluster_spread_s=LogNormal(420.0, 0.4, 120.0, 1200.0),
    hold_s=LogNormal(25.0, 0.8, 1.0, 300.0),
    habits=USUAL_HABITS,
)
ALGORITHM = Algorithm(
    trips_a_day=LogNormal(75.0, 0.5, 25.0, 300.0),
    period_s=Choice((1.0, 2.0, 5.0, 10.0, 15.0), (0.35, 0.15, 0.25, 0.15, 0.10)),
    reaction_ms=LogNormal(30.0, 1.0, 1.0, 400.0),
    reaction_spread=0.2,
    hold_s=LogNormal(60.0, 1.0, 0.5, 3600.0),
    habits=replace(USUAL_HABITS, automated_share=0.95, waiting_s=LogNormal(1.0, 1.0, 0.01, 60.0)),
)
NEWS_TRADER = NewsTrader(
    participation=Uniform(0.3, 0.8),
    right_direction_share=0.9,
    reaction_s=LogNormal(1.5, 1.3, 0.05, 12.0),
    reaction_spread=0.35,
    shortest_reaction_s=0.05,
    longest_reaction_s=20.0,
    other_trips_a_day=LogNormal(2.0, 0.6, 0.3, 8.0),
    hold_s=LogNormal(90.0, 1.0, 3.0, 3600.0),
    habits=replace(USUAL_HABITS, automated_share=0.5),
)
INDICATOR_USER = IndicatorUser(
    crowd_size=Uniform(30.0, 150.0),
    smallest_crowd=30,
    bar_s=Choice((60.0, 300.0), (0.6, 0.4)),
    signals_a_day=Uniform(10.0, 36.0),
    participation=Uniform(0.15, 0.40),
    reaction_s=LogNormal(1.8, 0.8, 0.2, 8.0),
    reaction_spread=0.3,
    shortest_reaction_s=0.2,
    longest_reaction_s=10.0,
    other_trips_a_day=LogNormal(2.0, 0.6, 0.3, 8.0),
    hold_s=LogNormal(420.0, 0.9, 20.0, 7200.0),
    habits=replace(USUAL_HABITS, automated_share=0.3),
)
MINUTE_SLICER = MinuteSlicer(
    runs_a_day=Choice((1.0, 2.0, 3.0), (0.5, 0.35, 0.15)),
    duration_minutes=Uniform(20.0, 120.0),
    offset_s=Uniform(0.0, 1.9),
    jitter_ms=Uniform(2.0, 25.0),
    habits=replace(USUAL_HABITS, automated_share=1.0, split_share=0.0, micro_share=0.2),
)
MARKET_MAKER = MarketMaker(
    quotes_a_day=LogNormal(500.0, 0.5, 150.0, 2500.0),
    leg_gap_us=LogNormal(60.0, 0.6, 5.0, 900.0),
    habits=replace(
        USUAL_HABITS,
        n_families=Choice((1.0, 2.0), (0.7, 0.3)),
        micro_share=0.15,
        limit_share=Uniform(1.0, 1.0),
        limit_offset_ticks=Choice((1.0, 2.0, 3.0), (0.5, 0.3, 0.2)),
        cancel_share=0.9,
        fill_share=0.07,
        waiting_s=LogNormal(1.5, 1.0, 0.02, 60.0),
        split_share=0.0,
        automated_share=1.0,
    ),
)

HONEST_KINDS = (
    HonestKind("discretionary", 0.46, DISCRETIONARY, hosting_share=0.0),
    HonestKind("scalper", 0.12, SCALPER, hosting_share=0.0),
    HonestKind("algorithm", 0.10, ALGORITHM, hosting_share=0.7),
    HonestKind("news_trader", 0.08, NEWS_TRADER, hosting_share=0.2),
    HonestKind("indicator_user", 0.16, INDICATOR_USER, hosting_share=0.15),
    HonestKind("minute_slicer", 0.06, MINUTE_SLICER, hosting_share=0.7),
    HonestKind("market_maker", 0.02, MARKET_MAKER, hosting_share=0.9),
)
"""Every honest kind; shares add to one."""
