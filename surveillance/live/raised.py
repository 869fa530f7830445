"""What an order made of the groups of a stream, and what remains of many such changes."""

from collections.abc import Iterable
from dataclasses import dataclass

from surveillance.findings import AccountSummary, Group, GroupFinding


@dataclass(frozen=True, slots=True)
class Raised:
    """What one order made.

    Attributes
    ----------
    at_ns : int
        Event time of the order.
    findings : tuple of GroupFinding
        Groups that are new or changed.
    accounts : tuple of AccountSummary
        Their members.
    gone : tuple of Group
        Groups that are no more: they became a part of a new one.
    before : dict of group id to Group
        The groups that stood before.
    """

    at_ns: int
    findings: tuple[GroupFinding, ...]
    accounts: tuple[AccountSummary, ...]
    gone: tuple[Group, ...]
    before: dict[str, Group]


def outcome(raised: Iterable[Raised]) -> tuple[tuple[GroupFinding, ...], tuple[str, ...]]:
    """Return the groups that stand after some changes, as they last were, and the ids of others."""
    newest: dict[str, GroupFinding] = {}
    withdrawn: set[str] = set()
    for one in raised:
        newest |= {f.group.group_id: f for f in one.findings}
        for group in one.gone:
            newest.pop(group.group_id, None)
            withdrawn.add(group.group_id)
    return tuple(newest.values()), tuple(sorted(withdrawn - newest.keys()))
