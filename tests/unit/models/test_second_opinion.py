"""Floor and classifier: what stands, what is withdrawn, what is decided, and that it is said."""

from collections.abc import Sequence

import pytest
from helpers.facts import facts
from hypothesis import given, settings
from hypothesis import strategies as st

from models.classifier import CLASSES, Opinion
from models.group_row import FEATURE_NAMES, GroupFacts, group_row
from models.linkage import Tie, Ties
from models.second_opinion import rounded_probability, weigh
from models.verdict import Verdict, judge

TIED = Ties((), {(0, 1): 4.0, (1, 2): 4.0})
UNKNOWN = (None, None, None)


def opinion(
    external: float, independent: float, internal: float, candidates: Sequence[str] | None = None
) -> Opinion:
    probability = dict(zip(CLASSES, (external, independent, internal), strict=True))
    inside = [name for name in CLASSES if probability[name] >= 0.1]
    moves = {name: number / 100 for number, name in enumerate(FEATURE_NAMES)}
    return Opinion(probability, frozenset(inside if candidates is None else candidates), moves)


def combined(group: GroupFacts, view: Opinion) -> tuple[Verdict, Verdict]:
    floor = judge(
        group.features, group.ownership, group.members, group.ties, group.declaration, group.params
    )
    return floor, weigh(floor, view, group_row(group), group)


SURE = {
    "EXTERNAL": opinion(0.98, 0.01, 0.01),
    "INDEPENDENT": opinion(0.01, 0.98, 0.01),
    "INTERNAL": opinion(0.01, 0.01, 0.98),
}


@pytest.mark.parametrize("said", CLASSES)
@pytest.mark.parametrize(
    ("group", "name"),
    [
        (facts(("x",) * 3), "INTERNAL"),
        (facts(opposite_share=0.9), "INDEPENDENT"),
        (facts(quiet_fidelity=0.05, burst_share=0.9), "INDEPENDENT"),
    ],
)
def test_what_the_floor_knows_stands_whatever_the_classifier_says(
    said: str, group: GroupFacts, name: str
) -> None:
    floor, found = combined(group, SURE[said])
    assert (found.verdict, found.subtype) == (floor.verdict, floor.subtype)
    assert found.verdict == name


@pytest.mark.parametrize(
    ("owners", "view", "name"),
    [
        (("x", "y", "z"), SURE["EXTERNAL"], "EXTERNAL"),
        (("x", "y", "z"), SURE["INDEPENDENT"], "UNDETERMINED"),
        (("x", "y", "z"), SURE["INTERNAL"], "UNDETERMINED"),
        (("x", "y", "z"), opinion(0.65, 0.35, 0.0), "UNDETERMINED"),
        (("x", "y", "z"), opinion(0.75, 0.25, 0.0), "EXTERNAL"),
        (("x", "y", "z"), opinion(0.2, 0.1, 0.7), "UNDETERMINED"),
        (("x", "y", "z"), opinion(0.3, 0.05, 0.65), "EXTERNAL"),
        (UNKNOWN, opinion(0.3, 0.05, 0.65), "EXTERNAL"),
        (UNKNOWN, SURE["INTERNAL"], "UNDETERMINED"),
    ],
)
def test_external_needs_both(owners: tuple[str | None, ...], view: Opinion, name: str) -> None:
    floor, found = combined(facts(owners), view)
    assert floor.verdict == "EXTERNAL"
    assert found.verdict == name
    if name == "UNDETERMINED":
        assert (found.subtype, found.recommended_action) == ("other", "review")
        assert found.reasons[0].code == "classifier"
        assert "would say EXTERNAL" in found.reasons[0].text
        assert found.reasons[-1].code == "would_decide"


