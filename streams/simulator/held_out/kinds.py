"""Every number of the held-out planted kinds, and the register of them.

They differ from the other kinds in the shape of their laws (gamma, Weibull, two peaks, no round
ratios, even group sizes, other activity of leaders) or in the way they copy.
"""

from dataclasses import replace

from streams.simulator.farms import OneShotFarm, WalkingFarm
from streams.simulator.held_out.laws import Gamma, LogUniform, Mixture, Weibull
from streams.simulator.held_out.rotation import RotatingFollowers
from streams.simulator.held_out.twists import OwnLegs, ReversalDays, SplitOverTime
from streams.simulator.honest_kinds import ALGORITHM, DISCRETIONARY, SCALPER, USUAL_HABITS
from streams.simulator.lags import FreshLag
from streams.simulator.laws import Choice, LogNormal, Uniform
from streams.simulator.planted_kinds import (
    ALWAYS,
    EXTERNAL_AUTOMATIC,
    INTERNAL_LOCAL,
    LOCAL_COPIER,
    NEVER,
    RELAY,
)
from streams.simulator.roles import Residence, Subtype

_HABITS = replace(
    USUAL_HABITS,
    n_families=Choice((1.0, 2.0, 3.0), (0.3, 0.4, 0.3)),
    base_quantity=LogUniform(1.0, 12.0),
    micro_share=0.3,
)
_PATIENT = replace(
    DISCRETIONARY,
    trips_a_day=Gamma(4.0, 3.0, 8.0, 45.0),
    active_day_share=ALWAYS,
    hold_s=Weibull(1.2, 900.0, 240.0, 9000.0),
    habits=_HABITS,
)
_QUIET = replace(_PATIENT, trips_a_day=Uniform(7.0, 10.0), clusters_a_day=Choice((3.0,), (1.0,)))
_BUSY = replace(
    SCALPER,
    trips_a_day=Uniform(40.0, 80.0),
    active_day_share=ALWAYS,
    hold_s=Gamma(2.0, 40.0, 10.0, 900.0),
    habits=_HABITS,
)
_STEADY = replace(
    ALGORITHM,
    trips_a_day=Uniform(25.0, 50.0),
    hold_s=Gamma(2.0, 90.0, 20.0, 3600.0),
    habits=replace(_HABITS, automated_share=1.0),
)
_RATIO = LogUniform(0.2, 5.0)

_INTERNAL_COPIER = replace(
    LOCAL_COPIER,
    leaders=(_PATIENT, _BUSY, _STEADY),
    lag=FreshLag(Gamma(2.0, 40.0, 3.0, 400.0)),
    participation=Uniform(0.8, 1.0),
    ratio=_RATIO,
    own_trade_share=Uniform(0.0, 0.4),
)
_EXTERNAL_COPIER = replace(
    RELAY,
    leaders=(_PATIENT, _BUSY, _STEADY),
    lag=FreshLag(Weibull(0.9, 1500.0, 30.0, 9.0e3)),
    participation=Gamma(20.0, 0.01, 0.5, 0.95),
    keeps_order=True,
    ratio=_RATIO,
    own_trade_share=Uniform(0.0, 0.5),
)
_PATIENT_COPIER = replace(
    _EXTERNAL_COPIER, leaders=(_PATIENT,), copies_children=False, limit_share=0.2
)
_TWO_PEAKS = Mixture(LogNormal(120.0, 0.5, 20.0, 900.0), LogNormal(32.0e3, 0.4, 9.0e3, 90.0e3), 0.5)
_LARGE_LEADER = replace(_PATIENT, habits=replace(_HABITS, base_quantity=LogUniform(8.0, 40.0)))

