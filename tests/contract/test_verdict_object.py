"""The verdict object, field by field, as the data contract writes it down.

Written from the contract alone: nothing here reads the records of the package.
"""

import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers.command import run

Check = Callable[[Any], bool]


def is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def is_bool(value: Any) -> bool:
    return isinstance(value, bool)


def is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def is_number(value: Any) -> bool:
    is_numeric = isinstance(value, int | float) and not isinstance(value, bool)
    return is_numeric and math.isfinite(value)


def one_of(*names: str) -> Check:
    return lambda value: value in names


def or_null(check: Check) -> Check:
    return lambda value: value is None or check(value)


def share(value: Any) -> bool:
    return is_number(value) and 0 <= value <= 1


def list_of(check: Check) -> Check:
    return lambda value: isinstance(value, list) and all(map(check, value))


def has(fields: dict[str, Check]) -> Check:
    """Return a check of an object: exactly these fields, each right."""

    def check(value: Any) -> bool:
        assert isinstance(value, dict), value
        assert value.keys() == fields.keys(), value.keys() ^ fields.keys()
        for name, is_right in fields.items():
            assert is_right(value[name]), (name, value[name])
        return True

    return check


def numbers(value: Any) -> bool:
    return isinstance(value, dict) and all(
        is_text(name) and (is_number(number) or isinstance(number, str))
        for name, number in value.items()
    )


def features(value: Any) -> bool:
    return isinstance(value, dict) and all(
        is_text(name) and (number is None or is_number(number)) for name, number in value.items()
    )


MEMBER = has(
    {
        "account_id": is_text,
        "role": one_of("leader", "follower"),
        "owner_id": or_null(is_text),
        "firm_id": or_null(is_text),
        "allocation_ratio": or_null(is_number),
        "inverse": is_bool,
        "lag_median_ms": or_null(is_number),
        "lag_iqr_ms": or_null(is_number),
        "copied": is_count,
        "opportunities": is_count,
        "participation": or_null(share),
        "log10_e": or_null(is_number),
        "declared": is_bool,
    }
)
TIE = has(
    {
        "kind": one_of("owner", "device", "ip", "payment", "email", "operator"),
        "value_hash": is_text,
        "accounts": list_of(is_text),
        "crowd": is_count,
        "weight_bits": is_number,
    }
)
REASON = has({"code": is_text, "text": is_text, "numbers": numbers})
RUN = has({"run_id": is_text, "version": is_text, "parameters_hash": is_text, "dataset": is_text})
PROBABILITY = has({"INTERNAL": share, "EXTERNAL": share, "INDEPENDENT": share})
VERDICT = has(
    {
        "group_id": is_text,
        "verdict": one_of("INTERNAL", "EXTERNAL", "INDEPENDENT", "UNDETERMINED"),
        "subtype": one_of(
            "own_accounts",
            "undeclared_own_accounts",
            "signal",
            "managed_accounts",
            "mixed",
            "common_strategy",
            "other",
        ),
        "probability": or_null(PROBABILITY),
        "state": one_of("provisional", "confirmed"),
        "recommended_action": one_of("none", "request_declaration", "review", "freeze_review"),
        "leader_account_id": or_null(is_text),
        "source_off_venue": is_bool,
        "log10_e": is_number,
        "chance_groups_per_year": is_number,
        "members": list_of(MEMBER),
        "ties": list_of(TIE),
        "reasons": list_of(REASON),
        "episodes": is_count,
        "first_time_ns": is_count,
        "last_time_ns": is_count,
        "instruments": list_of(is_text),
        "declaration": one_of("declared", "undeclared", "partly", "contradicted"),
        "run": RUN,
        "features": or_null(features),
    }
)
SUBTYPES_OF = {
    "INTERNAL": {"own_accounts", "undeclared_own_accounts"},
    "EXTERNAL": {"signal", "managed_accounts", "mixed", "other"},
    "INDEPENDENT": {"common_strategy", "other"},
    "UNDETERMINED": {"common_strategy", "other", "mixed"},
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("contract")
    made = run("simulate", home / "market", "--accounts", 400, "--days", 2, "--seed", 1)
    assert made.status == 0, made
    store = f"sqlite:///{home / 'store.db'}"
    scanned = run("scan", home / "market", "--out", home / "out", "--store", store)
    assert scanned.status == 0, scanned
    return home


@pytest.fixture(scope="module")
def groups(home: Path) -> list[dict[str, Any]]:
    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is not JSON")

    lines = (home / "out" / "groups.jsonl").read_text("utf-8").splitlines()
    groups = [json.loads(line, parse_constant=refuse) for line in lines]
    assert groups
    return groups


def test_every_field_is_there_and_no_other(groups: list[dict[str, Any]]) -> None:
    for group in groups:
        assert VERDICT(group)


def test_the_fields_agree_with_one_another(groups: list[dict[str, Any]]) -> None:
    for group in groups:
        assert group["subtype"] in SUBTYPES_OF[group["verdict"]]
        members = [member["account_id"] for member in group["members"]]
        assert len(members) == len(set(members)) >= 2
        leaders = [m["account_id"] for m in group["members"] if m["role"] == "leader"]
        if group["leader_account_id"] is None:
            assert leaders == []
            assert group["source_off_venue"] is True
        else:
            assert leaders == [group["leader_account_id"]]
            assert group["source_off_venue"] is False
        for tie in group["ties"]:
            assert len(tie["accounts"]) >= 2
            assert set(tie["accounts"]) <= set(members)
            assert tie["crowd"] >= len(tie["accounts"])
        assert group["reasons"]
        assert group["episodes"] >= 1
        assert group["first_time_ns"] <= group["last_time_ns"]
        for member in group["members"]:
            assert member["copied"] <= member["opportunities"]
        assert max(m["log10_e"] or 0 for m in group["members"]) <= group["log10_e"] + 1e-9


def test_every_group_with_features_has_probabilities(groups: list[dict[str, Any]]) -> None:
    assert any(group["probability"] for group in groups)
    for group in groups:
        assert (group["probability"] is None) == (group["features"] is None)
        if group["probability"] is not None:
            assert sum(group["probability"].values()) == pytest.approx(1.0, abs=1e-9)
            assert "classifier" in [reason["code"] for reason in group["reasons"]]


def test_the_numbers_of_a_reason_stand_in_its_sentence(groups: list[dict[str, Any]]) -> None:
    for group in groups:
        for reason in group["reasons"]:
            assert re.fullmatch(r"[a-z][a-z0-9_]*", reason["code"])
            assert reason["text"].endswith(".")
            for number in reason["numbers"].values():
                if isinstance(number, int) and number < 1_000:
                    assert str(number) in reason["text"], reason


def test_nothing_tells_a_raw_address_or_device(home: Path, groups: list[dict[str, Any]]) -> None:
    sessions = json.loads((home / "out" / "groups.jsonl").read_text("utf-8").splitlines()[0])
    assert all(len(tie["value_hash"]) >= 16 for tie in sessions["ties"])
    assert all(re.fullmatch(r"[0-9a-f]+", tie["value_hash"]) for g in groups for tie in g["ties"])
