"""The copy group: a plan at work, its leader and its followers, and what holds for all of them."""

from collections.abc import Mapping
from typing import Any

from streams.copier.actions import NoticeCode
from streams.copier.follower import Follower
from streams.copier.guards import Breach, Lock, Purse, Standing, lock_of, lock_snapshot
from streams.copier.instruments import Instrument
from streams.copier.leader import LeaderBook
from streams.copier.money import Ledger, contract_cost_cents
from streams.copier.plan import Plan

_NS_PER_SECOND = 1_000_000_000
_NS_PER_DAY = 86_400 * _NS_PER_SECOND


class CopyGroup:
    """Everything that a copier knows.

    Parameters
    ----------
    plan : Plan
        What was agreed.
    instruments : mapping of str to Instrument
        What is known about instruments.

    Attributes
    ----------
    marks : dict of str to int
        Last price of each instrument in ticks, from every fill seen.
    entries_refused : bool
        Whether no follower may copy the entry that is being looked at.
    """

    def __init__(self, plan: Plan, instruments: Mapping[str, Instrument]) -> None:
        self.plan = plan
        self.instruments = instruments
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

    def n_entries(self) -> int:
        """Return the entries of all followers today."""
        return sum(follower.n_entries for follower in self.followers.values())

    def possible_lots(self, instrument_id: str, sign: int) -> int:
        """Return the largest position on one side that the entries of all followers can lead to."""
        lanes = (follower.lanes.get(instrument_id) for follower in self.followers.values())
        return sum(lane.possible_lots(sign) for lane in lanes if lane is not None)

    def look(self) -> None:
        """Value all followers together."""
        standings = (follower.purse.standing for follower in self.followers.values())
        self.standing.look(sum(standing.equity_cents for standing in standings))

    def lead_exposure(self, instrument_id: str, lots: int, time_ns: int) -> Breach | None:
        """Return the breach where the leader's open contracts cost too much of its balance.

        Parameters
        ----------
        instrument_id : str
            What the leader is about to open.
        lots : int
            How much of it, beside what it holds.
        time_ns : int
            Now: an old balance says nothing.
        """
        percent = self.plan.lead_exposure_percent
        if percent is None:
            return None
        instrument = self.instruments.get(instrument_id) or Instrument(instrument_id)
        contract = contract_cost_cents(instrument, self.marks.get(instrument_id))
        held = self.leader_purse.ledger.open_cost_cents()
        fresh = self.leader_purse.is_fresh(time_ns)
        if contract is None or held is None or not fresh:
            text = (
                "the leader's balance or the cost of its contracts is not known: entry not copied"
            )
            return Breach(NoticeCode.LEAD_EXPOSURE_UNKNOWN, text, {})
        cost = held + round(lots * contract)
        limit = self.leader_purse.balance_cents * percent // 100
        if cost <= limit:
            return None
        text = f"the leader's open contracts would cost more than {percent}% of its balance"
        return Breach(NoticeCode.LEAD_EXPOSURE, text, {"cents": cost, "limit_cents": limit})

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
