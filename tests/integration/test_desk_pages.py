"""The desk's pages over a real store: what they say, what they refuse, what they never do."""

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from html import unescape
from importlib.resources import files
from pathlib import Path

import httpx
import pytest
from helpers.findings import HOSTILE_IDS, build_findings

from surveillance.api.server import RunningServer
from surveillance.store import Store
from surveillance.web.rendering import account_path

WEB = Path(str(files("surveillance.web")))
HIDDEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2066-\u2069\x00-\x08\x1b]")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    path = tmp_path_factory.mktemp("desk") / "desk.db"
    with Store.open(f"sqlite:///{path}") as store:
        store.record_run(build_findings(n_groups=120, n_episodes=3))
        store.record_run(
            build_findings(
                run_id="run-2", dataset="long", n_groups=1, n_episodes=120, group_prefix="long"
            )
        )
        with RunningServer(store) as server, httpx.Client(base_url=server.url) as client:
            yield client


@pytest.fixture(scope="module")
def empty_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    path = tmp_path_factory.mktemp("desk") / "empty.db"
    with (
        Store.open(f"sqlite:///{path}") as store,
        RunningServer(store) as server,
        httpx.Client(base_url=server.url) as client,
    ):
        yield client


def get(client: httpx.Client, path: str, status: int = 200) -> str:
    response = client.get(path)
    assert response.status_code == status, response.text[:300]
    assert response.headers["content-type"].startswith("text/html")
    return response.text


def rows(page: str) -> int:
    return page.count("<tr data-row>")


def test_the_list_shows_the_run_and_every_verdict(client: httpx.Client) -> None:
    page = get(client, "/")
    for said in ("log10 E 7.3", "0.02 in a year", "within bound", "48,000", "EXTERNAL", "INTERNAL"):
        assert said in page
    assert 'All <span class="n">121</span>' in page


def test_an_empty_store_says_what_to_do(empty_client: httpx.Client) -> None:
    page = get(empty_client, "/")
    assert "No run yet" in page
    assert "surveillance scan DATASET --out DIR" in page
    assert "No run yet" in get(empty_client, "/help/method")


def test_a_run_without_groups_says_so(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'none.db'}") as store:
        store.record_run(build_findings(n_groups=0))
        with RunningServer(store) as server, httpx.Client(base_url=server.url) as client:
            assert "The run found no group" in get(client, "/")
            assert "No group fits these filters" in get(client, "/?verdict=EXTERNAL")


def test_filters_narrow_the_list_and_stay_in_the_form(client: httpx.Client) -> None:
    page = get(client, "/?verdict=EXTERNAL&subtype=signal&sort=n_members&text=G0006")
    assert rows(page) == 1
    assert "g-0006" in page
    assert '<option value="signal" selected>' in page
    assert 'name="text" value="G0006"' in page
    assert "No group fits these filters" in get(client, "/?text=nobody")
    assert (
        rows(get(client, "/?instrument=NQ"))
        > rows(get(client, "/?instrument=NQ&state=provisional"))
        > 0
    )


def test_empty_fields_of_the_form_do_not_filter(client: httpx.Client) -> None:
    empty = "/?text=&instrument=&verdict=&subtype=&action=&state=&sort="
    assert rows(get(client, empty)) == rows(get(client, "/")) == 100


def test_paging_visits_every_group_once(client: httpx.Client) -> None:
    seen: list[str] = []
    path: str | None = "/?sort=log10_e"
    while path:
        page = get(client, path)
        seen += re.findall(r'class="id" href="(/groups/[^"]+)"', page)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        path = unescape(following[1]) if following else None
    assert len(seen) == len(set(seen)) == 121


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/?verdict=GUILTY", "verdict must be one of"),
        ("/?state=maybe", "state must be one of"),
        ("/?sort=color", "sort must be one of"),
        ("/?cursor=%3Cscript%3E", "cursor must be"),
        ("/groups/g-0000?after=-1", "after must be a whole number"),
        ("/groups/g-0000?episode=%F0%9D%9F%9A", "episode must be a whole number"),
        ("/groups/g-0000?day=yesterday", "day must be a date"),
    ],
)
def test_an_address_without_meaning_is_explained(
    client: httpx.Client, path: str, said: str
) -> None:
    page = get(client, path, status=400)
    assert said in page
    assert "<script>" not in page


@pytest.mark.parametrize(
    "path",
    ["/groups/none", "/groups/%3Cscript%3E", "/groups/", "/accounts/nobody", "/accounts"],
)
def test_an_unknown_id_is_a_page_that_leads_back(client: httpx.Client, path: str) -> None:
    page = get(client, path, status=404)
    assert "No such" in page
    assert 'href="/"' in page
    assert "<script>" not in page


def test_an_unknown_episode_is_not_found(client: httpx.Client) -> None:
    assert "No such episode" in get(client, "/groups/g-0000?episode=99", status=404)


