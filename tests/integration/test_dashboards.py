"""The dashboard and the alert rules use metrics that exist, with labels that they carry."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.command import ROOT
from helpers.live_commits import STREAM, live_findings, step
from prometheus_client import CollectorRegistry

from surveillance.api.metrics import RequestMetrics, StoreCollector
from surveillance.api.stream_metrics import StreamCollector
from surveillance.live.telemetry import Telemetry
from surveillance.store import Store

ALERTS = ROOT / "deploy" / "prometheus" / "alerts.yml"
DASHBOARD = ROOT / "deploy" / "grafana" / "surveillance.json"
SUFFIXES = re.compile("_(bucket|count|sum|total)$")
GIVEN_LABELS = {"le", "instance"}  # by histograms, and by Prometheus itself


async def no_app(*_arguments: object) -> None:
    raise AssertionError("not asked")


@pytest.fixture(scope="module")
def labels_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, set[str]]]:
    registry = CollectorRegistry()
    with Store.open(f"sqlite:///{tmp_path_factory.mktemp('metrics')}/store.db") as store:
        live = store.live(STREAM)
        live.commit(replace(step(live.open_session(), 0), run=live_findings(2), snapshot=b"s"))
        registry.register(StoreCollector(store))
        registry.register(StreamCollector(store))
        requests = RequestMetrics(no_app, registry)
        requests._requests.labels("GET", "/", "200").inc()
        telemetry = Telemetry(STREAM, registry)
        with telemetry.stage("judge"):
            telemetry.note_state(1)
        yield {
            family.name: {label for sample in family.samples for label in sample.labels}
            for family in registry.collect()
        }


def expressions(path: Path) -> list[str]:
    if path == DASHBOARD:
        dashboard = json.loads(path.read_text())
        return [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    folded = re.sub(r">-\n\s+", "", path.read_text())
    return re.findall(r"expr: (.+(?:\n          .+)*)", folded)


@pytest.mark.parametrize("path", [ALERTS, DASHBOARD], ids=lambda path: path.name)
def test_every_metric_and_label_that_is_shown_exists(
    path: Path, labels_of: dict[str, set[str]]
) -> None:
    found = expressions(path)
    assert len(found) >= 8
    for expression in found:
        names = {SUFFIXES.sub("", name) for name in re.findall(r"surveillance_\w+", expression)}
        assert names, expression
        assert names <= labels_of.keys(), expression
        known = GIVEN_LABELS.union(*(labels_of[name] for name in names))
        grouped = re.findall(r"by \(([^)]*)\)", expression)
        used = {label.strip() for group in grouped for label in group.split(",")}
        used |= set(re.findall(r'(\w+)=~?"', expression))
        assert used <= known, expression


def test_every_metric_of_the_streams_is_shown(labels_of: dict[str, set[str]]) -> None:
    shown = " ".join(expressions(DASHBOARD))
    for name in labels_of:
        if name.startswith(("surveillance_stream_", "surveillance_outbox_")):
            assert name in shown


def test_the_alarm_of_reconciliation_is_critical() -> None:
    rule = ALERTS.read_text().split("- alert: ")
    (alarm,) = [part for part in rule if "expr: surveillance_stream_reconciles == 0" in part]
    assert "severity: critical" in alarm
