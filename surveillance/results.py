"""Result files of a scan, written next to one another or not at all.

`groups.jsonl` holds one verdict object a line, `pairs.parquet` the evidence of every validated
ordered pair, `clusters.parquet` the identical-order clusters, `report.html` the same for people,
`manifest.json` what was run on what. They are written into a directory of their own first, which
takes the place of the old one when all is done.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from models.columns import BUY, INVERSE
from models.params import SECOND_NS
from surveillance.errors import ResultsError
from surveillance.findings import RunFindings, VerdictName
from surveillance.pipeline.runner import ScanResult
from surveillance.report import render_report
from surveillance.store.summary import in_priority_order

FILES = ("groups.jsonl", "pairs.parquet", "clusters.parquet", "report.html", "manifest.json")
_LN_10 = float(np.log(10.0))


@contextmanager
def replaced_results(out: Path, result: ScanResult) -> Iterator[None]:
    """Write all files aside, run the body, put them in place; an error leaves `out` as it was.

    Raises
    ------
    ResultsError
        If `out` holds something other than results, or cannot be written.
    """
    try:
        _refuse_foreign(out)
        out = out.resolve()  # a link stays, what it points to is replaced
        out.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    except OSError as error:
        raise ResultsError(out, error.strerror or str(error)) from error
    try:
        try:
            _write_all(aside, result)
        except OSError as error:
            raise ResultsError(out, error.strerror or str(error)) from error
        yield
        try:
            _swap(aside, out)
        except OSError as error:
            raise ResultsError(out, error.strerror or str(error)) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def check_output(out: Path) -> None:
    """Refuse a place for results before the work starts.

    Raises
    ------
    ResultsError
        If `out` is a file, a directory that holds something other than results, or one that
        cannot be put in place as a whole.
    """
    try:
        _refuse_foreign(out)
        _refuse_unreplaceable(out.resolve())
    except OSError as error:
        raise ResultsError(out, error.strerror or str(error)) from error


def _refuse_foreign(out: Path) -> None:
    if not out.exists():
        return
    if not out.is_dir():
        raise ResultsError(out, "must be a directory or not exist yet, is a file")
    foreign = sorted(path.name for path in out.iterdir() if path.name not in FILES)
    if foreign:
        raise ResultsError(
            out, f"must be new, empty or hold an earlier run's results only, holds {foreign[0]!r}"
        )


def _refuse_unreplaceable(out: Path) -> None:
    if out.is_mount():
        raise ResultsError(out, "must not be a mount point; name a directory inside it")
    above = next(path for path in out.parents if path.exists())
    if not above.is_dir():
        raise ResultsError(out, f"must lie in a directory, {above} is a file")
    if not os.access(above, os.W_OK | os.X_OK):
        raise ResultsError(out, f"its directory {above} must be writable")


def _write_all(directory: Path, result: ScanResult) -> None:
    findings = result.findings
    with (directory / "groups.jsonl").open("w", encoding="utf-8") as file:
        for found in findings.groups:
            file.write(json.dumps(found.group.to_json(), ensure_ascii=False) + "\n")
    pq.write_table(pair_table(result), directory / "pairs.parquet")
    pq.write_table(cluster_table(result), directory / "clusters.parquet")
    (directory / "report.html").write_text(render_report(findings), encoding="utf-8")
    (directory / "manifest.json").write_text(
        json.dumps(_manifest(findings), indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    directory.chmod(0o755)  # as any new directory; the temporary one was private


def _manifest(findings: RunFindings) -> dict[str, object]:
    placebo = [asdict(count) for count in findings.placebo]
    return {**asdict(findings.manifest), "placebo": placebo}


def scan_summary(findings: RunFindings) -> dict[str, object]:
    """Return what a scan prints as JSON: the manifest, verdict counts, groups and the placebo.

    Groups stand in the desk's order, what asks for a person most first.
    """
    groups = in_priority_order(findings.groups)
    verdicts = dict.fromkeys(VerdictName, 0)
    for found in groups:
        verdicts[found.group.verdict] += 1
    return {
        **_manifest(findings),
        "verdicts": verdicts,
        "groups": [
            {
                "group_id": found.group.group_id,
                "verdict": found.group.verdict,
                "subtype": found.group.subtype,
                "leader_account_id": found.group.leader_account_id,
                "members": len(found.group.members),
            }
            for found in groups
        ],
    }


def pair_table(result: ScanResult) -> pa.Table:
    """Return the evidence of every validated ordered pair, strongest first.

    Columns: leader_account_id, follower_account_id, inverse, log10_e, copied (answers counted),
    opportunities (decisions of the leader).
    """
    pairs = result.pairs.take(result.pairs.ln_e >= result.ln_threshold)
    order = np.lexsort((pairs.channel, pairs.follower, pairs.leader, -pairs.ln_e))
    pairs = pairs.take(order)
    ids = pa.array(result.accounts, pa.string())
    return pa.table(
        {
            "leader_account_id": ids.take(pa.array(pairs.leader)),
            "follower_account_id": ids.take(pa.array(pairs.follower)),
            "inverse": pa.array(pairs.channel == INVERSE),
            "log10_e": pa.array(pairs.ln_e / _LN_10),
            "copied": pa.array(pairs.answers),
            "opportunities": pa.array(pairs.opportunities),
        }
    )


def cluster_table(result: ScanResult) -> pa.Table:
    """Return the identical-order clusters, one a row, strongest first.

    Columns: cluster_id, group_id (the group it belongs to or became), question (what is
    surprising: size, newcomer, one_shot, price), instrument_id, family, side, quantity,
    limit_price (null where it is not part of the fingerprint), window_s, n_accounts, expected (by
    chance), first_time_ns, last_time_ns, median_gap_s, evenness (coefficient of variation of the
    gaps), log10_p (of the strongest window), account_ids in the order they came.
    """
    orders, clusters = result.orders, result.clusters.clusters
    codes = np.array([cluster.instrument for cluster in clusters], np.int64)
    lots = np.array([cluster.quantity_lots for cluster in clusters], np.float64)
    prices = [
        None
        if cluster.price_ticks is None
        else round(float(cluster.price_ticks * orders.tick_size[cluster.instrument]), 9)
        for cluster in clusters
    ]
    columns = {
        "cluster_id": pa.array([f"c-{n}" for n in range(1, len(clusters) + 1)], pa.string()),
        "group_id": pa.array(result.cluster_groups, pa.string()),
        "question": pa.array([c.surprise.name.lower() for c in clusters], pa.string()),
        "instrument_id": pa.array([orders.instruments[code] for code in codes], pa.string()),
        "family": pa.array(
            [orders.families[orders.family_of[code]] for code in codes], pa.string()
        ),
        "side": pa.array(["buy" if c.side == BUY else "sell" for c in clusters], pa.string()),
        "quantity": pa.array(np.round(lots * orders.lot_size[codes], 9)),
        "limit_price": pa.array(prices, pa.float64()),
        "window_s": pa.array([c.window_ns / SECOND_NS for c in clusters], pa.float64()),
        "n_accounts": pa.array([len(c.accounts) for c in clusters], pa.int64()),
        "expected": pa.array([c.expected for c in clusters], pa.float64()),
        "first_time_ns": pa.array([c.first_time_ns for c in clusters], pa.int64()),
        "last_time_ns": pa.array([c.last_time_ns for c in clusters], pa.int64()),
        "median_gap_s": pa.array([c.median_gap_s for c in clusters], pa.float64()),
        "evenness": pa.array([c.evenness for c in clusters], pa.float64()),
        "log10_p": pa.array([c.ln_p / _LN_10 for c in clusters], pa.float64()),
        "account_ids": pa.array(
            [[result.accounts[code] for code in c.accounts] for c in clusters],
            pa.list_(pa.string()),
        ),
    }
    return pa.table(columns)


def _swap(aside: Path, out: Path) -> None:
    """Put the new directory in place; the old one goes only when the new one stands."""
    if not out.exists():
        aside.rename(out)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{out.name}.old.", dir=out.parent))
    out.rename(old / "results")
    try:
        aside.rename(out)
    except OSError:
        (old / "results").rename(out)
        old.rmdir()
        raise
    shutil.rmtree(old, ignore_errors=True)
