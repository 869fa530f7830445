"""A run over files: read, encode, detect with placebo, judge; all or nothing.

Where the placebo exceeds its bound the threshold rises until it does not: a stream whose habits
the shares do not explain asks for more evidence. The placebo sees ghosts only, so nothing is tuned
on the pairs that are judged.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.artifact import Artifact
from models.attachment import complete_clusters
from models.columns import DecisionColumns, OrderColumns, PairEvidence
from models.decisions import merge_orders
from models.evidence import ln_threshold
from models.features import MarketLog
from models.fingerprints import FingerprintColumns, FingerprintLog
from models.grouping import find_clusters
from models.params import DAY_NS, YEAR_DAYS, DetectionParams
from models.placebo import PlaceboCount, count_placebo, threshold_raise
from models.walks import join_walks
from surveillance import __version__
from surveillance.findings import (
    AccountSummary,
    PlaceboFinding,
    RunFindings,
    RunManifest,
    RunReference,
)
from surveillance.pipeline.clusters import judge_clusters
from surveillance.pipeline.describing import Evidence
from surveillance.pipeline.detector import Detector
from surveillance.pipeline.encode import OrderEncoder
from surveillance.pipeline.encoded import EncodedOrders
from surveillance.pipeline.identical import ClusterEvidence, detect_clusters
from surveillance.pipeline.identity import IdentityLog
from surveillance.pipeline.judging import in_order_of_evidence, judge_groups
from surveillance.pipeline.reference import AccountBook, AccountRecords, ReferenceData
from surveillance.pipeline.source import OrderSource
from surveillance.pipeline.spool import Spool

_LN_10 = float(np.log(10.0))


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run reports how far it is; every callback takes (done, total)."""

    reading: Callable[[int, int], None] = lambda done, total: None
    detecting: Callable[[int, int], None] = lambda done, total: None


@dataclass(frozen=True, slots=True)
class ScanResult:
    """Findings, and the evidence behind `pairs.parquet` and `clusters.parquet` with its ids."""

    findings: RunFindings
    pairs: PairEvidence
    accounts: tuple[str, ...]
    ln_threshold: float
    clusters: ClusterEvidence
    cluster_groups: tuple[str, ...]
    orders: EncodedOrders = field(repr=False)
    evidence: Evidence = field(repr=False)


@dataclass(slots=True)
class _Activity:
    """Orders of each account: how many, from when to when."""

    n_orders: NDArray[np.int64]
    first_ns: NDArray[np.int64]
    last_ns: NDArray[np.int64]

    @classmethod
    def of(cls, n_accounts: int) -> "_Activity":
        return cls(
            np.zeros(n_accounts, np.int64),
            np.full(n_accounts, np.iinfo(np.int64).max),
            np.zeros(n_accounts, np.int64),
        )

    def add(self, orders: OrderColumns) -> None:
        self.n_orders += np.bincount(orders.account, minlength=self.n_orders.size)
        np.minimum.at(self.first_ns, orders.account, orders.event_time_ns)
        np.maximum.at(self.last_ns, orders.account, orders.event_time_ns)


@dataclass(frozen=True, slots=True)
class _Detection:
    """One pass of the detector over all orders."""

    params: DetectionParams
    pairs: PairEvidence
    n_tests: int
    ln_threshold: float
    ln_raised: float
    placebo: tuple[PlaceboCount, ...]
    market: MarketLog
    fingerprints: FingerprintColumns
    n_decisions_of: NDArray[np.int64]
    activity: _Activity = field(repr=False)


