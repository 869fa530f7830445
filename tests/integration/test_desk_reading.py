"""What an analyst reads first: the right day, the right run, a row that says how often."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from helpers.findings import build_findings

from surveillance.api.server import RunningServer
from surveillance.store import Store


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    path = tmp_path_factory.mktemp("desk") / "desk.db"
    with Store.open(f"sqlite:///{path}") as store:
        store.record_run(build_findings(n_groups=120, n_episodes=3))
        store.record_run(
            build_findings(run_id="run-2", dataset="long", n_groups=1, group_prefix="long")
        )
        with RunningServer(store) as server, httpx.Client(base_url=server.url) as client:
            yield client


def get(client: httpx.Client, path: str, status: int = 200) -> str:
    response = client.get(path)
    assert response.status_code == status, response.text[:300]
    assert response.headers["content-type"].startswith("text/html")
    return response.text


def rows(page: str) -> int:
    return page.count("<tr data-row>")


def test_the_timeline_starts_on_the_busiest_day_fitted_to_its_orders(tmp_path: Path) -> None:
    findings = build_findings(n_groups=1, hostile=False)
    (found,) = findings.groups
    day_ns = 86_400_000_000_000
    lone = replace(found.timeline[-1], event_time_ns=found.timeline[-1].event_time_ns + day_ns)
    changed = replace(found, timeline=(*found.timeline, lone))
    with Store.open(f"sqlite:///{tmp_path / 'two-days.db'}") as store:
        store.record_run(replace(findings, groups=(changed,)))
        with RunningServer(store) as server, httpx.Client(base_url=server.url) as client:
            page = get(client, "/groups/g-0000")
            assert "2026-01-05, the busiest of 2 days" in page
            assert f"{len(found.timeline)} orders" in page
            assert "<option selected>2026-01-05</option>" in page
            assert 'href="/groups/g-0000?day=all">Whole time' in page
            ticks = re.findall(r'class="tick" text-anchor="middle">([\d:]+)<', page)
            assert "12:00" not in ticks  # fitted to a minute of orders
            assert f"{len(found.timeline) + 1} orders" in get(client, "/groups/g-0000?day=all")


def test_several_datasets_have_a_column_a_filter_and_their_own_run(client: httpx.Client) -> None:
    page = get(client, "/")
    assert '<th scope="col">Dataset</th>' in page
    assert '<dt>Latest run</dt><dd class="id">long</dd>' in page
    one = get(client, "/?dataset=market&sort=log10_e")
    assert '<dt>Dataset</dt><dd class="id">market</dd>' in one
    assert 'All <span class="n">120</span>' in one
    assert '<option value="market" selected>' in one
    assert rows(get(client, "/?dataset=long")) == 1
    assert "dataset must be" in get(client, "/?dataset=nothing", status=400)
    groups = client.get("/v1/groups", params={"dataset": "long"}).json()["groups"]
    assert [group["dataset"] for group in groups] == ["long"]


def test_one_dataset_needs_no_column(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'one.db'}") as store:
        store.record_run(build_findings(n_groups=2))
        with RunningServer(store) as server, httpx.Client(base_url=server.url) as client:
            page = get(client, "/")
            assert '<th scope="col">Dataset</th>' not in page
            assert 'name="dataset"' not in page


def test_a_row_says_how_often_and_how_fast_and_names_an_action_in_words(
    client: httpx.Client,
) -> None:
    page = get(client, "/?text=g-0006")
    assert "2 accounts repeated 6 of 10 times (60.0%), 66 ms later" in page
    assert "review for a freeze" in page
    assert "freeze review" not in page


def test_a_browser_gets_a_page_and_a_client_problem_details_for_an_unknown_path(
    client: httpx.Client,
) -> None:
    browser = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    answer = client.get("/nothing/here", headers=browser)
    assert answer.status_code == 404
    assert "No such page" in answer.text
    assert answer.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    for headers in ({}, {"accept": "application/json"}):
        answer = client.get("/nothing/here", headers=headers)
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
    answer = client.post("/", json={}, headers=browser)
    assert answer.status_code == 405
    assert answer.headers["content-type"].startswith("text/html")


def test_only_what_may_have_been_there_is_said_to_be_replaced(client: httpx.Client) -> None:
    assert "A new run may have replaced it" in get(client, "/groups/none", status=404)
    assert "A new run" not in get(client, "/?verdict=GUILTY", status=400)
