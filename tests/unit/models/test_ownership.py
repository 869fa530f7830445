"""Ownership: when several owner ids count as one, and that a declaration alone joins nobody."""

from dataclasses import replace

from models.linkage import Tie, Ties
from models.ownership import Ownership, find_ownership
from models.params import DetectionParams, PolicyParams

PARAMS = DetectionParams()
HOUSEHOLDS = replace(PARAMS, policy=PolicyParams(household_is_one_owner=True))
MEMBERS = (7, 8, 9)
OWNERS = ("person", "company", "stranger")
PAYMENT = Tie("payment", "p", (7, 8), 2, 11.0)
HOME = Tie("ip", "i", (7, 8), 2, 9.0, is_home=True)
TOGETHER = (frozenset({"R1"}), frozenset({"R1"}), frozenset())


def ownership(
    *ties: Tie,
    owners: tuple[str | None, ...] = OWNERS,
    declared: tuple[frozenset[str], ...] = TOGETHER,
    params: DetectionParams = PARAMS,
) -> Ownership:
    return find_ownership(MEMBERS, owners, declared, Ties(ties, {}), params)


def test_ids_are_counted_as_they_stand_where_nothing_relates_them() -> None:
    found = ownership(owners=("x", "x", None), declared=(frozenset(),) * 3)
    assert (found.n_owners, found.largest, found.all_known) == (1, 2, False)


def test_a_declaration_and_a_shared_payment_make_one_owner() -> None:
    found = ownership(PAYMENT)
    assert (found.n_owners, found.largest) == (2, 2)
    assert [reason.code for reason in found.related] == ["declared_relation"]
    assert ownership(PAYMENT, owners=("person", "company", "person")).n_owners == 1


def test_neither_alone_makes_one_owner() -> None:
    apart = (frozenset({"R1"}), frozenset({"R2"}), frozenset({"R1"}))
    assert ownership().n_owners == 3
    assert ownership(PAYMENT, declared=apart).n_owners == 3
    assert ownership(replace(PAYMENT, weight_bits=2.0)).n_owners == 3
    assert ownership(replace(PAYMENT, kind="device")).n_owners == 3


def test_a_household_is_one_owner_where_the_policy_says_so() -> None:
    apart = (frozenset(),) * 3
    assert ownership(HOME, declared=apart).n_owners == 3
    found = ownership(HOME, declared=apart, params=HOUSEHOLDS)
    assert (found.n_owners, [reason.code for reason in found.related]) == (2, ["one_household"])
    office = replace(HOME, is_home=False)
    assert ownership(office, declared=apart, params=HOUSEHOLDS).n_owners == 3


def test_relations_chain() -> None:
    other = Tie("email", "e", (8, 9), 2, 11.0)
    declared = (frozenset({"R1"}), frozenset({"R1", "R2"}), frozenset({"R2"}))
    assert ownership(PAYMENT, other, declared=declared).n_owners == 1
