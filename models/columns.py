"""The contracts between stages: what each takes and gives, as columns of integers.

Time is UTC nanoseconds (int64); accounts, families and instruments are dense codes; lots count
the family's smallest contract. Rows are sorted by (event_time_ns, sequence, event identity).
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from models.errors import ColumnError

BUY, SELL = 0, 1
NO_SEQUENCE = -1
SAME_SIDE, INVERSE = 0, 1
N_CHANNELS = 2


@dataclass(frozen=True, slots=True)
class OrderColumns:
    """New orders of many accounts, shape (n_orders,) each.

    `sequence` is NO_SEQUENCE where the venue gave none: such rows at one instant are a tie.
    `price_ticks` is meaningful where `has_price`.
    """

    event_time_ns: NDArray[np.int64]
    sequence: NDArray[np.int64]
    account: NDArray[np.int32]
    family: NDArray[np.int32]
    instrument: NDArray[np.int32]
    side: NDArray[np.int8]
    quantity_lots: NDArray[np.int64]
    price_ticks: NDArray[np.int64]
    has_price: NDArray[np.bool_]

    def __post_init__(self) -> None:
        n = self.event_time_ns.size
        for column in fields(self):
            size = getattr(self, column.name).size
            if size != n:
                raise ColumnError(f"{column.name} must have {n} rows, had {size}")
        if n > 1 and bool(np.any(self.event_time_ns[1:] < self.event_time_ns[:-1])):
            raise ColumnError("event_time_ns must not fall")

    def __len__(self) -> int:
        return int(self.event_time_ns.size)

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_] | slice) -> "OrderColumns":
        """Return the chosen rows, in the order given."""
        return OrderColumns(**{c.name: getattr(self, c.name)[rows] for c in fields(self)})

    @classmethod
    def empty(cls) -> "OrderColumns":
        """Return columns without rows."""
        wide, code = np.empty(0, np.int64), np.empty(0, np.int32)
        flag = np.empty(0, np.bool_)
        return cls(wide, wide, code, code, code, np.empty(0, np.int8), wide, wide, flag)

    @classmethod
    def concatenate(cls, parts: Sequence["OrderColumns"]) -> "OrderColumns":
        """Return the rows of all parts, which follow one another in time."""
        if not parts:
            return cls.empty()
        return cls(
            **{
                c.name: np.concatenate([getattr(part, c.name) for part in parts])
                for c in fields(cls)
            }
        )


@dataclass(frozen=True, slots=True)
class DecisionColumns:
    """Decisions: an account's child orders in one key, merged; shape (n_decisions,) each.

    Time, sequence, instrument and price are the first order's; `quantity_lots` sums the child
    orders.
    """

    event_time_ns: NDArray[np.int64]
    sequence: NDArray[np.int64]
    account: NDArray[np.int32]
    family: NDArray[np.int32]
    instrument: NDArray[np.int32]
    side: NDArray[np.int8]
    quantity_lots: NDArray[np.int64]
    price_ticks: NDArray[np.int64]
    has_price: NDArray[np.bool_]

    def __len__(self) -> int:
        return int(self.event_time_ns.size)

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_] | slice) -> "DecisionColumns":
        """Return the chosen rows, in the order given."""
        return DecisionColumns(**{c.name: getattr(self, c.name)[rows] for c in fields(self)})


CANCEL, REPLACE, STOP = 0, 1, 2
"""Kinds of later events: an order taken back, an order changed, a stop order placed."""


@dataclass(frozen=True, slots=True)
class LaterEvents:
    """What accounts did besides deciding, shape (n_events,) each, in event order.

    `price_ticks` is the stop price of a stop order, 0 for other kinds.
    """

    event_time_ns: NDArray[np.int64]
    account: NDArray[np.int32]
    family: NDArray[np.int32]
    side: NDArray[np.int8]
    kind: NDArray[np.int8]
    price_ticks: NDArray[np.int64]

    def __len__(self) -> int:
        return int(self.event_time_ns.size)

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> "LaterEvents":
        """Return the chosen rows, in the order given."""
        return LaterEvents(**{c.name: getattr(self, c.name)[rows] for c in fields(self)})

    @classmethod
    def empty(cls) -> "LaterEvents":
        """Return columns without rows."""
        wide, code, small = np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0, np.int8)
        return cls(wide, code, code, small, small, wide)

    @classmethod
    def concatenate(cls, parts: Sequence["LaterEvents"]) -> "LaterEvents":
        """Return the rows of all parts, which follow one another in time."""
        if not parts:
            return cls.empty()
        return cls(
            **{
                c.name: np.concatenate([getattr(part, c.name) for part in parts])
                for c in fields(cls)
            }
        )


@dataclass(frozen=True, slots=True)
class PairEvidence:
    """Evidence of ordered pairs, shape (n_pairs,) each, sorted by (leader, follower, channel).

    `ln_e` is the largest evidence the pair ever had in one family, or has now over all of them,
    each less the price of having looked in two ways: compare it with one threshold.
    """

    leader: NDArray[np.int32]
    follower: NDArray[np.int32]
    channel: NDArray[np.int8]
    ln_e: NDArray[np.float64]
    answers: NDArray[np.int64]
    opportunities: NDArray[np.int64]

    def __len__(self) -> int:
        return int(self.leader.size)

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> "PairEvidence":
        """Return the chosen pairs, in the order given."""
        return PairEvidence(**{c.name: getattr(self, c.name)[rows] for c in fields(self)})


def is_among(
    values: NDArray[np.integer], chosen: NDArray[np.integer] | Sequence[int]
) -> NDArray[np.bool_]:
    """Mark the values that are among the chosen ones; both are codes or rows, never negative."""
    chosen = np.asarray(chosen, np.int64)
    is_chosen = np.zeros(max(values.max(initial=0), chosen.max(initial=0)) + 1, np.bool_)
    is_chosen[chosen] = True
    marked: NDArray[np.bool_] = is_chosen[values]
    return marked
