"""What a dataset says about a copier's accounts: owners, money, instruments, orders and prices."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.params import DAY_NS, SECOND_NS
from streams.copier import Declaration, Instrument
from streams.files import Dataset
from streams.orderevents import EventType, OrderEvent, OrderType, Side
from streams.simulator.venue_tape import PriceTape

Rows = Iterable[Mapping[str, Any]]
_REQUESTS = (EventType.NEW, EventType.REPLACE, EventType.CANCEL)
ORDER_COLUMNS = (
    "event_time_ns",
    "account_id",
    "instrument_id",
    "side",
    "quantity",
    "event_id",
    "event_type",
    "sequence",
    "order_id",
    "client_order_id",
    "order_type",
    "limit_price",
    "stop_price",
    "last_quantity",
    "last_price",
    "parent_order_id",
    "copy_group_id",
    "automated",
    "time_in_force",
)


@dataclass(frozen=True, slots=True)
class CopyRecords:
    """The reference tables as the copier needs them; money in whole cents."""

    owners: Mapping[str, str]
    equity_cents: Mapping[str, int]
    declarations: tuple[Declaration, ...]
    instruments: Mapping[str, Instrument]
    lot_sizes: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class LeaderDay:
    """What a leader asked of the venue on one trading day, by time.

    `refused` are the client order ids that the venue rejected then, `largest_lots` the largest
    positions of the day by instrument; `start_ns` is the day's.
    """

    start_ns: int
    requests: tuple[OrderEvent, ...]
    refused: frozenset[str]
    largest_lots: Mapping[str, int]


def read_records(dataset: Dataset, *, latest_time_ns: int) -> CopyRecords:
    """Read accounts, declarations and instruments.

    Raises
    ------
    StreamError
        If a table breaks the contract.
    """
    return records_of(
        *(
            dataset.table(name, latest_time_ns=latest_time_ns).to_pylist()
            for name in ("accounts", "declarations", "instruments")
        )
    )


def records_of(accounts: Rows, declarations: Rows, instruments: Rows) -> CopyRecords:
    """Return rows of the reference tables as records."""
    return CopyRecords(
        owners={r["account_id"]: r["owner_id"] for r in accounts if r["owner_id"] is not None},
        equity_cents={
            r["account_id"]: round(r["equity"] * 100) for r in accounts if r["equity"] is not None
        },
        declarations=tuple(
            Declaration(
                r["declaration_id"],
                r["leader_account_id"],
                r["account_id"],
                r["effective_from_ns"],
                r["effective_to_ns"],
            )
            for r in declarations
        ),
        instruments={r["instrument_id"]: _instrument(r) for r in instruments},
        lot_sizes={r["instrument_id"]: r["lot_size"] or 1.0 for r in instruments},
    )


def read_leader_day(
    dataset: Dataset,
    account_id: str,
    lot_sizes: Mapping[str, float],
    *,
    day_starts_s: int,
    latest_time_ns: int,
) -> LeaderDay | None:
    """Return the trading day on which an account sent most orders; the first of equals.

    Parameters
    ----------
    dataset : Dataset
        Where its orders are.
    account_id : str
        Whose.
    lot_sizes : mapping of str to float
        Quantity of one lot of each instrument; 1 where it is not known.
    day_starts_s : int
        When a trading day begins, seconds after midnight UTC.
    latest_time_ns : int
        No event may be later.

    Returns
    -------
    LeaderDay or None
        None if it sent none.
    """
    rows = list(_rows_of(dataset, account_id, latest_time_ns))
    rows.sort(key=lambda row: (row["event_time_ns"], row["sequence"] or 0))
    days: dict[int, int] = {}
    for row in rows:
        if row["event_type"] in (None, EventType.NEW):
            day = (row["event_time_ns"] - day_starts_s * SECOND_NS) // DAY_NS
            days[day] = days.get(day, 0) + 1
    if not days:
        return None
    busiest = min(days, key=lambda day: (-days[day], day))
    start_ns = busiest * DAY_NS + day_starts_s * SECOND_NS
    today = [row for row in rows if start_ns <= row["event_time_ns"] < start_ns + DAY_NS]
    requests = tuple(
        _request(row, number, lot_sizes)
        for number, row in enumerate(today)
        if (row["event_type"] or EventType.NEW) in _REQUESTS
    )
    refused = frozenset(
        row["client_order_id"] or row["order_id"] or ""
        for row in today
        if row["event_type"] == EventType.REJECT
    )
    return LeaderDay(start_ns, requests, refused, _largest_lots(today, lot_sizes))


def read_tapes(
    dataset: Dataset,
    instruments: Mapping[str, Instrument],
    wanted: Collection[str],
    *,
    start_ns: int,
    latest_time_ns: int,
) -> dict[str, PriceTape]:
    """Return the prices at which instruments were filled on the trading day from `start_ns` on.

    A contract takes the prices of its whole family: an ES and a MES have one price. An instrument
    whose family was not filled has no tape.
    """
    families = {instruments[name].family_id for name in wanted}
    chosen = pa.array(
        [n for n, one in instruments.items() if one.family_id in families], pa.string()
    )
    parts = []
    columns = ("event_time_ns", "instrument_id", "event_type", "last_price")
    for batch in dataset.order_batches(latest_time_ns=latest_time_ns, columns=columns):
        times = batch["event_time_ns"]
        mask = pc.and_(
            pc.and_(pc.greater_equal(times, start_ns), pc.less(times, start_ns + DAY_NS)),
            pc.and_(pc.is_in(batch["instrument_id"], chosen), pc.is_valid(batch["last_price"])),
        )
        parts.append(batch.filter(mask))
    fills = pa.Table.from_batches(parts).sort_by("event_time_ns")
    family_of = [instruments[n].family_id for n in fills["instrument_id"].to_pylist()]
    times_ns, prices = fills["event_time_ns"].to_numpy(), fills["last_price"].to_numpy()
    tapes = {}
    for name in wanted:
        one = instruments[name]
        own = np.array([family == one.family_id for family in family_of], np.bool_)
        if own.any() and one.tick_size:
            ticks = np.round(prices[own] / one.tick_size).astype(np.int64)
            tapes[name] = PriceTape(times_ns[own], ticks)
    return tapes


def _instrument(row: Mapping[str, Any]) -> Instrument:
    return Instrument(
        row["instrument_id"],
        row["family"] or row["instrument_id"],
        row["multiplier"],
        row["tick_size"],
        exchange_fee_cents=round((row["exchange_fee"] or 0.0) * 100),
    )


def _rows_of(dataset: Dataset, account_id: str, latest_time_ns: int) -> Iterator[dict[str, Any]]:
    for batch in dataset.order_batches(latest_time_ns=latest_time_ns, columns=ORDER_COLUMNS):
        yield from batch.filter(pc.equal(batch["account_id"], account_id)).to_pylist()


def _largest_lots(
    rows: Sequence[Mapping[str, Any]], lot_sizes: Mapping[str, float]
) -> dict[str, int]:
    held: Counter[str] = Counter()
    largest: dict[str, int] = {}
    for row in rows:
        if row["event_type"] == EventType.FILL and row["last_quantity"] is not None:
            name = row["instrument_id"]
            lots = round(row["last_quantity"] / lot_sizes.get(name, 1.0))
            held[name] += lots if row["side"] == Side.BUY else -lots
            largest[name] = max(largest.get(name, 0), abs(held[name]))
    return largest


def order_event(
    row: Mapping[str, Any], event_id: str, lot_sizes: Mapping[str, float]
) -> OrderEvent:
    """Return a row of orders as an event in whole lots.

    Parameters
    ----------
    row : mapping
        A row in canonical columns.
    event_id : str
        What the event is called.
    lot_sizes : mapping of str to float
        Quantity of one lot of each instrument; 1 where it is not known.
    """
    lot = lot_sizes.get(row["instrument_id"], 1.0)
    filled = row["last_quantity"]
    return OrderEvent(
        row["event_time_ns"],
        row["account_id"],
        row["instrument_id"],
        Side(row["side"]),
        round((row["quantity"] or 0.0) / lot),
        event_id,
        EventType(row["event_type"] or EventType.NEW),
        order_id=row["order_id"],
        client_order_id=row["client_order_id"],
        order_type=OrderType(row["order_type"] or _order_type(row)),
        limit_price=row["limit_price"],
        stop_price=row["stop_price"],
        last_quantity=None if filled is None else round(filled / lot),
        last_price=row["last_price"],
        parent_order_id=row["parent_order_id"],
        copy_group_id=row["copy_group_id"],
        automated=row["automated"],
        time_in_force=row["time_in_force"],
    )


def order_row(event: OrderEvent, lot_sizes: Mapping[str, float]) -> dict[str, Any]:
    """Return an event as a row of orders, what it does not say left out: undoes `order_event`."""
    lot = lot_sizes.get(event.instrument_id, 1.0)
    row = {name: value for name, value in event._asdict().items() if value is not None}
    filled = event.last_quantity
    return row | {
        "side": event.side.value,
        "event_type": event.event_type.value,
        "order_type": event.order_type.value,
        "quantity": event.quantity * lot,
        **({} if filled is None else {"last_quantity": filled * lot}),
    }


def _request(row: Mapping[str, Any], number: int, lot_sizes: Mapping[str, float]) -> OrderEvent:
    # The order's own name joins a request to the order that it changes.
    name = row["client_order_id"] or row["order_id"] or row["event_id"] or f"row-{number}"
    event = order_event(row, f"recorded-{number}", lot_sizes)
    return event._replace(order_id=None, client_order_id=name, last_quantity=None, last_price=None)


def _order_type(row: Mapping[str, Any]) -> OrderType:
    if row["stop_price"] is not None:
        return OrderType.STOP if row["limit_price"] is None else OrderType.STOP_LIMIT
    return OrderType.MARKET if row["limit_price"] is None else OrderType.LIMIT
