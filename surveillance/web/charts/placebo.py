"""The placebo panel: crossings by ghosts of the leaders' decisions, against their bound.

Each tolerated number of false pairs has its own row and its own bound; bars are drawn as a share
of the bound, so that all bounds stand on one line.
"""

from collections.abc import Sequence

from surveillance.chance import PlaceboState, placebo_state, placebo_words
from surveillance.findings import PlaceboFinding, RunManifest
from surveillance.web.charts import scales, svg
from surveillance.web.charts.figure import Figure, LegendEntry
from surveillance.web.formats import count, small
from surveillance.web.markup import element

WIDTH = 460
_LEFT, _RIGHT, _TOP, _ROW, _BOTTOM = 82, 118, 24, 34, 10
_OVER = 1.25


def placebo_panel(
    placebo: Sequence[PlaceboFinding], run: RunManifest, *, name: str = "placebo"
) -> Figure:
    """Draw crossings against the bound, one row for each tolerated number of false pairs.

    Parameters
    ----------
    placebo : sequence of PlaceboFinding
        One record for each tolerated v.
    run : RunManifest
        The run: with one account, or orders too short for any shift, nothing was measured.
    name : str
        Element id of the figure.

    Returns
    -------
    Figure
        Rows by rising v; empty, and saying so, when no placebo ran.
    """
    is_measured = placebo_state(run, placebo) in (PlaceboState.WITHIN, PlaceboState.ABOVE)
    findings = sorted(placebo if is_measured else (), key=lambda finding: finding.tolerated)
    height = _TOP + _ROW * max(len(findings), 1) + _BOTTOM
    x = scales.LinearScale(0.0, _OVER, _LEFT, WIDTH - _RIGHT)
    children: list[str] = []
    for row, finding in enumerate(findings):
        children += _row(finding, _TOP + _ROW * row, x)
    if findings:
        bound_x = x.at(1.0)
        children += [
            svg.line(bound_x, _TOP - 6, bound_x, height - _BOTTOM, "line-bound"),
            svg.text(bound_x, _TOP - 11, "bound", class_="tick", text_anchor="middle"),
        ]
    else:
        children.append(svg.text(12, _TOP + 12, "Nothing was measured.", class_="note"))
    title = "Placebo: crossings against their bound"
    summary = _summary(findings) if findings else placebo_words(run, placebo)
    return Figure(
        name=name,
        title=title,
        summary=summary,
        svg=svg.drawing(
            name, title=title, summary=summary, width=WIDTH, height=height, children=children
        ),
        columns=("tolerated v", "crossings#", "expected#", "bound#", "result", "by shift"),
        rows=tuple(
            (
                small(f.tolerated),
                count(f.crossings),
                small(f.expected),
                count(f.bound),
                "within bound" if f.within_bound else "above bound",
                ", ".join(f"{svg.label(k)}: {n}" for k, n in sorted(f.by_shift.items())),
            )
            for f in findings
        ),
        legend=(LegendEntry("bar", "crossings"), LegendEntry("tick", "at most expected")),
    )


def _summary(findings: Sequence[PlaceboFinding]) -> str:
    above = [f for f in findings if not f.within_bound]
    said = "; ".join(
        f"v = {small(f.tolerated)}: {count(f.crossings)}, at most {count(f.bound)}"
        for f in findings
    )
    verdict = f"{len(above)} above the bound" if above else "all within the bound"
    fewer = (
        " Fewer crossings than expected are no fault: the threshold promises a ceiling, and "
        "chance usually stays well under it."
        if all(f.crossings < f.expected for f in findings)
        else ""
    )
    return (
        f"Crossings by ghosts of the leaders' decisions, {verdict}. {said}. v is the number of "
        "false pairs that the threshold of its row lets through in a run of this size, at most; "
        f"the ghosts run once for each shift, so more are expected together.{fewer}"
    )


def _row(finding: PlaceboFinding, top: float, x: scales.LinearScale) -> list[str]:
    bound = max(finding.bound, 1)
    share = min(finding.crossings / bound, _OVER)
    expected = min(finding.expected / bound, _OVER)
    middle = top + _ROW / 2
    tone = "bar-observed" if finding.within_bound else "bar-above"
    outcome = f"{count(finding.crossings)}, at most {count(finding.bound)}"
    sign = "✓ within" if finding.within_bound else "✕ above"
    return [
        svg.text(
            _LEFT - 10,
            middle + 4,
            f"v = {small(finding.tolerated)}",
            class_="tick-strong",
            text_anchor="end",
        ),
        element("rect", x=_LEFT, y=middle - 7, width=x.stop - _LEFT, height=14, class_="track"),
        element(
            "rect", x=_LEFT, y=middle - 7, width=max(x.at(share) - _LEFT, 0), height=14, class_=tone
        ),
        svg.line(x.at(expected), middle - 10, x.at(expected), middle + 10, "line-mark"),
        svg.text(WIDTH - _RIGHT + 10, middle, outcome, class_="tick-strong"),
        svg.text(WIDTH - _RIGHT + 10, middle + 12, sign, class_="tick"),
    ]
