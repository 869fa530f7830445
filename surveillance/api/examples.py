"""The example that the OpenAPI document shows for each answer: one group seen from every side.

They are records of the types that the API answers with, so an example cannot lose a field.
"""

from typing import Any

from pydantic import TypeAdapter

from streams.messages import DeadReason
from surveillance.api.copier_examples import (
    CHECKED,
    COMMAND_TAKEN,
    COPIER,
    COPIER_FIDELITY,
    COPIER_LATENCY,
    COPIER_PAGE,
)
from surveillance.findings import (
    AccountSummary,
    Declaration,
    Episode,
    EpisodeOrder,
    Graph,
    GraphEdge,
    GraphNode,
    Group,
    LagHistogram,
    Member,
    PlaceboFinding,
    Reason,
    RecommendedAction,
    RunManifest,
    RunReference,
    Subtype,
    TieFinding,
    TimelineOrder,
    VerdictName,
)
from surveillance.store.live.answers import (
    DayOutcomes,
    DeadLetterPage,
    DeadLetterSummary,
    Outcomes,
    PartitionPosition,
    ReconciliationPage,
    ReplayState,
    StreamPage,
    StreamSummary,
)
from surveillance.store.records import (
    AccountDetail,
    AccountPage,
    EpisodePage,
    GroupPage,
    RunDetail,
    RunPage,
    TimelinePage,
)
from surveillance.store.summary import summarize

_TIME_NS = 1_767_623_400_000_000_000
_LAG_NS = 41_500_000
_LAG_MS = 41.5

GROUP = Group(
    group_id="g-7f3a",
    verdict=VerdictName.EXTERNAL,
    subtype=Subtype.SIGNAL,
    probability={"EXTERNAL": 0.982, "INDEPENDENT": 0.011, "INTERNAL": 0.007},
    state="confirmed",
    recommended_action=RecommendedAction.FREEZE_REVIEW,
    leader_account_id="A-1001",
    source_off_venue=False,
    log10_e=31.4,
    chance_groups_per_year=0.02,
    members=(
        Member("A-1001", "leader", "O-1", "F-1", None, False, None, None, 0, 0, None, None, False),
        Member(
            account_id="A-2002",
            role="follower",
            owner_id="O-2",
            firm_id="F-1",
            allocation_ratio=0.5,
            inverse=False,
            lag_median_ms=_LAG_MS,
            lag_iqr_ms=6.0,
            copied=118,
            opportunities=124,
            participation=0.95,
            log10_e=31.4,
            declared=False,
        ),
    ),
    ties=(TieFinding("ip", "5f1c09aa", ("A-1001", "A-2002"), 140, 0.7),),
    reasons=(
        Reason(
            code="fidelity",
            text="118 of 124 decisions of the leader were repeated.",
            numbers={"copied": 118, "opportunities": 124},
        ),
    ),
    episodes=118,
    first_time_ns=_TIME_NS,
    last_time_ns=_TIME_NS + 86_400_000_000_000,
    instruments=("ES", "MES"),
    declaration=Declaration.UNDECLARED,
    run=RunReference("r-20260105", "0.1.0", "9c2e41d0", "market"),
    features={"members": 2.0, "fidelity": 0.95, "quiet_fidelity": None},
)
_EPISODE = Episode(
    number=1,
    time_ns=_TIME_NS,
    orders=(
        EpisodeOrder("A-1001", "leader", _TIME_NS, 0.0, "ES", "buy", 2.0, 5_001.25, 20),
        EpisodeOrder(
            "A-2002", "follower", _TIME_NS + _LAG_NS, _LAG_MS, "MES", "buy", 10.0, 5_001.5, 10
        ),
    ),
)
_ORDER = TimelineOrder("A-1001", _TIME_NS, "ES", "buy", 2.0, 5_001.25, True)
_ACCOUNT = AccountSummary(
    account_id="A-2002",
    owner_id="O-2",
    firm_id="F-1",
    account_kind="funded",
    n_orders=410,
    n_decisions=391,
    first_time_ns=_TIME_NS,
    last_time_ns=_TIME_NS + 86_400_000_000_000,
)
_RUN = RunManifest(
    run_id="r-20260105",
    version="0.1.0",
    parameters={"tolerated_false_pairs": 1.0},
    parameters_hash="9c2e41d0",
    dataset="market",
    dataset_hash="e3b0c442",
    counts={
        "read": 1_000_002,
        "accepted": 1_000_000,
        "duplicates": 2,
        "orders": 1_000_000,
        "decisions": 871_204,
        "accounts": 5_000,
        "families": 12,
        "pairs_tested": 2_410_332,
        "pairs_validated": 77,
        "groups": 14,
    },
    first_time_ns=_TIME_NS,
    last_time_ns=_TIME_NS + 86_400_000_000_000,
    threshold_log10_e=7.4,
    chance_groups_per_year=0.02,
    threshold_raised_log10_e=0.0,
    started_time_ns=_TIME_NS + 90_000_000_000_000,
    finished_time_ns=_TIME_NS + 90_042_000_000_000,
)
_SUMMARY = summarize(GROUP, dataset="market", run_id="r-20260105")

