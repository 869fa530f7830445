"""Scores of several runs added up: one record a method, one row a planted kind.

Rates carry their denominators; the bound on the rate of honest flags is the exact one for a
Poisson count (Garwood 1936).
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scipy.stats import chi2

from surveillance.findings import VerdictName
from surveillance.jobs.scoring import PlantedScore, RunScore

CONFIDENCE = 0.95
PER_ACCOUNT_DAYS = 1000


@dataclass(frozen=True, slots=True)
class KindScore:
    """Planted groups of one kind, over all runs; member counts are of found groups only.

    `n_planted_members` counts the members of every planted group, found or missed, and
    `n_covered_members` those in a match or in a fragment. `n_on_venue` counts found groups whose
    leader is on the venue, `n_off_venue` the others, `n_source_right` those of them whose source
    was said to be elsewhere.
    """

    kind: str
    n_groups: int
    n_found: int
    n_half_found: int
    n_planted_members: int
    n_shared_members: int
    n_matched_members: int
    n_covered_members: int
    n_on_venue: int
    n_leader_right: int
    n_off_venue: int
    n_source_right: int
    n_subtype_right: int
    n_verdict_right: int
    n_ratios: int
    n_ratios_right: int
    n_fragments: int
    n_merged: int

    @property
    def member_recall(self) -> float | None:
        """Share of all planted members that stand in their group's match."""
        return _share(self.n_shared_members, self.n_planted_members)

    @property
    def member_precision(self) -> float | None:
        """Share of the members of matches that were planted there."""
        return _share(self.n_shared_members, self.n_matched_members)


@dataclass(frozen=True, slots=True)
class HonestRate:
    """Honest accounts: how many, how many per 1,000 of their active days, at most how many."""

    n: int
    rate: float
    bound: float


@dataclass(frozen=True, slots=True)
class MethodScore:
    """One method over all runs that it finished; `unfinished` counts the others by reason.

    `verdicts` counts planted groups by right verdict, then by verdict given (or "missed"),
    `verdicts_by_kind` by kind, then by verdict given. `honest_in` counts honest accounts by verdict
    of a group they are in, then by honest kind. Honest accounts are `flagged` in a group of any
    verdict but INDEPENDENT, `accused` in an EXTERNAL or INTERNAL one. Bounds are one-sided, 95%.
    """

    method: str
    n_runs: int
    unfinished: dict[str, int]
    kinds: tuple[KindScore, ...]
    verdicts: dict[str, dict[str, int]]
    verdicts_by_kind: dict[str, dict[str, int]]
    honest_in: dict[str, dict[str, int]]
    n_groups: int
    n_extra: int
    n_merged: int
    n_honest: int
    n_honest_in_any: int
    n_account_days: int
    flagged: HonestRate
    accused: HonestRate
    external: HonestRate
    internal: HonestRate

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


def sum_runs(
    method: str,
    runs: Sequence[RunScore],
    *,
    n_account_days: int,
    unfinished: Sequence[str] = (),
) -> MethodScore:
    """Add up the scores of one method.

    Parameters
    ----------
    method : str
        Its name.
    runs : sequence of RunScore
        One a dataset that it finished.
    n_account_days : int
        Active days of honest accounts over these runs: the denominator of the rates.
    unfinished : sequence of str
        Why it gave no answer, one reason a dataset.
    """
    planted = [score for run in runs for score in run.planted]
    kinds = sorted({score.kind for score in planted})
    honest: dict[str, Counter[str]] = {verdict.value: Counter() for verdict in VerdictName}
    for run in runs:
        for verdict, by_kind in run.honest_in.items():
            honest[verdict].update(by_kind)
    scale = PER_ACCOUNT_DAYS / max(n_account_days, 1)

    def rate(n: int) -> HonestRate:
        return HonestRate(n, n * scale, poisson_upper_bound(n) * scale)

    return MethodScore(
        method=method,
        n_runs=len(runs),
        unfinished=dict(sorted(Counter(unfinished).items())),
        kinds=tuple(_kind(kind, [s for s in planted if s.kind == kind]) for kind in kinds),
        verdicts=_count_given((score.verdict_wanted, score.verdict_given) for score in planted),
        verdicts_by_kind=_count_given((score.kind, score.verdict_given) for score in planted),
        honest_in={name: dict(sorted(row.items())) for name, row in honest.items()},
        n_groups=sum(run.n_groups for run in runs),
        n_extra=sum(run.n_extra for run in runs),
        n_merged=sum(run.n_merged for run in runs),
        n_honest=sum(run.n_honest for run in runs),
        n_honest_in_any=sum(run.n_in_any for run in runs),
        n_account_days=n_account_days,
        flagged=rate(sum(run.n_flagged for run in runs)),
        accused=rate(sum(run.n_accused for run in runs)),
        external=rate(honest[VerdictName.EXTERNAL].total()),
        internal=rate(honest[VerdictName.INTERNAL].total()),
    )


def _count_given(cases: Iterable[tuple[str, str]]) -> dict[str, dict[str, int]]:
    counts: dict[str, Counter[str]] = {}
    for wanted, given in cases:
        counts.setdefault(wanted, Counter())[given] += 1
    return {name: dict(sorted(row.items())) for name, row in sorted(counts.items())}


def add_kinds(name: str, kinds: Sequence[KindScore]) -> KindScore:
    """Return the sum of several kinds under one name."""
    counts = [column for column in KindScore.__slots__ if column != "kind"]
    return KindScore(name, *(sum(getattr(kind, column) for kind in kinds) for column in counts))


def _kind(kind: str, scores: Sequence[PlantedScore]) -> KindScore:
    on_venue = [score for score in scores if score.has_leader]
    off_venue = [score for score in scores if not score.has_leader]
    return KindScore(
        kind=kind,
        n_groups=len(scores),
        n_found=sum(score.is_found for score in scores),
        n_half_found=sum(score.is_half_found for score in scores),
        n_planted_members=sum(score.n_members for score in scores),
        n_shared_members=sum(score.n_shared for score in scores),
        n_matched_members=sum(score.n_matched_members for score in scores),
        n_covered_members=sum(score.n_covered for score in scores),
        n_on_venue=sum(score.is_found for score in on_venue),
        n_leader_right=sum(score.leader_right for score in on_venue),
        n_off_venue=sum(score.is_found for score in off_venue),
        n_source_right=sum(score.leader_right for score in off_venue),
        n_subtype_right=sum(score.subtype_right for score in scores),
        n_verdict_right=sum(score.verdict_right for score in scores),
        n_ratios=sum(score.n_ratios for score in scores),
        n_ratios_right=sum(score.n_ratios_right for score in scores),
        n_fragments=sum(score.n_fragments for score in scores),
        n_merged=sum(score.is_merged for score in scores),
    )


def _share(n: int, of: int) -> float | None:
    return n / of if of else None
