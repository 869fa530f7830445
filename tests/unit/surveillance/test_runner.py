"""Whole scans of tiny datasets: odd ones do not break, planted copying is found, all is plain."""

from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from helpers.orders import DAY_NS, MINUTE_NS, SECOND_NS, START_NS

from models.params import DetectionParams
from streams.files import Dataset, write_dataset
from streams.orders import ACCOUNT_SCHEMA, DECLARATION_SCHEMA, ORDER_SCHEMA, SESSION_SCHEMA
from surveillance.pipeline.runner import Progress, ScanResult, scan

Order = tuple[int, str, str]


def orders_table(rows: list[Order], **columns: Any) -> pa.Table:
    n = len(rows)
    full = {name: [None] * n for name in ORDER_SCHEMA.names}
    times, accounts, sides = (list(column) for column in zip(*rows, strict=True))
    full |= {
        "event_time_ns": times,
        "account_id": accounts,
        "instrument_id": ["ES"] * n,
        "side": sides,
        "quantity": [1.0] * n,
    }
    return pa.table(full | columns, schema=ORDER_SCHEMA)


def run(directory: Path, tables: dict[str, pa.Table], **more: Any) -> ScanResult:
    write_dataset(directory, tables)
    result = scan(
        Dataset.open(directory),
        params=DetectionParams(),
        now_ns=START_NS + 30 * DAY_NS,
        finished_ns=lambda: START_NS + 31 * DAY_NS,
        known_groups=more.pop("known_groups", {}),
        name="tiny",
        **more,
    )
    assert_plain(result.findings)
    return result


def assert_plain(value: Any, path: str = "findings") -> None:
    """Only plain Python values: the store and JSON refuse NumPy scalars and NaN."""
    if is_dataclass(value):
        for column in fields(value):
            assert_plain(getattr(value, column.name), f"{path}.{column.name}")
    elif isinstance(value, dict):
        for key, item in value.items():
            assert type(key) is str, path
            assert_plain(item, f"{path}.{key}")
    elif isinstance(value, tuple | list):
        for i, item in enumerate(value):
            assert_plain(item, f"{path}[{i}]")
    elif isinstance(value, float):
        assert type(value) is float, path
        assert np.isfinite(value), path
    elif not isinstance(value, Enum):
        assert type(value) in (int, str, bool, type(None)), f"{path} is {type(value)}"


def test_one_account_alone_is_no_group(tmp_path: Path) -> None:
    rows = [(START_NS + i * MINUTE_NS, "A", "buy") for i in range(200)]
    findings = run(tmp_path, {"orders": orders_table(rows)}).findings
    assert findings.groups == ()
    assert findings.manifest.counts["orders"] == 200
    assert findings.accounts[0].n_decisions == 200


def test_thousands_at_one_instant_are_no_group(tmp_path: Path) -> None:
    rows = [(START_NS, f"A{i:04d}", "buy") for i in range(2_000)]
    findings = run(tmp_path, {"orders": orders_table(rows)}).findings
    assert findings.groups == ()
    assert findings.manifest.counts["decisions"] == 2_000


def test_many_orders_of_one_account_are_read(tmp_path: Path) -> None:
    n = 200_000
    rng = np.random.default_rng(1)
    times = START_NS + np.sort(rng.integers(0, 5 * DAY_NS, n))
    sides = np.where(rng.random(n) < 0.5, "buy", "sell")
    rows = list(zip(times.tolist(), ["A"] * n, sides.tolist(), strict=True))
    seen: list[tuple[int, int]] = []
    progress = Progress(detecting=lambda done, total: seen.append((done, total)))
    findings = run(tmp_path, {"orders": orders_table(rows)}, progress=progress).findings
    assert findings.groups == ()
    assert findings.manifest.counts["orders"] == n
    assert seen[-1] == (n, n)


