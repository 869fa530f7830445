"""What is known of how well and how fast a copier copies, follower by follower.

From the live view where the plan ran, else from its verification: each answer says which.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from surveillance.store.copying.records import Copier


class FigureSource(StrEnum):
    """Where figures come from; `none`: the plan neither ran nor passed a verification."""

    LIVE = "live"
    VERIFICATION = "verification"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class FollowerFidelity:
    """How faithfully one follower copied.

    Attributes
    ----------
    planned_ratio : str or None
        As the plan says it: `0.5`, `1 of notional`, `2 lots an order`.
    realized_ratio : float or None
        Filled by the follower over filled by the leader, where one lot at ratio 1 is 1.
    copied, missed : int
        The leader's orders (fills, where those are copied) with and without a copy.
    rejected : int
        The follower's orders that the venue refused.
    slippage_ticks : float or None
        A lot, above the leader's fill.
    slippage_cents : int
        In all.
    """

    account_id: str
    planned_ratio: str | None
    realized_ratio: float | None
    copied: int
    missed: int
    rejected: int
    slippage_ticks: float | None
    slippage_cents: int


@dataclass(frozen=True, slots=True)
class CopierFidelity:
    """How faithfully the followers of a plan copied, as of a time."""

    plan_id: str
    source: FigureSource
    time_ns: int | None
    followers: tuple[FollowerFidelity, ...]


@dataclass(frozen=True, slots=True)
class FollowerLatency:
    """How long the copies of one follower took; quantiles are upper ends of classes."""

    account_id: str
    counts: tuple[int, ...]
    p50_ms: float | None
    p99_ms: float | None
    worst_ms: float | None


@dataclass(frozen=True, slots=True)
class CopierLatency:
    """From reading the leader's event off the broker to the broker's word for the copy.

    `bounds_ms` are the upper ends of the classes; `counts` has one more, for what took longer.
    Without a live view both are empty.
    """

    plan_id: str
    time_ns: int | None
    bounds_ms: tuple[float, ...]
    followers: tuple[FollowerLatency, ...]


def fidelity_of(copier: Copier) -> CopierFidelity:
    """Return the fidelity of a copier's followers, in the plan's order."""
    plan_id = copier.summary.plan_id
    if copier.view is not None:
        followers = tuple(map(_live_fidelity, copier.view["followers"]))
        return CopierFidelity(plan_id, FigureSource.LIVE, copier.view["time_ns"], followers)
    if copier.checked is not None and copier.checked.report is not None:
        followers = tuple(map(_verified_fidelity, copier.checked.report["followers"]))
        return CopierFidelity(plan_id, FigureSource.VERIFICATION, copier.checked.time_ns, followers)
    return CopierFidelity(plan_id, FigureSource.NONE, None, ())


def latency_of(copier: Copier) -> CopierLatency:
    """Return how long the copies of a copier's followers took, in the plan's order."""
    plan_id, view = copier.summary.plan_id, copier.view
    if view is None:
        return CopierLatency(plan_id, None, (), ())
    followers = tuple(
        FollowerLatency(
            one["account_id"],
            tuple(one["latency"]["counts"]),
            one["latency"]["p50_ms"],
            one["latency"]["p99_ms"],
            one["latency"]["worst_ms"],
        )
        for one in view["followers"]
    )
    return CopierLatency(plan_id, view["time_ns"], tuple(view["latency_bounds_ms"]), followers)


def _live_fidelity(one: dict[str, Any]) -> FollowerFidelity:
    return FollowerFidelity(
        one["account_id"],
        **one["fidelity"],
        slippage_ticks=one["slippage_ticks"],
        slippage_cents=one["slippage_cents"],
    )


def _verified_fidelity(one: dict[str, Any]) -> FollowerFidelity:
    planned = one["planned_ratio"]
    return FollowerFidelity(
        one["account_id"],
        planned_ratio=None if planned is None else f"{planned:g}",
        realized_ratio=one["realized_ratio"],
        copied=one["n_copied"],
        missed=one["n_missed"],
        rejected=one["n_rejected"],
        slippage_ticks=one["slippage_ticks"],
        slippage_cents=one["slippage_cents"],
    )
