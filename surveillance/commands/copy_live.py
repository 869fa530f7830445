"""`surveillance copy run|tell`: a copy plan at work, on Kafka or on files, and a person's word."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from models.params import DAY_NS
from streams.copier import CommandKind, Plan, read_plan
from streams.text import printable
from surveillance.assembly import open_store
from surveillance.clock import now_ns
from surveillance.commands.stopping import Stopping
from surveillance.config import load_settings
from surveillance.logs import log_json_lines
from surveillance.options import (
    AsJson,
    KafkaFile,
    LogJson,
    OptionalKafkaAddress,
    Partitions,
    PlanFile,
    StoreUrl,
    TopicPrefix,
)


def run(
    plan: PlanFile,
    kafka: OptionalKafkaAddress = None,
    kafka_config: KafkaFile = None,
    topic_prefix: TopicPrefix = "",
    partitions: Partitions = 4,
    dataset: Annotated[
        Path | None,
        typer.Option(
            help="Accounts, declarations and instruments (default: their topics); without "
            "--kafka the orders too.",
            readable=False,
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Without --kafka: directory for the copies.")
    ] = None,
    log_json: LogJson = False,
    store: StoreUrl = None,
    as_json: AsJson = False,
) -> None:
    """Run a copy plan on the orders of its leader, live until it is stopped or over files."""
    is_on_files = kafka is None
    if is_on_files and (dataset is None or out is None):
        raise typer.BadParameter("give --kafka, or --dataset and --out")
    if not is_on_files and out is not None:
        raise typer.BadParameter("copies go to a topic where --kafka is given", param_hint="--out")
    wanted = read_plan(plan)
    if kafka is None:
        said = _run_on_files(wanted, dataset, out, store)
    else:
        said = _run_live(
            wanted,
            kafka,
            kafka_config,
            topic_prefix=topic_prefix,
            partitions=partitions,
            dataset=dataset,
            log_json=log_json,
            store=store,
        )
    if as_json:
        typer.echo(json.dumps({"plan": wanted.plan_id, **said}))
    else:
        figures = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in said.items())
        typer.echo(f"{printable(wanted.plan_id)}: {figures}")


def tell(
    plan_id: Annotated[str, typer.Argument(metavar="PLAN_ID", help="Its id, as in the plan.")],
    kind: Annotated[CommandKind, typer.Argument(help="The first two are the kill switch.")],
    account: Annotated[
        str | None,
        typer.Option("--account", help="One follower (default: all).", show_default=False),
    ] = None,
    store: StoreUrl = None,
    as_json: AsJson = False,
) -> None:
    """Stop followers or arm them again; a copier that runs obeys within a second."""
    with open_store(load_settings(store=store)) as opened:
        number = opened.copying.add_command(plan_id, kind, account, now_ns())
        status = opened.copying.copier(plan_id).summary.status
    if as_json:
        typer.echo(json.dumps({"plan": plan_id, "command_id": number, "status": status}))
    else:
        typer.echo(f"{printable(plan_id)}: command {number}, the copier is {status.value}")


def _run_live(
    plan: Plan,
    kafka: str,
    kafka_config: Path | None,
    *,
    topic_prefix: str,
    partitions: int,
    dataset: Path | None,
    log_json: bool,
    store: str | None,
) -> dict[str, object]:
    # Imported here: they cost the other commands their start-up.
    from streams.files import Dataset
    from streams.kafka.settings import read_settings
    from streams.topics import Topics
    from surveillance.jobs.copying.records import read_records
    from surveillance.livecopy.running import run_copier
    from surveillance.livecopy.settings import CopySettings

    cluster = read_settings(kafka, os.environ, kafka_config)
    settings = CopySettings(partitions=partitions)
    records = None
    if dataset is not None:
        records = read_records(Dataset.open(dataset), latest_time_ns=now_ns() + DAY_NS)
    stopping = Stopping()
    console = Console(stderr=True)
    if log_json or not console.is_terminal:
        log_json_lines(sys.stderr, "surveillance.livecopy", "streams.kafka")
        console = Console(quiet=True)
    with open_store(load_settings(store=store)) as opened, console.status("Copying"):
        ran = run_copier(
            opened.copying,
            cluster,
            plan,
            Topics(topic_prefix),
            settings,
            records=records,
            is_stopping=stopping,
        )
    return {"messages": ran.messages, "published": ran.published}


def _run_on_files(
    plan: Plan, dataset: Path | None, out: Path | None, store: str | None
) -> dict[str, object]:
    from streams.files import Dataset
    from surveillance.livecopy.filing import copy_files

    assert dataset is not None  # noqa: S101, the caller has looked
    assert out is not None  # noqa: S101
    with open_store(load_settings(store=store)) as opened:
        ran = copy_files(
            plan,
            Dataset.open(dataset),
            out,
            opened.copying,
            latest_time_ns=now_ns() + DAY_NS,
        )
    return {
        "leader_events": ran.n_events,
        "copies": ran.n_orders,
        "notices": ran.n_notices,
        "answers": ran.answers.value,
        "out": str(ran.path),
    }
