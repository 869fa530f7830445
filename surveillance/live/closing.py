"""Closing: the scan of a stream's journal up to a time, as if it were a dataset."""

from collections.abc import Callable, Iterator, Mapping

import pyarrow as pa

from models.artifact import Artifact
from models.params import DetectionParams
from surveillance import __version__
from surveillance.clock import now_ns
from surveillance.findings import Group, RunFindings, RunManifest, RunReference
from surveillance.live.journal import JournalSource
from surveillance.pipeline.runner import scan


def close(
    stream: str,
    segments: Callable[[], Iterator[bytes]],
    tables: Mapping[str, pa.Table],
    groups: Mapping[str, Group],
    params: DetectionParams,
    artifact: Artifact | None,
    *,
    before_ns: int,
) -> RunFindings:
    """Return what a scan finds in everything that was accepted on time before a time.

    Parameters
    ----------
    stream : str
        Name of the stream.
    segments : callable
        Returns the segments of the journal.
    tables : mapping of str to pa.Table
        Reference tables by name.
    groups : mapping of group id to Group
        The groups that stand: those that are found again keep their ids.
    params : DetectionParams
        Thresholds.
    artifact : Artifact or None
        The fitted classifier.
    before_ns : int
        End of closed time, exclusive, UTC nanoseconds.
    """
    known = {
        group_id: tuple(member.account_id for member in group.members)
        for group_id, group in groups.items()
    }
    result = scan(
        JournalSource(stream, segments, tables, before_ns=before_ns),
        params=params,
        now_ns=now_ns(),
        finished_ns=now_ns,
        known_groups=known,
        name=stream,
        artifact=artifact,
    )
    return result.findings


def first_manifest(
    stream: str, params: DetectionParams, artifact: Artifact | None, threshold_log10_e: float
) -> RunManifest:
    """Return the manifest that provisional groups belong to before the first closing."""
    started_ns = now_ns()
    return RunManifest(
        run_id=live_run(stream, params).run_id,
        version=__version__,
        parameters=params.to_json(),
        parameters_hash=params.content_hash(),
        dataset=stream,
        dataset_hash="",
        counts={},
        first_time_ns=0,
        last_time_ns=0,
        threshold_log10_e=threshold_log10_e,
        chance_groups_per_year=params.groups.tolerated_false_pairs,
        threshold_raised_log10_e=0.0,
        started_time_ns=started_ns,
        finished_time_ns=started_ns,
        classifier_hash=artifact.content_hash if artifact else None,
    )


def live_run(stream: str, params: DetectionParams) -> RunReference:
    """Return what stands on every provisional group of a stream."""
    return RunReference(f"live-{stream}", __version__, params.content_hash(), stream)
