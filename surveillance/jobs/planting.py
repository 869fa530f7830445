"""Copiers planted among real traders: known answers on orders that no simulator drew."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.params import SECOND_NS


@dataclass(frozen=True, slots=True)
class CopierPlan:
    """Copiers planted in a real set: each repeats nearly all of one trader's orders."""

    n_copiers: int = 10
    share: float = 0.97
    shortest_lag_s: int = 1
    longest_lag_s: int = 30
    ratios: tuple[float, ...] = (0.1, 0.25, 0.5, 1.0, 1.0, 1.0, 2.0, 2.0, 3.0, 5.0)
    seed: int = 1


def plant_copiers(orders: pa.Table, plan: CopierPlan) -> tuple[str, pa.Table]:
    """Add copiers of the account with most orders; ties fall to the smallest id.

    Parameters
    ----------
    orders : pa.Table
        A dataset's orders with ids, on the 1 s clock.
    plan : CopierPlan
        How many, how soon, how much.

    Returns
    -------
    tuple of str and pa.Table
        The leader, and all orders by time; the copiers are new accounts.
    """
    counts = Counter(orders["account_id"].to_pylist())
    leader = min(counts, key=lambda account: (-counts[account], account))
    source = orders.filter(pc.equal(orders["account_id"], leader))
    rng = np.random.default_rng(plan.seed)
    parts = [orders]
    for number in range(plan.n_copiers):
        copied = source.filter(pa.array(rng.random(source.num_rows) < plan.share))
        lags = rng.integers(plan.shortest_lag_s, plan.longest_lag_s + 1, copied.num_rows)
        ratio = plan.ratios[number % len(plan.ratios)]
        ids = [f"{event_id}-copy-{number}" for event_id in copied["event_id"].to_pylist()]
        columns = {
            "event_time_ns": copied["event_time_ns"].to_numpy() + lags * SECOND_NS,
            "quantity": copied["quantity"].to_numpy() * ratio,
            "account_id": [copier_id(number)] * copied.num_rows,
            "event_id": ids,
        }
        for name, values in columns.items():
            field = copied.schema.field(name)
            place = copied.schema.get_field_index(name)
            copied = copied.set_column(place, field, pa.array(values, field.type))
        parts.append(copied)
    return leader, pa.concat_tables(parts).sort_by("event_time_ns")


def copier_id(number: int) -> str:
    """Return the account id of a planted copier."""
    return f"planted-copier-{number}"
