"""What the terminal shows: progress bars and tables of findings, hostile names made harmless."""

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from streams.text import printable
from surveillance.findings import GroupFinding, RunFindings
from surveillance.pipeline import runner

if TYPE_CHECKING:  # the quality report is slow to import and only `evaluate` has one
    from surveillance.jobs.text_table import TextTable

MAX_ROWS = 60
PIPE_WIDTH = 160  # characters, where no terminal says how wide it is


def output_console() -> Console:
    """Return the console for results: as wide as the terminal, or as wide as a table needs."""
    return Console(width=None if sys.stdout.isatty() else PIPE_WIDTH)


@contextmanager
def progress_bars(console: Console) -> Iterator[runner.Progress]:
    """Show reading and detecting as bars on a terminal; nothing in a pipe."""
    bars = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    )
    reading = bars.add_task("Reading (bytes)", total=None)
    detecting = bars.add_task("Detecting (orders)", total=None)
    with bars:
        yield runner.Progress(
            reading=lambda done, total: bars.update(reading, completed=done, total=total),
            detecting=lambda done, total: bars.update(detecting, completed=done, total=total),
        )


@contextmanager
def task_bar(console: Console) -> Iterator[Callable[[str, int, int], None]]:
    """Show one changing task as a bar on a terminal; nothing in a pipe."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    )
    task = bar.add_task("", total=None)
    with bar:
        yield lambda what, done, total: bar.update(
            task, description=what, completed=done, total=total
        )


def plain_table(table: "TextTable") -> Table:
    """Return a report's table for the terminal."""
    shown = Table(title=table.title, box=SIMPLE_HEAD, pad_edge=False, title_justify="left")
    for number, heading in enumerate(table.header):
        shown.add_column(escape(heading), justify="right" if number else "left")
    for row in table.rows:
        shown.add_row(*(escape(printable(cell, 200)) for cell in row))
    return shown


def verdict_table(findings: RunFindings) -> Table:
    """Return the groups of a run as a table, with what was looked at in its caption."""
    table = Table(
        title=_title(findings),
        caption=_caption(findings),
        box=SIMPLE_HEAD,
        pad_edge=False,
    )
    for heading in ("Group", "Verdict", "Subtype", "Leader"):
        table.add_column(heading, no_wrap=heading != "Subtype")
    for heading in ("Members", "Copied", "Lag", "log10 E"):
        table.add_column(heading, justify="right", no_wrap=True)
    for found in findings.groups[:MAX_ROWS]:
        table.add_row(*_cells(found))
    if len(findings.groups) > MAX_ROWS:
        table.add_row(f"... and {len(findings.groups) - MAX_ROWS} more")
    return table


def _title(findings: RunFindings) -> str:
    found = Counter(finding.group.verdict.value for finding in findings.groups)
    verdicts = ", ".join(f"{n} {verdict}" for verdict, n in sorted(found.items()))
    n_accounts = findings.manifest.counts["accounts"]
    return f"{len(findings.groups)} groups among {n_accounts:,} accounts" + (
        f": {verdicts}" if verdicts else ""
    )


def _cells(found: GroupFinding) -> tuple[str, ...]:
    group = found.group
    lags = sorted(
        member.lag_median_ms for member in group.members[1:] if member.lag_median_ms is not None
    )
    leader = group.leader_account_id
    return (
        group.group_id,
        group.verdict.value,
        group.subtype.value.replace("_", " "),
        "off venue" if leader is None else escape(printable(leader, 16)),
        str(len(group.members)),
        str(group.episodes),
        _lag(lags[len(lags) // 2]) if lags else "-",
        f"{group.log10_e:.1f}",
    )


def _lag(lag_ms: float) -> str:
    return f"{lag_ms / 1000:.1f} s" if lag_ms >= 1000 else f"{lag_ms:.1f} ms"


def _caption(findings: RunFindings) -> str:
    manifest = findings.manifest
    counts = manifest.counts
    kept = all(count.within_bound for count in findings.placebo)
    return (
        f"{counts['read']:,} events read = {counts['accepted']:,} accepted + "
        f"{counts['duplicates']:,} duplicates. Placebo "
        f"{'within' if kept else 'BEYOND'} its bound; at most "
        f"{manifest.chance_groups_per_year:.2g} false groups a year at 10^"
        f"{manifest.threshold_log10_e:.1f}."
    )
