"""Scoring on hand-made cases: what counts as found, and what as wrong."""

import pytest

from streams.errors import DatasetError
from surveillance.findings import Subtype, VerdictName
from surveillance.jobs.answer_key import AnswerKey, PlantedGroup
from surveillance.jobs.scoring import FoundGroup, RunScore, score_run
from surveillance.jobs.summing import MethodScore, poisson_upper_bound, sum_runs

RATIOS = {"a": 1.0, "b": 2.0, "c": 0.5, "d": 1.0}
PLANTED = PlantedGroup(
    "G1", "relay", VerdictName.EXTERNAL, Subtype.SIGNAL, "a", frozenset("abcd"), RATIOS
)
OTHER = PlantedGroup(
    "G2",
    "own",
    VerdictName.INTERNAL,
    Subtype.OWN_ACCOUNTS,
    "p",
    frozenset("pq"),
    {"p": 1.0, "q": 1.0},
)
KEY = AnswerKey((PLANTED, OTHER), {"x": "scalper", "y": "scalper", "z": "algorithm"})
OWN = FoundGroup(
    frozenset("pq"), VerdictName.INTERNAL, Subtype.OWN_ACCOUNTS, "p", False, {"p": 1.0, "q": 1.0}
)


def found(
    members: str,
    leader: str | None = "a",
    verdict: VerdictName = VerdictName.EXTERNAL,
    ratios: dict[str, float] | None = None,
) -> FoundGroup:
    ratios = RATIOS if ratios is None else ratios
    return FoundGroup(frozenset(members), verdict, Subtype.SIGNAL, leader, leader is None, ratios)


def score(*groups: FoundGroup) -> RunScore:
    return score_run(groups, KEY)


def test_a_perfect_answer_is_right_in_everything() -> None:
    run = score(OWN, found("abcd"))
    first, second = run.planted
    assert (first.is_found, first.is_half_found, first.leader_right) == (True, True, True)
    assert (first.n_shared, first.n_ratios, first.n_ratios_right) == (4, 3, 3)
    assert (first.verdict_given, first.subtype_right) == ("EXTERNAL", True)
    assert second.is_found
    assert (run.n_extra, run.n_merged, run.n_flagged) == (0, 0, 0)


def test_a_group_that_nobody_reports_is_missed() -> None:
    run = score(OWN)
    assert not run.planted[0].is_found
    assert run.planted[0].verdict_given == "missed"
    assert not run.planted[0].leader_right


def test_one_shared_member_matches_nothing() -> None:
    run = score(found("ax"))
    assert not run.planted[0].is_found
    assert run.n_extra == 1


def test_two_of_four_members_are_half_and_two_of_six_are_not() -> None:
    assert score(found("ab")).planted[0].is_half_found
    wide = PlantedGroup(
        "G3", "relay", VerdictName.EXTERNAL, Subtype.SIGNAL, "a", frozenset("abcdef"), {}
    )
    run = score_run((found("ab"),), AnswerKey((wide,), {}))
    assert run.planted[0].is_found
    assert not run.planted[0].is_half_found


def test_a_blob_finds_nothing_and_counts_as_merged() -> None:
    run = score(found("abcdpqxyz" + "stuvw"))
    assert not any(group.is_found for group in run.planted)
    assert run.n_merged == 1
    assert (run.n_flagged, run.n_in_any) == (3, 3)


def test_a_merged_group_finds_the_larger_of_two() -> None:
    run = score(found("abcdpq"))
    assert [group.is_found for group in run.planted] == [True, False]
    assert run.planted[0].n_matched_members == 6
    assert run.n_merged == 1


def test_a_second_part_is_a_fragment_not_a_second_find() -> None:
    run = score(found("ab"), found("cd"))
    assert run.planted[0].n_fragments == 1
    assert run.planted[0].n_shared == 2
    assert run.n_extra == 0


def test_matching_gives_each_group_its_own_match() -> None:
    # The blob shares most with the larger group; one to one, both are matched.
    run = score(found("abpq"), found("abcd"))
    assert [group.is_found for group in run.planted] == [True, True]


