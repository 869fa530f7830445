"""The API over a real HTTP server on a loopback port, reading a real SQLite file."""

import json
from collections.abc import Iterator
from urllib.parse import quote

import httpx
import pytest
from helpers.findings import HOSTILE_IDS, build_findings
from prometheus_client.parser import text_string_to_metric_families

from surveillance.api.server import RunningServer
from surveillance.store import Store

FINDINGS = build_findings(n_groups=25)
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    url = f"sqlite:///{tmp_path_factory.mktemp('api')}/store.db"
    with Store.open(url) as store:
        store.record_run(FINDINGS)
        with RunningServer(store) as server, httpx.Client(base_url=server.url) as client:
            yield client


def plain(record: object) -> object:
    """Bring a findings record to the form that JSON gives back."""
    return json.loads(json.dumps(record))


def assert_problem(answer: httpx.Response, status: int, kind: str) -> dict[str, object]:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, object] = answer.json()
    assert problem["type"] == f"urn:exchange-surveillance:problem:{kind}"
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    return problem


@pytest.mark.parametrize("sort", ["priority", "log10_e", "n_members", "last_time_ns", "n_episodes"])
def test_following_the_cursor_lists_every_group_once(client: httpx.Client, sort: str) -> None:
    listed = []
    query: dict[str, str | int] = {"sort": sort, "limit": 4}
    while True:
        page = client.get("/v1/groups", params=query).json()
        assert page["total"] == len(FINDINGS.groups)
        listed += [row["group_id"] for row in page["groups"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert sorted(listed) == sorted(found.group.group_id for found in FINDINGS.groups)


def test_a_group_is_the_verdict_object_of_the_contract(client: httpx.Client) -> None:
    for found in FINDINGS.groups:
        answer = client.get(f"/v1/groups/{found.group.group_id}")
        assert answer.status_code == 200
        assert answer.json() == plain(found.group.to_json())


def test_the_evidence_of_a_group_is_served_whole(client: httpx.Client) -> None:
    found = FINDINGS.groups[8]
    base = f"/v1/groups/{found.group.group_id}"
    episodes = client.get(f"{base}/episodes", params={"limit": 4}).json()
    more = client.get(f"{base}/episodes", params={"after": episodes["next_after"]}).json()
    assert [e["number"] for e in episodes["episodes"] + more["episodes"]] == list(range(1, 8))
    assert more["next_after"] is None
    assert len(client.get(f"{base}/graph").json()["nodes"]) == len(found.graph.nodes)
    histogram = client.get(f"{base}/lag-histogram").json()
    assert histogram["observed"] == list(found.lag_histogram.observed)
    timeline = client.get(f"{base}/timeline", params={"limit": 10}).json()
    rest = client.get(f"{base}/timeline", params={"after": timeline["next_after"]}).json()
    assert len(timeline["orders"] + rest["orders"]) == len(found.timeline) == rest["total"]


def test_filters_of_the_list_combine(client: httpx.Client) -> None:
    query = {
        "verdict": "EXTERNAL",
        "subtype": "managed_accounts",
        "state": "confirmed",
        "action": "review",
        "min_members": "4",
        "firm_id": "firm-2",
        "instrument_id": "CL",
        "text": "ACCOUNT-1",
    }
    page = client.get("/v1/groups", params=query).json()
    assert [row["group_id"] for row in page["groups"]] == ["g-0005", "g-0017"]
    assert page["total"] == 2


@pytest.mark.parametrize("place", range(len(HOSTILE_IDS)))
def test_a_hostile_account_id_is_served_as_data(client: httpx.Client, place: int) -> None:
    account_id = HOSTILE_IDS[place]
    listed = client.get("/v1/groups", params={"account_id": account_id}).json()
    assert [row["group_id"] for row in listed["groups"]] == [f"g-{place:04d}"]
    if account_id == "..":
        return  # clients fold this path themselves; the list above still reaches it
    answer = client.get("/v1/accounts/" + quote(account_id, safe=""))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["account"]["account_id"] == account_id
    assert [row["group_id"] for row in answer.json()["groups"]] == [f"g-{place:04d}"]


def test_accounts_and_runs_are_listed(client: httpx.Client) -> None:
    page = client.get("/v1/accounts", params={"limit": 500}).json()
    assert page["total"] == len(FINDINGS.accounts) == len(page["accounts"])
    runs = client.get("/v1/runs").json()
    assert runs["runs"] == [plain(client.get("/v1/runs/run-1").json()["manifest"])]


def test_a_run_tells_what_chance_would_find(client: httpx.Client) -> None:
    run = client.get("/v1/runs/run-1").json()
    assert run["manifest"]["chance_groups_per_year"] == 0.02
    assert run["manifest"]["threshold_log10_e"] == 7.3
    assert [placebo["crossings"] for placebo in run["placebo"]] == [1, 8, 93]
    assert all(placebo["within_bound"] for placebo in run["placebo"])


@pytest.mark.parametrize(
    "path",
    [
        "/v1/groups/gone",
        "/v1/groups/gone/episodes",
        "/v1/groups/gone/graph",
        "/v1/groups/gone/lag-histogram",
        "/v1/groups/gone/timeline",
        "/v1/groups/g-0001/",
        "/v1/groups/%0A",
        "/v1/accounts/" + quote("<script>\u202e\n\x00", safe=""),
        "/v1/accounts/%FF%FE",
        "/v1/runs/gone",
    ],
)
def test_an_unknown_id_is_a_404_problem(client: httpx.Client, path: str) -> None:
    problem = assert_problem(client.get(path), 404, "not-found")
    assert str(problem["detail"]).isprintable()


@pytest.mark.parametrize("path", ["/nothing", "/v1", "/v1/nothing", "/static/nothing.js", "/docs"])
def test_an_unknown_path_is_a_404_problem(client: httpx.Client, path: str) -> None:
    assert_problem(client.get(path), 404, "not-found")


def test_a_method_that_does_not_exist_is_a_405_problem(client: httpx.Client) -> None:
    answer = client.post("/v1/groups", json={})
    assert_problem(answer, 405, "method-not-allowed")
    assert "GET" in answer.headers["allow"]


@pytest.mark.parametrize("path", ["/v1/groups", "/v1/accounts", "/v1/runs"])
@pytest.mark.parametrize("cursor", ["", "x", "A" * 10_000, "W1tb", "é", "AAAA\u202e"])
def test_a_bad_cursor_is_a_400_problem(client: httpx.Client, path: str, cursor: str) -> None:
    assert_problem(client.get(path, params={"cursor": cursor}), 400, "bad-cursor")


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/v1/groups", {"limit": "0"}),
        ("/v1/groups", {"limit": "9000"}),
        ("/v1/groups", {"limit": "NaN"}),
        ("/v1/groups", {"verdict": "GUILTY"}),
        ("/v1/groups", {"sort": "<script>"}),
        ("/v1/groups", {"state": ""}),
        ("/v1/groups", {"min_members": str(2**80)}),
        ("/v1/groups", {"text": "x" * 257}),
        ("/v1/groups", {"account_id": "x" * 20_001}),
        ("/v1/groups/g-0001/episodes", {"after": "-1"}),
        ("/v1/groups/g-0001/episodes", {"after": str(2**64)}),
        ("/v1/groups/g-0001/timeline", {"limit": "50001"}),
        ("/v1/accounts", {"limit": "\u202e"}),
    ],
)
def test_a_bad_parameter_is_a_422_problem_that_names_it(
    client: httpx.Client, path: str, query: dict[str, str]
) -> None:
    problem = assert_problem(client.get(path, params=query), 422, "invalid-request")
    (name,) = query
    errors = problem["errors"]
    assert isinstance(errors, list)
    assert [error["parameter"] for error in errors] == [f"query.{name}"]
    assert all(len(error["value"]) < 80 and error["value"].isprintable() for error in errors)


