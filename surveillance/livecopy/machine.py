"""A copier with its tally: the whole state of a plan at work, as a value."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from streams.copier import Action, Copier, Instrument, Plan
from streams.copier.copier import Event
from streams.copier.plan import FollowerPlan
from streams.copier.plan_file import plan_of, plan_to_json
from surveillance.errors import CopierError
from surveillance.livecopy.journal import read_inputs
from surveillance.livecopy.latency import BOUNDS_MS, Latencies
from surveillance.livecopy.tally import Tally

_STATE_FORM = 1  # one more whenever what `snapshot` returns is read differently
_NS_PER_S = 1_000_000_000
_NS_PER_DAY = 86_400 * _NS_PER_S


class Machine:
    """A plan at work.

    Parameters
    ----------
    plan : Plan
        Who follows whom.
    instruments : sequence of Instrument
        What is known about instruments.
    """

    def __init__(self, plan: Plan, instruments: Sequence[Instrument]) -> None:
        self.plan = plan
        self.instruments = tuple(instruments)
        self.copier = Copier(plan, instruments)
        self.tally = Tally(plan, instruments)

    @property
    def followers(self) -> tuple[str, ...]:
        """The accounts of the followers, in the plan's order."""
        return tuple(own.account_id for own in self.plan.followers)

    def process(self, event: Event) -> list[Action]:
        """Take the next event and return what it leads to."""
        actions = self.copier.process(event)
        self.tally.note(event, actions)
        return actions

    def snapshot(self) -> bytes:
        """Return the state, and the plan and instruments that it holds for."""
        content = {
            "form": _STATE_FORM,
            "plan": plan_to_json(self.plan),
            "instruments": [asdict(one) for one in self.instruments],
            "copier": self.copier.snapshot(),
            "tally": self.tally.snapshot(),
        }
        return json.dumps(content, separators=(",", ":")).encode()

    def view(self, time_ns: int, latencies: Latencies, *, n_refused: int) -> dict[str, Any]:
        """Return what people are shown: plain JSON types.

        Parameters
        ----------
        time_ns : int
            The time of day.
        latencies : Latencies
            Of the copies.
        n_refused : int
            Events on the topics of orders that could not be read.
        """
        leads = self.plan.leader_account_id
        return {
            "time_ns": time_ns,
            "leader": {
                "account_id": leads,
                "positions": self.copier.positions(leads),
                "profit_cents": self.copier.profit_cents(leads),
            },
            "followers": [self._follower(own, latencies) for own in self.plan.followers],
            "latency_bounds_ms": list(BOUNDS_MS),
            "notices": self.tally.notices(),
            "n_refused": n_refused,
        }

    def _follower(self, own: FollowerPlan, latencies: Latencies) -> dict[str, Any]:
        account_id = own.account_id
        copier, tally = self.copier, self.tally.followers[account_id]
        slippage = copier.slippage(account_id)
        return {
            "account_id": account_id,
            "state": copier.state(account_id).value,
            "lock": self._lock(account_id),
            "positions": copier.positions(account_id),
            "targets": copier.targets(account_id),
            "profit_cents": copier.profit_cents(account_id),
            "slippage_cents": slippage.cents,
            "slippage_ticks": (
                round(slippage.lot_ticks / slippage.lots, 4) if slippage.lots else None
            ),
            "n_orders": tally.n_orders,
            "n_fills": tally.n_fills,
            "n_rejects": tally.n_rejects,
            "fidelity": self.tally.fidelity(own),
            "latency": latencies.to_json(account_id),
        }

    def _lock(self, account_id: str) -> dict[str, Any] | None:
        lock = self.copier.lock(account_id)
        if lock is None:
            return None
        until_ns = None
        if lock.until_day is not None:
            until_ns = lock.until_day * _NS_PER_DAY + self.plan.day_starts_s * _NS_PER_S
        return {"code": lock.code.value, "text": lock.text, "until": until_ns}


def recover(
    plan: Plan, instruments: Sequence[Instrument], snapshot: bytes | None, journal: Iterable[bytes]
) -> Machine:
    """Return a plan at work where it stood: the saved state, and what it was told since.

    What it was told since is told to the plan and the instruments of that time; then those of now
    take over. A changed plan begins anew where nobody holds a position or has an order in the
    market.

    Raises
    ------
    CopierError
        If another version wrote the state, or the plan has changed and there is something left.
    """
    if snapshot is None:
        return Machine(plan, instruments)
    content = json.loads(snapshot)
    if content["form"] != _STATE_FORM:
        raise CopierError(plan.plan_id, "has a state of another version; close its positions first")
    before = Machine(
        plan_of(content["plan"], shown="the plan that ran"),
        [Instrument(**one) for one in content["instruments"]],
    )
    before.copier.restore(content["copier"])
    before.tally.restore(content["tally"])
    for segment in journal:
        for event in read_inputs(segment):
            before.process(event)
    now = Machine(plan, instruments)
    if before.plan == plan:
        now.copier.restore(before.copier.snapshot())
        now.tally.restore(before.tally.snapshot())
    elif not before.copier.is_idle:
        raise CopierError(
            plan.plan_id,
            "has changed while accounts hold positions or orders: close them first, or run the "
            "plan as it was",
        )
    return now
