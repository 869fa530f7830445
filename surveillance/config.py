"""Settings of the program: from the environment, then from the command line."""

import ipaddress
from pathlib import Path

from pydantic import Field, ValidationError, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from surveillance.errors import SettingsError, show_value


class Settings(BaseSettings):
    """Settings with `SURVEILLANCE_` in front in the environment; options override them."""

    model_config = SettingsConfigDict(env_prefix="SURVEILLANCE_", extra="ignore")

    store: str = "sqlite:///surveillance.db"
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65_535)
    policy: Path | None = None
    classifier: Path | None = None

    @field_validator("host")
    @classmethod
    def _is_this_machine(cls, host: str) -> str:
        if not is_loopback(host):
            rule = "must be localhost or a loopback address until logins exist"
            raise PydanticCustomError("not_loopback", rule)
        return host


def load_settings(**options: object) -> Settings:
    """Return the settings, the options that are not None in front.

    Raises
    ------
    SettingsError
        Naming every bad setting at once.
    """
    try:
        return Settings(**{k: v for k, v in options.items() if v is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        raise SettingsError(
            [
                f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}, "
                f"was {show_value(problem['input'])}"
                for problem in error.errors()
            ]
        ) from error


def is_loopback(name: str) -> bool:
    """Say whether a name can only mean this machine.

    Parameters
    ----------
    name : str
        A host name or an address without a port.

    Returns
    -------
    bool
        True for `localhost`, 127.0.0.0/8 and ::1; no name is looked up.
    """
    if name.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
