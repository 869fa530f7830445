"""A copier on stage: a leader's orders by hand, and a venue that answers by hand or by itself."""

import json
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

import numpy as np

from streams.copier import Action, Copier, Instrument, Notice, NoticeCode
from streams.copier.plan import CopyMode, DriftRules, FollowerPlan, Plan, Size
from streams.orderevents import AccountUpdate, EventType, OrderEvent, OrderType, Side, Tick
from streams.simulator.venue import Answer, Delay, Venue, accept_all
from streams.simulator.venue_flow import FlowLaws, QuoteFlow

SECOND_NS = 1_000_000_000
START_NS = 1_750_000_000 * SECOND_NS  # a Sunday, 15:06:40 UTC
LEADER = "leader"
FOLLOWER = "follower"
INSTRUMENTS = (
    Instrument("ES", "ES", 50.0, 0.25, exchange_fee_cents=140, margin_cents=1_000_000),
    Instrument("MES", "ES", 5.0, 0.25, exchange_fee_cents=35, margin_cents=100_000),
    Instrument("NQ", "NQ", 20.0, 0.25, exchange_fee_cents=140, margin_cents=2_000_000),
)


def size(value: str | int = 1, **fields: Any) -> Size:
    return Size(value=Decimal(value), **fields)


def follower_plan(account_id: str = FOLLOWER, **fields: Any) -> FollowerPlan:
    return FollowerPlan(account_id, "owner", "declaration", **fields)


def copy_plan(*followers: FollowerPlan, mode: CopyMode = CopyMode.ORDERS, **fields: Any) -> Plan:
    fields.setdefault("lead_exposure_percent", None)
    plan_id = fields.pop("plan_id", "plan")
    return Plan(plan_id, LEADER, followers or (follower_plan(),), mode=mode, **fields)


def one_follower(mode: CopyMode = CopyMode.ORDERS, **fields: Any) -> Plan:
    shared = {
        name: fields.pop(name)
        for name in ("drift", "group_limits", "lead_exposure_percent")
        if name in fields
    }
    return copy_plan(follower_plan(**fields), mode=mode, **shared)


class Stage:
    """A copier whose every event is written by hand; `sent` is what it sent last."""

    def __init__(self, plan: Plan, instruments: Iterable[Instrument] = INSTRUMENTS) -> None:
        self.plan = plan
        self.copier = Copier(plan, instruments)
        self.time_ns = START_NS
        self.sent: list[OrderEvent] = []
        self.notices: list[Notice] = []
        self.all_sent: list[OrderEvent] = []
        self._n_events = 0

    def give(self, event: Any) -> list[OrderEvent]:
        actions: list[Action] = self.copier.process(event)
        self.sent = [action for action in actions if isinstance(action, OrderEvent)]
        self.notices += [action for action in actions if isinstance(action, Notice)]
        self.all_sent += self.sent
        return self.sent

    def codes(self) -> list[NoticeCode]:
        return [notice.code for notice in self.notices]

    def held(self, account_id: str = FOLLOWER, instrument_id: str = "ES") -> int:
        return self.copier.position(account_id, instrument_id)

    def event(self, kind: EventType, side: str, lots: int, **fields: Any) -> OrderEvent:
        self._n_events += 1
        self.time_ns += 1_000_000
        values = {
            "event_time_ns": self.time_ns,
            "account_id": LEADER,
            "instrument_id": "ES",
            "event_id": f"event-{self._n_events}",
            **fields,
        }
        return OrderEvent(side=Side(side), quantity=lots, event_type=kind, **values)

    # The leader

    def places(self, side: str, lots: int, order_id: str, **fields: Any) -> list[OrderEvent]:
        """A new order of the leader: at market unless a price is given."""
        if "limit_price" in fields and "stop_price" in fields:
            fields.setdefault("order_type", OrderType.STOP_LIMIT)
        elif "limit_price" in fields:
            fields.setdefault("order_type", OrderType.LIMIT)
        elif "stop_price" in fields:
            fields.setdefault("order_type", OrderType.STOP)
        return self.give(self.event(EventType.NEW, side, lots, order_id=order_id, **fields))

    def gets(
        self, side: str, lots: int, order_id: str, price: float = 6000.0, **fields: Any
    ) -> list[OrderEvent]:
        """A fill of the leader."""
        return self.give(
            self.event(
                EventType.FILL,
                side,
                lots,
                order_id=order_id,
                last_quantity=lots,
                last_price=price,
                **fields,
            )
        )

    def trades(self, side: str, lots: int, order_id: str, price: float = 6000.0) -> None:
        """A market order of the leader that fills at once, and its copies with it."""
        orders = self.places(side, lots, order_id)
        filled = self.gets(side, lots, order_id, price)
        for order in [*orders, *filled]:
            self.fill(order, price=price)

    def changes(self, side: str, lots: int, order_id: str, **fields: Any) -> list[OrderEvent]:
        kind = OrderType.LIMIT if "limit_price" in fields else OrderType.STOP
        return self.give(
            self.event(EventType.REPLACE, side, lots, order_id=order_id, order_type=kind, **fields)
        )

    def takes_back(self, side: str, lots: int, order_id: str) -> list[OrderEvent]:
        return self.give(self.event(EventType.CANCEL, side, lots, order_id=order_id))

    # The venue

    def ack(self, order: OrderEvent) -> list[OrderEvent]:
        return self.give(self._answer(order, EventType.ACK))

    def fill(
        self, order: OrderEvent, lots: int | None = None, price: float = 6000.0
    ) -> list[OrderEvent]:
        lots = order.quantity if lots is None else lots
        return self.give(self._answer(order, EventType.FILL, last_quantity=lots, last_price=price))

    def fill_all(self, price: float = 6000.0) -> None:
        """Fill what was sent last, and what that leads to, until nothing more is sent."""
        waiting = list(self.sent)
        while waiting:
            order = waiting.pop(0)
            if order.event_type == EventType.NEW:
                waiting += self.fill(order, price=price)
            elif order.event_type == EventType.CANCEL:
                waiting += self.confirm(order)

    def confirm(self, request: OrderEvent) -> list[OrderEvent]:
        """Confirm a cancel or a replace."""
        return self.give(self._answer(request, request.event_type))

    def reject(self, order: OrderEvent) -> list[OrderEvent]:
        return self.give(self._answer(order, EventType.REJECT))

    # Time and money

    def wait(self, seconds: float) -> list[OrderEvent]:
        self.time_ns += int(seconds * SECOND_NS)
        return self.give(Tick(self.time_ns))

    def reports(self, account_id: str, equity_cents: int, balance_cents: int | None = None) -> None:
        balance = equity_cents if balance_cents is None else balance_cents
        self.give(AccountUpdate(self.time_ns, account_id, balance, equity_cents))

    def _answer(self, request: OrderEvent, kind: EventType, **fields: Any) -> OrderEvent:
        self._n_events += 1
        self.time_ns += 1_000_000
        return request._replace(
            event_time_ns=self.time_ns,
            event_id=f"event-{self._n_events}",
            event_type=kind,
            order_id=f"at-venue-{request.client_order_id}",
            **fields,
        )


