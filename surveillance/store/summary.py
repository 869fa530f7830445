"""Makes the list row of a group and its place in the queue."""

from collections.abc import Iterable
from statistics import median

from surveillance.findings import IDENTICAL_ORDERS, Group, GroupFinding, Subtype, VerdictName
from surveillance.store.records import GroupSummary


def summarize(group: Group, *, dataset: str, run_id: str) -> GroupSummary:
    """Cut a verdict object down to its row in the list.

    Parameters
    ----------
    group : Group
        The verdict object.
    dataset : str
        The dataset of the run that stores it.
    run_id : str
        That run.

    Returns
    -------
    GroupSummary
        The lag is the median over followers of their median lag, None when none is known.
    """
    followers = [member for member in group.members if member.role == "follower"]
    lags = [m.lag_median_ms for m in followers if m.lag_median_ms is not None]
    is_copying = all(reason.code != IDENTICAL_ORDERS for reason in group.reasons)
    return GroupSummary(
        group_id=group.group_id,
        verdict=group.verdict,
        subtype=group.subtype,
        probability=group.probability,
        state=group.state,
        recommended_action=group.recommended_action,
        declaration=group.declaration,
        leader_account_id=group.leader_account_id,
        source_off_venue=group.source_off_venue,
        n_members=len(group.members),
        log10_e=group.log10_e,
        lag_median_ms=median(lags) if lags else None,
        n_episodes=group.episodes,
        first_time_ns=group.first_time_ns,
        last_time_ns=group.last_time_ns,
        instruments=group.instruments,
        tie_kinds=tuple(sorted({tie.kind for tie in group.ties if tie.weight_bits > 0})),
        headline=group.reasons[0].text if group.reasons else None,
        dataset=dataset,
        run_id=run_id,
        n_followers=len(followers),
        n_copied=sum(member.copied for member in followers) if is_copying else None,
        n_opportunities=sum(m.opportunities for m in followers) if is_copying else None,
    )


def in_priority_order(found: Iterable[GroupFinding]) -> list[GroupFinding]:
    """Return groups in the order of the queue: by priority, then evidence, then id."""
    return sorted(
        found, key=lambda one: (priority_of(one.group), -one.group.log10_e, one.group.group_id)
    )


def priority_of(group: Group) -> int:
    """Place a group in the queue: what asks for a person most comes first.

    Parameters
    ----------
    group : Group
        The verdict object.

    Returns
    -------
    int
        0 EXTERNAL, 1 UNDETERMINED, 2 INTERNAL and undeclared, 3 INTERNAL, 4 INDEPENDENT.
    """
    if group.verdict is VerdictName.INTERNAL:
        return 2 if group.subtype is Subtype.UNDECLARED_OWN_ACCOUNTS else 3
    return {
        VerdictName.EXTERNAL: 0,
        VerdictName.UNDETERMINED: 1,
        VerdictName.INDEPENDENT: 4,
    }[group.verdict]
