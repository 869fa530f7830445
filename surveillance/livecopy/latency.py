"""How long a copy takes: from reading the leader's event to the broker's word for the copy.

Measured by the monotonic clock, outside of the copier, and no part of its state: a restart keeps
the counts and forgets what was on its way.
"""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

BOUNDS_MS = (1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 1_000, 2_000, 5_000)
"""Upper ends of the classes; one more class holds what took longer."""
_NS_PER_MS = 1e6


class Latencies:
    """Histograms of the followers of a plan.

    Parameters
    ----------
    account_ids : sequence of str
        The followers.
    earlier : dict of str to dict, optional
        What `snapshot` returned in an earlier session.
    """

    def __init__(
        self, account_ids: Sequence[str], earlier: dict[str, dict[str, Any]] | None = None
    ) -> None:
        self._counts: dict[str, list[int]] = {}
        self._worst_ms: dict[str, float | None] = {}
        for name in account_ids:
            known = (earlier or {}).get(name)
            fits = known is not None and len(known["counts"]) == len(BOUNDS_MS) + 1
            self._counts[name] = list(known["counts"]) if known and fits else _no_counts()
            self._worst_ms[name] = known["worst_ms"] if known and fits else None

    def observe(self, account_id: str, latency_ns: int) -> None:
        """Count one copy."""
        ms = latency_ns / _NS_PER_MS
        self._counts[account_id][bisect_left(BOUNDS_MS, ms)] += 1
        self._worst_ms[account_id] = max(ms, self._worst_ms[account_id] or 0.0)

    def snapshot(self) -> dict[str, dict[str, Any]]:
        """Return all histograms, for the next session."""
        return {name: self.to_json(name) for name in self._counts}

    def to_json(self, account_id: str) -> dict[str, Any]:
        """Return a follower's histogram; p50 and p99 are upper ends of classes, None for none."""
        counts, worst = self._counts[account_id], self._worst_ms[account_id]
        return {
            "counts": list(counts),
            "p50_ms": _quantile(counts, 0.5, worst),
            "p99_ms": _quantile(counts, 0.99, worst),
            "worst_ms": worst and round(worst, 3),
        }


def _no_counts() -> list[int]:
    return [0] * (len(BOUNDS_MS) + 1)


def _quantile(counts: Sequence[int], share: float, worst: float | None) -> float | None:
    if worst is None:
        return None
    wanted, so_far = share * sum(counts), 0
    for count, bound in zip(counts, BOUNDS_MS, strict=False):
        so_far += count
        if so_far >= wanted:
            return min(float(bound), round(worst, 3))
    return round(worst, 3)
