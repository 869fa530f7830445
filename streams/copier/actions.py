"""What the copier does and is told besides orders: notices out, a person's commands in."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from streams.orderevents import OrderEvent


class NoticeCode(StrEnum):
    """Why something was not done, or was done without the leader: the code machines filter on."""

    UNMAPPED = "unmapped"
    STAMPED = "stamped"
    BAD_PRICE = "bad_price"
    BAD_QUANTITY = "bad_quantity"
    NO_MULTIPLIER = "no_multiplier"
    STALE_BALANCE = "stale_balance"
    SIZE_ZERO = "size_zero"
    UNKNOWN_FILL = "unknown_fill"
    LARGEST_ORDER = "largest_order"
    LARGEST_POSITION = "largest_position"
    LARGEST_COUNT = "largest_count"
    DAILY_LOSS = "daily_loss"
    TRAILING_DRAWDOWN = "trailing_drawdown"
    GIVE_BACK = "give_back"
    CONSISTENCY = "consistency"
    LEAD_EXPOSURE = "lead_exposure"
    LATE_ENTRY = "late_entry"
    LEAD_EXPOSURE_UNKNOWN = "lead_exposure_unknown"
    GROUP = "group"
    KILLED = "killed"
    REJECTED = "rejected"
    REQUEST_REJECTED = "request_rejected"
    ACK_MISSING = "ack_missing"
    UNFILLED = "unfilled"
    OVERFILLED = "overfilled"
    EXIT_OPENED = "exit_opened"
    OPPOSITE = "opposite"
    OUT_OF_SYNC = "out_of_sync"
    SYNCED = "synced"
    FLATTENED = "flattened"
    DISARMED = "disarmed"
    LOCKED = "locked"
    UNLOCKED = "unlocked"


class Notice(NamedTuple):
    """Something that a person may want to know: code, sentence and numbers."""

    time_ns: int
    account_id: str
    code: NoticeCode
    text: str
    numbers: Mapping[str, int]


class CommandKind(StrEnum):
    """What a person may tell the copier; the first two are the kill switch."""

    KILL_AND_FLATTEN = "kill_and_flatten"
    KILL_AND_HOLD = "kill_and_hold"
    ARM = "arm"


class Command(NamedTuple):
    """A person's word, to one follower or, without an account, to all; `reason` says why."""

    time_ns: int
    kind: CommandKind
    account_id: str | None = None
    reason: str = "the kill switch was used"


Action = OrderEvent | Notice
"""An order to send, replace or cancel, by its `event_type`; or a notice."""
