"""Options that several commands share, and the names of those that a simulation refuses."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from streams.simulator import SCENARIOS, SimulationError
from streams.text import printable

SCENARIO_NAMES = ", ".join(SCENARIOS)
StoreUrl = Annotated[
    str | None,
    typer.Option(
        "--store", help="Store URL (default sqlite:///surveillance.db).", show_default=False
    ),
]
ClassifierFile = Annotated[
    Path | None,
    typer.Option(
        "--classifier",
        help="File that `surveillance train` wrote (default: the shipped one).",
        show_default=False,
        readable=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
_KAFKA = typer.Option("--kafka", metavar="HOST:PORT", help="Brokers, several with commas.")
KafkaAddress = Annotated[str, _KAFKA]
OptionalKafkaAddress = Annotated[str | None, _KAFKA]
KafkaFile = Annotated[
    Path | None,
    typer.Option(
        "--kafka-config",
        help="File with the login (docs/kafka.md); KAFKA_... in the environment goes before it.",
        show_default=False,
        readable=False,
    ),
]
TopicPrefix = Annotated[
    str, typer.Option("--topic-prefix", help="Put before the name of every topic.")
]
Partitions = Annotated[int, typer.Option(help="Partitions of the topics of orders and sessions.")]
LogJson = Annotated[
    bool,
    typer.Option(
        "--log-json", help="Log to stderr as JSON lines (default: where it is no terminal)."
    ),
]
PlanFile = Annotated[
    Path, typer.Argument(metavar="PLAN", help="TOML or JSON: docs/copier.md.", readable=False)
]
Port = Annotated[
    int | None, typer.Option(help="Port to listen on (default 8000).", show_default=False)
]
_OPTIONS = {"n_accounts": "--accounts", "n_days": "--days"}  # the others have their own names


@contextmanager
def naming_options() -> Iterator[None]:
    """Refuse a market that cannot be simulated as wrong usage of the option that asks for it.

    Raises
    ------
    typer.BadParameter
        Naming the option, the rule and the value.
    """
    try:
        yield
    except SimulationError as error:
        raise typer.BadParameter(
            f"{error.rule}, was {printable(str(error.value))}",
            param_hint=_OPTIONS.get(error.argument, f"--{error.argument}"),
        ) from error
