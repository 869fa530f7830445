"""What the terminal shows: progress bars and tables of findings, hostile names made harmless."""

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console, RenderableType
from rich.console import Group as RenderGroup
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from streams.text import printable, printable_id
from surveillance.chance import PlaceboState, placebo_state, placebo_words, run_chance_words
from surveillance.findings import GroupFinding, RunFindings, VerdictName
from surveillance.pipeline import runner
from surveillance.store.summary import in_priority_order
from surveillance.web.formats import lag, plural
from surveillance.web.weighing import lag_median_ms

if TYPE_CHECKING:  # the quality report is slow to import and only `evaluate` has one
    from surveillance.jobs.text_table import TextTable

MAX_ROWS = 60
_VERDICT_ORDER = (
    VerdictName.EXTERNAL,
    VerdictName.UNDETERMINED,
    VerdictName.INTERNAL,
    VerdictName.INDEPENDENT,
)
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
        TextColumn("{task.fields[amount]}"),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    )
    reading = bars.add_task("Reading", total=None, amount="")
    detecting = bars.add_task("Detecting", total=None, amount="")

    def read(done: int, total: int) -> None:
        amount = f"{done / 1e6:,.1f} of {total / 1e6:,.1f} MB"
        bars.update(reading, completed=done, total=total, amount=amount)

    def detect(done: int, total: int) -> None:
        amount = f"{done:,} of {total:,} orders"
        bars.update(detecting, completed=done, total=total, amount=amount)

    with bars:
        yield runner.Progress(reading=read, detecting=detect)


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


def verdict_table(findings: RunFindings) -> RenderableType:
    """Return the groups of a run as a table in the desk's order, between what frames them.

    Above it how many groups of which verdict; below it, a sentence a line, what was read and what
    chance allows. Without groups there is no table.
    """
    groups = in_priority_order(findings.groups)
    parts: list[RenderableType] = [Text(_title(findings))]
    if groups:
        parts.append(_table(groups))
    parts += [Text(line) for line in _caption(findings)]
    return RenderGroup(*parts)


def _table(groups: list[GroupFinding]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("Group", "Verdict", "Subtype", "Leader"):
        table.add_column(heading, no_wrap=heading != "Subtype")
    for heading in ("Members", "Episodes", "Lag", "log10 E"):
        table.add_column(heading, justify="right", no_wrap=True)
    for found in groups[:MAX_ROWS]:
        table.add_row(*_cells(found))
    if len(groups) > MAX_ROWS:
        table.add_row(f"... and {len(groups) - MAX_ROWS} more")
    return table


def _title(findings: RunFindings) -> str:
    found = Counter(finding.group.verdict for finding in findings.groups)
    verdicts = ", ".join(f"{found[name]} {name}" for name in _VERDICT_ORDER if found[name])
    n_accounts = findings.manifest.counts["accounts"]
    return f"{plural(len(findings.groups), 'group')} among {plural(n_accounts, 'account')}" + (
        f": {verdicts}" if verdicts else ""
    )


def _cells(found: GroupFinding) -> tuple[str, ...]:
    group = found.group
    leader = group.leader_account_id
    return (
        group.group_id,
        group.verdict.value,
        group.subtype.value.replace("_", " "),
        "off venue" if leader is None else escape(printable_id(leader, 16)),
        str(len(group.members)),
        str(group.episodes),
        lag(lag_median_ms(group)),
        f"{group.log10_e:.1f}",
    )


def _caption(findings: RunFindings) -> list[str]:
    manifest = findings.manifest
    counts = manifest.counts
    lines = [
        f"{plural(counts['read'], 'event')} read = {counts['accepted']:,} accepted + "
        f"{plural(counts['duplicates'], 'duplicate')}.",
        placebo_words(manifest, findings.placebo),
    ]
    if placebo_state(manifest, findings.placebo) is not PlaceboState.NOTHING_TO_COMPARE:
        lines.append(
            f"By chance: {run_chance_words(manifest)} "
            f"(log10 E {manifest.threshold_log10_e:.1f} needed)."
        )
    return lines
