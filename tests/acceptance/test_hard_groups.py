"""Groups that a detector easily misreads, in a market that it was not made with."""

from pathlib import Path

import pytest
from helpers.orders import DAY_NS, SECOND_NS, START_NS
from helpers.small_market import SmallMarket

from surveillance.findings import Group


def the_group(groups: list[Group], prefix: str) -> Group:
    """Return the one group with members of that prefix, which has no other members."""
    (found,) = [g for g in groups if any(m.account_id.startswith(prefix) for m in g.members)]
    assert all(member.account_id.startswith(prefix) for member in found.members)
    return found


def only_groups_of(groups: list[Group], *prefixes: str) -> None:
    """Nobody honest is in any group."""
    for group in groups:
        assert all(member.account_id.startswith(prefixes) for member in group.members), group


def test_a_market_of_strangers_shows_nothing(tmp_path: Path) -> None:
    assert SmallMarket(1).groups(tmp_path) == []


@pytest.mark.parametrize("n_followers", [1, 10, 40, 80])
def test_a_group_of_any_size_is_found_whole(tmp_path: Path, n_followers: int) -> None:
    market = SmallMarket(2)
    events = market.lead("G_L", 30, "ES")
    for number in range(n_followers):
        market.follow(f"G_F{number:02d}", events, market.around(0.3), 0.9)
    groups = market.groups(tmp_path)
    only_groups_of(groups, "G_")
    group = the_group(groups, "G_")
    assert (group.verdict, group.leader_account_id) == ("EXTERNAL", "G_L")
    assert len(group.members) >= 0.95 * (n_followers + 1)


@pytest.mark.parametrize(("owner", "verdict"), [("one", "INTERNAL"), ("many", "EXTERNAL")])
def test_owners_tell_a_large_group_apart(tmp_path: Path, owner: str, verdict: str) -> None:
    market = SmallMarket(3)
    events = market.lead("G_L", 30, "ES")
    names = ["G_L", *(f"G_F{number:02d}" for number in range(50))]
    for name in names[1:]:
        market.follow(name, events, market.around(0.3), 0.9)
    for name in names:
        market.add("accounts", account_id=name, owner_id="O" if owner == "one" else f"O{name}")
    group = the_group(market.groups(tmp_path), "G_")
    assert group.verdict == verdict
    assert len(group.members) >= 48


def test_two_providers_with_a_follower_in_common_are_two_groups(tmp_path: Path) -> None:
    market = SmallMarket(4)
    first, second = market.lead("G_P", 40, "ES"), market.lead("G_Q", 40, "ES")
    market.follow("G_F", sorted([*first, *second]), market.around(0.3))
    market.follow("G_A", first, market.around(0.4))
    market.follow("G_B", second, market.around(0.4))
    groups = market.groups(tmp_path)
    only_groups_of(groups, "G_")
    found = {g.leader_account_id: {m.account_id for m in g.members} for g in groups}
    assert found == {"G_P": {"G_P", "G_F", "G_A"}, "G_Q": {"G_Q", "G_F", "G_B"}}


def test_copying_that_starts_on_the_last_day_is_found(tmp_path: Path) -> None:
    market = SmallMarket(5)
    events = market.lead("G_L", 40, "NQ")
    for number in range(3):
        market.follow(f"G_F{number}", events, market.around(0.5), 0.95, from_day=2)
        market.trade_alone(f"G_F{number}", 6, ["NQ"])
    group = the_group(market.groups(tmp_path), "G_")
    assert (group.verdict, group.leader_account_id) == ("EXTERNAL", "G_L")
    assert all(m.participation > 0.8 for m in group.members if m.role == "follower")


def test_a_copier_that_serves_one_follower_after_another_has_its_leader(tmp_path: Path) -> None:
    market = SmallMarket(6)
    events = market.lead("G_Z", 40, "GC")
    for event in events:
        time_ns = event[0]
        for name in ("G_A", "G_B", "G_C", "G_D"):
            time_ns += int(market.rng.uniform(20, 60) * 1e6)
            market.send(name, (time_ns, *event[1:]))
    group = the_group(market.groups(tmp_path), "G_")
    assert (group.leader_account_id, len(group.members)) == ("G_Z", 5)


