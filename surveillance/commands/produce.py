"""`surveillance produce`: a dataset into the topics, at a chosen speed."""

import json
import os
import re
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from models.params import DAY_NS
from surveillance.clock import now_ns
from surveillance.options import AsJson, KafkaAddress, KafkaFile, StoreUrl, TopicPrefix
from surveillance.terminal import task_bar

_SPEED = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)x?")


def produce(
    dataset: Annotated[
        Path,
        typer.Argument(
            metavar="DATASET", help="Directory with orders and other tables.", readable=False
        ),
    ],
    kafka: KafkaAddress,
    kafka_config: KafkaFile = None,
    speed: Annotated[
        str, typer.Option(help="Times the market's own, as 10x; max does not wait.")
    ] = "max",
    form: Annotated[str, typer.Option("--format", help="json, arrow or fix.")] = "json",
    topic_prefix: TopicPrefix = "",
    firm_topics: Annotated[
        bool, typer.Option("--firm-topics", help="Each firm's orders to a topic of its own.")
    ] = False,
    partitions: Annotated[int, typer.Option(min=1, help="Partitions of topics that are made.")] = 4,
    store: StoreUrl = None,
    as_json: AsJson = False,
) -> None:
    """Replay a dataset into the topics: reference tables first, then orders in event order."""
    del store  # taken by every command; a replay records nothing
    # Imported here: the client library costs the other commands their start-up.
    from streams.codec import ContentType
    from streams.kafka.settings import read_settings
    from streams.topics import Topics
    from surveillance.jobs.replaying import ReplayPlan, replay

    names = {kind.name.lower(): kind for kind in ContentType}
    if form not in names:
        raise typer.BadParameter(f"must be json, arrow or fix, was {form}", param_hint="--format")
    plan = ReplayPlan(
        topics=Topics(topic_prefix),
        content_type=names[form],
        speed=_speed(speed),
        with_firm_topics=firm_topics,
        n_partitions=partitions,
    )
    settings = read_settings(kafka, os.environ, kafka_config)
    with task_bar(Console(stderr=True)) as on_progress:
        replayed = replay(
            dataset, settings, plan, latest_time_ns=now_ns() + DAY_NS, on_progress=on_progress
        )
    if as_json:
        typer.echo(json.dumps({"dataset": str(dataset), **replayed.to_json()}))
        return
    for topic, n_events in replayed.events.items():
        typer.echo(f"{topic}: {n_events:,} events")


def _speed(text: str) -> float | None:
    if text == "max":
        return None
    match = _SPEED.fullmatch(text)
    if match is None or float(match[1]) == 0:
        rule = f"must be a number above 0, as 10x, or max, was {text}"
        raise typer.BadParameter(rule, param_hint="--speed")
    return float(match[1])
