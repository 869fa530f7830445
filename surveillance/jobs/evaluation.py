"""Quality on markets whose answer is known, with the baselines and variants beside the detector.

Numbers are sums over the runs, never means of ratios. Runs are independent: they may share
processes or not, the record is the same.
"""

import multiprocessing
import os
import platform
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from streams.errors import StreamError
from streams.files import Dataset
from surveillance.findings import PlaceboFinding
from surveillance.jobs.answer_key import AnswerKey
from surveillance.jobs.baselines.budget import Unfinished
from surveillance.jobs.calibration import Calibration, calibration_of
from surveillance.jobs.first_day import FirstDay
from surveillance.jobs.first_flags import FirstFlag
from surveillance.jobs.measuring import (
    DETECTOR,
    MarketPlan,
    Measured,
    MeasuringPlan,
    OnProgress,
    RunSummary,
    measure_dataset,
    measure_market,
    tell,
)
from surveillance.jobs.summing import MethodScore, sum_runs


@dataclass(frozen=True, slots=True)
class Environment:
    """The machine class and the versions that numbers were measured with."""

    cores: int
    machine: str
    python: str
    versions: dict[str, str]

    @classmethod
    def here(cls) -> "Environment":
        """Describe this process's machine."""
        names = ("exchange-surveillance", "numpy", "numba", "pyarrow", "scipy", "scikit-learn")
        return cls(
            cores=os.cpu_count() or 1,
            machine=f"{platform.system()} {platform.machine()}",
            python=platform.python_version(),
            versions={name: version(name) for name in names},
        )


@dataclass(frozen=True, slots=True)
class VariantScore:
    """One variant over all runs: its quality, and what its placebo gave and cost."""

    name: str
    parameters_hash: str
    score: MethodScore
    raised_log10_e: tuple[float, ...]
    placebo: tuple[tuple[PlaceboFinding, ...], ...]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Quality over all runs; the first of `methods` is the detector.

    `calibration` is None where no group has probabilities. `first_flags` are empty where they were
    not asked for, `first_day` where no farm of the kind was planted.
    """

    name: str
    what: str
    environment: Environment
    parameters_hash: str
    runs: tuple[RunSummary, ...]
    methods: tuple[MethodScore, ...]
    variants: tuple[VariantScore, ...] = ()
    calibration: Calibration | None = None
    first_flags: tuple[FirstFlag, ...] = ()
    first_day: tuple[FirstDay, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the record as plain JSON types."""
        return asdict(self)


def evaluate_scenario(
    scenario: str,
    *,
    seeds: Sequence[int],
    n_accounts: int,
    n_days: int,
    plan: MeasuringPlan | None = None,
    n_jobs: int = 1,
    on_progress: OnProgress | None = None,
) -> Evaluation:
    """Simulate a market for every seed, detect, and compare with what was planted.

    Parameters
    ----------
    scenario : str
        Name of a simulator's scenario.
    seeds : sequence of int
        At least one; each is a market of its own.
    n_accounts, n_days : int
        Size of each market.
    plan : MeasuringPlan, optional
        What to measure; the defaults otherwise.
    n_jobs : int
        Markets measured at a time, each in a process of its own where it is more than one.
    on_progress : callable, optional
        Where to report.

    Raises
    ------
    StreamError
        If the simulator refuses an argument or there is no seed.
    """
    if not seeds:
        raise StreamError("seeds must hold at least one seed")
    plan = plan or MeasuringPlan()
    markets = [MarketPlan(scenario, seed, n_accounts, n_days) for seed in seeds]
    without = replace(plan, n_with_first_flags=0)
    tasks = [
        (market, plan if number < plan.n_with_first_flags else without)
        for number, market in enumerate(markets)
    ]
    if min(n_jobs, len(tasks)) > 1:
        measured = _measure_in_processes(tasks, n_jobs, on_progress)
    else:
        measured = [measure_market(market, part, on_progress) for market, part in tasks]
    what = (
        f"scenario `{scenario}`: {n_accounts:,} accounts, trading days {n_days}, "
        f"seeds {', '.join(str(seed) for seed in seeds)}"
    )
    return _add_up(scenario, what, plan, measured)


