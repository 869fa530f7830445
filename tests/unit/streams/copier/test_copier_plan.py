"""Plans: what a file may say, and what may run."""

import json
from pathlib import Path
from typing import Any

import pytest
from helpers.copying import INSTRUMENTS, LEADER, START_NS, copy_plan, follower_plan, size

from streams.copier import Declaration, Plan, PlanError, check_plan, read_plan
from streams.copier.plan import CopyMode, Limits, Margin, Rounding, SizeMode, Translation
from streams.copier.plan_file import plan_of, plan_to_json

FULL = """
plan_id = "desk-1"
leader_account_id = "leader"
mode = "fills"
lead_exposure_percent = 25

[drift]
sync_s = 5

[group_limits]
largest_position_lots = 100

[[followers]]
account_id = "follower"
owner_id = "owner"
declaration_id = "declaration"
translations = [{ leader_instrument_id = "ES", instrument_id = "MES", lots = 10 }]

[followers.size]
value = 0.1
rounding = "down"

[followers.limits]
daily_loss_cents = 50000
"""


def least() -> dict[str, Any]:
    follower = {"account_id": "f", "owner_id": "o", "declaration_id": "d"}
    return {"plan_id": "p", "leader_account_id": "l", "followers": [follower]}


def test_a_plan_is_read_from_toml_and_json_alike(tmp_path: Path) -> None:
    toml, js = tmp_path / "plan.toml", tmp_path / "plan.json"
    toml.write_text(FULL, "utf-8")
    plan = read_plan(toml)
    assert (plan.mode, plan.drift.sync_s, plan.lead_exposure_percent) == (CopyMode.FILLS, 5, 25)
    (follower,) = plan.followers
    assert follower.size == size("0.1", rounding=Rounding.DOWN)
    assert follower.translations == (Translation("ES", "MES", lots=10),)
    assert follower.limits == Limits(daily_loss_cents=50_000)
    js.write_text(json.dumps(least()), "utf-8")
    assert read_plan(js) == plan_of(least(), shown="plan.json")


@pytest.mark.parametrize(
    ("where", "key", "value", "message"),
    [
        ((), "leder", 1, 'plan: leder: is no key of a plan, was "1"'),
        ((), "mode", "both", "plan: mode: must be 'orders' or 'fills', was \"both\""),
        (
            ("followers", 0, "size"),
            "value",
            101,
            'plan: followers.0.size.value: must be less than or equal to 100, was "101"',
        ),
        (("followers", 0, "size"), "value", 0, "plan: followers.0.size: value must not be 0"),
        (
            ("followers", 0, "size"),
            "valu",
            1,
            'plan: followers.0.size.valu: is no key of a plan, was "1"',
        ),
        (
            ("drift",),
            "sync_s",
            2,
            'plan: drift.sync_s: must be greater than or equal to 3, was "2"',
        ),
        (
            ("followers", 0),
            "account_id",
            "l",
            'plan: followers.0.account_id: must be named once in a plan, was "l"',
        ),
    ],
)
def test_a_refusal_names_file_key_rule_and_value(
    where: tuple[Any, ...], key: str, value: object, message: str
) -> None:
    content = least()
    content["drift"] = {}
    content["followers"][0]["size"] = {}
    place: Any = content
    for step in where:
        place = place[step]
    place[key] = value
    with pytest.raises(PlanError) as refused:
        plan_of(content, shown="plan")
    assert str(refused.value) == message


@pytest.mark.parametrize(
    "wrong",
    [
        {"mode": "fixed", "value": "1.5"},
        {"mode": "equity", "target": True},
        {"target": True, "rounding": "carry"},
        {"target": True, "minimum_lots": 1},
        {"minimum_lots": 3, "maximum_lots": 2},
    ],
)
def test_sizes_that_contradict_themselves_are_refused(wrong: dict[str, Any]) -> None:
    content = least()
    content["followers"][0]["size"] = wrong
    with pytest.raises(PlanError, match=r"followers\.0\.size"):
        plan_of(content, shown="plan")


@pytest.mark.parametrize(("word", "limit"), [('"none"', None), ("25", 25)])
def test_the_limit_on_the_leaders_exposure_can_be_switched_off_in_toml(
    tmp_path: Path, word: str, limit: int | None
) -> None:
    toml = tmp_path / "plan.toml"
    toml.write_text(FULL.replace("= 25", f"= {word}"), "utf-8")
    assert read_plan(toml).lead_exposure_percent == limit


def test_another_word_for_the_exposure_is_refused() -> None:
    with pytest.raises(PlanError, match=r'lead_exposure_percent: .*or "none".*was "off"'):
        plan_of({**least(), "lead_exposure_percent": "off"}, shown="plan")


def test_the_margin_of_an_instrument_is_stated_once() -> None:
    margin = {"instrument_id": "ES", "margin_cents": 1_500_000}
    assert plan_of({**least(), "margins": [margin]}, shown="plan").margins == (
        Margin("ES", 1_500_000),
    )
    with pytest.raises(PlanError, match=r'margins\.1\.instrument_id: must be .* once .*, was "ES"'):
        plan_of({**least(), "margins": [margin, margin]}, shown="plan")
    with pytest.raises(PlanError, match=r"margins\.0\.margin_cents"):
        plan_of({**least(), "margins": [{**margin, "margin_cents": 0}]}, shown="plan")


