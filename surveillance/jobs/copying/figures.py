"""What a played day came to for each follower: how much was copied, how well, and why not.

A ratio counts lots against what one lot of the leader is at ratio 1, so that ES copied as ten MES
at ratio 1 is 1.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from streams.copier import Instrument, NoticeCode, Plan
from streams.copier.plan import CopyMode, FollowerPlan, SizeMode
from streams.copier.routes import lots_for_lot
from streams.orderevents import EventType, OrderEvent, sign_of
from streams.simulator.venue_tape import PriceTape
from surveillance.jobs.copying.stage import Played


@dataclass(frozen=True, slots=True)
class FollowerFigures:
    """One follower's day.

    Attributes
    ----------
    planned_ratio, realized_ratio : float or None
        What the plan asks for (for equity and balance: with what both had at the start; None for
        fixed lots), and filled lots over the leader's filled lots.
    exposure_ratio : float or None
        Value traded for each dollar of the account over the same of the leader; 1 is the same
        risk. None where a balance is not known.
    n_orders, n_copied, n_missed, n_rejected : int
        The leader's orders in instruments that are copied; those with a copy, those without, and
        orders of the follower that the venue refused.
    missed_why : dict of str to int
        Notice code or state, by how often.
    lost_lots, lost_notional_cents : float, int or None
        What rounding and bounds took off entries, net: below 0 they added. None where the exact
        size hangs on equity or balance, or is fixed.
    slippage_ticks : float or None
        A lot, above the leader's fill; None without a fill to compare with.
    slippage_cents, profit_cents : int
        In money, after fees.
    """

    account_id: str
    planned_ratio: float | None
    realized_ratio: float | None
    exposure_ratio: float | None
    n_orders: int
    n_copied: int
    n_missed: int
    n_rejected: int
    missed_why: dict[str, int]
    lost_lots: float | None
    lost_notional_cents: int | None
    slippage_ticks: float | None
    slippage_cents: int
    profit_cents: int


@dataclass(frozen=True, slots=True)
class GuardFigures:
    """What the copier said about one account, by code: how often, when first, and in words."""

    account_id: str
    code: str
    count: int
    first_time_ns: int
    text: str
    locks: bool


def follower_figures(
    plan: Plan,
    played: Played,
    *,
    instruments: Mapping[str, Instrument],
    tapes: Mapping[str, PriceTape],
    equity_cents: Mapping[str, int],
) -> tuple[FollowerFigures, ...]:
    """Return the figures of every follower, in the plan's order.

    Parameters
    ----------
    plan : Plan
        What was played.
    played : Played
        What came of it.
    instruments, tapes, equity_cents
        What it was played with.
    """
    reader = _Reader(plan, played, instruments, tapes, equity_cents)
    return tuple(reader.figures(own) for own in plan.followers)


def guard_figures(played: Played) -> tuple[GuardFigures, ...]:
    """Return the notices by account and code, in the order in which they first came."""
    first: dict[tuple[str, str], GuardFigures] = {}
    counts = Counter((notice.account_id, notice.code.value) for notice in played.notices)
    for notice in played.notices:
        key = (notice.account_id, notice.code.value)
        if key not in first:
            first[key] = GuardFigures(
                *key, counts[key], notice.time_ns, notice.text, notice.code in _LOCKING
            )
    return tuple(first.values())


_LOCKING = frozenset(
    (
        NoticeCode.DAILY_LOSS,
        NoticeCode.TRAILING_DRAWDOWN,
        NoticeCode.GIVE_BACK,
        NoticeCode.CONSISTENCY,
    )
)


class _Reader:
    def __init__(
        self,
        plan: Plan,
        played: Played,
        instruments: Mapping[str, Instrument],
        tapes: Mapping[str, PriceTape],
        equity_cents: Mapping[str, int],
    ) -> None:
        self._plan = plan
        self._played = played
        self._instruments = instruments
        self._tapes = tapes
        self._equity = equity_cents
        self._news = _of_type(played, EventType.NEW)
        self._fills = _of_type(played, EventType.FILL)
        rejected = {e.client_order_id for e in played.events if e.event_type == EventType.REJECT}
        leads = plan.leader_account_id
        self._led = [
            e for e in self._news if e.account_id == leads and e.client_order_id not in rejected
        ]
        self._led_fills = [e for e in self._fills if e.account_id == leads]
        if plan.mode is CopyMode.FILLS:
            filled = {e.order_id for e in self._led_fills}
            self._led = [e for e in self._led if e.order_id in filled]
        self._entries = _entries(self._led, played.events, leads)

    def figures(self, own: FollowerPlan) -> FollowerFigures:
        """Return one follower's figures."""
        name = own.account_id
        led = [e for e in self._led if self._lots_for_lot(own, e) is not None]
        copies = _by_parent(self._news, name)
        missed = [e for e in led if e.order_id not in copies]
        why = Counter(
            self._played.reasons.get((name, e.order_id or ""), "not_reached") for e in missed
        )
        slip = self._played.slippage[name]
        lost = self._lost(own, copies)
        return FollowerFigures(
            account_id=name,
            planned_ratio=self._planned(own),
            realized_ratio=self._realized(own),
            exposure_ratio=self._exposure(name),
            n_orders=len(led),
            n_copied=len(led) - len(missed),
            n_missed=len(missed),
            n_rejected=sum(
                e.event_type == EventType.REJECT and e.account_id == name and e.order_id is None
                for e in self._played.events
            ),
            missed_why=dict(sorted(why.items())),
            lost_lots=None if lost is None else round(float(lost[0]), 4),
            lost_notional_cents=None if lost is None else round(lost[1]),
            slippage_ticks=round(slip.lot_ticks / slip.lots, 4) if slip.lots else None,
            slippage_cents=slip.cents,
            profit_cents=self._played.profit_cents[name],
        )

    def _planned(self, own: FollowerPlan) -> float | None:
        size = own.size
        if size.mode is SizeMode.FIXED:
            return None
        if size.mode in (SizeMode.RATIO, SizeMode.NOTIONAL):
            return float(size.value)
        have = self._equity.get(own.account_id)
        leader_has = self._equity.get(self._plan.leader_account_id)
        if have is None or not leader_has:
            return None
        return round(float(size.value) * have / leader_has, 6)

    def _realized(self, own: FollowerPlan) -> float | None:
        lots: Counter[str] = Counter()
        for fill in self._fills:
            if fill.account_id == own.account_id:
                lots[fill.instrument_id] += fill.last_quantity or 0
        at_one: dict[str, Fraction] = {}
        for fill in self._led_fills:
            found = self._lots_for_lot(own, fill)
            if found is not None:
                instrument_id, per_lot = found
                more = (fill.last_quantity or 0) * per_lot
                at_one[instrument_id] = at_one.get(instrument_id, Fraction()) + more
        weights = {name: self._multiplier(name) for name in (*lots, *at_one)}
        led = sum(float(n) * weights[name] for name, n in at_one.items())
        if not led:
            return None
        mine = sum(n * weights[name] for name, n in lots.items())
        sign = -1 if own.size.value < 0 else 1
        return round(sign * mine / led, 6)

    def _exposure(self, name: str) -> float | None:
        have, leader_has = self._equity.get(name), self._equity.get(self._plan.leader_account_id)
        led = self._value_traded(self._plan.leader_account_id)
        if not have or not leader_has or not led:
            return None
        return round(self._value_traded(name) / have / (led / leader_has), 6)

    def _value_traded(self, name: str) -> float:
        return sum(
            (e.last_quantity or 0) * abs(e.last_price or 0.0) * self._multiplier(e.instrument_id)
            for e in self._fills
            if e.account_id == name
        )

    def _lost(
        self, own: FollowerPlan, copies: Mapping[str | None, list[OrderEvent]]
    ) -> tuple[Fraction, float] | None:
        """Return exact less ordered size over the entries that no guard kept back."""
        if own.size.mode not in (SizeMode.RATIO, SizeMode.NOTIONAL):
            return None
        lots, cents = Fraction(), 0.0
        for entry in self._entries:
            found = self._lots_for_lot(own, entry)
            reason = self._played.reasons.get((own.account_id, entry.order_id or ""))
            is_copied = entry.order_id in copies
            if found is None or not (is_copied or reason == NoticeCode.SIZE_ZERO.value):
                continue
            instrument_id, per_lot = found
            sent = sum(copy.quantity for copy in copies.get(entry.order_id, []))
            gone = entry.quantity * per_lot * abs(Fraction(own.size.value)) - sent
            lots += gone
            instrument = self._instruments[instrument_id]
            price_ticks = self._tapes[instrument_id].ticks_at(entry.event_time_ns)
            cents += float(gone * abs(price_ticks) * instrument.tick_value_cents)
        return lots, cents

    def _lots_for_lot(self, own: FollowerPlan, event: OrderEvent) -> tuple[str, Fraction] | None:
        return lots_for_lot(own, event.instrument_id, self._instruments)

    def _multiplier(self, instrument_id: str) -> float:
        return self._instruments[instrument_id].multiplier or 1.0


def _of_type(played: Played, kind: EventType) -> list[OrderEvent]:
    return [event for event in played.events if event.event_type == kind]


def _by_parent(news: list[OrderEvent], account_id: str) -> dict[str | None, list[OrderEvent]]:
    found: dict[str | None, list[OrderEvent]] = {}
    for event in news:
        if event.account_id == account_id and event.parent_order_id:
            found.setdefault(event.parent_order_id, []).append(event)
    return found


def _entries(led: list[OrderEvent], events: list[OrderEvent], leader: str) -> list[OrderEvent]:
    """Return the leader's orders that do not take its position away and guard no other."""
    wanted = {event.event_id for event in led}
    held: Counter[str] = Counter()
    entries = []
    for event in events:
        if event.account_id != leader:
            continue
        if event.event_type == EventType.FILL:
            held[event.instrument_id] += sign_of(event.side) * (event.last_quantity or 0)
        elif (
            event.event_id in wanted
            and not event.parent_order_id
            and held[event.instrument_id] * sign_of(event.side) >= 0
        ):
            entries.append(event)
    return entries
