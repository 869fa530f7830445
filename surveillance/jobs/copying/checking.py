"""Every reason against a plan, in one refusal."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from streams.copier import Declaration, Instrument, Plan, Refusal, check_plan
from streams.copier.routes import lots_for_lot
from surveillance.errors import PlanRefusedError


def copied_instruments(
    plan: Plan, led: Iterable[str], instruments: Mapping[str, Instrument]
) -> dict[str, list[str]]:
    """Return the instruments that copying needs, each with the followers that need it.

    Parameters
    ----------
    plan : Plan
        Who follows whom.
    led : iterable of str
        Instruments that the leader trades.
    instruments : mapping of str to Instrument
        What is known about them.
    """
    needed: dict[str, list[str]] = {}
    for name in sorted(led):
        for own in plan.followers:
            found = lots_for_lot(own, name, instruments)
            for one in () if found is None else (name, found[0]):
                who = needed.setdefault(one, [])
                if own.account_id not in who:
                    who.append(own.account_id)
    return needed


def refuse_all(
    plan: Plan,
    *,
    owners: Mapping[str, str],
    declarations: Iterable[Declaration],
    other_plans: Sequence[Plan],
    largest_positions: Mapping[str, Mapping[str, int]],
    at_ns: int,
    instruments: Mapping[str, Instrument],
    needed: Mapping[str, Sequence[str]],
    priced: Iterable[str],
    also: Sequence[str] = (),
) -> None:
    """Refuse a plan with everything that speaks against it.

    Parameters
    ----------
    plan, owners, declarations, other_plans, largest_positions, at_ns, instruments
        As of `check_plan`.
    needed : mapping of str to sequence of str
        Instruments that are copied, and the followers that need them.
    priced : iterable of str
        Instruments that have prices on the day.
    also : sequence of str
        Reasons that were found elsewhere.

    Raises
    ------
    PlanRefusedError
        With every reason, if there is any.
    """
    found = check_plan(
        plan,
        owners,
        declarations,
        other_plans,
        largest_positions,
        at_ns,
        instruments=instruments,
    )
    found += _check_instruments(instruments, needed, set(priced))
    reasons = [*also, *(refusal.text for refusal in found)]
    if reasons:
        raise PlanRefusedError(plan.plan_id, reasons)


def _check_instruments(
    instruments: Mapping[str, Instrument], needed: Mapping[str, Sequence[str]], priced: set[str]
) -> Iterator[Refusal]:
    for name, accounts in needed.items():
        who = ", ".join(accounts)
        described = instruments.get(name)
        if described is None or not described.is_valued:
            text = f"instrument {name}, copied by {who}, has no multiplier and tick size"
            yield Refusal("instrument_unknown", accounts[0], text)
        elif name not in priced:
            text = f"instrument {name}, copied by {who}, has no fill on that day to price it"
            yield Refusal("instrument_unpriced", accounts[0], text)
