"""Scenarios: which kinds take part in a market, and how many groups are planted.

This is the only module that knows the held-out kinds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from streams.simulator.bracket_kind import BRACKET_KIND
from streams.simulator.errors import SimulationError
from streams.simulator.full_honest_kinds import FULL_HONEST_KINDS, FULL_MARKET, FULL_POPULATION
from streams.simulator.full_planted_kinds import FULL_PLANTED_KINDS
from streams.simulator.held_out.kinds import HELD_OUT_PLANTED_KINDS
from streams.simulator.held_out_honest_kinds import (
    HELD_OUT_HONEST_KINDS,
    HELD_OUT_MARKET,
    HELD_OUT_POPULATION,
)
from streams.simulator.honest_kinds import HONEST_KINDS
from streams.simulator.market_laws import USUAL_MARKET, MarketLaws
from streams.simulator.planted_kinds import PLANTED_KINDS
from streams.simulator.population_laws import USUAL_POPULATION, PopulationLaws
from streams.simulator.roles import HonestKind, PlantedKind


@dataclass(frozen=True, slots=True)
class Scenario:
    """A market's cast: one planted group per `accounts_per_group`, each kind equally often.

    `records_operators` says whether the venue's feed names operators; what is tuned or fitted may
    not see a scenario that `is_held_out`.
    """

    name: str
    honest: tuple[HonestKind, ...]
    planted: tuple[PlantedKind, ...]
    accounts_per_group: int = 75
    largest_planted_share: float = 0.4
    records_operators: bool = False
    is_held_out: bool = False
    market: MarketLaws = USUAL_MARKET
    population: PopulationLaws = USUAL_POPULATION


_SCENARIOS = (
    Scenario("basic", HONEST_KINDS, PLANTED_KINDS),
    Scenario("nothing", HONEST_KINDS, ()),
    Scenario(
        "full",
        (*FULL_HONEST_KINDS, BRACKET_KIND),
        FULL_PLANTED_KINDS,
        records_operators=True,
        market=FULL_MARKET,
        population=FULL_POPULATION,
    ),
    Scenario(
        "held-out",
        HELD_OUT_HONEST_KINDS,
        HELD_OUT_PLANTED_KINDS,
        records_operators=True,
        is_held_out=True,
        market=HELD_OUT_MARKET,
        population=HELD_OUT_POPULATION,
    ),
)
SCENARIOS: Mapping[str, Scenario] = MappingProxyType({s.name: s for s in _SCENARIOS})
"""Every scenario by name."""


def find_scenario(name: str) -> Scenario:
    """Return the scenario of that name.

    Parameters
    ----------
    name : str
        A key of `SCENARIOS`.

    Returns
    -------
    Scenario
        The kinds that take part.

    Raises
    ------
    SimulationError
        If there is none; the message names those that exist.
    """
    if name not in SCENARIOS:
        raise SimulationError("scenario", f"must be one of {', '.join(SCENARIOS)}", name)
    return SCENARIOS[name]
