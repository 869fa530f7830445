"""Encoded orders: integer columns by dense codes, to be read in event order as often as needed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from models.columns import CANCEL, REPLACE, STOP, LaterEvents, OrderColumns
from surveillance.pipeline import spool
from surveillance.pipeline.scales import rounded

_LATER_KINDS = np.array([STOP, STOP, CANCEL, REPLACE], np.int8)  # by kind of spool row


@dataclass(frozen=True, slots=True)
class EncodedOrders:
    """A dataset's new orders, to be read in event order as often as needed.

    Attributes
    ----------
    accounts, instruments, families : tuple of str
        Ids by code, ascending.
    family_of : ndarray of int32, shape (n_instruments,)
        Family code of each instrument.
    tick_size, lot_size : ndarray of float64, shape (n_instruments,)
        Price of a tick; quantity, in the instrument's own units, of one family lot.
    operators : frozenset of (account_id, operator_id)
        Who entered orders for whom (FIX 50).
    firm_of : mapping of account_id to firm_id
        As stamped on the orders; the first in text order where they differ.
    automated_share : ndarray of float64, shape (n_accounts,)
        Share of each account's events marked as automated (FIX 1028), NaN where none says.
    n_nodes : int
        Pairs of account and instrument that trade: at least those of account and family.
    n_read, n_duplicates, n_orders : int
        Events read, events dropped as repeats, new orders kept.
    first_time_ns, last_time_ns : int
        Of the new orders, 0 where there is none.
    """

    accounts: tuple[str, ...]
    instruments: tuple[str, ...]
    families: tuple[str, ...]
    family_of: NDArray[np.int32]
    tick_size: NDArray[np.float64]
    lot_size: NDArray[np.float64]
    operators: frozenset[tuple[str, str]]
    firm_of: Mapping[str, str]
    automated_share: NDArray[np.float64]
    n_nodes: int
    n_read: int
    n_duplicates: int
    n_orders: int
    first_time_ns: int
    last_time_ns: int
    _spool: spool.RowSource = field(repr=False)
    _account_code: NDArray[np.int32] = field(repr=False)
    _instrument_code: NDArray[np.int32] = field(repr=False)
    _dropped: NDArray[np.int64] = field(repr=False)

    def code_of_appearance(self) -> NDArray[np.int32]:
        """Return the code of every account by the order in which they first appeared."""
        return self._account_code

    def over(self, rows: spool.RowSource) -> "EncodedOrders":
        """Return the same ids and scales, to be read from some of the rows only."""
        return replace(self, _spool=rows)

    def batches(self, *, accounts: NDArray[np.bool_] | None = None) -> Iterator[OrderColumns]:
        """Yield the new orders in event order.

        Parameters
        ----------
        accounts : ndarray of bool, shape (n_accounts,), optional
            Only these accounts' orders.
        """
        for rows, account in self._rows(accounts):
            is_new = rows["kind"] <= spool.STOP
            rows, account = rows[is_new], account[is_new]
            instrument = self._instrument_code[rows["instrument"]]
            has_price = ~np.isnan(rows["price"])
            price = np.where(has_price, rows["price"], 0.0)
            yield OrderColumns(
                event_time_ns=np.ascontiguousarray(rows["event_time_ns"]),
                sequence=np.ascontiguousarray(rows["sequence"]),
                account=account,
                family=self.family_of[instrument],
                instrument=instrument,
                side=np.ascontiguousarray(rows["side"]),
                quantity_lots=rounded(rows["quantity"] / self.lot_size[instrument]),
                price_ticks=rounded(price / self.tick_size[instrument]),
                has_price=has_price,
            )

    def later_events(self, *, accounts: NDArray[np.bool_]) -> LaterEvents:
        """Return the cancels, replaces and stop orders of some accounts, in event order.

        Parameters
        ----------
        accounts : ndarray of bool, shape (n_accounts,)
            Whose events.
        """
        parts = []
        for rows, account in self._rows(accounts):
            is_later = rows["kind"] != spool.NEW
            rows, account = rows[is_later], account[is_later]
            instrument = self._instrument_code[rows["instrument"]]
            is_stop = rows["kind"] == spool.STOP
            price = np.where(is_stop & ~np.isnan(rows["price"]), rows["price"], 0.0)
            parts.append(
                LaterEvents(
                    event_time_ns=np.ascontiguousarray(rows["event_time_ns"]),
                    account=account,
                    family=self.family_of[instrument],
                    side=np.ascontiguousarray(rows["side"]),
                    kind=_LATER_KINDS[rows["kind"]],
                    price_ticks=rounded(price / self.tick_size[instrument]),
                )
            )
        return LaterEvents.concatenate(parts)

    def _rows(
        self, accounts: NDArray[np.bool_] | None
    ) -> Iterator[tuple[NDArray[np.void], NDArray[np.int32]]]:
        """Yield the rows kept, of some accounts or all, with their accounts' codes."""
        for rows in self._spool.read():
            if self._dropped.size:
                rows = rows[~np.isin(rows["number"], self._dropped)]
            account = self._account_code[rows["account"]]
            if accounts is not None:
                rows, account = rows[accounts[account]], account[accounts[account]]
            yield rows, account
