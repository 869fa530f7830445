"""The lag histogram: followers' lags seen, against those that chance would give.

The axis is logarithmic from the histogram's second edge; the first bin starts at zero and has no
place on it, so it gets a slot of its own.
"""

from math import floor, log10

from surveillance.findings import LagHistogram
from surveillance.web.charts import scales, svg
from surveillance.web.charts.figure import Figure, LegendEntry
from surveillance.web.formats import count, lag, small
from surveillance.web.markup import element

WIDTH, HEIGHT = 460, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 12, 14, 42
_FIRST_BIN_PX = 26
_JOIN_BELOW_MS = 1.0


def lag_histogram(histogram: LagHistogram, *, name: str = "lags") -> Figure:
    """Draw the lags seen as bars and those expected by chance as a step line.

    Parameters
    ----------
    histogram : LagHistogram
        Bins in milliseconds; `observed` and `expected` have one entry less than `edges_ms`.
    name : str
        Element id of the figure.

    Returns
    -------
    Figure
        The chart; without any lag, an empty one that says so.
    """
    edges, seen, chance = histogram.edges_ms, histogram.observed, histogram.expected
    n_seen, n_chance = sum(seen), sum(chance)
    title = "Lag after the leader, against chance"
    if len(edges) < 3 or not seen:
        summary = "No lag was measured."
        note = svg.text(WIDTH / 2, 60, summary, class_="note", text_anchor="middle")
        return Figure(
            name=name,
            title=title,
            summary=summary,
            svg=svg.drawing(
                name, title=title, summary=summary, width=WIDTH, height=120, children=[note]
            ),
            columns=(),
            rows=(),
        )
    peak = max(range(len(seen)), key=lambda i: (seen[i] - chance[i], -i))
    summary = (
        f"{count(n_seen)} lags seen where chance expects {small(n_chance)}; most above chance "
        f"from {lag(edges[peak])} to {lag(edges[peak + 1])}: {count(seen[peak])} seen, "
        f"{small(chance[peak])} expected. Each lag is the time to a follower's first "
        "decision of the same family and side after one of the source, copied or not: lags seen "
        "may be more than decisions copied."
    )
    edges, seen, chance = _from_first_seen(edges, seen, chance)
    xs = _positions(edges)
    ticks = scales.count_ticks(max(*seen, *chance))
    y = scales.LinearScale(0.0, ticks[-1], HEIGHT - _BOTTOM, _TOP)
    children = [
        *(svg.line(_LEFT, y.at(t), WIDTH - _RIGHT, y.at(t), "grid") for t in ticks),
        *(
            svg.text(_LEFT - 7, y.at(t) + 4, count(t), class_="tick", text_anchor="end")
            for t in ticks
        ),
        element("path", d=_bars(xs, seen, y), class_="bar-observed"),
        element("path", d=_steps(xs, chance, y), class_="line-expected"),
        svg.line(_LEFT, y.at(0), WIDTH - _RIGHT, y.at(0), "axis"),
        *_lag_axis(edges, xs, y.at(0)),
        svg.text(
            (_LEFT + WIDTH - _RIGHT) / 2,
            HEIGHT - 6,
            "lag after the leader (logarithmic)",
            class_="axis-title",
            text_anchor="middle",
        ),
    ]
    return Figure(
        name=name,
        title=title,
        summary=summary,
        svg=svg.drawing(
            name, title=title, summary=summary, width=WIDTH, height=HEIGHT, children=children
        ),
        columns=("from", "to", "lags seen#", "expected by chance#"),
        rows=tuple(
            (lag(edges[i]), lag(edges[i + 1]), count(seen[i]), small(chance[i]))
            for i in range(len(seen))
        ),
        legend=(LegendEntry("bar", "seen"), LegendEntry("dash", "expected by chance")),
    )


def _from_first_seen(
    edges: tuple[float, ...], seen: tuple[int, ...], chance: tuple[float, ...]
) -> tuple[tuple[float, ...], tuple[int, ...], tuple[float, ...]]:
    """Join the bins below the decade of the shortest lag with the first: nothing is in them."""
    first = next((i for i, n in enumerate(seen) if n), 0)
    shortest_ms = edges[first] if any(seen) else _JOIN_BELOW_MS
    low = min(10.0 ** floor(log10(shortest_ms) + 1e-9) if first else edges[1], _JOIN_BELOW_MS)
    n = max(sum(edge <= low * 1.000001 for edge in edges[1:]), 1)
    return (
        (edges[0], *edges[n:]),
        (sum(seen[:n]), *seen[n:]),
        (sum(chance[:n]), *chance[n:]),
    )


def _positions(edges: tuple[float, ...]) -> list[float]:
    logs = [log10(edge) for edge in edges[1:]]
    scale = scales.LinearScale(logs[0], logs[-1], _LEFT + _FIRST_BIN_PX, WIDTH - _RIGHT)
    return [_LEFT, *(scale.at(value) for value in logs)]


def _bars(xs: list[float], values: tuple[int, ...], y: scales.LinearScale) -> str:
    floor = y.at(0)
    return "".join(
        f"M{xs[i] + 0.5:.1f} {floor:.1f}V{y.at(value):.1f}H{xs[i + 1] - 0.5:.1f}V{floor:.1f}z"
        for i, value in enumerate(values)
        if value
    )


def _steps(xs: list[float], values: tuple[float, ...], y: scales.LinearScale) -> str:
    return f"M{xs[0]:.1f} {y.at(values[0]):.1f}" + "".join(
        f"V{y.at(value):.1f}H{xs[i + 1]:.1f}" for i, value in enumerate(values)
    )


def _lag_axis(edges: tuple[float, ...], xs: list[float], floor: float) -> list[str]:
    logs = scales.LinearScale(log10(edges[1]), log10(edges[-1]), xs[1], xs[-1])
    parts: list[str] = [
        svg.line(xs[0], floor, xs[0], floor + 4, "axis"),
        svg.text(xs[0], floor + 17, "0", class_="tick", text_anchor="middle"),
    ]
    for value_ms, text in scales.lag_ticks(edges):
        x = logs.at(log10(value_ms))
        parts.append(svg.line(x, floor, x, floor + 4, "axis"))
        if text != "1 min":
            anchor = "end" if x > WIDTH - 30 else "middle"
            parts.append(
                svg.text(min(x, WIDTH - 2), floor + 17, text, class_="tick", text_anchor=anchor)
            )
    return parts