def test_stops_and_targets_hide_nothing(tmp_path: Path) -> None:
    market = SmallMarket(7)
    entries = market.lead("G_L", 40, "CL")
    for time_ns, instrument, side, quantity in entries:
        for offset, kind in ((-1.0, "stop"), (2.0, "limit")):
            price = 70.0 + (offset if side == 0 else -offset)
            more = {"stop_price": price} if kind == "stop" else {"limit_price": price}
            guard = (time_ns + SECOND_NS // 20, instrument, 1 - side, quantity)
            market.send("G_L", guard, order_type=kind, **more)
    for number in range(3):
        market.follow(f"G_F{number}", entries, market.around(0.3))
    group = the_group(market.groups(tmp_path), "G_")
    assert (group.verdict, group.leader_account_id) == ("EXTERNAL", "G_L")
    assert len(group.members) == 4


def test_a_leader_that_scalps_is_copied_all_the_same(tmp_path: Path) -> None:
    market = SmallMarket(8)
    events = market.lead("G_L", 80, "ES", hold_s=25)
    for number in range(4):
        market.follow(f"G_F{number}", events, market.around(0.3), 0.5)
    group = the_group(market.groups(tmp_path), "G_")
    assert (group.verdict, group.leader_account_id) == ("EXTERNAL", "G_L")


def test_a_bot_around_its_victim_is_no_copier(tmp_path: Path) -> None:
    market = SmallMarket(9)
    events = market.lead("G_V", 60, "ES")
    for time_ns, instrument, side, quantity in events:
        market.send("G_B", (time_ns - 50_000_000, instrument, side, quantity))
        market.send("G_B", (time_ns + 400_000_000, instrument, 1 - side, quantity))
    group = the_group(market.groups(tmp_path), "G_")
    assert (group.verdict, group.reasons[0].code) == ("INDEPENDENT", "opposite_legs")


@pytest.mark.parametrize("records", ["none", "household", "device", "declared"])
def test_what_is_known_of_unknown_owners_decides(tmp_path: Path, records: str) -> None:
    market = SmallMarket(10)
    events = market.lead("G_L", 40, "ES")
    names = ["G_L", "G_A", "G_B"]
    for name in names[1:]:
        market.follow(name, events, market.around(0.3))
    for number in range(200):
        account = f"H{number:04d}"
        market.add(
            "sessions",
            session_id=account,
            account_id=account,
            start_time_ns=START_NS,
            ip=f"ip{number}",
            ip_kind="residential",
            country="DE",
            device_id=f"device{number}",
        )
    for number, name in enumerate(names):
        if records == "declared" and name != "G_L":
            market.add("declarations", declaration_id="R", leader_account_id="G_L", account_id=name)
        for day in range(3):
            market.add(
                "sessions",
                session_id=f"{name}{day}",
                account_id=name,
                start_time_ns=START_NS + day * DAY_NS,
                ip="home" if records != "none" else f"own{number}",
                ip_kind="residential",
                country="DE",
                device_id="one" if records == "device" else f"own{number}",
            )
    group = the_group(market.groups(tmp_path), "G_")
    assert (group.verdict, group.subtype) == {
        "none": ("EXTERNAL", "signal"),
        "household": ("UNDETERMINED", "other"),
        "device": ("INTERNAL", "undeclared_own_accounts"),
        "declared": ("INTERNAL", "own_accounts"),
    }[records]


def test_a_clock_of_seconds_without_sequence_names_no_one_as_first(tmp_path: Path) -> None:
    market = SmallMarket(11)
    events = market.lead("G_L", 50, "ES")
    market.follow("G_F", events, lambda: 0.02)
    for row in market.rows:
        row["event_time_ns"] -= row["event_time_ns"] % SECOND_NS
    group = the_group(market.groups(tmp_path), "G_")
    codes = {reason.code for reason in group.reasons}
    assert "one_leader" not in codes
    assert group.verdict in ("UNDETERMINED", "EXTERNAL")
