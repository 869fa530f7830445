"""What chance allows a run, and whether its placebo measured it, in words for every reader.

A run tolerates v false pairs in expectation; "a year" only says what many such runs add up to.
"""

from collections.abc import Sequence
from enum import StrEnum

from surveillance.findings import PlaceboFinding, RunManifest

_DAY_NS = 86_400_000_000_000
_YEAR_DAYS = 365.25


class PlaceboState(StrEnum):
    """What the placebo of a run says."""

    WITHIN = "within its bound"
    ABOVE = "above its bound"
    NOTHING_TO_COMPARE = "nothing to compare"
    NOT_RUN = "not run"


def placebo_state(run: RunManifest, placebo: Sequence[PlaceboFinding]) -> PlaceboState:
    """Return what the placebo says; one account or no shift that fits says nothing.

    Parameters
    ----------
    run : RunManifest
        Says how many accounts there were.
    placebo : sequence of PlaceboFinding
        The run's counts.
    """
    if run.counts.get("accounts", 0) < 2:
        return PlaceboState.NOTHING_TO_COMPARE
    measured = [finding for finding in placebo if finding.by_shift]
    if not measured:
        return PlaceboState.NOT_RUN
    kept = all(finding.within_bound for finding in measured)
    return PlaceboState.WITHIN if kept else PlaceboState.ABOVE


def false_pairs_in_run(run: RunManifest) -> float:
    """Return v: the false pairs that chance is expected to make in this run, at most."""
    days = max((run.last_time_ns - run.first_time_ns) / _DAY_NS, 1.0)
    return round(run.chance_groups_per_year * days / _YEAR_DAYS, 6)


def chance_words(tolerated: float, per_year: float) -> str:
    """Return what chance adds at most.

    Examples
    --------
    >>> chance_words(0.05, 6.0874)
    'at most 0.05 false pairs expected in this run, 6.1 in a year of such runs'
    """
    return (
        f"at most {tolerated:.2g} false pairs expected in this run, "
        f"{per_year:.2g} in a year of such runs"
    )


def run_chance_words(run: RunManifest) -> str:
    """Return what chance adds to a run at most, or that there was nothing to compare."""
    if run.counts.get("accounts", 0) < 2:
        return "nothing to compare"
    return chance_words(false_pairs_in_run(run), run.chance_groups_per_year)


def placebo_words(run: RunManifest, placebo: Sequence[PlaceboFinding]) -> str:
    """Return one sentence about the placebo of a run."""
    n = run.counts.get("accounts", 0)
    return {
        PlaceboState.WITHIN: "The placebo stays within its bound.",
        PlaceboState.ABOVE: "The placebo is ABOVE its bound: read every verdict with care.",
        PlaceboState.NOTHING_TO_COMPARE: f"{n} account{'' if n == 1 else 's'}: nothing to compare.",
        PlaceboState.NOT_RUN: "No placebo: the orders cover too short a time for any shift.",
    }[placebo_state(run, placebo)]