def scan(
    dataset: OrderSource,
    *,
    params: DetectionParams,
    now_ns: int,
    finished_ns: Callable[[], int],
    known_groups: Mapping[str, tuple[str, ...]],
    name: str,
    progress: Progress | None = None,
    artifact: Artifact | None = None,
) -> ScanResult:
    """Run the whole detector over a dataset.

    Parameters
    ----------
    dataset : OrderSource
        Where the orders and reference tables are.
    params : DetectionParams
        Thresholds.
    now_ns : int
        The present, UTC nanoseconds: start of the run; no event may lie a day beyond.
    finished_ns : callable
        Returns the time at the end of the run.
    known_groups : mapping of group id to account ids
        Groups of earlier runs over this dataset, for stable ids.
    name : str
        Name of the dataset in the manifest.
    progress : Progress, optional
        Where to report.
    artifact : Artifact, optional
        A fitted classifier beside the rules; without one they decide alone.

    Raises
    ------
    StreamError
        If the dataset breaks the contract.
    """
    progress = progress or Progress()
    latest_ns = now_ns + DAY_NS
    tables = ReferenceData(
        *(
            dataset.table(table, latest_time_ns=latest_ns)
            for table in ("accounts", "sessions", "declarations", "instruments")
        )
    )
    dataset_hash = dataset.content_hash()
    with Spool() as spool:
        orders = _encode(dataset, tables, spool, latest_ns, progress)
        detection = _detect(orders, params, progress)
        cores = find_clusters(
            detection.pairs,
            ln_threshold=detection.ln_threshold,
            params=detection.params.groups,
        )
        completed = complete_clusters(cores, detection.market, detection.params)
        clusters = join_walks(completed, detection.market, detection.params)
        identical = detect_clusters(
            detection.fingerprints,
            span_ns=orders.last_time_ns - orders.first_time_ns,
            params=detection.params,
        )
        in_cluster = np.zeros(len(orders.accounts), np.bool_)
        for members in (*(c.members for c in clusters), *(c.accounts for c in identical.clusters)):
            in_cluster[list(members)] = True
        decisions = decisions_of(orders, in_cluster, detection.params)
        later = orders.later_events(accounts=in_cluster)
    span_days = max((orders.last_time_ns - orders.first_time_ns) / DAY_NS, 1.0)
    chance = round(params.groups.tolerated_false_pairs * YEAR_DAYS / span_days, 6)
    parameters_hash = detection.params.content_hash()
    classifier_hash = artifact.content_hash if artifact else None
    run_id = _run_id(name, dataset_hash, parameters_hash, classifier_hash)
    book = AccountBook(AccountRecords(tables), orders.accounts, orders.operators, orders.firm_of)
    run = RunReference(run_id, __version__, parameters_hash, name)
    evidence = Evidence(
        pairs=detection.pairs,
        ln_threshold=detection.ln_threshold,
        market=detection.market,
        decisions=decisions,
        later=later,
        clusters=clusters,
        chance_groups_per_year=chance,
        tolerated_false_pairs=params.groups.tolerated_false_pairs,
        confirmed=all(count.by_shift and count.within_bound for count in detection.placebo),
    )
    groups = judge_groups(
        evidence,
        orders,
        book,
        known_groups,
        run,
        detection.params,
        artifact.classifier if artifact else None,
    )
    judged = judge_clusters(
        identical,
        groups,
        decisions,
        detection.market,
        orders,
        book,
        known_groups,
        run,
        detection.params,
    )
    groups = in_order_of_evidence((*groups, *judged.groups))
    manifest = RunManifest(
        run_id=run_id,
        version=__version__,
        parameters=detection.params.to_json(),
        parameters_hash=parameters_hash,
        dataset=name,
        dataset_hash=dataset_hash,
        counts=_counts(orders, detection, identical, len(groups)),
        first_time_ns=orders.first_time_ns,
        last_time_ns=orders.last_time_ns,
        threshold_log10_e=round(detection.ln_threshold / _LN_10, 4),
        chance_groups_per_year=round(chance + params.identical.tolerated_false_clusters_a_year, 6),
        threshold_raised_log10_e=round(detection.ln_raised / _LN_10, 4),
        started_time_ns=now_ns,
        finished_time_ns=finished_ns(),
        classifier_hash=classifier_hash,
    )
    findings = RunFindings(
        manifest=manifest,
        groups=groups,
        placebo=tuple(_placebo_finding(count) for count in detection.placebo),
        accounts=_summaries(orders, book, detection),
    )
    return ScanResult(
        findings=findings,
        pairs=detection.pairs,
        accounts=orders.accounts,
        ln_threshold=detection.ln_threshold,
        clusters=identical,
        cluster_groups=judged.group_of,
        orders=orders,
        evidence=evidence,
    )


def _encode(
    dataset: OrderSource, tables: ReferenceData, spool: Spool, latest_ns: int, progress: Progress
) -> EncodedOrders:
    total = dataset.n_order_bytes
    encoder = OrderEncoder(
        tables.instruments,
        spool,
        shown=dataset.shown,
        identities=IdentityLog(spool.directory),
    )
    for batch in dataset.order_batches(
        latest_time_ns=latest_ns,
        on_progress=lambda done: progress.reading(done, total),
    ):
        encoder.add(batch)
    return encoder.finish()


