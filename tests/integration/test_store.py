"""The store on a real SQLite file: a run goes in whole and comes out equal, or not at all."""

import sqlite3
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from helpers.findings import HOSTILE_IDS, build_findings
from sqlalchemy import create_engine

from surveillance.errors import NotFoundError, StoreError
from surveillance.findings import Group, RunFindings
from surveillance.store import Store, schema
from surveillance.store.records import GroupFilter
from surveillance.store.schema import VERSION_TABLE
from surveillance.store.tables import METADATA


def url_of(path: Path) -> str:
    return f"sqlite:///{path}"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "100% store.db"


def stored_groups(store: Store) -> list[Group]:
    page = store.reader.list_groups(limit=500)
    return sorted(
        (store.reader.get_group(row.group_id) for row in page.groups),
        key=lambda group: group.group_id,
    )


def groups_of(findings: RunFindings) -> list[Group]:
    return [found.group for found in findings.groups]


def with_group(findings: RunFindings, place: int, **changes: object) -> RunFindings:
    groups = list(findings.groups)
    groups[place] = replace(
        groups[place],
        group=replace(groups[place].group, **changes),  # type: ignore[arg-type]
    )
    return replace(findings, groups=tuple(groups))


def test_a_recorded_run_is_read_back_equal(path: Path) -> None:
    findings = build_findings(n_groups=len(HOSTILE_IDS) + 2)
    with Store.open(url_of(path)) as store:
        store.record_run(findings)
    with Store.open(url_of(path)) as store:
        reader = store.reader
        assert stored_groups(store) == groups_of(findings)
        for found in findings.groups:
            group_id = found.group.group_id
            assert reader.list_episodes(group_id).episodes == found.episodes
            assert reader.get_graph(group_id) == found.graph
            assert reader.get_lag_histogram(group_id) == found.lag_histogram
            assert reader.list_timeline(group_id).orders == found.timeline
        for account in findings.accounts:
            assert reader.get_account(account.account_id).account == account
        assert reader.get_run("run-1") == findings.manifest == reader.latest_run()
        assert reader.list_placebo("run-1") == findings.placebo


def test_a_new_store_is_empty_and_says_so(path: Path) -> None:
    with Store.open(url_of(path)) as store:
        store.check()
        reader = store.reader
        assert reader.list_groups().total == 0
        assert reader.latest_run() is None
        assert set(reader.facets().verdict.values()) == {0}
        assert store.tracked_groups("market") == ()
        for look_up in (
            reader.get_group,
            reader.list_episodes,
            reader.get_graph,
            reader.get_lag_histogram,
            reader.list_timeline,
            reader.get_account,
            reader.get_run,
            reader.list_placebo,
        ):
            with pytest.raises(NotFoundError, match=r"no (group|account|run) '\\u202egone\\n'"):
                look_up("\u202egone\n")


def test_a_new_run_replaces_the_groups_of_its_dataset_only(path: Path) -> None:
    with Store.open(url_of(path)) as store:
        store.record_run(build_findings(run_id="a1", dataset="a", group_prefix="a", hostile=False))
        other = build_findings(run_id="b1", dataset="b", group_prefix="b", hostile=False)
        store.record_run(other)
        again = build_findings(
            run_id="a2", dataset="a", group_prefix="a", n_groups=3, hostile=False
        )
        store.record_run(again)
        assert stored_groups(store) == groups_of(again) + groups_of(other)
        assert [run.run_id for run in store.reader.list_runs().runs] == ["a2", "b1", "a1"]
        assert store.reader.list_placebo("a1") == other.placebo
        assert store.reader.list_accounts(text="a0005").total == 0
        assert store.reader.list_accounts(text="b0005").total == 5


def test_a_group_id_names_one_group_whose_newest_verdict_wins(path: Path) -> None:
    with Store.open(url_of(path)) as store:
        store.record_run(build_findings(run_id="1", dataset="a"))
        store.record_run(build_findings(run_id="2", dataset="copy of a", n_groups=1))
        assert store.reader.list_groups().total == 12
        assert store.reader.list_groups(GroupFilter(text="g-0000")).groups[0].run_id == "2"


