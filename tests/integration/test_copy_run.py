"""`surveillance copy run` over files and `copy tell`: what users type, and what they get."""

import json
from pathlib import Path
from typing import Any

import pytest
from helpers.command import Outcome, run, the_refusal
from helpers.copy_datasets import LED, PLAN, market_order, write, write_plan

from streams.copier import CommandKind
from surveillance.store import Store

FILE_NAME = "copier-orders.jsonl"


@pytest.fixture(autouse=True)
def store_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The store of every command here, as its environment names it."""
    url = f"sqlite:///{tmp_path}/s.db"
    monkeypatch.setenv("SURVEILLANCE_STORE", url)
    return url


def filled(*orders: dict[str, Any], price: float = 6_000.0) -> list[dict[str, Any]]:
    """Return orders, each with its fill a second later."""
    rows = []
    for order in orders:
        fill = {
            "event_type": "fill",
            "event_time_ns": order["event_time_ns"] + 1_000_000_000,
            "event_id": f"{order['event_id']}-fill",
            "last_quantity": order["quantity"],
            "last_price": price,
        }
        rows += [order, {**order, **fill}]
    return rows


def copied(tmp_path: Path, *more: object, plan: str = PLAN, **tables: Any) -> Outcome:
    dataset = write(tmp_path / "dataset", **tables)
    path = write_plan(tmp_path / "plan.json", plan)
    return run("copy", "run", path, "--dataset", dataset, "--out", tmp_path / "out", *more)


def copies(tmp_path: Path) -> list[dict[str, Any]]:
    lines = (tmp_path / "out" / FILE_NAME).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def of(rows: list[dict[str, Any]], account_id: str) -> list[tuple[str, str, float]]:
    return [
        (row["event_type"], row["side"], row["quantity"])
        for row in rows
        if row["account_id"] == account_id
    ]


def test_recorded_orders_become_copies_on_file(tmp_path: Path) -> None:
    outcome = copied(tmp_path, "--json", orders=filled(*LED))
    assert outcome.status == 0, outcome
    assert json.loads(outcome.out) == {
        "plan": "plan",
        "leader_events": 8,
        "copies": 8,
        "notices": 0,
        "answers": "assumed",
        "out": str(tmp_path / "out" / FILE_NAME),
    }
    rows = copies(tmp_path)
    sides = ("buy", "sell", "sell", "buy")
    halves, micros = (2.0, 2.0, 1.0, 1.0), (30.0, 30.0, 10.0, 10.0)  # 1.5 and 0.5 are rounded up
    assert of(rows, "half") == [("new", s, n) for s, n in zip(sides, halves, strict=True)]
    assert of(rows, "micro") == [("new", s, n) for s, n in zip(sides, micros, strict=True)]
    assert {row["copy_group_id"] for row in rows} == {"plan"}
    assert [row["event_time_ns"] for row in rows if row["account_id"] == "half"] == [
        order["event_time_ns"] for order in LED
    ]


def test_the_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    copied(tmp_path, orders=filled(*LED))
    first = (tmp_path / "out" / FILE_NAME).read_bytes()
    copied(tmp_path, orders=list(reversed(filled(*LED))))
    assert (tmp_path / "out" / FILE_NAME).read_bytes() == first
    assert [path.name for path in (tmp_path / "out").iterdir()] == [FILE_NAME]


def test_a_resting_order_that_fills_in_part_and_is_canceled(tmp_path: Path) -> None:
    rest = {"order_type": "limit", "limit_price": 5_990.0}
    entry = market_order(1, 100, "buy", 4, **rest)
    part = {"event_type": "fill", "last_quantity": 2.0, "last_price": 5_990.0}
    rows = [
        entry,
        market_order(1, 110, "buy", 4, **{**part, "event_id": "part"}),
        market_order(1, 120, "buy", 4, event_type="cancel", event_id="end"),
        *filled(market_order(2, 200, "sell", 2)),
    ]
    outcome = copied(tmp_path, orders=rows)
    assert outcome.status == 0, outcome
    assert of(copies(tmp_path), "half") == [
        ("new", "buy", 2.0),
        ("cancel", "buy", 2.0),
        ("new", "sell", 1.0),
    ]


def test_recorded_answers_to_the_copies_count(tmp_path: Path) -> None:
    """A follower whose copy was refused has nothing to close."""
    entry, leave = market_order(1, 100, "buy", 2), market_order(2, 200, "sell", 2)
    copied(tmp_path, orders=filled(entry, leave))
    answers = []
    for row in copies(tmp_path)[:2]:
        kept = ("account_id", "instrument_id", "side", "quantity", "client_order_id")
        told = {name: row[name] for name in (*kept, "copy_group_id")}
        told |= {"event_time_ns": row["event_time_ns"] + 1, "order_id": row["client_order_id"]}
        refused = row["account_id"] == "half"
        word = {"event_type": "reject"} if refused else {"event_type": "fill"}
        fill = {} if refused else {"last_quantity": row["quantity"], "last_price": 6_000.0}
        answers.append({**told, **word, **fill, "event_id": f"answer-{row['account_id']}"})
    outcome = copied(tmp_path, "--json", orders=[*filled(entry, leave), *answers])
    assert json.loads(outcome.out)["answers"] == "recorded"
    rows = copies(tmp_path)
    assert of(rows, "half") == [("new", "buy", 1.0)]
    assert of(rows, "micro")[:2] == [("new", "buy", 20.0), ("new", "sell", 20.0)]


def test_a_plan_that_may_not_run_is_refused_and_writes_nothing(
    tmp_path: Path, store_url: str
) -> None:
    refusal = the_refusal(copied(tmp_path, declarations=[]))
    assert "declaration report-1 does not cover half" in refusal
    assert not (tmp_path / "out").exists()
    with Store.open(store_url) as store:
        checked = store.copying.copier("plan").checked
    assert checked is not None
    assert checked.is_refused


def test_an_account_of_a_running_plan_is_refused(tmp_path: Path, store_url: str) -> None:
    other = {
        "plan_id": "other",
        "leader_account_id": "somebody",
        "followers": [{"account_id": "half", "owner_id": "me", "declaration_id": "report-1"}],
    }
    with Store.open(store_url) as store:
        store.copying.record_plan("other", other, 1)
        epoch = store.copying.open_session("other")
    assert "half stands in plan other already" in the_refusal(copied(tmp_path))
    with Store.open(store_url) as store:
        store.copying.close_session("other", epoch)
    assert copied(tmp_path, orders=filled(*LED)).status == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "give --kafka, or --dataset and --out"),
        (("--dataset", "d"), "give --kafka, or --dataset and --out"),
        (("--kafka", "127.0.0.1:1", "--out", "o"), "copies go to a topic"),
    ],
)
def test_options_that_do_not_go_together_are_wrong_usage(
    options: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    outcome = run("copy", "run", write_plan(tmp_path / "plan.json"), *options)
    assert outcome.status == 2
    assert said in " ".join(outcome.err.split())


def test_a_plan_id_too_long_for_the_ids_of_copies_is_refused(tmp_path: Path) -> None:
    long = PLAN.replace('"plan"', f'"{"x" * 150}"')
    refusal = the_refusal(copied(tmp_path, plan=long))
    assert "must have at most 150 characters together" in refusal


def test_a_word_to_a_copier_is_kept_until_it_runs(tmp_path: Path, store_url: str) -> None:
    copied(tmp_path, orders=filled(*LED))
    outcome = run("copy", "tell", "plan", "kill_and_hold", "--account", "half", "--json")
    assert json.loads(outcome.out) == {"plan": "plan", "command_id": 1, "status": "never_run"}
    outcome = run("copy", "tell", "plan", "arm")
    assert outcome.out == "plan: command 2, the copier is never_run\n"
    with Store.open(store_url) as store:
        first, second = store.copying.commands_after("plan", 0)
    assert (first.kind, first.account_id) == (CommandKind.KILL_AND_HOLD, "half")
    assert (second.kind, second.account_id) == (CommandKind.ARM, None)


def test_a_word_to_nobody_is_refused(tmp_path: Path) -> None:
    assert "no copier 'plan'" in the_refusal(run("copy", "tell", "plan", "arm"))
    copied(tmp_path, orders=filled(*LED))
    refusal = the_refusal(run("copy", "tell", "plan", "arm", "--account", "leader"))
    assert "no follower 'leader'" in refusal
    assert run("copy", "tell", "plan", "dance").status == 2
