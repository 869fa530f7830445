"""Every number of the plainest planted kinds, and the register of them.

Lags follow what copiers claim and people need: server-side software under 2 ms, local software
5 to 80 ms, a relay to strangers' accounts 50 to 800 ms, people on a message 8 to 30 s.
"""

from dataclasses import replace

from streams.simulator.copier import Copier
from streams.simulator.honest_kinds import ALGORITHM, DISCRETIONARY, SCALPER, USUAL_HABITS
from streams.simulator.lags import PersonalLag
from streams.simulator.laws import Choice, HeavyTail, LogNormal, Uniform
from streams.simulator.roles import Ownership, PlantedKind, Residence, Subtype, Verdict

ALWAYS = Uniform(1.0, 1.0)
NEVER = Uniform(0.0, 0.0)

# Leaders are like honest traders, with 15 to 80 decisions a day in one or two families.
LEADER_HABITS = replace(
    USUAL_HABITS,
    n_families=Choice((1.0, 2.0), (0.6, 0.4)),
    base_quantity=HeavyTail(1.1, 30.0),
    micro_share=0.15,
)
LEADER_TRIPS = LogNormal(16.0, 0.4, 10.0, 38.0)
DISCRETIONARY_LEADER = replace(
    DISCRETIONARY,
    trips_a_day=LEADER_TRIPS,
    active_day_share=ALWAYS,
    habits=LEADER_HABITS,
)
LEADERS = (
    DISCRETIONARY_LEADER,
    replace(
        SCALPER,
        trips_a_day=LEADER_TRIPS,
        active_day_share=ALWAYS,
        hold_s=LogNormal(45.0, 0.8, 5.0, 600.0),
        habits=LEADER_HABITS,
    ),
    replace(
        ALGORITHM,
        trips_a_day=LEADER_TRIPS,
        hold_s=LogNormal(120.0, 0.9, 5.0, 3600.0),
        habits=replace(LEADER_HABITS, automated_share=0.95),
    ),
)
# People act on a message within two minutes, so their leader holds longer than that.
SLOW_LEADERS = (replace(DISCRETIONARY_LEADER, hold_s=LogNormal(600.0, 0.8, 180.0, 7200.0)),)

LOCAL_COPIER = Copier(
    leaders=LEADERS,
    lag=PersonalLag(
        median_ms=LogNormal(25.0, 0.6, 5.0, 80.0),
        spread=Uniform(0.03, 0.15),
        shortest_ms=5.0,
        longest_ms=80.0,
    ),
    participation=Uniform(0.92, 1.0),
    copies_children=True,
    follower_habits=replace(USUAL_HABITS, split_share=0.0, automated_share=0.85),
    ratio=Choice(
        (0.1, 0.2, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0),
        (0.05, 0.05, 0.07, 0.15, 0.42, 0.06, 0.12, 0.05, 0.03),
    ),
    micro_share=0.2,
    micro_share_below_one=0.8,
    own_trade_share=Uniform(0.0, 0.2),
    own_hold_s=LogNormal(300.0, 1.0, 5.0, 7200.0),
    start_share=NEVER,
    limit_share=0.3,
)
SERVER_COPIER = replace(
    LOCAL_COPIER,
    lag=PersonalLag(
        median_ms=LogNormal(0.7, 0.5, 0.2, 1.9),
        spread=Uniform(0.03, 0.15),
        shortest_ms=0.2,
        longest_ms=2.0,
    ),
)
RELAY = replace(
    LOCAL_COPIER,
    lag=PersonalLag(
        median_ms=LogNormal(200.0, 0.6, 50.0, 800.0),
        spread=Uniform(0.1, 0.35),
        shortest_ms=50.0,
        longest_ms=800.0,
    ),
    participation=Uniform(0.85, 1.0),
)
MESSAGE = replace(
    LOCAL_COPIER,
    leaders=SLOW_LEADERS,
    lag=PersonalLag(
        median_ms=LogNormal(15.0e3, 0.4, 8.0e3, 30.0e3),
        spread=Uniform(0.3, 0.6),
        shortest_ms=1.5e3,
        longest_ms=120.0e3,
    ),
    participation=Uniform(0.5, 0.8),
    copies_children=False,
    follower_habits=replace(USUAL_HABITS, split_share=0.0),
)

INTERNAL_LOCAL = PlantedKind(
    name="internal_local",
    verdict=Verdict.INTERNAL,
    subtype=Subtype.UNDECLARED_OWN_ACCOUNTS,
    declared_subtype=Subtype.OWN_ACCOUNTS,
    n_members=LogNormal(4.0, 0.6, 2.0, 12.0),
    planter=LOCAL_COPIER,
    ownership=Ownership.ONE,
    residence=Residence.ONE_HOME,
    declared_share=Choice((1.0, 0.5, 0.0), (0.5, 0.1, 0.4)),
    hosting_share=0.0,
)
EXTERNAL_AUTOMATIC = PlantedKind(
    name="external_automatic",
    verdict=Verdict.EXTERNAL,
    subtype=Subtype.SIGNAL,
    declared_subtype=Subtype.SIGNAL,
    n_members=LogNormal(8.0, 0.6, 3.0, 30.0),
    planter=RELAY,
    ownership=Ownership.EACH,
    residence=Residence.APART,
    declared_share=NEVER,
    hosting_share=0.15,
)

PLANTED_KINDS = (
    INTERNAL_LOCAL,
    replace(
        INTERNAL_LOCAL,
        name="internal_server",
        planter=SERVER_COPIER,
        residence=Residence.ONE_SERVER,
    ),
    EXTERNAL_AUTOMATIC,
    replace(EXTERNAL_AUTOMATIC, name="external_human", planter=MESSAGE, hosting_share=0.0),
)
"""The planted kinds of the scenario `basic`."""
