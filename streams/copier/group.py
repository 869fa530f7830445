"""The copy group: a plan at work, its leader and its followers, and what holds for all of them."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from streams.copier.follower import Follower
from streams.copier.guards import Lock, Purse, Standing, lock_of, lock_snapshot
from streams.copier.instruments import Instrument
from streams.copier.lane import Lane
from streams.copier.leader import LeaderBook
from streams.copier.money import Ledger
from streams.copier.plan import Margin, Plan

_NS_PER_SECOND = 1_000_000_000
_NS_PER_DAY = 86_400 * _NS_PER_SECOND


class CopyGroup:
    """Everything that a copier knows.

    Parameters
    ----------
    plan : Plan
        What was agreed.
    instruments : mapping of str to Instrument
        What is known about instruments; a margin that the plan states comes before theirs.

    Attributes
    ----------
    marks : dict of str to int
        Last price of each instrument in ticks, from every fill seen.
    entries_refused : bool
        Whether no follower may copy the entry that is being looked at.
    """

    def __init__(self, plan: Plan, instruments: Mapping[str, Instrument]) -> None:
        self.plan = plan
        self.instruments = instruments = _with_margins(instruments, plan.margins)
        self.marks: dict[str, int] = {}
        ledger = Ledger(instruments, self.marks, commission_cents=plan.leader_commission_cents)
        self.leader_purse = Purse(ledger, plan.drift.balance_age_ns)
        self.leader = LeaderBook(ledger)
        self.followers = {
            own.account_id: Follower(plan, own, instruments, self.marks) for own in plan.followers
        }
        self.standing = Standing()
        self.lock: Lock | None = None
        self.entries_refused = False

    def day(self, time_ns: int) -> int:
        """Return the number of the trading day of a time."""
        return (time_ns - self.plan.day_starts_s * _NS_PER_SECOND) // _NS_PER_DAY

    @property
    def is_idle(self) -> bool:
        """Whether nobody holds a position or has an order in the market."""
        lanes = [lane for one in self.followers.values() for lane in one.lanes.values()]
        ledgers = [self.leader.ledger, *(one.purse.ledger for one in self.followers.values())]
        return not (
            any(lane.orders for lane in lanes)
            or any(ledger.open_lots() for ledger in ledgers)
            or any(order.is_open for order in self.leader.orders.values())
        )

    def n_entries(self) -> int:
        """Return the entries of all followers today."""
        return sum(follower.n_entries for follower in self.followers.values())

    def possible_lots(self, instrument_id: str, sign: int, besides: Lane) -> int:
        """Return the largest position that the entries of all lanes but one can lead to."""
        lanes = (follower.lanes.get(instrument_id) for follower in self.followers.values())
        return sum(lane.possible_lots(sign) for lane in lanes if lane not in (None, besides))

    def look(self) -> None:
        """Value all followers together."""
        standings = (follower.purse.standing for follower in self.followers.values())
        self.standing.look(sum(standing.equity_cents for standing in standings))

    def snapshot(self) -> dict[str, Any]:
        """Return the state as plain JSON types."""
        return {
            "marks": dict(self.marks),
            "leader": self.leader.snapshot(),
            "leader_purse": self.leader_purse.snapshot(),
            "followers": {name: one.snapshot() for name, one in self.followers.items()},
            "standing": self.standing.snapshot(),
            "lock": lock_snapshot(self.lock),
        }

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Go back to a state that `snapshot` returned."""
        self.marks.clear()
        self.marks.update(snapshot["marks"])
        self.leader.restore(snapshot["leader"])
        self.leader_purse.restore(snapshot["leader_purse"])
        for name, one in snapshot["followers"].items():
            self.followers[name].restore(one)
        self.standing.restore(snapshot["standing"])
        self.lock = lock_of(snapshot["lock"])


def _with_margins(
    instruments: Mapping[str, Instrument], margins: Iterable[Margin]
) -> dict[str, Instrument]:
    known = dict(instruments)
    for margin in margins:
        name = margin.instrument_id
        found = known.get(name) or Instrument(name)
        known[name] = replace(found, margin_cents=margin.margin_cents)
    return known
