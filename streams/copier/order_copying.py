"""Orders copied as orders: new, replaced, ended; and exits that fit what is held.

An order is an exit as far as it takes the leader's position away, and its copy then takes away the
same share of the follower's. A bracket's stop and target (`parent_order_id` names the entry they
guard) are exits before the entry has filled: their copies wait until the follower holds something.
"""

from streams.copier.actions import NoticeCode
from streams.copier.entries import allowed_lots, entry_lots
from streams.copier.follower import Follower, FollowerState
from streams.copier.group import CopyGroup
from streams.copier.lane import FollowerOrder, Lane
from streams.copier.leader import LeaderOrder, mirrored
from streams.copier.plan import CopyMode
from streams.copier.sizing import closing_lots
from streams.copier.turn import Turn
from streams.orderevents import OrderType


def copy_order(
    turn: Turn, group: CopyGroup, follower: Follower, lane: Lane, order: LeaderOrder
) -> None:
    """Copy a new order of the leader."""
    sign = order.sign * follower.direction
    closes, opens = copy_lots(turn, group, follower, lane, order, None)
    lots = allowed_lots(turn, group, follower, lane, sign, closes, opens)
    if lots:
        send_copy(turn, follower, lane, order, lots, closes=lots == closes)


def copy_replace(
    turn: Turn, group: CopyGroup, follower: Follower, lane: Lane, order: LeaderOrder
) -> None:
    """Copy new sizes and prices of an order of the leader."""
    copy = lane.copies.get(order.order_id)
    if copy is None or (not copy.is_open and copy.filled == 0):
        if order.is_open:
            copy_order(turn, group, follower, lane, order)
        return
    if not copy.is_open or copy.cancel_ns:
        return
    sign = order.sign * follower.direction
    closes, opens = copy_lots(turn, group, follower, lane, order, copy)
    lots = allowed_lots(turn, group, follower, lane, sign, closes, opens, copy=copy)
    copy.closes = copy.closes and lots == closes
    is_repriced = _reprice(follower, order, copy)
    _resize(turn, follower, lane, copy, lots, is_repriced=is_repriced)


def follow_fill(turn: Turn, lane: Lane, order: LeaderOrder) -> None:
    """Take note that an order of the leader has filled: its copy is due."""
    if order.is_open:
        return
    copy = lane.copies.pop(order.order_id, None)
    if copy is not None and copy.is_open and not copy.owed_ns:
        copy.owed_ns = turn.time_ns


def fit_exits(turn: Turn, group: CopyGroup, follower: Follower, lane: Lane) -> None:
    """Size the copies of the leader's resting exits to what both hold now, and send those missing.

    Called when the leader's position has changed, and when the follower's has grown.
    """
    for order in lane.leader_orders(group.leader):
        base = _base_units(group, lane, order)
        if order.order_type == OrderType.MARKET or base * order.sign >= 0:
            continue
        copy = lane.copies.get(order.order_id)
        lots, _ = copy_lots(turn, group, follower, lane, order, copy, exit_only=True)
        if copy is None or (not copy.is_open and copy.filled == 0):
            if lots:
                send_copy(turn, follower, lane, order, lots, closes=True)
            continue
        turns_round = order.quantity * lane.route.units[order.instrument_id] > abs(base)
        if copy.is_open and not copy.cancel_ns and (copy.closes or not turns_round):
            copy.closes = True
            _resize(turn, follower, lane, copy, lots)


def trim_exits(turn: Turn, follower: Follower, lane: Lane) -> None:
    """Cut resting exits to what is held: of a stop and a target only one may close it."""
    held = lane.line.lots
    for order in list(lane.orders.values()):
        if not order.closes or order.cancel_ns or order.order_type == OrderType.MARKET:
            continue
        room = max(-order.sign * held, 0)
        if order.remaining > room:
            _resize(turn, follower, lane, order, order.filled + room)


