"""A check of a plan, kept in the store with what it said."""

from collections.abc import Callable

from streams.copier import Plan
from streams.copier.plan_file import plan_to_json
from surveillance.clock import now_ns
from surveillance.errors import PlanRefusedError
from surveillance.jobs.copying.verify import Verification
from surveillance.store.copying import CopyStore


def verify_and_record(
    store: CopyStore, plan: Plan, verify: Callable[[], Verification]
) -> Verification:
    """Record a plan, verify it, and record the report or the reasons against it.

    Parameters
    ----------
    store : CopyStore
        Where it is kept.
    plan : Plan
        What is to run.
    verify : callable
        Plays the plan.

    Raises
    ------
    PlanRefusedError
        As `verify` raises it; its reasons are recorded.
    CopierError
        If the plan runs and is another one now.
    """
    store.record_plan(plan.plan_id, plan_to_json(plan), now_ns())
    try:
        report = verify()
    except PlanRefusedError as error:
        store.record_refusal(plan.plan_id, error.reasons, now_ns())
        raise
    store.record_verification(plan.plan_id, report.to_json(), now_ns())
    return report
