"""`surveillance run` and `scan-journal`: the detector live on Kafka, and over all it accepted."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from prometheus_client import CollectorRegistry, start_http_server
from rich.console import Console

from models.params import DetectionParams
from streams.kafka.settings import read_settings
from streams.topics import Topics
from surveillance.assembly import open_store
from surveillance.commands.stopping import Stopping
from surveillance.config import load_settings
from surveillance.fitted import load_classifier
from surveillance.live.running import run_stream
from surveillance.live.settings import LiveSettings
from surveillance.live.whole_scan import scan_journal as scan_whole_journal
from surveillance.live.worker import Known, Worker
from surveillance.logs import log_json_lines
from surveillance.options import (
    AsJson,
    ClassifierFile,
    KafkaAddress,
    KafkaFile,
    LogJson,
    Partitions,
    StoreUrl,
    TopicPrefix,
)
from surveillance.policy import with_policy
from surveillance.results import scan_summary
from surveillance.terminal import output_console, verdict_table

_LOOPBACK = "127.0.0.1"
_DEFAULTS = LiveSettings()


def run(
    kafka: KafkaAddress,
    kafka_config: KafkaFile = None,
    topic_prefix: TopicPrefix = "",
    stream: Annotated[str, typer.Option(help="Name of the stream in the store.")] = "live",
    until_end: Annotated[
        bool, typer.Option("--until-end", help="Stop at the end of the topics and judge it all.")
    ] = False,
    close_every: Annotated[
        float, typer.Option(help="Seconds of event time between judgements of closed time.")
    ] = _DEFAULTS.close_every_s,
    allowed_lateness: Annotated[
        float, typer.Option(help="Seconds by which an event may lag behind its firm's newest.")
    ] = _DEFAULTS.allowed_lateness_s,
    accounts: Annotated[
        int, typer.Option(help="Accounts that provisional flags pay for.")
    ] = _DEFAULTS.n_accounts,
    partitions: Partitions = _DEFAULTS.partitions,
    metrics_port: Annotated[
        int | None, typer.Option(help="Serve the worker's metrics on this loopback port.")
    ] = None,
    log_json: LogJson = False,
    policy: Annotated[
        Path | None, typer.Option(help="TOML file with the venue's policy.", readable=False)
    ] = None,
    classifier: ClassifierFile = None,
    store: StoreUrl = None,
    as_json: AsJson = False,
) -> None:
    """Run the detector on order streams from Kafka until it is stopped."""
    settings = load_settings(store=store, policy=policy, classifier=classifier)
    known = Known(
        params=with_policy(DetectionParams(), settings.policy),
        artifact=load_classifier(settings.classifier),
        topics=Topics(topic_prefix),
    )
    choices = LiveSettings(
        stream=stream,
        close_every_s=close_every,
        allowed_lateness_s=allowed_lateness,
        n_accounts=accounts,
        partitions=partitions,
    )
    cluster = read_settings(kafka, os.environ, kafka_config)
    registry = CollectorRegistry()
    if metrics_port is not None:
        start_http_server(metrics_port, addr=_LOOPBACK, registry=registry)
    stopping = Stopping()
    console = Console(stderr=True)
    if log_json or not console.is_terminal:
        log_json_lines(sys.stderr, "surveillance.live", "streams.kafka")
        console = Console(quiet=True)
    with open_store(settings) as opened, console.status("Starting") as status:

        def show(worker: Worker) -> None:
            status.update(f"{worker.n_groups:,} groups, {worker.lag_ns / 1e9:.1f} s behind")

        ran = run_stream(
            opened,
            cluster,
            known,
            choices,
            registry=registry,
            until_end=until_end,
            is_stopping=stopping,
            on_step=show,
        )
    if as_json:
        said = {"messages": ran.messages, "groups": ran.groups, "published": ran.published}
        typer.echo(json.dumps({"stream": stream, **said}))
    else:
        typer.echo(
            f"{stream}: {ran.messages:,} messages, {ran.groups:,} groups, "
            f"{ran.published:,} records published"
        )


def scan_journal(
    out: Annotated[Path, typer.Option("--out", help="Directory for the result files.")],
    stream: Annotated[str, typer.Option(help="Name of the stream in the store.")] = "live",
    policy: Annotated[
        Path | None, typer.Option(help="TOML file with the venue's policy.", readable=False)
    ] = None,
    classifier: ClassifierFile = None,
    store: StoreUrl = None,
    as_json: AsJson = False,
) -> None:
    """Scan all that a stream accepted, late events too, into files."""
    settings = load_settings(store=store, policy=policy, classifier=classifier)
    with open_store(settings) as opened:
        result = scan_whole_journal(
            opened,
            stream,
            out=out,
            params=with_policy(DetectionParams(), settings.policy),
            artifact=load_classifier(settings.classifier),
        )
    if as_json:
        typer.echo(json.dumps({"out": str(out), **scan_summary(result.findings)}))
        return
    output_console().print(verdict_table(result.findings))
    typer.echo(f"Results: {out / 'report.html'}")
