"""What a running copier has done so far: counts by follower, and its last notices.

A function of what the copier was told and of what it did, kept beside its state.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

from streams.copier import Action, Instrument, Notice, Plan
from streams.copier.copier import Event
from streams.copier.plan import CopyMode, FollowerPlan, SizeMode
from streams.copier.recent import RecentIds
from streams.copier.routes import lots_for_lot
from streams.orderevents import EventType, OrderEvent

NOTICES_KEPT = 100
_EXACT = ("led", "filled")


@dataclass(slots=True)
class FollowerTally:
    """Counts of one follower.

    Attributes
    ----------
    n_orders, n_fills, n_rejects : int
        New orders sent; fills and rejects that came back.
    copied, missed : int
        The leader's orders with and without a copy (fills, where those are copied).
    led, filled : Fraction
        What the leader filled, at ratio 1, and what the follower filled: lots times multiplier.
    """

    n_orders: int = 0
    n_fills: int = 0
    n_rejects: int = 0
    copied: int = 0
    missed: int = 0
    led: Fraction = Fraction()
    filled: Fraction = Fraction()


class Tally:
    """Counts of all followers of a plan.

    Parameters
    ----------
    plan : Plan
        Whose.
    instruments : sequence of Instrument
        What is known about instruments.
    """

    def __init__(self, plan: Plan, instruments: Sequence[Instrument]) -> None:
        self._plan = plan
        self._instruments = {one.instrument_id: one for one in instruments}
        self._acts_on = EventType.FILL if plan.mode is CopyMode.FILLS else EventType.NEW
        self._seen, self._missed, self._copied = RecentIds(), RecentIds(), RecentIds()
        self.followers = {own.account_id: FollowerTally() for own in plan.followers}
        self._notices: deque[dict[str, Any]] = deque(maxlen=NOTICES_KEPT)

    def note(self, event: Event, actions: Sequence[Action]) -> None:
        """Take what the copier was told, and what it did upon it."""
        for action in actions:
            if isinstance(action, Notice):
                self._note_notice(action)
            elif action.event_type == EventType.NEW:
                self.followers[action.account_id].n_orders += 1
        if isinstance(event, OrderEvent) and self._seen.add(event.event_id):
            if event.account_id == self._plan.leader_account_id:
                self._note_leader(event)
            elif event.account_id in self.followers:
                self._note_answer(self.followers[event.account_id], event)
        for action in actions:  # after the leader's order that it copies
            if isinstance(action, OrderEvent) and action.event_type == EventType.NEW:
                self._note_copy(action)

    def notices(self) -> list[dict[str, Any]]:
        """Return the last notices, the oldest first."""
        return list(self._notices)

    def fidelity(self, own: FollowerPlan) -> dict[str, Any]:
        """Return how faithfully a follower copied."""
        tally = self.followers[own.account_id]
        sign = -1 if own.size.value < 0 else 1
        return {
            "copied": tally.copied,
            "missed": tally.missed,
            "rejected": tally.n_rejects,
            "planned_ratio": _planned(own),
            "realized_ratio": (
                round(float(sign * tally.filled / tally.led), 6) if tally.led else None
            ),
        }

    def snapshot(self) -> dict[str, Any]:
        """Return the state as plain JSON types."""
        return {
            "seen": [one.snapshot() for one in (self._seen, self._missed, self._copied)],
            "followers": {
                name: {**asdict(tally), **{key: str(getattr(tally, key)) for key in _EXACT}}
                for name, tally in self.followers.items()
            },
            "notices": list(self._notices),
        }

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Go back to a state that `snapshot` returned, of a tally of the same plan."""
        ids = (self._seen, self._missed, self._copied)
        for one, content in zip(ids, snapshot["seen"], strict=True):
            one.restore(content)
        for name, values in snapshot["followers"].items():
            exact = {key: Fraction(values[key]) for key in _EXACT}
            self.followers[name] = FollowerTally(**{**values, **exact})
        self._notices.clear()
        self._notices.extend(snapshot["notices"])

    def _note_notice(self, notice: Notice) -> None:
        self._notices.append(
            {
                "time_ns": notice.time_ns,
                "account_id": notice.account_id,
                "code": notice.code.value,
                "text": notice.text,
            }
        )

    def _note_leader(self, event: OrderEvent) -> None:
        if event.copy_group_id is not None:
            return
        for own in self._plan.followers:
            found = lots_for_lot(own, event.instrument_id, self._instruments)
            if found is None:
                continue
            tally = self.followers[own.account_id]
            if event.event_type == EventType.FILL:
                lots = (event.last_quantity or 0) * found[1]
                tally.led += lots * self._multiplier(found[0])
            order_id = event.order_id or event.client_order_id or event.event_id
            # Missed until a copy of it is sent: a bracket's legs wait for their entry.
            if event.event_type == self._acts_on and self._missed.add(_pair(own, order_id)):
                tally.missed += 1

    def _note_copy(self, copy: OrderEvent) -> None:
        if copy.parent_order_id is None:
            return
        pair = f"{copy.account_id}\0{copy.parent_order_id}"
        if self._copied.add(pair) and not self._missed.add(pair):
            tally = self.followers[copy.account_id]
            tally.missed -= 1
            tally.copied += 1

    def _note_answer(self, tally: FollowerTally, event: OrderEvent) -> None:
        if event.event_type == EventType.REJECT:
            tally.n_rejects += 1
        elif event.event_type == EventType.FILL:
            tally.n_fills += 1
            tally.filled += (event.last_quantity or 0) * self._multiplier(event.instrument_id)

    def _multiplier(self, instrument_id: str) -> Fraction:
        known = self._instruments.get(instrument_id)
        return Fraction(str(known.multiplier)) if known and known.multiplier else Fraction(1)


def _planned(own: FollowerPlan) -> str:
    if own.size.mode is SizeMode.FIXED:
        return f"{own.size.value} lots an order"
    return f"{own.size.value}" + (
        "" if own.size.mode is SizeMode.RATIO else f" of {own.size.mode.value}"
    )


def _pair(own: FollowerPlan, order_id: str) -> str:
    return f"{own.account_id}\0{order_id}"
