"""What speaks for copying, what against it and who is behind it, from the findings alone.

Plain sentences with numbers and units. Nothing here decides: the verdict came with the group;
these lists let a person check it, so what is missing or weak is said as plainly as what is strong.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from streams.text import printable
from surveillance.findings import (
    IDENTICAL_ORDERS,
    NO_SUPPORT,
    Declaration,
    Group,
    LagHistogram,
    Member,
    PlaceboFinding,
    Subtype,
    VerdictName,
)
from surveillance.web import formats

FEW_EPISODES = 10
"""Below this many episodes a group's leader and ratios are still uncertain; shown, never used."""
CROWDED_VALUE = 20
"""A value shared by more accounts than this says nothing about the group."""
_FURTHER = {
    "exits": "Positions left with the source",
    "cancels": "Orders canceled with the source",
    "replaces": "Orders changed with the source",
    "stops": "Stops at the source's price",
    "sizes": "Sizes in the usual ratio",
}
_N_NAMED = 3
_N_TIES = 6


@dataclass(frozen=True, slots=True)
class Weighing:
    """Sentences for copying, against it or open, and on who is behind it; strongest first."""

    speaks_for: tuple[str, ...]
    speaks_against: tuple[str, ...]
    behind: tuple[str, ...]


def followers(group: Group) -> list[Member]:
    """Return the members that are not the leader, strongest evidence first."""
    members = [member for member in group.members if member.role != "leader"]
    return sorted(members, key=lambda m: (-(m.log10_e or 0.0), m.account_id))


def ordered_members(group: Group) -> list[Member]:
    """Return leader first, then followers by evidence."""
    return [*(m for m in group.members if m.role == "leader"), *followers(group)]


def lag_median_ms(group: Group) -> float | None:
    """Return the median over the followers of their median lag, None where none is known."""
    lags = [m.lag_median_ms for m in followers(group) if m.lag_median_ms is not None]
    return median(lags) if lags else None


def is_cluster(group: Group) -> bool:
    """Whether identical orders made the group: nobody is known to have repeated anybody."""
    return any(reason.code == IDENTICAL_ORDERS for reason in group.reasons)


def needed_log10_e(group: Group, run_threshold: float) -> float:
    """Return the evidence that the group needed: that of its kind, else that of the run's pairs."""
    for reason in group.reasons:
        if reason.code == "chance" and isinstance(reason.numbers.get("threshold_log10_e"), float):
            return float(reason.numbers["threshold_log10_e"])
    return run_threshold


def sentence(group: Group) -> str:
    """Return in one sentence why the group is on the desk.

    Parameters
    ----------
    group : Group
        The verdict object.

    Returns
    -------
    str
        Who repeated whom, how often, how fast and where; ids made printable.
    """
    n_followers = len(followers(group))
    who = f"{formats.plural(n_followers, 'account')} {_owners_phrase(group)}"
    source = (
        f"decisions of {printable(group.leader_account_id)}"
        if group.leader_account_id is not None
        else "one source outside the venue"
        if group.source_off_venue
        else "each other's decisions"
    )
    copied, opportunities = _copied(group)
    times = f"{formats.count(copied)} of {formats.count(opportunities)} times"
    share = f" ({formats.percent(copied / opportunities)})" if opportunities else ""
    typical = lag_median_ms(group)
    late = f", {formats.lag(typical)} later at the median" if typical is not None else ""
    end = {
        VerdictName.INDEPENDENT: "; the pattern fits a common reason, not copying",
        VerdictName.UNDETERMINED: "; the evidence does not say why",
    }.get(group.verdict, "")
    if is_cluster(group):
        return f"{who} sent the same order one after another, in {names(group.instruments)}{end}."
    verb = "moved with" if group.verdict is VerdictName.INDEPENDENT else "repeated"
    return f"{who} {verb} {source} {times}{share}{late}, in {names(group.instruments)}{end}."


def names(values: Sequence[str], limit: int = _N_NAMED) -> str:
    """Return the first few values, made printable, and how many more there are."""
    shown = ", ".join(printable(value, limit=24) for value in values[:limit])
    n_more = len(values) - limit
    return f"{shown} and {n_more} more" if n_more > 0 else shown or "no instrument"


def weigh(
    group: Group,
    histogram: LagHistogram,
    placebo: Sequence[PlaceboFinding],
    *,
    threshold_log10_e: float | None,
) -> Weighing:
    """Return what speaks for copying, what against it, and what is known of who is behind it.

    Parameters
    ----------
    group : Group
        The verdict object.
    histogram : LagHistogram
        Lags against chance.
    placebo : sequence of PlaceboFinding
        The run's placebo.
    threshold_log10_e : float, optional
        The evidence a pair needed in this run.

    Returns
    -------
    Weighing
        Owners, devices and declarations say nothing about copying: they have their own list.
    """
    return Weighing(
        speaks_for=tuple(_for(group, histogram, threshold_log10_e)),
        speaks_against=tuple(_against(group, placebo, threshold_log10_e)),
        behind=tuple(_behind(group)),
    )


