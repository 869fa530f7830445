"""The report of a run: one HTML file to mail, print and read without a network.

Says first what was scanned and how much chance allows, then each group in order of priority.
Same findings, same bytes: nothing here reads a clock. Charts are those of the desk.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from surveillance.chance import placebo_words, run_chance_words
from surveillance.findings import (
    Group,
    GroupFinding,
    Member,
    PlaceboFinding,
    RunFindings,
    RunManifest,
    VerdictName,
)
from surveillance.store.summary import in_priority_order
from surveillance.web import charts
from surveillance.web.charts import Figure
from surveillance.web.markup import inline_stylesheet
from surveillance.web.rendering import render
from surveillance.web.sidebyside import SideBySide, price_decimals, side_by_side
from surveillance.web.weighing import Weighing, lag_median_ms, ordered_members, sentence, weigh

STYLE_SHEETS = ("tokens.css", "parts.css", "charts.css", "report.css")
N_DETAILED_GROUPS = 40
"""Groups with charts; the others have sentence, reasons and members. Keeps the file mailable."""
N_MEMBERS = 25
"""Members listed for each group, the strongest first."""
N_FOLLOWER_LANES = 6
N_EPISODES = 5
"""Episodes shown for each group, the earliest."""
N_REPEATS = 5
N_TABLE_ROWS = 30
"""Rows of the table under each chart."""


@dataclass(frozen=True, slots=True)
class Charts:
    """The three charts of a group."""

    timeline: Figure
    lags: Figure
    graph: Figure


@dataclass(frozen=True, slots=True)
class Section:
    """What the report says about one group; `charts` is None beyond `N_DETAILED_GROUPS`."""

    number: int
    group: Group
    sentence: str
    lag_median_ms: float | None
    weighing: Weighing
    members: tuple[Member, ...]
    n_members_left_out: int
    episodes: tuple[SideBySide, ...]
    decimals: Mapping[str, int]
    charts: Charts | None


def render_report(findings: RunFindings) -> str:
    """Return the report of a run as one HTML document.

    Parameters
    ----------
    findings : RunFindings
        Everything the run found.

    Returns
    -------
    str
        A document that loads nothing: its style stands inside, allowed by hash in its own content
        security policy; it holds no script.
    """
    style, style_hash = inline_stylesheet(STYLE_SHEETS)
    ordered = in_priority_order(findings.groups)
    sections = [
        _section(number, finding, findings.manifest, findings.placebo)
        for number, finding in enumerate(ordered, start=1)
    ]
    counts = dict.fromkeys(VerdictName, 0)
    for finding in ordered:
        counts[finding.group.verdict] += 1
    return render(
        "report.html",
        style=style,
        style_hash=style_hash,
        run=findings.manifest,
        counts=counts,
        sections=sections,
        chance=run_chance_words(findings.manifest),
        placebo_words=placebo_words(findings.manifest, findings.placebo),
        placebo_figure=charts.placebo_panel(findings.placebo, findings.manifest),
        n_detailed=N_DETAILED_GROUPS,
    )


def _section(
    number: int,
    finding: GroupFinding,
    run: RunManifest,
    placebo: tuple[PlaceboFinding, ...],
) -> Section:
    group = finding.group
    members = ordered_members(group)
    is_detailed = number <= N_DETAILED_GROUPS
    episodes = finding.episodes[:N_EPISODES] if is_detailed else ()
    return Section(
        number=number,
        group=group,
        sentence=sentence(group),
        lag_median_ms=lag_median_ms(group),
        weighing=weigh(
            group, finding.lag_histogram, placebo, threshold_log10_e=run.threshold_log10_e
        ),
        members=tuple(members[:N_MEMBERS]),
        n_members_left_out=max(len(members) - N_MEMBERS, 0),
        episodes=tuple(side_by_side(episode, N_REPEATS) for episode in episodes),
        decimals=price_decimals(episodes),
        charts=_charts(number, finding) if is_detailed else None,
    )


def _charts(number: int, finding: GroupFinding) -> Charts:
    return Charts(
        timeline=charts.order_timeline(
            finding.timeline,
            finding.group.members,
            name=f"timeline-{number}",
            table_limit=N_TABLE_ROWS,
            n_follower_lanes=N_FOLLOWER_LANES,
        ),
        lags=charts.lag_histogram(finding.lag_histogram, name=f"lags-{number}"),
        graph=charts.account_graph(finding.graph, name=f"graph-{number}", table_limit=N_TABLE_ROWS),
    )