def test_a_file_that_is_no_plan_is_refused_by_name(tmp_path: Path) -> None:
    for name, text in (("a.toml", "= 1"), ("b.json", "{"), ("c.yaml", ""), ("d.json", "[1]")):
        (tmp_path / name).write_text(text, "utf-8")
        with pytest.raises(PlanError, match=name):
            read_plan(tmp_path / name)
    with pytest.raises(PlanError, match=r"nowhere\.toml"):
        read_plan(tmp_path / "nowhere.toml")


# What may run

OWNERS = {LEADER: "owner", "follower": "owner"}
DECLARED = (Declaration("declaration", LEADER, "follower", START_NS, START_NS + 10),)


def codes(plan: Plan, **changes: Any) -> list[str]:
    given: dict[str, Any] = {
        "accounts": OWNERS,
        "declarations": DECLARED,
        "other_plans": (),
        "largest_positions": {},
        "at_ns": START_NS,
        **changes,
    }
    return [refusal.code for refusal in check_plan(plan, **given)]


def test_a_declared_plan_among_own_accounts_may_run() -> None:
    assert codes(copy_plan()) == []


def test_a_follower_of_another_owner_is_refused() -> None:
    assert codes(copy_plan(), accounts={LEADER: "owner", "follower": "stranger"}) == ["other_owner"]
    assert codes(copy_plan(), accounts={LEADER: "owner"}) == ["owner_unknown"]


@pytest.mark.parametrize("at_ns", [START_NS - 1, START_NS + 10])
def test_a_declaration_must_be_in_force(at_ns: int) -> None:
    assert codes(copy_plan(), at_ns=at_ns) == ["not_declared"]
    assert codes(copy_plan(), declarations=()) == ["not_declared"]


def test_a_declaration_of_another_leader_does_not_count() -> None:
    other = (Declaration("declaration", "somebody", "follower"),)
    assert codes(copy_plan(), declarations=other) == ["not_declared"]


def test_unguarded_leaves_out_owners_and_declarations_and_nothing_else() -> None:
    nothing = {"accounts": {}, "declarations": ()}
    assert codes(copy_plan(), **nothing, unguarded=True) == []
    other = Plan("other", "x", (follower_plan("follower"),))
    assert codes(copy_plan(), **nothing, other_plans=[other], unguarded=True) == ["two_copiers"]


def test_a_circle_over_several_plans_is_refused_with_its_way() -> None:
    others = [
        Plan("two", "follower", (follower_plan("third"),)),
        Plan("three", "third", (follower_plan(LEADER),)),
    ]
    assert codes(copy_plan(), other_plans=others) == ["two_copiers", "two_copiers", "circle"]
    refusal = check_plan(copy_plan(), OWNERS, DECLARED, others, {}, START_NS)[-1]
    assert "leader -> follower -> third -> leader" in refusal.text


def test_the_same_plan_running_already_is_no_other_copier() -> None:
    assert codes(copy_plan(), other_plans=[copy_plan()]) == []


def test_a_leader_too_large_for_a_follower_is_refused() -> None:
    plan = copy_plan(
        follower_plan(
            size=size("0.5"),
            translations=(Translation("ES", "MES", lots=10),),
            limits=Limits(largest_position_lots=49),
        )
    )
    known = {one.instrument_id: one for one in INSTRUMENTS}
    assert codes(plan, largest_positions={LEADER: {"ES": 9}}, instruments=known) == []
    assert codes(plan, largest_positions={LEADER: {"ES": 10}}) == ["leader_too_large"]
    smaller = {LEADER: {"ES": 9}, "follower": {"MES": 40}}
    assert codes(plan, largest_positions=smaller) == ["leader_too_large"]


def test_a_size_by_equity_is_judged_when_an_order_comes() -> None:
    plan = copy_plan(
        follower_plan(size=size(1, mode=SizeMode.EQUITY), limits=Limits(largest_position_lots=1))
    )
    assert codes(plan, largest_positions={LEADER: {"ES": 10}}) == []


def test_a_plan_as_json_is_read_back_as_the_same_plan(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(FULL, encoding="utf-8")
    plan = read_plan(path)
    text = json.dumps(plan_to_json(plan), allow_nan=False)
    assert plan_of(json.loads(text), shown="json") == plan


def test_a_size_by_value_between_families_is_refused() -> None:
    """An NQ in MES by multipliers alone would leave out that their prices differ."""
    known = {one.instrument_id: one for one in INSTRUMENTS}
    by_value = size(1, mode=SizeMode.NOTIONAL)
    across = copy_plan(
        follower_plan(size=by_value, translations=(Translation("NQ", "MES"),), instruments=("MES",))
    )
    within = copy_plan(follower_plan(size=by_value, translations=(Translation("ES", "MES"),)))
    in_lots = copy_plan(follower_plan(size=size(2), translations=(Translation("NQ", "MES"),)))
    assert codes(across, instruments=known) == ["other_family"]
    assert codes(within, instruments=known) == []
    assert codes(in_lots, instruments=known) == []
