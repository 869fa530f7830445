"""A living market with delays, rejects and lost orders: flat with the leader, nothing behind."""

import numpy as np
from helpers.copying import LEADER, LiveMarket, copy_plan, follower_plan, quick_drift, size
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from streams.copier.follower import FollowerState
from streams.copier.plan import CopyMode, FollowerPlan, Rounding, Size, SizeMode, Translation
from streams.orderevents import EventType, OrderEvent, OrderType
from streams.simulator.venue import Answer

SIZES = st.one_of(
    st.builds(
        size,
        st.sampled_from(["0.3", "0.5", "1", "2.5", "-1", "-0.5"]),
        rounding=st.sampled_from(list(Rounding)),
        minimum_lots=st.integers(0, 1),
    ),
    st.just(size(2, mode=SizeMode.FIXED)),
    st.just(size(1, mode=SizeMode.NOTIONAL)),
)
TO_MICRO = (Translation("ES", "MES", lots=10),)


def follower(account_id: str, own: Size, *, in_micros: bool) -> FollowerPlan:
    return follower_plan(account_id, size=own, translations=TO_MICRO if in_micros else ())


class RestlessLeader:
    """Enters, guards, scales out, flips, and cancels; draws everything from one generator."""

    def __init__(self, market: LiveMarket, rng: np.random.Generator) -> None:
        self.market = market
        self.rng = rng
        self.sent: list[tuple[str, str, int]] = []

    def act(self) -> None:
        side, other = ("buy", "sell") if self.rng.random() < 0.5 else ("sell", "buy")
        lots = int(self.rng.integers(1, 7))
        away = float(self.rng.integers(1, 8)) / 4 * (1 if side == "buy" else -1)
        price = self.market.venue.last_price("ES") or 6000.0
        kind = self.rng.integers(5)
        if kind == 0:
            self.send(side, lots)
        elif kind == 1:
            self.send(side, lots, order_type=OrderType.LIMIT, limit_price=price - away)
        elif kind == 2:
            self.send(side, lots, order_type=OrderType.STOP, stop_price=price + away)
        elif kind == 3:
            self.bracket(side, other, lots, price, away)
        elif self.sent:
            self.market.cancel(*self.sent[int(self.rng.integers(len(self.sent)))])
        self.market.run(float(self.rng.choice([0.0, 0.25, 1.0])))

    def bracket(self, side: str, other: str, lots: int, price: float, away: float) -> None:
        name = self.send(side, lots, order_type=OrderType.LIMIT, limit_price=price - away / 4)
        self.market.run(0.25)
        entry = next((e for e in self.market.log if is_new(e, name)), None)
        if entry is not None:
            legs = {"parent_order_id": entry.order_id}
            self.send(other, lots, order_type=OrderType.STOP, stop_price=price - away, **legs)
            self.send(other, lots, order_type=OrderType.LIMIT, limit_price=price + away, **legs)

    def send(self, side: str, lots: int, **fields: object) -> str:
        name = self.market.lead(side, lots, **fields)
        self.sent.append((name, side, lots))
        return name

    def go_home(self) -> None:
        """Cancel everything and close."""
        for order in self.sent:
            self.market.cancel(*order)
        self.market.run(1)
        while held := self.market.copier.position(LEADER, "ES"):
            self.send("sell" if held > 0 else "buy", abs(held))
            self.market.run(1)
        self.market.run(30)


def is_new(event: object, name: str) -> bool:
    return (
        isinstance(event, OrderEvent)
        and event.event_type == EventType.NEW
        and event.client_order_id == name
    )


def in_the_market(market: LiveMarket, account_id: str) -> set[str]:
    """Client order ids of an account that the venue still has, from its own events."""
    left: dict[str, int] = {}
    for event in market.log:
        if not isinstance(event, OrderEvent) or event.account_id != account_id:
            continue
        name = event.client_order_id or ""
        if event.event_type == EventType.NEW or event.event_type == EventType.REPLACE:
            left[name] = event.quantity
        elif event.event_type in (EventType.CANCEL, EventType.EXPIRE):
            left.pop(name, None)
    filled: dict[str, int] = {}
    for event in market.log:
        if isinstance(event, OrderEvent) and event.event_type == EventType.FILL:
            name = event.client_order_id or ""
            filled[name] = filled.get(name, 0) + (event.last_quantity or 0)
    return {name for name, lots in left.items() if lots > filled.get(name, 0)}


@settings(deadline=None, max_examples=40, phases=[Phase.explicit, Phase.generate])  # slow to shrink
@given(
    SIZES,
    SIZES,
    st.booleans(),
    st.sampled_from(list(CopyMode)),
    st.sampled_from([0.0, 0.0, 0.1]),
    st.integers(0, 100_000),
)
def test_with_the_leader_flat_followers_are_flat_and_have_nothing_in_the_market(
    first: Size, second: Size, in_micros: bool, mode: CopyMode, trouble: float, seed: int
) -> None:
    rng = np.random.default_rng([seed, 11])

    def answer(request: OrderEvent) -> Answer:
        # New entries and exits alike may be refused or lost, cancels are answered.
        if request.copy_group_id is None or request.event_type != EventType.NEW:
            return Answer.ACCEPT
        share = rng.random() / trouble if trouble else 1.0
        return Answer.REJECT if share < 0.5 else Answer.SILENCE if share < 1.0 else Answer.ACCEPT

    plan = copy_plan(
        follower("a", first, in_micros=in_micros),
        follower("b", second, in_micros=False),
        mode=mode,
        drift=quick_drift(),
    )
    market = LiveMarket(plan, seed, answer=answer)
    market.run(1)
    leader = RestlessLeader(market, rng)
    for _ in range(10):
        leader.act()
    leader.go_home()
    assert market.copier.position(LEADER, "ES") == 0
    for one in plan.followers:
        if market.copier.state(one.account_id) is FollowerState.DISARMED:
            assert trouble, "without trouble nobody needs a person"
            continue
        assert in_the_market(market, one.account_id) == set()
        for name in ("ES", "MES"):
            assert market.copier.position(one.account_id, name) == 0
        assert market.copier.state(one.account_id) is FollowerState.ON
        assert trouble or not [n for n in market.notices if n.code == "opposite"]