def evaluate_dataset(
    dataset: Path,
    key: Path,
    *,
    now_ns: int,
    plan: MeasuringPlan | None = None,
    on_progress: OnProgress | None = None,
) -> Evaluation:
    """Detect in a dataset and compare with its answer key.

    Parameters
    ----------
    dataset : Path
        A directory in the form of the data contract.
    key : Path
        Its answer key.
    now_ns : int
        The present, UTC nanoseconds: no event may lie a day beyond.
    plan : MeasuringPlan, optional
        What to measure; the defaults otherwise.
    on_progress : callable, optional
        Where to report.

    Raises
    ------
    StreamError
        If the dataset or the key breaks the contract.
    """
    plan = plan or MeasuringPlan()
    answers = AnswerKey.read(key)
    name = dataset.resolve().name
    run = measure_dataset(Dataset.open(dataset), answers, name, now_ns, plan, on_progress)
    return _add_up(name, f"the dataset {name!r} with its answer key", plan, [run])


def _measure_in_processes(
    tasks: Sequence[tuple[MarketPlan, MeasuringPlan]],
    n_jobs: int,
    on_progress: OnProgress | None,
) -> list[Measured]:
    """Measure markets side by side; results come back in the order of the markets."""
    # Not a fork: the threads of compiled loops and of Arrow do not survive one.
    context = multiprocessing.get_context("spawn")
    n_workers = min(n_jobs, len(tasks))
    tell(on_progress, "markets measured", 0, len(tasks))
    with ProcessPoolExecutor(n_workers, mp_context=context) as pool:
        futures = [pool.submit(measure_market, market, plan) for market, plan in tasks]
        try:
            for n_done, _ in enumerate(as_completed(futures), start=1):
                tell(on_progress, "markets measured", n_done, len(tasks))
            return [future.result() for future in futures]
        finally:
            pool.shutdown(cancel_futures=True)


def _add_up(name: str, what: str, plan: MeasuringPlan, measured: Sequence[Measured]) -> Evaluation:
    methods = list(measured[0].scores)
    return Evaluation(
        name=name,
        what=what,
        environment=Environment.here(),
        parameters_hash=plan.params.content_hash(),
        runs=tuple(run.summary for run in measured),
        methods=tuple(_add_up_method(method, measured) for method in methods),
        variants=_add_up_variants(plan.variants, measured),
        calibration=calibration_of([j for run in measured for j in run.judgments]),
        first_flags=tuple(flag for run in measured for flag in run.first_flags),
        first_day=tuple(farm for run in measured for farm in run.first_day),
    )


def _add_up_method(method: str, measured: Sequence[Measured]) -> MethodScore:
    finished, days, unfinished = [], 0, []
    for run in measured:
        score = run.scores[method]
        if isinstance(score, Unfinished):
            unfinished.append(score.reason)
        else:
            finished.append(score)
            days += run.n_account_days
    return sum_runs(method, finished, n_account_days=days, unfinished=unfinished)


def _add_up_variants(
    variants: Mapping[str, Any], measured: Sequence[Measured]
) -> tuple[VariantScore, ...]:
    days = sum(run.n_account_days for run in measured)
    scores = []
    for name, params in variants.items():
        runs = [run.variants[name] for run in measured]
        scores.append(
            VariantScore(
                name=name,
                parameters_hash=params.content_hash(),
                score=sum_runs(DETECTOR, [score for _, score in runs], n_account_days=days),
                raised_log10_e=tuple(summary.raised_log10_e for summary, _ in runs),
                placebo=tuple(summary.placebo for summary, _ in runs),
            )
        )
    return tuple(scores)
