"""The order timeline: every order of leader and followers over time, in UTC.

The leader has the first lane, the strongest followers one each, the rest share the last. When all
orders are in one instrument and most carry a price, a panel above the lanes shows price.
"""

from collections.abc import Sequence

from surveillance.findings import Member, TimelineOrder
from surveillance.web.charts import scales, svg
from surveillance.web.charts.figure import Figure, LegendEntry
from surveillance.web.charts.lanes import (
    LANE_HEIGHT,
    Lane,
    are_crowded,
    draw_lanes,
    glyphs,
    is_crowded,
)
from surveillance.web.formats import count, quantity, utc_time
from surveillance.web.markup import element

WIDTH = 920
N_FOLLOWER_LANES = 10
"""Followers with a lane of their own; the others share one."""
PRICED_SHARE = 0.8
"""A price panel needs a price on at least this share of the orders."""
_LEFT, _RIGHT, _TOP, _BOTTOM = 148, 14, 8, 40
_INSET = 8  # keeps the first glyph clear of the labels
_PRICE_HEIGHT = 150
_N_PRICE_TICKS = 4
_FLAT_PRICE_MARGIN = 0.001
_N_TIME_TICKS = 8
_LABEL_CHARACTERS = 19
_SHORT_NS = 60_000_000_000  # below a minute the summary tells milliseconds
_GLYPH_LEGEND = (
    LegendEntry("up", "up: buy"),
    LegendEntry("down", "down: sell"),
    LegendEntry("copied", "filled: in an episode"),
    LegendEntry("own", "hollow: own order"),
)
_BAND_LEGEND = (
    LegendEntry("up", "up: buys"),
    LegendEntry("down", "down: sells"),
    LegendEntry("dark", "dark: in an episode"),
    LegendEntry("light", "light: own orders"),
    LegendEntry("none", "height: orders at once, one scale for all lanes"),
)


def order_timeline(
    orders: Sequence[TimelineOrder],
    members: Sequence[Member],
    *,
    window_ns: tuple[int, int] | None = None,
    name: str = "timeline",
    table_limit: int = 200,
    n_follower_lanes: int = N_FOLLOWER_LANES,
) -> Figure:
    """Draw the orders of a group over time.

    Parameters
    ----------
    orders : sequence of TimelineOrder
        Any order; drawn by (time, account).
    members : sequence of Member
        Roles and strength: who gets a lane of their own.
    window_ns : (int, int), optional
        Show only orders in this closed interval; the axis spans it whole.
    name : str
        Element id of the figure.
    table_limit : int
        Most orders in the table, the earliest first.
    n_follower_lanes : int
        Followers with a lane of their own, the strongest.

    Returns
    -------
    Figure
        The chart; without orders, an empty one that says so.
    """
    shown = sorted(
        (o for o in orders if window_ns is None or window_ns[0] <= o.event_time_ns <= window_ns[1]),
        key=lambda o: (o.event_time_ns, o.account_id, o.instrument_id, o.side, o.quantity),
    )
    title = "Order timeline"
    if not shown:
        summary = "No order of the group in this time."
        note = svg.text(WIDTH / 2, 60, summary, class_="note", text_anchor="middle")
        drawn = svg.drawing(
            name, title=title, summary=summary, width=WIDTH, height=110, children=[note]
        )
        return Figure(name, title, summary, drawn, (), ())
    first_ns, last_ns = window_ns or (shown[0].event_time_ns, shown[-1].event_time_ns)
    x = scales.LinearScale(first_ns, last_ns, _LEFT + _INSET, WIDTH - _RIGHT)
    lanes = _lanes(shown, members, n_follower_lanes)
    price_height = _PRICE_HEIGHT if has_prices(shown) else 0
    top = _TOP + price_height
    floor = top + LANE_HEIGHT * len(lanes) + 4
    children: list[str] = _time_axis(first_ns, last_ns, x, floor)
    if price_height:
        children += _price_panel(lanes, x, top)
    for row, lane in enumerate(lanes):
        lane_top = top + row * LANE_HEIGHT
        children.append(
            svg.text(
                _LEFT - 14,
                lane_top + LANE_HEIGHT / 2 + 4,
                svg.label(lane.label, limit=_LABEL_CHARACTERS),
                class_="lane-label",
                text_anchor="end",
            )
        )
        if lane.role in ("leader", "follower"):
            shape = svg.square if lane.role == "leader" else svg.circle
            children.append(
                element(
                    "path",
                    d=shape(_LEFT - 5, lane_top + LANE_HEIGHT / 2, 3.5),
                    class_=f"node node-{lane.role}",
                )
            )
    children += draw_lanes(lanes, top, x)
    summary = _summary(shown, lanes)
    return Figure(
        name=name,
        title=title,
        summary=summary,
        svg=svg.drawing(
            name,
            title=title,
            summary=summary,
            width=WIDTH,
            height=floor + _BOTTOM,
            children=children,
        ),
        columns=("time (UTC)", "account", "instrument", "side", "quantity#", "price#", "kind"),
        rows=tuple(
            (
                utc_time(o.event_time_ns, decimals=3),
                svg.label(o.account_id),
                svg.label(o.instrument_id),
                svg.label(o.side),
                quantity(o.quantity),
                quantity(o.price),
                "in an episode" if o.copied else "own",
            )
            for o in shown[:table_limit]
        ),
        legend=_legend(lanes, x),
        n_left_out=max(len(shown) - table_limit, 0),
    )


