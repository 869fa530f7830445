"""The decision stage: an account's child orders in one key become one decision.

A decision opens with an order that comes more than `merge_ns` after the first order of the
account's previous decision in the same (family, side); later orders until then add to its size.
Without the merge child orders repeat one co-occurrence many times. A priced order on the other
side within `bracket_ns` of a decision is its stop or target, no decision of its own: followers
guard their positions as they like (method, section 1).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.columns import DecisionColumns, OrderColumns
from models.errors import ParameterError
from models.kernels.decisions import BRACKET, EMPTY, open_decisions, rehash

Snapshot = dict[str, NDArray[np.generic]]


@dataclass(frozen=True, slots=True)
class OpenedDecisions:
    """Per order: its node (account in family), its decision's number, whether it opens it.

    The decision of a stop or target order is -1.
    """

    node: NDArray[np.int32]
    decision: NDArray[np.int64]
    opens: NDArray[np.bool_]


class DecisionStage:
    """Numbers the decisions of an order stream; batches may be cut anywhere.

    Parameters
    ----------
    merge_ns : int
        Orders within this time of a decision's first order belong to it, at least 1.
    bracket_ns : int
        Priced orders on the other side within this time of it guard it, at least 0.
    """

    def __init__(self, *, merge_ns: int, bracket_ns: int) -> None:
        if merge_ns < 1:
            raise ParameterError(f"merge_ns must be at least 1, was {merge_ns}")
        if bracket_ns < 0:
            raise ParameterError(f"bracket_ns must be at least 0, was {bracket_ns}")
        self._merge_ns = merge_ns
        self._bracket_ns = bracket_ns
        self._keys = np.full(64, EMPTY, np.int64)
        self._key_nodes = np.zeros(64, np.int32)
        self._node_account = np.zeros(32, np.int32)
        self._node_family = np.zeros(32, np.int32)
        self._opened_ns = np.zeros((32, 2), np.int64)
        self._current = np.zeros((32, 2), np.int64)
        self._counters = np.zeros(2, np.int64)

    @property
    def n_nodes(self) -> int:
        """Number of (account, family) pairs met."""
        return int(self._counters[0])

    @property
    def node_account(self) -> NDArray[np.int32]:
        """Account of each node, shape (n_nodes,)."""
        return self._node_account[: self.n_nodes]

    @property
    def node_family(self) -> NDArray[np.int32]:
        """Family of each node, shape (n_nodes,)."""
        return self._node_family[: self.n_nodes]

    def process(self, orders: OrderColumns) -> OpenedDecisions:
        """Return node, decision and whether it opens one, for each order of the next batch."""
        n = len(orders)
        opened = OpenedDecisions(
            np.empty(n, np.int32), np.empty(n, np.int64), np.empty(n, np.bool_)
        )
        done = 0
        while True:
            done = open_decisions(
                orders.event_time_ns,
                orders.account,
                orders.family,
                orders.side,
                orders.has_price,
                done,
                self._merge_ns,
                self._bracket_ns,
                self._keys,
                self._key_nodes,
                self._node_account,
                self._node_family,
                self._opened_ns,
                self._current,
                self._counters,
                opened.node,
                opened.opens,
                opened.decision,
            )
            if done == n:
                return opened
            self._grow()

    def snapshot(self) -> Snapshot:
        """Return the state as named arrays."""
        return {name: getattr(self, f"_{name}").copy() for name in _STATE}

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to a state that `snapshot` returned."""
        for name in _STATE:
            setattr(self, f"_{name}", snapshot[name].copy())

    def _grow(self) -> None:
        keys = np.full(2 * self._keys.size, EMPTY, np.int64)
        key_nodes = np.zeros(keys.size, np.int32)
        rehash(self._keys, self._key_nodes, keys, key_nodes)
        self._keys, self._key_nodes = keys, key_nodes
        for name in ("_node_account", "_node_family", "_opened_ns", "_current"):
            setattr(self, name, grown(getattr(self, name), keys.size // 2))


_STATE = (
    "keys",
    "key_nodes",
    "node_account",
    "node_family",
    "opened_ns",
    "current",
    "counters",
)


def grown(array: NDArray[np.generic], size: int) -> NDArray[np.generic]:
    """Return a copy with `size` rows, the new ones zero."""
    larger = np.zeros((size, *array.shape[1:]), array.dtype)
    larger[: len(array)] = array
    return larger


def merge_orders(orders: OrderColumns, *, merge_ns: int, bracket_ns: int) -> DecisionColumns:
    """Return the decisions of closed order columns, in the order they opened.

    Parameters
    ----------
    orders : OrderColumns
        Sorted new orders, shape (n_orders,).
    merge_ns, bracket_ns : int
        As for `DecisionStage`.

    Returns
    -------
    DecisionColumns
        Time, instrument and price of each decision's first order, quantity of all its orders.
    """
    opened = DecisionStage(merge_ns=merge_ns, bracket_ns=bracket_ns).process(orders)
    first = orders.take(opened.opens)
    lots = np.zeros(len(first), np.int64)
    sized = opened.decision != BRACKET
    np.add.at(lots, opened.decision[sized], orders.quantity_lots[sized])
    return DecisionColumns(
        event_time_ns=first.event_time_ns,
        sequence=first.sequence,
        account=first.account,
        family=first.family,
        instrument=first.instrument,
        side=first.side,
        quantity_lots=lots,
        price_ticks=first.price_ticks,
        has_price=first.has_price,
    )
