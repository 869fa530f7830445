"""The orders of a dataset as the baselines see them: who acted on what, and when.

Only new orders count, an event that repeats an `event_id` counts once: the same orders that the
detector sees, without its decisions.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from models.params import DAY_NS
from streams.files import Dataset
from streams.tables import EventType, Side

_COLUMNS = ("event_time_ns", "account_id", "instrument_id", "side", "event_id", "event_type")


@dataclass(frozen=True, slots=True)
class Actions:
    """New orders, shape (n_orders,) each, in file order; keys are dense codes with the side."""

    time_ns: NDArray[np.int64]
    account: NDArray[np.int64]
    family_side: NDArray[np.int64]
    instrument_side: NDArray[np.int64]
    accounts: tuple[str, ...]

    def n_account_days(self, among: frozenset[str]) -> int:
        """Count the days, by UTC date, on which each of some accounts sent an order."""
        chosen = np.fromiter((a in among for a in self.accounts), np.bool_, len(self.accounts))
        rows = chosen[self.account]
        days = self.time_ns[rows] // DAY_NS
        return int(np.unique(np.stack([self.account[rows], days]), axis=1).shape[1])


def read_actions(dataset: Dataset, *, latest_time_ns: int) -> Actions:
    """Read the new orders of a dataset.

    Parameters
    ----------
    dataset : Dataset
        Where they are.
    latest_time_ns : int
        No event may be later, UTC nanoseconds.

    Raises
    ------
    DatasetError
        If a row breaks the contract.
    """
    batches = list(dataset.order_batches(latest_time_ns=latest_time_ns, columns=_COLUMNS))
    orders = pa.Table.from_batches(batches)
    kind = pc.fill_null(orders["event_type"], EventType.NEW.value)
    orders = orders.filter(pc.equal(kind, EventType.NEW.value))
    orders = orders.take(_first_rows(orders["event_id"]))
    instruments = dataset.table("instruments", latest_time_ns=latest_time_ns)
    family_of = dict(
        zip(
            instruments["instrument_id"].to_pylist(),
            instruments["family"].to_pylist(),
            strict=True,
        )
    )
    account, accounts = _encode(orders["account_id"])
    instrument, ids = _encode(orders["instrument_id"])
    side = pc.equal(orders["side"], Side.SELL.value).to_numpy().astype(np.int64)
    families = [family_of.get(name) or name for name in ids]
    number = {name: code for code, name in enumerate(sorted(set(families)))}
    family = np.array([number[name] for name in families], np.int64)[instrument]
    return Actions(
        time_ns=orders["event_time_ns"].to_numpy(),
        account=account,
        family_side=family * 2 + side,
        instrument_side=instrument * 2 + side,
        accounts=tuple(accounts),
    )


def _first_rows(event_id: pa.ChunkedArray) -> NDArray[np.int64]:
    """Return the rows whose id is null or occurs for the first time."""
    codes = pc.fill_null(event_id.combine_chunks().dictionary_encode().indices, -1).to_numpy()
    _, first = np.unique(codes, return_index=True)
    kept = codes < 0
    kept[first] = True
    return np.flatnonzero(kept)


def _encode(column: pa.ChunkedArray) -> tuple[NDArray[np.int64], list[str]]:
    """Return codes that follow the sorted values, and the values."""
    encoded = column.combine_chunks().dictionary_encode()
    values: list[str] = encoded.dictionary.to_pylist()
    order = sorted(range(len(values)), key=values.__getitem__)
    rank = np.empty(len(values), np.int64)
    rank[order] = np.arange(len(values))
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    return rank[codes], [values[place] for place in order]
