"""The report: one file, the same bytes each time, complete and harmless."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.browser import open_browser, watched_page
from helpers.findings import HOSTILE_IDS, build_findings
from playwright.sync_api import Browser

from surveillance.report import N_DETAILED_GROUPS, N_MEMBERS, render_report

HIDDEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2066-\u2069\x00-\x08\x1b]")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


def test_the_same_findings_give_the_same_bytes() -> None:
    assert render_report(build_findings()) == render_report(build_findings())


def test_the_report_says_what_was_scanned_and_how_sure_it_is() -> None:
    report = render_report(build_findings())
    for said in (
        "12 groups found in market",
        "48,000 orders by 300 accounts",
        "The placebo stays within its bound.",
        "log10 E 7.3",
        "0.02 in a year",
        "50,010",
        "d" * 64,
    ):
        assert said in report


def test_every_group_has_its_section_in_order_of_priority() -> None:
    report = render_report(build_findings())
    shown = re.findall(r'<article class="block group" id="group-(\d+)">', report)
    assert shown == [str(n) for n in range(1, 13)]
    order = re.findall(r'class="crumb"><span>\d+</span> <span class="id">g-(\d+)', report)
    assert order[:2] == ["0005", "0011"]
    for name in ("timeline", "lags", "graph"):
        assert report.count(f'id="figure-{name}-') == 12


def test_ids_of_elements_are_unique() -> None:
    ids = re.findall(r'\sid="([^"]+)"', render_report(build_findings()))
    assert len(ids) == len(set(ids))


def test_a_broken_placebo_stands_on_top() -> None:
    findings = build_findings()
    broken = tuple(replace(one, within_bound=False) for one in findings.placebo)
    report = render_report(replace(findings, placebo=broken))
    assert "The placebo is ABOVE its bound: read every verdict with care." in report
    assert "No placebo: " in render_report(replace(findings, placebo=()))


def test_a_run_without_groups_is_a_report_too() -> None:
    report = render_report(build_findings(n_groups=0))
    assert "0 groups found" in report
    assert "No accounts repeated each other beyond what chance allows" in report


def test_hostile_strings_are_inert() -> None:
    report = render_report(build_findings(n_groups=len(HOSTILE_IDS)))
    assert "<script" not in report
    assert "<img" not in report
    assert "<svg onload" not in report
    assert not HIDDEN.search(report)
    assert "L" * 65 not in report
    body = report[report.index("<body") :]
    assert not re.search(r"<[^>]*\s(style|on\w+)=", body)
    assert not re.search(r'(src|href)="(?!#)', body)


def test_many_large_groups_stay_mailable_and_say_what_is_left_out() -> None:
    findings = build_findings(n_groups=100, hostile=False)
    large = tuple(
        replace(
            found,
            group=replace(
                found.group,
                members=tuple(
                    replace(found.group.members[-1], account_id=f"{found.group.group_id}-{n:02d}")
                    for n in range(50)
                ),
            ),
        )
        for found in findings.groups
    )
    report = render_report(replace(findings, groups=large))
    assert len(report.encode()) < 5_000_000
    assert report.count('id="figure-timeline-') == N_DETAILED_GROUPS
    assert f"{50 - N_MEMBERS} more members" in report
    assert f"for the first {N_DETAILED_GROUPS} groups" in report


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 1024, 390])
def test_the_file_opens_without_network_or_violation(
    browser: Browser, tmp_path: Path, theme: str, width: int
) -> None:
    path = tmp_path / "report.html"
    path.write_text(render_report(build_findings(n_groups=len(HOSTILE_IDS))), encoding="utf-8")
    with watched_page(browser, theme=theme, width=width) as watched:
        watched.page.goto(path.as_uri())
        assert watched.page.evaluate("document.fonts.ready.then(() => true)")
        assert watched.problems == []
        assert [url for url in watched.requests if not url.startswith("data:")] == [path.as_uri()]
        # The style is in force, so its hash in the policy is right.
        assert (
            watched.page.evaluate("getComputedStyle(document.querySelector('main')).maxWidth")
            == "1080px"
        )
        assert watched.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
