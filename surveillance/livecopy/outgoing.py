"""The copies as records of the outbox: JSON of the contract's columns of orders."""

from collections.abc import Mapping, Sequence

import pyarrow as pa

from streams.codec import encode_json
from streams.copier import Action
from streams.orderevents import OrderEvent
from streams.tables import TABLES
from surveillance.jobs.copying.records import order_row
from surveillance.store.live import OutboxRecord


def order_records(
    actions: Sequence[Action], topic: str, lot_sizes: Mapping[str, float]
) -> list[OutboxRecord]:
    """Return the requests among actions as records keyed by account, each known by its event id.

    Parameters
    ----------
    actions : sequence of Action
        What the copier did.
    topic : str
        Where they go.
    lot_sizes : mapping of str to float
        Quantity of one lot of each instrument; 1 where it is not known.
    """
    orders = [action for action in actions if isinstance(action, OrderEvent)]
    return [
        OutboxRecord(topic, order.account_id, line.decode(), order.event_id)
        for order, line in zip(orders, order_lines(orders, lot_sizes), strict=True)
    ]


def order_lines(orders: Sequence[OrderEvent], lot_sizes: Mapping[str, float]) -> list[bytes]:
    """Return each order as one JSON object of the contract's columns."""
    if not orders:
        return []
    rows = [order_row(order, lot_sizes) for order in orders]
    return encode_json(pa.RecordBatch.from_pylist(rows, schema=TABLES["orders"].schema))
