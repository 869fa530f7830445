"""One account's orders on one line of a timeline: glyphs, or a density band where they crowd.

A buy points up and a sell down; orders inside an episode are filled, own orders are hollow. Where
glyphs would cover each other the lane becomes a band: buys grow up from its middle, sells down,
the darker part are the orders inside an episode.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from surveillance.findings import TimelineOrder
from surveillance.web.charts import svg
from surveillance.web.charts.scales import LinearScale
from surveillance.web.markup import element

LANE_HEIGHT = 26
GLYPH_COLUMN_PX = 6
"""Glyphs are as wide as this; more than `CROWD` of them over each other cannot be told apart."""
CROWD = 5
MOST_GLYPHS = 2_400
"""Most glyphs of one lane: keeps a page light."""
_BAND_COLUMN_PX = 3
_RADIUS = 4.0


@dataclass(frozen=True, slots=True)
class Lane:
    """A line of the timeline: its label, the role that colors it and its orders by time."""

    label: str
    role: str
    orders: tuple[TimelineOrder, ...]


def is_crowded(orders: Sequence[TimelineOrder], x: LinearScale) -> bool:
    """Return whether glyphs of these orders would cover each other.

    True when the glyph columns that hold any order hold more than `CROWD` on average, or when
    there are more than `MOST_GLYPHS` orders.
    """
    columns = {int(x.at(order.event_time_ns) // GLYPH_COLUMN_PX) for order in orders}
    return len(orders) > min(CROWD * max(len(columns), 1), MOST_GLYPHS)


def draw_lane(lane: Lane, top: float, x: LinearScale) -> list[str]:
    """Draw one lane between `top` and `top + LANE_HEIGHT`."""
    middle = top + LANE_HEIGHT / 2
    parts: list[str] = [svg.line(x.start, middle, x.stop, middle, "lane")]
    if is_crowded(lane.orders, x):
        return [*parts, *_band(lane, middle, x)]
    return [*parts, *glyphs(lane, x, lambda order: middle)]


def glyphs(lane: Lane, x: LinearScale, y: Callable[[TimelineOrder], float]) -> list[str]:
    """Return four paths at most: buy and sell, filled where copied and hollow where not."""
    paths: dict[tuple[bool, str], list[str]] = {}
    for order in lane.orders:
        is_buy = order.side == "buy"
        shift = -1.5 if is_buy else 1.5
        path = svg.triangle(x.at(order.event_time_ns), y(order) + shift, _RADIUS, up=is_buy)
        paths.setdefault((order.copied, order.side), []).append(path)
    return [
        element(
            "path",
            d="".join(path),
            class_=f"order order-{lane.role} {'order-copied' if copied else 'order-own'}",
        )
        for (copied, _), path in sorted(paths.items())
    ]


def _band(lane: Lane, middle: float, x: LinearScale) -> list[str]:
    counts: dict[tuple[str, int], list[int]] = {}
    for order in lane.orders:
        column = int((x.at(order.event_time_ns) - x.start) // _BAND_COLUMN_PX)
        side = "buy" if order.side == "buy" else "sell"
        tally = counts.setdefault((side, column), [0, 0])
        tally[0] += 1
        tally[1] += order.copied
    top = max(tally[0] for tally in counts.values())
    room = LANE_HEIGHT / 2 - 1
    paths: dict[str, list[str]] = {"order-own": [], "order-copied": []}
    for (side, column), (n_orders, n_copied) in sorted(counts.items()):
        left = x.start + column * _BAND_COLUMN_PX
        sign = -1 if side == "buy" else 1
        for kind, n in (("order-own", n_orders), ("order-copied", n_copied)):
            if n:
                height = sign * room * n / top
                paths[kind].append(
                    f"M{left:.1f} {middle:.1f}v{height:.1f}h{_BAND_COLUMN_PX}v{-height:.1f}z"
                )
    return [
        element("path", d="".join(path), class_=f"band band-{lane.role} {kind}")
        for kind, path in paths.items()
        if path
    ]
