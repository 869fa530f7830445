"""Every number of the planted kinds of the scenario `full`, and the register of them.

They are the ways of copying that venues and copier vendors know, honest or not, and the evasions
seen in the wild: jitter, random delay, other sizes, the other side, the micro contract, a late
start, two providers, a source elsewhere, one machine under many names, farms.
"""

from dataclasses import replace

from streams.simulator.bracket_kind import BRACKET_HOLD_S, BRACKETS
from streams.simulator.copier import Outages
from streams.simulator.farms import OneShotFarm, WalkingFarm
from streams.simulator.honest_kinds import USUAL_HABITS
from streams.simulator.lags import FreshLag
from streams.simulator.laws import Choice, HeavyTail, LogNormal, Uniform
from streams.simulator.leaders import RootTrader
from streams.simulator.planted_kinds import (
    ALWAYS,
    DISCRETIONARY_LEADER,
    EXTERNAL_AUTOMATIC,
    INTERNAL_LOCAL,
    LEADER_HABITS,
    LEADERS,
    LOCAL_COPIER,
    MESSAGE,
    NEVER,
    PLANTED_KINDS,
    RELAY,
)
from streams.simulator.providers import TwoProviders
from streams.simulator.roles import Ownership, Residence, Subtype
from streams.simulator.twists import LotNoise

_ONE_CONTRACT_MORE_OR_LESS = LotNoise(Choice((-1.0, 0.0, 1.0), (0.3, 0.4, 0.3)))

_FAILING_COPIER = replace(
    LOCAL_COPIER,
    outages=Outages(LogNormal(4.0, 0.5, 2.0, 12.0), LogNormal(4.0, 0.5, 2.0, 12.0)),
)
# Jitter of seconds needs round trips that are longer than it.
_EVADER = replace(
    RELAY,
    leaders=(
        replace(
            DISCRETIONARY_LEADER,
            hold_s=LogNormal(300.0, 0.9, 30.0, 7200.0),
            habits=replace(LEADER_HABITS, base_quantity=LogNormal(6.0, 0.7, 2.0, 40.0)),
        ),
    ),
    lag=FreshLag(Uniform(100.0, 10.0e3)),
    participation=Uniform(0.4, 0.8),
    copies_children=False,
    keeps_order=True,
    own_trade_share=Uniform(0.3, 1.0),
    twists=(_ONE_CONTRACT_MORE_OR_LESS,),
)
_DELAYER = replace(
    MESSAGE,
    lag=FreshLag(Uniform(10.0e3, 100.0e3)),
    participation=Uniform(0.6, 1.0),
    keeps_order=True,
)
_MIRROR = replace(RELAY, inverse_share=Choice((1.0, 0.5, 0.3), (0.6, 0.25, 0.15)))
_TRANSLATOR = replace(
    LOCAL_COPIER,
    leaders=tuple(
        RootTrader(replace(leader, habits=replace(leader.habits, micro_share=0.0)))
        for leader in LEADERS
    ),
    ratio=Choice((0.1, 0.2, 0.3, 0.5, 1.0), (0.35, 0.25, 0.15, 0.15, 0.10)),
    micro_share=1.0,
    micro_share_below_one=1.0,
)
_LATE_COPIER = replace(
    RELAY,
    start_share=Uniform(0.0, 0.4),
    on_last_day=True,
    own_trade_share=Uniform(0.5, 1.5),
)
_HIDDEN_SOURCE = replace(RELAY, on_venue_share=0.0)
_MANAGER = replace(
    LOCAL_COPIER,
    lag=FreshLag(LogNormal(8.0, 0.8, 0.5, 60.0)),
    participation=Uniform(0.9, 1.0),
    own_trade_share=NEVER,
    on_venue_share=0.5,
)
_BRACKET_LEADERS = tuple(
    replace(BRACKETS, trader=replace(leader, hold_s=BRACKET_HOLD_S)) for leader in LEADERS
)
_LOCAL_BRACKETS = replace(
    LOCAL_COPIER, leaders=_BRACKET_LEADERS, copies_fates=True, keeps_order=True
)
_RELAYED_BRACKETS = replace(RELAY, leaders=_BRACKET_LEADERS, copies_fates=True, keeps_order=True)

