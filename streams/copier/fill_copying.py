"""Fills copied at market: the follower trades when the leader has traded.

The fills of one order are sized together, so that four fills of one lot at half size are two lots
and not none. Towards a target the leader's position alone counts.
"""

from streams.copier.actions import NoticeCode
from streams.copier.entries import allowed_lots, entry_lots
from streams.copier.follower import Follower
from streams.copier.group import CopyGroup
from streams.copier.lane import Lane
from streams.copier.leader import LeaderOrder
from streams.copier.plan import Rounding
from streams.copier.sizing import closing_lots
from streams.copier.turn import Turn


def copy_fill(
    turn: Turn, group: CopyGroup, follower: Follower, lane: Lane, order: LeaderOrder, lots: int
) -> None:
    """Copy a fill that the leader's book has taken already.

    Parameters
    ----------
    turn, group, follower, lane
        Whose.
    order : LeaderOrder
        What has filled.
    lots : int
        How much of it this time.
    """
    if follower.own.size.target:
        reach_target(turn, group, follower, lane, parent_order_id=order.order_id)
        return
    sign = order.sign * follower.direction
    units = lots * lane.route.units[order.instrument_id]
    before = lane.leader_units(group.leader, group.plan.mode) - order.sign * units
    closing = min(units, abs(before)) if before * order.sign < 0 else 0
    closable = max(-sign * lane.due_lots(sign), 0)
    closes = closing_lots(closable, closing, abs(before), lane.rounding) if closing else 0
    opens = _opened_lots(turn, group, follower, lane, order, units - closing)
    sent = allowed_lots(turn, group, follower, lane, sign, closes, opens)
    if sent:
        follower.send(
            turn,
            lane,
            sign=sign,
            lots=sent,
            closes=sent == closes,
            parent_order_id=order.order_id,
        )


def reach_target(
    turn: Turn, group: CopyGroup, follower: Follower, lane: Lane, *, parent_order_id: str = ""
) -> bool:
    """Trade at market what the target position lacks; return whether anything was sent."""
    target = lane.target(lane.leader_units(group.leader, group.plan.mode))
    sign = 1 if target > lane.due_lots() else -1
    held = lane.due_lots(sign)
    missing = max((target - held) * sign, 0)
    closes = min(missing, max(-sign * held, 0))
    lots = allowed_lots(turn, group, follower, lane, sign, closes, missing - closes)
    if lots == 0:
        return False
    follower.send(
        turn,
        lane,
        sign=sign,
        lots=lots,
        closes=lots == closes,
        parent_order_id=parent_order_id,
    )
    return True


def _opened_lots(
    turn: Turn, group: CopyGroup, follower: Follower, lane: Lane, order: LeaderOrder, units: int
) -> int:
    """Return the lots that what a fill opens adds to those of its order so far."""
    if units == 0:
        lane.opened.pop(order.order_id, None)
        return 0
    if follower.own.size.rounding is Rounding.CARRY:
        return entry_lots(turn, group, follower, lane, units, carries=True)
    so_far = lane.opened.setdefault(order.order_id, [0, 0])
    so_far[0] += units
    total = entry_lots(turn, group, follower, lane, so_far[0], carries=False)
    lots = max(total - so_far[1], 0)
    so_far[1] = max(total, so_far[1])  # what a guard refuses is not tried again with the next fill
    if not order.is_open:
        del lane.opened[order.order_id]
        if total == 0:
            turn.note(
                follower.account_id,
                NoticeCode.SIZE_ZERO,
                "the size rounds to zero: entry not copied",
                leader_lots=order.filled,
            )
    return lots