def test_no_new_order_at_all_is_a_run_without_findings(tmp_path: Path) -> None:
    rows = [(START_NS + i, f"A{i}", "buy") for i in range(5)]
    table = orders_table(rows, event_type=["cancel"] * 5, quantity=[None] * 5)
    findings = run(tmp_path, {"orders": table}).findings
    assert findings.groups == ()
    assert findings.accounts == ()
    counts = findings.manifest.counts
    assert (counts["read"], counts["accepted"], counts["orders"]) == (5, 5, 0)
    assert findings.manifest.first_time_ns == findings.manifest.last_time_ns == 0


def test_two_accounts_that_never_meet_are_no_group(tmp_path: Path) -> None:
    rows = [(START_NS + i * 5 * MINUTE_NS, "AB"[i % 2], "buy") for i in range(40)]
    assert run(tmp_path, {"orders": orders_table(rows)}).findings.groups == ()


def planted(seed: int) -> list[Order]:
    """Return 60 honest accounts over two days, and F1 and F2 that copy L within seconds."""
    rng = np.random.default_rng(seed)
    rows: list[Order] = []
    for day in range(2):
        opens = START_NS + day * DAY_NS
        for i in range(60):
            times = opens + rng.integers(0, 8 * 3600 * SECOND_NS, rng.integers(30, 90))
            rows += [(int(t), f"H{i:02d}", "buy" if rng.random() < 0.5 else "sell") for t in times]
        for t in opens + rng.integers(0, 8 * 3600 * SECOND_NS, 30):
            side = "buy" if rng.random() < 0.5 else "sell"
            rows.append((int(t), "L", side))
            rows += [
                (int(t + rng.uniform(0.2, 2) * SECOND_NS), follower, side)
                for follower in ("F1", "F2")
            ]
    return rows


def accounts_table(owner_of: dict[str, str]) -> pa.Table:
    rows = [
        dict.fromkeys(ACCOUNT_SCHEMA.names) | {"account_id": account, "owner_id": owner}
        for account, owner in owner_of.items()
    ]
    return pa.Table.from_pylist(rows, schema=ACCOUNT_SCHEMA)


@pytest.mark.parametrize(
    ("owners", "verdict"),
    [(("x", "y", "z"), "EXTERNAL"), (("x", "x", "x"), "INTERNAL")],
)
def test_planted_followers_are_found_and_judged(
    tmp_path: Path, owners: tuple[str, str, str], verdict: str
) -> None:
    names = ("L", "F1", "F2")
    tables = {
        "orders": orders_table(planted(7)),
        "accounts": accounts_table(dict(zip(names, owners, strict=True))),
    }
    findings = run(tmp_path, tables).findings
    (found,) = findings.groups
    assert found.group.verdict == verdict
    assert found.group.leader_account_id == "L"
    assert [m.account_id for m in found.group.members] == ["L", "F1", "F2"]
    assert found.group.state == "confirmed"
    assert found.group.episodes == len(found.episodes)
    assert [count.within_bound for count in findings.placebo] == [True] * 3
    assert sum(found.lag_histogram.observed) >= found.group.episodes
    assert all(len(episode.orders) >= 2 for episode in found.episodes)
    assert {node.kind for node in found.graph.nodes} >= {"leader", "follower"}
    copied = [order for order in found.timeline if order.copied]
    assert len(copied) >= 2 * found.group.episodes


