"""Linkage: weights by kind of network, crowds, households, recurrence, exclusive devices."""

from math import log2

import pytest

from models.linkage import Linkage, Sighting, Ties
from models.params import LinkageParams

PARAMS = LinkageParams()
DAYS = frozenset({1, 2, 3})


def ip(account: int, value: str, network: str | None = "residential", **more: object) -> Sighting:
    return Sighting(account, "ip", value, network, "DE", more.get("days", DAYS))


def strangers(kind: str, n: int, network: str | None = None) -> list[Sighting]:
    country = "DE" if kind == "ip" else None
    return [Sighting(1000 + i, kind, f"{kind}{i}", network, country, DAYS) for i in range(n)]


def bits(sightings: list[Sighting]) -> dict[tuple[int, int], float]:
    return Linkage(sightings, PARAMS).ties_among((1, 2)).pair_bits


@pytest.mark.parametrize(
    ("network", "reliability"),
    [("residential", 1.0), ("mobile", 0.05), ("hosting", 0.3), ("vpn", 0.02), (None, 0.3)],
)
def test_an_address_weighs_by_its_network(network: str | None, reliability: float) -> None:
    seen = [ip(1, "x", network), ip(2, "x", network), *strangers("ip", 998, network)]
    tie = Linkage(seen, PARAMS).ties_among((1, 2)).ties[0]
    assert tie.weight_bits == pytest.approx(log2(0.9 * reliability * 1_000))


def test_a_crowd_weighs_nothing() -> None:
    crowd = [Sighting(i, "device", "d", days=DAYS) for i in range(21)]
    many = strangers("device", 5_000)
    assert bits(crowd + many) == {(1, 2): 0.0}
    assert bits(crowd[:20] + many)[1, 2] == pytest.approx(log2(0.9 * 5_020 / 19))  # 18 and one


def test_a_device_of_exactly_the_group_weighs_whatever_its_crowd() -> None:
    crowd = [Sighting(i, "device", "d", days=DAYS) for i in range(60)]
    members = tuple(range(60))
    found = Linkage(crowd + strangers("device", 5_000), PARAMS).ties_among(members)
    assert found.ties[0].weight_bits == pytest.approx(log2(0.9 * 5_060))
    addresses = [ip(i, "x") for i in range(60)] + strangers("ip", 5_000, "residential")
    assert Linkage(addresses, PARAMS).ties_among(members).ties[0].weight_bits == 0.0


def test_addresses_alone_are_a_household_at_most() -> None:
    home = [ip(1, "x"), ip(2, "x"), ip(1, "y"), ip(2, "y"), *strangers("ip", 5_000, "residential")]
    assert bits(home) == {(1, 2): PARAMS.household_bits}
    phone = [Sighting(a, "device", "d", days=DAYS) for a in (1, 2)] + strangers("device", 5_000)
    device = log2(0.9 * 5_002)
    address = log2(0.9 * 5_002)
    assert bits(home + phone)[1, 2] == pytest.approx(device + 0.5 * address)


def test_one_day_together_counts_half() -> None:
    def seen(days: frozenset[int]) -> list[Sighting]:
        both = [Sighting(1, "device", "d", days=DAYS), Sighting(2, "device", "d", days=days)]
        elsewhere = [Sighting(2, "ip", "w", "hosting", "DE", DAYS)]  # the second is there all days
        return both + elsewhere + strangers("device", 998)

    full = log2(900)
    assert bits(seen(frozenset({2, 3})))[1, 2] == pytest.approx(full)
    assert bits(seen(frozenset({3, 9})))[1, 2] == pytest.approx(0.5 * full)
    assert bits(seen(frozenset({9})))[1, 2] == pytest.approx(0.5 * full)
    only_day = [Sighting(1, "device", "d", days=DAYS), Sighting(2, "device", "d", days={3})]
    assert bits(only_day + strangers("device", 998))[1, 2] == pytest.approx(full)
    timeless = [Sighting(a, "payment", "p") for a in (1, 2)] + strangers("payment", 998)
    assert bits(timeless)[1, 2] == pytest.approx(full)


def test_days_of_repeated_sightings_add_up() -> None:
    seen = [Sighting(a, "device", "d", days=frozenset({day})) for a in (1, 2) for day in (1, 2)]
    assert bits(seen + strangers("device", 998))[1, 2] == pytest.approx(log2(900))


def test_a_weight_is_never_negative() -> None:
    assert bits([ip(1, "x", "vpn"), ip(2, "x", "vpn")]) == {(1, 2): 0.0}


def test_only_values_of_members_are_ties_and_the_order_is_fixed() -> None:
    seen = [
        Sighting(3, "email", "e"),
        Sighting(1, "email", "e"),
        Sighting(2, "payment", "p"),
        Sighting(9, "payment", "p"),
        *strangers("email", 98),
    ]
    found = Linkage(seen, PARAMS).ties_among((1, 2, 3, 77))
    assert [(t.kind, t.accounts, t.crowd) for t in found.ties] == [("email", (1, 3), 2)]
    assert Linkage(seen[::-1], PARAMS).ties_among((3, 2, 77, 1)) == found


def test_joined_needs_a_chain_over_all_members() -> None:
    ties = Ties((), {(1, 2): 9.0, (2, 3): 6.0, (3, 4): 5.9})
    assert ties.joined((1, 2, 3), 6.0)
    assert not ties.joined((1, 2, 3, 4), 6.0)
    assert not Ties((), {}).joined((1, 2), 0.0)
