"""The copy plan: who follows whom, in which sizes, inside which limits.

Plain frozen records; `plan_file` reads them from a file and says what is wrong there. The bounds
of a field stand in its type, `__post_init__` says what concerns several fields at once.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from annotated_types import Ge, Gt, Le, MinLen

_STRICT: dict[str, Any] = {"extra": "forbid"}

Name = Annotated[str, MinLen(1)]
Lots = Annotated[int, Ge(1)]
Cents = Annotated[int, Ge(1)]
Percent = Annotated[int, Ge(1), Le(100)]
Seconds = Annotated[int, Ge(1)]


class CopyMode(StrEnum):
    """What is copied: the leader's orders as they are placed, or its fills at market."""

    ORDERS = "orders"
    FILLS = "fills"


class SizeMode(StrEnum):
    """What a follower's size is measured by."""

    FIXED = "fixed"
    RATIO = "ratio"
    EQUITY = "equity"
    BALANCE = "balance"
    NOTIONAL = "notional"


class Rounding(StrEnum):
    """What becomes of a fraction of a contract.

    `micros` trades the smallest contract of the family instead, so that half an ES is five MES.
    """

    DOWN = "down"
    NEAREST = "nearest"
    CARRY = "carry"
    MICROS = "micros"


class Response(StrEnum):
    """What happens to a position that may not grow: closed, or kept until the leader closes."""

    FLATTEN = "flatten"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class Size:
    """How a follower's size comes from the leader's.

    Attributes
    ----------
    mode : SizeMode
        Fixed lots an order; a ratio of the leader's lots, or of its value (`notional`, aware of
        the multiplier); or in proportion to equity or balance.
    value : Decimal
        The lots of `fixed`; else the ratio, from -100 to 100 and not 0. Below 0 it is inverse.
    rounding : Rounding
        What becomes of fractions.
    minimum_lots, maximum_lots : int
        An entry is raised or cut to these.
    target : bool
        Size each order to the rounded position that the ratio asks for, less what is held.
    """

    mode: SizeMode = SizeMode.RATIO
    value: Annotated[Decimal, Ge(-100), Le(100)] = Decimal(1)
    rounding: Rounding = Rounding.NEAREST
    minimum_lots: Annotated[int, Ge(0)] = 0
    maximum_lots: Lots | None = None
    target: bool = False
    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT

    def __post_init__(self) -> None:
        if self.value == 0:
            raise ValueError("value must not be 0")
        if self.mode is SizeMode.FIXED and (self.value < 1 or self.value % 1 != 0):
            raise ValueError(
                "value must be a whole number of lots, at least 1, where mode is fixed"
            )
        if self.maximum_lots is not None and self.minimum_lots > self.maximum_lots:
            raise ValueError("minimum_lots must be at most maximum_lots")
        if self.target and self.mode not in (SizeMode.RATIO, SizeMode.NOTIONAL):
            raise ValueError("target needs a fixed ratio: mode ratio or notional")
        if self.target and self.rounding is Rounding.CARRY:
            raise ValueError("target keeps no remainder: rounding must be down, nearest or micros")
        if self.target and (self.minimum_lots or self.maximum_lots):
            raise ValueError("target decides every size: bound it by largest_position_lots")


@dataclass(frozen=True, slots=True)
class Translation:
    """The leader's instrument and the follower's: `per` lots of the one are `lots` of the other."""

    leader_instrument_id: Name
    instrument_id: Name
    lots: Lots = 1
    per: Lots = 1
    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT


@dataclass(frozen=True, slots=True)
class Margin:
    """What one open contract of an instrument costs the leader."""

    instrument_id: Name
    margin_cents: Cents
    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT


