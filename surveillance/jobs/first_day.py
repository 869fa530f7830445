"""One-shot farms on the evening of their first day: what a scan of the orders so far finds.

A farm that trades once must be found the day it does; a scan of the whole dataset says nothing
about that. The day is that of UTC in which a group's members first act.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from models.params import DAY_NS
from streams.files import Dataset, write_dataset
from streams.tables import TABLES
from surveillance.jobs.answer_key import AnswerKey, PlantedGroup
from surveillance.jobs.scoring import FoundGroup, score_run

ONE_SHOT_KINDS = "one_shot"
"""Kinds whose names start so are looked for on their first day."""


@dataclass(frozen=True, slots=True)
class FirstDay:
    """One farm: whether the scan of its first evening found it."""

    kind: str
    n_members: int
    is_found: bool


def find_on_first_day(
    dataset: Dataset,
    key: AnswerKey,
    *,
    latest_time_ns: int,
    detect: Callable[[Dataset], tuple[FoundGroup, ...]],
) -> tuple[FirstDay, ...]:
    """Scan the orders up to the end of each farm's first day and look for the farm.

    Parameters
    ----------
    dataset : Dataset
        All orders.
    key : AnswerKey
        What is right.
    latest_time_ns : int
        No event may be later, UTC nanoseconds.
    detect : callable
        What is tested: a dataset in, groups out.

    Returns
    -------
    tuple of FirstDay
        In the key's order; empty where nothing of the kind was planted.
    """
    farms = [group for group in key.groups if group.kind.startswith(ONE_SHOT_KINDS)]
    if not farms:
        return ()
    orders = pa.Table.from_batches(list(dataset.order_batches(latest_time_ns=latest_time_ns)))
    others = {
        name: dataset.table(name, latest_time_ns=latest_time_ns)
        for name in TABLES
        if name != "orders"
    }
    day_of = {group.group_id: _first_day(orders, group) for group in farms}
    found: dict[int, tuple[FoundGroup, ...]] = {}
    for day in sorted(set(day_of.values())):
        so_far = orders.filter(pc.less(orders["event_time_ns"], (day + 1) * DAY_NS))
        with tempfile.TemporaryDirectory(prefix="first-day-") as directory:
            write_dataset(directory, {"orders": so_far, **others})
            found[day] = detect(Dataset.open(directory))
    results = []
    for group in farms:
        score = score_run(found[day_of[group.group_id]], AnswerKey((group,), {})).planted[0]
        results.append(FirstDay(group.kind, len(group.members), score.is_half_found))
    return tuple(results)


def _first_day(orders: pa.Table, group: PlantedGroup) -> int:
    mine = pc.is_in(orders["account_id"], value_set=pa.array(sorted(group.members)))
    first_ns = pc.min(orders.filter(mine)["event_time_ns"]).as_py()
    return (first_ns or 0) // DAY_NS
