"""Towards a target: at a quiet point the position is the rounded ratio, or there is a reason."""

from fractions import Fraction

import numpy as np
from helpers.copying import LEADER, LiveMarket, copy_plan, follower_plan, quick_drift, size
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from streams.copier import NoticeCode
from streams.copier.follower import FollowerState
from streams.copier.plan import CopyMode, FollowerPlan, Limits, Rounding, Translation
from streams.orderevents import OrderEvent, OrderType
from streams.simulator.venue import Answer

RATIOS = ("0.1", "0.3", "0.5", "0.75", "1", "1.5", "2", "-1", "-0.5", "-2.5")
TO_MICRO = (Translation("ES", "MES", lots=10),)


@st.composite
def followers(draw: st.DrawFn, name: str) -> FollowerPlan:
    rounding = draw(st.sampled_from([Rounding.DOWN, Rounding.NEAREST, Rounding.MICROS]))
    limit = draw(st.sampled_from([None, None, None, 3]))
    return follower_plan(
        name,
        size=size(draw(st.sampled_from(RATIOS)), rounding=rounding, target=True),
        translations=draw(st.sampled_from([(), TO_MICRO])),
        limits=Limits(largest_position_lots=limit),
    )


trades = st.lists(
    st.tuples(
        st.sampled_from(["buy", "sell"]),
        st.integers(1, 6),
        st.sampled_from(["ES", "ES", "MES"]),
        st.sampled_from(["market", "limit", "stop"]),
        st.sampled_from([0.0, 0.3, 2.0]),
        st.booleans(),
    ),
    min_size=1,
    max_size=8,
)


def expected_lots(own: FollowerPlan, leader: dict[str, int]) -> dict[str, int]:
    """The rule once more, in fractions: what a follower should hold in each instrument."""
    if own.translations:  # MES has no place in such a plan
        held = {"MES": 10 * leader["ES"]}
    elif own.size.rounding is Rounding.MICROS:
        held = {"MES": 10 * leader["ES"] + leader["MES"]}
    else:
        held = leader
    return {name: rounded(Fraction(own.size.value) * lots, own) for name, lots in held.items()}


def rounded(exact: Fraction, own: FollowerPlan) -> int:
    whole, rest = divmod(abs(exact), 1)
    if own.size.rounding is not Rounding.DOWN and rest >= Fraction(1, 2):
        whole += 1
    return int(whole if exact > 0 else -whole)


REASONS = {NoticeCode.LARGEST_POSITION, NoticeCode.REJECTED, NoticeCode.ACK_MISSING}
"""Why a follower may be out of step here; an order whose cancel was refused is given up."""


@settings(deadline=None, max_examples=50, phases=[Phase.explicit, Phase.generate])
@given(
    st.tuples(followers("a"), followers("b")),
    st.sampled_from(list(CopyMode)),
    trades,
    st.sampled_from([0.0, 0.1, 0.3]),
    st.integers(0, 1_000),
)
def test_the_position_is_the_rounded_ratio_or_there_is_a_reason(
    own: tuple[FollowerPlan, FollowerPlan],
    mode: CopyMode,
    orders: list[tuple[str, int, str, str, float, bool]],
    rejected_share: float,
    seed: int,
) -> None:
    """Partial fills, cancels, rejects, and restarts between any two orders of the leader."""
    rng = np.random.default_rng([seed, 3])
    rejects = [rejected_share]

    def answer(request: OrderEvent) -> Answer:
        is_rejected = request.copy_group_id is not None and rng.random() < rejects[0]
        return Answer.REJECT if is_rejected else Answer.ACCEPT

    plan = copy_plan(*own, mode=mode, drift=quick_drift())
    market = LiveMarket(plan, seed, answer=answer)
    market.run(1)
    names = []
    for side, lots, instrument_id, kind, pause, restarts in orders:
        away = 1.0 if side == "buy" else -1.0
        price = market.venue.last_price(instrument_id) or 6000.0
        price -= away if kind == "limit" else -away
        prices = {
            "market": {},
            "limit": {"order_type": OrderType.LIMIT, "limit_price": price},
            "stop": {"order_type": OrderType.STOP, "stop_price": price},
        }[kind]
        names.append(market.lead(side, lots, instrument_id, **prices))
        market.run(pause)
        if kind != "market" and pause:
            market.cancel(names[-1], side, lots, instrument_id)
        if restarts:
            market.restart()
    market.run(1)
    rejects[0] = 0.0
    for name, (side, lots, instrument_id, *_) in zip(names, orders, strict=True):
        # Nothing of the leader's may be left in the market.
        market.cancel(name, side, lots, instrument_id)
    market.come_to_rest()
    leader = {name: market.copier.position(LEADER, name) for name in ("ES", "MES")}
    for one in own:
        expected = expected_lots(one, leader)
        held = {name: market.copier.position(one.account_id, name) for name in expected}
        in_step = market.copier.state(one.account_id) is FollowerState.ON
        assert held == expected or not in_step
        told = {note.code for note in market.notices if note.account_id == one.account_id}
        assert in_step or told & REASONS
