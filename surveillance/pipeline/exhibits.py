"""Exhibits of a group: what a person looks at to check the verdict.

Long lists are cut at a stated length, earliest first; counts elsewhere are always of everything.
"""

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from models.columns import BUY, DecisionColumns, is_among
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
from surveillance.pipeline.encoded import EncodedOrders

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
    rows = np.array([row for found in rows_of.values() for row, _ in found], np.int64)
    shown = _shown(rows, decisions, orders)
    return tuple(
        Episode(
            number=number,
            time_ns=shown[source].event_time_ns,
            orders=tuple(
                _episode_order(shown[row], shown[source], role)
                for row, role in sorted(
                    found, key=lambda item: (shown[item[0]].event_time_ns, item[0])
                )
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
    shown = _shown(np.concatenate([rows[:MAX_EPISODES] for rows in in_order]), decisions, orders)
    return tuple(
        Episode(
            number=number,
            time_ns=int(times[rows[0]]),
            orders=tuple(
                _episode_order(shown[row], shown[int(rows[0])], "follower")
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
    rows = np.flatnonzero(is_among(decisions.account, members))
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
    shown = _shown(rows, decisions, orders)
    return tuple(
        TimelineOrder(
            account_id=one.account_id,
            event_time_ns=one.event_time_ns,
            instrument_id=one.instrument_id,
            side=one.side,
            quantity=one.quantity,
            price=one.price,
            copied=is_copied,
        )
        for one, is_copied in zip(shown.values(), copied[rows].tolist(), strict=True)
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


class _Shown(NamedTuple):
    """A decision as people read it."""

    account_id: str
    event_time_ns: int
    instrument_id: str
    side: str
    quantity: float
    price: float | None
    quantity_lots: int


def _shown(
    rows: NDArray[np.int64], decisions: DecisionColumns, orders: EncodedOrders
) -> dict[int, _Shown]:
    """Return the decisions of some rows, by row."""
    chosen = decisions.take(rows)
    lot, tick = orders.lot_size[chosen.instrument], orders.tick_size[chosen.instrument]
    prices = zip(_rounded(chosen.price_ticks * tick), chosen.has_price.tolist(), strict=True)
    shown = map(
        _Shown,
        map(orders.accounts.__getitem__, chosen.account.tolist()),
        chosen.event_time_ns.tolist(),
        map(orders.instruments.__getitem__, chosen.instrument.tolist()),
        np.where(chosen.side == BUY, "buy", "sell").tolist(),
        _rounded(chosen.quantity_lots * lot),
        (price if has_price else None for price, has_price in prices),
        chosen.quantity_lots.tolist(),
    )
    return dict(zip(rows.tolist(), shown, strict=True))


def _rounded(values: NDArray[np.float64]) -> list[float]:
    return [round(value, 9) for value in values.tolist()]


def _episode_order(order: _Shown, source: _Shown, role: str) -> EpisodeOrder:
    return EpisodeOrder(
        account_id=order.account_id,
        role=role,
        event_time_ns=order.event_time_ns,
        lag_ms=(order.event_time_ns - source.event_time_ns) / 1e6,
        instrument_id=order.instrument_id,
        side=order.side,
        quantity=order.quantity,
        price=order.price,
        quantity_lots=order.quantity_lots,
    )
