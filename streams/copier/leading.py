"""What the leader does, and what each of its followers is to do then."""

import math
from collections.abc import Callable

from streams.copier.actions import NoticeCode
from streams.copier.ending import end_copy
from streams.copier.exposure import exposure_breach
from streams.copier.fill_copying import copy_fill
from streams.copier.follower import Follower
from streams.copier.group import CopyGroup
from streams.copier.guards import Breach
from streams.copier.lane import Lane
from streams.copier.leader import LeaderOrder, ends_order, opened_lots
from streams.copier.order_copying import (
    copy_order,
    copy_replace,
    fit_exits,
    follow_fill,
    takes_copies,
)
from streams.copier.plan import CopyMode
from streams.copier.settling import settle
from streams.copier.turn import Turn
from streams.orderevents import EventType, OrderEvent, OrderType, sign_of

_NS_PER_SECOND = 1_000_000_000
_NS_PER_MILLISECOND = 1_000_000
_Job = Callable[[Follower, Lane], None]


def take_leader_event(turn: Turn, group: CopyGroup, event: OrderEvent, price_ticks: int) -> None:
    """Process an event of the leader's account.

    Parameters
    ----------
    turn, group
        Whose.
    event : OrderEvent
        What happened. An order that is itself a copy is ignored with all that becomes of it.
    price_ticks : int
        Price of a fill in ticks.
    """
    if event.event_type == EventType.NEW:
        _take_new(turn, group, event)
    elif event.event_type == EventType.REPLACE:
        _take_replace(turn, group, event)
    elif event.event_type == EventType.FILL:
        _take_fill(turn, group, event, price_ticks)
    elif ends_order(event.event_type):
        _take_end(turn, group, event)


def _take_new(turn: Turn, group: CopyGroup, event: OrderEvent) -> None:
    if event.quantity <= 0:
        text = "quantity must be at least 1: order not copied"
        turn.note(event.account_id, NoticeCode.BAD_QUANTITY, text, lots=event.quantity)
        return
    order = group.leader.add(event)
    was_taken_back = not order.is_open and order.remaining > 0  # its end came first
    if was_taken_back:
        return
    if group.plan.mode is CopyMode.ORDERS and _has_prices(turn, event):
        _check_entry(turn, group, event, order.quantity)
        for follower, lane in _copying(turn, group, order.instrument_id):
            copy_order(turn, group, follower, lane, order)


def _take_replace(turn: Turn, group: CopyGroup, event: OrderEvent) -> None:
    order = group.leader.find(event)
    if order is None:
        return
    if event.quantity <= 0:
        text = "quantity must be at least 1: change not copied"
        turn.note(event.account_id, NoticeCode.BAD_QUANTITY, text, lots=event.quantity)
        return
    has_grown = event.quantity > order.quantity
    group.leader.change(order, event)
    if group.plan.mode is CopyMode.ORDERS and _has_prices(turn, event):
        _check_entry(turn, group, event, order.remaining if has_grown else 0)
        for follower, lane in _copying(turn, group, order.instrument_id):
            copy_replace(turn, group, follower, lane, order)
        _settle(turn, group, order.instrument_id)


def _take_end(turn: Turn, group: CopyGroup, event: OrderEvent) -> None:
    order = group.leader.close(event)
    if order is None:
        return
    for follower, lane in _lanes(group, order.instrument_id):
        end_copy(turn, group, follower, lane, order)
    _settle(turn, group, order.instrument_id)


def _take_fill(turn: Turn, group: CopyGroup, event: OrderEvent, price_ticks: int) -> None:
    lots = event.last_quantity or 0
    if group.plan.mode is CopyMode.FILLS:
        _check_entry(turn, group, event, lots)
    held = group.leader.lots(event.instrument_id)
    order = group.leader.fill(event, lots, price_ticks)
    if group.plan.mode is CopyMode.FILLS:
        for follower, lane in _copying(turn, group, order.instrument_id):
            copy_fill(turn, group, follower, lane, order, lots)
    else:
        _tell_opened(turn, event.account_id, order, opened_lots(held, order.sign, lots))
        for _, lane in _lanes(group, order.instrument_id):
            follow_fill(turn, lane, order)
        for follower, lane in _copying(turn, group, order.instrument_id):
            fit_exits(turn, group, follower, lane)
    _settle(turn, group, order.instrument_id)


