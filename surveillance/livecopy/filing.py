"""A copy plan over recorded orders: what the copier sends, as a file; no broker, nothing live."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from models.params import SECOND_NS
from streams.copier import Plan
from streams.copier.copier import Event
from streams.files import Dataset
from streams.orderevents import OrderEvent, Tick
from surveillance.jobs.copying.records import ORDER_COLUMNS, order_event, read_records
from surveillance.livecopy.answering import AssumedVenue
from surveillance.livecopy.intake import as_answer, event_name
from surveillance.livecopy.machine import Machine
from surveillance.livecopy.outgoing import order_lines
from surveillance.livecopy.permission import allow
from surveillance.store.copying import CopyStore

FILE_NAME = "copier-orders.jsonl"
_TICKS_IN_A_GAP = 3_600
"""After an hour without an event of the plan nothing is overdue any more."""


class Answers(StrEnum):
    """Where the venue's answers to the copies come from."""

    RECORDED = "recorded"
    ASSUMED = "assumed"


@dataclass(frozen=True, slots=True)
class Filed:
    """What came of a plan over files."""

    path: Path
    answers: Answers
    n_events: int
    n_orders: int
    n_notices: int


def copy_files(
    plan: Plan, dataset: Dataset, out: Path, store: CopyStore, *, latest_time_ns: int
) -> Filed:
    """Run a plan over the recorded orders of its accounts and write the copies.

    Where the dataset holds orders that this plan's copier sent, the venue's answers are those
    recorded; else followers' own events are left out and every copy is assumed to fill as its
    leader.

    Parameters
    ----------
    plan : Plan
        What is to run.
    dataset : Dataset
        Orders, accounts, declarations and instruments.
    out : Path
        Directory for the file; made where there is none.
    store : CopyStore
        Holds the plans that run.
    latest_time_ns : int
        No event may be later.

    Raises
    ------
    PlanRefusedError
        With everything that speaks against the plan.
    StreamError
        If the dataset breaks the contract.
    """
    records = read_records(dataset, latest_time_ns=latest_time_ns)
    events = _events(plan, dataset, records.lot_sizes, latest_time_ns)
    at_ns = events[0].event_time_ns if events else latest_time_ns
    allow(store, plan, records, time_ns=at_ns)
    is_recorded = any(
        event.copy_group_id == plan.plan_id and event.account_id != plan.leader_account_id
        for event in events
    )
    answers = Answers.RECORDED if is_recorded else Answers.ASSUMED
    if not is_recorded:
        events = [event for event in events if event.account_id == plan.leader_account_id]
    machine = Machine(plan, list(records.instruments.values()))
    venue = AssumedVenue(plan) if answers is Answers.ASSUMED else None
    orders: list[OrderEvent] = []
    n_notices = 0
    for event in _with_ticks(events):
        waiting: list[Event] = [event]
        while waiting:
            one = waiting.pop(0)
            actions = machine.process(one)
            sent = [action for action in actions if isinstance(action, OrderEvent)]
            orders += sent
            n_notices += len(actions) - len(sent)
            if venue is not None:
                if one is event and isinstance(one, OrderEvent):
                    waiting += venue.hear(one)
                for request in sent:
                    waiting += venue.answer(request)
    return Filed(
        _write(out, orders, records.lot_sizes), answers, len(events), len(orders), n_notices
    )


def _events(
    plan: Plan, dataset: Dataset, lot_sizes: Mapping[str, float], latest_time_ns: int
) -> list[OrderEvent]:
    """Return the events of the plan's accounts in event order."""
    followers = {own.account_id for own in plan.followers}
    names = pa.array(sorted({plan.leader_account_id, *followers}))
    rows: list[dict[str, Any]] = []
    columns = (*ORDER_COLUMNS, "firm_id")
    for batch in dataset.order_batches(latest_time_ns=latest_time_ns, columns=columns):
        rows += batch.filter(pc.is_in(batch["account_id"], names)).to_pylist()
    found = [
        (row["sequence"] or 0, order_event(row, event_name(row, f"row-{number}"), lot_sizes))
        for number, row in enumerate(rows)
    ]
    found.sort(key=lambda entry: (entry[1].event_time_ns, entry[0], entry[1].event_id))
    return [as_answer(event) if event.account_id in followers else event for _, event in found]


def _with_ticks(events: list[OrderEvent]) -> Iterator[Event]:
    """Yield the events, the time each second before and between them, and for an hour after."""
    ticked = None
    for event in events:
        second = event.event_time_ns // SECOND_NS
        if ticked is not None:
            yield from _ticks(ticked + 1, second)
        ticked = second
        yield event
    if ticked is not None:
        yield from _ticks(ticked + 1, ticked + _TICKS_IN_A_GAP)


def _ticks(first: int, last: int) -> Iterator[Tick]:
    for second in range(first, min(last, first + _TICKS_IN_A_GAP) + 1):
        yield Tick(second * SECOND_NS)
    if last > first + _TICKS_IN_A_GAP:
        yield Tick(last * SECOND_NS)


def _write(out: Path, orders: list[OrderEvent], lot_sizes: Mapping[str, float]) -> Path:
    """Write the orders, a line each; the file has its name when it is whole."""
    out.mkdir(parents=True, exist_ok=True)
    path = out / FILE_NAME
    unfinished = path.with_name(f".{FILE_NAME}.part")
    try:
        with unfinished.open("wb") as file:
            file.writelines(line + b"\n" for line in order_lines(orders, lot_sizes))
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return path
