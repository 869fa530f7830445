"""What becomes of a copy whose order was canceled, rejected or has expired.

The copy may fill the share that the order has filled, and no more. What it lacks is due from then
on, as after a whole fill; what an entry has beyond it is closed at market. What an exit closed
beyond it is not opened again: the follower only holds less than it might. A follower with a target
does without all this: its positions are compared.
"""

from streams.copier.actions import NoticeCode
from streams.copier.follower import Follower
from streams.copier.group import CopyGroup
from streams.copier.lane import FollowerOrder, Lane
from streams.copier.leader import LeaderOrder
from streams.copier.order_copying import takes_copies
from streams.copier.plan import SizeMode
from streams.copier.settling import leader_is_out
from streams.copier.sizing import rounded_lots
from streams.copier.turn import Turn
from streams.orderevents import OrderType


def end_copy(
    turn: Turn, group: CopyGroup, follower: Follower, lane: Lane, order: LeaderOrder
) -> None:
    """End the copy of an order that ended, or leave it its share.

    A copy must not outlive its order, also where nothing else is copied any more.
    """
    lane.opened.pop(order.order_id, None)
    copy = lane.copies.pop(order.order_id, None)
    if copy is None:
        return
    shares = takes_copies(follower, lane) and not follower.own.size.target
    share = _share(follower, copy, order) if shares else 0
    if copy.is_open and copy.filled >= share:
        follower.cancel(turn, lane, copy)
    elif copy.is_open and not copy.cancel_ns:
        copy.owed_ns = copy.owed_ns or turn.time_ns
        if share != copy.quantity:
            follower.replace(turn, lane, copy, share)
    if shares:
        copy.share_lots = share
        trim_copy(turn, group, follower, lane, copy)


def trim_copy(
    turn: Turn, group: CopyGroup, follower: Follower, lane: Lane, copy: FollowerOrder
) -> None:
    """Close what an entry has filled beyond its share, once; of an exit only say so."""
    if copy.share_lots is None or copy.filled <= copy.share_lots:
        return
    excess = copy.filled - copy.share_lots
    copy.share_lots = copy.filled
    if leader_is_out(group, lane):
        return  # all that is held is closed
    text = "filled more than its share of the leader's order, which ended early: "
    text += "what an exit closes is not opened again" if copy.closes else "closed at market"
    turn.note(follower.account_id, NoticeCode.OVERFILLED, text, lots=excess)
    if not copy.closes:
        _close(turn, follower, lane, -copy.sign, excess)


def close_rest(
    turn: Turn, group: CopyGroup, follower: Follower, lane: Lane, order: FollowerOrder
) -> None:
    """Close at market what an exit that was due has not closed by its end."""
    is_due = order.closes and order.owed_ns and order.order_type != OrderType.MARKET
    if not is_due or follower.own.size.target or not takes_copies(follower, lane):
        return
    if not leader_is_out(group, lane):  # else all that is held is closed
        _close(turn, follower, lane, order.sign, order.remaining)


def _close(turn: Turn, follower: Follower, lane: Lane, sign: int, lots: int) -> None:
    lots = min(lots, max(-sign * lane.due_lots(sign), 0))
    if lots:
        follower.send(turn, lane, sign=sign, lots=lots, closes=True)


def _share(follower: Follower, copy: FollowerOrder, order: LeaderOrder) -> int:
    """Return the lots of a copy that go with what its order has filled."""
    size = follower.own.size
    if not order.filled:
        return 0
    if size.mode is SizeMode.FIXED and not copy.closes:
        return copy.quantity
    lots = rounded_lots(copy.quantity * order.filled, order.quantity, size.rounding)
    return lots if copy.closes else max(lots, min(size.minimum_lots, copy.quantity))
