"""The seeded market simulator: honest traders, planted groups, and the answer key apart.

`simulate` is the whole of it. Kinds are registered in `honest_kinds.py` and
`planted_kinds.py`, scenarios in `scenarios.py`.
"""

from streams.simulator.errors import SimulationError
from streams.simulator.scenarios import SCENARIOS
from streams.simulator.simulation import SimulatedMarket, simulate

__all__ = ["SCENARIOS", "SimulatedMarket", "SimulationError", "simulate"]
