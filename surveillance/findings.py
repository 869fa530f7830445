"""What a run found: the records that the pipeline writes and that store, API, desk and report read.

`Group` is the verdict object of the data contract, field for field; its JSON form is the same in
`groups.jsonl`, in the store and over HTTP. Everything else here is evidence that a person looks
at: matched orders side by side, the account graph, the lag histogram, the placebo counts.
"""

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

IDENTICAL_ORDERS = "identical_orders"
"""The reason of a group that identical orders made."""

NO_SUPPORT = "label_exchange_no_support"
"""The reason of a group that the label-exchange test does not support."""


class VerdictName(StrEnum):
    """What the system concludes about a group."""

    INTERNAL = "INTERNAL"
    EXTERNAL = "EXTERNAL"
    INDEPENDENT = "INDEPENDENT"
    UNDETERMINED = "UNDETERMINED"


class Subtype(StrEnum):
    """The kind of group within its verdict."""

    OWN_ACCOUNTS = "own_accounts"
    UNDECLARED_OWN_ACCOUNTS = "undeclared_own_accounts"
    SIGNAL = "signal"
    MANAGED_ACCOUNTS = "managed_accounts"
    MIXED = "mixed"
    COMMON_STRATEGY = "common_strategy"
    OTHER = "other"


class RecommendedAction(StrEnum):
    """What a person is asked to do about a group."""

    NONE = "none"
    REQUEST_DECLARATION = "request_declaration"
    REVIEW = "review"
    FREEZE_REVIEW = "freeze_review"


class Declaration(StrEnum):
    """How the declared copy groups relate to what was found."""

    DECLARED = "declared"
    UNDECLARED = "undeclared"
    PARTLY = "partly"
    CONTRADICTED = "contradicted"


@dataclass(frozen=True, slots=True)
class Member:
    """One account of a group and how it behaves towards the leader."""

    account_id: str
    role: str
    owner_id: str | None
    firm_id: str | None
    allocation_ratio: float | None
    inverse: bool
    lag_median_ms: float | None
    lag_iqr_ms: float | None
    copied: int
    opportunities: int
    participation: float | None
    log10_e: float | None
    declared: bool


@dataclass(frozen=True, slots=True)
class TieFinding:
    """One value (owner, device, address ...) that several members share."""

    kind: str
    value_hash: str
    accounts: tuple[str, ...]
    crowd: int
    weight_bits: float


@dataclass(frozen=True, slots=True)
class Reason:
    """One sentence of the finding, with its code and numbers."""

    code: str
    text: str
    numbers: dict[str, float | int | str]


@dataclass(frozen=True, slots=True)
class RunReference:
    """Which run produced a verdict, and from what."""

    run_id: str
    version: str
    parameters_hash: str
    dataset: str


@dataclass(frozen=True, slots=True)
class Group:
    """The verdict object of the data contract, section 3.

    `episodes` counts the copied decisions; the first and last of them were at `first_time_ns` and
    `last_time_ns`. `features` are what a fitted classifier looks at, by name, None where there was
    nothing to measure; groups that identical orders alone made have none.
    """

    group_id: str
    verdict: VerdictName
    subtype: Subtype
    probability: dict[str, float] | None
    state: str
    recommended_action: RecommendedAction
    leader_account_id: str | None
    source_off_venue: bool
    log10_e: float
    chance_groups_per_year: float
    members: tuple[Member, ...]
    ties: tuple[TieFinding, ...]
    reasons: tuple[Reason, ...]
    episodes: int
    first_time_ns: int
    last_time_ns: int
    instruments: tuple[str, ...]
    declaration: Declaration
    run: RunReference
    features: dict[str, float | None] | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the object as plain JSON types, keys in the contract's order."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class EpisodeOrder:
    """One member's decision inside an episode; lag against the episode's first or leader order.

    `quantity` counts the instrument's own contracts; `quantity_lots` the family's smallest, so
    that a mini and a micro can be compared. None where an older run did not record it.
    """

    account_id: str
    role: str
    event_time_ns: int
    lag_ms: float
    instrument_id: str
    side: str
    quantity: float
    price: float | None
    quantity_lots: int | None = None


@dataclass(frozen=True, slots=True)
class Episode:
    """One source decision and the members' decisions that repeat it, side by side."""

    number: int
    time_ns: int
    orders: tuple[EpisodeOrder, ...]


@dataclass(frozen=True, slots=True)
class GraphNode:
    """An account or a shared value, placed by the server in the unit square."""

    node_id: str
    kind: str  # leader, follower, ip, device, owner, payment, email, operator
    label: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class GraphEdge:
    """A copied-order edge (kind `copies`, weight = log10_e) or a tie (kind = the tie's)."""

    source: str
    target: str
    kind: str
    weight: float


@dataclass(frozen=True, slots=True)
class Graph:
    """The account graph of a group."""

    nodes: tuple[GraphNode, ...]
    edges: tuple[GraphEdge, ...]


@dataclass(frozen=True, slots=True)
class LagHistogram:
    """Lags of followers after the leader against what chance would give.

    `edges_ms` has one more entry than `observed` and `expected`; bins are log-spaced from
    10 µs to 120 s (the first bin starts at 0). A follower's first decision after each of the
    source's counts, same family and side, copied or not.
    """

    edges_ms: tuple[float, ...]
    observed: tuple[int, ...]
    expected: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class TimelineOrder:
    """One decision of a member on the group's timeline; `copied` if it belongs to an episode."""

    account_id: str
    event_time_ns: int
    instrument_id: str
    side: str
    quantity: float
    price: float | None
    copied: bool


@dataclass(frozen=True, slots=True)
class GroupFinding:
    """A group with the evidence a person looks at."""

    group: Group
    episodes: tuple[Episode, ...]
    graph: Graph
    lag_histogram: LagHistogram
    timeline: tuple[TimelineOrder, ...]


@dataclass(frozen=True, slots=True)
class PlaceboFinding:
    """Crossings of the threshold for v by ghosts of the leaders' decisions, summed over shifts."""

    tolerated: float
    crossings: int
    expected: float
    bound: int
    within_bound: bool
    by_shift: dict[str, int]


@dataclass(frozen=True, slots=True)
class AccountSummary:
    """One account of the run, for look-ups in the API and the desk."""

    account_id: str
    owner_id: str | None
    firm_id: str | None
    account_kind: str | None
    n_orders: int
    n_decisions: int
    first_time_ns: int
    last_time_ns: int


@dataclass(frozen=True, slots=True)
class RunManifest:
    """What was run on what: enough to repeat it.

    `counts` holds read, accepted, duplicates, orders, decisions, accounts, families, pairs_tested,
    pairs_validated, clusters, clusters_placebo (found among dealt fingerprints at the loosest
    level), groups; read = accepted + duplicates (a scan refuses what it cannot accept).
    `classifier_hash` is the SHA-256 of the fitted classifier, None where the rules decided alone.
    """

    run_id: str
    version: str
    parameters: dict[str, Any]
    parameters_hash: str
    dataset: str
    dataset_hash: str
    counts: dict[str, int]
    first_time_ns: int
    last_time_ns: int
    threshold_log10_e: float
    chance_groups_per_year: float
    threshold_raised_log10_e: float
    started_time_ns: int
    finished_time_ns: int
    classifier_hash: str | None = None


@dataclass(frozen=True, slots=True)
class RunFindings:
    """Everything one run found; stored and written as a whole or not at all."""

    manifest: RunManifest
    groups: tuple[GroupFinding, ...]
    placebo: tuple[PlaceboFinding, ...]
    accounts: tuple[AccountSummary, ...] = field(default=())