def test_the_group_page_says_why_and_shows_all_its_parts(client: httpx.Client) -> None:
    page = get(client, "/groups/g-0018")
    assert "<h1>2 accounts of 2 owners repeated decisions of g0018-account-0" in page
    for said in (
        "For copying",
        "Against, or open",
        "Who is behind it",
        "Members",
        "Ties",
        "side by side",
        "run-1",
    ):
        assert said in page
    for figure in ("timeline", "lags", "graph"):
        assert f'id="figure-{figure}"' in page
    assert 'href="/v1/groups/g-0018"' in page
    assert client.get("/v1/groups/g-0018").status_code == 200


def test_an_episode_and_a_day_narrow_the_timeline(client: httpx.Client) -> None:
    whole = get(client, "/groups/g-0000?day=all")
    assert "12 orders" in whole
    assert "the whole time" in whole
    episode = get(client, "/groups/g-0000?episode=2")
    assert '<span class="muted">episode 2</span>' in episode
    assert "3 orders" in episode
    assert 'rel="prev" href="/groups/g-0000?episode=1"' in episode
    assert 'rel="next" href="/groups/g-0000?episode=3"' in episode
    assert 'rel="next" href="/groups/g-0000?' not in get(client, "/groups/g-0000?episode=3")
    assert "12 orders" in get(client, "/groups/g-0000?day=2026-01-05")
    assert "No order of the group" in get(client, "/groups/g-0000?day=2026-01-09")


def test_episodes_are_paged(client: httpx.Client) -> None:
    page = get(client, "/groups/long-0000")
    assert "1 to 20 of 120" in page
    following = re.search(r'rel="next" href="([^"#]+)', page)
    assert following is not None
    assert "21 to 40 of 120" in get(client, unescape(following[1]))


@pytest.mark.parametrize("account_id", HOSTILE_IDS)
def test_every_account_has_a_page_however_it_is_called(
    client: httpx.Client, account_id: str
) -> None:
    page = get(client, account_path(account_id))
    assert "Groups with this account" in page
    assert not HIDDEN.search(page)


def test_hostile_ids_render_inert_on_every_page(client: httpx.Client) -> None:
    for path in ("/", *(f"/groups/g-{n:04d}" for n in range(len(HOSTILE_IDS)))):
        page = get(client, path)
        assert page.count("<script") == 2, path
        assert "<img" not in page
        assert "<svg onload" not in page
        assert not HIDDEN.search(page)
        assert "L" * 65 not in re.sub(r'href="[^"]*"', "", page)


def test_pages_are_served_under_the_strict_policy(client: httpx.Client) -> None:
    for path in ("/", "/groups/g-0000", "/help/method", "/accounts?id=..", "/groups/none"):
        policy = client.get(path).headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "trusted-types 'none'" in policy


def test_pages_hold_no_inline_style_script_or_handler(client: httpx.Client) -> None:
    for path in ("/", "/groups/g-0018", "/help/method", "/accounts?id=.."):
        page = get(client, path)
        assert not re.search(r"<[^>]*\s(style|on\w+)=", page)
        assert "<style" not in page
        assert not re.search(r"<script(?![^>]*src=)", page)
        assert not re.search(r'(src|href)="(https?:)?//', page)


def test_templates_and_scripts_never_write_markup_themselves() -> None:
    for path in sorted(WEB.rglob("*.html")):
        source = path.read_text(encoding="utf-8")
        assert not re.search(r"\|\s*safe|autoescape\s+false|\sstyle=|\son[a-z]+=", source), path
    for path in sorted(WEB.rglob("*.js")):
        source = path.read_text(encoding="utf-8")
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", source
        )
        assert "://" not in source
    makers = [
        p.name for p in sorted(WEB.rglob("*.py")) if re.search(r"\bMarkup\(", p.read_text("utf-8"))
    ]
    assert makers == ["markup.py"]


def test_colors_stand_in_the_token_file_only() -> None:
    for path in sorted((WEB / "static").glob("*.css")):
        if path.name != "tokens.css":
            source = path.read_text(encoding="utf-8")
            assert not re.search(r"#[0-9a-fA-F]{3,8}\b|light-dark\(", source), path


def test_vendored_files_are_those_that_are_listed() -> None:
    static = WEB / "static"
    listed = json.loads((static / "vendored.json").read_text(encoding="utf-8"))["files"]

    def integrity(name: str) -> str:
        digest = hashlib.sha384((static / name).read_bytes()).digest()
        return "sha384-" + base64.b64encode(digest).decode()

    for item in listed:
        assert integrity(item["file"]) == item["integrity"]
        assert integrity(item["license_file"]) == item["license_integrity"]
        assert item["license"] == "OFL-1.1"
    vendored = {*(static / "fonts").iterdir(), *(static / "licenses").iterdir()}
    assert {path.relative_to(static).as_posix() for path in vendored} == {
        name for item in listed for name in (item["file"], item["license_file"])
    }


def test_static_files_are_served(client: httpx.Client) -> None:
    page = get(client, "/")
    for path in re.findall(r'(?:src|href)="(/static/[^"]+)"', page):
        assert client.get(path).status_code == 200, path
