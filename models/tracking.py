"""Stable group ids: a group keeps its id while most of its members stay."""

import hashlib
from collections.abc import Collection, Mapping, Sequence


def assign_group_ids(
    groups: Sequence[Collection[str]], known: Mapping[str, Collection[str]]
) -> tuple[str, ...]:
    """Return one id for each group: a known one where most members stayed, else a new one.

    A known id goes to the group that shares most with it, if that is more than half of the known
    group's or of the new group's members; ties fall to the smaller id, then the earlier group. A
    new id is a digest of the members: the same group found first on any machine has the same id.

    Parameters
    ----------
    groups : sequence of collections of str
        Account ids of each group.
    known : mapping of group id to account ids
        Groups of the previous run.

    Examples
    --------
    >>> assign_group_ids([{"a", "b", "c"}], {"g-1": {"a", "b"}})
    ('g-1',)
    """
    overlaps = sorted(
        (-shared, group_id, index)
        for index, members in enumerate(groups)
        for group_id, earlier in known.items()
        if 2 * (shared := len(set(members) & set(earlier))) > min(len(members), len(earlier))
    )
    ids: dict[int, str] = {}
    taken: set[str] = set()
    for _, group_id, index in overlaps:
        if index not in ids and group_id not in taken:
            ids[index] = group_id
            taken.add(group_id)
    for index, members in enumerate(groups):
        if index not in ids:
            ids[index] = _new_id(members, taken)
            taken.add(ids[index])
    return tuple(ids[index] for index in range(len(groups)))


def _new_id(members: Collection[str], taken: Collection[str]) -> str:
    digest = hashlib.sha256("\0".join(sorted(members)).encode())
    group_id = f"g-{digest.hexdigest()[:12]}"
    while group_id in taken:
        digest.update(b"\0")
        group_id = f"g-{digest.hexdigest()[:12]}"
    return group_id
