"""Flags: raised, changed and withdrawn once each, with ids that a second run gives again."""

import json
from dataclasses import replace
from typing import Any

from helpers.findings import build_findings

from surveillance.findings import Group, RecommendedAction, VerdictName
from surveillance.live.flags import OutputTopics, published
from surveillance.store.live import OutboxRecord

TOPICS = OutputTopics("groups.v1", "flags.v1")
AT_NS = 1_767_600_000_000_000_000


def group(verdict: VerdictName = VerdictName.EXTERNAL) -> Group:
    findings = build_findings(run_id="r", dataset="live", n_groups=1, hostile=False)
    return replace(findings.groups[0].group, verdict=verdict)


def records(
    now: Group | None = None, before: Group | None = None, at_ns: int = AT_NS
) -> list[OutboxRecord]:
    return published(
        [now] if now else [],
        [before] if before and not now else [],
        {before.group_id: before} if before else {},
        stream="live",
        at_ns=at_ns,
        topics=TOPICS,
    )


def flags(found: list[OutboxRecord]) -> list[dict[str, Any]]:
    return [json.loads(record.value) for record in found if record.topic == "flags.v1"]


def test_a_new_group_is_raised_with_its_object() -> None:
    found = records(group())
    assert [record.topic for record in found] == ["groups.v1", "flags.v1"]
    (flag,) = flags(found)
    assert flag["kind"] == "raised"
    assert flag["group"] == json.loads(json.dumps(group().to_json()))
    assert flag["group"] == json.loads(found[0].value)
    assert flag["previous_verdict"] is None
    assert flag["position"] == {"stream": "live", "event_time_ns": AT_NS}
    assert found[1].identity == flag["flag_id"]
    assert {record.key for record in found} == {group().group_id}


def test_an_independent_group_is_published_but_not_flagged() -> None:
    assert [r.topic for r in records(group(VerdictName.INDEPENDENT))] == ["groups.v1"]


def test_a_group_that_stays_as_it_is_says_nothing() -> None:
    assert records(group(), group()) == []


def test_evidence_alone_changes_the_group_but_not_the_flag() -> None:
    found = records(replace(group(), last_time_ns=group().last_time_ns + 1), group())
    assert [record.topic for record in found] == ["groups.v1"]


def test_what_a_flag_says_has_changed() -> None:
    before = group(VerdictName.UNDETERMINED)
    (action,) = [a for a in RecommendedAction if a is not before.recommended_action][:1]
    for now in (
        group(),
        replace(before, recommended_action=action),
        replace(before, state="confirmed" if before.state != "confirmed" else "provisional"),
    ):
        (flag,) = flags(records(now, before))
        assert (flag["kind"], flag["previous_verdict"]) == ("changed", "UNDETERMINED")


def test_a_group_that_turns_out_independent_is_withdrawn_and_may_be_raised_again() -> None:
    independent = group(VerdictName.INDEPENDENT)
    assert [flag["kind"] for flag in flags(records(independent, group()))] == ["withdrawn"]
    assert [flag["kind"] for flag in flags(records(group(), independent))] == ["raised"]


def test_a_group_that_is_gone_leaves_a_tombstone_and_a_withdrawal() -> None:
    found = records(None, group())
    assert [(record.topic, record.value == "") for record in found] == [
        ("groups.v1", True),
        ("flags.v1", False),
    ]
    assert flags(found)[0]["kind"] == "withdrawn"
    assert [r.topic for r in records(None, group(VerdictName.INDEPENDENT))] == ["groups.v1"]


def test_ids_are_those_of_the_occurrence() -> None:
    assert records(group()) == records(group())
    ids = {
        record.identity
        for at_ns in (AT_NS, AT_NS + 1)
        for pair in ((group(), None), (group(VerdictName.INTERNAL), group()), (None, group()))
        for record in records(*pair, at_ns)
    }
    assert len(ids) == 12
