"""Guards: what an account, or all followers together, may lose, make and hold.

Limits of money are looked at with every fill of the account, every report of its equity and every
tick. They are measured by the last report as long as it is fresh: it holds moves of the price that
no fill has shown yet, and the next fill would count them again. Where no fresh report is, the last
one and what the fills since have made of it is the measure; a guard too early beats none.
"""

from dataclasses import dataclass
from typing import Any

from streams.copier.actions import NoticeCode
from streams.copier.money import Ledger
from streams.copier.plan import Limits
from streams.orderevents import AccountUpdate


@dataclass(frozen=True, slots=True)
class Breach:
    """A limit that does not hold: which, in words, in numbers."""

    code: NoticeCode
    text: str
    numbers: dict[str, int]
    is_for_the_day: bool = True


@dataclass(frozen=True, slots=True)
class Lock:
    """No entries until a trading day, or until a person says so (None)."""

    code: NoticeCode
    text: str
    until_day: int | None

    def is_over(self, today: int) -> bool:
        """Whether it holds no longer on a trading day."""
        return self.until_day is not None and self.until_day <= today


class Standing:
    """Equity against what it was: at the start of the day, its highest of the day and ever."""

    __slots__ = ("day_open_cents", "day_peak_cents", "equity_cents", "peak_cents")

    def __init__(self) -> None:
        self.equity_cents = self.day_open_cents = self.day_peak_cents = self.peak_cents = 0

    def look(self, equity_cents: int) -> None:
        """Take the equity of now."""
        self.equity_cents = equity_cents
        self.day_peak_cents = max(self.day_peak_cents, equity_cents)
        self.peak_cents = max(self.peak_cents, equity_cents)

    def start_day(self) -> None:
        """Begin a trading day."""
        self.day_open_cents = self.day_peak_cents = self.equity_cents

    def shift(self, cents: int) -> None:
        """Move everything: the first report says what was there from the start."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + cents)

    def snapshot(self) -> list[int]:
        """Return the state as plain JSON types."""
        return [getattr(self, name) for name in self.__slots__]

    def restore(self, snapshot: list[int]) -> None:
        """Go back to a state that `snapshot` returned."""
        for name, value in zip(self.__slots__, snapshot, strict=True):
            setattr(self, name, value)


class Purse:
    """The money of one account: what was last reported, and where it stands now.

    Parameters
    ----------
    ledger : Ledger
        Takes the account's fills.
    fresh_ns : int
        How old a report may be to count as what the account has now.

    Attributes
    ----------
    reported_ns : int or None
        When balance and equity were last reported.
    """

    __slots__ = (
        "_fresh_ns",
        "_offset_cents",
        "_reported_cents",
        "balance_cents",
        "ledger",
        "reported_ns",
        "standing",
    )

    def __init__(self, ledger: Ledger, fresh_ns: int) -> None:
        self.ledger = ledger
        self._fresh_ns = fresh_ns
        self.standing = Standing()
        self.balance_cents = 0
        self.reported_ns: int | None = None
        self._reported_cents = 0
        self._offset_cents = 0

    def report(self, update: AccountUpdate) -> int:
        """Take a report; return by how much the first one moves the standing."""
        if self.reported_ns is not None and update.time_ns < self.reported_ns:
            return 0
        self._reported_cents = update.equity_cents
        self._offset_cents = update.equity_cents - self.ledger.profit_cents()
        self.balance_cents = update.balance_cents
        shift = update.equity_cents - self.standing.equity_cents if self.reported_ns is None else 0
        self.standing.shift(shift)
        self.reported_ns = update.time_ns
        self.look(update.time_ns)
        return shift

    def equity_cents(self) -> int:
        """Return the last equity reported and what fills made of it since, at the last prices."""
        return self.ledger.profit_cents() + self._offset_cents

    def look(self, time_ns: int) -> None:
        """Bring the standing up to now: the last report where it is fresh, else with the fills."""
        is_fresh = self.is_fresh(time_ns)
        self.standing.look(self._reported_cents if is_fresh else self.equity_cents())

    def is_fresh(self, time_ns: int) -> bool:
        """Whether balance and equity were reported lately."""
        return self.reported_ns is not None and time_ns - self.reported_ns <= self._fresh_ns

    def snapshot(self) -> dict[str, Any]:
        """Return the state as plain JSON types."""
        return {
            "ledger": self.ledger.snapshot(),
            "standing": self.standing.snapshot(),
            "balance_cents": self.balance_cents,
            "reported_ns": self.reported_ns,
            "reported_cents": self._reported_cents,
            "offset_cents": self._offset_cents,
        }

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Go back to a state that `snapshot` returned."""
        self.ledger.restore(snapshot["ledger"])
        self.standing.restore(snapshot["standing"])
        self.balance_cents = snapshot["balance_cents"]
        self.reported_ns = snapshot["reported_ns"]
        self._reported_cents = snapshot["reported_cents"]
        self._offset_cents = snapshot["offset_cents"]


