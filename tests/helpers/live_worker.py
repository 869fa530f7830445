"""Runs a worker over messages in memory to their end."""

from collections.abc import Sequence

from helpers.live_events import MemorySource
from prometheus_client import CollectorRegistry

from models.params import DetectionParams
from streams.messages import Message
from streams.topics import Topics
from surveillance.findings import Group
from surveillance.live.settings import LiveSettings
from surveillance.live.telemetry import Telemetry
from surveillance.live.worker import Known, Worker
from surveillance.store import Store
from surveillance.store.records import GroupFilter

STREAM = "live"


def standing(store: Store) -> list[Group]:
    """Return the groups of the stream."""
    page = store.reader.list_groups(GroupFilter(dataset=STREAM), limit=500)
    return [store.reader.get_group(summary.group_id) for summary in page.groups]


def started(store: Store, orders: MemorySource, reference: Sequence[Message] = ()) -> Worker:
    """Return a worker that took the stream over; `orders` must begin at the saved positions."""
    live = store.live(STREAM)
    worker = Worker(
        live,
        live.open_session(),
        orders,
        MemorySource(reference, live.load().positions),
        Known(DetectionParams(), None, Topics()),
        LiveSettings(n_accounts=100),
        Telemetry(STREAM, CollectorRegistry()),
    )
    has_run = store.reader.latest_run(STREAM) is not None
    worker.start(standing(store), has_run=has_run)
    return worker


def work(store: Store, messages: Sequence[Message], reference: Sequence[Message] = ()) -> Worker:
    """Work everything off and end the stream."""
    orders = MemorySource(messages, store.live(STREAM).load().positions)
    worker = started(store, orders, reference)
    while worker.step(0.0):
        pass
    worker.finish()
    return worker


def outcomes(store: Store) -> dict[str, int]:
    """Return what became of all events, and check that they reconcile with letters and journal."""
    page = store.streams.list_reconciliation(STREAM)
    assert page.holds
    assert all(day.holds for day in page.days)
    names = ("accepted", "duplicates", "late", "dead")
    totals = {name: sum(getattr(day, name) for day in page.days) for name in names}
    assert sum(totals.values()) == sum(day.read for day in page.days)
    return {name: n for name, n in totals.items() if n}
