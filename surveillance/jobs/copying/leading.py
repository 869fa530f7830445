"""The simulated leader of a plan, and what it trades."""

from collections.abc import Callable, Mapping

import numpy as np

from streams.copier import Instrument, Plan
from streams.simulator.venue_tape import PriceTape
from streams.simulator.venue_trader import SeededTrader, TraderLaws

USUAL_INSTRUMENTS = ("CL", "ES", "NQ")
"""What it trades where the plan names nothing."""


def led_instruments(plan: Plan) -> list[str]:
    """Return what the leader trades: what the plan names as its own, sorted."""
    sources = {one.leader_instrument_id for own in plan.followers for one in own.translations}
    targets = {one.instrument_id for own in plan.followers for one in own.translations}
    # `instruments` also names what translations lead to, which the leader need not trade.
    named = {name for own in plan.followers for name in own.instruments} - targets
    return sorted(sources | named) or list(USUAL_INSTRUMENTS)


def draw_leader(
    plan: Plan,
    instruments: Mapping[str, Instrument],
    tapes: Mapping[str, PriceTape],
    *,
    start_ns: int,
    end_ns: int,
    seed: int,
    laws: TraderLaws | None = None,
) -> SeededTrader:
    """Draw a leader for a plan; the same arguments give the same intentions."""
    led = led_instruments(plan)
    sizes = {name: instruments[name].tick_size or 1.0 for name in led}
    return SeededTrader(
        plan.leader_account_id,
        prices={name: _price_of(tapes[name], sizes[name]) for name in led},
        tick_sizes=sizes,
        start_ns=start_ns,
        end_ns=end_ns,
        rng=np.random.default_rng([seed, 1]),
        laws=laws,
    )


def _price_of(tape: PriceTape, tick_size: float) -> Callable[[int], float]:
    return lambda time_ns: tape.ticks_at(time_ns) * tick_size
