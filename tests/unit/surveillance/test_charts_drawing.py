"""Charts: valid SVG, words and numbers that agree with the findings, hostile ids inert."""

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from helpers.findings import HOSTILE_IDS, START_NS, build_findings

from surveillance.findings import (
    Graph,
    GraphEdge,
    GraphNode,
    LagHistogram,
    Member,
    PlaceboFinding,
    TimelineOrder,
)
from surveillance.web.charts import (
    Figure,
    account_graph,
    lag_histogram,
    order_timeline,
    placebo_panel,
)
from surveillance.web.charts.graph import LABEL_ALL_UP_TO, N_STRONGEST
from surveillance.web.charts.timeline import N_FOLLOWER_LANES

SECOND_NS = 1_000_000_000
ALLOWED_TAGS = {"svg", "title", "desc", "path", "line", "rect", "text"}


def parse(figure: Figure) -> ElementTree.Element:
    root = ElementTree.fromstring(figure.svg)
    for found in root.iter():
        assert found.tag in ALLOWED_TAGS
        assert "style" not in found.attrib
        assert not any(name.lower().startswith("on") for name in found.attrib)
        assert not any("nan" in value or "inf" in value for value in found.attrib.values())
    return root


def texts(root: ElementTree.Element, class_: str) -> list[str]:
    return [found.text or "" for found in root.iter("text") if found.get("class") == class_]


def make_member(number: int, *, role: str = "follower", log10_e: float = 10.0) -> Member:
    return Member(
        f"a{number:02d}", role, None, None, 1.0, False, 5.0, 1.0, 3, 4, 0.75, log10_e, False
    )


def make_order(account_id: str, time_ns: int, *, copied: bool = True) -> TimelineOrder:
    return TimelineOrder(account_id, time_ns, "ES", "buy", 1.0, None, copied)


def all_figures() -> list[Figure]:
    findings = build_findings(n_groups=len(HOSTILE_IDS))
    figures = [placebo_panel(findings.placebo, findings.manifest)]
    for found in findings.groups:
        figures.append(account_graph(found.graph))
        figures.append(lag_histogram(found.lag_histogram))
        figures.append(order_timeline(found.timeline, found.group.members))
    return figures


def test_every_chart_is_inert_markup_with_a_name_and_a_summary() -> None:
    for figure in all_figures():
        root = parse(figure)
        assert root.get("role") == "img"
        labels = (root.get("aria-labelledby") or "").split()
        described = {found.get("id"): found.text for found in root.iter() if found.get("id")}
        assert [described[label] for label in labels] == [figure.title, figure.summary]
        assert all(len(row) == len(figure.columns) for row in figure.rows)


def test_hostile_ids_are_shown_escaped_and_visible() -> None:
    for figure in all_figures():
        assert "<script" not in figure.svg
        assert "<img" not in figure.svg
        shown = "".join(
            (figure.svg, figure.summary, *(cell for row in figure.rows for cell in row))
        )
        assert not re.search("[\u200b-\u200f\u202a-\u202e\u2066-\u2069\x00-\x08\x1b]", shown)
        assert "L" * 100 not in shown


def test_the_same_findings_give_the_same_bytes() -> None:
    assert [figure.svg for figure in all_figures()] == [figure.svg for figure in all_figures()]


def test_lag_bars_stand_in_the_table_with_their_units() -> None:
    figure = lag_histogram(
        LagHistogram((0.0, 1.0, 10.0, 1_000.0), observed=(0, 4, 2), expected=(0.5, 0.25, 1.0))
    )
    assert figure.rows == (
        ("0 ms", "1 ms", "0", "0.5"),
        ("1 ms", "10 ms", "4", "0.25"),
        ("10 ms", "1 s", "2", "1"),
    )
    assert "from 1 ms to 10 ms: 4 seen, 0.25 expected" in figure.summary
    ticks = texts(parse(figure), "tick")
    assert {"0", "1 ms", "10 ms", "100 ms", "1 s"} <= set(ticks)


def test_microseconds_have_their_bins_and_empty_ones_are_joined() -> None:
    edges = (0.0, 0.01, 0.1, 1.0, 10.0, 100.0)
    fast = lag_histogram(LagHistogram(edges, (0, 5, 1, 0, 0), (0.1,) * 5))
    assert [row[:3] for row in fast.rows[:2]] == [("0 ms", "10 µs", "0"), ("10 µs", "0.1 ms", "5")]
    slow = lag_histogram(LagHistogram(edges, (0, 0, 0, 0, 5), (0.1,) * 5))
    assert slow.rows[0] == ("0 ms", "1 ms", "0", "0.3")
    assert "copied or not" in slow.summary