def _detect(orders: EncodedOrders, params: DetectionParams, progress: Progress) -> _Detection:
    n_accounts = len(orders.accounts)
    span_ns = orders.last_time_ns - orders.first_time_ns
    shifts = tuple(shift for shift in params.placebo.shifts_ns if shift <= span_ns)
    activity = _Activity.of(n_accounts)
    fingerprints = FingerprintLog(
        merge_ns=params.rank_test.merge_ns,
        bracket_ns=params.rank_test.bracket_ns,
        n_accounts=n_accounts,
        new_decisions=params.identical.new_decisions,
        robot_decisions_a_day=params.rank_test.robot_decisions_a_day,
    )
    with Detector(
        params, n_accounts=n_accounts, n_nodes=orders.n_nodes, shifts_ns=shifts
    ) as detector:
        done = 0
        for batch in orders.batches():
            detector.process(batch)
            activity.add(batch)
            fingerprints.add(batch)
            done += len(batch)
            progress.detecting(done, orders.n_orders)
        detector.close()
        pairs = detector.pair_evidence()
        m = detector.n_tests
        ghosts = detector.placebo_evidence()
        raised = threshold_raise(ghosts, m=m, params=params.placebo)
        return _Detection(
            params=params,
            pairs=pairs,
            n_tests=m,
            ln_threshold=ln_threshold(m, params.groups.tolerated_false_pairs) + raised,
            ln_raised=raised,
            placebo=count_placebo(ghosts, m=m, params=params.placebo, raised=raised),
            market=detector.market_log(),
            fingerprints=fingerprints.columns(),
            n_decisions_of=detector.decisions_by_account(),
            activity=activity,
        )


def decisions_of(
    orders: EncodedOrders, accounts: NDArray[np.bool_], params: DetectionParams
) -> DecisionColumns:
    """Read the chosen accounts' orders again and merge them into decisions."""
    parts = [batch for batch in orders.batches(accounts=accounts) if len(batch)]
    test = params.rank_test
    return merge_orders(
        OrderColumns.concatenate(parts), merge_ns=test.merge_ns, bracket_ns=test.bracket_ns
    )


def _run_id(name: str, dataset_hash: str, parameters_hash: str, classifier_hash: str | None) -> str:
    text = f"{name}\0{dataset_hash}\0{parameters_hash}\0{__version__}\0{classifier_hash}"
    return f"r-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def _counts(
    orders: EncodedOrders, detection: _Detection, identical: ClusterEvidence, n_groups: int
) -> dict[str, int]:
    return {
        "read": orders.n_read,
        "accepted": orders.n_read - orders.n_duplicates,
        "duplicates": orders.n_duplicates,
        "orders": orders.n_orders,
        "decisions": int(detection.n_decisions_of.sum()),
        "accounts": len(orders.accounts),
        "families": len(orders.families),
        "pairs_tested": detection.n_tests,
        "pairs_validated": int(np.count_nonzero(detection.pairs.ln_e >= detection.ln_threshold)),
        "clusters": len(identical.clusters),
        "clusters_placebo": max(identical.placebo.values()),
        "groups": n_groups,
    }


def _placebo_finding(count: PlaceboCount) -> PlaceboFinding:
    return PlaceboFinding(
        tolerated=count.tolerated,
        crossings=count.crossings,
        expected=round(count.expected, 6),
        bound=count.bound,
        within_bound=count.within_bound,
        by_shift={f"{shift // 10**9} s": n for shift, n in count.by_shift.items()},
    )


def _summaries(
    orders: EncodedOrders, book: AccountBook, detection: _Detection
) -> tuple[AccountSummary, ...]:
    activity = detection.activity
    return tuple(
        AccountSummary(
            account_id=account_id,
            owner_id=book.owner(account_id),
            firm_id=book.firm(account_id),
            account_kind=book.account_kind(account_id),
            n_orders=int(activity.n_orders[code]),
            n_decisions=int(detection.n_decisions_of[code]),
            first_time_ns=int(activity.first_ns[code]),
            last_time_ns=int(activity.last_ns[code]),
        )
        for code, account_id in enumerate(orders.accounts)
        if activity.n_orders[code]
    )
