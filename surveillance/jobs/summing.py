"""Scores of several runs added up: one record a method, one row a planted kind.

Rates carry their denominators; the bound on the rate of honest flags is the exact one for a
Poisson count (Garwood 1936).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.stats import chi2

from surveillance.findings import VerdictName
from surveillance.jobs.scoring import PlantedScore, RunScore

CONFIDENCE = 0.95
PER_ACCOUNT_DAYS = 1000


@dataclass(frozen=True, slots=True)
class KindScore:
    """Planted groups of one kind, over all runs; member counts are of found groups only.

    `n_planted_members` counts the members of every planted group, found or missed.
    """

    kind: str
    n_groups: int
    n_found: int
    n_half_found: int
    n_planted_members: int
    n_shared_members: int
    n_matched_members: int
    n_leader_right: int
    n_subtype_right: int
    n_verdict_right: int
    n_ratios: int
    n_ratios_right: int
    n_fragments: int

    @property
    def member_recall(self) -> float | None:
        """Share of all planted members that stand in their group's match."""
        return _share(self.n_shared_members, self.n_planted_members)

    @property
    def member_precision(self) -> float | None:
        """Share of the members of matches that were planted there."""
        return _share(self.n_shared_members, self.n_matched_members)


@dataclass(frozen=True, slots=True)
class MethodScore:
    """One method over all runs.

    `verdicts` counts planted groups by right verdict, then by verdict given (or "missed").
    `honest_in` counts honest accounts by verdict of a group they are in, then by honest kind.
    `flagged_rate` and its one-sided 95% bound are honest accounts in a group of any verdict but
    INDEPENDENT, per 1,000 active honest account-days.
    """

    method: str
    kinds: tuple[KindScore, ...]
    verdicts: dict[str, dict[str, int]]
    honest_in: dict[str, dict[str, int]]
    n_groups: int
    n_extra: int
    n_merged: int
    n_honest: int
    n_honest_in_any: int
    n_flagged: int
    n_account_days: int
    flagged_rate: float
    flagged_rate_bound: float

    @property
    def total(self) -> KindScore:
        """All kinds together."""
        return add_kinds("all", self.kinds)

    def n_honest_in(self, verdict: VerdictName) -> int:
        """Honest accounts in groups of one verdict."""
        return sum(self.honest_in.get(verdict.value, {}).values())


def poisson_upper_bound(count: int) -> float:
    """Return the exact one-sided 95% upper bound of a Poisson mean after `count` events.

    Examples
    --------
    >>> round(poisson_upper_bound(0), 3)
    2.996
    """
    return float(chi2.ppf(CONFIDENCE, 2 * (count + 1)) / 2)


def sum_runs(method: str, runs: Sequence[RunScore], *, n_account_days: int) -> MethodScore:
    """Add up the scores of one method.

    Parameters
    ----------
    method : str
        Its name.
    runs : sequence of RunScore
        One a dataset.
    n_account_days : int
        Active days of honest accounts over all runs: the denominator of the rate.
    """
    planted = [score for run in runs for score in run.planted]
    kinds = sorted({score.kind for score in planted})
    verdicts: dict[str, Counter[str]] = {}
    for score in planted:
        verdicts.setdefault(score.verdict_wanted, Counter())[score.verdict_given] += 1
    honest: dict[str, Counter[str]] = {verdict.value: Counter() for verdict in VerdictName}
    for run in runs:
        for verdict, by_kind in run.honest_in.items():
            honest[verdict].update(by_kind)
    n_flagged = sum(run.n_flagged for run in runs)
    scale = PER_ACCOUNT_DAYS / max(n_account_days, 1)
    return MethodScore(
        method=method,
        kinds=tuple(_kind(kind, [s for s in planted if s.kind == kind]) for kind in kinds),
        verdicts={name: dict(sorted(row.items())) for name, row in sorted(verdicts.items())},
        honest_in={name: dict(sorted(row.items())) for name, row in honest.items()},
        n_groups=sum(run.n_groups for run in runs),
        n_extra=sum(run.n_extra for run in runs),
        n_merged=sum(run.n_merged for run in runs),
        n_honest=sum(run.n_honest for run in runs),
        n_honest_in_any=sum(run.n_in_any for run in runs),
        n_flagged=n_flagged,
        n_account_days=n_account_days,
        flagged_rate=n_flagged * scale,
        flagged_rate_bound=poisson_upper_bound(n_flagged) * scale,
    )


def add_kinds(name: str, kinds: Sequence[KindScore]) -> KindScore:
    """Return the sum of several kinds under one name."""
    counts = [column for column in KindScore.__slots__ if column != "kind"]
    return KindScore(name, *(sum(getattr(kind, column) for kind in kinds) for column in counts))


def _kind(kind: str, scores: Sequence[PlantedScore]) -> KindScore:
    return KindScore(
        kind=kind,
        n_groups=len(scores),
        n_found=sum(score.is_found for score in scores),
        n_half_found=sum(score.is_half_found for score in scores),
        n_planted_members=sum(score.n_members for score in scores),
        n_shared_members=sum(score.n_shared for score in scores),
        n_matched_members=sum(score.n_matched_members for score in scores),
        n_leader_right=sum(score.leader_right for score in scores),
        n_subtype_right=sum(score.subtype_right for score in scores),
        n_verdict_right=sum(score.verdict_given == score.verdict_wanted for score in scores),
        n_ratios=sum(score.n_ratios for score in scores),
        n_ratios_right=sum(score.n_ratios_right for score in scores),
        n_fragments=sum(score.n_fragments for score in scores),
    )


def _share(n: int, of: int) -> float | None:
    return n / of if of else None