def _tell_opened(turn: Turn, account_id: str, order: LeaderOrder, lots: int) -> None:
    """Say that an exit has opened: its copies fit what followers held, and opened nothing.

    Brackets whose platform takes the other leg back a moment later leave such orders for that
    moment; copied as entries they would come and go at every exit.
    """
    if order.is_exit and lots:
        text = "an exit filled with nothing left to close: what it opened is not copied"
        turn.note(account_id, NoticeCode.EXIT_OPENED, text, lots=lots)


def _has_prices(turn: Turn, event: OrderEvent) -> bool:
    needed: tuple[float | None, ...] = ()
    if event.order_type == OrderType.LIMIT:
        needed = (event.limit_price,)
    elif event.order_type == OrderType.STOP:
        needed = (event.stop_price,)
    elif event.order_type == OrderType.STOP_LIMIT:
        needed = (event.limit_price, event.stop_price)
    if all(price and math.isfinite(price) for price in needed):
        return True
    text = f"a {event.order_type} order needs prices that are finite and not 0: not copied"
    turn.note(event.account_id, NoticeCode.BAD_PRICE, text)
    return False


def _check_entry(turn: Turn, group: CopyGroup, event: OrderEvent, lots: int) -> None:
    """Let no follower copy an entry that is late, or that the leader can hardly afford itself."""
    group.entries_refused = False
    held = group.leader.lots(event.instrument_id)
    if opened_lots(held, sign_of(event.side), lots) == 0:
        return
    held_then = abs(held + sign_of(event.side) * lots)
    breach = _lateness(turn, group, event) or exposure_breach(group, event, held_then, turn.time_ns)
    if breach is not None:
        group.entries_refused = True
        turn.note(group.plan.leader_account_id, breach.code, breach.text, **breach.numbers)


def _lateness(turn: Turn, group: CopyGroup, event: OrderEvent) -> Breach | None:
    """Return what is wrong with an entry that comes long after the leader sent it.

    The market has moved on meanwhile: the copier was down, or behind.
    """
    limit_s = group.plan.drift.late_entry_s
    age_ns = turn.time_ns - event.event_time_ns
    if age_ns <= limit_s * _NS_PER_SECOND or event.parent_order_id is not None:  # a stop or target
        return None
    age_ms = age_ns // _NS_PER_MILLISECOND
    text = f"the leader's entry is {age_ms / 1e3:.1f} s old, at most {limit_s} s: not copied"
    return Breach(NoticeCode.LATE_ENTRY, text, {"age_ms": age_ms})


def _lanes(group: CopyGroup, instrument_id: str) -> list[tuple[Follower, Lane]]:
    """Return the followers that copy an instrument, and where."""
    found = []
    for follower in group.followers.values():
        lane = follower.lane_of(instrument_id)
        if lane is not None:
            found.append((follower, lane))
    return found


def _copying(turn: Turn, group: CopyGroup, instrument_id: str) -> list[tuple[Follower, Lane]]:
    """Return those of `_lanes` that are not stopped; who ignores the instrument says so once."""
    found = []
    for follower in group.followers.values():
        lane = follower.lane_of(instrument_id)
        if lane is None:
            _tell_unmapped(turn, follower, instrument_id)
        elif takes_copies(follower, lane):
            found.append((follower, lane))
    return found


def _settle(turn: Turn, group: CopyGroup, instrument_id: str) -> None:
    for follower, lane in _lanes(group, instrument_id):
        settle(turn, group, follower, lane)


def _tell_unmapped(turn: Turn, follower: Follower, instrument_id: str) -> None:
    if instrument_id not in follower.told_unmapped:
        follower.told_unmapped.add(instrument_id)
        text = f"{instrument_id} has no place in the plan: ignored from here on"
        turn.note(follower.account_id, NoticeCode.UNMAPPED, text)