def test_an_account_of_two_datasets_is_listed_once_as_the_newest_run_saw_it(path: Path) -> None:
    first = build_findings(run_id="1", dataset="a")
    second = build_findings(run_id="2", dataset="b", group_prefix="h")
    seen = second.accounts[0]
    with Store.open(url_of(path)) as store:
        store.record_run(second)
        newest = replace(seen, n_orders=9_999)
        accounts = (newest, *(a for a in first.accounts if a.account_id != seen.account_id))
        store.record_run(replace(first, accounts=accounts))
        assert store.reader.get_account(seen.account_id).account == newest
        page = store.reader.list_accounts(limit=500)
        listed = [account.account_id for account in page.accounts]
        assert sorted(listed) == sorted({a.account_id for a in first.accounts + second.accounts})
        assert newest in page.accounts
        assert page.total == len(listed)


def test_tracked_groups_name_the_members_of_the_dataset(path: Path) -> None:
    findings = build_findings(dataset="a")
    with Store.open(url_of(path)) as store:
        store.record_run(findings)
        store.record_run(build_findings(run_id="other", dataset="b", group_prefix="b"))
        tracked = {group.group_id: group.member_account_ids for group in store.tracked_groups("a")}
    assert tracked == {
        group.group_id: tuple(member.account_id for member in group.members)
        for group in groups_of(findings)
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"log10_e": float("nan")},
        {"chance_groups_per_year": float("inf")},
        {"group_id": "g-0000"},
        {"state": "broken \ud800 text"},
        {"log10_e": "much"},
        {"instruments": ("ES", "ES")},
    ],
)
def test_a_run_that_fails_to_be_recorded_leaves_the_store_as_it_was(
    path: Path, changes: dict[str, object]
) -> None:
    before = build_findings()
    with Store.open(url_of(path)) as store:
        store.record_run(before)
        with pytest.raises(StoreError) as refusal:
            store.record_run(with_group(build_findings(run_id="run-2"), 11, **changes))
        assert "\n" not in str(refusal.value)
        assert stored_groups(store) == groups_of(before)
        assert [run.run_id for run in store.reader.list_runs().runs] == ["run-1"]
        store.record_run(build_findings(run_id="run-3", n_groups=1))
        assert store.reader.list_groups().total == 1


def test_an_integer_beyond_64_bits_is_refused(path: Path) -> None:
    findings = build_findings(n_groups=1)
    with Store.open(url_of(path)) as store, pytest.raises(StoreError, match="cannot hold a value"):
        store.record_run(with_group(findings, 0, last_time_ns=2**63))


def test_a_repeated_run_replaces_its_own_record(path: Path) -> None:
    with Store.open(url_of(path)) as store:
        store.record_run(build_findings(n_groups=3))
        store.record_run(build_findings(n_groups=2, dataset="renamed"))
        assert [run.dataset for run in store.reader.list_runs().runs] == ["renamed"]
        assert store.reader.list_groups().total == 2
        assert store.reader.list_accounts().accounts


