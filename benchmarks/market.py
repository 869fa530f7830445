"""The benchmark's input: one simulated market, cut after so many new orders.

All sizes are cuts of the same market, so a dataset of four times the orders holds four times the
days of the same accounts. Datasets are kept under the temporary directory between runs.
"""

import argparse
import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from streams.files import write_dataset
from streams.simulator import simulate

SCENARIO = "basic"
SEED = 1
_ORDERS_PER_ACCOUNT_DAY = 60.0  # below what the scenario gives, so that the cut is never short


def build_datasets(root: Path, sizes: list[int], *, n_accounts: int) -> dict[int, Path]:
    """Return one dataset a size, simulating the market if `root` lacks one.

    Parameters
    ----------
    root : Path
        Where datasets are kept.
    sizes : list of int
        New orders of each dataset.
    n_accounts : int
        Accounts of the market.
    """
    of_size = {size: root / f"{n_accounts}-accounts-{size}-orders-seed-{SEED}" for size in sizes}
    if not all(directory.is_dir() for directory in of_size.values()):
        tables = _simulate(max(sizes), n_accounts)
        for size, directory in of_size.items():
            _write(directory, size, tables)
    return of_size


def _simulate(n_orders: int, n_accounts: int) -> dict[str, pa.Table]:
    n_days = max(1, round(n_orders / (_ORDERS_PER_ACCOUNT_DAY * n_accounts)))
    while True:
        tables = simulate(SCENARIO, n_accounts=n_accounts, n_days=n_days, seed=SEED).tables
        if np.count_nonzero(_is_new(tables["orders"])) >= n_orders:
            return tables
        n_days += max(1, n_days // 4)


def _write(directory: Path, n_orders: int, tables: dict[str, pa.Table]) -> None:
    orders = tables["orders"]
    last = int(np.flatnonzero(_is_new(orders))[n_orders - 1])
    unfinished = directory.with_name(f"{directory.name}.part")
    shutil.rmtree(unfinished, ignore_errors=True)
    write_dataset(unfinished, tables | {"orders": orders.slice(0, last + 1)})
    shutil.rmtree(directory, ignore_errors=True)
    unfinished.rename(directory)


def _is_new(orders: pa.Table) -> NDArray[np.bool_]:
    is_new: NDArray[np.bool_] = pc.equal(orders["event_type"], "new").to_numpy()
    return is_new


def main() -> None:
    """Print the directory of each size as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", type=Path)
    parser.add_argument("n_accounts", type=int)
    parser.add_argument("sizes", type=int, nargs="+")
    given = parser.parse_args()
    built = build_datasets(given.root, given.sizes, n_accounts=given.n_accounts)
    print(json.dumps({str(size): str(directory) for size, directory in built.items()}))


if __name__ == "__main__":
    main()