def test_a_wrong_leader_is_wrong_and_so_is_none() -> None:
    assert not score(found("abcd", leader="b")).planted[0].leader_right
    assert not score(found("abcd", leader=None)).planted[0].leader_right


def test_a_hidden_source_asks_for_a_source_off_the_venue() -> None:
    hidden = PlantedGroup(
        "G4", "relay", VerdictName.EXTERNAL, Subtype.SIGNAL, None, frozenset("abc"), {}
    )
    key = AnswerKey((hidden,), {})
    assert score_run((found("abc", leader=None),), key).planted[0].leader_right
    assert not score_run((found("abc", leader="a"),), key).planted[0].leader_right


def test_a_ratio_is_right_within_15_percent() -> None:
    ratios = {"a": 1.0, "b": 2.29, "c": 0.42, "d": 1.0}
    assert score(found("abcd", ratios=ratios)).planted[0].n_ratios_right == 2


def test_honest_accounts_count_by_verdict_and_kind() -> None:
    run = score(
        found("abx"),
        FoundGroup(frozenset("xz"), VerdictName.INDEPENDENT),
        FoundGroup(frozenset("zy"), VerdictName.INDEPENDENT),
    )
    assert run.honest_in["EXTERNAL"] == {"scalper": 1}
    assert run.honest_in["INDEPENDENT"] == {"algorithm": 1, "scalper": 2}
    assert (run.n_flagged, run.n_in_any) == (1, 3)


def test_nothing_planted_and_nothing_found_is_scored() -> None:
    run = score_run((), AnswerKey((), {"x": "scalper"}))
    assert run.planted == ()
    assert (run.n_extra, run.n_honest) == (0, 1)


def test_only_external_and_internal_accuse() -> None:
    run = score(
        FoundGroup(frozenset("xy"), VerdictName.UNDETERMINED),
        FoundGroup(frozenset("z"), VerdictName.INTERNAL),
    )
    assert (run.n_flagged, run.n_accused, run.n_in_any) == (3, 1, 3)


# Planted groups that overlap: F follows two providers.

FIRST = PlantedGroup(
    "O1", "relay", VerdictName.EXTERNAL, Subtype.SIGNAL, "a", frozenset("abFG"), RATIOS
)
SECOND = PlantedGroup(
    "O2", "relay", VerdictName.EXTERNAL, Subtype.SIGNAL, "p", frozenset("pqFG"), RATIOS
)
OVERLAPPING = AnswerKey((FIRST, SECOND), {})


def test_a_follower_of_two_providers_is_right_in_both_groups() -> None:
    run = score_run((found("abFG"), found("pqFG", leader="p")), OVERLAPPING)
    assert [group.is_found for group in run.planted] == [True, True]
    assert [group.leader_right for group in run.planted] == [True, True]
    assert [group.n_shared for group in run.planted] == [4, 4]
    assert (run.n_merged, run.n_extra) == (0, 0)
    assert not any(group.is_merged or group.n_fragments for group in run.planted)


def test_two_providers_in_one_group_are_merged() -> None:
    run = score_run((found("abpqFG"),), OVERLAPPING)
    assert run.n_merged == 1
    assert [group.is_found for group in run.planted] == [True, False]
    assert [group.is_merged for group in run.planted] == [True, False]


def test_fragments_cover_what_the_match_does_not() -> None:
    first = score(found("ab"), found("cd"), OWN).planted[0]
    assert (first.n_shared, first.n_covered, first.n_fragments) == (2, 4, 1)