def test_a_full_disk_is_reported_and_nothing_is_written(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.open(url_of(path)) as store:
        store.record_run(build_findings(n_groups=1))
        with store._engine.connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            # The pool hands this one connection out again.
            connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
        with pytest.raises(StoreError, match="the disk is full; nothing was written"):
            store.record_run(build_findings(run_id="run-2", n_groups=40, n_episodes=50))
        assert store.reader.list_groups().total == 1


def test_readers_see_the_old_run_or_the_new_one_while_runs_are_written(path: Path) -> None:
    sizes = {"small": 3, "large": 30}
    seen: set[int] = set()
    wrong: list[object] = []
    done, both_seen = Event(), Event()

    def read(store: Store) -> None:
        try:
            while not done.is_set():
                page = store.reader.list_groups(limit=500)
                seen.add(page.total)
                if len(page.groups) != page.total or len({g.run_id for g in page.groups}) != 1:
                    wrong.append(page)
                if len(seen) == len(sizes):
                    both_seen.set()
        except Exception as error:
            wrong.append(error)

    with Store.open(url_of(path)) as store, Store.open(url_of(path)) as second_process:
        store.record_run(build_findings(run_id="first", n_groups=sizes["small"]))
        readers = [Thread(target=read, args=(s,)) for s in (store, second_process, store)]
        for thread in readers:
            thread.start()
        number = 0
        while number < 4 or not (both_seen.is_set() or number > 60):
            number += 1
            n_groups = sizes["small"] if number % 2 else sizes["large"]
            store.record_run(build_findings(run_id=f"run-{number}", n_groups=n_groups))
        done.set()
        for thread in readers:
            thread.join()
    assert not wrong
    assert seen == set(sizes.values())


def test_two_processes_may_open_a_new_store_at_once(path: Path) -> None:
    failures: list[Exception] = []

    def open_store() -> None:
        try:
            Store.open(url_of(path)).close()
        except Exception as error:
            failures.append(error)

    threads = [Thread(target=open_store) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_the_migrations_make_the_tables_that_the_code_expects(path: Path) -> None:
    Store.open(url_of(path)).close()
    engine = create_engine(url_of(path))
    with engine.connect() as connection:
        options = {"version_table": VERSION_TABLE, "compare_type": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, METADATA) == []
    engine.dispose()


def test_an_older_store_is_migrated_and_keeps_what_it_holds(path: Path) -> None:
    findings = build_findings(n_groups=3)
    with Store.open(url_of(path)) as store:
        store.record_run(findings)
        with store._engine.execution_options(writes=True).begin() as connection:
            config = schema._config()
            config.attributes["connection"] = connection
            command.downgrade(config, "0001")
        with pytest.raises(StoreError, match="another schema"):
            store.check()
    with Store.open(url_of(path)) as store:
        store.check()
        assert stored_groups(store) == groups_of(findings)
        assert store.streams.names() == ()


def test_a_store_of_a_newer_version_is_refused(path: Path) -> None:
    Store.open(url_of(path)).close()
    with sqlite3.connect(path) as connection:
        connection.execute(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    connection.close()
    with pytest.raises(StoreError, match="written by a newer version"):
        Store.open(url_of(path))


def test_a_store_that_another_version_migrates_is_no_longer_ready(path: Path) -> None:
    with Store.open(url_of(path)) as store:
        with sqlite3.connect(path) as connection:
            connection.execute(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
        connection.close()
        with pytest.raises(StoreError, match="another schema"):
            store.check()


def test_another_programs_database_is_refused_and_left_alone(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE holidays (day TEXT)")
    connection.close()
    with pytest.raises(StoreError, match="tables of another program: holidays"):
        Store.open(url_of(path))
    with sqlite3.connect(path) as connection:
        names = connection.execute("SELECT name FROM sqlite_master").fetchall()
    connection.close()
    assert names == [("holidays",)]


def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    path.write_bytes(b"account_id,side\n" * 1_000)
    with pytest.raises(StoreError, match="not an SQLite database"):
        Store.open(url_of(path))


def test_a_damaged_store_is_refused(path: Path) -> None:
    with Store.open(url_of(path)) as store:
        store.record_run(build_findings())
    content = bytearray(path.read_bytes())
    content[100:] = b"\xff" * (len(content) - 100)
    path.write_bytes(content)
    with pytest.raises(StoreError, match="damaged"):
        Store.open(url_of(path))


def test_a_document_that_cannot_be_read_is_reported(path: Path) -> None:
    with Store.open(url_of(path)) as store:
        store.record_run(build_findings())
        with sqlite3.connect(path) as connection:
            connection.execute("UPDATE groups SET document = '{\"group_id\": 7}'")
        connection.close()
        with pytest.raises(StoreError, match="document in it cannot be read"):
            store.reader.get_group("g-0001")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("surveillance.db", "must be a database URL"),
        ("", "must be a database URL"),
        ("sqlite://", "must be a file"),
        ("sqlite:///:memory:", "must be a file"),
        ("nosuchbase://host/name", "cannot be used"),
        ("sqlite:////no/such/directory/store.db", "its directory must exist"),
    ],
)
def test_a_url_that_cannot_be_opened_is_refused(url: str, message: str) -> None:
    with pytest.raises(StoreError, match=message) as refusal:
        Store.open(url)
    assert "\n" not in str(refusal.value)


def test_a_directory_is_no_store(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be opened"):
        Store.open(url_of(tmp_path))


def test_a_message_never_holds_the_password() -> None:
    with pytest.raises(StoreError) as refusal:
        Store.open("nosuchbase://surveillance:secret@host/name")
    assert "secret" not in str(refusal.value)