_INTERNAL = replace(
    INTERNAL_LOCAL,
    name="internal_gamma_lag",
    planter=_INTERNAL_COPIER,
    n_members=Uniform(2.0, 16.0),
)
_EXTERNAL = replace(
    EXTERNAL_AUTOMATIC,
    name="external_weibull_lag",
    planter=_EXTERNAL_COPIER,
    n_members=Uniform(4.0, 24.0),
    fewest_members=4,
    hosting_share=0.4,
)
_FARM_HABITS = replace(USUAL_HABITS, fill_share=0.3, automated_share=0.7)
_WALK = WalkingFarm(
    walks_a_day=Choice((1.0, 2.0), (0.5, 0.5)),
    gap_s=Gamma(2.5, 20.0, 5.0, 240.0),
    participation=Uniform(0.4, 0.9),
    hold_s=Uniform(600.0, 5400.0),
    quantity=LogUniform(1.0, 15.0),
    limit_share=Uniform(0.5, 1.0),
    habits=_FARM_HABITS,
)
_ONE_SHOT = OneShotFarm(
    run_s=Gamma(3.0, 1200.0, 600.0, 10_800.0),
    pace_jitter=Uniform(0.6, 1.0),
    second_run_share=Uniform(0.0, 0.8),
    quantity=LogUniform(1.0, 30.0),
    offset_ticks=Uniform(0.0, 12.0),
    same_price_share=0.2,
    habits=_FARM_HABITS,
)
_MANAGER = replace(
    _PATIENT_COPIER,
    lag=FreshLag(Gamma(2.0, 1200.0, 100.0, 12.0e3)),
    participation=Uniform(0.8, 1.0),
    own_trade_share=NEVER,
    on_venue_share=0.5,
)

HELD_OUT_PLANTED_KINDS = (
    _INTERNAL,
    replace(
        _INTERNAL,
        name="internal_own_proxies",
        residence=Residence.OWN_PROXIES,
        declared_share=NEVER,
    ),
    replace(
        _INTERNAL,
        name="internal_split_orders",
        planter=replace(
            _INTERNAL_COPIER,
            leaders=(_LARGE_LEADER,),
            ratio=LogUniform(0.5, 3.0),
            copies_children=False,
            twists=(SplitOverTime(Uniform(3.0, 8.0), Uniform(20.0, 60.0)),),
        ),
    ),
    _EXTERNAL,
    replace(
        _EXTERNAL,
        name="external_two_peaks",
        planter=replace(_PATIENT_COPIER, lag=FreshLag(_TWO_PEAKS)),
    ),
    replace(
        _EXTERNAL,
        name="external_quiet_leader",
        planter=replace(_EXTERNAL_COPIER, leaders=(_QUIET,), participation=Uniform(0.9, 1.0)),
    ),
    replace(
        _EXTERNAL,
        name="external_split_orders",
        planter=replace(
            _PATIENT_COPIER,
            leaders=(_LARGE_LEADER,),
            ratio=LogUniform(0.5, 3.0),
            twists=(SplitOverTime(Uniform(3.0, 8.0), Uniform(20.0, 60.0)),),
        ),
    ),
    replace(
        _EXTERNAL,
        name="external_rotating",
        planter=RotatingFollowers(
            replace(_EXTERNAL_COPIER, participation=ALWAYS), Uniform(0.30, 0.37)
        ),
        n_members=Uniform(7.0, 28.0),
        fewest_members=7,
    ),
    replace(
        _EXTERNAL,
        name="external_half_legs",
        planter=replace(
            _PATIENT_COPIER, twists=(OwnLegs(Uniform(0.4, 0.6), Gamma(2.0, 400.0, 60.0, 7200.0)),)
        ),
    ),
    replace(
        _EXTERNAL,
        name="external_around_source",
        planter=replace(
            _PATIENT_COPIER,
            lag=FreshLag(Uniform(-30.0e3, 30.0e3)),
            on_venue_share=0.0,
        ),
    ),
    replace(
        _EXTERNAL,
        name="external_reversal_days",
        planter=replace(_EXTERNAL_COPIER, twists=(ReversalDays(Uniform(0.2, 0.5)),)),
    ),
    replace(_EXTERNAL, name="external_own_proxies", residence=Residence.OWN_PROXIES),
    replace(
        _EXTERNAL,
        name="external_managed_by_hand",
        planter=_MANAGER,
        subtype=Subtype.MANAGED_ACCOUNTS,
        declared_subtype=Subtype.MANAGED_ACCOUNTS,
        residence=Residence.ONE_MACHINE,
        n_members=Uniform(4.0, 14.0),
    ),
    replace(
        _EXTERNAL,
        name="walking_farm_gamma",
        planter=_WALK,
        n_members=Uniform(12.0, 70.0),
        fewest_members=12,
        largest_market_share=1 / 15,
    ),
    replace(
        _EXTERNAL,
        name="one_shot_farm_slow",
        planter=_ONE_SHOT,
        n_members=Uniform(40.0, 300.0),
        fewest_members=20,
        largest_market_share=1 / 15,
    ),
)
"""The planted kinds of the scenario `held-out`."""