def test_every_bad_parameter_is_named_at_once(client: httpx.Client) -> None:
    answer = client.get("/v1/groups", params={"limit": "0", "verdict": "x", "sort": "y"})
    errors = assert_problem(answer, 422, "invalid-request")["errors"]
    assert isinstance(errors, list)
    assert sorted(e["parameter"] for e in errors) == ["query.limit", "query.sort", "query.verdict"]


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "evil.example:8000",
        "127.0.0.1.evil.example",
        "localhost.evil",
        "10.0.0.1",
        "2130706433",
        "localhost:80:80",
        "localhost:x",
        "[::1",
    ],
)
def test_a_foreign_host_header_is_refused(client: httpx.Client, host: str) -> None:
    answer = client.get("/v1/groups", headers={"host": host})
    assert_problem(answer, 400, "unknown-host")
    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY


@pytest.mark.parametrize(
    "host", ["localhost", "LocalHost:8000", "127.0.0.1", "127.9.9.9:1", "[::1]", "[::1]:8000"]
)
def test_a_local_host_header_is_served(client: httpx.Client, host: str) -> None:
    assert client.get("/healthz", headers={"host": host}).json() == {"status": "ok"}


@pytest.mark.parametrize(
    ("path", "cached"),
    [
        ("/", "no-store"),
        ("/groups/g-0001", "no-store"),
        ("/v1/groups", "no-store"),
        ("/v1/groups/gone", "no-store"),
        ("/nothing", "no-store"),
        ("/static/nothing.js", "no-cache"),
        ("/metrics", "no-store"),
    ],
)
def test_every_answer_carries_the_security_headers(
    client: httpx.Client, path: str, cached: str
) -> None:
    headers = client.get(path).headers
    assert headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["cache-control"] == cached
    assert "server" not in headers


def test_the_desk_is_served_beside_the_api(client: httpx.Client) -> None:
    answer = client.get("/")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")


def test_the_metrics_parse_and_hold_no_ids(client: httpx.Client) -> None:
    client.get("/v1/accounts/" + quote(HOSTILE_IDS[0], safe=""))
    client.get("/wp-login.php")
    client.request("BREW", "/v1/groups")
    text = client.get("/metrics").text
    values = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert values["surveillance_store_up",] == 1
    assert values["surveillance_groups", "EXTERNAL"] == 9
    assert values["surveillance_placebo_crossings", "10"] == 8
    assert values["surveillance_placebo_bound", "100"] == 121
    assert values["surveillance_chance_groups_per_year",] == 0.02
    finished_s = FINDINGS.manifest.finished_time_ns / 1e9
    assert values["surveillance_last_run_finished_timestamp_seconds",] == finished_s
    route = "/v1/accounts/{account_id:id}"
    labels = {
        (sample.labels["method"], sample.labels["route"], sample.labels["status"])
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "surveillance_http_requests_total"
    }
    assert ("GET", route, "200") in labels
    assert ("GET", "(none)", "404") in labels
    assert ("other", "/v1/groups", "405") in labels
    assert "script" not in text
    assert "wp-login" not in text
