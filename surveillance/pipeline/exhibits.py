"""Exhibits of a group: what a person looks at to check the verdict.

Long lists are cut at a stated length, earliest first; counts elsewhere are always of everything.
"""

import hashlib
from collections.abc import Sequence
from functools import lru_cache

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from models.columns import BUY, DecisionColumns
from models.lags import measure_lags
from models.linkage import Ties
from models.params import DetectionParams
from models.roles import Roles
from surveillance.findings import (
    Episode,
    EpisodeOrder,
    Graph,
    GraphEdge,
    GraphNode,
    Group,
    LagHistogram,
    TieFinding,
    TimelineOrder,
)
from surveillance.pipeline.encode import EncodedOrders

MAX_EPISODES = 2_000
MAX_TIMELINE_ORDERS = 20_000
MAX_GRAPH_TIES = 40
_LAYOUT_SEED = 0
_SPRING_NODES = 150


def hash_value(kind: str, value: str) -> str:
    """Return a short digest of a shared value: the same value, the same digest.

    It is not a secret: whoever can list all possible values can find the one behind it.
    """
    return hashlib.sha256(f"{kind}\0{value}".encode()).hexdigest()[:16]


def list_episodes(
    roles: Roles, decisions: DecisionColumns, orders: EncodedOrders
) -> tuple[Episode, ...]:
    """Return the first episodes, the source's decision and its repetitions side by side."""
    rows_of: dict[int, list[tuple[int, str]]] = {
        int(row): [(int(row), "follower" if roles.off_venue else "leader")]
        for row in roles.episode_row[:MAX_EPISODES]
    }
    for follower in roles.followers:
        for source, own in zip(
            follower.source_row.tolist(), follower.own_row.tolist(), strict=True
        ):
            if source in rows_of:
                rows_of[source].append((own, "follower"))
    times = decisions.event_time_ns
    return tuple(
        Episode(
            number=number,
            time_ns=int(times[source]),
            orders=tuple(
                _episode_order(row, source, role, decisions, orders)
                for row, role in sorted(found, key=lambda item: (times[item[0]], item[0]))
            ),
        )
        for number, (source, found) in enumerate(sorted(rows_of.items()), start=1)
    )


def list_cluster_episodes(
    rows_of: Sequence[NDArray[np.int64]], decisions: DecisionColumns, orders: EncodedOrders
) -> tuple[Episode, ...]:
    """Return one episode a run of identical orders, by time, the first order before the others."""
    times = decisions.event_time_ns
    in_order = sorted(rows_of, key=lambda rows: int(times[rows[0]]))
    return tuple(
        Episode(
            number=number,
            time_ns=int(times[rows[0]]),
            orders=tuple(
                _episode_order(row, int(rows[0]), "follower", decisions, orders)
                for row in rows[:MAX_EPISODES].tolist()
            ),
        )
        for number, rows in enumerate(in_order, start=1)
    )


def list_timeline(
    roles: Roles, decisions: DecisionColumns, orders: EncodedOrders
) -> tuple[TimelineOrder, ...]:
    """Return the decisions of all members in event order, copied ones first when cut."""
    copied = np.zeros(len(decisions), np.bool_)
    copied[roles.episode_row] = True
    for follower in roles.followers:
        copied[follower.own_row] = True
    members = [roles.source, *(f.account for f in roles.followers)]
    rows = np.flatnonzero(np.isin(decisions.account, members))
    return list_decisions(rows, copied, decisions, orders)


def list_decisions(
    rows: NDArray[np.int64],
    copied: NDArray[np.bool_],
    decisions: DecisionColumns,
    orders: EncodedOrders,
) -> tuple[TimelineOrder, ...]:
    """Return the chosen decisions in event order, copied ones first when cut."""
    if rows.size > MAX_TIMELINE_ORDERS:
        rows = np.sort(rows[np.argsort(~copied[rows], kind="stable")][:MAX_TIMELINE_ORDERS])
    return tuple(
        TimelineOrder(
            account_id=orders.accounts[decisions.account[row]],
            event_time_ns=int(decisions.event_time_ns[row]),
            instrument_id=orders.instruments[decisions.instrument[row]],
            side="buy" if decisions.side[row] == BUY else "sell",
            quantity=_quantity(decisions, row, orders),
            price=_price(decisions, row, orders),
            copied=bool(copied[row]),
        )
        for row in rows.tolist()
    )


