"""Lists of the store: paging is complete and without repeats, filters mean what they say."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.findings import HOSTILE_IDS, build_findings

from surveillance.errors import CursorError
from surveillance.findings import RecommendedAction, Subtype, VerdictName
from surveillance.store import Store
from surveillance.store.cursors import write_cursor
from surveillance.store.reader import Reader
from surveillance.store.records import GroupFilter, GroupSort, GroupSummary

FINDINGS = build_findings(n_groups=25)
N_GROUPS = len(FINDINGS.groups)


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    with Store.open(f"sqlite:///{tmp_path_factory.mktemp('lists')}/store.db") as store:
        store.record_run(FINDINGS)
        yield store.reader


def all_groups(
    reader: Reader, limit: int, sort: GroupSort, group_filter: GroupFilter
) -> list[GroupSummary]:
    rows: list[GroupSummary] = []
    cursor = None
    while True:
        page = reader.list_groups(group_filter, sort, cursor, limit)
        rows += page.groups
        if page.next_cursor is None:
            assert page.total == len(rows)
            return rows
        assert len(page.groups) == limit
        cursor = page.next_cursor


def priority(row: GroupSummary) -> tuple[object, ...]:
    rank = {"EXTERNAL": 0, "UNDETERMINED": 1, "INTERNAL": 3, "INDEPENDENT": 4}[row.verdict]
    if row.subtype is Subtype.UNDECLARED_OWN_ACCOUNTS:
        rank = 2
    return (rank, -row.log10_e, row.group_id)


EXPECTED_KEY: dict[GroupSort, Callable[[GroupSummary], tuple[object, ...]]] = {
    GroupSort.PRIORITY: priority,
    GroupSort.LOG10_E: lambda row: (-row.log10_e, row.group_id),
    GroupSort.N_MEMBERS: lambda row: (-row.n_members, row.group_id),
    GroupSort.LAST_TIME_NS: lambda row: (-row.last_time_ns, row.group_id),
    GroupSort.N_EPISODES: lambda row: (-row.n_episodes, row.group_id),
}


@pytest.mark.parametrize("sort", list(GroupSort))
@pytest.mark.parametrize("limit", [1, 4, 5, N_GROUPS, N_GROUPS + 1])
def test_pages_hold_every_group_once_in_order(reader: Reader, sort: GroupSort, limit: int) -> None:
    rows = all_groups(reader, limit, sort, GroupFilter())
    assert {row.group_id for row in rows} == {f.group.group_id for f in FINDINGS.groups}
    assert len(rows) == N_GROUPS
    assert rows == sorted(rows, key=EXPECTED_KEY[sort])  # type: ignore[arg-type]


def test_a_page_goes_on_where_it_stopped_when_groups_come_and_go(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path}/store.db") as store:
        store.record_run(FINDINGS)
        first = store.reader.list_groups(sort=GroupSort.N_MEMBERS, limit=10)
        left = FINDINGS.groups[3:]
        store.record_run(
            replace(FINDINGS, manifest=replace(FINDINGS.manifest, run_id="2"), groups=left)
        )
        rest = store.reader.list_groups(
            sort=GroupSort.N_MEMBERS, cursor=first.next_cursor, limit=100
        )
        shown = {row.group_id for row in first.groups}
        assert [row.group_id for row in rest.groups if row.group_id in shown] == []
        assert shown | {row.group_id for row in rest.groups} >= {f.group.group_id for f in left}


def test_a_summary_repeats_the_verdict_object(reader: Reader) -> None:
    for row in reader.list_groups(limit=100).groups:
        group = reader.get_group(row.group_id)
        assert (row.verdict, row.subtype, row.state) == (group.verdict, group.subtype, group.state)
        assert row.leader_account_id == group.leader_account_id
        assert row.n_members == len(group.members)
        assert row.headline == group.reasons[0].text
        lags = sorted(m.lag_median_ms for m in group.members if m.lag_median_ms is not None)
        assert row.lag_median_ms is not None
        assert lags[0] <= row.lag_median_ms <= lags[-1]
        followers = [m for m in group.members if m.role == "follower"]
        assert row.n_followers == len(followers)
        assert row.n_copied == sum(m.copied for m in followers)
        assert row.tie_kinds == tuple(
            sorted({tie.kind for tie in group.ties if tie.weight_bits > 0})
        )


def expected_ids(meant: Callable[..., bool]) -> set[str]:
    return {f.group.group_id for f in FINDINGS.groups if meant(f.group)}


@pytest.mark.parametrize(
    ("group_filter", "meant"),
    [
        (GroupFilter(), lambda g: True),
        (GroupFilter(verdict=VerdictName.EXTERNAL), lambda g: g.verdict == "EXTERNAL"),
        (GroupFilter(subtype=Subtype.SIGNAL), lambda g: g.subtype == "signal"),
        (GroupFilter(subtype=Subtype.MIXED), lambda g: False),
        (GroupFilter(state="provisional"), lambda g: g.state == "provisional"),
        (
            GroupFilter(action=RecommendedAction.REVIEW),
            lambda g: g.recommended_action == "review",
        ),
        (GroupFilter(instrument_id="NQ"), lambda g: "NQ" in g.instruments),
        (GroupFilter(instrument_id="N"), lambda g: False),
        (GroupFilter(firm_id="firm-2"), lambda g: g.members[0].firm_id == "firm-2"),
        (GroupFilter(min_members=5), lambda g: len(g.members) >= 5),
        (GroupFilter(text="G-001"), lambda g: g.group_id.startswith("g-001")),
        (GroupFilter(text="%"), lambda g: any("%" in m.account_id for m in g.members)),
        (GroupFilter(text="_"), lambda g: any("_" in m.account_id for m in g.members)),
        (GroupFilter(text="\\"), lambda g: any("\\" in m.account_id for m in g.members)),
        (GroupFilter(text="交易"), lambda g: any("交易" in m.account_id for m in g.members)),
        (GroupFilter(text="owner-7"), lambda g: g.group_id == "g-0007"),
        (
            GroupFilter(verdict=VerdictName.EXTERNAL, state="confirmed", min_members=4),
            lambda g: g.verdict == "EXTERNAL" and g.state == "confirmed" and len(g.members) >= 4,
        ),
    ],
)
def test_a_filter_lists_what_it_means(
    reader: Reader, group_filter: GroupFilter, meant: Callable[..., bool]
) -> None:
    rows = all_groups(reader, 3, GroupSort.PRIORITY, group_filter)
    assert {row.group_id for row in rows} == expected_ids(meant)


@pytest.mark.parametrize("place", range(len(HOSTILE_IDS)))
def test_a_hostile_account_is_found_by_its_exact_id(reader: Reader, place: int) -> None:
    page = reader.list_groups(GroupFilter(account_id=HOSTILE_IDS[place]))
    assert [row.group_id for row in page.groups] == [f"g-{place:04d}"]
    detail = reader.get_account(HOSTILE_IDS[place])
    assert detail.account.account_id == HOSTILE_IDS[place]
    assert detail.groups == page.groups


def test_a_facet_ignores_the_filter_on_its_own_field(reader: Reader) -> None:
    facets = reader.facets(GroupFilter(verdict=VerdictName.EXTERNAL, state="confirmed"))
    for verdict, count in facets.verdict.items():
        assert count == len(
            expected_ids(lambda g, v=verdict: g.verdict == v and g.state == "confirmed")
        )
    for subtype, count in facets.subtype.items():
        assert count == len(
            expected_ids(
                lambda g, s=subtype: (
                    g.verdict == "EXTERNAL" and g.state == "confirmed" and g.subtype == s
                )
            )
        )
    assert set(facets.action) == set(RecommendedAction)


def test_episodes_are_paged_by_number(reader: Reader) -> None:
    found = FINDINGS.groups[6]
    listed = []
    after: int | None = None
    while True:
        page = reader.list_episodes(found.group.group_id, after, 3)
        assert page.total == len(found.episodes)
        listed += page.episodes
        after = page.next_after
        if after is None:
            break
    assert tuple(listed) == found.episodes


def test_the_timeline_is_paged_by_place(reader: Reader) -> None:
    found = FINDINGS.groups[6]
    listed = []
    after: int | None = None
    while True:
        page = reader.list_timeline(found.group.group_id, after, 4)
        listed += page.orders
        after = page.next_after
        if after is None:
            break
    assert tuple(listed) == found.timeline
    assert reader.list_timeline(found.group.group_id, 10**9).orders == ()


def test_accounts_are_paged_and_searched(reader: Reader) -> None:
    listed = []
    cursor = None
    while True:
        page = reader.list_accounts(cursor, 7)
        listed += page.accounts
        cursor = page.next_cursor
        if cursor is None:
            break
    assert sorted(listed, key=lambda a: a.account_id) == sorted(
        FINDINGS.accounts, key=lambda a: a.account_id
    )
    assert len(listed) == page.total
    found = reader.list_accounts(text="<SCRIPT>").accounts
    assert [account.account_id for account in found] == ["<script>alert(1)</script>"]


def test_runs_are_paged_newest_first(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path}/store.db") as store:
        for number in range(5):
            store.record_run(build_findings(run_id=f"run-{number}", n_groups=1))
        first = store.reader.list_runs(limit=3)
        second = store.reader.list_runs(first.next_cursor, 3)
        listed = [run.run_id for run in first.runs + second.runs]
        assert listed == ["run-4", "run-3", "run-2", "run-1", "run-0"]
        assert second.next_cursor is None


BAD_CURSORS = (
    "",
    "x",
    "!!!!",
    "é",
    "A" * 20_000,
    write_cursor("groups:priority", (0, 1.0)),
    write_cursor("groups:priority", (0, 1.0, "g", "more")),
    write_cursor("groups:priority", ("0", 1.0, "g")),
    write_cursor("groups:priority", (True, 1.0, "g")),
    write_cursor("groups:priority", (0, float("nan"), "g")),
    write_cursor("groups:priority", (0, 10**400, "g")),
    write_cursor("groups:priority", (10**30, 1.0, "g")),
    write_cursor("groups:priority", (0, 1.0, 5)),
    write_cursor("groups:n_members", (3, "g")),
    write_cursor("accounts", ("g",)),
    "WyJncm91cHM6cHJpb3JpdHkiLDAsMS4wLCJcdWQ4MDAiXQ",  # ["groups:priority",0,1.0,"\ud800"]
    "W1tb" * 4_000,  # [[[[...
)


@pytest.mark.parametrize("place", range(len(BAD_CURSORS)))
def test_a_foreign_cursor_is_refused(reader: Reader, place: int) -> None:
    with pytest.raises(CursorError) as refusal:
        reader.list_groups(cursor=BAD_CURSORS[place])
    assert len(str(refusal.value)) < 250


def test_a_cursor_of_another_sort_is_refused(reader: Reader) -> None:
    cursor = reader.list_groups(sort=GroupSort.N_MEMBERS, limit=1).next_cursor
    with pytest.raises(CursorError):
        reader.list_groups(sort=GroupSort.N_EPISODES, cursor=cursor)
    with pytest.raises(CursorError):
        reader.list_accounts(cursor)
    with pytest.raises(CursorError):
        reader.list_runs(cursor)
