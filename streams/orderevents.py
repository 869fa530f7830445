"""Single order events, and the two other things that a copier is told: time and money.

Detection works on batches; a copier and a venue work on one event after the other. The fields are
the columns of the contract. A request to the venue is the same record as the event it leads to:
`new`, `replace` and `cancel` ask when they go in, and state a fact when they come out. All are
named tuples: a copier makes one for every order, and they are made in a fraction of the time that
a frozen dataclass takes.
"""

from enum import StrEnum
from typing import NamedTuple

from streams.tables import OrderType, Side

__all__ = ["AccountUpdate", "EventType", "OrderEvent", "OrderType", "Side", "Tick", "sign_of"]


class EventType(StrEnum):
    """What happened to an order: the contract's words, and the venue's acknowledgment."""

    NEW = "new"
    ACK = "ack"
    REPLACE = "replace"
    CANCEL = "cancel"
    FILL = "fill"
    REJECT = "reject"
    EXPIRE = "expire"


class OrderEvent(NamedTuple):
    """One event of one order, or the request for it.

    `quantity` and `last_quantity` are whole lots of the instrument; prices are as on the wire. Of a
    `replace` the quantity is the whole order's, what has filled included. The `client_order_id`
    stays with the order for life; a request is told from another by its `event_id`.
    """

    event_time_ns: int
    account_id: str
    instrument_id: str
    side: Side
    quantity: int
    event_id: str
    event_type: EventType
    order_id: str | None = None
    client_order_id: str | None = None
    order_type: OrderType = OrderType.MARKET
    limit_price: float | None = None
    stop_price: float | None = None
    last_quantity: int | None = None
    last_price: float | None = None
    parent_order_id: str | None = None
    copy_group_id: str | None = None
    automated: bool | None = None
    time_in_force: str | None = None


class Tick(NamedTuple):
    """Time has come so far; with `catches_up`, what happened until then is still to be told."""

    time_ns: int
    catches_up: bool = False


class AccountUpdate(NamedTuple):
    """What an account holds: `balance_cents` without, `equity_cents` with its open positions."""

    time_ns: int
    account_id: str
    balance_cents: int
    equity_cents: int


def sign_of(side: Side) -> int:
    """Return 1 for a purchase, -1 for a sale."""
    return 1 if side == Side.BUY else -1
