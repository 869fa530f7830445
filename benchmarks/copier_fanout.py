"""The copier's fan-out, in process and through a broker; writes its section of docs/performance.md.

In process: one leader, many followers, one thread, no network. `fan-out` places market orders of
the leader and times the call that returns the copies; only that call counts for latency. `life`
adds what the venue answers: acknowledgments and fills of every copy and of the leader, so it is the
rate that a copier reaches over an order's whole life. Through the broker: `copier_latency`.
"""

import argparse
import gc
import os
import tempfile
import time
from decimal import Decimal
from pathlib import Path

import numpy as np

from benchmarks.copier_page import BrokerResult, copier_section
from benchmarks.measure import run_module
from benchmarks.sections import write_section
from deploy.broker import LocalKafka
from streams.copier import Copier, Instrument
from streams.copier.plan import FollowerPlan, Limits, Plan, Rounding, Size
from streams.orderevents import EventType, OrderEvent, Side

RATES = (5.0, 25.0)
INSTRUMENT = Instrument("ES", "ES", 50.0, 0.25, exchange_fee_cents=140)
_START_NS = 1_750_000_000_000_000_000
_LIMITS = Limits(largest_order_lots=1_000, largest_position_lots=100_000, daily_loss_cents=10**12)


def build_plan(n_followers: int) -> Plan:
    """Return a plan with followers of different ratios, all under limits."""
    followers = tuple(
        FollowerPlan(
            f"follower-{number}",
            "owner",
            f"declaration-{number}",
            size=Size(value=Decimal(number + 1) / 4, rounding=Rounding.NEAREST, minimum_lots=1),
            limits=_LIMITS,
        )
        for number in range(n_followers)
    )
    return Plan("plan", "leader", followers, lead_exposure_percent=None)


def measure(n_orders: int, n_followers: int) -> dict[str, float]:
    """Run a leader that buys and sells in turn, and return rates and latencies."""
    copier = Copier(build_plan(n_followers), [INSTRUMENT])
    latencies_ns: list[int] = []
    life_ns = 0
    n_copies = 0
    for number in range(n_orders):
        side = Side.BUY if number % 2 == 0 else Side.SELL
        now_ns = _START_NS + number * 1_000_000
        order_id = f"order-{number}"
        new = OrderEvent(
            now_ns, "leader", "ES", side, 4, f"new-{number}", EventType.NEW, order_id=order_id
        )
        begin = time.perf_counter_ns()
        copies = copier.process(new)
        latencies_ns.append(time.perf_counter_ns() - begin)
        answers = _answers(new, copies)
        begin = time.perf_counter_ns()
        for event in answers:
            copier.process(event)
        life_ns += time.perf_counter_ns() - begin
        n_copies += len(copies)
    calls = np.array(latencies_ns[n_orders // 10 :])
    per_copy = calls / n_followers
    return {
        "n_followers": n_followers,
        "n_follower_orders": n_copies,
        "fan_out_orders_per_s": round(n_followers * 1e9 / calls.mean()),
        "life_orders_per_s": round(n_copies * 1e9 / (sum(latencies_ns) + life_ns)),
        "call_p50_us": float(np.percentile(calls, 50)) / 1e3,
        "call_p99_us": float(np.percentile(calls, 99)) / 1e3,
        "per_order_p50_us": float(np.percentile(per_copy, 50)) / 1e3,
        "per_order_p99_us": float(np.percentile(per_copy, 99)) / 1e3,
    }


def _answers(new: OrderEvent, copies: list[OrderEvent]) -> list[OrderEvent]:
    """Return the leader's fill, and an acknowledgment and a fill of each copy."""
    fill = {"event_type": EventType.FILL, "last_price": 6000.0}
    events = [new._replace(event_id=f"{new.event_id}-fill", last_quantity=new.quantity, **fill)]
    for number, copy in enumerate(copies):
        name = f"{new.event_id}-{number}"
        events.append(copy._replace(event_id=f"{name}-ack", event_type=EventType.ACK))
        events.append(copy._replace(event_id=f"{name}-fill", last_quantity=copy.quantity, **fill))
    return events


def main(arguments: list[str] | None = None) -> None:
    """Measure everything, the best rate of the repeats in process, and write the section."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=20_000, help="of the leader, in process")
    parser.add_argument("--followers", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=60.0, help="at each rate on the broker")
    parser.add_argument("--page", type=Path, default=Path("docs/performance.md"))
    given = parser.parse_args(arguments)
    gc.freeze()
    measured = [measure(given.orders, given.followers) for _ in range(given.repeats)]
    gc.unfreeze()
    best = max(measured, key=lambda one: one["fan_out_orders_per_s"])
    with (
        tempfile.TemporaryDirectory(prefix="surveillance-benchmark-") as directory,
        LocalKafka(Path(directory)) as kafka,
    ):
        through_broker = [
            _through_broker(kafka.bootstrap, rate, given.seconds, given.followers) for rate in RATES
        ]
    text = copier_section(best, through_broker, n_cores=os.cpu_count() or 1)
    write_section(given.page, "copier", text)
    print(text)


def _through_broker(bootstrap: str, rate: float, seconds: float, n_followers: int) -> BrokerResult:
    numbers = (f"{rate}", f"{max(round(rate * seconds), 10)}", f"{n_followers}")
    run = run_module("benchmarks.copier_latency", bootstrap, f"rate-{rate:g}.", *numbers)
    return BrokerResult(rate, run.answer["bare_ms"], run.answer["copy_ms"])


if __name__ == "__main__":
    main()