def copy_lots(
    turn: Turn,
    group: CopyGroup,
    follower: Follower,
    lane: Lane,
    order: LeaderOrder,
    copy: FollowerOrder | None,
    *,
    exit_only: bool = False,
) -> tuple[int, int]:
    """Return how much of an order's copy closes and how much opens, over its whole life.

    What order and copy have filled is taken back first, so the answer for an order half filled
    is that for the same order when it was new.

    Parameters
    ----------
    turn, group, follower, lane
        Whose.
    order : LeaderOrder
        What is copied.
    copy : FollowerOrder or None
        Its copy so far.
    exit_only : bool
        Ask for the closing part alone.
    """
    sign = order.sign * follower.direction
    units = order.quantity * lane.route.units[order.instrument_id]
    base = _base_units(group, lane, order)
    held = lane.due_lots(sign)
    if copy is not None:
        held -= copy.sign * (copy.filled + (copy.remaining if copy.owed_ns else 0))
    closable = max(-sign * held, 0)
    if follower.own.size.target:
        wanted = max((lane.target(base + order.sign * units) - held) * sign, 0)
        closes = min(wanted, closable)
        return closes, wanted - closes
    closing = min(units, abs(base)) if base * order.sign < 0 else 0
    closes = closing_lots(closable, closing, abs(base), lane.rounding) if closing else 0
    opening = units - closing
    if opening == 0 or exit_only or _guarded(group, order):
        return closes, 0
    lots = entry_lots(turn, group, follower, lane, opening, carries=copy is None)
    if lots == 0 and closes == 0:
        turn.note(
            follower.account_id,
            NoticeCode.SIZE_ZERO,
            "the size rounds to zero: entry not copied",
            leader_lots=order.quantity,
        )
    return closes, lots


def send_copy(
    turn: Turn, follower: Follower, lane: Lane, order: LeaderOrder, lots: int, *, closes: bool
) -> None:
    """Send the copy of an order."""
    order_type, limit_price, stop_price = _prices(follower, order)
    copy = follower.send(
        turn,
        lane,
        sign=order.sign * follower.direction,
        lots=lots,
        closes=closes,
        parent_order_id=order.order_id,
        order_type=order_type,
        limit_price=limit_price,
        stop_price=stop_price,
        time_in_force=order.time_in_force,
    )
    if order.is_open:
        lane.copies[order.order_id] = copy
    elif not copy.owed_ns:
        copy.owed_ns = turn.time_ns


def takes_copies(follower: Follower, lane: Lane) -> bool:
    """Whether anything is copied at all; a lock alone still lets exits through."""
    return follower.state is not FollowerState.DISARMED and not lane.is_flattening


def _prices(follower: Follower, order: LeaderOrder) -> tuple[OrderType, float | None, float | None]:
    if follower.direction < 0:
        return mirrored(order)
    return order.order_type, order.limit_price, order.stop_price


def _guarded(group: CopyGroup, order: LeaderOrder) -> LeaderOrder | None:
    """Return the entry that a bracket's leg guards, None for an order of its own."""
    guarded = group.leader.orders.get(order.guarded_order_id or "")
    return guarded if guarded is not None and guarded.sign == -order.sign else None


def _base_units(group: CopyGroup, lane: Lane, order: LeaderOrder) -> int:
    """Return the leader's position as it is without this order, in units of the lane.

    Around a bracket's leg the entry that it guards counts as filled.
    """
    per_lot = lane.route.units[order.instrument_id]
    base = lane.leader_units(group.leader, CopyMode.ORDERS)
    own = order.filled
    if order.order_type == OrderType.MARKET and order.is_open:
        own += order.remaining
    base -= order.sign * own * per_lot
    guarded = _guarded(group, order)
    if guarded is not None and guarded.is_open and guarded.order_type != OrderType.MARKET:
        base += guarded.sign * guarded.remaining * per_lot
    return base


def _reprice(follower: Follower, order: LeaderOrder, copy: FollowerOrder) -> bool:
    """Give a copy the type and prices that its order has now; return whether they are new."""
    before = (copy.order_type, copy.limit_price, copy.stop_price)
    copy.order_type, copy.limit_price, copy.stop_price = after = _prices(follower, order)
    return after != before


def _resize(
    turn: Turn,
    follower: Follower,
    lane: Lane,
    order: FollowerOrder,
    lots: int,
    *,
    is_repriced: bool = False,
) -> None:
    """Ask for another quantity of a whole order, its end where that has filled already."""
    if lots <= order.filled:
        follower.cancel(turn, lane, order)
    elif lots != order.quantity or is_repriced:
        follower.replace(turn, lane, order, lots)
