"""Copiers in a store as a running one leaves them, for tests of API and desk."""

from typing import Any

from helpers.copying import copy_plan, follower_plan, size

from streams.copier import CommandKind, Plan
from streams.copier.plan import Limits, Translation
from streams.copier.plan_file import plan_to_json
from surveillance.clock import now_ns
from surveillance.store import Store
from surveillance.store.copying import CopyCommit, CopyStore
from surveillance.store.live import LiveCommit

SECOND_NS = 1_000_000_000
BOUNDS_MS = [1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 1_000, 2_000, 5_000]
RUNNING, SILENT, STOPPED, NEVER_RUN, HOSTILE = (
    "morning",
    "lost",
    "evening",
    "new plan",
    "<b>x</b>\u202e",
)
HOSTILE_ACCOUNT = '"><img src=x onerror=alert(1)>\u202e\r\x00'
REASONS = ("micro belongs to somebody, the leader to me", "<script>alert(1)</script>\u202e")


def plan_of_two(plan_id: str = RUNNING, second: str = "micro") -> Plan:
    """Return a plan with a follower at half the size and one in micros."""
    half = follower_plan(
        "half",
        size=size("0.5"),
        instruments=("ES", "NQ"),
        limits=Limits(daily_loss_cents=200_000, profit_target_cents=600_000),
    )
    micro = follower_plan(
        second, size=size(1, maximum_lots=20), translations=(Translation("ES", "MES", 10),)
    )
    return copy_plan(half, micro, plan_id=plan_id)


def view_of(plan: Plan, time_ns: int) -> dict[str, Any]:
    """Return a live view: the first follower copies, the second is locked."""
    first, second = (one.account_id for one in plan.followers)
    return {
        "time_ns": time_ns,
        "leader": {
            "account_id": plan.leader_account_id,
            "positions": {"ES": 4, "NQ": -1},
            "profit_cents": 182_250,
        },
        "followers": [
            _follower(first, positions={"ES": 2, "NQ": 0}, targets={"ES": 2, "NQ": -1}),
            _follower(
                second,
                state="disarmed",
                lock={"code": "daily_loss", "text": "lost $2,004.00 today", "until": None},
            ),
        ],
        "latency_bounds_ms": BOUNDS_MS,
        "notices": [
            {
                "time_ns": time_ns - 90 * SECOND_NS,
                "account_id": first,
                "code": "largest_order",
                "text": "12 lots of ES, at most 10: not copied",
            },
            {
                "time_ns": time_ns - SECOND_NS,
                "account_id": second,
                "code": "daily_loss",
                "text": "lost $2,004.00 today, at most $2,000.00 <i>now</i>",
            },
        ],
        "n_refused": 0,
    }


def _follower(account_id: str, **fields: Any) -> dict[str, Any]:
    counts = [0, 4, 31, 88, 40, 12, 5, 2, 1, 0, 0, 1, *[0] * 8]
    return {
        "account_id": account_id,
        "state": "on",
        "lock": None,
        "positions": {},
        "targets": {},
        "profit_cents": -4_250,
        "slippage_cents": 1_250,
        "slippage_ticks": 0.25,
        "n_orders": 184,
        "n_fills": 180,
        "n_rejects": 2,
        "fidelity": {
            "copied": 184,
            "missed": 3,
            "rejected": 2,
            "planned_ratio": "0.5",
            "realized_ratio": 0.4975,
        },
        "latency": {"counts": counts, "p50_ms": 5.0, "p99_ms": 30.0, "worst_ms": 87.31},
        **fields,
    }


REPORT: dict[str, Any] = {
    "plan_id": RUNNING,
    "source": "a simulated leader in the market basic, seed 1",
    "day": "2026-01-05",
    "n_leader_orders": 94,
    "leader_profit_cents": 220_290,
    "followers": [
        {
            "account_id": name,
            "planned_ratio": planned,
            "realized_ratio": 0.598,
            "exposure_ratio": None,
            "n_orders": 94,
            "n_copied": 87,
            "n_missed": 7,
            "n_rejected": 0,
            "missed_why": {"nothing_to_close": 5, "out_of_sync": 2},
            "lost_lots": -11.0,
            "lost_notional_cents": -334_553_000,
            "slippage_ticks": 0.0,
            "slippage_cents": 0,
            "profit_cents": 76_680,
        }
        for name, planned in (("half", 0.5), ("micro", None))
    ],
    "guards": [
        {
            "account_id": "half",
            "code": "unfilled",
            "count": 3,
            "first_time_ns": 1_767_623_400_000_000_000,
            "text": "not filled 10 s after the leader: order canceled",
            "locks": False,
        }
    ],
}


def record(store: Store, plan: Plan) -> CopyStore:
    """Keep a plan."""
    store.copying.record_plan(plan.plan_id, plan_to_json(plan), now_ns())
    return store.copying


def let_run(copying: CopyStore, plan: Plan, *, obeyed: int = 0) -> int:
    """Let a copier take a plan over and say once how it stands; return its epoch."""
    epoch = copying.open_session(plan.plan_id)
    commit_view(copying, plan, epoch, view_of(plan, now_ns()), obeyed=obeyed)
    return epoch


def commit_view(
    copying: CopyStore, plan: Plan, epoch: int, view: dict[str, Any], *, obeyed: int = 0
) -> None:
    """Let a running copier say how it stands."""
    live = LiveCommit(epoch, {("orders.v1", 0): 1}, "{}")
    copying.commit(plan.plan_id, CopyCommit(live, obeyed, view))


def fill_store(store: Store) -> None:
    """Put in a copier of every status, and one whose names are an attacker's.

    Those that run were heard of an hour from now: no test is slow enough to find them silent.
    """
    alive = at_other_time(store, 3_600)
    running = plan_of_two()
    copying = record(store, running)
    copying.record_verification(RUNNING, REPORT, now_ns())
    copying.add_command(RUNNING, CommandKind.KILL_AND_HOLD, "micro", now_ns())
    let_run(alive, running, obeyed=1)
    copying.add_command(RUNNING, CommandKind.ARM, None, now_ns())

    stopped = plan_of_two(STOPPED)
    epoch = let_run(record(store, stopped), stopped)
    copying.close_session(STOPPED, epoch)

    silent = plan_of_two(SILENT)
    let_run(record(store, silent), silent)
    let_fall_silent(store, SILENT, 200)

    record(store, plan_of_two(NEVER_RUN)).record_refusal(NEVER_RUN, REASONS, now_ns())

    hostile = plan_of_two(HOSTILE, HOSTILE_ACCOUNT)
    record(store, hostile)
    let_run(alive, hostile)
    copying.add_command(HOSTILE, CommandKind.ARM, HOSTILE_ACCOUNT, now_ns())


def let_fall_silent(store: Store, plan_id: str, seconds: int) -> None:
    """Let a running copier have said its last word so long ago."""
    at_other_time(store, -seconds).open_session(plan_id)


def at_other_time(store: Store, seconds: int) -> CopyStore:
    """Return the copiers of a store by a clock that goes wrong by so much."""
    return CopyStore(store.copying._engine, store.url, clock=lambda: now_ns() + seconds * SECOND_NS)
