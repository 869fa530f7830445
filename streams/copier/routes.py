"""Which of a follower's instruments answers which of the leader's, and how many lots one counts.

The leader's instruments that lead to one instrument of a follower count together, in a unit in
which each of them is whole: with ES and MES both copied as MES, an ES is ten units, a MES one. With
one ES copied as ten MES the unit is the ES, and a unit is ten lots.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

from streams.copier.instruments import Instrument
from streams.copier.plan import FollowerPlan, Rounding, SizeMode


@dataclass(frozen=True, slots=True)
class Route:
    """All that leads to one instrument of a follower.

    Attributes
    ----------
    instrument_id : str
        The follower's.
    units : mapping of str to int
        Units that one lot of each of the leader's instruments counts.
    per_lot : int
        Units that are one lot of the follower at ratio 1: lots = units / per_lot.
    """

    instrument_id: str
    units: Mapping[str, int]
    per_lot: int


def lots_for_lot(
    plan: FollowerPlan, leader_instrument_id: str, instruments: Mapping[str, Instrument]
) -> tuple[str, Fraction] | None:
    """Return the follower's instrument and its lots for one lot of the leader's, at ratio 1.

    None where the instrument is not to be copied. `notional` counts value: with translations it is
    the quotient of the multipliers that decides, not the numbers given.
    """
    found = _translated(plan, leader_instrument_id)
    if found is None:
        return None
    instrument_id, lots = found
    if plan.size.rounding is Rounding.MICROS:
        instrument_id, in_micros = _micro(instrument_id, instruments)
        lots *= in_micros
    if plan.size.mode is SizeMode.NOTIONAL:
        lots = _by_value(leader_instrument_id, instrument_id, instruments)
    return instrument_id, lots


def routes_of(
    plan: FollowerPlan, leader_instruments: list[str], instruments: Mapping[str, Instrument]
) -> dict[str, Route]:
    """Return the routes of a follower by the follower's instrument.

    Parameters
    ----------
    plan : FollowerPlan
        Whose.
    leader_instruments : list of str
        Instruments that the leader may trade.
    instruments : mapping of str to Instrument
        What is known about them.
    """
    lots: dict[str, dict[str, Fraction]] = {}
    for leader_instrument_id in leader_instruments:
        found = lots_for_lot(plan, leader_instrument_id, instruments)
        if found is not None:
            instrument_id, in_lots = found
            lots.setdefault(instrument_id, {})[leader_instrument_id] = in_lots
    return {instrument_id: _route(instrument_id, found) for instrument_id, found in lots.items()}


def _route(instrument_id: str, lots: Mapping[str, Fraction]) -> Route:
    per_lot = lcm(*(fraction.denominator for fraction in lots.values()))
    return Route(instrument_id, {name: int(lot * per_lot) for name, lot in lots.items()}, per_lot)


def _translated(plan: FollowerPlan, leader_instrument_id: str) -> tuple[str, Fraction] | None:
    for entry in plan.translations:
        if entry.leader_instrument_id == leader_instrument_id:
            allowed = not plan.instruments or entry.instrument_id in plan.instruments
            return (entry.instrument_id, Fraction(entry.lots, entry.per)) if allowed else None
    copies_all = not plan.translations and not plan.instruments
    if copies_all or leader_instrument_id in plan.instruments:
        return leader_instrument_id, Fraction(1)
    return None


def _micro(instrument_id: str, instruments: Mapping[str, Instrument]) -> tuple[str, Fraction]:
    """Return the smallest contract of a family, and how many make one of the given."""
    own = instruments.get(instrument_id)
    if own is None or not own.multiplier or not own.family:
        return instrument_id, Fraction(1)
    family = [i for i in instruments.values() if i.family == own.family and i.multiplier]
    micro = min(family, key=lambda one: (one.multiplier or 0.0, one.instrument_id))
    return micro.instrument_id, _by_value(instrument_id, micro.instrument_id, instruments)


def _by_value(of: str, to: str, instruments: Mapping[str, Instrument]) -> Fraction:
    numerator, denominator = instruments.get(of), instruments.get(to)
    if numerator is None or denominator is None:
        return Fraction(1)
    if not numerator.multiplier or not denominator.multiplier:
        return Fraction(1)
    return Fraction(str(numerator.multiplier)) / Fraction(str(denominator.multiplier))
