"""The examples of the copiers' answers: one plan at work, its check and its figures."""

from typing import Any

from streams.copier import CommandKind, Plan
from streams.copier.plan import FollowerPlan
from streams.copier.plan_file import plan_to_json
from surveillance.api.copiers import CommandTaken
from surveillance.store.copying import (
    Checked,
    Copier,
    CopierPage,
    CopierStatus,
    CopierSummary,
    CopyCommand,
)
from surveillance.store.copying.figures import fidelity_of, latency_of

_TIME_NS = 1_767_623_400_000_000_000
_SECOND_NS = 1_000_000_000

_PLAN = Plan("my-copier", "A-1001", (FollowerPlan("A-2002", "O-1", "report-1"),))
_VIEW: dict[str, Any] = {
    "time_ns": _TIME_NS,
    "leader": {"account_id": "A-1001", "positions": {"ES": 2}, "profit_cents": 41_250},
    "followers": [
        {
            "account_id": "A-2002",
            "state": "on",
            "lock": None,
            "positions": {"ES": 2},
            "targets": {"ES": 2},
            "profit_cents": 40_000,
            "slippage_cents": 1_250,
            "slippage_ticks": 0.05,
            "n_orders": 118,
            "n_fills": 120,
            "n_rejects": 0,
            "fidelity": {
                "copied": 118,
                "missed": 2,
                "rejected": 0,
                "planned_ratio": "1",
                "realized_ratio": 0.983333,
            },
            "latency": {"counts": [0, 97, 20, 1], "p50_ms": 5.0, "p99_ms": 20.0, "worst_ms": 31.4},
        }
    ],
    "latency_bounds_ms": [1, 5, 20],
    "notices": [
        {
            "time_ns": _TIME_NS - 60 * _SECOND_NS,
            "account_id": "A-2002",
            "code": "unfilled",
            "text": "not filled 10 s after the leader: order canceled",
        }
    ],
    "n_refused": 0,
}
_SUMMARY = CopierSummary(
    plan_id="my-copier",
    leader_account_id="A-1001",
    n_followers=1,
    status=CopierStatus.RUNNING,
    seen_time_ns=_TIME_NS,
    checked_time_ns=_TIME_NS - 3_600 * _SECOND_NS,
    is_refused=False,
    states={"on": 1},
)

CHECKED = Checked(
    time_ns=_TIME_NS - 3_600 * _SECOND_NS,
    report={
        "plan_id": "my-copier",
        "source": "the orders of A-1001, as recorded",
        "day": "2026-01-02",
        "n_leader_orders": 94,
        "leader_profit_cents": 220_290,
        "followers": [
            {
                "account_id": "A-2002",
                "planned_ratio": 1.0,
                "realized_ratio": 0.985958,
                "exposure_ratio": 0.984,
                "n_orders": 94,
                "n_copied": 93,
                "n_missed": 1,
                "n_rejected": 0,
                "missed_why": {"out_of_sync": 1},
                "lost_lots": 0.0,
                "lost_notional_cents": 0,
                "slippage_ticks": 0.02,
                "slippage_cents": 2_500,
                "profit_cents": 217_790,
            }
        ],
        "guards": [],
    },
    reasons=(),
)
COPIER = Copier(
    summary=_SUMMARY,
    plan=plan_to_json(_PLAN),
    plan_time_ns=_TIME_NS - 7_200 * _SECOND_NS,
    checked=CHECKED,
    view=_VIEW,
    commands=(CopyCommand(1, CommandKind.ARM, None, _TIME_NS, is_obeyed=True),),
)
COPIER_PAGE = CopierPage((_SUMMARY,), None, 1)
COPIER_FIDELITY = fidelity_of(COPIER)
COPIER_LATENCY = latency_of(COPIER)
COMMAND_TAKEN = CommandTaken(1, CopierStatus.RUNNING)
