"""The policy file: what a venue or firm decides differently, as TOML.

Everything in it is optional; what is missing keeps its default. An example stands in
docs/policy.md.
"""

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from models.params import ActionPolicy, DetectionParams, PolicyParams
from surveillance.errors import SettingsError, show_value

Action = Literal["none", "request_declaration", "review", "freeze_review"]


class _Actions(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    own_accounts: Action = "none"
    undeclared_own_accounts: Action = "request_declaration"
    signal: Action = "freeze_review"
    managed_accounts: Action = "freeze_review"
    mixed: Action = "freeze_review"
    common_strategy: Action = "none"
    other: Action = "review"


class _Policy(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    household_is_one_owner: bool = False
    same_robot_is_copying: bool = True
    actions: _Actions = Field(default_factory=_Actions)


def with_policy(params: DetectionParams, path: Path | None) -> DetectionParams:
    """Return the thresholds with the policy of a file; unchanged where there is none.

    Parameters
    ----------
    params : DetectionParams
        Thresholds.
    path : Path or None
        A TOML file.

    Raises
    ------
    SettingsError
        If the file cannot be read, or naming every setting in it that is unknown or wrong.
    """
    if path is None:
        return params
    try:
        loaded = tomllib.loads(path.read_text(encoding="utf-8"))
        policy = _Policy.model_validate(loaded)
    except OSError as error:
        raise SettingsError([f"policy {path}: {error.strerror or error}"]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError([f"policy {path}: must be TOML: {error}"]) from error
    except ValidationError as error:
        raise SettingsError(
            [
                f"policy {path}: {'.'.join(map(str, problem['loc']))}: {problem['msg']}, "
                f"was {show_value(problem['input'])}"
                for problem in error.errors()
            ]
        ) from error
    return replace(
        params,
        policy=PolicyParams(
            household_is_one_owner=policy.household_is_one_owner,
            same_robot_is_copying=policy.same_robot_is_copying,
            actions=ActionPolicy(**policy.actions.model_dump()),
        ),
    )