@dataclass(frozen=True, slots=True)
class Limits:
    """Guards of a follower, or of all followers together; None is no limit.

    Order, position and count refuse the order that would break them. The others lock: until the
    next trading day, the trailing drawdown until a person says so.

    Attributes
    ----------
    largest_order_lots, largest_position_lots, largest_count : int
        Of one entry; of the position it leads to in its instrument; of entries in a day.
    daily_loss_cents : int
        Loss of the day.
    trailing_drawdown_cents : int
        Fall of the equity from its highest point.
    give_back_cents : int
        Fall of the day's profit from its highest point.
    profit_target_cents, consistency_percent : int
        The consistency lock: no day may make more than this share of the profit target.
    when_locked : Response
        What happens to the open position.
    """

    largest_order_lots: Lots | None = None
    largest_position_lots: Lots | None = None
    largest_count: Lots | None = None
    daily_loss_cents: Cents | None = None
    trailing_drawdown_cents: Cents | None = None
    give_back_cents: Cents | None = None
    profit_target_cents: Cents | None = None
    consistency_percent: Percent = 30
    when_locked: Response = Response.FLATTEN
    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT

    @property
    def count_money(self) -> bool:
        """Whether any limit is one of money."""
        return any(
            (
                self.daily_loss_cents,
                self.trailing_drawdown_cents,
                self.give_back_cents,
                self.profit_target_cents,
            )
        )


@dataclass(frozen=True, slots=True)
class DriftRules:
    """When a follower counts as out of step with its leader, and what is done.

    Attributes
    ----------
    ack_s : int
        An order without an answer for so long counts as lost.
    unfilled_s : int
        What is still not filled so long after the leader's order was.
    sync_s : int
        Positions are compared so often, at least every 3 s; a difference that lasted a whole
        interval is acted on.
    balance_age_s : int
        A balance or equity older than this sizes nothing, and guards of money go by fills then.
    retry_s : int
        After a close that the market did not fill, the next one waits so long.
    late_entry_s : int
        An entry that the leader sent so long before the copier's time is not copied any more.
    on_breach : Response
        What happens to the position.
    """

    ack_s: Seconds = 5
    unfilled_s: Seconds = 10
    sync_s: Annotated[int, Ge(3)] = 10
    balance_age_s: Seconds = 60
    retry_s: Seconds = 1
    late_entry_s: Seconds = 5
    on_breach: Response = Response.FLATTEN
    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT

    @property
    def balance_age_ns(self) -> int:
        """Return `balance_age_s` in nanoseconds."""
        return self.balance_age_s * 1_000_000_000


@dataclass(frozen=True, slots=True)
class FollowerPlan:
    """One follower: its account, whose it is, its sizes, instruments and limits.

    Where there are translations, an instrument that is neither translated nor among `instruments`
    is ignored; where there are none and `instruments` is empty, everything is copied.
    """

    account_id: Name
    owner_id: Name
    declaration_id: Name
    size: Size = Size()
    translations: tuple[Translation, ...] = ()
    instruments: tuple[Name, ...] = ()
    limits: Limits = Limits()
    commission_cents: Annotated[int, Ge(0)] = 0
    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole copier.

    Attributes
    ----------
    plan_id : str
        Stamped on every order as `copy_group_id`.
    leader_account_id : str
        Whose orders are copied.
    followers : tuple of FollowerPlan
        Who copies, in the order in which they are served.
    mode : CopyMode
        Orders or fills.
    group_limits : Limits
        Of all followers together.
    lead_exposure_percent : int or None
        Most that the leader's open contracts may cost, of its balance, for entries to be copied.
    margins : tuple of Margin
        What a contract costs there; one of another instrument costs its full value.
    day_starts_s : int
        When the trading day begins, seconds after midnight UTC; 22:00 is 17:00 in Chicago.
    """

    plan_id: Name
    leader_account_id: Name
    followers: Annotated[tuple[FollowerPlan, ...], MinLen(1)]
    mode: CopyMode = CopyMode.ORDERS
    drift: DriftRules = DriftRules()
    group_limits: Limits = Limits()
    lead_exposure_percent: Annotated[int, Gt(0)] | None = 30
    margins: tuple[Margin, ...] = ()
    leader_commission_cents: Annotated[int, Ge(0)] = 0
    day_starts_s: Annotated[int, Ge(0), Le(86_399)] = 79_200
    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT
