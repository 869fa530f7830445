"""The peer: a Polars self-join that only counts pairs of orders of distinct accounts.

It does the least that a join-based detector must do: orders of one (family, side, time bucket)
against one another. No shares, no evidence, no groups, and pairs across a bucket's edge are lost.
"""

import argparse
import json
from pathlib import Path

import polars as pl


def count_pairs(directory: Path, bucket_s: int) -> int:
    """Return the number of unordered pairs of new orders in one bucket, of distinct accounts."""
    instruments = pl.scan_parquet(directory / "instruments.parquet").select(
        "instrument_id", pl.col("family").cast(pl.Categorical)
    )
    orders = (
        pl.scan_parquet(directory / "orders.parquet")
        .filter(pl.col("event_type") == "new")
        .join(instruments, on="instrument_id")
        .select(
            pl.col("family").to_physical(),
            pl.col("side") == "buy",
            pl.col("event_time_ns").cast(pl.Int64) // (bucket_s * 1_000_000_000),
            pl.col("account_id").cast(pl.Categorical).to_physical().alias("account"),
        )
        .collect(engine="streaming")
        .lazy()
    )
    pairs = orders.join(orders, on=["family", "side", "event_time_ns"]).filter(
        pl.col("account") < pl.col("account_right")
    )
    return int(pairs.select(pl.len()).collect(engine="streaming").item())


def main() -> None:
    """Print the count as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("bucket_s", type=int)
    arguments = parser.parse_args()
    n_pairs = count_pairs(arguments.directory, arguments.bucket_s)
    print(json.dumps({"n_pairs": n_pairs}))


if __name__ == "__main__":
    main()
