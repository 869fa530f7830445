"""May this plan run, and may it still: records against the plan."""

from collections.abc import Iterable, Sequence
from urllib.parse import quote

from streams.copier import Command, CommandKind, Plan, check_plan
from streams.copier.plan import Response
from streams.copier.plan_file import plan_of, plan_to_json
from surveillance.clock import now_ns
from surveillance.errors import PlanRefusedError
from surveillance.jobs.copying.checking import copied_instruments, refuse_all
from surveillance.jobs.copying.records import CopyRecords
from surveillance.store.copying import CopyStore

_LONGEST_NAMES = 150
"""Plan and account stand in the id of every copy, which the contract bounds."""
_KILLS = {Response.FLATTEN: CommandKind.KILL_AND_FLATTEN, Response.HOLD: CommandKind.KILL_AND_HOLD}


def allow(store: CopyStore, plan: Plan, records: CopyRecords, *, time_ns: int) -> None:
    """Record a plan that may run; one that may not is refused, and that is recorded too.

    Parameters
    ----------
    store : CopyStore
        Holds the plans that run already.
    plan : Plan
        What is to run.
    records : CopyRecords
        Owners, declarations and instruments.
    time_ns : int
        When it is to run.

    Raises
    ------
    PlanRefusedError
        With every reason, if there is any.
    CopierError
        If the plan runs and is another one now.
    """
    store.record_plan(plan.plan_id, plan_to_json(plan), now_ns())
    others = [plan_of(content, shown="a running plan") for content in store.running_plans()]
    try:
        _refuse(plan, records, others, time_ns)
    except PlanRefusedError as error:
        store.record_refusal(plan.plan_id, error.reasons, now_ns())
        raise


def disarming(
    plan: Plan, records: CopyRecords, armed: Iterable[str], *, time_ns: int
) -> list[Command]:
    """Return the commands that stop followers which may be copied to no longer.

    Parameters
    ----------
    plan, records, time_ns
        As of `allow`.
    armed : iterable of str
        Followers that are not stopped already.
    """
    reasons: dict[str, list[str]] = {}
    for refusal in check_plan(plan, records.owners, records.declarations, (), {}, time_ns):
        reasons.setdefault(refusal.account_id, []).append(refusal.text)
    of_all = reasons.get(plan.leader_account_id, [])
    wanted = set(armed)
    return [
        Command(
            time_ns,
            _KILLS[own.limits.when_locked],
            own.account_id,
            "; ".join([*of_all, *reasons.get(own.account_id, [])]),
        )
        for own in plan.followers
        if own.account_id in wanted and (of_all or own.account_id in reasons)
    ]


def _refuse(plan: Plan, records: CopyRecords, others: Sequence[Plan], time_ns: int) -> None:
    needed = copied_instruments(plan, _named(plan), records.instruments)
    refuse_all(
        plan,
        owners=records.owners,
        declarations=records.declarations,
        other_plans=others,
        largest_positions={},
        at_ns=time_ns,
        instruments=records.instruments,
        needed=needed,
        priced=needed,  # prices come with the fills
        also=list(_too_long(plan)),
    )


def _named(plan: Plan) -> set[str]:
    """Return the instruments that the plan names: the others show when the leader trades them."""
    sources = {one.leader_instrument_id for own in plan.followers for one in own.translations}
    return sources | {name for own in plan.followers for name in own.instruments}


def _too_long(plan: Plan) -> Iterable[str]:
    for own in plan.followers:
        if len(quote(plan.plan_id, safe="") + quote(own.account_id, safe="")) > _LONGEST_NAMES:
            yield (
                f"plan_id and account {own.account_id} must have at most {_LONGEST_NAMES} "
                "characters together: both stand in the id of every copy"
            )
