"""One market measured: simulated or read, scanned, the baselines beside it, all scored.

Every method sees the same orders; the answer key is read after it is done. Nothing here reads a
clock, so the same arguments give the same record; only whether a baseline ends within its budget
hangs on the machine.
"""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from models.artifact import Artifact
from models.params import DetectionParams
from streams.files import Dataset, write_dataset
from streams.simulator import simulate
from surveillance.errors import SurveillanceError, show_value
from surveillance.findings import PlaceboFinding
from surveillance.fitted import load_classifier
from surveillance.jobs.actions import Actions, read_actions
from surveillance.jobs.answer_key import AnswerKey
from surveillance.jobs.baselines.budget import Budget, Unfinished, run_within
from surveillance.jobs.baselines.pairs import judge_by_owner
from surveillance.jobs.baselines.registry import Baseline, BaselineChoice, choose_baselines
from surveillance.jobs.calibration import Judgment, judge_probabilities
from surveillance.jobs.first_day import FirstDay, find_on_first_day
from surveillance.jobs.first_flags import FirstFlag, find_first_flags
from surveillance.jobs.scoring import RunScore, as_found, score_run
from surveillance.jobs.variants import choose_variants
from surveillance.pipeline.runner import Progress, ScanResult, scan

OnProgress = Callable[[str, int, int], None]
"""Called with what is being done, how much is done, and how much there is."""

DETECTOR = "detector"
HELD_OUT = "held-out"
"""The scenario of the kinds and distributions that are kept for measuring."""


@dataclass(frozen=True, slots=True)
class MarketPlan:
    """A market to simulate."""

    scenario: str
    seed: int
    n_accounts: int
    n_days: int


@dataclass(frozen=True, slots=True)
class MeasuringPlan:
    """What is measured on each market.

    `variants` are thresholds by name, scanned on the same orders. On the first
    `n_with_first_flags` markets copies until the first flag are counted, which runs the detector
    once more in small steps. Without an `artifact` the rules decide alone.
    """

    params: DetectionParams = field(default_factory=DetectionParams)
    baselines: BaselineChoice = BaselineChoice.QUICK
    budget: Budget = field(default_factory=Budget)
    variants: Mapping[str, DetectionParams] = field(default_factory=dict)
    n_with_first_flags: int = 0
    artifact: Artifact | None = None


