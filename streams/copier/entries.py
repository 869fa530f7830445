"""Entries: how large the copy of one is, and whether it may be sent.

Exits never come here: they are sized by what is held, and nothing holds them back.
"""

from streams.copier.actions import NoticeCode
from streams.copier.follower import Follower, FollowerState
from streams.copier.group import CopyGroup
from streams.copier.guards import Breach, order_breach
from streams.copier.lane import FollowerOrder, Lane
from streams.copier.plan import Rounding, SizeMode
from streams.copier.sizing import bounded_lots, carried_lots, rounded_lots
from streams.copier.turn import Turn


def entry_lots(
    turn: Turn, group: CopyGroup, follower: Follower, lane: Lane, units: int, *, carries: bool
) -> int:
    """Return the lots that an entry of the leader asks for, before any guard.

    Parameters
    ----------
    turn : Turn
        Takes a notice where the size cannot be known.
    group, follower, lane
        Whose.
    units : int
        What the leader opens, in units of the lane.
    carries : bool
        Whether what is rounded off is kept for the next entry, where the plan says so.
    """
    size = follower.own.size
    if size.mode is SizeMode.FIXED:
        lots = int(size.value)
    else:
        share = _share(turn, group, follower)
        if share is None:
            return 0
        numerator = units * abs(lane.numerator) * share[0]
        denominator = lane.denominator * share[1]
        if carries and size.rounding is Rounding.CARRY:
            lots, lane.remainder = carried_lots(numerator, denominator, lane.remainder)
        else:
            lots = rounded_lots(numerator, denominator, size.rounding)
    return bounded_lots(lots, minimum=size.minimum_lots, maximum=size.maximum_lots)


def allowed_lots(
    turn: Turn,
    group: CopyGroup,
    follower: Follower,
    lane: Lane,
    sign: int,
    closes: int,
    opens: int,
    *,
    copy: FollowerOrder | None = None,
) -> int:
    """Return the lots of an order: all where every guard lets its entry pass, else with a notice.

    Parameters
    ----------
    turn, group, follower, lane
        Whose, and where the notice goes.
    sign : int
        1 buys, -1 sells.
    closes, opens : int
        What of the order takes a position away, which passes always; and its entry.
    copy : FollowerOrder, optional
        The order in the market that is to become this one; an entry stays as large as it is.
    """
    lots = closes + opens
    already = copy.quantity if copy is not None and not copy.closes else 0
    if not opens or lots <= already:
        return lots
    without = max(closes, already)
    if group.entries_refused:
        return without  # said once, for the leader
    refusal = _refusal(group, follower, lane, sign, closes, opens, copy)
    if refusal is None:
        return lots
    turn.note(follower.account_id, refusal.code, refusal.text, **refusal.numbers)
    if (
        follower.own.size.target
        and follower.state is FollowerState.ON
        and not is_locked(group, follower)
    ):
        follower.state = FollowerState.OUT_OF_SYNC
        turn.note(
            follower.account_id,
            NoticeCode.OUT_OF_SYNC,
            f"the target position is out of reach: {refusal.text}",
        )
    return without


def is_locked(group: CopyGroup, follower: Follower) -> bool:
    """Whether the follower, or the whole group, is locked."""
    return follower.lock is not None or group.lock is not None


def _refusal(
    group: CopyGroup,
    follower: Follower,
    lane: Lane,
    sign: int,
    closes: int,
    opens: int,
    copy: FollowerOrder | None,
) -> Breach | None:
    if not follower.may_open or group.lock is not None:
        return _closed_door(group, follower)
    if lane.lacks_value:
        text = f"{lane.instrument_id} has no multiplier or tick size: entry not copied"
        return Breach(NoticeCode.NO_MULTIPLIER, text, {})
    counted = copy is not None and not copy.closes
    position_lots = lane.possible_lots(sign, closes + opens, copy)
    breach = order_breach(
        follower.limits,
        lots=opens,
        position_lots=position_lots,
        count=follower.n_entries - counted,
    )
    limits = group.plan.group_limits
    if breach is None and limits.largest_order_lots is not None:
        breach = order_breach(limits, lots=opens, position_lots=0, count=-1)
    if breach is None and limits.largest_position_lots is not None:
        position_lots += group.possible_lots(lane.instrument_id, sign, besides=lane)
        breach = order_breach(limits, lots=0, position_lots=position_lots, count=-1)
    if breach is None and limits.largest_count is not None:
        breach = order_breach(limits, lots=0, position_lots=0, count=group.n_entries() - counted)
    return breach


def _closed_door(group: CopyGroup, follower: Follower) -> Breach:
    lock = follower.lock or group.lock
    if lock is not None:
        return Breach(NoticeCode.LOCKED, f"locked, entry not copied: {lock.text}", {})
    return Breach(NoticeCode.OUT_OF_SYNC, f"{follower.state.value}: entry not copied", {})


def _share(turn: Turn, group: CopyGroup, follower: Follower) -> tuple[int, int] | None:
    """Return the follower's money and the leader's, where sizes are in proportion to it."""
    mode = follower.own.size.mode
    if mode not in (SizeMode.EQUITY, SizeMode.BALANCE):
        return 1, 1
    purses = (follower.purse, group.leader_purse)
    own, leader = (
        purse.equity_cents() if mode is SizeMode.EQUITY else purse.balance_cents for purse in purses
    )
    is_fresh = all(purse.is_fresh(turn.time_ns) for purse in purses)
    if is_fresh and own > 0 and leader > 0:
        return own, leader
    turn.note(
        follower.account_id,
        NoticeCode.STALE_BALANCE,
        f"the {mode.value} of both accounts must be above 0 and at most "
        f"{group.plan.drift.balance_age_s} s old: entry not copied",
        own_cents=own,
        leader_cents=leader,
    )
    return None
