"""The tables of the data contract: their Arrow columns and what each column may hold.

The columns stand in the contract's order and in its types. `streams.orders` applies the rules.
Ids may hold any character: they are escaped where they are shown, not refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

import pyarrow as pa

MAX_TEXT_BYTES = 256
"""Longest id or other text, in UTF-8 bytes."""

MIN_TIME_NS = 631_152_000_000_000_000
"""1990-01-01: an earlier time is seconds or milliseconds taken for nanoseconds."""


class Side(StrEnum):
    """Which way an order goes."""

    BUY = "buy"
    SELL = "sell"


class EventType(StrEnum):
    """What happened to an order; an absent type means `new`."""

    NEW = "new"
    REPLACE = "replace"
    CANCEL = "cancel"
    FILL = "fill"
    REJECT = "reject"
    EXPIRE = "expire"


class OrderType(StrEnum):
    """How an order's price is set."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"


class IpKind(StrEnum):
    """What kind of network an address belongs to."""

    RESIDENTIAL = "residential"
    MOBILE = "mobile"
    HOSTING = "hosting"
    VPN = "vpn"


class AccountKind(StrEnum):
    """What kind of money an account trades."""

    EVALUATION = "evaluation"
    FUNDED = "funded"
    LIVE = "live"


def _schema(columns: Mapping[str, str]) -> pa.Schema:
    return pa.schema([pa.field(name, pa.type_for_alias(kind)) for name, kind in columns.items()])


ORDER_SCHEMA = _schema(
    {
        "event_time_ns": "int64",
        "account_id": "string",
        "instrument_id": "string",
        "side": "string",
        "quantity": "float64",
        "event_id": "string",
        "event_type": "string",
        "sequence": "int64",
        "order_id": "string",
        "client_order_id": "string",
        "firm_id": "string",
        "operator_id": "string",
        "order_type": "string",
        "time_in_force": "string",
        "limit_price": "float64",
        "stop_price": "float64",
        "last_quantity": "float64",
        "last_price": "float64",
        "session_id": "string",
        "automated": "bool",
        "copy_group_id": "string",
        "parent_order_id": "string",
    }
)
SESSION_SCHEMA = _schema(
    {
        "session_id": "string",
        "account_id": "string",
        "start_time_ns": "int64",
        "end_time_ns": "int64",
        "ip": "string",
        "ip_kind": "string",
        "asn": "string",
        "country": "string",
        "device_id": "string",
        "platform": "string",
    }
)
ACCOUNT_SCHEMA = _schema(
    {
        "account_id": "string",
        "firm_id": "string",
        "owner_id": "string",
        "email_hash": "string",
        "payment_hash": "string",
        "opened_time_ns": "int64",
        "account_kind": "string",
        "equity": "float64",
    }
)
DECLARATION_SCHEMA = _schema(
    {
        "declaration_id": "string",
        "leader_account_id": "string",
        "account_id": "string",
        "ratio": "float64",
        "software": "string",
        "effective_from_ns": "int64",
        "effective_to_ns": "int64",
    }
)
INSTRUMENT_SCHEMA = _schema(
    {
        "instrument_id": "string",
        "family": "string",
        "multiplier": "float64",
        "tick_size": "float64",
        "lot_size": "float64",
        "currency": "string",
        "exchange_fee": "float64",
    }
)


@dataclass(frozen=True, slots=True)
class TableSpec:
    """One table of the contract.

    `required` columns must exist and hold a value in every row, except an order's `quantity`,
    which only `new` and `replace` must give. `key` names what may occur once; orders have none,
    their duplicates are dropped by `event_id` later. `recent` are the times with bounds.
    """

    name: str
    schema: pa.Schema
    required: tuple[str, ...]
    key: tuple[str, ...] = ()
    allowed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    recent: tuple[str, ...] = ()
    positive: tuple[str, ...] = ()
    non_zero: tuple[str, ...] = ()


_TABLES = (
    TableSpec(
        "orders",
        ORDER_SCHEMA,
        required=("event_time_ns", "account_id", "instrument_id", "side", "quantity"),
        allowed={
            "side": tuple(Side),
            "event_type": tuple(EventType),
            "order_type": tuple(OrderType),
        },
        recent=("event_time_ns",),
    ),
    TableSpec(
        "sessions",
        SESSION_SCHEMA,
        required=("session_id", "account_id", "start_time_ns"),
        key=("session_id",),
        allowed={"ip_kind": tuple(IpKind)},
        recent=("start_time_ns",),
    ),
    TableSpec(
        "accounts",
        ACCOUNT_SCHEMA,
        required=("account_id",),
        key=("account_id",),
        allowed={"account_kind": tuple(AccountKind)},
    ),
    TableSpec(
        "declarations",
        DECLARATION_SCHEMA,
        required=("declaration_id", "leader_account_id", "account_id"),
        key=("declaration_id", "account_id"),  # one row an account
        non_zero=("ratio",),
    ),
    TableSpec(
        "instruments",
        INSTRUMENT_SCHEMA,
        required=("instrument_id",),
        key=("instrument_id",),
        positive=("multiplier", "tick_size", "lot_size"),
    ),
)
TABLES: Mapping[str, TableSpec] = MappingProxyType({spec.name: spec for spec in _TABLES})
"""Every table by name, in the contract's order."""


def type_rule(target: pa.DataType) -> str:
    """Return the rule that a value of a column keeps, in words."""
    if pa.types.is_string(target):
        return "must be text"
    if pa.types.is_boolean(target):
        return "must be true or false"
    if pa.types.is_integer(target):
        return "must be a whole number that fits in 64 bits"
    return "must be a number"
