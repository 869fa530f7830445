"""The training job: markets simulated, groups found and labeled, the classifier fitted.

Seeds from `FIRST_TRAINING_SEED` on are the training's, lower ones the evaluation's, and a scenario
that is held out is refused: what quality is measured on has no part in what is fitted.
"""

import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from models.artifact import Manifest, write_artifact
from models.classifier import CLASSES
from models.fitting import TrainingSet, fit_classifier
from models.group_row import feature_matrix
from models.params import DetectionParams
from streams.simulator.scenarios import find_scenario
from surveillance import __version__
from surveillance.errors import SettingsError
from surveillance.jobs.measuring import MarketPlan, OnProgress, tell
from surveillance.jobs.training_rows import LabeledRow, rows_of_market

FIRST_TRAINING_SEED = 5001
SCENARIOS = ("full", "basic")
"""What is trained on; the honest crowds of `nothing` alone make no group to learn from."""


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """Markets to learn from: `n_markets` seeds of every scenario."""

    scenarios: tuple[str, ...] = SCENARIOS
    n_markets: int = 8
    first_seed: int = FIRST_TRAINING_SEED
    n_accounts: int = 3_000
    n_days: int = 3
    params: DetectionParams = field(default_factory=DetectionParams)

    @property
    def seeds(self) -> tuple[int, ...]:
        """Seeds of each scenario's markets."""
        return tuple(range(self.first_seed, self.first_seed + self.n_markets))

    @property
    def markets(self) -> tuple[MarketPlan, ...]:
        """All markets, scenario by scenario."""
        return tuple(
            MarketPlan(scenario, seed, self.n_accounts, self.n_days)
            for scenario in self.scenarios
            for seed in self.seeds
        )


@dataclass(frozen=True, slots=True)
class Trained:
    """A fitted classifier: the text of its artifact, and its manifest."""

    text: str
    manifest: Manifest


def check_plan(plan: TrainingPlan) -> None:
    """Refuse to learn from what quality is measured on.

    Raises
    ------
    StreamError
        If there is no such scenario.
    SettingsError
        If a scenario is held out, a seed is one of the evaluation's or markets are too few.
    """
    problems = [
        f"scenario must not be held out from fitting, was {name!r}"
        for name in plan.scenarios
        if find_scenario(name).is_held_out
    ]
    if plan.first_seed < FIRST_TRAINING_SEED:
        problems.append(
            f"first_seed must be at least {FIRST_TRAINING_SEED}, lower ones are kept for "
            f"evaluation, was {plan.first_seed}"
        )
    least = plan.params.classifier.n_folds
    if len(plan.markets) < least:
        problems.append(f"markets must be at least {least} in all, were {len(plan.markets)}")
    if problems:
        raise SettingsError(problems)


def train(
    plan: TrainingPlan,
    dispositions: Sequence[LabeledRow] = (),
    *,
    n_jobs: int = 1,
    on_progress: OnProgress | None = None,
) -> Trained:
    """Fit a classifier; the same arguments give the same one.

    Parameters
    ----------
    plan : TrainingPlan
        Markets to learn from.
    dispositions : sequence of LabeledRow
        What people concluded about real groups, learned beside them.
    n_jobs : int
        Markets simulated at a time, each in a process of its own where it is more than one.
    on_progress : callable, optional
        Where to report.

    Raises
    ------
    StreamError, SettingsError
        If the plan is refused.
    ClassifierError
        If the markets hold too few groups to learn from.
    """
    check_plan(plan)
    simulated = _rows(plan, n_jobs, on_progress)
    fitted = fit_classifier(training_set([*simulated, *dispositions]), plan.params.classifier)
    manifest = Manifest(
        version=__version__,
        parameters_hash=plan.params.content_hash(),
        scenarios=plan.scenarios,
        seeds=plan.seeds,
        n_accounts=plan.n_accounts,
        n_days=plan.n_days,
        n_groups=sum(row.is_whole for row in simulated),
        n_rows=len(simulated),
        n_dispositions=len(dispositions),
        miss_share=plan.params.classifier.miss_share,
        temperature=fitted.temperature,
        calibration_error=fitted.calibration_error,
        accuracy=fitted.accuracy,
        abstained=fitted.abstained,
        accuracy_on_new_kinds=fitted.accuracy_on_new_kinds,
        coverage=fitted.coverage,
    )
    return Trained(write_artifact(fitted.classifier, manifest), manifest)


def training_set(rows: Sequence[LabeledRow]) -> TrainingSet:
    """Return labeled rows as the fit takes them."""
    return TrainingSet(
        rows=feature_matrix([row.features for row in rows]),
        labels=np.array([CLASSES.index(row.verdict.value) for row in rows], np.int64),
        weights=np.array([row.weight for row in rows], np.float64),
        origins=[row.origin for row in rows],
        kinds=[row.kind for row in rows],
        is_whole=np.array([row.is_whole for row in rows], np.bool_),
    )


def _rows(plan: TrainingPlan, n_jobs: int, on_progress: OnProgress | None) -> list[LabeledRow]:
    """Return the rows of all markets, in the order of the markets whatever ends first."""
    markets = plan.markets
    rows: list[LabeledRow] = []
    tell(on_progress, "markets learned from", 0, len(markets))
    if n_jobs == 1:
        for n_done, market in enumerate(markets, start=1):
            rows += rows_of_market(market, plan.params)
            tell(on_progress, "markets learned from", n_done, len(markets))
        return rows
    # Not a fork: the threads of compiled loops and of Arrow do not survive one.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(n_jobs, len(markets)), mp_context=context) as pool:
        futures = [pool.submit(rows_of_market, market, plan.params) for market in markets]
        try:
            for n_done, future in enumerate(futures, start=1):
                rows += future.result()
                tell(on_progress, "markets learned from", n_done, len(markets))
        finally:
            pool.shutdown(cancel_futures=True)
    return rows
