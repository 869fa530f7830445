"""Result files of a scan, written next to one another or not at all.

`groups.jsonl` holds one verdict object a line, `pairs.parquet` the evidence of every validated
ordered pair, `report.html` the same for people, `manifest.json` what was run on what. They are
written into a directory of their own first, which takes the place of the old one when all is done.
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

from models.columns import INVERSE
from surveillance.errors import ResultsError
from surveillance.findings import RunFindings, VerdictName
from surveillance.pipeline.runner import ScanResult
from surveillance.report import render_report
from surveillance.store.summary import in_priority_order

FILES = ("groups.jsonl", "pairs.parquet", "report.html", "manifest.json")
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
