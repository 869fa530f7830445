"""Settings of a login: from a file and the environment, checked at once, secrets never shown."""

from pathlib import Path

import pytest

from streams.kafka.errors import KafkaError
from streams.kafka.settings import OPTION_NAMES, KafkaSettings, read_settings

SECRET = "hunter2-and-more"
LOGIN = {
    "security.protocol": "sasl_ssl",
    "sasl.mechanism": "SCRAM-SHA-512",
    "sasl.username": "venue",
    "sasl.password": SECRET,
}


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    file = write(
        tmp_path / "venue.properties",
        "# the venue\n\nsecurity.protocol = sasl_ssl\nsasl.mechanism=PLAIN\n"
        "sasl.username=venue\nsasl.password=a=b#c\n",
    )
    settings = read_settings("b1:9092", {"KAFKA_SASL_MECHANISM": "SCRAM-SHA-256"}, file)
    assert settings.client_options() == {
        "bootstrap.servers": "b1:9092",
        "security.protocol": "sasl_ssl",
        "sasl.mechanism": "SCRAM-SHA-256",
        "sasl.username": "venue",
        "sasl.password": "a=b#c",
    }


@pytest.mark.parametrize("name", OPTION_NAMES)
def test_every_option_has_a_variable(name: str, tmp_path: Path) -> None:
    variable = "KAFKA_" + name.upper().replace(".", "_")
    with pytest.raises(KafkaError) as caught:
        read_settings("not an address", {variable: str(tmp_path / "missing")})
    settings_known = str(caught.value).count("is not a setting")
    assert settings_known == 0


def test_no_secret_is_shown() -> None:
    options = LOGIN | {"sasl.oauthbearer.client.secret": SECRET, "ssl.key.password": SECRET}
    settings = KafkaSettings("b1:9092", options)
    shown = f"{settings!r} {settings} {[settings]}"
    assert SECRET not in shown
    assert "sasl.password': '***'" in shown
    assert settings.masked(f"cannot use {SECRET}!") == "cannot use ***!"


def test_all_that_is_wrong_is_said_at_once_and_without_the_secret() -> None:
    options = {
        "security.protocol": "sasl",
        "sasl.mechanism": "GSSAPI",
        "sasl.password": SECRET,
        "ssl.ca.location": "nowhere.pem",
        "enable.auto.commit": "true",
    }
    with pytest.raises(KafkaError) as caught:
        KafkaSettings("b1", options)
    text = caught.value.rule
    for part in (
        'address must be HOST:PORT, was "b1"',
        "enable.auto.commit is not a setting that may be given",
        "security.protocol must be plaintext or ssl or sasl_plaintext or sasl_ssl",
        "sasl.mechanism must be PLAIN",
        "ssl.ca.location: no such file: nowhere.pem",
    ):
        assert part in text
    assert SECRET not in text


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"security.protocol": "sasl_ssl"}, "security.protocol sasl_ssl needs sasl.mechanism"),
        ({"sasl.mechanism": "PLAIN"}, "sasl.mechanism needs security.protocol sasl_ssl"),
        (LOGIN | {"sasl.password": ""}, "SCRAM-SHA-512 needs sasl.password"),
        (
            LOGIN | {"sasl.mechanism": "PLAIN", "security.protocol": "sasl_plaintext"},
            "PLAIN sends the secret itself",
        ),
        (
            {"security.protocol": "sasl_ssl", "sasl.mechanism": "OAUTHBEARER"},
            "OAUTHBEARER needs sasl.oauthbearer.token.endpoint.url",
        ),
        ({"ssl.certificate.location": __file__}, "need each other"),
    ],
)
def test_what_does_not_fit_together_is_refused(options: dict[str, str], rule: str) -> None:
    with pytest.raises(KafkaError, match=rule):
        KafkaSettings("b1:9092", options)


@pytest.mark.parametrize("address", ["b1:9092", "b1:1,b2:65535", "[::1]:9092", "127.0.0.1:9092"])
def test_addresses_that_are_taken(address: str) -> None:
    assert KafkaSettings(address).bootstrap == address


@pytest.mark.parametrize(
    "address", ["", "b1", "b1:", "b1:0", "b1:65536", ":9092", "u:p@b1:1", "b1:1,"]
)
def test_addresses_that_are_refused(address: str) -> None:
    with pytest.raises(KafkaError, match="address must be HOST:PORT"):
        KafkaSettings(address)


def test_a_line_without_a_name_is_refused_by_its_number_alone(tmp_path: Path) -> None:
    file = write(tmp_path / "venue.properties", f"security.protocol=ssl\n{SECRET}\n")
    with pytest.raises(KafkaError, match="line 2 must be name=value") as caught:
        read_settings("b1:9092", {}, file)
    assert SECRET not in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(KafkaError, match=r"nowhere[.]properties: cannot be read: No such file"):
        read_settings("b1:9092", {}, tmp_path / "nowhere.properties")