def _for(group: Group, histogram: LagHistogram, threshold: float | None) -> list[str]:
    points = []
    if is_cluster(group):
        points.append(
            f"{formats.plural(len(group.members), 'account')}, one order: chance makes such a run "
            f"with log10 P of at most -{group.log10_e:.1f}."
        )
    elif threshold is None or group.log10_e >= threshold:
        needed = "" if threshold is None else f", {formats.evidence(threshold)} needed"
        points.append(f"Strongest link: log10 E {formats.evidence(group.log10_e)}{needed}.")
    copied, opportunities = _copied(group)
    if not is_cluster(group) and opportunities and copied / opportunities >= 0.5:
        points.append(
            f"Followers repeated {formats.count(copied)} of {formats.count(opportunities)} "
            f"decisions they could have copied ({formats.percent(copied / opportunities)})."
        )
    peak = max(
        range(len(histogram.observed)),
        key=lambda i: (histogram.observed[i] - histogram.expected[i], -i),
        default=None,
    )
    if peak is not None and histogram.observed[peak] > 2 * histogram.expected[peak]:
        low, high = histogram.edges_ms[peak], histogram.edges_ms[peak + 1]
        points.append(
            f"{formats.count(histogram.observed[peak])} lags between {formats.lag(low)} and "
            f"{formats.lag(high)}, where chance expects {formats.small(histogram.expected[peak])}."
        )
    points += _further(group, "_repeated")
    return points


def _against(group: Group, placebo: Sequence[PlaceboFinding], threshold: float | None) -> list[str]:
    points = []
    above = [finding for finding in placebo if not finding.within_bound]
    if above:
        points.append(
            f"The placebo of this run is above its bound at {len(above)} of {len(placebo)} "
            "tolerances: chance made more links than promised."
        )
    copied, opportunities = _copied(group)
    if is_cluster(group):
        points.append("Each account rests on few orders; the finding is about the run as a whole.")
    elif opportunities > copied:
        points.append(
            f"{formats.count(opportunities - copied)} of {formats.count(opportunities)} decisions "
            "that could have been copied were not."
        )
    weak = [m for m in followers(group) if threshold and (m.log10_e or 0.0) < threshold]
    if weak and not is_cluster(group):
        points.append(
            f"{formats.plural(len(weak), 'member')} joined the group on weaker evidence than "
            f"log10 E {formats.evidence(threshold)}."
        )
    points += _further(group, "_not_repeated")
    if any(reason.code == NO_SUPPORT for reason in group.reasons):
        points.append(
            "Exchanging names with others of the same minutes does not support the group."
        )
    if group.episodes < FEW_EPISODES and not is_cluster(group):
        points.append(
            f"Only {formats.plural(group.episodes, 'episode')} so far: leader and ratios may "
            "change."
        )
    return points


def _further(group: Group, ending: str) -> list[str]:
    """Return the kinds of further evidence whose reasons end so, with their counts."""
    numbers = {reason.code: reason.numbers for reason in group.reasons}
    return [
        f"{label}: {formats.count(int(found['repeated']))} of "
        f"{formats.count(int(found['chances']))}, by chance "
        f"{formats.small(float(found['by_chance']))}."
        for kind, label in _FURTHER.items()
        if (found := numbers.get(kind + ending))
    ]


def _behind(group: Group) -> list[str]:
    points = []
    n_members = len(group.members)
    n_owners = len({m.owner_id for m in group.members if m.owner_id is not None})
    if n_owners > 1:
        points.append(f"The members have {n_owners:,} known owners.")
    telling = [t for t in group.ties if t.crowd <= CROWDED_VALUE and t.weight_bits > 0]
    telling.sort(key=lambda t: (-t.weight_bits, t.kind, t.value_hash))
    points += [
        f"{_of_members(len(tie.accounts), n_members)} share one "
        f"{printable(formats.words(tie.kind))} ({formats.bits(tie.weight_bits)} bits)."
        for tie in telling[:_N_TIES]
    ]
    if len(telling) > _N_TIES:
        points.append(f"{formats.plural(len(telling) - _N_TIES, 'more shared value')} below.")
    crowded = [tie for tie in group.ties if tie.crowd > CROWDED_VALUE]
    if crowded:
        is_one = len(crowded) == 1
        points.append(
            f"{formats.plural(len(crowded), 'shared value')} {'is' if is_one else 'are'} common to "
            f"{formats.count(max(tie.crowd for tie in crowded))} accounts and "
            f"{'weighs' if is_one else 'weigh'} little."
        )
    elif not group.ties:
        points.append("No owner, device or address ties the members.")
    unknown = sum(member.owner_id is None for member in group.members)
    if unknown:
        verb = "is" if unknown == 1 else "are"
        points.append(
            f"The {'owner' if unknown == 1 else 'owners'} of "
            f"{_of_members(unknown, n_members, start=False)} {verb} not known."
        )
    points.append(_declared(group))
    return points


def _declared(group: Group) -> str:
    declared = sum(member.declared for member in group.members)
    return {
        Declaration.DECLARED: "The copying is declared.",
        Declaration.UNDECLARED: "No declaration covers the copying.",
        Declaration.PARTLY: f"{declared} of {len(group.members)} members are declared.",
        Declaration.CONTRADICTED: "The declarations say something else than what was found.",
    }[group.declaration]


def _of_members(n: int, n_members: int, *, start: bool = True) -> str:
    if n == n_members:
        both = "both members" if n == 2 else f"all {n} members"
        return both.capitalize() if start else both
    return f"{n} of {n_members} members"


def _copied(group: Group) -> tuple[int, int]:
    members = followers(group)
    return sum(m.copied for m in members), sum(m.opportunities for m in members)


def _owners_phrase(group: Group) -> str:
    members = followers(group)
    owners = {member.owner_id for member in members if member.owner_id is not None}
    if group.subtype is Subtype.MANAGED_ACCOUNTS and owners:
        return f"of {formats.plural(len(owners), 'owner')} under one operator"
    if not owners:
        return "of unknown owners"
    if all(member.owner_id is not None for member in members):
        return "of one owner" if len(owners) == 1 else f"of {len(owners)} owners"
    return f"of at least {formats.plural(len(owners), 'owner')}"
