"""The detection core alone, one thread, compiled, on columns that are already encoded.

Decisions and the rank test over all families at once; CPU time of this thread. Reading, encoding,
grouping and judging are not part of it.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np

from models.columns import OrderColumns
from models.decisions import DecisionStage
from models.looks import looks_of
from models.params import DetectionParams
from models.ranktest import RankTest
from streams.files import Dataset
from surveillance.pipeline.encode import COLUMNS, OrderEncoder
from surveillance.pipeline.spool import Spool

_END_NS = 2**62
_BATCH_ROWS = 262_144
_WARM_ROWS = 10_000


def read_columns(directory: Path) -> tuple[OrderColumns, int]:
    """Return a dataset's new orders as columns, and the number of accounts."""
    dataset = Dataset.open(directory)
    with Spool() as spool:
        instruments = dataset.table("instruments", latest_time_ns=_END_NS)
        encoder = OrderEncoder(instruments, spool, shown=str(directory))
        for batch in dataset.order_batches(latest_time_ns=_END_NS, columns=COLUMNS):
            encoder.add(batch)
        encoded = encoder.finish()
        return OrderColumns.concatenate(list(encoded.batches())), len(encoded.accounts)


def time_core(
    orders: OrderColumns, n_accounts: int, shifts_ns: tuple[int, ...]
) -> tuple[float, int]:
    """Return CPU seconds and decisions of one pass with a test a look and shift."""
    looks = looks_of(DetectionParams())
    plain = looks[0].params
    begin = time.thread_time()
    stage = DecisionStage(merge_ns=plain.merge_ns, bracket_ns=plain.bracket_ns)
    tests = [
        RankTest(look.params, n_accounts=n_accounts, shift_ns=shift, windows=look.windows)
        for shift in shifts_ns
        for look in looks
    ]
    n_decisions = 0
    for first in range(0, len(orders), _BATCH_ROWS):
        batch = orders.take(slice(first, first + _BATCH_ROWS))
        opened = stage.process(batch)
        rows = np.flatnonzero(opened.opens)
        n_decisions += rows.size
        columns = (
            batch.event_time_ns[rows],
            batch.sequence[rows],
            opened.node[rows],
            batch.side[rows],
        )
        final = first + _BATCH_ROWS >= len(orders)
        for test in tests:
            test.process(*columns, node_family=stage.node_family, final=final)
    return time.thread_time() - begin, n_decisions


def main() -> None:
    """Print seconds as JSON, the least of the repeats."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    orders, n_accounts = read_columns(arguments.directory)
    span_ns = int(orders.event_time_ns[-1] - orders.event_time_ns[0])
    shifts_ns = tuple(s for s in DetectionParams().placebo.shifts_ns if s <= span_ns)
    time_core(orders.take(slice(0, _WARM_ROWS)), n_accounts, (0, *shifts_ns))
    times: dict[str, float] = {}
    for name, shifts in (("real_s", (0,)), ("placebo_s", (0, *shifts_ns))):
        measured = [time_core(orders, n_accounts, shifts) for _ in range(arguments.repeats)]
        times[name] = min(seconds for seconds, _ in measured)
        n_decisions = measured[0][1]
    answer = {"n_decisions": n_decisions, "n_shifts": len(shifts_ns), **times}
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
