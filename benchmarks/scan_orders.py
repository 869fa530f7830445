"""The benchmark of the main job; writes its section of docs/performance.md.

In one run, each in a fresh process: a whole scan, the detection core alone, and the Polars
self-joins that only count pairs, at two sizes of one market.
"""

import argparse
import os
import tempfile
from pathlib import Path

from benchmarks.measure import Measurement, run_module
from benchmarks.page import BUCKETS_S, SizeResult, performance_page
from benchmarks.sections import write_section

MEMORY_LIMIT_BYTES = 12 * 1024**3
PEER_TIME_LIMIT_S = 300.0
_WARM_ORDERS = 2_000
_WARM_ACCOUNTS = 40


def main(arguments: list[str] | None = None) -> None:
    """Measure everything and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=1_000_000, help="the smaller size")
    parser.add_argument("--times", type=int, default=4, help="the larger size over the smaller")
    parser.add_argument("--accounts", type=int, default=5_000)
    parser.add_argument("--repeats", type=int, default=2, help="the quickest of so many counts")
    parser.add_argument("--page", type=Path, default=Path("docs/performance.md"))
    parser.add_argument(
        "--datasets",
        type=Path,
        default=Path(tempfile.gettempdir()) / "surveillance-benchmark",
        help="where simulated datasets are kept between runs",
    )
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="surveillance-benchmark-") as directory:
        scratch = Path(directory)
        _scan(_build(scratch, [_WARM_ORDERS], _WARM_ACCOUNTS)[_WARM_ORDERS], scratch, 1)
        sizes = [given.orders, given.times * given.orders]
        datasets = _build(given.datasets, sizes, given.accounts)
        results = [_measure(size, datasets[size], scratch, given.repeats) for size in sizes]
    page = performance_page(
        results,
        n_accounts=given.accounts,
        memory_limit_bytes=MEMORY_LIMIT_BYTES,
        time_limit_s=PEER_TIME_LIMIT_S,
        n_cores=os.cpu_count() or 1,
    )
    write_section(given.page, "scan", page)
    print(page)


def _build(root: Path, sizes: list[int], n_accounts: int) -> dict[int, Path]:
    built = run_module("benchmarks.market", str(root), str(n_accounts), *map(str, sizes)).answer
    return {int(size): Path(directory) for size, directory in built.items()}


def _measure(n_orders: int, dataset: Path, scratch: Path, repeats: int) -> SizeResult:
    return SizeResult(
        n_orders=n_orders,
        scan=_scan(dataset, scratch, repeats),
        core=run_module("benchmarks.detection_core", str(dataset), "--repeats", str(repeats)),
        joins={bucket_s: _join(dataset, bucket_s, repeats) for bucket_s in BUCKETS_S},
    )


def _scan(dataset: Path, scratch: Path, repeats: int) -> Measurement:
    """Run the program as a user does, into a new store each time."""
    runs = []
    for number in range(repeats):
        place = scratch / f"{dataset.name}-{number}"
        place.mkdir()
        store = f"sqlite:///{place / 'store.db'}"
        out = str(place / "out")
        runs.append(
            run_module(
                *("surveillance", "scan", str(dataset), "--out", out, "--store", store, "--json")
            )
        )
    return min(runs, key=lambda run: run.wall_s)


def _join(dataset: Path, bucket_s: int, repeats: int) -> Measurement:
    runs: list[Measurement] = []
    while len(runs) < repeats and not (runs and runs[-1].failure):
        runs.append(
            run_module(
                "benchmarks.pair_count",
                str(dataset),
                str(bucket_s),
                memory_limit_bytes=MEMORY_LIMIT_BYTES,
                time_limit_s=PEER_TIME_LIMIT_S,
            )
        )
    return min(runs, key=lambda run: (run.failure is not None, run.wall_s))


if __name__ == "__main__":
    main()
