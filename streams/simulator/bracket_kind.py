"""Numbers of those who trade with brackets: leaders of planted groups and honest traders alike.

Honest accounts use stops, targets and replaces too, or the order type alone would tell a group.
"""

from dataclasses import replace

from streams.simulator.honest_kinds import DISCRETIONARY
from streams.simulator.laws import Choice, LogNormal, Uniform
from streams.simulator.leaders import BracketTrader
from streams.simulator.roles import HonestKind

BRACKET_HOLD_S = LogNormal(900.0, 0.7, 120.0, 3600.0)
BRACKETS = BracketTrader(
    trader=replace(DISCRETIONARY, hold_s=BRACKET_HOLD_S),
    limit_share=0.6,
    entry_cancel_share=0.12,
    entry_replace_share=0.35,
    waiting_s=LogNormal(6.0, 0.9, 0.2, 120.0),
    stop_distance=Uniform(0.6, 2.0),
    reward=Choice((1.0, 1.5, 2.0, 3.0), (0.3, 0.25, 0.3, 0.15)),
    break_even_share=0.35,
)

BRACKET_KIND = HonestKind("bracket_trader", 0.08, BRACKETS, hosting_share=0.0)
"""Honest traders with brackets; the share is relative to the kinds that they join."""