def test_ratios_to_a_hidden_source_are_right_up_to_a_factor() -> None:
    ratios = {"b": 1.0, "c": 2.0, "d": 0.5, "e": 1.0}
    hidden = PlantedGroup(
        "G4", "relay", VerdictName.EXTERNAL, Subtype.SIGNAL, None, frozenset("bcde"), ratios
    )
    given = {account: 3.0 * ratio for account, ratio in ratios.items()}
    right = score_run((found("bcde", None, ratios=given),), AnswerKey((hidden,), {})).planted[0]
    assert (right.n_ratios, right.n_ratios_right) == (3, 3)
    given["e"] = 4.0
    wrong = score_run((found("bcde", None, ratios=given),), AnswerKey((hidden,), {})).planted[0]
    assert (wrong.n_ratios, wrong.n_ratios_right) == (3, 2)


def test_leaders_on_the_venue_and_sources_off_it_are_counted_apart() -> None:
    hidden = PlantedGroup(
        "G4", "relay", VerdictName.EXTERNAL, Subtype.SIGNAL, None, frozenset("uvw"), {}
    )
    key = AnswerKey((PLANTED, hidden), {})
    said_elsewhere = score_run((found("abcd"), found("uvw", leader=None)), key)
    said_here = score_run((found("abcd", leader=None), found("uvw", leader="u")), key)
    total = sum_runs("detector", [said_elsewhere, said_here], n_account_days=1).total
    assert (total.n_on_venue, total.n_leader_right) == (2, 1)
    assert (total.n_off_venue, total.n_source_right) == (2, 1)


def test_silence_about_independent_accounts_is_right() -> None:
    crowd = PlantedGroup(
        "G5", "floor", VerdictName.INDEPENDENT, Subtype.COMMON_STRATEGY, None, frozenset("uvw"), {}
    )
    run = score_run((), AnswerKey((crowd,), {}))
    assert run.planted[0].verdict_right
    assert not run.planted[0].is_found


def test_runs_that_gave_no_answer_are_counted_by_reason() -> None:
    total = sum_runs("slow", [], n_account_days=0, unfinished=["ran out of time (300 s)"] * 2)
    assert (total.n_runs, total.unfinished) == (0, {"ran out of time (300 s)": 2})
    assert total.flagged.n == 0


def summed(*runs: RunScore) -> MethodScore:
    return sum_runs("detector", runs, n_account_days=500)


def test_runs_add_up_by_kind_and_verdict() -> None:
    total = summed(score(OWN, found("abcd")), score(found("abx", leader="b")))
    relay = {kind.kind: kind for kind in total.kinds}["relay"]
    assert (relay.n_groups, relay.n_found, relay.n_leader_right) == (2, 2, 1)
    assert relay.member_recall == pytest.approx(6 / 8)
    assert relay.member_precision == pytest.approx(6 / 7)
    assert total.verdicts == {"EXTERNAL": {"EXTERNAL": 2}, "INTERNAL": {"INTERNAL": 1, "missed": 1}}
    assert total.verdicts_by_kind == {
        "own": {"INTERNAL": 1, "missed": 1},
        "relay": {"EXTERNAL": 2},
    }
    assert total.total.n_groups == 4
    assert total.n_honest == 6


def test_the_rate_of_honest_flags_carries_its_exact_bound() -> None:
    total = summed(score(found("abx")))
    assert total.flagged.rate == pytest.approx(2.0)
    assert total.flagged.bound == pytest.approx(4.744 * 2, abs=1e-3)
    assert poisson_upper_bound(0) == pytest.approx(2.9957, abs=1e-4)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "must be JSON"),
        ("[]", "must have the form of an answer key"),
        ('{"groups": []}', "must hold 'honest_kind'"),
        ('{"groups": [{"group_id": "g"}], "honest_kind": {}}', "must hold 'kind'"),
    ],
)
def test_a_broken_answer_key_is_refused(tmp_path, text, message) -> None:
    path = tmp_path / "market.key.json"
    path.write_text(text)
    with pytest.raises(DatasetError, match=message) as refusal:
        AnswerKey.read(path)
    assert str(path) in str(refusal.value)


def test_an_absent_answer_key_is_refused(tmp_path) -> None:
    with pytest.raises(DatasetError, match="could not be read"):
        AnswerKey.read(tmp_path / "none.key.json")
