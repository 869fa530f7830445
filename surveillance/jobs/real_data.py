"""Real people and real bursts: three public sets, and copiers planted among real traders.

There is no public exchange log with accounts, times and confirmed ownership. These sets show what
the detector does on people whom no simulator invented: researchers who trade each for himself, and
posts in bursts, where an object stands for an instrument and a post for a buy order.
"""

import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from models.params import SECOND_NS, DetectionParams
from streams.files import Dataset, write_dataset
from surveillance.findings import PlaceboFinding, VerdictName
from surveillance.fitted import load_classifier
from surveillance.jobs.actions import read_actions
from surveillance.jobs.evaluation import Environment
from surveillance.jobs.measuring import OnProgress, detector_progress
from surveillance.jobs.peer_comparison import PeerComparison, compare_with_peer
from surveillance.jobs.planting import CopierPlan, copier_id, plant_copiers
from surveillance.jobs.scoring import RATIO_TOLERANCE
from surveillance.pipeline.runner import ScanResult, scan

REPLICATION_MARKETS = "replication_markets"
POSTS_DE = "coordinated_posts_de"
POSTS_RU = "coordinated_posts_ru"
_LATEST_NS = 1_893_456_000 * SECOND_NS  # 2030: the sets are from 2012 to 2021


@dataclass(frozen=True, slots=True)
class GroupSummary:
    """One group of a real set."""

    verdict: str
    subtype: str
    n_members: int
    leader: str | None
    source_off_venue: bool
    log10_e: float
    n_episodes: int


@dataclass(frozen=True, slots=True)
class SetScan:
    """What a scan of one set found."""

    name: str
    n_orders: int
    n_accounts: int
    n_pairs_validated: int
    raised_log10_e: float
    threshold_log10_e: float
    groups: tuple[GroupSummary, ...]
    placebo: tuple[PlaceboFinding, ...]

    @property
    def is_within_bound(self) -> bool:
        """Whether the placebo keeps its bound at every level."""
        return all(count.within_bound for count in self.placebo)


@dataclass(frozen=True, slots=True)
class PlantedScan:
    """A real set with planted copiers: what must come back is one EXTERNAL group with `leader`."""

    scan: SetScan
    leader: str
    n_leader_orders: int
    plan: CopierPlan
    n_copiers_found: int
    n_strangers_found: int
    n_ratios_right: int

    @property
    def is_as_planted(self) -> bool:
        """Whether one EXTERNAL group came back, with the leader and nobody else's accounts."""
        return (
            len(self.scan.groups) == 1
            and self.scan.groups[0].verdict == VerdictName.EXTERNAL
            and self.scan.groups[0].leader == self.leader
            and self.n_strangers_found == 0
        )


@dataclass(frozen=True, slots=True)
class RealDataReport:
    """All real sets."""

    environment: Environment
    parameters_hash: str
    markets: SetScan
    planted: PlantedScan
    posts_de: SetScan
    posts_ru: SetScan
    peer: PeerComparison

    def to_json(self) -> dict[str, Any]:
        """Return the record as plain JSON types."""
        return asdict(self)

    def failures(self) -> tuple[str, ...]:
        """Return a sentence for everything that is not as it must be."""
        wanted = (
            (
                self.markets.n_pairs_validated == 0 and not self.markets.groups,
                f"{REPLICATION_MARKETS} must give no pair and no group",
            ),
            (
                self.planted.is_as_planted,
                "the planted copiers must come back as one EXTERNAL group with their leader",
            ),
            (self.posts_de.is_within_bound, f"{POSTS_DE} must keep the placebo's bound"),
            (self.posts_ru.is_within_bound, f"{POSTS_RU} must keep the placebo's bound"),
        )
        return tuple(sentence for is_met, sentence in wanted if not is_met)


