"""What is played in demo, and the demo of a simulated market."""

import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from streams.copier import Declaration, Plan
from streams.files import Dataset, write_dataset
from streams.simulator.venue_tape import PriceTape
from surveillance.jobs.copying.checking import copied_instruments, refuse_all
from surveillance.jobs.copying.leading import draw_leader, led_instruments
from surveillance.jobs.copying.records import CopyRecords, read_records, read_tapes
from surveillance.jobs.copying.stage import Leader, Played, play
from surveillance.jobs.measuring import OnProgress, tell

USUAL_EQUITY_CENTS = 10_000_000
"""What each account of a plan has where there are no records of it: 100,000 dollars."""


@dataclass(frozen=True, slots=True)
class Demo:
    """A leader, prices, what the accounts have, from when to when."""

    leader: Leader
    source: str
    records: CopyRecords
    tapes: Mapping[str, PriceTape]
    start_ns: int
    end_ns: int
    refused: frozenset[str] = frozenset()


def demo_in_market(
    plan: Plan,
    market: Mapping[str, pa.Table],
    other_plans: Sequence[Plan] = (),
    *,
    source: str,
    seed: int,
) -> Demo:
    """Check a plan and return its demo with a simulated leader in a simulated market.

    The market knows none of the plan's accounts: owners and declarations are taken as the plan
    states them, and each account has `USUAL_EQUITY_CENTS`.

    Raises
    ------
    PlanRefusedError
        With everything that speaks against the plan.
    """
    times_ns = market["orders"]["event_time_ns"].to_numpy()
    start_ns, end_ns = int(times_ns.min()), int(times_ns.max())
    led = led_instruments(plan)
    with tempfile.TemporaryDirectory(prefix="copy-") as directory:
        write_dataset(directory, market)
        dataset = Dataset.open(Path(directory))
        records = _as_stated(plan, read_records(dataset, latest_time_ns=end_ns))
        needed = copied_instruments(plan, led, records.instruments)
        tapes = read_valued_tapes(dataset, records, {*needed, *led}, start_ns, end_ns)
    refuse_all(
        plan,
        owners=records.owners,
        declarations=records.declarations,
        other_plans=other_plans,
        largest_positions={},
        at_ns=start_ns,
        instruments=records.instruments,
        needed=needed,
        priced=tapes,
    )
    leader = draw_leader(
        plan, records.instruments, tapes, start_ns=start_ns, end_ns=end_ns, seed=seed
    )
    return Demo(leader, source, records, tapes, start_ns, end_ns)


def read_valued_tapes(
    dataset: Dataset,
    records: CopyRecords,
    names: Collection[str],
    start_ns: int,
    latest_time_ns: int,
) -> dict[str, PriceTape]:
    """Return the tapes of those instruments that have a multiplier and a tick size."""
    known = records.instruments
    valued = sorted(name for name in names if name in known and known[name].is_valued)
    return read_tapes(dataset, known, valued, start_ns=start_ns, latest_time_ns=latest_time_ns)


def play_demo(plan: Plan, demo: Demo, seed: int, on_progress: OnProgress | None) -> Played:
    """Play a demo and return what came of it."""
    return play(
        plan,
        demo.leader,
        instruments=demo.records.instruments,
        tapes=demo.tapes,
        equity_cents=demo.records.equity_cents,
        start_ns=demo.start_ns,
        end_ns=demo.end_ns,
        seed=seed,
        refused=demo.refused,
        on_progress=lambda done, total: tell(on_progress, "Playing", done, total),
    )


def _as_stated(plan: Plan, records: CopyRecords) -> CopyRecords:
    """Return a market's instruments with the owners and declarations that a plan states."""
    leads = plan.leader_account_id
    owners = {own.account_id: own.owner_id for own in plan.followers}
    owners[leads] = plan.followers[0].owner_id
    return CopyRecords(
        owners=owners,
        equity_cents=dict.fromkeys(owners, USUAL_EQUITY_CENTS),
        declarations=tuple(
            Declaration(own.declaration_id, leads, own.account_id) for own in plan.followers
        ),
        instruments=records.instruments,
        lot_sizes=records.lot_sizes,
    )
