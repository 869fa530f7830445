"""The copiers' pages over a real store: what they say, and that names stay text."""

import re
from collections.abc import Iterator
from html import unescape

import httpx
import pytest
from helpers.copiers import (
    HOSTILE,
    HOSTILE_ACCOUNT,
    NEVER_RUN,
    RUNNING,
    SILENT,
    STOPPED,
    fill_store,
    plan_of_two,
    record,
)

from streams.copier import Plan
from surveillance.api.server import RunningServer
from surveillance.store import Store
from surveillance.web.rendering import copier_path

HIDDEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2066-\u2069\x00-\x08\x1b\r]")
ALL = (RUNNING, SILENT, STOPPED, NEVER_RUN, HOSTILE)


def no_verification(plan: Plan) -> None:
    raise AssertionError(f"{plan.plan_id} is not to be verified here")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with Store.open(f"sqlite:///{tmp_path_factory.mktemp('copiers')}/s.db") as store:
        fill_store(store)
        with (
            RunningServer(store, verify=no_verification) as server,
            httpx.Client(base_url=server.url) as client,
        ):
            yield client


def get(client: httpx.Client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, answer.text[:300]
    assert answer.headers["content-type"].startswith("text/html")
    return answer.text


def words_of(page: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page)))


def test_an_empty_store_says_how_to_make_a_plan(tmp_path) -> None:
    with (
        Store.open(f"sqlite:///{tmp_path}/s.db") as store,
        RunningServer(store) as server,
        httpx.Client(base_url=server.url) as client,
    ):
        page = get(client, "/copiers")
        assert "No copy plan yet" in page
        assert "surveillance copy verify PLAN" in page


def test_the_list_shows_every_copier_and_is_linked_from_everywhere(client: httpx.Client) -> None:
    page = get(client, "/copiers")
    assert page.count("<tr data-row>") == len(ALL)
    for status in ("running", "silent", "stopped", "never_run"):
        assert f"standing-{status}" in page
    assert "✓ verified" in page
    assert "✕ refused" in page
    for path in re.findall(r'class="id" href="(/copiers[^"]+)"', page):
        assert "Followers" in get(client, unescape(path))
    assert 'href="/copiers"' in get(client, "/")


def test_the_list_is_paged(tmp_path) -> None:
    with Store.open(f"sqlite:///{tmp_path}/s.db") as store:
        for number in range(101):
            record(store, plan_of_two(f"plan-{number:03d}"))
        with RunningServer(store) as server, httpx.Client(base_url=server.url) as client:
            page = get(client, "/copiers")
            assert "100 of 101 plans" in page
            following = re.search(r'rel="next" href="([^"]+)"', page)
            assert following is not None
            assert "plan-100" in get(client, unescape(following[1]))
            assert "cursor must be" in get(client, "/copiers?cursor=x", status=400)


def test_a_copier_says_how_its_followers_stand(client: httpx.Client) -> None:
    page = words_of(get(client, copier_path(RUNNING)))
    for said in (
        "2 followers copy the leader: 1 disarmed, 1 on",
        "ES 2 of 2",
        "NQ 0 of -1",
        "locked: daily loss",
        "until a person arms it",
        "$1,822.50",
        "-$42.50",
        "0.25 ticks a lot",
        "0.50 planned 0.5",
        "184 3 missed, 2 rejected",
        "5 ms p99 30 ms",
        "Verified. Played: a simulated leader in the market basic",
        "daily loss $2,000.00, profit target $6,000.00, at most 30% of it in a day",
        "ES as 10 MES",
        "at most $2,000.00 <i>now</i>",
    ):
        assert said in page, said


def test_a_silent_copier_is_shown_as_silent_with_the_time_since(client: httpx.Client) -> None:
    page = words_of(get(client, copier_path(SILENT)))
    assert "Silent for 3 min." in page
    assert "has said nothing since" in page
    assert "Silent" not in words_of(get(client, copier_path(RUNNING)))
    assert "Silent" not in words_of(get(client, copier_path(STOPPED)))


def test_a_plan_that_never_ran_has_its_refusal(client: httpx.Client) -> None:
    page = words_of(get(client, copier_path(NEVER_RUN)))
    assert "it has never run" in page
    assert "Refused , for 2 reasons" in page
    assert "micro belongs to somebody" in page
    assert "No copy has been sent yet." in page


def test_a_check_of_an_earlier_plan_says_so(tmp_path) -> None:
    with Store.open(f"sqlite:///{tmp_path}/s.db") as store:
        record(store, plan_of_two("p")).record_refusal("p", ["why"], 1)
        with RunningServer(store) as server, httpx.Client(base_url=server.url) as client:
            assert "The plan was changed after this check." in get(client, "/copiers/p")


def test_followers_that_the_view_does_not_know_are_shown_too(tmp_path) -> None:
    with Store.open(f"sqlite:///{tmp_path}/s.db") as store:
        fill_store(store)
        record(store, plan_of_two(STOPPED, second="late"))
        with RunningServer(store) as server, httpx.Client(base_url=server.url) as client:
            page = words_of(get(client, copier_path(STOPPED)))
            assert "late" in page
            assert "nothing measured" in page


@pytest.mark.parametrize("path", ["/copiers/gone", "/copiers?id=", "/copiers/%3Cscript%3E"])
def test_an_unknown_copier_is_a_page(client: httpx.Client, path: str) -> None:
    page = get(client, path, status=404)
    assert "No such copier" in page
    assert "<script>" not in page


@pytest.mark.parametrize("plan_id", ALL)
def test_names_of_strangers_stay_text(client: httpx.Client, plan_id: str) -> None:
    for path in ("/copiers", copier_path(plan_id)):
        page = get(client, path)
        assert page.count("<script") == 3
        assert "<img" not in page
        assert "<b>x" not in page
        assert "<i>now" not in page
        assert not HIDDEN.search(page)
        assert not re.search(r"<[^>]*\s(style|on\w+)=", re.sub(r'"[^"]*"', '""', page))
        assert "<style" not in page


def test_a_command_carries_the_name_whole_whatever_it_holds(client: httpx.Client) -> None:
    page = get(client, copier_path(HOSTILE))
    bodies = [unescape(body) for body in re.findall(r'data-body="([^"]*)"', page)]
    url = re.search(r'data-url="([^"]*)"', page)
    assert url is not None
    (disarm,) = (b for b in bodies if "kill_and_hold" in b and "img" in b)
    answer = client.post(
        unescape(url[1]), content=disarm, headers={"content-type": "application/json"}
    )
    assert answer.status_code == 202
    newest = client.get(unescape(url[1]).removesuffix("/commands")).json()["commands"][0]
    assert newest["account_id"] == HOSTILE_ACCOUNT
