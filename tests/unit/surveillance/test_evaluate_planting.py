"""Copiers planted in a real set: nearly all orders, later on the clock, in the copier's size."""

from collections import Counter

import pyarrow as pa
import pyarrow.compute as pc

from surveillance.jobs.planting import CopierPlan, copier_id, plant_copiers

SECOND_NS = 10**9


def build_orders(n: int = 200) -> pa.Table:
    return pa.table(
        {
            "event_id": [f"e{i}" for i in range(n)],
            "event_time_ns": [i * 7 * SECOND_NS for i in range(n)],
            "account_id": ["busy" if i % 2 else f"other-{i % 5}" for i in range(n)],
            "instrument_id": ["X"] * n,
            "side": ["buy", "sell"] * (n // 2),
            "quantity": [float(1 + i) for i in range(n)],
        }
    )


def test_copiers_repeat_the_busiest_account_later_and_scaled() -> None:
    orders = build_orders()
    leader, planted = plant_copiers(orders, CopierPlan())
    assert leader == "busy"
    assert len(set(planted["event_id"].to_pylist())) == planted.num_rows
    original = {row["event_id"]: row for row in orders.to_pylist()}
    copies = [row for row in planted.to_pylist() if row["account_id"].startswith("planted-")]
    for row in copies:
        source_id, _, number = row["event_id"].partition("-copy-")
        source = original[source_id]
        lag_s = (row["event_time_ns"] - source["event_time_ns"]) / SECOND_NS
        assert source["account_id"] == "busy"
        assert 1 <= lag_s <= 30
        assert lag_s == int(lag_s)
        assert row["quantity"] == source["quantity"] * CopierPlan().ratios[int(number)]
        assert row["side"] == source["side"]
    counts = Counter(row["account_id"] for row in copies)
    assert set(counts) == {copier_id(number) for number in range(10)}
    assert all(85 <= n <= 100 for n in counts.values())


def test_real_orders_stay_and_time_does_not_fall() -> None:
    orders = build_orders()
    _, planted = plant_copiers(orders, CopierPlan())
    kept = planted.filter(pc.invert(pc.match_substring(planted["event_id"], "-copy-")))
    assert kept.to_pylist() == orders.to_pylist()
    times = planted["event_time_ns"].to_pylist()
    assert times == sorted(times)


def test_the_same_seed_plants_the_same_copiers() -> None:
    assert plant_copiers(build_orders(), CopierPlan())[1].equals(
        plant_copiers(build_orders(), CopierPlan())[1]
    )
