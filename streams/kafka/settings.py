"""Which cluster and how to log in, from a file and the environment; secrets are never shown.

The names are those of librdkafka, so that one file serves this program and `kcat -F`. In the
environment `sasl.password` is `KAFKA_SASL_PASSWORD`, and so on; it goes before the file. A name
that is not listed here is refused: no file may switch off what exactly-once rests on.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from streams.kafka.errors import KafkaError

ENVIRONMENT_PREFIX = "KAFKA_"
HIDDEN = "***"

_CHOICES: Mapping[str, tuple[str, ...]] = {
    "security.protocol": ("plaintext", "ssl", "sasl_plaintext", "sasl_ssl"),
    "sasl.mechanism": ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"),
    "sasl.oauthbearer.method": ("oidc",),
    "ssl.endpoint.identification.algorithm": ("https", "none"),
}
_FILES = ("ssl.ca.location", "ssl.certificate.location", "ssl.key.location", "https.ca.location")
_SECRETS = ("sasl.password", "ssl.key.password", "sasl.oauthbearer.client.secret")
_TEXTS = (
    "sasl.username",
    "sasl.oauthbearer.client.id",
    "sasl.oauthbearer.token.endpoint.url",
    "sasl.oauthbearer.scope",
    "sasl.oauthbearer.extensions",
)
OPTION_NAMES = (*_CHOICES, *_FILES, *_SECRETS, *_TEXTS)

_LOGIN = ("sasl.username", "sasl.password")
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "PLAIN": _LOGIN,
    "SCRAM-SHA-256": _LOGIN,
    "SCRAM-SHA-512": _LOGIN,
    "OAUTHBEARER": (
        "sasl.oauthbearer.method",
        "sasl.oauthbearer.client.id",
        "sasl.oauthbearer.client.secret",
        "sasl.oauthbearer.token.endpoint.url",
    ),
}
_ADDRESS = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\s,:/@\[\]]+):(\d{1,5})")


@dataclass(frozen=True, slots=True, repr=False)
class KafkaSettings:
    """A cluster and the options of logging in to it, checked.

    Attributes
    ----------
    bootstrap : str
        `HOST:PORT`, several with commas.
    options : mapping of str to str
        By librdkafka's name, a subset of `OPTION_NAMES`.

    Raises
    ------
    KafkaError
        Naming every bad setting at once, never a secret.
    """

    bootstrap: str
    options: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "options", MappingProxyType(dict(self.options)))
        problems = [*_bootstrap_problems(self.bootstrap), *_option_problems(self.options)]
        if problems:
            raise KafkaError("Kafka settings", "; ".join(problems))

    def __repr__(self) -> str:
        shown = {
            name: HIDDEN if name in _SECRETS else value for name, value in self.options.items()
        }
        return f"KafkaSettings(bootstrap={self.bootstrap!r}, options={shown!r})"

    def client_options(self) -> dict[str, str]:
        """Return what every client is configured with, the secrets among it."""
        return {"bootstrap.servers": self.bootstrap, **self.options}

    def masked(self, text: str) -> str:
        """Return a text of the client library with every secret in it hidden."""
        for name in _SECRETS:
            if secret := self.options.get(name):
                text = text.replace(secret, HIDDEN)
        return text


def read_settings(
    bootstrap: str, environment: Mapping[str, str], file: Path | None = None
) -> KafkaSettings:
    """Return the settings of a file (`name=value` lines) with the environment before it.

    Raises
    ------
    KafkaError
        If the file cannot be read, or naming every bad setting at once.
    """
    options = _read_file(file) if file else {}
    for name in OPTION_NAMES:
        variable = ENVIRONMENT_PREFIX + name.upper().replace(".", "_")
        if value := environment.get(variable):
            options[name] = value
    return KafkaSettings(bootstrap, options)


def _read_file(file: Path) -> dict[str, str]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise KafkaError(f"Kafka settings file {file}", f"cannot be read: {reason}") from None
    options: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, separator, value = line.partition("=")
        if not separator:  # the line is not shown: it may be half of a secret
            raise KafkaError(f"Kafka settings file {file}", f"line {number} must be name=value")
        options[name.strip()] = value.strip()
    return options


def _bootstrap_problems(bootstrap: str) -> list[str]:
    matches = [_ADDRESS.fullmatch(part.strip()) for part in bootstrap.split(",")]
    if all(match and 0 < int(match[2]) < 65_536 for match in matches):
        return []
    return [f'address must be HOST:PORT, was "{bootstrap}"']


def _option_problems(options: Mapping[str, str]) -> list[str]:
    problems = [
        f"{name} is not a setting that may be given (allowed: {', '.join(OPTION_NAMES)})"
        for name in options
        if name not in OPTION_NAMES
    ]
    for name, choices in _CHOICES.items():
        if name in options and options[name] not in choices:
            problems.append(f'{name} must be {" or ".join(choices)}, was "{options[name]}"')
    problems += [
        f"{name}: no such file: {options[name]}"
        for name in _FILES
        if name in options and not Path(options[name]).is_file()
    ]
    return problems + _login_problems(options)


def _login_problems(options: Mapping[str, str]) -> list[str]:
    protocol = options.get("security.protocol", "plaintext")
    mechanism = options.get("sasl.mechanism")
    problems: list[str] = []
    if protocol.startswith("sasl") and mechanism is None:
        problems.append(f"security.protocol {protocol} needs sasl.mechanism")
    if mechanism is not None and not protocol.startswith("sasl"):
        problems.append("sasl.mechanism needs security.protocol sasl_ssl or sasl_plaintext")
    if mechanism in ("PLAIN", "OAUTHBEARER") and protocol == "sasl_plaintext":
        problems.append(f"{mechanism} sends the secret itself: security.protocol must be sasl_ssl")
    needed = _NEEDED.get(mechanism or "", ())
    problems += [f"{mechanism} needs {name}" for name in needed if not options.get(name)]
    certificate = ("ssl.certificate.location", "ssl.key.location")
    if len([name for name in certificate if name in options]) == 1:
        problems.append(f"{certificate[0]} and {certificate[1]} need each other")
    return problems
