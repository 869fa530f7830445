"""The sentence on top of a group and what speaks for and against it."""

from dataclasses import replace

from helpers.findings import build_findings, build_placebo

from surveillance.findings import GroupFinding, LagHistogram, Reason, VerdictName
from surveillance.web.sidebyside import price_decimals, side_by_side
from surveillance.web.weighing import needed_log10_e, ordered_members, sentence, weigh


def first(verdict: VerdictName) -> GroupFinding:
    findings = build_findings(n_groups=6, hostile=False)
    return next(found for found in findings.groups if found.group.verdict is verdict)


def test_the_sentence_says_who_whom_how_often_how_late_and_where() -> None:
    assert sentence(first(VerdictName.EXTERNAL).group) == (
        "2 accounts of 2 owners repeated decisions of g0000-account-0 14 of 18 times (77.8%), "
        "60 ms later at the median, in ES, MES."
    )


def test_own_accounts_are_called_those_of_one_owner() -> None:
    assert "3 accounts of one owner repeated" in sentence(first(VerdictName.INTERNAL).group)


def test_a_source_off_venue_is_named_as_such() -> None:
    assert "one source outside the venue" in sentence(first(VerdictName.UNDETERMINED).group)


def test_hostile_ids_are_printable_in_the_sentence() -> None:
    found = build_findings(n_groups=8).groups[7]
    assert "\u202e" not in sentence(found.group)
    assert "[U+202E]" in sentence(found.group)


def test_both_sides_are_weighed_with_numbers() -> None:
    found = first(VerdictName.EXTERNAL)
    weighing = weigh(found.group, found.lag_histogram, build_placebo(), threshold_log10_e=7.3)
    assert "Strongest link: log10 E 10.0, 7.3 needed." in weighing.speaks_for
    assert "11 lags between 10 ms and 100 ms, where chance expects 1.2." in weighing.speaks_for
    assert "4 of 18 decisions that could have been copied were not." in weighing.speaks_against
    assert weighing.behind == (
        "The members have 3 known owners.",
        "1 shared value is common to 140 accounts and weighs little.",
        "No declaration covers the copying.",
    )


def test_what_members_share_says_who_is_behind_it_not_that_they_copy() -> None:
    found = first(VerdictName.INTERNAL)
    group = replace(found.group, members=found.group.members[:2])
    ties = tuple(replace(tie, accounts=tie.accounts[:2]) for tie in group.ties)
    weighing = weigh(replace(group, ties=ties), found.lag_histogram, (), threshold_log10_e=7.3)
    assert "Both members share one owner (12.5 bits)." in weighing.behind
    assert not any("share" in point for point in weighing.speaks_for)


def test_further_evidence_stands_on_the_side_it_speaks_for() -> None:
    found = first(VerdictName.EXTERNAL)
    reasons = (
        Reason("exits_repeated", "", {"chances": 1_040, "repeated": 1_012, "by_chance": 7.6}),
        Reason("sizes_not_repeated", "", {"chances": 40, "repeated": 12, "by_chance": 12.0}),
    )
    group = replace(found.group, reasons=reasons)
    weighing = weigh(group, found.lag_histogram, (), threshold_log10_e=7.3)
    exits = "Positions left with the source: 1,012 of 1,040, by chance 7.6."
    sizes = "Sizes in the usual ratio: 12 of 40, by chance 12."
    assert exits in weighing.speaks_for
    assert sizes in weighing.speaks_against
    assert exits not in weighing.speaks_against
    assert sizes not in weighing.speaks_for


def test_a_second_test_without_support_speaks_against() -> None:
    found = first(VerdictName.EXTERNAL)
    said = "Exchanging names with others of the same minutes does not support the group."
    for code, is_said in (("label_exchange_no_support", True), ("label_exchange_supports", False)):
        group = replace(found.group, reasons=(Reason(code, "", {}),))
        weighing = weigh(group, found.lag_histogram, (), threshold_log10_e=7.3)
        assert (said in weighing.speaks_against) == is_said


def test_a_placebo_above_its_bound_speaks_first_against() -> None:
    found = first(VerdictName.EXTERNAL)
    broken = tuple(replace(one, within_bound=False) for one in build_placebo())
    weighing = weigh(found.group, found.lag_histogram, broken, threshold_log10_e=7.3)
    assert weighing.speaks_against[0].startswith("The placebo of this run is above its bound")


