"""Groups of a live stream: those of a run whose dataset is the stream, changed between closings."""

from sqlalchemy import Connection, delete, select

from surveillance.store.documents import ACCOUNT_SUMMARY
from surveillance.store.live.inserting import upsert
from surveillance.store.live.records import LiveCommit
from surveillance.store.tables import ACCOUNTS, GROUPS, RUNS
from surveillance.store.writer import record_manifest, replace_group, write_run

IDS_AT_A_TIME = 500  # bounds the parameters of one statement


def write_groups(connection: Connection, stream: str, commit: LiveCommit) -> None:
    """Write a closing, then remove what is withdrawn, then write what was found since.

    Raises
    ------
    ValueError
        If a run or manifest is of another dataset, or groups come before any run.
    """
    manifests = [commit.manifest] + ([commit.run.manifest] if commit.run is not None else [])
    for manifest in manifests:
        if manifest is not None and manifest.dataset != stream:
            raise ValueError(f"the run of stream {stream!r} is of dataset {manifest.dataset!r}")
    if commit.run is not None:
        write_run(connection, commit.run)
    if commit.manifest is not None:
        record_manifest(connection, commit.manifest)
    for start in range(0, len(commit.withdrawn), IDS_AT_A_TIME):
        piece = commit.withdrawn[start : start + IDS_AT_A_TIME]
        connection.execute(
            delete(GROUPS).where(GROUPS.c.dataset == stream, GROUPS.c.group_id.in_(piece))
        )
    if commit.groups or commit.accounts:
        _write_found(connection, stream, commit)


def _write_found(connection: Connection, stream: str, commit: LiveCommit) -> None:
    run = connection.execute(
        select(RUNS.c.run_id, RUNS.c.number)
        .where(RUNS.c.dataset == stream)
        .order_by(RUNS.c.number.desc())
        .limit(1)
    ).one_or_none()
    if run is None:
        raise ValueError(f"groups of stream {stream!r} need a run: commit its manifest with them")
    for found in commit.groups:
        replace_group(connection, found, stream, run.run_id)
    upsert(
        connection,
        ACCOUNTS,
        [
            {
                "account_id": account.account_id,
                "dataset": stream,
                "run_number": run.number,
                "owner_id": account.owner_id,
                "firm_id": account.firm_id,
                "document": ACCOUNT_SUMMARY.write(account),
            }
            for account in commit.accounts
        ],
    )
