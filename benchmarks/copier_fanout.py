"""The copier's fan-out in process: one leader, many followers, one thread, no network.

`fan-out` places market orders of the leader and times the call that returns the copies; only that
call counts for latency. `life` adds what the venue answers: acknowledgments and fills of every copy
and of the leader, so it is the rate that a copier reaches over an order's whole life.
"""

import argparse
import gc
import json
import time
from decimal import Decimal

import numpy as np

from streams.copier import Copier, Instrument
from streams.copier.plan import FollowerPlan, Limits, Plan, Rounding, Size
from streams.orderevents import EventType, OrderEvent, Side

_INSTRUMENT = Instrument("ES", "ES", 50.0, 0.25, exchange_fee_cents=140)
_START_NS = 1_750_000_000_000_000_000
_LIMITS = Limits(largest_order_lots=1_000, largest_position_lots=100_000, daily_loss_cents=10**12)


def build(n_followers: int) -> Copier:
    """Return a copier with followers of different ratios, all under limits."""
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
    plan = Plan("plan", "leader", followers, lead_exposure_percent=None)
    return Copier(plan, [_INSTRUMENT])


def measure(n_orders: int, n_followers: int) -> dict[str, float]:
    """Run a leader that buys and sells in turn, and return rates and latencies."""
    copier = build(n_followers)
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


def main() -> None:
    """Print the figures as JSON, the best rate of the repeats."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=20_000)
    parser.add_argument("--followers", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    gc.freeze()
    measured = [measure(arguments.orders, arguments.followers) for _ in range(arguments.repeats)]
    print(json.dumps(max(measured, key=lambda one: one["fan_out_orders_per_s"]), indent=2))


if __name__ == "__main__":
    main()
