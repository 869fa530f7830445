"""Fingerprints: what an order looks like apart from who sent it, decision by decision.

Keeps 37 bytes a decision; batches of orders may be cut anywhere (docs/method.md, 6).
"""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from models.columns import OrderColumns
from models.decisions import DecisionStage
from models.kernels.decisions import BRACKET
from models.params import DAY_NS


@dataclass(frozen=True, slots=True)
class FingerprintColumns:
    """Decisions with what identifies them, shape (n_decisions,) each, in event order.

    `is_new` marks an account's first few decisions in the stream, `is_one_shot` those of accounts
    that make no more than these, `is_robot` those of accounts too busy to be people.
    """

    event_time_ns: NDArray[np.int64]
    account: NDArray[np.int32]
    instrument: NDArray[np.int32]
    side: NDArray[np.int8]
    quantity_lots: NDArray[np.int64]
    price_ticks: NDArray[np.int64]
    has_price: NDArray[np.bool_]
    is_new: NDArray[np.bool_]
    is_one_shot: NDArray[np.bool_]
    is_robot: NDArray[np.bool_]

    def __len__(self) -> int:
        return int(self.event_time_ns.size)

    def take(self, rows: NDArray[np.int64]) -> "FingerprintColumns":
        """Return the chosen rows, in the order given."""
        return FingerprintColumns(**{c.name: getattr(self, c.name)[rows] for c in fields(self)})


class FingerprintLog:
    """Collects the fingerprints of an order stream.

    Parameters
    ----------
    merge_ns, bracket_ns : int
        As for `DecisionStage`.
    n_accounts : int
        Accounts of the venue.
    new_decisions : int
        An account is new for this many decisions.
    robot_decisions_a_day : float
        An account with more of them a day of the stream is a robot.
    """

    def __init__(
        self,
        *,
        merge_ns: int,
        bracket_ns: int,
        n_accounts: int,
        new_decisions: int,
        robot_decisions_a_day: float,
    ) -> None:
        self._stage = DecisionStage(merge_ns=merge_ns, bracket_ns=bracket_ns)
        self._new_decisions = new_decisions
        self._robot_decisions_a_day = robot_decisions_a_day
        self._n_decisions_of = np.zeros(n_accounts, np.int64)
        self._n_decisions = 0
        self._parts: list[FingerprintColumns] = []
        self._added: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []

    def add(self, orders: OrderColumns) -> None:
        """Take the next orders, in event order."""
        opened = self._stage.process(orders)
        first = orders.take(opens := opened.opens)
        lots = first.quantity_lots.copy()
        # Child orders of this batch's decisions add up here, those of earlier ones at the end.
        late = ~opens & (opened.decision != BRACKET)
        place = opened.decision[late] - self._n_decisions
        here = place >= 0
        np.add.at(lots, place[here], orders.quantity_lots[late][here])
        if not here.all():
            self._added.append((opened.decision[late][~here], orders.quantity_lots[late][~here]))
        earlier = self._n_decisions_of[first.account] + _occurrence(first.account)
        self._n_decisions_of += np.bincount(first.account, minlength=self._n_decisions_of.size)
        self._n_decisions += len(first)
        self._parts.append(
            FingerprintColumns(
                event_time_ns=first.event_time_ns,
                account=first.account,
                instrument=first.instrument,
                side=first.side,
                quantity_lots=lots,
                price_ticks=first.price_ticks,
                has_price=first.has_price,
                is_new=earlier < self._new_decisions,
                is_one_shot=np.empty(0, np.bool_),
                is_robot=np.empty(0, np.bool_),
            )
        )

    def columns(self) -> FingerprintColumns:
        """Return everything collected so far."""
        if not self._parts:
            self.add(OrderColumns.empty())
        joined = {
            c.name: np.concatenate([getattr(part, c.name) for part in self._parts])
            for c in fields(FingerprintColumns)
        }
        for decision, lots in self._added:
            np.add.at(joined["quantity_lots"], decision, lots)
        is_rare = self._n_decisions_of <= self._new_decisions
        joined["is_one_shot"] = is_rare[joined["account"]]
        times = joined["event_time_ns"]
        days = max((int(times[-1]) - int(times[0])) / DAY_NS, 1.0) if times.size else 1.0
        is_robot = self._n_decisions_of > self._robot_decisions_a_day * days
        joined["is_robot"] = is_robot[joined["account"]]
        return FingerprintColumns(**joined)


def _occurrence(values: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return how often each value occurred before in the array."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    is_first = np.ones(values.size, np.bool_)
    is_first[1:] = ordered[1:] != ordered[:-1]
    start = np.maximum.accumulate(np.where(is_first, np.arange(values.size), 0))
    result = np.empty(values.size, np.int64)
    result[order] = np.arange(values.size) - start
    return result
