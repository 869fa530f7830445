"""What a copier did against what was found: the same decisions, and no miss told twice."""

from dataclasses import replace
from decimal import Decimal

import pytest
from helpers.copying import copy_plan
from helpers.findings import build_findings

from streams.copier.plan import FollowerPlan, Size
from surveillance.findings import GroupFinding
from surveillance.jobs.copying.cases import Truth, judge_case
from surveillance.jobs.copying.truth import Copied, FollowerComparison, compare_follower

MS = 1_000_000


def found_group(ratio: float = 1.0, *, n_episodes: int = 7, inverse: bool = False) -> GroupFinding:
    """A group whose only follower is "F"; its episodes are the leader's decisions."""
    found = build_findings(n_groups=1, n_episodes=n_episodes, hostile=False).groups[0]
    leader, follower = found.group.members[:2]
    follower = replace(
        follower, account_id="F", allocation_ratio=ratio, lag_median_ms=4.0, inverse=inverse
    )
    episodes = tuple(
        replace(
            one,
            orders=tuple(
                replace(order, account_id="F")
                for order in one.orders
                if order.account_id == found.group.members[1].account_id
            ),
        )
        for one in found.episodes
    )
    group = replace(found.group, members=(leader, follower))
    return replace(found, group=group, episodes=episodes)


def follower(value: str = "0.5") -> FollowerPlan:
    return FollowerPlan("F", "owner", "declaration", size=Size(value=Decimal(value)))


def copied(found: GroupFinding, own_lots: list[int], led_lots: int = 2) -> list[Copied]:
    """A copy of each of the leader's decisions, each 4 ms after it."""
    return [
        Copied(one.time_ns, one.time_ns + 4 * MS, led_lots, lots, guards=False)
        for one, lots in zip(found.episodes, own_lots, strict=True)
    ]


def without_episode(found: GroupFinding, number: int) -> GroupFinding:
    return replace(found, episodes=found.episodes[:number] + found.episodes[number + 1 :])


def compared(found: GroupFinding, copies: list[Copied]) -> FollowerComparison:
    leader = found.timeline[0].account_id
    return compare_follower(follower(), leader, copies, len(copies), found)


def test_a_missed_copy_is_told_and_does_not_move_the_ratio() -> None:
    """Four copies at 1/2 and three at 1: without one of the four the median is another one."""
    found = found_group(ratio=0.75, n_episodes=7)
    copies = copied(found, [1, 1, 1, 1, 2, 2, 2])
    one = compared(without_episode(found, 0), copies)
    assert one.missed_ns == (copies[0].led_ns,)
    assert (one.true_ratio, one.ratio_error) == (0.75, 0.0)


def test_a_wrong_ratio_over_the_same_decisions_is_told() -> None:
    found = found_group(ratio=1.0)
    one = compared(found, copied(found, [1] * 7))
    assert (one.true_ratio, one.ratio_error) == (0.5, 1.0)


def test_a_stop_that_is_a_decision_of_its_own_counts_as_one() -> None:
    found = found_group(ratio=1.0)
    stops = [replace(copy, guards=True) for copy in copied(found, [2] * 7)]
    assert compared(found, stops).true_ratio == 1.0


def test_an_order_joined_to_another_is_no_missed_copy() -> None:
    found = found_group(ratio=0.5)
    joined = Copied(1, 2, 2, 2, guards=True)
    one = compared(found, [*copied(found, [1] * 7), joined])
    assert (one.n_joined, one.missed_ns, one.true_ratio) == (1, (), 0.5)


def test_the_ratio_in_all_counts_lots() -> None:
    found = found_group()
    one = compared(found, copied(found, [1, 1, 1, 1, 2, 2, 2]))
    assert one.total_ratio == pytest.approx(10 / 14)


def test_a_follower_that_is_not_in_the_group_is_measured_without_stops() -> None:
    found = found_group()
    copies = copied(found, [1] * 7)
    copies[:4] = [replace(copy, guards=True, own_lots=8) for copy in copies[:4]]
    one = compare_follower(follower(), "L", copies, 7, None)
    assert (one.true_ratio, one.found_ratio, one.ratio_error) == (0.5, None, None)
    assert one.found_inverse is None


@pytest.mark.parametrize("found_inverse", [False, True])
def test_an_inverse_follower_found_as_none_is_wrong(found_inverse: bool) -> None:
    found = found_group(ratio=0.5, inverse=found_inverse)
    truth = Truth(copy_plan(follower("-0.5")), [], {"F": copied(found, [1] * 7)})
    wrong = judge_case("declared", truth, (found,), ()).wrong
    assert ("F: inverse should be True, was False" in wrong) is not found_inverse


def test_a_source_taken_for_elsewhere_hides_no_missed_copy() -> None:
    found = found_group(ratio=0.5)
    copies = copied(found, [1] * 7)
    elsewhere = replace(found, group=replace(found.group, leader_account_id=None))
    one = compared(without_episode(elsewhere, 2), copies)
    assert (one.n_joined, one.missed_ns) == (0, (copies[2].led_ns,))


def test_a_follower_whose_found_copies_are_none_of_its_own_is_wrong() -> None:
    found = found_group(ratio=0.5)
    elsewhere = [replace(copy, led_ns=copy.led_ns + 1) for copy in copied(found, [1] * 7)]
    wrong = judge_case("declared", Truth(copy_plan(follower()), [], {"F": elsewhere}), (found,), ())
    assert "F: none of its copies was found" in wrong.wrong
