"""Ids that attack whoever shows them: accepted, found, and inert in every result."""

import json
import os
from html.parser import HTMLParser
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from helpers.command import Outcome, run, stored_runs, the_refusal
from helpers.copied_market import copied_market

from streams.files import write_dataset
from surveillance.store import Store

LEADER = "<img src=x onerror=alert(1)>"
FOLLOWERS = (
    "\u202egnp.exe\u2066",
    '"><script>alert(2)</script>',
    "line\nbreak\tnul\x00 esc\x1b[2J",
    "{{ 7 * 7 }}[red]",
)
FORMS = ("parquet", "jsonl")


class Tags(HTMLParser):
    """Collects tags, the names of attributes, and the text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links |= {value or "" for name, value in attrs if name in ("href", "src")}


@pytest.fixture(scope="module", params=FORMS)
def scanned(request: pytest.FixtureRequest, tmp_path_factory) -> tuple[Path, Outcome]:
    home = tmp_path_factory.mktemp("hostile")
    table = copied_market(LEADER, FOLLOWERS)
    write_dataset(home / "market", {"orders": table}, request.param)
    outcome = run(
        "scan", home / "market", "--out", home / "out", "--store", f"sqlite:///{home / 's.db'}"
    )
    return home, outcome


def test_hostile_accounts_are_found_and_named_exactly(scanned: tuple[Path, Outcome]) -> None:
    home, outcome = scanned
    assert outcome.status == 0, outcome
    lines = (home / "out" / "groups.jsonl").read_bytes().split(b"\n")
    assert lines.pop() == b""
    (group,) = (json.loads(line) for line in lines)
    assert group["leader_account_id"] == LEADER
    assert {member["account_id"] for member in group["members"]} == {LEADER, *FOLLOWERS}
    pairs = pq.read_table(home / "out" / "pairs.parquet").to_pylist()
    assert {pair["leader_account_id"] for pair in pairs} >= {LEADER}
    with Store.open(f"sqlite:///{home / 's.db'}") as store:
        (tracked,) = store.tracked_groups("market")
    assert set(tracked.member_account_ids) == {LEADER, *FOLLOWERS}


def test_the_report_shows_hostile_names_and_runs_nothing(scanned: tuple[Path, Outcome]) -> None:
    home, _ = scanned
    page = (home / "out" / "report.html").read_text("utf-8")
    seen = Tags(page)
    assert not seen.tags & {"img", "script", "iframe", "object", "embed", "link", "base"}
    assert not {name for name in seen.attributes if name.startswith("on")}
    assert all(link.startswith("#") for link in seen.links)
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert "[U+202E]" in page
    for character in "\u202e\u2066\x00\x1b":
        assert character not in page
    assert "{{ 7 * 7 }}" in page


def test_the_terminal_gets_no_control_character(scanned: tuple[Path, Outcome]) -> None:
    _, outcome = scanned
    assert outcome.err == ""
    assert all(line.isprintable() for line in outcome.out.split("\n"))
    assert "<img" in outcome.out


def test_a_hostile_name_of_the_dataset_is_inert(tmp_path: Path) -> None:
    name = "<script>alert(3)<\u202e\x1b[2J"
    dataset = tmp_path / "\u202e<b>market"
    write_dataset(dataset, {"orders": copied_market(n_honest_orders=500)})
    store = f"sqlite:///{tmp_path / 's.db'}"
    for options in (("--name", name), ()):
        outcome = run("scan", dataset, "--out", tmp_path / "out", "--store", store, *options)
        assert outcome.status == 0, outcome
        page = (tmp_path / "out" / "report.html").read_text("utf-8")
        assert "script" not in Tags(page).tags
        assert "\u202e" not in page
        assert "\x1b" not in page
        assert all(line.isprintable() for line in outcome.out.split("\n"))


@pytest.mark.parametrize("place", ["dataset", "out", "name"])
def test_a_name_that_is_not_utf8_is_refused(tmp_path: Path, place: str) -> None:
    write_dataset(tmp_path / "market", {"orders": copied_market(n_honest_orders=500)})
    bad = os.fsdecode(b"market-\xff")
    (tmp_path / "market").rename(tmp_path / (bad if place == "dataset" else "market"))
    outcome = run(
        "scan",
        tmp_path / (bad if place == "dataset" else "market"),
        "--out",
        tmp_path / ("out" + bad if place == "out" else "out"),
        "--store",
        f"sqlite:///{tmp_path / 's.db'}",
        "--name",
        bad if place == "name" else "market",
    )
    refusal = the_refusal(outcome)
    assert refusal.startswith("names must be UTF-8, was ")
    assert "market-[U+DCFF]" in refusal
    assert not list(tmp_path.glob("*out*"))
    assert stored_runs(tmp_path / "s.db") == []