def test_an_empty_histogram_says_so() -> None:
    figure = lag_histogram(LagHistogram((), (), ()))
    assert "No lag was measured" in parse(figure).findtext("text", "")


def test_a_histogram_without_any_lag_still_draws_its_axis() -> None:
    parse(lag_histogram(LagHistogram((0.0, 1.0, 10.0), (0, 0), (0.0, 0.0))))


def test_leader_comes_first_and_followers_by_evidence() -> None:
    members = (
        make_member(1, log10_e=5.0),
        make_member(2, log10_e=9.0),
        make_member(0, role="leader"),
    )
    orders = tuple(make_order(f"a0{n}", START_NS + n * SECOND_NS) for n in range(3))
    labels = texts(parse(order_timeline(orders, members)), "lane-label")
    assert labels == ["a00", "a02", "a01"]


def test_accounts_beyond_the_lanes_share_the_last_one() -> None:
    members = (make_member(0, role="leader"), *(make_member(n) for n in range(1, 40)))
    orders = tuple(
        make_order(m.account_id, START_NS + n * SECOND_NS) for n, m in enumerate(members)
    )
    labels = texts(parse(order_timeline(orders, members)), "lane-label")
    assert len(labels) == 1 + N_FOLLOWER_LANES + 1
    assert labels[-1] == f"{39 - N_FOLLOWER_LANES} other accounts"


def test_copied_and_own_orders_differ_in_shape_and_table() -> None:
    orders = (make_order("a00", START_NS), make_order("a00", START_NS + SECOND_NS, copied=False))
    figure = order_timeline(orders, (make_member(0, role="leader"),))
    classes = {found.get("class") for found in parse(figure).iter("path")}
    assert {"order order-leader order-copied", "order order-leader order-own"} <= classes
    assert [row[-1] for row in figure.rows] == ["in an episode", "own"]


def test_crowded_lanes_become_a_band() -> None:
    crowd = tuple(make_order("a00", START_NS + n * 1_000_000) for n in range(20_000))
    figure = order_timeline(crowd, (make_member(0, role="leader"),))
    classes = {found.get("class") for found in parse(figure).iter("path")}
    assert "band band-leader order-copied" in classes
    assert len(figure.svg) < 60_000
    assert figure.n_left_out == 20_000 - len(figure.rows)


def test_one_crowded_lane_makes_all_lanes_bands_of_one_scale() -> None:
    crowd = [make_order("a00", START_NS + n * 1_000_000) for n in range(5_000)]
    lone = [make_order("a01", START_NS + 2_500_000_000)]
    members = (make_member(0, role="leader"), make_member(1))
    figure = order_timeline((*crowd, *lone), members)
    paths = {found.get("class"): found.get("d") or "" for found in parse(figure).iter("path")}
    heights = {
        role: max(abs(float(h)) for h in re.findall(r"v(-?[\d.]+)h", paths[f"band {role}"]))
        for role in ("band-leader order-copied", "band-follower order-copied")
    }
    assert heights["band-leader order-copied"] == 12.0
    assert heights["band-follower order-copied"] == 2.0  # still visible
    assert {entry.mark for entry in figure.legend} >= {"dark", "light"}


def test_the_legend_tells_a_side_from_an_episode() -> None:
    figure = order_timeline((make_order("a00", START_NS),), (make_member(0, role="leader"),))
    assert [(entry.mark, entry.text) for entry in figure.legend] == [
        ("up", "up: buy"),
        ("down", "down: sell"),
        ("copied", "filled: in an episode"),
        ("own", "hollow: own order"),
    ]


def test_a_window_shows_only_its_orders_and_spans_its_whole_time() -> None:
    orders = tuple(make_order("a00", START_NS + n * SECOND_NS) for n in range(100))
    window = (START_NS + 10 * SECOND_NS, START_NS + 19 * SECOND_NS)
    figure = order_timeline(orders, (make_member(0, role="leader"),), window_ns=window)
    assert len(figure.rows) == 10


def test_no_order_in_a_window_says_so() -> None:
    figure = order_timeline((), (make_member(0, role="leader"),), window_ns=(START_NS, START_NS))
    assert "No order" in parse(figure).findtext("text", "")