def list_ties(ties: Ties, orders: EncodedOrders) -> tuple[TieFinding, ...]:
    """Return what the members share, the values hashed."""
    return tuple(
        TieFinding(
            kind=tie.kind,
            value_hash=hash_value(tie.kind, tie.value),
            accounts=tuple(sorted(orders.accounts[code] for code in tie.accounts)),
            crowd=tie.crowd,
            weight_bits=round(tie.weight_bits, 4),
        )
        for tie in ties.ties
    )


def list_lags(roles: Roles, decisions: DecisionColumns, params: DetectionParams) -> LagHistogram:
    """Return the followers' lags beside those that chance would give."""
    lags = measure_lags(roles, decisions, look_back_ns=params.rank_test.look_back_ns)
    return LagHistogram(
        edges_ms=tuple(round(float(edge), 6) for edge in lags.edges_ms),
        observed=tuple(int(n) for n in lags.observed),
        expected=tuple(round(float(n), 6) for n in lags.expected),
    )


def draw_graph(group: Group, *, follows: bool = True) -> Graph:
    """Place the members and what they share in the unit square; same group, same picture.

    Without `follows` nobody is known to repeat anybody: only what is shared connects.
    """
    kinds = {member.account_id: member.role for member in group.members}
    source = group.members[0].account_id
    edges = [
        GraphEdge(source, member.account_id, "copies", member.log10_e or 0.0)
        for member in group.members[1:]
        if follows
    ]
    labels = {account_id: account_id for account_id in kinds}
    for tie in group.ties[:MAX_GRAPH_TIES]:
        node = f"{tie.kind}:{tie.value_hash}"
        kinds[node], labels[node] = tie.kind, tie.value_hash[:8]
        edges.extend(GraphEdge(node, a, tie.kind, tie.weight_bits) for a in tie.accounts)
    place_of = {node: place for place, node in enumerate(kinds)}
    xy = _places(len(kinds), tuple((place_of[e.source], place_of[e.target]) for e in edges))
    nodes = tuple(
        GraphNode(node, kind, labels[node], round(x, 4), round(y, 4))
        for (node, kind), (x, y) in zip(kinds.items(), xy.tolist(), strict=True)
    )
    return Graph(nodes, tuple(edges))


@lru_cache(maxsize=256)
def _places(n_nodes: int, edges: tuple[tuple[int, int], ...]) -> NDArray[np.float64]:
    """Return a place in the unit square for every node; many groups are connected alike."""
    network: nx.Graph[int] = nx.Graph()
    network.add_nodes_from(range(n_nodes))
    network.add_edges_from(edges)
    if edges and n_nodes <= _SPRING_NODES:
        places = nx.spring_layout(network, seed=_LAYOUT_SEED)
    else:
        places = nx.circular_layout(network)
    xy = np.array([places[node] for node in range(n_nodes)])
    span = np.maximum(xy.max(axis=0) - xy.min(axis=0), 1e-9)
    scaled: NDArray[np.float64] = (xy - xy.min(axis=0)) / span
    return scaled


def _episode_order(
    row: int, source: int, role: str, decisions: DecisionColumns, orders: EncodedOrders
) -> EpisodeOrder:
    times = decisions.event_time_ns
    return EpisodeOrder(
        account_id=orders.accounts[decisions.account[row]],
        role=role,
        event_time_ns=int(times[row]),
        lag_ms=float(times[row] - times[source]) / 1e6,
        instrument_id=orders.instruments[decisions.instrument[row]],
        side="buy" if decisions.side[row] == BUY else "sell",
        quantity=_quantity(decisions, row, orders),
        price=_price(decisions, row, orders),
        quantity_lots=int(decisions.quantity_lots[row]),
    )


def _quantity(decisions: DecisionColumns, row: int, orders: EncodedOrders) -> float:
    lot = orders.lot_size[decisions.instrument[row]]
    return round(float(decisions.quantity_lots[row] * lot), 9)


def _price(decisions: DecisionColumns, row: int, orders: EncodedOrders) -> float | None:
    if not decisions.has_price[row]:
        return None
    return round(float(decisions.price_ticks[row] * orders.tick_size[decisions.instrument[row]]), 9)
