"""Towards a target: at a quiet point the position is the rounded ratio, or there is a reason."""

from fractions import Fraction

from helpers.copying import LEADER, LiveMarket, copy_plan, follower_plan, quick_drift, size
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from streams.copier import NoticeCode
from streams.copier.follower import FollowerState
from streams.copier.plan import CopyMode, FollowerPlan, Limits, Rounding, Translation
from streams.orderevents import OrderType

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
        st.sampled_from(["market", "limit", "stop"]),
        st.sampled_from([0.0, 0.3, 2.0]),
    ),
    min_size=1,
    max_size=8,
)


def expected_lots(own: FollowerPlan, leader_lots: int) -> tuple[str, int]:
    """The rule once more, in fractions."""
    in_micros = own.translations or own.size.rounding is Rounding.MICROS
    exact = Fraction(own.size.value) * leader_lots * (10 if in_micros else 1)
    whole, rest = divmod(abs(exact), 1)
    if own.size.rounding is not Rounding.DOWN and rest >= Fraction(1, 2):
        whole += 1
    return ("MES" if in_micros else "ES"), int(whole if exact > 0 else -whole)


@settings(deadline=None, max_examples=50, phases=[Phase.explicit, Phase.generate])
@given(
    st.tuples(followers("a"), followers("b")),
    st.sampled_from(list(CopyMode)),
    trades,
    st.integers(0, 1_000),
)
def test_the_position_is_the_rounded_ratio_or_there_is_a_reason(
    own: tuple[FollowerPlan, FollowerPlan],
    mode: CopyMode,
    orders: list[tuple[str, int, str, float]],
    seed: int,
) -> None:
    market = LiveMarket(copy_plan(*own, mode=mode, drift=quick_drift()), seed)
    market.run(1)
    names = []
    for side, lots, kind, pause in orders:
        away = 1.0 if side == "buy" else -1.0
        price = (market.venue.last_price("ES") or 6000.0) - (away if kind == "limit" else -away)
        prices = {
            "market": {},
            "limit": {"order_type": OrderType.LIMIT, "limit_price": price},
            "stop": {"order_type": OrderType.STOP, "stop_price": price},
        }[kind]
        names.append(market.lead(side, lots, **prices))
        market.run(pause)
        if kind != "market" and pause:
            market.cancel(names[-1], side, lots)
    market.run(1)
    for name, (side, lots, _, _) in zip(names, orders, strict=True):
        market.cancel(name, side, lots)  # nothing of the leader's may be left in the market
    market.run(25)
    leader_lots = market.copier.position(LEADER, "ES")
    for one in own:
        instrument_id, lots = expected_lots(one, leader_lots)
        held = market.copier.position(one.account_id, instrument_id)
        in_step = market.copier.state(one.account_id) is FollowerState.ON
        assert held == lots or not in_step
        assert in_step or any(
            notice.account_id == one.account_id and notice.code is NoticeCode.LARGEST_POSITION
            for notice in market.notices
        )
