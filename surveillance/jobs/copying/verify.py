"""`copy verify`: a plan checked against the records, and a day of it played in demo."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from models.params import SECOND_NS
from streams.copier import Plan
from streams.files import Dataset
from streams.orderevents import EventType
from streams.simulator import simulate
from surveillance.jobs.copying.checking import copied_instruments, refuse_all
from surveillance.jobs.copying.demo import Demo, demo_in_market, play_demo, read_valued_tapes
from surveillance.jobs.copying.figures import (
    FollowerFigures,
    GuardFigures,
    follower_figures,
    guard_figures,
)
from surveillance.jobs.copying.records import LeaderDay, read_leader_day, read_records
from surveillance.jobs.copying.stage import RecordedLeader
from surveillance.jobs.measuring import OnProgress, tell

_BEFORE_NS = 60 * SECOND_NS
_NO_DAY = LeaderDay(0, (), frozenset(), {})


@dataclass(frozen=True, slots=True)
class Verification:
    """What a day in demo says of a plan.

    `source` says whose orders were played, `day` is that of its first order; profit is after fees.
    """

    plan_id: str
    source: str
    day: str
    n_leader_orders: int
    leader_profit_cents: int
    followers: tuple[FollowerFigures, ...]
    guards: tuple[GuardFigures, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the record as plain JSON types."""
        return asdict(self)


def verify_recorded(
    plan: Plan,
    dataset: Dataset,
    other_plans: Sequence[Plan] = (),
    *,
    seed: int,
    latest_time_ns: int,
    on_progress: OnProgress | None = None,
) -> Verification:
    """Check a plan against a dataset and play the leader's busiest day.

    Parameters
    ----------
    plan : Plan
        What is to run.
    dataset : Dataset
        Accounts, declarations, instruments and orders.
    other_plans : sequence of Plan
        The plans that run already.
    seed : int
        Of the venue's delays.
    latest_time_ns : int
        No event may be later.
    on_progress : callable, optional
        Where to report.

    Raises
    ------
    PlanRefusedError
        With everything that speaks against the plan.
    StreamError
        If the dataset breaks the contract.
    """
    tell(on_progress, "Reading", 0, 1)
    records = read_records(dataset, latest_time_ns=latest_time_ns)
    leads = plan.leader_account_id
    day = (
        read_leader_day(
            dataset,
            leads,
            records.lot_sizes,
            day_starts_s=plan.day_starts_s,
            latest_time_ns=latest_time_ns,
        )
        or _NO_DAY
    )
    led = {request.instrument_id for request in day.requests}
    needed = copied_instruments(plan, led, records.instruments)
    tapes = read_valued_tapes(dataset, records, {*needed, *led}, day.start_ns, latest_time_ns)
    at_ns = day.requests[0].event_time_ns if day.requests else latest_time_ns
    refuse_all(
        plan,
        owners=records.owners,
        declarations=records.declarations,
        other_plans=other_plans,
        largest_positions={leads: day.largest_lots},
        at_ns=at_ns,
        instruments=records.instruments,
        needed=needed,
        priced=tapes,
        also=[] if day.requests else [f"leader {leads} sent no order in the dataset"],
    )
    demo = Demo(
        # What has no price here is in no plan either: the check has seen to that.
        leader=RecordedLeader(leads, [r for r in day.requests if r.instrument_id in tapes]),
        source=f"the orders of {leads}, as recorded",
        records=records,
        tapes=tapes,
        start_ns=at_ns - _BEFORE_NS,
        end_ns=max(int(tape.times_ns[-1]) for tape in tapes.values()),
        refused=day.refused,
    )
    return _verify(plan, demo, seed, on_progress)


def verify_simulated(
    plan: Plan,
    scenario: str,
    other_plans: Sequence[Plan] = (),
    *,
    seed: int,
    n_accounts: int,
    on_progress: OnProgress | None = None,
) -> Verification:
    """Check a plan and play it with a simulated leader at the prices of a simulated market.

    Owners, declarations and money are as of `demo_in_market`.

    Raises
    ------
    PlanRefusedError
        With everything that speaks against the plan.
    StreamError
        If the simulator refuses an argument.
    """
    tell(on_progress, "Simulating", 0, 1)
    market = simulate(scenario, n_accounts=n_accounts, n_days=1, seed=seed)
    source = f"a simulated leader in the market {scenario}, seed {seed}"
    demo = demo_in_market(plan, market.tables, other_plans, source=source, seed=seed)
    return _verify(plan, demo, seed, on_progress)


def _verify(plan: Plan, demo: Demo, seed: int, on_progress: OnProgress | None) -> Verification:
    records = demo.records
    played = play_demo(plan, demo, seed, on_progress)
    leads = plan.leader_account_id
    orders = [e for e in played.events if e.account_id == leads and e.event_type == EventType.NEW]
    return Verification(
        plan_id=plan.plan_id,
        source=demo.source,
        day=datetime.fromtimestamp(demo.start_ns // SECOND_NS, UTC).date().isoformat(),
        n_leader_orders=len(orders),
        leader_profit_cents=played.profit_cents[leads],
        followers=follower_figures(
            plan,
            played,
            instruments=records.instruments,
            tapes=demo.tapes,
            equity_cents=records.equity_cents,
        ),
        guards=guard_figures(played),
    )