def test_weak_members_and_unknown_owners_are_said() -> None:
    found = first(VerdictName.EXTERNAL)
    weak = tuple(replace(member, log10_e=2.0, owner_id=None) for member in found.group.members)
    group = replace(found.group, members=weak, ties=())
    weighing = weigh(group, found.lag_histogram, (), threshold_log10_e=7.3)
    weaker = "2 members joined the group on weaker evidence than log10 E 7.3."
    assert weaker in weighing.speaks_against
    assert "The owners of all 3 members are not known." in weighing.behind
    assert "No owner, device or address ties the members." in weighing.behind


def test_members_are_ordered_leader_first_then_by_evidence() -> None:
    group = first(VerdictName.EXTERNAL).group
    members = tuple(
        replace(member, log10_e=None if member.role == "leader" else 10.0 + place)
        for place, member in enumerate(reversed(group.members))
    )
    ordered = ordered_members(replace(group, members=members))
    assert [member.account_id for member in ordered] == [
        "g0000-account-0",
        "g0000-account-1",
        "g0000-account-2",
    ]


def test_side_by_side_puts_the_leader_left_and_counts_what_is_left_out() -> None:
    episode = first(VerdictName.EXTERNAL).episodes[0]
    arranged = side_by_side(episode, most_repeats=1)
    assert arranged.source.role == "leader"
    assert arranged.is_leader
    assert [repeat.ratio for repeat in arranged.repeats] == [2.0]
    assert arranged.n_left_out == 1


def test_side_by_side_without_a_leader_starts_from_the_earliest_and_says_so() -> None:
    arranged = side_by_side(first(VerdictName.UNDETERMINED).episodes[0])
    assert not arranged.is_leader
    assert arranged.source.lag_ms == 0.0
    assert [repeat.is_inverse for repeat in arranged.repeats] == [False, True, False]


def test_the_ratio_counts_lots_of_the_family_so_that_a_micro_is_a_tenth() -> None:
    episode = first(VerdictName.EXTERNAL).episodes[0]
    leader, follower = episode.orders[:2]
    in_lots = replace(
        episode,
        orders=(
            replace(leader, instrument_id="ES", quantity=1.0, quantity_lots=10),
            replace(follower, instrument_id="MES", quantity=5.0, quantity_lots=5),
        ),
    )
    assert [repeat.ratio for repeat in side_by_side(in_lots).repeats] == [0.5]


def test_the_ratio_over_two_instruments_is_unknown_without_lots() -> None:
    episode = first(VerdictName.EXTERNAL).episodes[0]
    leader, follower = episode.orders[:2]
    mixed = replace(episode, orders=(leader, replace(follower, instrument_id="MES")))
    assert [repeat.ratio for repeat in side_by_side(mixed).repeats] == [None]


def test_prices_of_an_instrument_have_the_decimals_that_the_finest_needs() -> None:
    episode = first(VerdictName.EXTERNAL).episodes[0]
    prices = (6_484.0, 6_485.75, None)
    orders = tuple(
        replace(order, price=price) for order, price in zip(episode.orders, prices, strict=False)
    )
    assert price_decimals([replace(episode, orders=orders)]) == {"ES": 2}


def test_identical_orders_are_told_as_a_run_without_a_source() -> None:
    found = first(VerdictName.EXTERNAL)
    numbers: dict[str, float | int | str] = {"threshold_log10_e": 10.4}
    reasons = (Reason("identical_orders", "", {}), Reason("chance", "", numbers))
    members = tuple(replace(m, role="follower", lag_median_ms=None) for m in found.group.members)
    group = replace(found.group, reasons=reasons, leader_account_id=None, members=members)
    assert "sent the same order one after another, in ES, MES." in sentence(group)
    weighing = weigh(group, LagHistogram((), (), ()), build_placebo(), threshold_log10_e=99.0)
    assert "chance makes such a run" in weighing.speaks_for[0]
    assert not any("weaker evidence" in point for point in weighing.speaks_against)
    assert needed_log10_e(group, 8.6) == 10.4
    assert needed_log10_e(replace(group, reasons=()), 8.6) == 8.6
