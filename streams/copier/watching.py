"""What time brings: answers that never came, fills that are overdue, positions out of step.

A difference of positions is acted on when it has lasted from one comparison to the next: a copy may
well fill a moment before or after the leader's order.
"""

from streams.copier.actions import NoticeCode
from streams.copier.fill_copying import reach_target
from streams.copier.follower import Follower, FollowerState
from streams.copier.group import CopyGroup
from streams.copier.lane import FollowerOrder, Lane
from streams.copier.settling import check_money, fall_out, settle, step_back_in
from streams.copier.turn import Turn

_NS_PER_SECOND = 1_000_000_000


def watch(turn: Turn, group: CopyGroup, follower: Follower) -> None:
    """Look at every order that is in the market, at the money, and settle."""
    for lane in follower.lanes.values():
        for order in list(lane.orders.values()):
            _watch_order(turn, group, follower, lane, order)
    check_money(turn, group, follower)
    for lane in follower.lanes.values():
        settle(turn, group, follower, lane)


def compare(turn: Turn, group: CopyGroup, follower: Follower) -> None:
    """Compare positions, and act where the same difference was there the last time."""
    if follower.state is FollowerState.DISARMED:
        return
    for lane in follower.lanes.values():
        if lane.is_flattening:
            continue
        units = lane.leader_units(group.leader, group.plan.mode)
        held = lane.due_lots()
        if _fits(follower, lane, units, held):
            lane.difference = None
        elif lane.difference == (units, held):
            _act(turn, group, follower, lane)
        else:
            lane.difference = (units, held)
    if follower.own.size.target and follower.state is FollowerState.OUT_OF_SYNC:
        _rejoin_target(turn, group, follower)


def _watch_order(
    turn: Turn, group: CopyGroup, follower: Follower, lane: Lane, order: FollowerOrder
) -> None:
    drift = group.plan.drift
    asked_ns = order.cancel_ns or (0 if order.is_acked else order.sent_ns)
    if asked_ns and turn.time_ns - asked_ns >= drift.ack_s * _NS_PER_SECOND:
        _give_up(turn, group, follower, lane, order)
    elif order.owed_ns and not order.cancel_ns:
        waited_ns = turn.time_ns - order.owed_ns
        if waited_ns >= drift.unfilled_s * _NS_PER_SECOND:
            _chase(turn, group, follower, lane, order)


def _give_up(
    turn: Turn, group: CopyGroup, follower: Follower, lane: Lane, order: FollowerOrder
) -> None:
    """Count an order as lost; the cancel is for the case that the venue has it after all."""
    order.cancel_ns = 0
    follower.cancel(turn, lane, order)
    lane.give_up(order)
    fall_out(
        turn,
        group,
        follower,
        lane,
        NoticeCode.ACK_MISSING,
        f"the venue did not answer for {group.plan.drift.ack_s} s: order given up",
        lots=order.remaining,
    )


def _chase(
    turn: Turn, group: CopyGroup, follower: Follower, lane: Lane, order: FollowerOrder
) -> None:
    follower.cancel(turn, lane, order)
    code = NoticeCode.UNFILLED
    text = f"not filled {group.plan.drift.unfilled_s} s after the leader: order canceled"
    if follower.own.size.target or order.closes:  # what is missing is traded at market
        turn.note(follower.account_id, code, text, lots=order.remaining)
    else:
        fall_out(turn, group, follower, lane, code, text, lots=order.remaining)


def _fits(follower: Follower, lane: Lane, units: int, held: int) -> bool:
    if follower.own.size.target:
        return lane.target(units) == held
    return units * follower.direction * held >= 0


def _act(turn: Turn, group: CopyGroup, follower: Follower, lane: Lane) -> None:
    if not follower.own.size.target:
        text = f"{lane.instrument_id} is held against the leader"
        fall_out(turn, group, follower, lane, NoticeCode.OPPOSITE, text, lots=lane.line.lots)
    elif reach_target(turn, group, follower, lane):
        text = f"{lane.instrument_id} brought to the target position at market"
        turn.note(follower.account_id, NoticeCode.SYNCED, text, lots=lane.due_lots())
        lane.difference = None


def _rejoin_target(turn: Turn, group: CopyGroup, follower: Follower) -> None:
    for lane in follower.lanes.values():
        units = lane.leader_units(group.leader, group.plan.mode)
        if lane.is_flattening or lane.orders or lane.target(units) != lane.line.lots:
            return
    step_back_in(turn, follower)


def start_day(turn: Turn, group: CopyGroup) -> None:
    """Begin a trading day: count and measure anew, and end the locks of the day before."""
    today = group.day(turn.time_ns)
    if group.lock is not None and group.lock.is_over(today):
        group.lock = None
        turn.note(group.plan.leader_account_id, NoticeCode.UNLOCKED, "a new trading day")
    for follower in group.followers.values():
        follower.purse.look(turn.time_ns)
        follower.purse.standing.start_day()
        follower.n_entries = 0
        if follower.lock is not None and follower.lock.is_over(today):
            follower.lock = None
            turn.note(follower.account_id, NoticeCode.UNLOCKED, "a new trading day")
    group.look()
    group.standing.start_day()