def has_prices(orders: Sequence[TimelineOrder]) -> bool:
    """Return whether a price axis makes sense: one instrument and `PRICED_SHARE` with a price."""
    n_priced = sum(order.price is not None for order in orders)
    return len({o.instrument_id for o in orders}) == 1 and n_priced >= PRICED_SHARE * len(orders)


def _legend(lanes: Sequence[Lane], x: scales.LinearScale) -> tuple[LegendEntry, ...]:
    if not are_crowded(lanes, x):
        return _GLYPH_LEGEND
    if all(lane.n_accounts == 1 for lane in lanes):
        return _BAND_LEGEND
    return (*_BAND_LEGEND, LegendEntry("none", "last lane: mean of its accounts"))


def _lanes(
    orders: Sequence[TimelineOrder], members: Sequence[Member], n_follower_lanes: int
) -> list[Lane]:
    by_account: dict[str, list[TimelineOrder]] = {}
    for order in orders:
        by_account.setdefault(order.account_id, []).append(order)
    ranked = sorted(members, key=lambda m: (m.role != "leader", -(m.log10_e or 0.0), m.account_id))
    leaders = [m for m in ranked if m.role == "leader"]
    followers = [m for m in ranked if m.role != "leader"]
    if len(followers) > n_follower_lanes + 1:
        followers = followers[:n_follower_lanes]
    lanes = [
        Lane(m.account_id, m.role, tuple(by_account.pop(m.account_id, ())))
        for m in (*leaders, *followers)
    ]
    if by_account:
        rest = [order for order in orders if order.account_id in by_account]
        n_members = len(by_account)
        lanes.append(
            Lane(
                f"{n_members} other account{'s' if n_members > 1 else ''}",
                "other",
                tuple(rest),
                n_members,
            )
        )
    return lanes


def _time_axis(first_ns: int, last_ns: int, x: scales.LinearScale, floor: float) -> list[str]:
    parts: list[str] = []
    for time_ns, clock, date in scales.time_ticks(first_ns, last_ns, _N_TIME_TICKS):
        at = x.at(time_ns)
        parts.append(svg.line(at, _TOP, at, floor, "grid"))
        parts.append(svg.text(at, floor + 15, clock, class_="tick", text_anchor="middle"))
        if date:
            parts.append(svg.text(at, floor + 29, date, class_="tick", text_anchor="middle"))
    parts.append(svg.line(_LEFT, floor, WIDTH - _RIGHT, floor, "axis"))
    parts.append(svg.text(_LEFT - 34, floor + 15, "UTC", class_="axis-title", text_anchor="end"))
    return parts


def _price_panel(lanes: Sequence[Lane], x: scales.LinearScale, bottom: float) -> list[str]:
    prices = [o.price for lane in lanes for o in lane.orders if o.price is not None]
    low, high = min(prices), max(prices)
    margin = 0.0 if high > low else abs(low) * _FLAT_PRICE_MARGIN or 1.0
    ticks = scales.round_ticks(low - margin, high + margin, _N_PRICE_TICKS)
    y = scales.LinearScale(ticks[0], ticks[-1], bottom - 14, _TOP + 6)
    parts: list[str] = []
    for tick in ticks:
        parts.append(svg.line(_LEFT, y.at(tick), WIDTH - _RIGHT, y.at(tick), "grid"))
        parts.append(
            svg.text(_LEFT - 10, y.at(tick) + 4, quantity(tick), class_="tick", text_anchor="end")
        )
    for lane in reversed(lanes):  # the leader is drawn last, on top
        priced = tuple(o for o in lane.orders if o.price is not None)
        if is_crowded(priced, x):
            parts += _price_band(Lane(lane.label, lane.role, priced), x, y)
        else:
            parts += glyphs(Lane(lane.label, lane.role, priced), x, lambda o: y.at(o.price or 0.0))
    return parts


def _price_band(lane: Lane, x: scales.LinearScale, y: scales.LinearScale) -> list[str]:
    """Draw the range of prices in each pixel column instead of one glyph an order."""
    ranges: dict[int, tuple[float, float]] = {}
    for order in lane.orders:
        column, price = int(x.at(order.event_time_ns)), order.price or 0.0
        low, high = ranges.get(column, (price, price))
        ranges[column] = (min(low, price), max(high, price))
    path = "".join(
        f"M{column} {y.at(low) + 1:.1f}V{y.at(high) - 1:.1f}"
        for column, (low, high) in sorted(ranges.items())
    )
    return [element("path", d=path, class_=f"price-band price-band-{lane.role}")]


def _summary(orders: Sequence[TimelineOrder], lanes: Sequence[Lane]) -> str:
    n_copied = sum(order.copied for order in orders)
    n_instruments = len({order.instrument_id for order in orders})
    n_leader = sum(len(lane.orders) for lane in lanes if lane.role == "leader")
    is_short = orders[-1].event_time_ns - orders[0].event_time_ns < _SHORT_NS
    first, last = (
        utc_time(o.event_time_ns, decimals=3 if is_short else 0) for o in (orders[0], orders[-1])
    )
    leader = f", {count(n_leader)} of them by the leader" if n_leader else ""
    return (
        f"{count(len(orders))} orders{leader}; {count(n_copied)} in an episode, "
        f"{count(len(orders) - n_copied)} own; {count(n_instruments)} "
        f"instrument{'' if n_instruments == 1 else 's'}; "
        f"{first} to {last} UTC."
    )
