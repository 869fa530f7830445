"""Thresholds of the second look, each with its reason (docs/method.md, 2)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SlowLookParams:
    """The rank test's second look, for followers who are slow behind a busy leader (section 2)."""

    kappas: tuple[float, ...] = (0.4, 0.8)
    """Exponents mixed over in place of the rank test's, as many: many decisions pass before a slow
    answer, so its p is seldom sharp. None at all leave the look out."""
