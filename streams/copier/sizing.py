"""From the leader's size to the follower's: exact integers, and one rule for every fraction.

Sizes are fractions of whole numbers, `numerator / denominator` with a denominator above 0, so that
0.1 x 10 is 1 and nothing depends on how a machine rounds.
"""

from fractions import Fraction

from streams.copier.plan import Rounding


def rounded_lots(numerator: int, denominator: int, rounding: Rounding) -> int:
    """Round a size that is not negative to whole lots.

    Down for `down`; else to the nearest, where a half goes up. (`carry` keeps what it rounds off
    for entries, see `carried_lots`; what remains after a partial close is rounded as here.)

    Examples
    --------
    >>> rounded_lots(5, 2, Rounding.NEAREST), rounded_lots(5, 2, Rounding.DOWN)
    (3, 2)
    """
    if rounding is Rounding.DOWN:
        return numerator // denominator
    return (2 * numerator + denominator) // (2 * denominator)


def carried_lots(numerator: int, denominator: int, remainder: Fraction) -> tuple[int, Fraction]:
    """Return the whole lots of a size and of what earlier sizes left, and what is left now.

    Examples
    --------
    >>> carried_lots(3, 4, Fraction(1, 2))
    (1, Fraction(1, 4))
    """
    exact = Fraction(numerator, denominator) + remainder
    lots = exact.numerator // exact.denominator
    return lots, exact - lots


def bounded_lots(lots: int, *, minimum: int, maximum: int | None) -> int:
    """Raise an entry to its minimum and cut it to its maximum."""
    lots = max(lots, minimum)
    return lots if maximum is None else min(lots, maximum)


def closing_lots(held: int, closed_units: int, leader_units: int, rounding: Rounding) -> int:
    """Return how much of a follower's position goes when the leader closes part of its own.

    The same share is kept, rounded; where the leader keeps nothing, nothing is kept, whatever
    rounding made of the position before.

    Parameters
    ----------
    held : int
        The follower's position, not negative.
    closed_units, leader_units : int
        What the leader closes, and what it had: positive, in one unit.
    rounding : Rounding
        How what is kept is rounded.

    Examples
    --------
    >>> closing_lots(1, 1, 2, Rounding.NEAREST), closing_lots(1, 2, 2, Rounding.NEAREST)
    (0, 1)
    """
    kept_units = leader_units - closed_units
    if kept_units <= 0:
        return held
    return held - min(held, rounded_lots(held * kept_units, leader_units, rounding))


def target_lots(leader_units: int, numerator: int, denominator: int, rounding: Rounding) -> int:
    """Return the signed position that a signed ratio asks for.

    Parameters
    ----------
    leader_units : int
        The leader's position, signed.
    numerator, denominator : int
        The ratio of follower lots to leader units; signed, denominator above 0.
    rounding : Rounding
        Of the size, so that a long and a short position round alike.

    Examples
    --------
    >>> target_lots(-5, 1, 2, Rounding.NEAREST), target_lots(5, 1, 2, Rounding.DOWN)
    (-3, 2)
    """
    exact = leader_units * numerator
    lots = rounded_lots(abs(exact), denominator, rounding)
    return lots if exact > 0 else -lots