_FARM_HABITS = replace(USUAL_HABITS, fill_share=0.6, automated_share=0.3)
_WALK = WalkingFarm(
    walks_a_day=Choice((1.0, 2.0, 3.0, 4.0), (0.3, 0.3, 0.25, 0.15)),
    gap_s=Uniform(15.0, 60.0),
    participation=Uniform(0.6, 1.0),
    hold_s=LogNormal(1800.0, 0.6, 300.0, 7200.0),
    quantity=HeavyTail(1.2, 20.0),
    limit_share=Uniform(0.0, 1.0),
    habits=_FARM_HABITS,
)
_ONE_SHOT = OneShotFarm(
    run_s=LogNormal(900.0, 0.8, 180.0, 3600.0),
    pace_jitter=Uniform(0.05, 0.6),
    second_run_share=Choice((0.0, 0.5, 1.0), (0.4, 0.3, 0.3)),
    quantity=LogNormal(3.0, 0.8, 1.0, 25.0),
    offset_ticks=Choice((1.0, 2.0, 3.0, 5.0, 8.0), (1.0, 1.0, 1.0, 1.0, 1.0)),
    same_price_share=0.5,
    habits=_FARM_HABITS,
)

_WALKING_FARM = replace(
    EXTERNAL_AUTOMATIC,
    name="walking_farm",
    planter=_WALK,
    n_members=LogNormal(25.0, 0.5, 10.0, 80.0),
    fewest_members=10,
    largest_market_share=1 / 15,
    hosting_share=0.3,
)

FULL_PLANTED_KINDS = (
    *PLANTED_KINDS,
    replace(INTERNAL_LOCAL, name="internal_rented_server", residence=Residence.FOLLOWERS_ON_SERVER),
    replace(
        INTERNAL_LOCAL,
        name="internal_person_and_company",
        ownership=Ownership.PERSON_AND_COMPANY,
        declared_share=ALWAYS,
    ),
    replace(INTERNAL_LOCAL, name="internal_undeclared", declared_share=NEVER),
    replace(INTERNAL_LOCAL, name="internal_half_failing", planter=_FAILING_COPIER),
    replace(INTERNAL_LOCAL, name="internal_es_to_mes", planter=_TRANSLATOR),
    replace(INTERNAL_LOCAL, name="internal_brackets", planter=_LOCAL_BRACKETS),
    replace(EXTERNAL_AUTOMATIC, name="external_brackets", planter=_RELAYED_BRACKETS),
    replace(EXTERNAL_AUTOMATIC, name="external_evasive", planter=_EVADER),
    replace(EXTERNAL_AUTOMATIC, name="external_random_delay", planter=_DELAYER),
    replace(EXTERNAL_AUTOMATIC, name="external_inverse", planter=_MIRROR),
    replace(EXTERNAL_AUTOMATIC, name="external_late_start", planter=_LATE_COPIER),
    replace(EXTERNAL_AUTOMATIC, name="external_off_venue", planter=_HIDDEN_SOURCE),
    replace(
        EXTERNAL_AUTOMATIC,
        name="external_two_providers",
        planter=TwoProviders(RELAY, Uniform(0.2, 0.5)),
        n_members=LogNormal(12.0, 0.5, 6.0, 30.0),
        fewest_members=5,
    ),
    replace(
        EXTERNAL_AUTOMATIC,
        name="external_managed",
        planter=_MANAGER,
        subtype=Subtype.MANAGED_ACCOUNTS,
        declared_subtype=Subtype.MANAGED_ACCOUNTS,
        residence=Residence.ONE_MACHINE,
        n_members=LogNormal(7.0, 0.5, 3.0, 20.0),
        fewest_members=3,
    ),
    replace(
        EXTERNAL_AUTOMATIC,
        name="external_mixed",
        ownership=Ownership.MIXED,
        subtype=Subtype.MIXED,
        declared_subtype=Subtype.MIXED,
        n_members=LogNormal(10.0, 0.4, 7.0, 30.0),
        fewest_members=6,
    ),
    replace(EXTERNAL_AUTOMATIC, name="external_one_hosting", residence=Residence.ONE_SERVER),
    _WALKING_FARM,
    replace(
        _WALKING_FARM,
        name="one_shot_farm",
        planter=_ONE_SHOT,
        n_members=LogNormal(110.0, 0.7, 50.0, 500.0),
        fewest_members=20,
    ),
)
"""The planted kinds of the scenario `full`, those of `basic` among them."""
