"""Bringing a lane to rest: flat with the leader, flat for a reason, back in step.

To flatten is to cancel, wait, and close what is held then: an order that is still in the market
could fill after the close and turn the position round.
"""

from streams.copier.actions import NoticeCode
from streams.copier.follower import Follower, FollowerState
from streams.copier.group import CopyGroup
from streams.copier.guards import Breach, Lock, Standing, money_breach
from streams.copier.lane import Lane
from streams.copier.plan import CopyMode, Limits, Response
from streams.copier.turn import Turn
from streams.orderevents import OrderType


def settle(turn: Turn, group: CopyGroup, follower: Follower, lane: Lane) -> None:
    """Do what is due after a change of either side's orders or position."""
    if lane.is_flattening:
        _flatten(turn, follower, lane)
    elif follower.state is FollowerState.DISARMED:
        return
    elif leader_is_out(group, lane):
        _follow_out(turn, follower, lane)
    if follower.state is FollowerState.OUT_OF_SYNC:
        _rejoin(turn, group, follower)


def leader_is_out(group: CopyGroup, lane: Lane) -> bool:
    """Whether the leader is flat and no fill of the follower is ahead of an order of the leader."""
    if lane.leader_units(group.leader, group.plan.mode):
        return False
    return not any(copy.filled and not copy.closes for copy in lane.copies.values())


def start_flattening(turn: Turn, follower: Follower, lane: Lane) -> None:
    """Cancel, wait, close."""
    lane.is_flattening = True
    _flatten(turn, follower, lane)


def fall_out(
    turn: Turn,
    group: CopyGroup,
    follower: Follower,
    lane: Lane,
    code: NoticeCode,
    text: str,
    **numbers: int,
) -> None:
    """Put a follower out of sync: no entries until both are flat, or in step again."""
    turn.note(follower.account_id, code, text, **numbers)
    if follower.state is FollowerState.ON:
        follower.state = FollowerState.OUT_OF_SYNC
    if group.plan.drift.on_breach is Response.FLATTEN:
        start_flattening(turn, follower, lane)


def disarm(turn: Turn, follower: Follower, text: str) -> None:
    """Stop copying for a follower until a person arms it again."""
    follower.state = FollowerState.DISARMED
    turn.note(follower.account_id, NoticeCode.DISARMED, text)


def check_money(turn: Turn, group: CopyGroup, follower: Follower) -> None:
    """Lock the follower, or the group, where a limit of money does not hold."""
    limits = follower.limits
    group_limits = group.plan.group_limits
    if not limits.count_money and not group_limits.count_money:
        return
    follower.purse.look(turn.time_ns)
    lock = _new_lock(
        turn, group, follower.account_id, limits, follower.purse.standing, follower.lock
    )
    if lock is not None:
        follower.lock = lock
        _leave(turn, follower, limits)
    if group_limits.count_money:
        group.look()
        name = group.plan.leader_account_id
        lock = _new_lock(turn, group, name, group_limits, group.standing, group.lock)
        if lock is not None:
            group.lock = lock
            for one in group.followers.values():
                _leave(turn, one, group_limits)


def cancel_entries(turn: Turn, follower: Follower, lane: Lane) -> None:
    """Cancel what would open a position."""
    for order in list(lane.orders.values()):
        if not order.closes and order.order_type != OrderType.MARKET:
            follower.cancel(turn, lane, order)


def _flatten(turn: Turn, follower: Follower, lane: Lane) -> None:
    for order in list(lane.orders.values()):
        if order.order_type != OrderType.MARKET:  # a market order fills or ends by itself
            follower.cancel(turn, lane, order)
    if lane.orders:
        return
    held = lane.line.lots
    if held and turn.time_ns < lane.retry_ns:
        return  # a later tick closes it
    if held:
        turn.note(
            follower.account_id,
            NoticeCode.FLATTENED,
            f"{lane.instrument_id} closed at market",
            lots=held,
        )
        follower.send(turn, lane, sign=-1 if held > 0 else 1, lots=abs(held), closes=True)
        return
    lane.is_flattening = False
    lane.remainder *= 0


def _follow_out(turn: Turn, follower: Follower, lane: Lane) -> None:
    for order in list(lane.orders.values()):
        is_orphan = order.parent_order_id not in lane.copies
        if is_orphan and not order.closes and order.order_type != OrderType.MARKET:
            follower.cancel(turn, lane, order)
    if any(order.owed_ns for order in lane.orders.values()):
        return
    if lane.line.lots:
        start_flattening(turn, follower, lane)
    else:
        lane.remainder *= 0


def _rejoin(turn: Turn, group: CopyGroup, follower: Follower) -> None:
    mode = group.plan.mode
    for lane in follower.lanes.values():
        if lane.line.lots or lane.orders or lane.leader_units(group.leader, mode):
            return
        if mode is CopyMode.ORDERS and any(True for _ in lane.leader_orders(group.leader)):
            return
    step_back_in(turn, follower)


def step_back_in(turn: Turn, follower: Follower) -> None:
    """Copy again: follower and leader are in step."""
    follower.state = FollowerState.ON
    turn.note(follower.account_id, NoticeCode.SYNCED, "in step with the leader again")


def _new_lock(
    turn: Turn,
    group: CopyGroup,
    account_id: str,
    limits: Limits,
    standing: Standing,
    lock: Lock | None,
) -> Lock | None:
    """Return the lock that a standing calls for, None where there is one as strong already."""
    if lock is not None and lock.until_day is None:
        return None
    breach = money_breach(limits, standing)
    if breach is None or (lock is not None and breach.is_for_the_day):
        return None
    turn.note(account_id, breach.code, breach.text, **breach.numbers)
    return _lock(breach, group.day(turn.time_ns))


def _lock(breach: Breach, today: int) -> Lock:
    return Lock(breach.code, breach.text, today + 1 if breach.is_for_the_day else None)


def _leave(turn: Turn, follower: Follower, limits: Limits) -> None:
    """Close everything, or keep what is held and open nothing more."""
    for lane in follower.lanes.values():
        if limits.when_locked is Response.FLATTEN:
            start_flattening(turn, follower, lane)
        else:
            cancel_entries(turn, follower, lane)
