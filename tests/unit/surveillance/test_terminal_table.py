"""The table of verdicts on a terminal: every group a row, hostile names inert, pipes silent."""

import io
from dataclasses import replace

import pytest
from helpers.findings import build_findings
from rich.console import Console

from surveillance.findings import RunFindings
from surveillance.terminal import MAX_ROWS, progress_bars, task_bar, verdict_table
from surveillance.web.formats import lag
from surveillance.web.weighing import lag_median_ms


def shown(findings: RunFindings, *, width: int = 160, is_terminal: bool = False) -> str:
    file = io.StringIO()
    console = Console(file=file, width=width, force_terminal=is_terminal, color_system=None)
    console.print(verdict_table(findings))
    return file.getvalue()


def test_every_group_is_a_row_with_its_verdict_and_strength() -> None:
    findings = build_findings(n_groups=6, hostile=False)
    lines = shown(findings).splitlines()
    for found in findings.groups:
        (row,) = (line for line in lines if found.group.group_id in line)
        assert found.group.verdict.value in row
        assert found.group.subtype.value.replace("_", " ") in row
        assert f"{found.group.log10_e:.1f}" in row
        assert str(len(found.group.members)) in row
        if found.group.leader_account_id is None:
            assert "off venue" in row


def test_the_caption_says_what_was_read_and_how_much_chance_allows() -> None:
    findings = build_findings(n_groups=1, hostile=False)
    text = " ".join(shown(findings).split())
    assert "50,010 events read = 50,000 accepted + 10 duplicates." in text
    assert "at most 0.00027 false pairs expected in this run, 0.02 in a year of such runs" in text


def test_a_placebo_beyond_its_bound_is_said_loudly() -> None:
    findings = build_findings(n_groups=1, hostile=False)
    broken = tuple(replace(count, within_bound=False) for count in findings.placebo)
    assert "ABOVE its bound" in " ".join(shown(replace(findings, placebo=broken)).split())
    kept = tuple(replace(count, within_bound=True) for count in findings.placebo)
    assert "within its bound" in " ".join(shown(replace(findings, placebo=kept)).split())


def test_no_groups_give_sentences_and_no_table() -> None:
    text = shown(build_findings(n_groups=0))
    assert "0 groups among 300 accounts" in text
    assert "events read" in text
    assert "Verdict" not in text


def test_one_account_gives_no_claim_about_chance() -> None:
    findings = build_findings(n_groups=0)
    counts = {**findings.manifest.counts, "accounts": 1, "read": 1, "accepted": 1, "duplicates": 0}
    lines = shown(replace(findings, manifest=replace(findings.manifest, counts=counts)))
    assert [line.strip() for line in lines.splitlines()] == [
        "0 groups among 1 account",
        "1 event read = 1 accepted + 0 duplicates.",
        "1 account: nothing to compare.",
    ]


def test_groups_stand_in_the_order_of_the_desk_with_its_lag() -> None:
    findings = build_findings(n_groups=12, hostile=False)
    lines = shown(findings).splitlines()
    rows = [line.split() for line in lines if line.strip().startswith("g-")]
    verdicts = [row[1] for row in rows]
    assert verdicts == sorted(
        verdicts, key=["EXTERNAL", "UNDETERMINED", "INTERNAL", "INDEPENDENT"].index
    )
    assert "Episodes" in shown(findings)
    for found in findings.groups:
        (line,) = (line for line in lines if found.group.group_id in line)
        assert lag(lag_median_ms(found.group)) in line


@pytest.mark.parametrize("is_terminal", [True, False])
def test_hostile_names_reach_no_terminal(is_terminal: bool) -> None:
    text = shown(build_findings(n_groups=16, hostile=True), is_terminal=is_terminal)
    assert all(line.isprintable() for line in text.split("\n"))
    assert "<script>" in text


def test_markup_in_a_name_is_text() -> None:
    findings = build_findings(n_groups=1, hostile=False)
    (found,) = findings.groups
    group = replace(found.group, leader_account_id="[red]A[/red]")
    findings = replace(findings, groups=(replace(found, group=group),))
    assert "[red]A[/red]" in shown(findings)


def test_more_groups_than_fit_are_counted() -> None:
    text = shown(build_findings(n_groups=MAX_ROWS + 7, hostile=False))
    assert "... and 7 more" in text


def test_progress_is_silent_in_a_pipe() -> None:
    file = io.StringIO()
    with progress_bars(Console(file=file)) as progress:
        progress.reading(10, 100)
        progress.detecting(10, 100)
    with task_bar(Console(file=file)) as on_progress:
        on_progress("seed 1", 1, 2)
    assert file.getvalue() == ""


def test_progress_shows_on_a_terminal() -> None:
    file = io.StringIO()
    with progress_bars(Console(file=file, force_terminal=True, width=100)) as progress:
        progress.reading(10, 100)
        progress.detecting(3, 7)
    assert "Reading" in file.getvalue()
    assert "Detecting" in file.getvalue()
