"""Flags: what changed about a group, as records of the outbox, each occurrence once for ever.

A group is flagged while its verdict is anything but INDEPENDENT. Its flag is raised, changes with
verdict, subtype, recommended action or state, and is withdrawn when the group is no more or turns
out INDEPENDENT. The id of a flag is a digest of what it says and when, so that a run that is
interrupted and taken up again writes the same ids.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from surveillance.findings import Group, VerdictName
from surveillance.store.live import OutboxRecord

Standing = tuple[str, str, str, str]
"""Verdict, subtype, recommended action and state: what a flag says."""


@dataclass(frozen=True, slots=True)
class OutputTopics:
    """Where groups and flags are published."""

    groups: str
    flags: str


def standing(group: Group) -> Standing:
    """Return what a flag says about a group."""
    return (
        group.verdict.value,
        group.subtype.value,
        group.recommended_action.value,
        group.state,
    )


def published(
    groups: Iterable[Group],
    gone: Iterable[Group],
    before: Mapping[str, Group],
    *,
    stream: str,
    at_ns: int,
    topics: OutputTopics,
) -> list[OutboxRecord]:
    """Return what has to be published when groups are new or changed, and others are gone.

    Parameters
    ----------
    groups, gone : iterable of Group
        Groups as they are now, and as they last were.
    before : mapping of group id to Group
        The groups that stood before.
    stream : str
        Name of the stream.
    at_ns : int
        Event time of the change.
    topics : OutputTopics
        Where to.
    """
    records = []
    for group in groups:
        earlier = before.get(group.group_id)
        if earlier == group:
            continue
        records.append(_group_record(group.group_id, _json(group.to_json()), at_ns, topics))
        kind = _kind(earlier, group)
        if kind is not None:
            records.append(_flag(kind, group, earlier, stream, at_ns, topics))
    for group in gone:
        records.append(_group_record(group.group_id, "", at_ns, topics))
        if _is_flagged(group):
            records.append(_flag("withdrawn", group, group, stream, at_ns, topics))
    return records


def _kind(earlier: Group | None, group: Group) -> str | None:
    was_flagged = earlier is not None and _is_flagged(earlier)
    if not _is_flagged(group):
        return "withdrawn" if was_flagged else None
    if not was_flagged:
        return "raised"
    return "changed" if earlier is not None and standing(earlier) != standing(group) else None


def _is_flagged(group: Group) -> bool:
    return group.verdict is not VerdictName.INDEPENDENT


def _flag(
    kind: str,
    group: Group,
    earlier: Group | None,
    stream: str,
    at_ns: int,
    topics: OutputTopics,
) -> OutboxRecord:
    said = "\0".join((stream, group.group_id, kind, str(at_ns), *standing(group)))
    flag_id = f"f-{hashlib.sha256(said.encode()).hexdigest()[:16]}"
    flag = {
        "flag_id": flag_id,
        "kind": kind,
        "group": group.to_json(),
        "previous_verdict": earlier.verdict.value if earlier is not None else None,
        "position": {"stream": stream, "event_time_ns": at_ns},
    }
    return OutboxRecord(topics.flags, group.group_id, _json(flag), flag_id)


def _group_record(group_id: str, value: str, at_ns: int, topics: OutputTopics) -> OutboxRecord:
    """Return the newest verdict of a group; an empty value is a tombstone."""
    content = hashlib.sha256(value.encode()).hexdigest()[:16]
    return OutboxRecord(topics.groups, group_id, value, f"{group_id}\0{at_ns}\0{content}")


def _json(document: object) -> str:
    return json.dumps(document, separators=(",", ":"), allow_nan=False)
