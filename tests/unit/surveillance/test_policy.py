"""The policy file: what it changes, and that a wrong one names every wrong setting."""

from pathlib import Path

import pytest

from models.params import ActionPolicy, DetectionParams, PolicyParams
from surveillance.errors import SettingsError
from surveillance.policy import with_policy

PARAMS = DetectionParams()


def policy_file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "policy.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_no_file_changes_nothing_and_an_empty_one_neither(tmp_path: Path) -> None:
    assert with_policy(PARAMS, None) == PARAMS
    assert with_policy(PARAMS, policy_file(tmp_path, "")) == PARAMS


def test_the_documented_file_holds_the_defaults(tmp_path: Path) -> None:
    text = (Path(__file__).parents[3] / "docs" / "policy.md").read_text("utf-8")
    example = text.split("```toml\n")[1].split("```")[0]
    assert example.count(" = ") == 9
    assert with_policy(PARAMS, policy_file(tmp_path, example)) == PARAMS


def test_what_the_file_says_is_in_force_and_the_rest_stays(tmp_path: Path) -> None:
    text = 'household_is_one_owner = true\n[actions]\nsignal = "review"\n'
    changed = with_policy(PARAMS, policy_file(tmp_path, text))
    assert changed.policy == PolicyParams(
        household_is_one_owner=True, actions=ActionPolicy(signal="review")
    )
    assert changed.rank_test == PARAMS.rank_test
    assert changed.content_hash() != PARAMS.content_hash()


def test_every_wrong_setting_is_named(tmp_path: Path) -> None:
    text = 'household_is_one_owner = "maybe"\nshame = 1\n[actions]\nsignal = "hang"\n'
    with pytest.raises(SettingsError) as refused:
        with_policy(PARAMS, policy_file(tmp_path, text))
    message = str(refused.value)
    assert all(name in message for name in ("household_is_one_owner", "shame", "actions.signal"))
    assert all(value in message for value in ("maybe", "1", "hang"))


@pytest.mark.parametrize("text", ["= 1", "household_is_one_owner = "])
def test_a_file_that_is_no_toml_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError, match="must be TOML"):
        with_policy(PARAMS, policy_file(tmp_path, text))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="No such file"):
        with_policy(PARAMS, tmp_path / "absent.toml")
