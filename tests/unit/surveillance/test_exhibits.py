"""Exhibits: orders side by side, cut lists, hashed values, the same picture for the same group."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from helpers.findings import build_findings
from helpers.orders import MINUTE_NS, SECOND_NS, START_NS, decision_columns

from models.columns import DecisionColumns
from models.grouping import Cluster, Link
from models.params import DetectionParams
from models.roles import Roles, find_roles
from surveillance.pipeline import exhibits

PARAMS = DetectionParams()
ORDERS: Any = SimpleNamespace(
    accounts=("L", "F", "G"),
    instruments=("ES",),
    lot_size=np.array([0.1]),
    tick_size=np.array([0.25]),
)


def group(n: int) -> tuple[DecisionColumns, Roles]:
    """Return n decisions of L; F copies all of them on the other side, G trades in between."""
    rows = []
    for i in range(n):
        t = START_NS + i * 5 * MINUTE_NS
        rows += [(t, 0, 0, i % 2), (t + SECOND_NS, 1, 0, 1 - i % 2)]
        rows.append((t + 150 * SECOND_NS, 0, 0, 1 - i % 2))
    decisions = decision_columns(rows, lots=[20] * len(rows))
    decisions = DecisionColumns(
        **{
            name: getattr(decisions, name)
            for name in DecisionColumns.__dataclass_fields__
            if name not in ("price_ticks", "has_price")
        },
        price_ticks=np.full(len(rows), 20_001),
        has_price=np.arange(len(rows)) % 2 == 0,
    )
    cluster = Cluster((0, 1), frozenset({1}), 30.0, (Link(0, 1),))
    roles = find_roles(cluster, decisions, groups=PARAMS.groups, rank_test=PARAMS.rank_test)
    assert roles is not None
    return decisions, roles


def test_an_episode_shows_source_and_repetition_in_time_order() -> None:
    decisions, roles = group(6)
    episodes = exhibits.list_episodes(roles, decisions, ORDERS)
    assert [e.number for e in episodes] == [1, 2, 3, 4, 5, 6]
    first = episodes[0]
    assert [(o.account_id, o.role, o.side, o.lag_ms) for o in first.orders] == [
        ("L", "leader", "buy", 0.0),
        ("F", "follower", "sell", 1_000.0),
    ]
    assert (first.orders[0].quantity, first.orders[0].price) == (2.0, 5_000.25)
    assert first.orders[0].quantity_lots == 20
    assert first.orders[1].price is None
    assert type(first.orders[0].event_time_ns) is int


def test_long_lists_are_cut_and_keep_what_was_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    decisions, roles = group(10)
    monkeypatch.setattr(exhibits, "MAX_EPISODES", 4)
    monkeypatch.setattr(exhibits, "MAX_TIMELINE_ORDERS", 20)
    assert [e.number for e in exhibits.list_episodes(roles, decisions, ORDERS)] == [1, 2, 3, 4]
    timeline = exhibits.list_timeline(roles, decisions, ORDERS)
    assert len(timeline) == 20
    assert all(order.copied for order in timeline)
    times = [order.event_time_ns for order in timeline]
    assert times == sorted(times)


def test_the_timeline_marks_what_was_copied() -> None:
    decisions, roles = group(5)
    timeline = exhibits.list_timeline(roles, decisions, ORDERS)
    assert [order.copied for order in timeline] == [True, True, False] * 5


def test_lags_are_plain_numbers_over_the_stated_bins() -> None:
    decisions, roles = group(5)
    lags = exhibits.list_lags(roles, decisions, PARAMS)
    assert sum(lags.observed) == 5
    assert len(lags.edges_ms) == len(lags.observed) + 1 == len(lags.expected) + 1
    assert {type(n) for n in lags.observed} == {int}
    assert {type(x) for x in (*lags.edges_ms, *lags.expected)} == {float}


def test_a_graph_fits_the_unit_square_and_is_the_same_each_time() -> None:
    for finding in build_findings().groups:
        graph = exhibits.draw_graph(finding.group)
        assert graph == exhibits.draw_graph(finding.group)
        ids = {node.node_id for node in graph.nodes}
        assert {member.account_id for member in finding.group.members} <= ids
        assert len(ids) == len(graph.nodes)
        assert all(0.0 <= node.x <= 1.0 and 0.0 <= node.y <= 1.0 for node in graph.nodes)
        assert all({edge.source, edge.target} <= ids for edge in graph.edges)


def test_hashes_hide_the_value_and_keep_kinds_apart() -> None:
    digest = exhibits.hash_value("ip", "10.0.0.1")
    assert len(digest) == 16
    assert "10.0.0.1" not in digest
    assert digest != exhibits.hash_value("device", "10.0.0.1")