@pytest.mark.parametrize(
    ("group", "view", "name", "subtype"),
    [
        (facts(n_quiet=3), SURE["INDEPENDENT"], "INDEPENDENT", "common_strategy"),
        (facts(n_quiet=3), SURE["INTERNAL"], "UNDETERMINED", "other"),
        (facts(n_quiet=3), SURE["EXTERNAL"], "UNDETERMINED", "other"),
        (facts(n_episodes=2), SURE["EXTERNAL"], "UNDETERMINED", "other"),
        (facts(lead_share=0.5), SURE["EXTERNAL"], "EXTERNAL", "signal"),
        (facts(("x", "x", "y"), lead_share=0.5), SURE["EXTERNAL"], "EXTERNAL", "mixed"),
        (facts(lead_share=0.5, tied_share=0.9), SURE["EXTERNAL"], "UNDETERMINED", "other"),
        (facts(lead_share=0.5), opinion(0.85, 0.15, 0.0), "UNDETERMINED", "other"),
        (facts(UNKNOWN, ties=TIED), SURE["INTERNAL"], "INTERNAL", "undeclared_own_accounts"),
        (facts(UNKNOWN, tied_share=0.9), SURE["INTERNAL"], "UNDETERMINED", "other"),
        (facts(("x", None, None)), SURE["INTERNAL"], "INTERNAL", "undeclared_own_accounts"),
    ],
)
def test_where_the_floor_does_not_know_one_candidate_decides(
    group: GroupFacts, view: Opinion, name: str, subtype: str
) -> None:
    floor, found = combined(group, view)
    assert floor.verdict == "UNDETERMINED"
    assert (found.verdict, found.subtype) == (name, subtype)
    assert found.recommended_action != "freeze_review"
    codes = [reason.code for reason in found.reasons]
    assert ("would_decide" in codes) == (name == "UNDETERMINED")


@settings(deadline=None, max_examples=200)
@given(
    odds=st.lists(st.floats(0.001, 1.0), min_size=3, max_size=3),
    owners=st.lists(st.sampled_from(["x", "y", None]), min_size=3, max_size=6),
    quiet=st.floats(0, 1),
    n_quiet=st.integers(0, 20),
    n_episodes=st.integers(1, 20),
)
def test_nobody_is_accused_by_the_classifier_alone(
    odds: list[float], owners: list[str | None], quiet: float, n_quiet: int, n_episodes: int
) -> None:
    view = opinion(*(o / sum(odds) for o in odds))
    group = facts(owners, quiet_fidelity=quiet, n_quiet=n_quiet, n_episodes=n_episodes)
    floor, found = combined(group, view)
    assert [reason.code for reason in found.reasons].count("classifier") == 1
    if found.verdict == "EXTERNAL":
        assert "EXTERNAL" in view.candidates
        assert n_episodes >= 3
        assert n_quiet >= 5
    if found.recommended_action == "freeze_review":
        assert floor.recommended_action == "freeze_review"
    if len(set(owners) - {None}) > 1:
        assert found.verdict != "INTERNAL"


def test_the_finding_names_the_strongest_features_with_their_numbers() -> None:
    group = facts()
    found = combined(group, SURE["EXTERNAL"])[1].reasons[-1]
    strongest = FEATURE_NAMES[:-4:-1]
    assert list(found.numbers) == [*CLASSES, *strongest]
    assert "EXTERNAL 98.0%" in found.text
    assert all(f"({found.numbers[name]:+.2f})" in found.text for name in strongest)
    assert found.text.endswith(".")


@settings(max_examples=200)
@given(odds=st.lists(st.floats(1e-9, 1.0), min_size=3, max_size=3))
def test_shown_probabilities_sum_to_one(odds: list[float]) -> None:
    view = opinion(*(o / sum(odds) for o in odds))
    shown = rounded_probability(view)
    assert sum(shown.values()) == pytest.approx(1.0, abs=1e-12)
    assert all(0 <= p <= 1 and abs(p - view.probability[name]) < 2e-6 for name, p in shown.items())


# The row


@settings(max_examples=50, deadline=None)
@given(order=st.permutations(range(1, 6)))
def test_the_order_of_the_members_does_not_matter(order: list[int]) -> None:
    owners = ("x", "y", None, "x", "z", None)
    ties = Ties(
        (Tie("ip", "v", (1, 3, 4), 3, 2.0, is_home=True),), {(1, 3): 2.0, (3, 4): 7.0, (0, 5): 6.5}
    )
    assert group_row(facts(owners, ties=ties, order=order)) == group_row(facts(owners, ties=ties))


def test_what_was_not_measured_is_none() -> None:
    row = group_row(facts(UNKNOWN, quiet_fidelity=None, ratios=(None,) * 3))
    assert [name for name, value in row.items() if value is None] == [
        "quiet_fidelity",
        "automated_share",
        "ratio_spread",
        "owners_each",
    ]


def test_a_row_tells_who_owns_and_what_ties() -> None:
    row = group_row(facts(("x", "x", None), ties=TIED, n_seen=2))
    told = ("known_owner_share", "owners_each", "is_one_owner", "seen_share", "tie_share")
    assert [row[name] for name in told] == pytest.approx([2 / 3, 0.5, 1.0, 2 / 3, 1.0], abs=1e-6)
