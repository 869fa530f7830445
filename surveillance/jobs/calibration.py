"""Is a verdict that is given 90% right nine times in ten? The curve, and its expected error.

The expected calibration error is the mean over groups of |share right - mean probability| in bins
of the largest probability (Naeini, Cooper & Hauskrecht 2015; Guo et al. 2017).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from surveillance.findings import VerdictName
from surveillance.jobs.answer_key import AnswerKey, PlantedGroup
from surveillance.jobs.scoring import FoundGroup

N_BINS = 10
_LEAST_OVERLAP = 2


@dataclass(frozen=True, slots=True)
class Judgment:
    """One group's most probable verdict: how probable it was said to be, and whether it is so."""

    probability: float
    is_right: bool


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """Groups whose largest probability lies in one tenth of the scale."""

    low: float
    high: float
    n: int
    mean_probability: float
    share_right: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """The curve, empty bins left out, and its expected error."""

    n: int
    error: float
    bins: tuple[CalibrationBin, ...]


def judge_probabilities(found: Iterable[FoundGroup], key: AnswerKey) -> tuple[Judgment, ...]:
    """Compare the probabilities of found groups with what is right about them.

    A group is what the planted group is of which it holds most, if these are at least half of its
    members; without two members of any it is INDEPENDENT. A blob of several is no group that has
    a right verdict and is left out, as is a group without probabilities.

    Parameters
    ----------
    found : iterable of FoundGroup
        What the detector found.
    key : AnswerKey
        What is right.
    """
    judgments = []
    for group in found:
        right = right_verdict(group.members, key)
        if not group.probability or right is None:
            continue
        # Ties fall to the first name, so that the order of a mapping decides nothing.
        probability, said = min((-p, name) for name, p in group.probability.items())
        judgments.append(Judgment(-float(probability), said == right))
    return tuple(judgments)


def calibration_of(judgments: Sequence[Judgment]) -> Calibration | None:
    """Return the calibration of some judgments; None if there is none.

    Parameters
    ----------
    judgments : sequence of Judgment
        Over all runs.

    Examples
    --------
    >>> half = calibration_of([Judgment(0.8, True), Judgment(0.8, False)])
    >>> round(half.error, 3)
    0.3
    """
    if not judgments:
        return None
    bins = []
    for number in range(N_BINS):
        chosen = [j for j in judgments if min(int(j.probability * N_BINS), N_BINS - 1) == number]
        if chosen:
            n = len(chosen)
            mean = sum(j.probability for j in chosen) / n
            right = sum(j.is_right for j in chosen) / n
            bins.append(CalibrationBin(number / N_BINS, (number + 1) / N_BINS, n, mean, right))
    total = len(judgments)
    error = sum(b.n * abs(b.share_right - b.mean_probability) for b in bins) / total
    return Calibration(total, error, tuple(bins))


def planted_in(members: frozenset[str], key: AnswerKey) -> PlantedGroup | None:
    """Return the planted group of which these accounts hold most, None without two of any."""
    shared = [(len(members & planted.members), planted) for planted in key.groups]
    most, planted = max(shared, key=lambda pair: pair[0], default=(0, None))
    return planted if most >= _LEAST_OVERLAP else None


def right_verdict(members: frozenset[str], key: AnswerKey) -> VerdictName | None:
    """Return what a found group is, None for a blob of several (see `judge_probabilities`)."""
    planted = planted_in(members, key)
    if planted is None:
        return VerdictName.INDEPENDENT
    is_most = 2 * len(members & planted.members) >= len(members)
    return planted.verdict if is_most else None
