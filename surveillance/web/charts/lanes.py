"""One account's orders on one line of a timeline: glyphs, or a density band where they crowd.

A buy points up and a sell down; orders inside an episode are filled, own orders are hollow. Where
glyphs would cover each other all lanes become bands of one scale: buys grow up from the middle,
sells down, the darker part are the orders inside an episode. A lane that several accounts share
shows their mean, so that its height compares with the others.
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
CROWD = 3
MOST_GLYPHS = 2_400
"""Most glyphs of one lane: keeps a page light."""
_BAND_COLUMN_PX = 3
_LEAST_BAND_PX = 2.0  # one order of a quiet lane stays visible beside a busy one
_RADIUS = 4.0


@dataclass(frozen=True, slots=True)
class Lane:
    """A line of the timeline: its label, the role that colors it and its orders by time."""

    label: str
    role: str
    orders: tuple[TimelineOrder, ...]
    n_accounts: int = 1


@dataclass(slots=True)
class _Tally:
    n_orders: int = 0
    n_copied: int = 0


Tallies = dict[tuple[str, int], _Tally]
"""Orders of a lane by side and column of the band."""


def is_crowded(orders: Sequence[TimelineOrder], x: LinearScale) -> bool:
    """Return whether glyphs of these orders would cover each other.

    True when the glyph columns that hold any order hold more than `CROWD` on average, or when
    there are more than `MOST_GLYPHS` orders.
    """
    columns = {int(x.at(order.event_time_ns) // GLYPH_COLUMN_PX) for order in orders}
    return len(orders) > min(CROWD * max(len(columns), 1), MOST_GLYPHS)


def are_crowded(lanes: Sequence[Lane], x: LinearScale) -> bool:
    """Return whether any account's lane is crowded: then all are drawn as bands."""
    return any(is_crowded(lane.orders, x) for lane in lanes if lane.n_accounts == 1)


def draw_lanes(lanes: Sequence[Lane], top: float, x: LinearScale) -> list[str]:
    """Draw lanes below each other from `top` on, all in one form."""
    middles = [top + LANE_HEIGHT * (row + 0.5) for row in range(len(lanes))]
    parts: list[str] = [svg.line(x.start, middle, x.stop, middle, "lane") for middle in middles]
    if not are_crowded(lanes, x):
        for lane, middle in zip(lanes, middles, strict=True):
            parts += glyphs(lane, x, _level(middle))
        return parts
    tallies = [_tally(lane, x) for lane in lanes]
    highest = max(
        tally.n_orders / lane.n_accounts
        for lane, counted in zip(lanes, tallies, strict=True)
        for tally in counted.values()
    )
    for lane, counted, middle in zip(lanes, tallies, middles, strict=True):
        parts += _band(lane, counted, middle, highest, x)
    return parts


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


def _level(y: float) -> Callable[[TimelineOrder], float]:
    return lambda order: y


def _tally(lane: Lane, x: LinearScale) -> Tallies:
    counted: Tallies = {}
    for order in lane.orders:
        column = int((x.at(order.event_time_ns) - x.start) // _BAND_COLUMN_PX)
        side = "buy" if order.side == "buy" else "sell"
        tally = counted.setdefault((side, column), _Tally())
        tally.n_orders += 1
        tally.n_copied += order.copied
    return counted


def _band(lane: Lane, counted: Tallies, middle: float, highest: float, x: LinearScale) -> list[str]:
    room = (LANE_HEIGHT / 2 - 1) / (highest * lane.n_accounts)
    paths: dict[str, list[str]] = {"order-own": [], "order-copied": []}
    for (side, column), tally in sorted(counted.items()):
        left = x.start + column * _BAND_COLUMN_PX
        sign = -1 if side == "buy" else 1
        for kind, n in (("order-own", tally.n_orders), ("order-copied", tally.n_copied)):
            if n:
                height = sign * max(room * n, _LEAST_BAND_PX)
                paths[kind].append(
                    f"M{left:.1f} {middle:.1f}v{height:.1f}h{_BAND_COLUMN_PX}v{-height:.1f}z"
                )
    return [
        element("path", d="".join(path), class_=f"band band-{lane.role} {kind}")
        for kind, path in paths.items()
        if path
    ]
