"""Order batches to integer columns: the only file that knows Arrow batches and NumPy columns.

Ids become dense codes, prices ticks, quantities lots of the family's smallest contract; repeated
events are dropped and counted, late ones sorted in. Codes follow the sorted ids, so that nothing
depends on the order in which accounts first appear.
"""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from models.columns import (
    BUY,
    NO_SEQUENCE,
    SELL,
)
from surveillance.pipeline import spool
from surveillance.pipeline.codes import Codes
from surveillance.pipeline.encoded import EncodedOrders
from surveillance.pipeline.identity import IdentityLog, hash_texts, mix
from surveillance.pipeline.scales import InstrumentScales
from surveillance.pipeline.stamps import Stamps

COLUMNS = (
    "event_time_ns",
    "account_id",
    "instrument_id",
    "side",
    "quantity",
    "event_id",
    "event_type",
    "sequence",
    "firm_id",
    "operator_id",
    "limit_price",
    "order_type",
    "stop_price",
    "automated",
)


class OrderEncoder:
    """Encodes order batches one by one into a spool.

    Parameters
    ----------
    instruments : pa.Table
        The instruments table; an instrument that is not listed is its own family.
    into : RowLog
        Where the encoded rows go; must stay open while they are read.
    shown : str
        Name of the source in refusals.
    identities : IdentityLog, optional
        Finds repeated events and orders those of one instant and sequence; without it there are
        no repeats, and rows have no identity.
    """

    def __init__(
        self,
        instruments: pa.Table,
        into: spool.RowLog,
        *,
        shown: str,
        identities: IdentityLog | None = None,
    ) -> None:
        self._scales = InstrumentScales(instruments, shown=shown)
        self._spool = into
        self._accounts, self._instruments = Codes(), Codes()
        self._operators, self._firms = Stamps(), Stamps()
        self._n_marked = np.zeros((2, 0), np.int64)  # manual, automated; by account
        self._identities = identities
        self._nodes = np.empty(0, np.int64)
        self._n_read = 0
        self._n_new = 0
        self._first_ns: int | None = None
        self._last_ns = 0

    def add(self, batch: pa.RecordBatch) -> None:
        """Encode one batch that holds `COLUMNS`, already checked against the contract.

        Raises
        ------
        DatasetError
            If a price or quantity is too large for its tick or lot.
        """
        rows, is_new = self._encode(batch)
        self._operators.note(batch.column("operator_id"), rows["account"], self._accounts.texts)
        self._firms.note(batch.column("firm_id"), rows["account"], self._accounts.texts)
        self._note_marks(batch, rows)
        new = rows[is_new]
        self._scales.note(self._instruments.texts, new)
        nodes = np.unique(new["account"].astype(np.int64) << 32 | new["instrument"])
        first = np.searchsorted(self._nodes, nodes, "left")
        is_new_node = first == np.searchsorted(self._nodes, nodes, "right")
        self._nodes = np.insert(self._nodes, first[is_new_node], nodes[is_new_node])
        self._n_read += batch.num_rows
        self._n_new += new.size
        if new.size:
            first_ns, last_ns = int(new["event_time_ns"].min()), int(new["event_time_ns"].max())
            self._first_ns = first_ns if self._first_ns is None else min(self._first_ns, first_ns)
            self._last_ns = max(self._last_ns, last_ns)
        self._keep(rows, is_new)

    def recall(self, batch: pa.RecordBatch) -> None:
        """Keep the rows of a batch again that was added before the state was saved."""
        self._keep(*self._encode(batch))

    def snapshot(self) -> dict[str, Any]:
        """Return what was noted of the batches, as plain JSON types; rows are not part of it."""
        return {
            "texts": [self._accounts.texts, self._instruments.texts],
            "operators": self._operators.snapshot(),
            "firms": self._firms.snapshot(),
            "n_marked": self._n_marked.tolist(),
            "nodes": self._nodes.tolist(),
            "counts": [self._n_read, self._n_new, self._first_ns, self._last_ns],
            "scales": self._scales.snapshot(),
        }

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Go back to what `snapshot` returned; the rows come back by `recall`."""
        self._accounts, self._instruments = map(Codes, snapshot["texts"])
        self._operators.restore(snapshot["operators"], self._accounts.texts)
        self._firms.restore(snapshot["firms"], self._accounts.texts)
        self._n_marked = np.array(snapshot["n_marked"], np.int64)
        self._nodes = np.array(snapshot["nodes"], np.int64)
        self._n_read, self._n_new, self._first_ns, self._last_ns = snapshot["counts"]
        self._scales.restore(snapshot["scales"])

    def list_instruments(self, instruments: pa.Table) -> None:
        """Take another instruments table from here on."""
        self._scales.list_anew(instruments)

    def finish(self) -> EncodedOrders:
        """Return what was encoded, with codes in the order of the sorted ids."""
        accounts, account_code = self._accounts.ranked()
        instruments, instrument_code = self._instruments.ranked()
        family_names = [self._scales.family(name) for name in instruments]
        families = tuple(sorted(set(family_names)))
        family_code = {name: code for code, name in enumerate(families)}
        tick_size, lot_size = self._scales.sizes(instruments)
        dropped, n_dropped_new = np.empty(0, np.int64), 0
        if self._identities is not None:
            dropped, n_dropped_new = self._identities.repeats()
        return EncodedOrders(
            accounts=accounts,
            instruments=instruments,
            families=families,
            family_of=np.array([family_code[name] for name in family_names], np.int32),
            tick_size=tick_size,
            lot_size=lot_size,
            operators=self._operators.pairs,
            firm_of=self._firms.first_of,
            automated_share=self._automated_share(account_code),
            n_nodes=self._nodes.size,
            n_read=self._n_read,
            n_duplicates=int(dropped.size),
            n_orders=self._n_new - n_dropped_new,
            first_time_ns=self._first_ns or 0,
            last_time_ns=self._last_ns,
            _spool=self._spool,
            _account_code=account_code,
            _instrument_code=instrument_code,
            _dropped=dropped,
        )

    def _keep(self, rows: NDArray[np.void], is_new: NDArray[np.bool_]) -> None:
        self._spool.append(rows[is_new | (rows["kind"] > spool.STOP)])

    def _encode(self, batch: pa.RecordBatch) -> tuple[NDArray[np.void], NDArray[np.bool_]]:
        """Return the rows of a batch and which of them are new orders."""
        rows = np.zeros(batch.num_rows, spool.ROW)
        rows["number"] = np.arange(self._n_read, self._n_read + batch.num_rows, dtype=np.int64)
        rows["event_time_ns"] = _numpy(batch.column("event_time_ns"))
        rows["sequence"] = _numpy(batch.column("sequence").fill_null(NO_SEQUENCE))
        rows["quantity"] = _numpy(batch.column("quantity").fill_null(0.0))
        stop = batch.column("stop_price")
        rows["price"] = _numpy(pc.coalesce(batch.column("limit_price"), stop).fill_null(np.nan))
        rows["side"] = np.where(_numpy(pc.equal(batch.column("side"), "buy")), BUY, SELL)
        rows["account"] = self._accounts.encode(batch.column("account_id"))
        rows["instrument"] = self._instruments.encode(batch.column("instrument_id"))
        has_id = _flags(batch.column("event_id").is_valid())
        event_type = batch.column("event_type").fill_null("new")
        is_new = _flags(pc.equal(event_type, "new"))
        if self._identities is not None:
            self._identify(self._identities, batch, rows, has_id, is_new)
        order_type = batch.column("order_type").fill_null("market")
        is_stop = _flags(pc.is_in(order_type, value_set=pa.array(["stop", "stop_limit"])))
        rows["price"] = np.where(is_stop, _numpy(stop.fill_null(np.nan)), rows["price"])
        rows["kind"] = np.where(is_stop, spool.STOP, spool.NEW)
        for name, kind in (("cancel", spool.CANCEL), ("replace", spool.REPLACE)):
            rows["kind"][_flags(pc.equal(event_type, name))] = kind
        return rows, is_new

    def _identify(
        self,
        identities: IdentityLog,
        batch: pa.RecordBatch,
        rows: NDArray[np.void],
        has_id: NDArray[np.bool_],
        is_new: NDArray[np.bool_],
    ) -> None:
        by_id = mix(hash_texts(batch.column("firm_id")), *hash_texts(batch.column("event_id")))
        by_fields = mix(
            hash_texts(batch.column("account_id")),
            hash_texts(batch.column("instrument_id"))[0],
            *(rows[name] for name in ("event_time_ns", "sequence", "quantity", "price")),
            rows["side"].astype(np.int64),
            is_new.astype(np.int64),
        )
        rows["identity_high"] = np.where(has_id, by_id[0], by_fields[0])
        rows["identity_low"] = np.where(has_id, by_id[1], by_fields[1])
        if has_id.any():
            identities.add(rows[has_id], by_fields[0][has_id], is_new[has_id])

    def _note_marks(self, batch: pa.RecordBatch, rows: NDArray[np.void]) -> None:
        """Count the events of each account that are marked as manual and as automated."""
        mark = batch.column("automated")
        n_accounts = len(self._accounts.texts)
        missing = n_accounts - self._n_marked.shape[1]
        self._n_marked = np.pad(self._n_marked, ((0, 0), (0, missing)))
        for row, value in enumerate((False, True)):
            says = _flags(pc.equal(mark, value).fill_null(False))
            self._n_marked[row] += np.bincount(rows["account"][says], minlength=n_accounts)

    def _automated_share(self, account_code: NDArray[np.int32]) -> NDArray[np.float64]:
        share = np.full(account_code.size, np.nan)
        total = self._n_marked.sum(axis=0)
        says = total > 0
        share[account_code[says]] = self._n_marked[1][says] / total[says]
        return share


def _flags(column: pa.Array) -> NDArray[np.bool_]:
    array: NDArray[np.bool_] = column.to_numpy(zero_copy_only=False)
    return array


def _numpy(column: pa.Array) -> NDArray[np.generic]:
    array: NDArray[np.generic] = column.to_numpy(zero_copy_only=False)
    return array
