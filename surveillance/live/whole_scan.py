"""The scan of a stream's whole journal: also what came too late to be judged live."""

from pathlib import Path

from models.artifact import Artifact
from models.params import DetectionParams
from surveillance.clock import now_ns
from surveillance.errors import StoreError
from surveillance.live.journal import JournalSource
from surveillance.live.reference_tables import REFERENCE_TABLES, ReferenceTables
from surveillance.pipeline.runner import ScanResult, scan
from surveillance.results import check_output, replaced_results
from surveillance.store import Store

_END_NS = 2**62


def scan_journal(
    store: Store,
    stream: str,
    *,
    out: Path,
    params: DetectionParams,
    artifact: Artifact | None,
) -> ScanResult:
    """Scan everything that a stream accepted and write what is found; the store stays as it is.

    Parameters
    ----------
    store : Store
        Holds the journal.
    stream : str
        Name of the stream.
    out : Path
        Where the result files go.
    params : DetectionParams
        Thresholds.
    artifact : Artifact or None
        The fitted classifier.

    Raises
    ------
    SurveillanceError
        If the stream has accepted nothing, or the results or the store refuse.
    """
    check_output(out)
    live = store.live(stream)
    tables = ReferenceTables()
    tables.load({name: live.reference(name) for name in REFERENCE_TABLES})
    source = JournalSource(
        stream, live.segments, tables.tables(), before_ns=_END_NS, with_late=True
    )
    if next(source.order_batches(latest_time_ns=_END_NS), None) is None:
        raise StoreError(store.url, f"holds no events of a stream {stream}")
    known = {group.group_id: group.member_account_ids for group in store.tracked_groups(stream)}
    result = scan(
        source,
        params=params,
        now_ns=now_ns(),
        finished_ns=now_ns,
        known_groups=known,
        name=stream,
        artifact=artifact,
    )
    with replaced_results(out, result):
        return result