def evaluate_real_data(
    root: Path,
    *,
    params: DetectionParams | None = None,
    on_progress: OnProgress | None = None,
) -> RealDataReport:
    """Scan the three real sets, plant copiers in one, run the peer's rule on another.

    Parameters
    ----------
    root : Path
        The directory that holds the three sets.
    params : DetectionParams, optional
        Thresholds; the defaults otherwise.
    on_progress : callable, optional
        Where to report.

    Raises
    ------
    StreamError
        If a set is missing or breaks the contract.
    """
    params = params or DetectionParams()
    scans = {
        name: _scan(Dataset.open(root / name), name, params, on_progress)
        for name in (REPLICATION_MARKETS, POSTS_DE, POSTS_RU)
    }
    return RealDataReport(
        environment=Environment.here(),
        parameters_hash=params.content_hash(),
        markets=_summary(scans[REPLICATION_MARKETS]),
        planted=scan_with_copiers(
            root / REPLICATION_MARKETS, CopierPlan(), params=params, on_progress=on_progress
        ),
        posts_de=_summary(scans[POSTS_DE]),
        posts_ru=_summary(scans[POSTS_RU]),
        peer=compare_with_peer(
            read_actions(Dataset.open(root / POSTS_RU), latest_time_ns=_LATEST_NS),
            scans[POSTS_RU],
        ),
    )


def scan_with_copiers(
    directory: Path,
    plan: CopierPlan,
    *,
    params: DetectionParams | None = None,
    on_progress: OnProgress | None = None,
) -> PlantedScan:
    """Plant copiers in a set's orders, without any other table, and scan it.

    Parameters
    ----------
    directory : Path
        The set, with `orders.parquet`.
    plan : CopierPlan
        What to plant.
    params : DetectionParams, optional
        Thresholds; the defaults otherwise.
    on_progress : callable, optional
        Where to report.

    Raises
    ------
    StreamError
        If the set breaks the contract.
    """
    dataset = Dataset.open(directory)
    orders = pq.read_table(dataset.path / "orders.parquet")
    leader, table = plant_copiers(orders, plan)
    with tempfile.TemporaryDirectory(prefix="planted-") as planted:
        write_dataset(planted, {"orders": table})
        label = f"{directory.name} with {plan.n_copiers} copiers"
        result = _scan(Dataset.open(planted), label, params or DetectionParams(), on_progress)
    ratio_of = {
        copier_id(number): plan.ratios[number % len(plan.ratios)]
        for number in range(plan.n_copiers)
    }
    members = {
        member.account_id: member.allocation_ratio
        for finding in result.findings.groups
        for member in finding.group.members
    }
    right = sum(
        abs((members.get(account) or 0.0) - ratio) <= RATIO_TOLERANCE * ratio
        for account, ratio in ratio_of.items()
    )
    return PlantedScan(
        scan=_summary(result),
        leader=leader,
        n_leader_orders=orders["account_id"].to_pylist().count(leader),
        plan=plan,
        n_copiers_found=len(set(members) & set(ratio_of)),
        n_strangers_found=len(set(members) - set(ratio_of) - {leader}),
        n_ratios_right=right,
    )


def _scan(
    dataset: Dataset, name: str, params: DetectionParams, on_progress: OnProgress | None
) -> ScanResult:
    return scan(
        dataset,
        params=params,
        now_ns=_LATEST_NS,
        finished_ns=lambda: _LATEST_NS,
        known_groups={},
        name=name,
        progress=detector_progress(name, on_progress),
        artifact=load_classifier(),
    )


def _summary(result: ScanResult) -> SetScan:
    manifest = result.findings.manifest
    return SetScan(
        name=manifest.dataset,
        n_orders=manifest.counts["orders"],
        n_accounts=manifest.counts["accounts"],
        n_pairs_validated=manifest.counts["pairs_validated"],
        raised_log10_e=manifest.threshold_raised_log10_e,
        threshold_log10_e=manifest.threshold_log10_e,
        groups=tuple(
            GroupSummary(
                verdict=group.verdict.value,
                subtype=group.subtype.value,
                n_members=len(group.members),
                leader=group.leader_account_id,
                source_off_venue=group.source_off_venue,
                log10_e=group.log10_e,
                n_episodes=group.episodes,
            )
            for group in (finding.group for finding in result.findings.groups)
        ),
        placebo=result.findings.placebo,
    )
