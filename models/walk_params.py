"""Thresholds of walks, each with its reason (docs/method.md, 3)."""

from dataclasses import dataclass

_SECOND_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class WalkParams:
    """Walks from account to account (section 3)."""

    min_gap_ns: int = 10 * _SECOND_NS
    """Members that follow one another faster are copied, not walked: a walk's typical gap is at
    least the time in which one account's orders are one decision."""
    min_walks: int = 5
    """Fewer quiet walks tell nothing."""
    min_participation: float = 0.4
    """Who acts in fewer of the quiet walks is a stranger."""
    block_ns: int = 6 * 3600 * _SECOND_NS
    """Time of day is held fixed in blocks this long, as in the placebo of identical orders: a walk
    takes up to half an hour, so shorter ones would hold nothing but the walk."""
    most_rounds: int = 64
    """Rounds of growth along a chain; each is paid for."""
