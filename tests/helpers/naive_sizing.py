"""The slow twin of the copier's sizing: fractions of Python, one rule after the other."""

from fractions import Fraction

from streams.copier.plan import Rounding


def naive_round(exact: Fraction, rounding: Rounding) -> int:
    """Count whole lots up one by one; a half goes up unless rounding is down."""
    lots = 0
    while exact >= 1:
        exact -= 1
        lots += 1
    return lots if rounding is Rounding.DOWN or exact < Fraction(1, 2) else lots + 1


def naive_close(held: int, closed: int, leader: int, rounding: Rounding) -> int:
    """Close so much that the share that is kept is the leader's."""
    if closed >= leader:
        return held
    share = 1 - Fraction(closed, leader)
    return held - naive_round(held * share, rounding)


def naive_target(leader_units: int, ratio: Fraction, rounding: Rounding) -> int:
    """Round the size, then give it its side."""
    exact = leader_units * ratio
    lots = naive_round(abs(exact), rounding)
    return lots if exact > 0 else -lots
