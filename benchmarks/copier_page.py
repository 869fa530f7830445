"""The copier's section of docs/performance.md."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

AIM_CALL_P99_MS = 1.0
AIM_ORDERS_A_SECOND = 100_000


@dataclass(frozen=True, slots=True)
class BrokerResult:
    """Latencies at one rate of the leader's orders, in milliseconds."""

    rate: float
    bare_ms: list[float]
    copy_ms: list[float]


def copier_section(
    in_process: Mapping[str, float], through_broker: list[BrokerResult], *, n_cores: int
) -> str:
    """Return the section for one run of the benchmark."""
    n_followers = round(in_process["n_followers"])
    sections = [
        "## Copier",
        "Written by `python -m benchmarks.copier_fanout`; do not edit. One leader and "
        f"{n_followers} followers of different ratios, all under limits; market orders. In "
        "process, one thread: the call that returns the copies of one order of the leader, and "
        "the rate over an order's whole life with acknowledgment and fill of every copy.",
        _process_table(in_process),
        f"Through the broker, on a machine of {n_cores} cores that broker, copier, leader and "
        "venue share, Apache Kafka on loopback: from the call that produces the leader's order to "
        "the moment another consumer has read the copy (`read_committed`), every copy counted; "
        "the venue fills every copy meanwhile. Bare is one message from producer to consumer on "
        "the same broker in the same run, without a copier. A copy takes two such ways, a commit "
        "of the store that reaches the disk and a Kafka transaction between them.",
        _broker_table(through_broker, n_followers),
        _aims_table(in_process),
    ]
    return "\n\n".join(sections)


def _process_table(measured: Mapping[str, float]) -> str:
    return "\n".join(
        (
            "| copies/s | copies/s over their life | call p50 ms | call p99 ms | "
            "a copy p50 ms | a copy p99 ms |",
            "|---:|---:|---:|---:|---:|---:|",
            f"| {measured['fan_out_orders_per_s']:,.0f} | {measured['life_orders_per_s']:,.0f} "
            f"| {measured['call_p50_us'] / 1e3:.3f} | {measured['call_p99_us'] / 1e3:.3f} "
            f"| {measured['per_order_p50_us'] / 1e3:.4f} "
            f"| {measured['per_order_p99_us'] / 1e3:.4f} |",
        )
    )


def _broker_table(results: list[BrokerResult], n_followers: int) -> str:
    rows = [
        "| leader's orders/s | copies/s | copies | bare p50 ms | bare p99 ms | copy p50 ms "
        "| copy p99 ms | added p50 ms | added p99 ms |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for one in results:
        bare, copy = (np.percentile(values, [50, 99]) for values in (one.bare_ms, one.copy_ms))
        cells = " | ".join(f"{value:.1f}" for value in (*bare, *copy, *(copy - bare)))
        rows.append(
            f"| {one.rate:g} | {one.rate * n_followers:,.0f} | {len(one.copy_ms):,} | {cells} |"
        )
    return "\n".join(rows)


def _aims_table(measured: Mapping[str, float]) -> str:
    p99_ms, rate = measured["call_p99_us"] / 1e3, measured["fan_out_orders_per_s"]
    lines = (
        (
            "call in process, p99 ms",
            f"{AIM_CALL_P99_MS:g}",
            f"{p99_ms:.3f}",
            p99_ms < AIM_CALL_P99_MS,
        ),
        (
            "copies/s in process",
            f"{AIM_ORDERS_A_SECOND:,}",
            f"{rate:,.0f}",
            rate >= AIM_ORDERS_A_SECOND,
        ),
    )
    rows = ["| what | aim | reached | met |", "|---|---:|---:|---|"]
    rows += [
        f"| {what} | {to} | {got} | {'yes' if met else 'no'} |" for what, to, got, met in lines
    ]
    return "\n".join(rows)
