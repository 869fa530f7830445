"""The account graph: who copies whom, and what they share.

Positions come from the findings (unit square); the same seed gives the same picture. Roles differ
by shape and color, edges by dash: copied orders solid, addresses dashed, devices dotted.
"""

from surveillance.findings import Graph, GraphNode
from surveillance.web.charts import svg
from surveillance.web.charts.figure import Figure, LegendEntry
from surveillance.web.formats import evidence, small
from surveillance.web.markup import element

WIDTH, HEIGHT = 460, 340
LABEL_ALL_UP_TO = 14
"""Up to this many nodes every node has a label; above it, the leader and the strongest."""
N_STRONGEST = 8
_MARGIN_X, _MARGIN_Y = 60, 30
_LABEL_CHARACTERS = 20
_CHARACTER_WIDTH = 6.6
_ACCOUNT_KINDS = ("leader", "follower")
_SHAPES = {
    "leader": svg.square,
    "follower": svg.circle,
    "ip": svg.diamond,
    "device": svg.triangle,
}
_NAMES = {"ip": "address"}


def account_graph(graph: Graph, *, name: str = "graph", table_limit: int = 200) -> Figure:
    """Draw leader, followers and shared values with the edges between them.

    Parameters
    ----------
    graph : Graph
        Nodes in the unit square; edges between their ids.
    name : str
        Element id of the figure.
    table_limit : int
        Most edges in the table, strongest first.

    Returns
    -------
    Figure
        The chart; edges to unknown nodes are left out.
    """
    points = {node.node_id: _point(node) for node in graph.nodes}
    known = {node.node_id: node for node in graph.nodes}
    edges = sorted(
        (e for e in graph.edges if e.source in known and e.target in known),
        key=lambda e: (e.kind != "copies", -e.weight, e.source, e.target),
    )
    strength: dict[str, float] = {}
    for edge in edges:
        if edge.kind == "copies":
            for end in (edge.source, edge.target):
                strength[end] = max(strength.get(end, 0.0), edge.weight)
    paths: dict[str, list[str]] = {}
    for edge in edges:
        (x1, y1), (x2, y2) = points[edge.source], points[edge.target]
        paths.setdefault(_edge_class(edge.kind), []).append(f"M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}")
    radius = 6.0 if len(graph.nodes) <= 60 else 4.0
    children: list[str] = [
        element("path", d="".join(d), class_=f"edge {kind}") for kind, d in sorted(paths.items())
    ]
    children += [
        element(
            "path",
            d=_SHAPES.get(node.kind, svg.cross)(
                *points[node.node_id], radius + 2 if node.kind == "leader" else radius
            ),
            class_=f"node node-{node.kind}" if node.kind in _SHAPES else "node node-other",
        )
        for node in sorted(graph.nodes, key=lambda n: (n.kind == "leader", n.node_id))
    ]
    children += _labels(graph, points, strength, radius)
    title, summary = "Account graph", _summary(graph)
    kinds = {node.kind for node in graph.nodes}
    legend = [LegendEntry(kind, _NAMES.get(kind, kind)) for kind in _SHAPES if kind in kinds]
    if kinds - set(_SHAPES):
        legend.append(LegendEntry("other", "other tie"))
    return Figure(
        name=name,
        title=title,
        summary=summary,
        svg=svg.drawing(
            name, title=title, summary=summary, width=WIDTH, height=HEIGHT, children=children
        ),
        columns=("from", "to", "edge", "weight#"),
        rows=tuple(
            (
                svg.label(known[e.source].label),
                svg.label(known[e.target].label),
                "copies" if e.kind == "copies" else _NAMES.get(e.kind, svg.label(e.kind)),
                f"log10 E {evidence(e.weight)}"
                if e.kind == "copies"
                else f"{small(e.weight)} bits",
            )
            for e in edges[:table_limit]
        ),
        legend=tuple(legend),
        n_left_out=max(len(edges) - table_limit, 0),
    )


def _point(node: GraphNode) -> tuple[float, float]:
    x, y = min(max(node.x, 0.0), 1.0), min(max(node.y, 0.0), 1.0)
    return _MARGIN_X + x * (WIDTH - 2 * _MARGIN_X), _MARGIN_Y + y * (HEIGHT - 2 * _MARGIN_Y)


def _edge_class(kind: str) -> str:
    return {"copies": "edge-copies", "ip": "edge-ip", "device": "edge-device"}.get(
        kind, "edge-other"
    )


def _labels(
    graph: Graph,
    points: dict[str, tuple[float, float]],
    strength: dict[str, float],
    radius: float,
) -> list[str]:
    """Place labels beside their nodes, the most telling first; colliding ones are left out."""
    ranked = sorted(
        graph.nodes,
        key=lambda n: (
            n.kind != "leader",
            n.kind not in _ACCOUNT_KINDS,
            -strength.get(n.node_id, 0.0),
            n.node_id,
        ),
    )
    if len(ranked) > LABEL_ALL_UP_TO:
        n_leaders = sum(node.kind == "leader" for node in ranked)
        ranked = ranked[: n_leaders + N_STRONGEST]
    taken = [(x - radius, y - radius, x + radius, y + radius) for x, y in points.values()]
    parts: list[str] = []
    for node in ranked:
        x, y = points[node.node_id]
        content = svg.label(node.label, limit=_LABEL_CHARACTERS)
        width = len(content) * _CHARACTER_WIDTH
        places = (
            (x + radius + 4, y + 4, "start", x + radius + 4),
            (x - radius - 4, y + 4, "end", x - radius - 4 - width),
            (x, y - radius - 5, "middle", x - width / 2),
            (x, y + radius + 13, "middle", x - width / 2),
        )
        for text_x, text_y, anchor, left in places:
            box = (left, text_y - 10, left + width, text_y + 3)
            if left < 2 or left + width > WIDTH - 2 or box[1] < 0 or box[3] > HEIGHT:
                continue
            if any(_overlap(box, other) for other in taken):
                continue
            taken.append(box)
            parts.append(svg.text(text_x, text_y, content, class_="node-label", text_anchor=anchor))
            break
    return parts


def _overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _summary(graph: Graph) -> str:
    counts: dict[str, int] = {}
    for node in graph.nodes:
        counts[node.kind] = counts.get(node.kind, 0) + 1
    n_copies = sum(edge.kind == "copies" for edge in graph.edges)
    nodes = ", ".join(
        f"{n} {_NAMES.get(kind, svg.label(kind))}{'' if n == 1 else 'es' if kind == 'ip' else 's'}"
        for kind, n in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    )
    n_ties = len(graph.edges) - n_copies
    return (
        f"{nodes or 'no nodes'}; {n_copies} copy edge{'' if n_copies == 1 else 's'}, "
        f"{n_ties} shared-value edge{'' if n_ties == 1 else 's'}."
    )
