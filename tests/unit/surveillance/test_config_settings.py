"""Settings: options before the environment before the defaults; all bad ones in one message."""

import pytest

from surveillance.config import is_loopback, load_settings
from surveillance.errors import SettingsError


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STORE", "HOST", "PORT"):
        monkeypatch.delenv(f"SURVEILLANCE_{name}", raising=False)


def test_the_defaults_serve_this_machine_from_a_file() -> None:
    settings = load_settings()
    assert settings.store == "sqlite:///surveillance.db"
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)


def test_options_come_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SURVEILLANCE_PORT", "9000")
    monkeypatch.setenv("SURVEILLANCE_HOST", "::1")
    monkeypatch.setenv("SURVEILLANCE_UNKNOWN", "is ignored")
    settings = load_settings(port=9001, host=None)
    assert (settings.host, settings.port) == ("::1", 9001)


def test_an_option_of_none_is_no_option() -> None:
    assert load_settings(store=None, port=None) == load_settings()


@pytest.mark.parametrize("port", [0, 1, 65_535])
def test_every_port_that_exists_is_taken(port: int) -> None:
    assert load_settings(port=port).port == port


@pytest.mark.parametrize("port", [-1, 65_536, "http", 80.5])
def test_any_other_port_is_refused(port: object) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(port=port)
    (problem,) = caught.value.problems
    assert problem.startswith("port: ")
    assert problem.endswith(f"was {port!r}")


def test_all_bad_settings_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SURVEILLANCE_PORT", "90000")
    monkeypatch.setenv("SURVEILLANCE_HOST", "0.0.0.0")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert {problem.split(":")[0] for problem in caught.value.problems} == {"host", "port"}
    message = str(caught.value)
    assert message.isprintable()
    assert "'90000'" in message
    assert "'0.0.0.0'" in message


def test_a_hostile_value_is_shown_harmless(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SURVEILLANCE_HOST", "\u202e\x1b[2J" + "x" * 10_000)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("name", ["localhost", "LOCALHOST", "127.0.0.1", "127.9.9.9", "::1"])
def test_names_of_this_machine(name: str) -> None:
    assert is_loopback(name)


@pytest.mark.parametrize(
    "name", ["", "0.0.0.0", "::", "localhost.example", "127.0.0.1.example", "10.0.0.1", "127.1"]
)
def test_names_that_may_be_another_machine(name: str) -> None:
    assert not is_loopback(name)