@pytest.mark.parametrize(
    ("lag_ns", "code"),
    [(SECOND_NS, "cancels_repeated"), (11 * MINUTE_NS, "cancels_not_repeated")],
)
def test_cancels_give_a_reason_and_leave_the_evidence_alone(
    tmp_path: Path, lag_ns: int, code: str
) -> None:
    rows = planted(7)
    canceled = [(t + 3 * MINUTE_NS, "L", side) for t, account, side in rows if account == "L"]
    canceled += [(t + lag_ns, account, s) for t, _, s in canceled for account in ("F1", "F2")]
    types = ["new"] * len(rows) + ["cancel"] * len(canceled)
    owners = {"accounts": accounts_table({"L": "x", "F1": "y", "F2": "z"})}
    without = {"orders": orders_table(rows), **owners}
    with_cancels = {"orders": orders_table([*rows, *canceled], event_type=types), **owners}
    (one,) = run(tmp_path / "a", without).findings.groups
    (other,) = run(tmp_path / "b", with_cancels).findings.groups
    assert code in [reason.code for reason in other.group.reasons]
    assert not any("cancels" in reason.code for reason in one.group.reasons)
    assert other.group.log10_e == one.group.log10_e
    assert other.group.members == one.group.members
    assert other.group.verdict == one.group.verdict == "EXTERNAL"


def test_row_order_and_repeats_change_nothing_but_counts(tmp_path: Path) -> None:
    rows = planted(8)
    ids = [f"E{i}" for i in range(len(rows))]
    one = run(tmp_path / "a", {"orders": orders_table(rows, event_id=ids)}).findings
    order = np.random.default_rng(0).permutation(len(rows)).tolist()
    twice = [*order, *order[:500]]
    table = orders_table([rows[i] for i in twice], event_id=[ids[i] for i in twice])
    other = run(tmp_path / "b", {"orders": table}).findings
    counts = other.manifest.counts
    assert counts["duplicates"] == 500
    assert counts["read"] == counts["accepted"] + counts["duplicates"]
    assert other.accounts == one.accounts
    assert other.placebo == one.placebo
    assert [g.episodes for g in other.groups] == [g.episodes for g in one.groups]
    assert [g.group.members for g in other.groups] == [g.group.members for g in one.groups]


def test_a_known_group_keeps_its_id(tmp_path: Path) -> None:
    known = {"g-known": ("L", "F1", "F2")}
    tables = {"orders": orders_table(planted(9))}
    (found,) = run(tmp_path, tables, known_groups=known).findings.groups
    assert found.group.group_id == "g-known"


def test_ties_and_declarations_reach_the_verdict(tmp_path: Path) -> None:
    sessions = [
        dict.fromkeys(SESSION_SCHEMA.names)
        | {
            "session_id": f"{account}-{day}",
            "account_id": account,
            "start_time_ns": START_NS + day * DAY_NS,
            "device_id": "D" if account in ("L", "F1", "F2") else f"D-{account}",
        }
        for account in ("L", "F1", "F2", *(f"H{i:02d}" for i in range(60)))
        for day in range(2)
    ]
    # A 60-account population gives log2(0.9 x 63 / 2) = 4.8 bits: payments make the tie strong.
    payments = pa.Table.from_pylist(
        [
            dict.fromkeys(ACCOUNT_SCHEMA.names)
            | {
                "account_id": account,
                "payment_hash": "P" if account in ("L", "F1", "F2") else f"P-{account}",
            }
            for account in ("L", "F1", "F2", *(f"H{i:02d}" for i in range(60)))
        ],
        schema=ACCOUNT_SCHEMA,
    )
    declarations = [
        dict.fromkeys(DECLARATION_SCHEMA.names)
        | {"declaration_id": "1", "leader_account_id": "L", "account_id": account, "ratio": 1.0}
        for account in ("F1", "F2")
    ]
    tables = {
        "orders": orders_table(planted(10)),
        "sessions": pa.Table.from_pylist(sessions, schema=SESSION_SCHEMA),
        "accounts": payments,
        "declarations": pa.Table.from_pylist(declarations, schema=DECLARATION_SCHEMA),
    }
    (found,) = run(tmp_path, tables).findings.groups
    assert (found.group.verdict, found.group.subtype) == ("INTERNAL", "own_accounts")
    assert found.group.declaration == "declared"
    assert [tie.kind for tie in found.group.ties] == ["device", "payment"]
    assert all("D" != tie.value_hash != "P" for tie in found.group.ties)