def plan_measuring(
    *,
    baselines: str,
    fixed_variants: bool,
    typed_variants: Sequence[str],
    n_with_first_flags: int,
    classifier: Path | None = None,
) -> MeasuringPlan:
    """Return what to measure, from what was typed.

    Parameters
    ----------
    baselines : str
        none, quick or all.
    fixed_variants : bool
        Whether the fixed variants of the method are measured.
    typed_variants : sequence of str
        Further ones, NAME=part.field:value,...
    n_with_first_flags : int
        Markets on which copies until the first flag are counted.
    classifier : Path, optional
        File of a fitted classifier; the shipped one by default.

    Raises
    ------
    SurveillanceError
        If the classifier cannot be used, there is no such choice, or a variant is refused.
    """
    names = [choice.value for choice in BaselineChoice]
    if baselines not in names:
        raise SurveillanceError(
            f"baselines must be one of {', '.join(names)}, was {show_value(baselines)}"
        )
    params = DetectionParams()
    return MeasuringPlan(
        params=params,
        baselines=BaselineChoice(baselines),
        variants=choose_variants(params, fixed=fixed_variants, typed=typed_variants),
        n_with_first_flags=n_with_first_flags,
        artifact=load_classifier(classifier),
    )


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One run: what went in, what the detector's placebo gave, how far it raised the threshold."""

    name: str
    n_orders: int
    n_accounts: int
    n_planted: int
    n_groups: int
    raised_log10_e: float
    threshold_log10_e: float
    placebo: tuple[PlaceboFinding, ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """All that was measured on one market; `scores` by method, `variants` by name."""

    summary: RunSummary
    scores: Mapping[str, RunScore | Unfinished]
    variants: Mapping[str, tuple[RunSummary, RunScore]]
    judgments: tuple[Judgment, ...]
    first_flags: tuple[FirstFlag, ...]
    first_day: tuple[FirstDay, ...]
    n_account_days: int


def measure_market(
    market: MarketPlan, plan: MeasuringPlan, on_progress: OnProgress | None = None
) -> Measured:
    """Simulate a market and measure what the methods make of it.

    Parameters
    ----------
    market : MarketPlan
        What to simulate.
    plan : MeasuringPlan
        What to measure.
    on_progress : callable, optional
        Where to report.

    Raises
    ------
    StreamError
        If the simulator refuses an argument.
    """
    name = f"seed {market.seed}"
    tell(on_progress, f"{name}: simulating", 0, 1)
    simulated = simulate(
        market.scenario, n_accounts=market.n_accounts, n_days=market.n_days, seed=market.seed
    )
    end_ns = int(np.max(simulated.tables["orders"]["event_time_ns"].to_numpy()))
    key = AnswerKey.from_json(simulated.answer_key)
    with tempfile.TemporaryDirectory(prefix="evaluate-") as directory:
        write_dataset(directory, simulated.tables)
        del simulated
        return measure_dataset(Dataset.open(Path(directory)), key, name, end_ns, plan, on_progress)


def measure_dataset(
    dataset: Dataset,
    key: AnswerKey,
    name: str,
    now_ns: int,
    plan: MeasuringPlan,
    on_progress: OnProgress | None = None,
) -> Measured:
    """Measure what the methods make of a dataset.

    Parameters
    ----------
    dataset : Dataset
        The orders and reference tables.
    key : AnswerKey
        What is right.
    name : str
        What the run is called.
    now_ns : int
        The present, UTC nanoseconds: no event may lie a day beyond.
    plan : MeasuringPlan
        What to measure.
    on_progress : callable, optional
        Where to report.

    Raises
    ------
    StreamError
        If the dataset breaks the contract.
    """

    def detect(of: Dataset, params: DetectionParams, what: str) -> ScanResult:
        return scan(
            of,
            params=params,
            now_ns=now_ns,
            finished_ns=lambda: now_ns,
            known_groups={},
            name=name,
            progress=detector_progress(what, on_progress),
            artifact=plan.artifact,
        )

    result = detect(dataset, plan.params, name)
    found = as_found(result.findings.groups)
    actions = read_actions(dataset, latest_time_ns=now_ns)
    baselines = choose_baselines(plan.baselines)
    scores: dict[str, RunScore | Unfinished] = {DETECTOR: score_run(found, key)}
    for number, baseline in enumerate(baselines):
        tell(on_progress, f"{name}: baselines", number, len(baselines))
        scores[baseline.name] = _score_baseline(baseline, dataset, actions, key, now_ns, plan)
    variants = {}
    for variant, params in plan.variants.items():
        varied = detect(dataset, params, f"{name}, {variant}")
        variants[variant] = (
            _summary(varied, name, key),
            score_run(as_found(varied.findings.groups), key),
        )
    first_flags: tuple[FirstFlag, ...] = ()
    if plan.n_with_first_flags > 0:
        first_flags = find_first_flags(
            dataset,
            key,
            result,
            plan.params,
            latest_time_ns=now_ns,
            on_progress=lambda done, total: tell(
                on_progress, f"{name}: copies until the first flag", done, total
            ),
        )
    return Measured(
        summary=_summary(result, name, key),
        scores=scores,
        variants=variants,
        judgments=judge_probabilities(found, key),
        first_flags=first_flags,
        first_day=find_on_first_day(
            dataset,
            key,
            latest_time_ns=now_ns,
            detect=lambda part: as_found(
                detect(part, plan.params, f"{name}, first day").findings.groups
            ),
        ),
        n_account_days=actions.n_account_days(frozenset(key.honest_kind)),
    )


def detector_progress(label: str, on_progress: OnProgress | None) -> Progress:
    """Return where a scan reports, under a label."""
    return Progress(
        reading=lambda done, total: tell(on_progress, f"{label}: reading", done, total),
        detecting=lambda done, total: tell(on_progress, f"{label}: detecting", done, total),
    )


def tell(on_progress: OnProgress | None, what: str, done: int, total: int) -> None:
    """Report, if anybody listens."""
    if on_progress is not None:
        on_progress(what, done, total)


def _score_baseline(
    baseline: Baseline,
    dataset: Dataset,
    actions: Actions,
    key: AnswerKey,
    now_ns: int,
    plan: MeasuringPlan,
) -> RunScore | Unfinished:
    groups = run_within(baseline.find, actions, plan.budget)
    if isinstance(groups, Unfinished):
        return groups
    owners = dataset.table("accounts", latest_time_ns=now_ns)
    ids, of = owners["account_id"].to_pylist(), owners["owner_id"].to_pylist()
    owner_of = {account: owner for account, owner in zip(ids, of, strict=True) if owner is not None}
    return score_run(judge_by_owner(groups, actions.accounts, owner_of), key)


def _summary(result: ScanResult, name: str, key: AnswerKey) -> RunSummary:
    manifest = result.findings.manifest
    return RunSummary(
        name=name,
        n_orders=manifest.counts["orders"],
        n_accounts=manifest.counts["accounts"],
        n_planted=len(key.groups),
        n_groups=manifest.counts["groups"],
        raised_log10_e=manifest.threshold_raised_log10_e,
        threshold_log10_e=manifest.threshold_log10_e,
        placebo=result.findings.placebo,
    )