def terms(orders: Iterable[OrderEvent]) -> list[tuple[str, str, int, str]]:
    """What each request asks for: event type, side, lots, order type."""
    return [(o.event_type.value, o.side.value, o.quantity, o.order_type.value) for o in orders]


class LiveMarket:
    """A copier at a venue that trades by itself; everything that happened stands in `log`."""

    def __init__(
        self,
        plan: Plan,
        seed: int,
        *,
        answer: Callable[[OrderEvent], Answer] = accept_all,
        laws: FlowLaws | None = None,
    ) -> None:
        self.plan = plan
        self.copier = Copier(plan, INSTRUMENTS)
        rng = np.random.default_rng(seed)
        ticks = {one.instrument_id: one.tick_size or 1.0 for one in INSTRUMENTS}
        self.venue = Venue(ticks, rng, delay=Delay(), answer=answer)
        self.flows = [
            QuoteFlow(self.venue, name, price_ticks=24_000, tick_size=0.25, rng=rng, laws=laws)
            for name in ticks
        ]
        self.time_ns = START_NS
        self.log: list[Any] = []
        self.sent: list[OrderEvent] = []
        self.notices: list[Notice] = []
        self._n_orders = 0

    def lead(self, side: str, lots: int, instrument_id: str = "ES", **fields: Any) -> str:
        """Send an order of the leader, return its client order id."""
        self._n_orders += 1
        name = f"lead-{self._n_orders}"
        self.venue.submit(
            OrderEvent(
                self.time_ns,
                LEADER,
                instrument_id,
                Side(side),
                lots,
                name,
                EventType.NEW,
                client_order_id=name,
                **fields,
            )
        )
        return name

    def cancel(self, name: str, side: str, lots: int, instrument_id: str = "ES") -> None:
        self._n_orders += 1
        self.venue.submit(
            OrderEvent(
                self.time_ns,
                LEADER,
                instrument_id,
                Side(side),
                lots,
                f"cancel-{self._n_orders}",
                EventType.CANCEL,
                client_order_id=name,
            )
        )

    def run(self, seconds: float, *, step_ns: int = SECOND_NS // 4) -> None:
        """Let time pass; the copier hears a tick at every step."""
        end_ns = self.time_ns + int(seconds * SECOND_NS)
        while self.time_ns < end_ns:
            self.time_ns += step_ns
            for flow in self.flows:
                flow.advance(self.time_ns)
            while (arrival_ns := self.venue.next_arrival_ns()) is not None:
                if arrival_ns > self.time_ns:
                    break
                for event in self.venue.advance(arrival_ns):
                    if event.account_id in (LEADER, *self.follower_ids()):
                        self.hear(event)
            self.hear(Tick(self.time_ns))

    def come_to_rest(self) -> None:
        """Run until the copier has sent nothing for longer than two comparisons of positions."""
        for _ in range(30):  # large orders take several times what the book holds
            n_sent = len(self.sent)
            self.run(2 * self.plan.drift.sync_s + self.plan.drift.unfilled_s + 1)
            if len(self.sent) == n_sent:
                return
        raise AssertionError("the copier goes on sending")

    def restart(self) -> None:
        """Go on with another copier, from the saved state of this one."""
        saved = json.dumps(self.copier.snapshot())
        self.copier = Copier(self.plan, INSTRUMENTS)
        self.copier.restore(json.loads(saved))

    def follower_ids(self) -> list[str]:
        return [one.account_id for one in self.plan.followers]

    def hear(self, event: Any) -> None:
        self.log.append(event)
        for action in self.copier.process(event):
            if isinstance(action, OrderEvent):
                self.sent.append(action)
                self.venue.submit(action)
            else:
                self.notices.append(action)


def quick_drift(**fields: Any) -> DriftRules:
    return DriftRules(**{"ack_s": 2, "unfilled_s": 3, "sync_s": 3, **fields})
