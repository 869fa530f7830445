"""May this plan run: owners, declarations, circles, and a leader too large for its followers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from streams.copier.instruments import Instrument
from streams.copier.plan import FollowerPlan, Plan, SizeMode
from streams.copier.routes import lots_for_lot


@dataclass(frozen=True, slots=True)
class Declaration:
    """The report of a copied account: who copies whom, and when that holds."""

    declaration_id: str
    leader_account_id: str
    account_id: str
    effective_from_ns: int | None = None
    effective_to_ns: int | None = None

    def is_in_force(self, at_ns: int) -> bool:
        """Whether it holds at a time; its last moment is outside."""
        has_begun = self.effective_from_ns is None or self.effective_from_ns <= at_ns
        return has_begun and (self.effective_to_ns is None or at_ns < self.effective_to_ns)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a plan may not run: code, account and sentence."""

    code: str
    account_id: str
    text: str


def check_plan(
    plan: Plan,
    accounts: Mapping[str, str],
    declarations: Iterable[Declaration],
    other_plans: Sequence[Plan],
    largest_positions: Mapping[str, Mapping[str, int]],
    at_ns: int,
    *,
    instruments: Mapping[str, Instrument] | None = None,
    unguarded: bool = False,
) -> list[Refusal]:
    """Return everything that speaks against a plan, empty if nothing does.

    Parameters
    ----------
    plan : Plan
        What is to run.
    accounts : mapping of str to str
        Owner of each account.
    declarations : iterable of Declaration
        All that were ever made.
    other_plans : sequence of Plan
        The plans that run already.
    largest_positions : mapping of str to mapping of str to int
        Most lots that an account may hold, by account and instrument.
    at_ns : int
        The time of the check.
    instruments : mapping of str to Instrument, optional
        Needed where sizes go by value or into micros.
    unguarded : bool
        For the validation of the detector only: leave out owners and declarations, so that what
        is prohibited can be played.
    """
    found: list[Refusal] = []
    if not unguarded:
        found += _check_owners(plan, accounts)
        found += _check_declarations(plan, list(declarations), at_ns)
    found += _check_other_plans(plan, other_plans)
    found += _check_families(plan, instruments or {})
    found += _check_sizes(plan, largest_positions, instruments or {})
    return found


def _check_owners(plan: Plan, accounts: Mapping[str, str]) -> Iterable[Refusal]:
    leader_owner = accounts.get(plan.leader_account_id)
    if leader_owner is None:
        text = f"the owner of leader {plan.leader_account_id} is not known"
        yield Refusal("owner_unknown", plan.leader_account_id, text)
    for follower in plan.followers:
        owner = accounts.get(follower.account_id)
        if owner is None:
            text = f"the owner of {follower.account_id} is not known"
            yield Refusal("owner_unknown", follower.account_id, text)
        elif owner != leader_owner or owner != follower.owner_id:
            text = (
                f"{follower.account_id} belongs to {owner}, the leader to {leader_owner}, the plan "
                f"says {follower.owner_id}: only one's own accounts may be copied"
            )
            yield Refusal("other_owner", follower.account_id, text)


def _check_declarations(
    plan: Plan, declarations: Sequence[Declaration], at_ns: int
) -> Iterable[Refusal]:
    in_force = {
        (one.declaration_id, one.leader_account_id, one.account_id)
        for one in declarations
        if one.is_in_force(at_ns)
    }
    for follower in plan.followers:
        key = (follower.declaration_id, plan.leader_account_id, follower.account_id)
        if key not in in_force:
            text = (
                f"declaration {follower.declaration_id} does not cover {follower.account_id} "
                f"behind {plan.leader_account_id} at this time"
            )
            yield Refusal("not_declared", follower.account_id, text)


def _check_other_plans(plan: Plan, other_plans: Sequence[Plan]) -> Iterable[Refusal]:
    others = [other for other in other_plans if other.plan_id != plan.plan_id]
    for account_id in _accounts(plan):
        for other in others:
            if account_id in _accounts(other):
                text = f"{account_id} stands in plan {other.plan_id} already: one copier an account"
                yield Refusal("two_copiers", account_id, text)
    circle = _circle(plan, others)
    if circle:
        text = f"orders would run in a circle: {' -> '.join(circle)}"
        yield Refusal("circle", plan.leader_account_id, text)


def _accounts(plan: Plan) -> list[str]:
    return [plan.leader_account_id, *(follower.account_id for follower in plan.followers)]


def _circle(plan: Plan, others: Sequence[Plan]) -> list[str]:
    """Return a way from the leader through plans back to it, empty if there is none."""
    followers: dict[str, list[str]] = {}
    for one in (plan, *others):
        followers.setdefault(one.leader_account_id, []).extend(_accounts(one)[1:])
    ways = [[plan.leader_account_id]]
    reached: set[str] = set()
    while ways:
        way = ways.pop()
        for account_id in followers.get(way[-1], []):
            if account_id == plan.leader_account_id:
                return [*way, account_id]
            if account_id not in reached:
                reached.add(account_id)
                ways.append([*way, account_id])
    return []


def _check_families(plan: Plan, instruments: Mapping[str, Instrument]) -> Iterable[Refusal]:
    """Refuse sizes by value between families: there the prices count too, and they move."""
    for follower in plan.followers:
        if follower.size.mode is not SizeMode.NOTIONAL:
            continue
        for entry in follower.translations:
            leads = instruments.get(entry.leader_instrument_id)
            own = instruments.get(entry.instrument_id)
            if leads is None or own is None or leads.family_id == own.family_id:
                continue
            text = (
                f"{entry.leader_instrument_id} as {entry.instrument_id} for "
                f"{follower.account_id}: notional sizes need one family, these are "
                f"{leads.family_id} and {own.family_id}; state a ratio instead"
            )
            yield Refusal("other_family", follower.account_id, text)


def _check_sizes(
    plan: Plan,
    largest_positions: Mapping[str, Mapping[str, int]],
    instruments: Mapping[str, Instrument],
) -> Iterable[Refusal]:
    """Compare the leader's largest position, scaled, with what each follower may hold.

    Sizes in proportion to equity or balance are known when an order comes, not before.
    """
    for leader_instrument_id, lots in largest_positions.get(plan.leader_account_id, {}).items():
        for follower in plan.followers:
            scaled = _scaled(follower, leader_instrument_id, lots, instruments)
            if scaled is None:
                continue
            instrument_id, needed = scaled
            allowed = largest_positions.get(follower.account_id, {}).get(instrument_id)
            limits = [
                limit
                for limit in (allowed, follower.limits.largest_position_lots)
                if limit is not None
            ]
            if limits and needed > min(limits):
                text = (
                    f"{lots} {leader_instrument_id} of the leader are {needed} {instrument_id} for "
                    f"{follower.account_id}, which may hold {min(limits)}"
                )
                yield Refusal("leader_too_large", follower.account_id, text)


def _scaled(
    follower: FollowerPlan,
    leader_instrument_id: str,
    lots: int,
    instruments: Mapping[str, Instrument],
) -> tuple[str, int] | None:
    size = follower.size
    found = lots_for_lot(follower, leader_instrument_id, instruments)
    if found is None or size.mode in (SizeMode.EQUITY, SizeMode.BALANCE):
        return None
    if size.mode is SizeMode.FIXED:
        return found[0], int(size.value)
    exact = lots * found[1] * abs(Fraction(size.value))
    return found[0], -(-exact.numerator // exact.denominator)
