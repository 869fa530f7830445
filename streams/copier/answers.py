"""What the venue answers: acknowledgments, fills and refusals of a follower's orders.

A fill always counts, known order or not: the position is what was filled.
"""

from streams.copier.actions import NoticeCode
from streams.copier.ending import close_rest, trim_copy
from streams.copier.follower import Follower
from streams.copier.group import CopyGroup
from streams.copier.lane import FollowerOrder, Lane
from streams.copier.order_copying import fit_exits, takes_copies, trim_exits
from streams.copier.plan import CopyMode
from streams.copier.settling import check_money, disarm, fall_out, settle
from streams.copier.turn import Turn
from streams.orderevents import EventType, OrderEvent, OrderType, sign_of

_NS_PER_SECOND = 1_000_000_000


def take_answer(
    turn: Turn, group: CopyGroup, follower: Follower, event: OrderEvent, price_ticks: int
) -> None:
    """Process an event of a follower's account.

    Parameters
    ----------
    turn, group, follower
        Whose.
    event : OrderEvent
        What the venue says.
    price_ticks : int
        Price of a fill in ticks.
    """
    lane = follower.lanes.get(event.instrument_id)
    order = lane.orders.get(event.client_order_id or "") if lane is not None else None
    if event.event_type == EventType.FILL:
        if lane is not None and order is None:
            order = lane.ended.get(event.client_order_id or "")
        _take_fill(turn, group, follower, lane, order, event, price_ticks)
    elif lane is not None and order is not None:
        _take_status(turn, group, follower, lane, order, event)
    elif lane is not None and _turns_up(lane, event):
        follower.cancel_stray(turn, event)


def _take_status(
    turn: Turn,
    group: CopyGroup,
    follower: Follower,
    lane: Lane,
    order: FollowerOrder,
    event: OrderEvent,
) -> None:
    kind = event.event_type
    if kind in (EventType.ACK, EventType.NEW):
        order.is_acked = True
        return
    if kind == EventType.REPLACE:
        order.is_acked = True
        if order.remaining == 0:
            lane.finish(order)
    elif kind == EventType.REJECT and order.is_acked:
        _take_refusal(turn, follower, lane, order, event)
    elif kind == EventType.REJECT:
        lane.finish(order)
        _take_reject(turn, group, follower, lane, order)
    else:  # cancel, expire
        lane.finish(order)
        close_rest(turn, group, follower, lane, order)
        if order.closes and order.order_type == OrderType.MARKET:  # it found nobody
            lane.retry_ns = turn.time_ns + group.plan.drift.retry_s * _NS_PER_SECOND
    settle(turn, group, follower, lane)


def _take_fill(
    turn: Turn,
    group: CopyGroup,
    follower: Follower,
    lane: Lane | None,
    order: FollowerOrder | None,
    event: OrderEvent,
    price_ticks: int,
) -> None:
    lots = event.last_quantity or 0
    signed = sign_of(event.side) * lots
    ledger = follower.purse.ledger
    ledger.book(event.instrument_id, signed, price_ticks)
    if order is None or lane is None:
        turn.note(
            follower.account_id,
            NoticeCode.UNKNOWN_FILL,
            f"a fill in {event.instrument_id} of an order that is not in the market: counted",
            lots=signed,
        )
    else:
        order.is_acked = True
        order.filled += lots
        if order.remaining == 0:
            lane.finish(order)
        _compare(group, follower, order, event.instrument_id, signed, price_ticks)
    if lane is not None and takes_copies(follower, lane):
        if order is not None:
            trim_copy(turn, group, follower, lane, order)
        trim_exits(turn, follower, lane)
        if group.plan.mode is CopyMode.ORDERS and (order is None or not order.closes):
            fit_exits(turn, group, follower, lane)
    check_money(turn, group, follower)
    if lane is not None:
        settle(turn, group, follower, lane)


def _compare(
    group: CopyGroup,
    follower: Follower,
    order: FollowerOrder,
    instrument_id: str,
    signed: int,
    price_ticks: int,
) -> None:
    """Take note of slippage, where the leader's order has filled and has the same ticks."""
    parent = group.leader.orders.get(order.parent_order_id)
    if parent is None or not parent.filled:
        return
    own, leaders = (group.instruments.get(name) for name in (instrument_id, parent.instrument_id))
    if own is None or leaders is None or own.tick_size != leaders.tick_size:
        return
    paid = round(parent.paid_ticks / parent.filled)
    follower.purse.ledger.compare(instrument_id, signed, price_ticks - paid)


def _take_reject(
    turn: Turn, group: CopyGroup, follower: Follower, lane: Lane, order: FollowerOrder
) -> None:
    is_flattening = lane.is_flattening
    if is_flattening and order.closes:
        lane.is_flattening = False
        text = "the order that closes the position was rejected: a person is needed"
        turn.note(follower.account_id, NoticeCode.REJECTED, text)
        disarm(turn, follower, text)
        return
    fall_out(
        turn,
        group,
        follower,
        lane,
        NoticeCode.REJECTED,
        f"the venue rejected an order in {lane.instrument_id}",
        lots=order.quantity,
    )


def _take_refusal(
    turn: Turn, follower: Follower, lane: Lane, order: FollowerOrder, event: OrderEvent
) -> None:
    """Take note that a change was refused or came too late: the order stands as it was.

    A refused cancel is not asked again at once, that could go on forever: the order fills, or it
    is given up when its time is over.
    """
    if event.quantity and event.quantity >= order.filled:  # 0 where the venue does not say
        order.quantity = event.quantity
    if order.remaining == 0:
        lane.finish(order)
    turn.note(
        follower.account_id,
        NoticeCode.REQUEST_REJECTED,
        "the venue refused to change an order: it stands",
        lots=order.quantity,
    )


def _turns_up(lane: Lane, event: OrderEvent) -> bool:
    """Whether an order that was given up is in the market after all."""
    return event.event_type == EventType.ACK and event.client_order_id in lane.given_up
