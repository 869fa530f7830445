"""`surveillance copy verify`: plans refused with every reason, and a day reckoned by hand."""

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from helpers.command import ROOT, Outcome, run, the_refusal
from helpers.copy_datasets import INSTRUMENTS, LED, PLAN, market_order, prices, write, write_plan

from streams.copier import read_plan
from streams.copier.plan_file import plan_of
from surveillance.store import Store
from surveillance.store.copying import CopierStatus

EXAMPLE = ROOT / "docs" / "examples" / "copy-plan.toml"


@pytest.fixture(autouse=True)
def store_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The store of every command here, as its environment names it."""
    url = f"sqlite:///{tmp_path}/s.db"
    monkeypatch.setenv("SURVEILLANCE_STORE", url)
    return url


def verify(tmp_path: Path, plan: Path, *more: object, **tables: Any) -> Outcome:
    dataset = write(tmp_path / "dataset", **tables)
    return run("copy", "verify", plan, "--dataset", dataset, *more)


def verified(tmp_path: Path, plan: Path, **tables: Any) -> dict[str, Any]:
    outcome = verify(tmp_path, plan, "--json", **tables)
    assert outcome.status == 0, outcome
    report: dict[str, Any] = json.loads(outcome.out)
    return report


def test_a_day_is_played_and_comes_out_as_reckoned_by_hand(tmp_path) -> None:
    report = verified(tmp_path, write_plan(tmp_path / "plan.json"))
    assert report["n_leader_orders"] == 4
    # The price rises 60 ticks in 600 s; crossing the spread of a tick costs one: 59 won on 3 lots
    # long, 61 lost on 1 lot short, at 12.50 dollars; 8 lots pay a dollar each.
    assert report["leader_profit_cents"] == (3 * 59 - 61) * 1_250 - 8 * 100
    half, micro = report["followers"]
    # 1.5 and 0.5 lots are rounded up to 2 and 1.
    assert (half["planned_ratio"], half["realized_ratio"]) == (0.5, 0.75)
    assert half["profit_cents"] == (2 * 59 - 61) * 1_250 - 6 * 100
    assert half["lost_lots"] == -1.0
    assert half["exposure_ratio"] == pytest.approx(1.5, abs=0.01)  # on half the equity
    assert (micro["planned_ratio"], micro["realized_ratio"]) == (1.0, 1.0)
    for one in (half, micro):
        assert (one["n_copied"], one["n_missed"], one["n_rejected"]) == (4, 0, 0)
    # Thirty micros take all twenty of the first price: ten pay a tick more, as do their exits.
    assert micro["slippage_cents"] == 20 * 125
    assert micro["slippage_ticks"] == pytest.approx(20 / 80)


def test_the_table_names_what_was_missed_and_why(tmp_path) -> None:
    plan = write_plan(tmp_path / "plan.json", half="limits = { largest_count = 1 }")
    outcome = verify(tmp_path, plan)
    assert outcome.status == 0, outcome
    for shown in ("half", "2 of 4", "largest_count", "00:30:05"):
        assert shown in outcome.out, outcome.out


def test_an_exposure_that_cannot_be_valued_keeps_the_first_entry_back_a_margin_lets_it_pass(
    tmp_path,
) -> None:
    plan = write_plan(tmp_path / "plan.json", more="lead_exposure_percent = 2000")
    report = verified(tmp_path, plan)
    assert report["followers"][0]["missed_why"] == {
        "lead_exposure_unknown": 1,
        "nothing_to_close": 1,
    }
    # 30% of 100,000 dollars are three contracts.
    margins = 'margins = [{ instrument_id = "ES", margin_cents = 1_000_000 }]'
    plan = write_plan(tmp_path / "plan.json", more=f"lead_exposure_percent = 30\n{margins}")
    report = verified(tmp_path, plan)
    assert [one["n_missed"] for one in report["followers"]] == [0, 0]


def test_a_guard_that_locks_is_listed_with_reason_and_time(tmp_path) -> None:
    short = [market_order(1, 605, "sell", 1), market_order(2, 1205, "buy", 1)]
    plan = write_plan(tmp_path / "plan.json", half="limits = { daily_loss_cents = 20_000 }")
    report = verified(tmp_path, plan, orders=[*prices(), *short])
    (lock,) = [guard for guard in report["guards"] if guard["locks"]]
    assert (lock["account_id"], lock["code"], lock["count"]) == ("half", "daily_loss", 1)
    # It sold a lot at 12.50 dollars a tick: 16 ticks, at 10 s each, are the limit.
    assert 150 <= (lock["first_time_ns"] - short[0]["event_time_ns"]) / 1e9 <= 180
    half, micro = report["followers"]
    assert half["profit_cents"] > micro["profit_cents"]


def test_profit_kept_at_the_high_of_the_day_is_not_given_back(tmp_path) -> None:
    plan = write_plan(tmp_path / "plan.json", half="limits = { give_back_cents = 50_000 }")
    report = verified(tmp_path, plan)
    (lock,) = [guard for guard in report["guards"] if guard["locks"]]
    # Closed at the day's high, nothing is given back. The lot sold short then loses a tick each
    # 10 s: 40 ticks, fees and the spread among them, are the limit.
    seconds = (lock["first_time_ns"] - LED[2]["event_time_ns"]) / 1e9
    assert lock["code"] == "give_back"
    assert 380 <= seconds <= 420


def test_what_the_venue_rejected_then_is_rejected_now(tmp_path) -> None:
    rejected = market_order(1, 606, "buy", 3, event_type="reject", event_id="no")
    report = verified(
        tmp_path, write_plan(tmp_path / "plan.json"), orders=[*prices(), *LED[:1], rejected]
    )
    assert report["leader_profit_cents"] == 0
    assert [one["n_orders"] for one in report["followers"]] == [0, 0]


def test_every_reason_stands_in_one_refusal(tmp_path) -> None:
    text = PLAN.replace('"half"', '"foreign"').replace('"report-1"', '"report-2"', 1)
    running = write_plan(tmp_path / "other.json", PLAN.replace('"plan"', '"other"'))
    dataset = write(tmp_path / "dataset")
    plan = write_plan(tmp_path / "plan.json", text)
    refusal = the_refusal(run("copy", "verify", plan, "--dataset", dataset, "--running", running))
    for reason in (
        "foreign belongs to somebody",
        "declaration report-2 does not cover foreign",
        "micro stands in plan other already",
        "leader stands in plan other already",
    ):
        assert reason in refusal, refusal


def test_a_circle_over_plans_is_refused(tmp_path) -> None:
    back = (
        PLAN.replace('"plan"', '"back"')
        .replace('"leader"', '"micro"')
        .replace('account_id = "micro"\nowner', 'account_id = "leader"\nowner')
    )
    running = write_plan(tmp_path / "back.json", back)
    plan = write_plan(tmp_path / "plan.json")
    assert "circle" in the_refusal(verify(tmp_path, plan, "--running", running))


@pytest.mark.parametrize(
    ("more", "half", "reason"),
    [
        ("colour = 1", "", "colour: is no key of a plan"),
        ("", "ratio = 2", "followers.0.ratio: is no key of a plan"),
        ("", "limits = { largest_position_lots = 1 }", "3 ES of the leader are 2 ES for half"),
        ("", 'instruments = ["XX"]', ""),
    ],
)
def test_plans_that_break_a_rule(tmp_path, more: str, half: str, reason: str) -> None:
    filled = market_order(1, 605.1, "buy", 3, event_type="fill", event_id="f", last_quantity=3.0)
    filled["last_price"] = 6015.0
    plan = write_plan(tmp_path / "plan.json", more=more, half=half)
    outcome = verify(tmp_path, plan, orders=[*prices(), *LED, filled])
    if reason:
        assert reason in the_refusal(outcome)
    else:  # what the leader never trades needs no data
        assert outcome.status == 0, outcome


def test_a_declaration_that_is_over_does_not_count(tmp_path) -> None:
    over = [
        {
            "declaration_id": "report-1",
            "leader_account_id": "leader",
            "account_id": name,
            "effective_to_ns": LED[0]["event_time_ns"],
        }
        for name in ("half", "micro")
    ]
    refusal = the_refusal(verify(tmp_path, write_plan(tmp_path / "plan.json"), declarations=over))
    assert "does not cover half" in refusal
    assert "does not cover micro" in refusal


@pytest.mark.parametrize(
    "known",
    [
        [one for one in INSTRUMENTS if one["instrument_id"] != "MES"],
        [{**one, "multiplier": None} for one in INSTRUMENTS],
    ],
)
def test_an_instrument_without_data_is_named(tmp_path, known: list[dict[str, Any]]) -> None:
    refusal = the_refusal(verify(tmp_path, write_plan(tmp_path / "plan.json"), instruments=known))
    assert "instrument MES, copied by micro, has no multiplier and tick size" in refusal


def test_an_instrument_without_a_price_is_named(tmp_path) -> None:
    led = [market_order(1, 605, "buy", 3, instrument_id="NQ")]
    refusal = the_refusal(
        verify(tmp_path, write_plan(tmp_path / "plan.json"), orders=[*prices(), *led])
    )
    assert "instrument NQ, copied by half, has no fill on that day" in refusal


def test_a_leader_without_orders_is_refused(tmp_path) -> None:
    refusal = the_refusal(verify(tmp_path, write_plan(tmp_path / "plan.json"), orders=prices()))
    assert "leader sent no order in the dataset" in refusal


def test_the_example_of_the_documents_names_every_key_and_can_be_played() -> None:
    plan = read_plan(EXAMPLE)
    text = EXAMPLE.read_text()
    for record in (plan, plan.drift, plan.group_limits, plan.followers[0], plan.followers[0].size):
        assert all(field.name in text for field in fields(record))
    for record in (plan.margins[0], plan.followers[1].translations[0]):
        assert all(field.name in text for field in fields(record))
    outcome = run("copy", "verify", EXAMPLE, "--accounts", 200, "--seed", 3, "--json")
    assert outcome.status == 0, outcome
    report = json.loads(outcome.out)
    assert [one["account_id"] for one in report["followers"]] == ["half", "micro"]
    assert all(one["n_copied"] for one in report["followers"])


def test_a_simulated_day_is_the_same_again() -> None:
    typed = ("copy", "verify", EXAMPLE, "--scenario", "nothing", "--accounts", 100, "--json")
    assert run(*typed).out == run(*typed).out


def test_both_a_dataset_and_a_scenario_are_wrong_usage(tmp_path) -> None:
    outcome = run("copy", "verify", EXAMPLE, "--dataset", tmp_path, "--scenario", "basic")
    assert outcome.status == 2


def test_plan_and_report_are_kept_in_the_store(tmp_path, store_url: str) -> None:
    plan = write_plan(tmp_path / "plan.json")
    report = verified(tmp_path, plan)
    with Store.open(store_url) as store:
        copier = store.copying.copier("plan")
    assert plan_of(copier.plan, shown="store") == read_plan(plan)
    assert copier.checked is not None
    assert copier.checked.report == report
    assert copier.summary.status is CopierStatus.NEVER_RUN


def test_the_reasons_of_a_refusal_are_kept_in_the_store(tmp_path, store_url: str) -> None:
    refusal = the_refusal(verify(tmp_path, write_plan(tmp_path / "plan.json"), declarations=[]))
    with Store.open(store_url) as store:
        checked = store.copying.copier("plan").checked
    assert checked is not None
    assert checked.is_refused
    assert all(reason in refusal for reason in checked.reasons)
    assert len(checked.reasons) == 2


def test_a_report_goes_to_the_store_that_is_named(tmp_path) -> None:
    url = f"sqlite:///{tmp_path}/other.db"
    outcome = verify(tmp_path, write_plan(tmp_path / "plan.json"), "--store", url)
    assert outcome.status == 0, outcome
    with Store.open(url) as store:
        assert store.copying.copier("plan").checked is not None
