"""A farm in a whole scan: one group, whoever owns it, in files, report and desk."""

import json
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from helpers.copied_market import SECOND_NS, START_NS, copied_market, orders

from streams.files import write_dataset
from streams.orders import ACCOUNT_SCHEMA
from surveillance.api.server import RunningServer
from surveillance.jobs.scan import run_scan
from surveillance.pipeline.runner import ScanResult
from surveillance.store import Store

DAY_S = 86_400
N_FARM = 50


def market_with_farm(seed: int = 3, *, with_farm: bool = True) -> pa.Table:
    """Return two days of independent traders and, on the second, a farm's entries and exits."""
    rng = np.random.default_rng(seed)
    n = 8_000
    rows = [
        (time, f"H{account:03d}", ("buy", "sell")[side], float(lots))
        for time, account, side, lots in zip(
            rng.uniform(0, 2 * DAY_S, n),
            np.minimum(rng.geometric(0.01, n), 300),
            rng.integers(0, 2, n),
            rng.choice([1, 1, 1, 2, 3], n),
            strict=True,
        )
    ]
    if with_farm:
        for side, start in (("buy", 1.4 * DAY_S), ("sell", 1.5 * DAY_S)):
            times = start + np.cumsum(rng.uniform(15, 60, N_FARM))
            rows += [(time, f"F{i:02d}", side, 1.0) for i, time in enumerate(times)]
    return orders(
        [
            {
                "event_time_ns": START_NS + int(time * SECOND_NS),
                "account_id": account,
                "instrument_id": "ES",
                "side": side,
                "quantity": lots,
            }
            for time, account, side, lots in sorted(rows)
        ]
    )


def owners_table(owner_of: dict[str, str]) -> pa.Table:
    rows = [{"account_id": account, "owner_id": owner} for account, owner in owner_of.items()]
    return pa.Table.from_pylist(rows, schema=ACCOUNT_SCHEMA)


def scanned(home: Path, tables: dict[str, pa.Table]) -> tuple[ScanResult, Path, Store]:
    write_dataset(home / "data", tables)
    store = Store.open(f"sqlite:///{home / 'store.db'}")
    result = run_scan(home / "data", out=home / "out", store=store)
    return result, home / "out", store


def groups_in(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "groups.jsonl").read_text("utf-8").splitlines()]


@pytest.mark.parametrize(
    ("owner_of", "verdict"),
    [
        ({}, "EXTERNAL"),
        ({f"F{i:02d}": "one" for i in range(N_FARM)}, "INTERNAL"),
        ({f"F{i:02d}": f"owner {i}" for i in range(N_FARM)}, "EXTERNAL"),
    ],
)
def test_a_farm_is_one_group_judged_by_its_owners(
    tmp_path: Path, owner_of: dict[str, str], verdict: str
) -> None:
    tables = {"orders": market_with_farm()}
    if owner_of:
        tables["accounts"] = owners_table(owner_of)
    result, out, _ = scanned(tmp_path, tables)
    (group,) = groups_in(out)
    assert group["verdict"] == verdict
    assert {member["account_id"] for member in group["members"]} == {
        f"F{i:02d}" for i in range(N_FARM)
    }
    assert group["leader_account_id"] is None
    assert group["source_off_venue"]
    assert group["episodes"] == 2
    assert "identical_orders" in {reason["code"] for reason in group["reasons"]}
    assert all(member["copied"] == member["opportunities"] == 2 for member in group["members"])
    clusters = pq.read_table(out / "clusters.parquet").to_pylist()
    assert {cluster["side"] for cluster in clusters} == {"buy", "sell"}
    assert {cluster["group_id"] for cluster in clusters} == {group["group_id"]}
    assert all(cluster["n_accounts"] == len(cluster["account_ids"]) for cluster in clusters)
    counts = result.findings.manifest.counts
    assert (counts["clusters"], counts["clusters_placebo"]) == (2, 0)
    episodes = result.findings.groups[0].episodes
    assert [len(episode.orders) for episode in episodes] == [N_FARM, N_FARM]


def test_without_the_farm_there_is_nothing(tmp_path: Path) -> None:
    _, out, _ = scanned(tmp_path, {"orders": market_with_farm(with_farm=False)})
    assert groups_in(out) == []
    assert pq.read_table(out / "clusters.parquet").num_rows == 0


def test_the_order_of_the_rows_changes_nothing(tmp_path: Path) -> None:
    table = market_with_farm()
    shuffled = table.take(np.random.default_rng(0).permutation(table.num_rows))
    first, *_ = scanned(tmp_path / "a", {"orders": table})
    second, *_ = scanned(tmp_path / "b", {"orders": shuffled})
    assert first.clusters == second.clusters
    assert [f.timeline for f in first.findings.groups] == [
        f.timeline for f in second.findings.groups
    ]


def test_copiers_with_identical_orders_stay_one_group(tmp_path: Path) -> None:
    followers = tuple(f"F{i:02d}" for i in range(12))
    _, out, _ = scanned(tmp_path, {"orders": copied_market("L", followers)})
    (group,) = groups_in(out)
    assert group["leader_account_id"] == "L"
    clusters = pq.read_table(out / "clusters.parquet").to_pylist()
    assert {cluster["group_id"] for cluster in clusters} <= {group["group_id"]}


def test_report_desk_and_api_show_a_group_without_leader_and_lags(tmp_path: Path) -> None:
    result, out, store = scanned(tmp_path, {"orders": market_with_farm()})
    (finding,) = result.findings.groups
    report = (out / "report.html").read_text("utf-8")
    wanted = "50 accounts of unknown owners sent the same order one after another, in ES"
    assert wanted in report
    assert "No lag was measured." in report
    with RunningServer(store) as server, httpx.Client(base_url=server.url) as client:
        page = client.get(f"/groups/{finding.group.group_id}")
        assert page.status_code == 200
        assert wanted in page.text
        for part in ("", "/episodes", "/graph", "/lag-histogram", "/timeline"):
            answer = client.get(f"/v1/groups/{finding.group.group_id}{part}")
            assert answer.status_code == 200, part
        assert client.get(f"/v1/groups/{finding.group.group_id}").json()["episodes"] == 2
