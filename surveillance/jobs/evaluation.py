"""Quality on markets whose answer is known, with the baselines beside it.

Every method sees the same orders; the answer key is read after it is done. Numbers are sums over
the runs, never means of ratios. Nothing here reads a clock: the same arguments, the same record.
"""

import os
import platform
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from models.params import DetectionParams
from streams.errors import StreamError
from streams.files import Dataset, write_dataset
from streams.simulator import simulate
from surveillance.findings import PlaceboFinding
from surveillance.jobs.actions import Actions, read_actions
from surveillance.jobs.answer_key import AnswerKey
from surveillance.jobs.baselines import (
    AccountPairs,
    PeerRule,
    group_linked,
    link_by_hand_set_rule,
    link_by_peer_rule,
)
from surveillance.jobs.scoring import RunScore, as_found, score_run
from surveillance.jobs.summing import MethodScore, sum_runs
from surveillance.pipeline.runner import Progress, scan

OnProgress = Callable[[str, int, int], None]
"""Called with what is being done, how much is done, and how much there is."""

DETECTOR, HAND_SET, PEER = "detector", "hand_set_rule", "peer_rule"


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
        names = ("exchange-surveillance", "numpy", "numba", "pyarrow", "scipy")
        return cls(
            cores=os.cpu_count() or 1,
            machine=f"{platform.system()} {platform.machine()}",
            python=platform.python_version(),
            versions={name: version(name) for name in names},
        )


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One run: what went in, what the detector's placebo gave, how safe it had to be."""

    name: str
    n_orders: int
    n_accounts: int
    n_planted: int
    n_groups: int
    raised_log10_e: float
    threshold_log10_e: float
    placebo: tuple[PlaceboFinding, ...]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Quality over all runs; the first of `methods` is the detector."""

    name: str
    what: str
    environment: Environment
    parameters_hash: str
    runs: tuple[RunSummary, ...]
    methods: tuple[MethodScore, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the record as plain JSON types."""
        return asdict(self)


def evaluate_scenario(
    scenario: str,
    *,
    seeds: Sequence[int],
    n_accounts: int,
    n_days: int,
    params: DetectionParams | None = None,
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
    params : DetectionParams, optional
        Thresholds; the defaults otherwise.
    on_progress : callable, optional
        Where to report.

    Raises
    ------
    StreamError
        If the simulator refuses an argument or there is no seed.
    """
    if not seeds:
        raise StreamError("seeds must hold at least one seed")
    params = params or DetectionParams()
    runs = []
    for number, seed in enumerate(seeds):
        label = f"seed {seed} ({number + 1} of {len(seeds)})"
        _tell(on_progress, f"{label}: simulating", 0, 1)
        market = simulate(scenario, n_accounts=n_accounts, n_days=n_days, seed=seed)
        end_ns = int(np.max(market.tables["orders"]["event_time_ns"].to_numpy()))
        with tempfile.TemporaryDirectory(prefix="evaluate-") as directory:
            write_dataset(directory, market.tables)
            runs.append(
                _run(
                    Dataset.open(directory),
                    AnswerKey.from_json(market.answer_key),
                    f"seed {seed}",
                    label,
                    end_ns,
                    params,
                    on_progress,
                )
            )
    what = (
        f"scenario `{scenario}`: {n_accounts:,} accounts, trading days {n_days}, "
        f"seeds {', '.join(str(seed) for seed in seeds)}"
    )
    return _evaluation(scenario, what, params, runs)


def evaluate_dataset(
    dataset: Path,
    key: Path,
    *,
    now_ns: int,
    params: DetectionParams | None = None,
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
    params : DetectionParams, optional
        Thresholds; the defaults otherwise.
    on_progress : callable, optional
        Where to report.

    Raises
    ------
    StreamError
        If the dataset or the key breaks the contract.
    """
    params = params or DetectionParams()
    answers = AnswerKey.read(key)
    name = dataset.resolve().name
    run = _run(Dataset.open(dataset), answers, name, name, now_ns, params, on_progress)
    return _evaluation(name, f"the dataset {name!r} with its answer key", params, [run])


def detector_progress(label: str, on_progress: OnProgress | None) -> Progress:
    """Return where a scan reports, under a label."""
    return Progress(
        reading=lambda done, total: _tell(on_progress, f"{label}: reading", done, total),
        detecting=lambda done, total: _tell(on_progress, f"{label}: detecting", done, total),
    )


@dataclass(frozen=True, slots=True)
class _Run:
    summary: RunSummary
    scores: dict[str, RunScore]
    n_account_days: int


def _run(
    dataset: Dataset,
    key: AnswerKey,
    name: str,
    label: str,
    now_ns: int,
    params: DetectionParams,
    on_progress: OnProgress | None,
) -> _Run:
    findings = scan(
        dataset,
        params=params,
        now_ns=now_ns,
        finished_ns=lambda: now_ns,
        known_groups={},
        name=name,
        progress=detector_progress(label, on_progress),
    ).findings
    _tell(on_progress, f"{label}: baselines", 0, 2)
    actions = read_actions(dataset, latest_time_ns=now_ns)
    owners = dataset.table("accounts", latest_time_ns=now_ns)
    ids, of = owners["account_id"].to_pylist(), owners["owner_id"].to_pylist()
    owner_of = {account: owner for account, owner in zip(ids, of, strict=True) if owner is not None}
    by_hand = group_linked(link_by_hand_set_rule(actions), actions.accounts, owner_of)
    _tell(on_progress, f"{label}: baselines", 1, 2)
    by_peer = group_linked(_repeated_by_peer_rule(actions), actions.accounts, owner_of)
    _tell(on_progress, f"{label}: baselines", 2, 2)
    manifest = findings.manifest
    return _Run(
        summary=RunSummary(
            name=name,
            n_orders=manifest.counts["orders"],
            n_accounts=manifest.counts["accounts"],
            n_planted=len(key.groups),
            n_groups=manifest.counts["groups"],
            raised_log10_e=manifest.threshold_raised_log10_e,
            threshold_log10_e=manifest.threshold_log10_e,
            placebo=findings.placebo,
        ),
        scores={
            DETECTOR: score_run(as_found(findings.groups), key),
            HAND_SET: score_run(by_hand, key),
            PEER: score_run(by_peer, key),
        },
        n_account_days=actions.n_account_days(frozenset(key.honest_kind)),
    )


def _repeated_by_peer_rule(actions: Actions) -> AccountPairs:
    rule = PeerRule()
    pairs = link_by_peer_rule(actions, rule)
    return pairs.take(pairs.times >= rule.min_participation)


def _evaluation(name: str, what: str, params: DetectionParams, runs: list[_Run]) -> Evaluation:
    days = sum(run.n_account_days for run in runs)
    return Evaluation(
        name=name,
        what=what,
        environment=Environment.here(),
        parameters_hash=params.content_hash(),
        runs=tuple(run.summary for run in runs),
        methods=tuple(
            sum_runs(method, [run.scores[method] for run in runs], n_account_days=days)
            for method in (DETECTOR, HAND_SET, PEER)
        ),
    )


def _tell(on_progress: OnProgress | None, what: str, done: int, total: int) -> None:
    if on_progress is not None:
        on_progress(what, done, total)
