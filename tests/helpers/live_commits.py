"""Builds commits of a live stream, messages and dead letters, and reads a store's live tables."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from helpers.findings import build_findings
from sqlalchemy import create_engine, text

from streams.messages import DeadLetter, DeadReason, Message
from surveillance.findings import RunFindings
from surveillance.store.live import (
    EventCounts,
    LiveCommit,
    OutboxRecord,
    ReferenceChange,
    Segment,
)

STREAM = "live"
TOPIC = "orders.v1"
DAY_NS = 86_400_000_000_000
START_NS = 1_767_600_000_000_000_000

LIVE_TABLES = (
    "live_streams",
    "live_snapshots",
    "live_positions",
    "live_segments",
    "live_counts",
    "live_reference",
    "live_dead_letters",
    "live_outbox",
    "live_acknowledged",
    "runs",
    "placebo",
    "groups",
    "group_members",
    "group_instruments",
    "group_episodes",
    "group_evidence",
    "accounts",
)


def letter(
    offset: int,
    *,
    topic: str = TOPIC,
    reason: DeadReason = DeadReason.FIELD,
    value: bytes | None = b'{"side":"long"}\xff',
    row: int | None = None,
) -> DeadLetter:
    """Build a dead letter whose message has a key and headers."""
    message = Message(topic, 0, offset, value, b"ES", (("content-type", b"application/json"),))
    return DeadLetter(message, row, reason, 'column side: must be buy or sell, was "long"')


def live_findings(n_groups: int, *, run_id: str = "live-1") -> RunFindings:
    """Build the findings of a closing of the stream."""
    return build_findings(run_id=run_id, dataset=STREAM, n_groups=n_groups, hostile=False)


def step(epoch: int, number: int, *, n_events: int = 10) -> LiveCommit:
    """Build the commit of a step: every part of it names the step."""
    first_ns = START_NS + number * DAY_NS
    return LiveCommit(
        epoch=epoch,
        positions={(TOPIC, 0): (number + 1) * n_events},
        progress=f'{{"step":{number}}}',
        watermark_ns=first_ns,
        newest_ns=first_ns + 2_500_000_000,
        segment=Segment(f"segment {number}".encode(), first_ns, first_ns + DAY_NS - 1, n_events),
        counts=[EventCounts(TOPIC, f"day-{number % 3}", n_events + 1, n_events, 0, 0, 1)],
        dead=[letter(number * n_events)],
        reference=[ReferenceChange("accounts", f"account-{number % 4}", f'{{"step":{number}}}')],
        outbox=[OutboxRecord("flags.v1", "g", f'{{"step":{number}}}', f"flag-{number}")],
    )


def full_step(epoch: int, number: int) -> LiveCommit:
    """Build a step that also closes, raises, withdraws, removes and takes a snapshot."""
    findings = live_findings(4, run_id=f"live-{number}")
    raised = live_findings(6).groups[4:]
    return replace(
        step(epoch, number),
        run=findings,
        withdrawn=[findings.groups[0].group.group_id],
        groups=raised,
        accounts=live_findings(6).accounts[:2],
        reference=[
            ReferenceChange("accounts", "account-0", None),
            ReferenceChange("accounts", "new", "{}"),
        ],
        snapshot=f"state {number}".encode(),
    )


def dump(path: Path, tables: Sequence[str] = LIVE_TABLES) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of the tables, sorted, without the times of day."""
    engine = create_engine(f"sqlite:///{path}")
    content = {}
    try:
        with engine.connect() as connection:
            for table in tables:
                rows = connection.execute(text(f"SELECT * FROM {table}"))
                kept = [n for n, name in enumerate(rows.keys()) if "time_ns" not in name]
                content[table] = sorted((tuple(row[n] for n in kept) for row in rows), key=repr)
    finally:
        engine.dispose()
    return content
