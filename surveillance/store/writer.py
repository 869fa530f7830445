"""Writes a run: every row of its findings, inside the caller's transaction.

The newest verdict wins: groups and accounts of earlier runs over the same dataset go, and so does
an older row with the same `group_id`. A group found again under another
name is the same group and moves to the newest run.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, delete, insert, select, update

from surveillance.findings import GroupFinding, RunFindings, RunManifest
from surveillance.store.documents import (
    ACCOUNT_SUMMARY,
    EPISODE,
    GRAPH,
    GROUP,
    GROUP_SUMMARY,
    LAG_HISTOGRAM,
    PLACEBO_FINDING,
    RUN_MANIFEST,
    TIMELINE,
)
from surveillance.store.summary import priority_of, summarize
from surveillance.store.tables import (
    ACCOUNTS,
    GROUP_EPISODES,
    GROUP_EVIDENCE,
    GROUP_INSTRUMENTS,
    GROUP_MEMBERS,
    GROUPS,
    PLACEBO,
    RUNS,
)

ROWS_AT_A_TIME = 1_000  # bounds the memory of one statement and its number of parameters

Item = TypeVar("Item")
Row = dict[str, Any]


def write_run(connection: Connection, findings: RunFindings) -> None:
    """Write a whole run.

    Parameters
    ----------
    connection : Connection
        In a transaction that writes; nothing is committed here.
    findings : RunFindings
        What the run found.
    """
    manifest = findings.manifest
    _remove_repeated(connection, manifest.run_id)
    run_number = _insert_manifest(connection, manifest)
    _insert(
        connection,
        PLACEBO,
        (
            {
                "run_id": manifest.run_id,
                "tolerated": placebo.tolerated,
                "document": PLACEBO_FINDING.write(placebo),
            }
            for placebo in findings.placebo
        ),
    )
    _remove_superseded(connection, findings)
    for found in findings.groups:
        _insert_group(connection, found, manifest.dataset, manifest.run_id)
    _insert(
        connection,
        ACCOUNTS,
        (
            {
                "account_id": account.account_id,
                "dataset": manifest.dataset,
                "run_number": run_number,
                "owner_id": account.owner_id,
                "firm_id": account.firm_id,
                "document": ACCOUNT_SUMMARY.write(account),
            }
            for account in findings.accounts
        ),
    )


def record_manifest(connection: Connection, manifest: RunManifest) -> None:
    """Write the manifest of a run whose groups come one by one; a known run keeps its groups.

    Parameters
    ----------
    connection : Connection
        In a transaction that writes; nothing is committed here.
    manifest : RunManifest
        What is run on what.
    """
    known = update(RUNS).where(RUNS.c.run_id == manifest.run_id)
    row = {"dataset": manifest.dataset, "document": RUN_MANIFEST.write(manifest)}
    if connection.execute(known.values(row)).rowcount == 0:
        _insert_manifest(connection, manifest)


def replace_group(connection: Connection, found: GroupFinding, dataset: str, run_id: str) -> None:
    """Write one group of a recorded run in the place of the one with its id.

    Parameters
    ----------
    connection : Connection
        In a transaction that writes; nothing is committed here.
    found : GroupFinding
        The group with its evidence.
    dataset : str
        The dataset of the run.
    run_id : str
        The run.
    """
    connection.execute(delete(GROUPS).where(GROUPS.c.group_id == found.group.group_id))
    _insert_group(connection, found, dataset, run_id)


def _insert_manifest(connection: Connection, manifest: RunManifest) -> int:
    number: int = connection.execute(
        insert(RUNS)
        .values(
            run_id=manifest.run_id,
            dataset=manifest.dataset,
            document=RUN_MANIFEST.write(manifest),
        )
        .returning(RUNS.c.number)
    ).scalar_one()
    return number


def _remove_repeated(connection: Connection, run_id: str) -> None:
    """Remove an earlier record of the same run: its id says that it found the same."""
    number = select(RUNS.c.number).where(RUNS.c.run_id == run_id).scalar_subquery()
    connection.execute(delete(ACCOUNTS).where(ACCOUNTS.c.run_number == number))
    for table in (GROUPS, PLACEBO, RUNS):
        connection.execute(delete(table).where(table.c.run_id == run_id))


def _remove_superseded(connection: Connection, findings: RunFindings) -> None:
    dataset = findings.manifest.dataset
    connection.execute(delete(GROUPS).where(GROUPS.c.dataset == dataset))
    connection.execute(delete(ACCOUNTS).where(ACCOUNTS.c.dataset == dataset))
    for group_ids in _pieces(found.group.group_id for found in findings.groups):
        connection.execute(delete(GROUPS).where(GROUPS.c.group_id.in_(group_ids)))


def _insert_group(connection: Connection, found: GroupFinding, dataset: str, run_id: str) -> None:
    group = found.group
    summary = summarize(group, dataset=dataset, run_id=run_id)
    connection.execute(
        insert(GROUPS).values(
            group_id=group.group_id,
            dataset=dataset,
            run_id=run_id,
            priority=priority_of(group),
            verdict=group.verdict.value,
            subtype=group.subtype.value,
            state=group.state,
            recommended_action=group.recommended_action.value,
            leader_account_id=group.leader_account_id,
            n_members=summary.n_members,
            log10_e=group.log10_e,
            lag_median_ms=summary.lag_median_ms,
            n_episodes=summary.n_episodes,
            last_time_ns=summary.last_time_ns,
            summary=GROUP_SUMMARY.write(summary),
            document=GROUP.write(group),
        )
    )
    _insert(connection, GROUP_MEMBERS, _member_rows(found))
    _insert(
        connection,
        GROUP_INSTRUMENTS,
        (
            {"group_id": group.group_id, "instrument_id": instrument_id}
            for instrument_id in group.instruments
        ),
    )
    _insert(
        connection,
        GROUP_EPISODES,
        (
            {
                "group_id": group.group_id,
                "number": episode.number,
                "document": EPISODE.write(episode),
            }
            for episode in found.episodes
        ),
    )
    connection.execute(
        insert(GROUP_EVIDENCE).values(
            group_id=group.group_id,
            graph=GRAPH.write(found.graph),
            lag_histogram=LAG_HISTOGRAM.write(found.lag_histogram),
            timeline=TIMELINE.write(found.timeline),
        )
    )


def _member_rows(found: GroupFinding) -> Iterator[Row]:
    for place, member in enumerate(found.group.members):
        yield {
            "group_id": found.group.group_id,
            "place": place,
            "account_id": member.account_id,
            "owner_id": member.owner_id,
            "firm_id": member.firm_id,
        }


def _insert(connection: Connection, table: Table, rows: Iterator[Row]) -> None:
    for piece in _pieces(rows):
        connection.execute(insert(table), piece)


def _pieces(items: Iterator[Item]) -> Iterator[Sequence[Item]]:
    while piece := list(islice(items, ROWS_AT_A_TIME)):
        yield piece