@pytest.mark.parametrize("price", [5_000.25, 0.0, -37.63])
def test_one_order_at_one_price_has_an_axis(price: float) -> None:
    order = TimelineOrder("a00", START_NS, "CL", "sell", 1.0, price, True)
    parse(order_timeline((order,), (make_member(0, role="leader"),)))


def test_prices_are_drawn_only_for_one_instrument() -> None:
    one = [TimelineOrder("a00", START_NS + n, "CL", "buy", 1.0, 70.0 + n, True) for n in range(4)]
    two = [*one, TimelineOrder("a00", START_NS + 9, "ES", "buy", 1.0, 5_000.0, True)]
    members = (make_member(0, role="leader"),)
    heights = [
        float(parse(order_timeline(orders, members)).attrib["height"]) for orders in (one, two)
    ]
    assert heights[0] > heights[1]


def test_a_large_graph_labels_only_the_leader_and_the_strongest() -> None:
    nodes = [GraphNode("hub", "leader", "hub", 0.5, 0.5)]
    nodes += [
        GraphNode(f"f{n:02d}", "follower", f"f{n:02d}", (n % 8) / 8, n / 48) for n in range(48)
    ]
    edges = [GraphEdge("hub", f"f{n:02d}", "copies", float(n)) for n in range(48)]
    figure = account_graph(Graph(tuple(nodes), tuple(edges)))
    labels = texts(parse(figure), "node-label")
    assert labels[0] == "hub"
    assert 1 < len(labels) <= 1 + N_STRONGEST < LABEL_ALL_UP_TO
    assert set(labels) <= {"hub", *(f"f{n:02d}" for n in range(40, 48))}
    assert figure.rows[0] == ("hub", "f47", "copies", "log10 E 47.0")


def test_roles_and_edges_have_their_own_shapes() -> None:
    nodes = tuple(
        GraphNode(kind, kind, kind, 0.2 * n, 0.1 * n)
        for n, kind in enumerate(("leader", "follower", "ip", "device", "payment"))
    )
    edges = tuple(
        GraphEdge("leader", kind, name, 1.0)
        for kind, name in (
            ("follower", "copies"),
            ("ip", "ip"),
            ("device", "device"),
            ("payment", "payment"),
            ("nobody", "copies"),
        )
    )
    figure = account_graph(Graph(nodes, edges))
    paths = {found.get("class"): found.get("d") for found in parse(figure).iter("path")}
    assert len({re.sub(r"[\d. -]", "", d or "") for c, d in paths.items() if "node" in str(c)}) == 5
    assert {"edge edge-copies", "edge edge-ip", "edge edge-device", "edge edge-other"} <= set(paths)
    assert len(figure.rows) == 4


def test_an_empty_graph_is_drawn() -> None:
    assert "no nodes" in account_graph(Graph((), ())).summary


def test_the_placebo_panel_says_which_bound_is_passed() -> None:
    within = PlaceboFinding(1.0, 3, 4.0, 10, True, {"300 s": 1, "600 s": 2})
    above = PlaceboFinding(0.05, 2, 0.2, 0, False, {"300 s": 2})
    figure = placebo_panel((within, above), build_findings(n_groups=0).manifest)
    parse(figure)
    assert figure.rows == (
        ("0.05", "2", "0.2", "0", "above bound", "300 s: 2"),
        ("1", "3", "4", "10", "within bound", "300 s: 1, 600 s: 2"),
    )
    assert "1 above the bound" in figure.summary
    assert "bar-above" in figure.svg


def test_the_placebo_panel_explains_v_and_why_fewer_than_expected_is_no_fault() -> None:
    quiet = PlaceboFinding(10.0, 0, 40.0, 55, True, {"300 s": 0})
    figure = placebo_panel((quiet,), build_findings(n_groups=0).manifest)
    assert "v is the number of false pairs" in figure.summary
    assert "Fewer crossings than expected are no fault" in figure.summary
    assert "0, at most 55" in texts(parse(figure), "tick-strong")


def test_a_run_without_placebo_says_so() -> None:
    run = build_findings(n_groups=0).manifest
    assert "No placebo" in placebo_panel((), run).summary
    unfit = PlaceboFinding(10.0, 0, 0.0, 0, True, {})
    assert "No placebo" in placebo_panel((unfit,), run).summary
    alone = replace(run, counts={**run.counts, "accounts": 1})
    figure = placebo_panel((unfit,), alone)
    assert figure.summary == "1 account: nothing to compare."
    assert figure.rows == ()
