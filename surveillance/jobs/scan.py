"""The scan job: a dataset in, result files and store rows out, all or nothing."""

from pathlib import Path

from models.artifact import Artifact
from models.params import DetectionParams
from streams.files import Dataset
from surveillance.clock import now_ns
from surveillance.fitted import load_classifier
from surveillance.pipeline.runner import Progress, ScanResult, scan
from surveillance.results import check_output, replaced_results
from surveillance.store import Store


def run_scan(
    dataset_path: Path,
    *,
    out: Path | None,
    store: Store,
    params: DetectionParams | None = None,
    name: str | None = None,
    progress: Progress | None = None,
    artifact: Artifact | None = None,
) -> ScanResult:
    """Scan a dataset, write its results and record the run.

    Parameters
    ----------
    dataset_path : Path
        Directory that holds the dataset.
    out : Path or None
        Where the result files go; None writes none.
    store : Store
        Where the run is recorded.
    params : DetectionParams, optional
        Thresholds.
    name : str, optional
        Name of the dataset in the store; the directory's own by default. Runs over one name
        replace one another; a group keeps its id over all of them.
    progress : Progress, optional
        Where to report.
    artifact : Artifact, optional
        A fitted classifier; the shipped one by default.

    Returns
    -------
    ScanResult
        What was found.

    Raises
    ------
    StreamError, SurveillanceError
        If the dataset, the results or the store refuse; nothing is written then.
    """
    if out is not None:
        check_output(out)
    dataset = Dataset.open(dataset_path)
    shown = name or dataset_path.resolve().name or "dataset"
    shown.encode()  # a name that is not UTF-8 is refused before the work
    known = {group.group_id: group.member_account_ids for group in store.tracked_groups()}
    result = scan(
        dataset,
        params=params or DetectionParams(),
        now_ns=now_ns(),
        finished_ns=now_ns,
        known_groups=known,
        name=shown,
        progress=progress,
        artifact=artifact or load_classifier(),
    )
    if out is None:
        store.record_run(result.findings)
    else:
        with replaced_results(out, result):
            store.record_run(result.findings)
    return result
