"""How long copies took: one lane a follower, one bar a class of latency, all on the same axis.

The classes are drawn equally wide. Each lane has its own height: its highest bar fills it.
"""

from collections.abc import Sequence

from surveillance.store.copying.figures import CopierLatency, FollowerLatency
from surveillance.web.charts import svg
from surveillance.web.charts.figure import Figure
from surveillance.web.formats import count, lag, plural
from surveillance.web.markup import element

WIDTH = 460
N_LANES = 20
"""Followers that are drawn; the table holds all."""
_LEFT, _RIGHT, _TOP, _BOTTOM = 8, 8, 4, 36
_LABEL_HEIGHT, _BAR_HEIGHT, _GAP = 16, 30, 10
_LANE_HEIGHT = _LABEL_HEIGHT + _BAR_HEIGHT + _GAP
_TITLE = "Latency of the copies"
_ROUND_MS = (1.0, 10.0, 100.0, 1_000.0)


def latency_lanes(latency: CopierLatency, *, name: str = "latency") -> Figure:
    """Draw the histogram of every follower.

    Parameters
    ----------
    latency : CopierLatency
        Classes and counts.
    name : str
        Element id of the figure.

    Returns
    -------
    Figure
        The chart; without a single copy, an empty one that says so.
    """
    n_copies = sum(sum(one.counts) for one in latency.followers)
    if not n_copies:
        return _empty(name)
    bounds = latency.bounds_ms
    drawn = latency.followers[:N_LANES]
    floor = _TOP + _LANE_HEIGHT * len(drawn) - _GAP
    children = [*_axis(bounds, floor)]
    for row, one in enumerate(drawn):
        children += _lane(one, _TOP + _LANE_HEIGHT * row)
    summary = (
        f"{plural(n_copies, 'copy').replace('copys', 'copies')} of "
        f"{plural(len(latency.followers), 'follower')}, from reading the leader's event to the "
        "broker's word for the copy. Each lane fills its own height."
    )
    return Figure(
        name=name,
        title=_TITLE,
        summary=summary,
        svg=svg.drawing(
            name,
            title=_TITLE,
            summary=summary,
            width=WIDTH,
            height=floor + _BOTTOM,
            children=children,
        ),
        columns=("follower", *(f"to {lag(bound)}#" for bound in bounds), "longer#"),
        rows=tuple(
            (svg.label(one.account_id), *map(count, one.counts)) for one in latency.followers
        ),
    )


def _empty(name: str) -> Figure:
    summary = "No copy has been sent yet."
    note = svg.text(WIDTH / 2, 60, summary, class_="note", text_anchor="middle")
    drawn = svg.drawing(
        name, title=_TITLE, summary=summary, width=WIDTH, height=110, children=[note]
    )
    return Figure(name, _TITLE, summary, drawn, (), ())


def _slot(n_classes: int) -> float:
    return (WIDTH - _LEFT - _RIGHT) / n_classes


def _axis(bounds: Sequence[float], floor: float) -> list[str]:
    slot = _slot(len(bounds) + 1)
    parts: list[str] = []
    for place, bound in enumerate(bounds, 1):
        if bound in _ROUND_MS or place == len(bounds):
            x = _LEFT + slot * place
            parts.append(svg.line(x, _TOP, x, floor + 4, "grid"))
            parts.append(svg.text(x, floor + 17, lag(bound), class_="tick", text_anchor="middle"))
    parts.append(
        svg.text(
            WIDTH / 2,
            floor + 32,
            "latency, classes of growing width",
            class_="axis-title",
            text_anchor="middle",
        )
    )
    return parts


def _lane(one: FollowerLatency, top: float) -> list[str]:
    floor = top + _LABEL_HEIGHT + _BAR_HEIGHT
    slot, most = _slot(len(one.counts)), max(one.counts)
    bars = "".join(
        f"M{_LEFT + slot * place + 0.5:.1f} {floor}"
        f"v{-max(_BAR_HEIGHT * n / most, 1):.1f}h{slot - 1:.1f}V{floor}z"
        for place, n in enumerate(one.counts)
        if n
    )
    told = (
        f"p50 {lag(one.p50_ms)} · p99 {lag(one.p99_ms)} · worst {lag(one.worst_ms)}"
        if most
        else "no copy yet"
    )
    return [
        svg.text(_LEFT, top + 11, svg.label(one.account_id, limit=28), class_="lane-label"),
        svg.text(WIDTH - _RIGHT, top + 11, told, class_="tick", text_anchor="end"),
        element("path", d=bars, class_="bar-observed"),
        svg.line(_LEFT, floor, WIDTH - _RIGHT, floor, "axis"),
    ]
