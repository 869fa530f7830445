"""The live worker's section of docs/performance.md."""

from dataclasses import dataclass
from statistics import median

import numpy as np

AIM_JSON_RATIO = 0.35
AIM_ARROW_ORDERS_A_SECOND = 1_000_000
AIM_P99_S = 1.0
HALF_LOAD = 0.5


@dataclass(frozen=True, slots=True)
class FormResult:
    """Repeats of the bare loop and of the worker on one topic, in seconds."""

    name: str
    n_orders: int
    bare_s: list[float]
    worker_s: list[float]
    stages_s: dict[str, float]

    @property
    def bare_rate(self) -> float:
        """Orders a second of the bare loop, the median repeat."""
        return self.n_orders / median(self.bare_s)

    @property
    def worker_rate(self) -> float:
        """Orders a second of the worker, the median repeat."""
        return self.n_orders / median(self.worker_s)

    @property
    def ratio(self) -> float:
        """Rate of the worker over that of the bare loop."""
        return self.worker_rate / self.bare_rate


@dataclass(frozen=True, slots=True)
class LatencyResult:
    """Latencies of the flags raised at one load."""

    load: float
    wanted_rate: float
    rate: float
    latencies_s: list[float]

    def quantile(self, share: float) -> float:
        """Return a quantile of the latencies in seconds; NaN where no flag came."""
        return float(np.quantile(self.latencies_s, share)) if self.latencies_s else float("nan")


def live_section(
    json: FormResult,
    arrow: FormResult,
    latencies: list[LatencyResult],
    *,
    n_cores: int,
    n_accounts: int,
    lateness_s: float,
) -> str:
    """Return the section for one run of the benchmark."""
    sections = [
        "## Live worker",
        "Written by `python -m benchmarks.live_worker`; do not edit. One run on a machine of "
        f"{n_cores} cores that broker, producer and worker share; Apache Kafka on loopback, a "
        f"simulated market of {n_accounts:,} accounts. Medians of {len(json.bare_s)} runs, each a "
        "process of its own. The bare loop consumes and counts messages. The worker reads, "
        "checks, sorts, judges and commits; judgements of closed time are switched off by a long "
        "`--close-every` and are no part of these figures.",
        _rate_table([json, arrow]),
        "Seconds of the worker's stages in the median run. Judging costs by the group that "
        "appears, not by the order, and here days of appearing groups pass in seconds:",
        _stage_table([json, arrow]),
        "From an order's event time, at most 10 ms before its produce call, to its flag on "
        "`flags.v1` as another consumer reads it, at shares of the JSON maximum above. The worker "
        f"waits for late events ({lateness_s:g} s by default), which is the least a flag takes. "
        "With so few flags p99 is about the slowest of them.",
        _latency_table(latencies),
        _aims_table(json, arrow, latencies),
    ]
    return "\n\n".join(sections)


def _rate_table(forms: list[FormResult]) -> str:
    rows = ["| topic | order events | bare, orders/s | worker, orders/s | ratio |"]
    rows.append("|---|---:|---:|---:|---:|")
    rows += [
        f"| {f.name} | {f.n_orders:,} | {f.bare_rate:,.0f} | {f.worker_rate:,.0f} | {f.ratio:.3f} |"
        for f in forms
    ]
    return "\n".join(rows)


def _stage_table(forms: list[FormResult]) -> str:
    rows = ["| topic | read | accept | judge | commit |", "|---|---:|---:|---:|---:|"]
    for form in forms:
        cells = " | ".join(
            f"{form.stages_s.get(stage, 0.0):.2f}"
            for stage in ("read", "accept", "judge", "commit")
        )
        rows.append(f"| {form.name} | {cells} |")
    return "\n".join(rows)


def _latency_table(latencies: list[LatencyResult]) -> str:
    rows = ["| load | orders/s wanted | orders/s sent | flags | p50 s | p95 s | p99 s |"]
    rows.append("|---:|---:|---:|---:|---:|---:|---:|")
    for one in latencies:
        cells = " | ".join(f"{one.quantile(share):.2f}" for share in (0.5, 0.95, 0.99))
        rows.append(
            f"| {one.load:.0%} | {one.wanted_rate:,.0f} | {one.rate:,.0f} "
            f"| {len(one.latencies_s)} | {cells} |"
        )
    return "\n".join(rows)


def _aims_table(json: FormResult, arrow: FormResult, latencies: list[LatencyResult]) -> str:
    p99 = next(one for one in latencies if one.load == HALF_LOAD).quantile(0.99)
    aim, reached = f"{AIM_ARROW_ORDERS_A_SECOND:,}", f"{arrow.worker_rate:,.0f}"
    arrow_met = arrow.worker_rate >= AIM_ARROW_ORDERS_A_SECOND
    lines = (
        (
            "JSON, over the bare loop",
            AIM_JSON_RATIO,
            f"{json.ratio:.3f}",
            json.ratio >= AIM_JSON_RATIO,
        ),
        ("Arrow, orders/s", aim, reached, arrow_met),
        ("p99 at half load, s", AIM_P99_S, f"{p99:.2f}", p99 < AIM_P99_S),
    )
    rows = ["| what | aim | reached | met |", "|---|---:|---:|---|"]
    rows += [
        f"| {what} | {to} | {got} | {'yes' if met else 'no'} |" for what, to, got, met in lines
    ]
    return "\n".join(rows)
