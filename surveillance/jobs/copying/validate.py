"""`copy validate`: the loop through the detector, whose answer the copier knows.

The copier plays a day in a simulated market, its orders are mixed into that market's, and the
ordinary scan runs: with the owner's accounts declared, undeclared, and in the hands of others.
"""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

from models.params import DetectionParams
from streams.copier import Declaration, Plan, check_plan
from streams.copier.plan import FollowerPlan, Rounding, Size, Translation
from streams.files import Dataset, write_dataset
from streams.orderevents import EventType, OrderEvent
from streams.simulator import simulate
from surveillance.errors import PlanRefusedError
from surveillance.findings import GroupFinding, RunReference
from surveillance.fitted import load_classifier
from surveillance.jobs.copying.cases import CaseFindings, Truth, judge_case
from surveillance.jobs.copying.demo import demo_in_market, play_demo
from surveillance.jobs.copying.mixing import mix, without_stamps
from surveillance.jobs.copying.truth import true_copies
from surveillance.jobs.measuring import OnProgress, detector_progress, tell
from surveillance.pipeline.runner import scan


@dataclass(frozen=True, slots=True)
class Validation:
    """All cases; `stamps_change` says whether the findings differ without the copier's stamps."""

    plan_id: str
    scenario: str
    seed: int
    n_accounts: int
    n_orders: int
    cases: tuple[CaseFindings, ...]
    stamps_change: bool

    @property
    def is_as_it_should(self) -> bool:
        """Whether nothing is wrong in any case, and stamps change nothing."""
        return not self.stamps_change and not any(case.wrong for case in self.cases)

    def to_json(self) -> dict[str, Any]:
        """Return the record as plain JSON types."""
        return {**asdict(self), "as_it_should": self.is_as_it_should}


def usual_plan() -> Plan:
    """Return the plan that is validated where none is given: one owner, five ways of sizing."""

    def follows(account_id: str, **fields: Any) -> FollowerPlan:
        return FollowerPlan(account_id, "copy-owner", "copy-declaration", **fields)

    to_micro = (Translation("ES", "MES", lots=10),)
    return Plan(
        "validation",
        "copy-leader",
        (
            follows("copy-full"),
            follows("copy-half", size=Size(value=Decimal("0.5"))),
            follows("copy-double", size=Size(value=Decimal(2))),
            follows("copy-micro", translations=to_micro, instruments=("CL", "MES", "NQ")),
            follows("copy-half-micro", size=Size(value=Decimal("0.5"), rounding=Rounding.MICROS)),
        ),
        lead_exposure_percent=None,
    )


def validate(
    plan: Plan | None = None,
    *,
    scenario: str = "nothing",
    n_accounts: int = 3_000,
    seed: int = 1,
    on_progress: OnProgress | None = None,
) -> Validation:
    """Play a copier in a simulated market and see what the detector makes of it.

    Parameters
    ----------
    plan : Plan, optional
        Followers of one owner; `usual_plan` by default.
    scenario : str
        The market around it.
    n_accounts : int
        Accounts of that market, beside the plan's.
    seed : int
        Of market, leader and delays.
    on_progress : callable, optional
        Where to report.

    Raises
    ------
    PlanRefusedError
        If the plan cannot be played.
    StreamError
        If the simulator refuses an argument.
    """
    plan = plan or usual_plan()
    tell(on_progress, "Simulating", 0, 1)
    market = simulate(scenario, n_accounts=n_accounts, n_days=1, seed=seed).tables
    _check_accounts(plan, market)
    demo = demo_in_market(plan, market, source=scenario, seed=seed)
    events = play_demo(plan, demo, seed, on_progress).events
    truth = Truth(plan, events, true_copies(plan, events, demo.records.instruments))
    own = demo.records.owners
    strangers = {
        plan.leader_account_id: "stranger-0",
        **{own.account_id: f"stranger-{n}" for n, own in enumerate(plan.followers, start=1)},
    }
    cases = []
    stamps_change = False
    for name, owners in (("declared", own), ("undeclared", own), ("other_owners", strangers)):
        is_declared = name == "declared"
        tables = mix(market, plan, events, owners, is_declared=is_declared)
        found = _scan(tables, name, on_progress)
        if is_declared:
            bare = _scan(without_stamps(tables), "without stamps", on_progress)
            stamps_change = _plain(bare) != _plain(found)
        cases.append(judge_case(name, truth, found, _refusals(plan, owners, is_declared, events)))
    return Validation(
        plan_id=plan.plan_id,
        scenario=scenario,
        seed=seed,
        n_accounts=n_accounts,
        n_orders=sum(event.event_type == EventType.NEW for event in events),
        cases=tuple(cases),
        stamps_change=stamps_change,
    )


def _check_accounts(plan: Plan, market: Mapping[str, pa.Table]) -> None:
    names = {plan.leader_account_id, *(own.account_id for own in plan.followers)}
    if taken := names & set(market["accounts"]["account_id"].to_pylist()):
        raise PlanRefusedError(
            plan.plan_id, [f"the simulated market has an account {n}" for n in sorted(taken)]
        )


def _scan(
    tables: Mapping[str, pa.Table], name: str, on_progress: OnProgress | None
) -> tuple[GroupFinding, ...]:
    now_ns = int(tables["orders"]["event_time_ns"].to_numpy().max())
    with tempfile.TemporaryDirectory(prefix="copy-") as directory:
        write_dataset(directory, tables)
        result = scan(
            Dataset.open(Path(directory)),
            params=DetectionParams(),
            now_ns=now_ns,
            finished_ns=lambda: now_ns,
            known_groups={},
            name="validation",
            progress=detector_progress(name, on_progress),
            artifact=load_classifier(),
        )
    return result.findings.groups


def _plain(groups: tuple[GroupFinding, ...]) -> list[GroupFinding]:
    """Return findings without the run: its id holds the hash of the files."""
    run = RunReference("", "", "", "")
    return [replace(one, group=replace(one.group, run=run)) for one in groups]


def _refusals(
    plan: Plan, owners: Mapping[str, str], is_declared: bool, events: Sequence[OrderEvent]
) -> tuple[str, ...]:
    """Return what the copier's own check refuses; it lets pass the same plan unguarded."""
    declared = [
        Declaration(own.declaration_id, plan.leader_account_id, own.account_id)
        for own in plan.followers
        if is_declared
    ]
    at_ns = events[0].event_time_ns
    unguarded = check_plan(plan, owners, declared, (), {}, at_ns, unguarded=True)
    if unguarded:
        raise PlanRefusedError(plan.plan_id, [refusal.text for refusal in unguarded])
    guarded = check_plan(plan, owners, declared, (), {}, at_ns)
    return tuple(sorted({refusal.code for refusal in guarded}))