GROUP_PAGE = GroupPage((_SUMMARY,), None, 1)
EPISODE_PAGE = EpisodePage((_EPISODE,), 1, 118)
GRAPH = Graph(
    nodes=(
        GraphNode("A-1001", "leader", "A-1001", 0.5, 0.4),
        GraphNode("A-2002", "follower", "A-2002", 0.8, 0.6),
    ),
    edges=(GraphEdge("A-1001", "A-2002", "copies", 31.4),),
)
LAG_HISTOGRAM = LagHistogram(
    edges_ms=(0.0, 10.0, 100.0, 1_000.0), observed=(0, 112, 6), expected=(0.1, 0.9, 4.2)
)
TIMELINE_PAGE = TimelinePage((_ORDER,), None, 1)
ACCOUNT_PAGE = AccountPage((_ACCOUNT,), None, 1)
ACCOUNT_DETAIL = AccountDetail(_ACCOUNT, (_SUMMARY,))
RUN_PAGE = RunPage((_RUN,), None, 1)
RUN_DETAIL = RunDetail(
    manifest=_RUN,
    placebo=(PlaceboFinding(1.0, 1, 0.9, 4, True, {"+1h": 0, "+1d": 1}),),
)


STREAM_PAGE = StreamPage(
    streams=(
        StreamSummary(
            stream="live",
            watermark_ns=_TIME_NS,
            newest_ns=_TIME_NS + 2_000_000_000,
            lag_s=2.0,
            committed_time_ns=_TIME_NS + 2_100_000_000,
            snapshot_time_ns=_TIME_NS - 30_000_000_000,
            outcomes=Outcomes(1_000_003, 1_000_000, 2, 0, 1),
            holds=True,
            n_journal_events=1_000_000,
            n_dead_letters=1,
            n_outbox_pending=0,
            positions=(PartitionPosition("orders.v1", 0, 1_000_003),),
        ),
    ),
    next_cursor=None,
    total=1,
)
RECONCILIATION_PAGE = ReconciliationPage(
    holds=True,
    days=(DayOutcomes("orders.v1", "2026-01-05", 1_000_003, 1_000_000, 2, 0, 1, True),),
    next_cursor=None,
    total=1,
)
DEAD_LETTER_PAGE = DeadLetterPage(
    letters=(
        DeadLetterSummary(
            number=0,
            topic="orders.v1",
            partition=0,
            offset=41_877,
            row=None,
            reason=DeadReason.FIELD,
            sentence='column side: must be buy or sell, was "long"',
            n_bytes=187,
            replay=ReplayState.NONE,
        ),
    ),
    next_after=None,
    total=1,
)

EXAMPLES: dict[str, object] = {
    "/v1/groups": GROUP_PAGE,
    "/v1/groups/{group_id}": GROUP,
    "/v1/groups/{group_id}/episodes": EPISODE_PAGE,
    "/v1/groups/{group_id}/graph": GRAPH,
    "/v1/groups/{group_id}/lag-histogram": LAG_HISTOGRAM,
    "/v1/groups/{group_id}/timeline": TIMELINE_PAGE,
    "/v1/accounts": ACCOUNT_PAGE,
    "/v1/accounts/{account_id}": ACCOUNT_DETAIL,
    "/v1/runs": RUN_PAGE,
    "/v1/runs/{run_id}": RUN_DETAIL,
    "/v1/streams": STREAM_PAGE,
    "/v1/streams/{stream}/reconciliation": RECONCILIATION_PAGE,
    "/v1/streams/{stream}/dead-letters": DEAD_LETTER_PAGE,
    "/v1/copiers": COPIER_PAGE,
    "/v1/copiers/{plan_id}": COPIER,
    "/v1/copiers/{plan_id}/fidelity": COPIER_FIDELITY,
    "/v1/copiers/{plan_id}/latency": COPIER_LATENCY,
}
WRITE_EXAMPLES: dict[str, object] = {
    "/v1/copiers": COPIER,
    "/v1/copiers/{plan_id}/verify": CHECKED,
    "/v1/copiers/{plan_id}/commands": COMMAND_TAKEN,
}
"""What is answered to those that change something."""


def add_examples(document: dict[str, Any]) -> None:
    """Put the examples into an OpenAPI document, nulls included.

    Parameters
    ----------
    document : dict[str, Any]
        As FastAPI makes it, which drops the nulls of an example that a route carries.
    """
    for method, examples in (("get", EXAMPLES), ("post", WRITE_EXAMPLES)):
        for path, example in examples.items():
            answers = document["paths"][path][method]["responses"]
            (status,) = (status for status in answers if status.startswith("2"))
            plain = TypeAdapter(type(example)).dump_python(example, mode="json")
            answers[status]["content"]["application/json"]["example"] = plain