def money_breach(limits: Limits, standing: Standing) -> Breach | None:
    """Return the first limit of money that a standing breaks, the worst consequence first."""
    equity = standing.equity_cents
    checks = (
        (
            NoticeCode.TRAILING_DRAWDOWN,
            "equity fell from its highest point by the trailing drawdown",
            standing.peak_cents - equity,
            limits.trailing_drawdown_cents,
        ),
        (
            NoticeCode.DAILY_LOSS,
            "the loss of the day reached its limit",
            standing.day_open_cents - equity,
            limits.daily_loss_cents,
        ),
        (
            NoticeCode.GIVE_BACK,
            "the profit of the day fell from its highest point by the give-back",
            standing.day_peak_cents - equity,
            limits.give_back_cents,
        ),
        (
            NoticeCode.CONSISTENCY,
            f"the day made {limits.consistency_percent}% of the profit target: followers wait for "
            "the next trading day",
            equity - standing.day_open_cents,
            consistency_limit_cents(limits),
        ),
    )
    for code, text, cents, limit in checks:
        if limit is not None and cents >= limit:
            is_for_the_day = code is not NoticeCode.TRAILING_DRAWDOWN
            return Breach(code, text, {"cents": cents, "limit_cents": limit}, is_for_the_day)
    return None


def consistency_limit_cents(limits: Limits) -> int | None:
    """Return what one day may make, rounded down; None without a profit target.

    Examples
    --------
    >>> consistency_limit_cents(Limits(profit_target_cents=300_000, consistency_percent=30))
    90000
    """
    if limits.profit_target_cents is None:
        return None
    return limits.profit_target_cents * limits.consistency_percent // 100


def order_breach(limits: Limits, *, lots: int, position_lots: int, count: int) -> Breach | None:
    """Return the first limit that an entry would break.

    Parameters
    ----------
    limits : Limits
        Of the follower or the group.
    lots : int
        Of the entry.
    position_lots : int
        Largest position that it and the orders in the market can lead to.
    count : int
        Entries of the day before it.
    """
    checks = (
        (NoticeCode.LARGEST_ORDER, "order", lots, limits.largest_order_lots),
        (NoticeCode.LARGEST_POSITION, "position", position_lots, limits.largest_position_lots),
        (NoticeCode.LARGEST_COUNT, "number of entries", count + 1, limits.largest_count),
    )
    for code, what, value, limit in checks:
        if limit is not None and value > limit:
            text = f"the {what} would be {value}, at most {limit} is allowed: entry not copied"
            return Breach(code, text, {"value": value, "limit": limit})
    return None


def lock_snapshot(lock: Lock | None) -> list[Any] | None:
    """Return a lock as plain JSON types."""
    return None if lock is None else [lock.code.value, lock.text, lock.until_day]


def lock_of(snapshot: list[Any] | None) -> Lock | None:
    """Return the lock that `lock_snapshot` described."""
    return None if snapshot is None else Lock(NoticeCode(snapshot[0]), snapshot[1], snapshot[2])
