"""A copy plan from a TOML or JSON file: the one place where pydantic looks at it."""

import json
import tomllib
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from streams.copier.errors import PlanError
from streams.copier.plan import Plan

_PLANS = TypeAdapter(Plan)
_LIMIT = "lead_exposure_percent"  # the one limit that holds unless the plan says otherwise
_NO_LIMIT = "none"  # for TOML, which has no null


def read_plan(path: Path) -> Plan:
    """Read a plan; unknown keys are refused.

    Parameters
    ----------
    path : Path
        Ends in ``.toml`` or ``.json``.

    Raises
    ------
    PlanError
        If it cannot be read, or the first of its values that breaks a rule.
    """
    if path.suffix not in (".toml", ".json"):
        raise PlanError(str(path), "", "must end in .toml or .json", path.suffix)
    try:
        text = path.read_text("utf-8")
        content = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    except (OSError, ValueError) as error:
        raise PlanError(str(path), "", f"cannot be read: {error}") from error
    return plan_of(content, shown=str(path))


def plan_of(content: Any, *, shown: str) -> Plan:
    """Make a plan of what a file holds.

    Parameters
    ----------
    content : any
        Plain JSON types; ``"none"`` as the leader's exposure is no limit.
    shown : str
        What errors call it.

    Raises
    ------
    PlanError
        For the first value that breaks a rule.
    """
    if isinstance(content, dict) and content.get(_LIMIT) == _NO_LIMIT:
        content = {**content, _LIMIT: None}
    try:
        plan = _PLANS.validate_python(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        value = first["input"]
        shown_value = None if isinstance(value, dict) else str(value)
        rule = _rule(first["type"], first["msg"])
        if key == _LIMIT:
            rule += f', or "{_NO_LIMIT}"'
        raise PlanError(shown, key, rule, shown_value) from error
    _check_accounts(plan, shown)
    _check_margins(plan, shown)
    return plan


def plan_to_json(plan: Plan) -> dict[str, Any]:
    """Return a plan as plain JSON types, which `plan_of` reads back as the same plan."""
    content: dict[str, Any] = _PLANS.dump_python(plan, mode="json")
    return content


def _rule(kind: str, message: str) -> str:
    if kind == "missing":
        return "is required"
    if kind in ("unexpected_keyword_argument", "extra_forbidden"):
        return "is no key of a plan"
    return message.removeprefix("Value error, ").replace("Input should", "must")


def _check_accounts(plan: Plan, shown: str) -> None:
    seen = {plan.leader_account_id}
    for number, follower in enumerate(plan.followers):
        if follower.account_id in seen:
            key = f"followers.{number}.account_id"
            raise PlanError(shown, key, "must be named once in a plan", follower.account_id)
        seen.add(follower.account_id)


def _check_margins(plan: Plan, shown: str) -> None:
    seen: set[str] = set()
    for number, margin in enumerate(plan.margins):
        if margin.instrument_id in seen:
            key = f"margins.{number}.instrument_id"
            raise PlanError(shown, key, "must be named once in a plan", margin.instrument_id)
        seen.add(margin.instrument_id)
