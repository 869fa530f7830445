"""The copiers over HTTP: read, recorded, verified, commanded; and who may change nothing."""

import json
from collections.abc import Iterator
from threading import Event, Thread
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from helpers.copiers import (
    HOSTILE,
    HOSTILE_ACCOUNT,
    NEVER_RUN,
    REASONS,
    REPORT,
    RUNNING,
    SILENT,
    STOPPED,
    fill_store,
    plan_of_two,
)

from streams.copier import Plan
from streams.copier.plan_file import plan_of, plan_to_json
from surveillance.api.server import RunningServer
from surveillance.assembly import plan_verifier
from surveillance.clock import now_ns
from surveillance.errors import PlanRefusedError, SurveillanceError
from surveillance.store import Store

PROBLEM = "urn:exchange-surveillance:problem:"


@pytest.fixture
def store(tmp_path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path}/s.db") as store:
        fill_store(store)
        yield store


@pytest.fixture
def client(store: Store) -> Iterator[httpx.Client]:
    with RunningServer(store) as server, httpx.Client(base_url=server.url) as client:
        yield client


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store that no test of this module manages to change, one for all of them."""
    with Store.open(f"sqlite:///{tmp_path_factory.mktemp('copiers')}/s.db") as store:
        fill_store(store)
        yield store


@pytest.fixture(scope="module")
def reader(untouched: Store) -> Iterator[httpx.Client]:
    with RunningServer(untouched) as server, httpx.Client(base_url=server.url) as client:
        yield client


def assert_problem(answer: httpx.Response, status: int, kind: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["type"] == PROBLEM + kind
    return problem


def path_of(plan_id: str, part: str = "") -> str:
    return f"/v1/copiers/{quote(plan_id, safe='')}{part}"


# Questions


def test_pages_hold_every_copier_once_with_its_status(reader: httpx.Client) -> None:
    found: dict[str, str] = {}
    query: dict[str, str | int] = {"limit": 2}
    while True:
        page = reader.get("/v1/copiers", params=query).json()
        found |= {row["plan_id"]: row["status"] for row in page["copiers"]}
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert page["total"] == 5
    assert found == {
        RUNNING: "running",
        SILENT: "silent",
        STOPPED: "stopped",
        NEVER_RUN: "never_run",
        HOSTILE: "running",
    }


def test_a_copier_is_served_whole(reader: httpx.Client) -> None:
    copier = reader.get(path_of(RUNNING)).json()
    assert plan_of(copier["plan"], shown="it") == plan_of_two()
    assert copier["checked"]["report"] == REPORT
    assert copier["view"]["leader"]["positions"] == {"ES": 4, "NQ": -1}
    waits, obeyed = copier["commands"]
    assert (waits["kind"], waits["account_id"], waits["is_obeyed"]) == ("arm", None, False)
    assert (obeyed["kind"], obeyed["is_obeyed"]) == ("kill_and_hold", True)


def test_fidelity_says_whether_it_is_live_or_of_a_verification(
    client: httpx.Client, store: Store
) -> None:
    live = client.get(path_of(RUNNING, "/fidelity")).json()
    assert (live["source"], live["followers"][0]["realized_ratio"]) == ("live", 0.4975)
    assert live["followers"][0]["planned_ratio"] == "0.5"
    assert client.get(path_of(NEVER_RUN, "/fidelity")).json()["source"] == "none"
    store.copying.record_verification(NEVER_RUN, REPORT, now_ns())
    verified = client.get(path_of(NEVER_RUN, "/fidelity")).json()
    assert verified["source"] == "verification"
    assert [one["planned_ratio"] for one in verified["followers"]] == ["0.5", None]
    assert verified["followers"][0]["copied"] == 87


def test_latency_has_a_class_more_than_bounds(reader: httpx.Client) -> None:
    latency = reader.get(path_of(RUNNING, "/latency")).json()
    for one in latency["followers"]:
        assert len(one["counts"]) == len(latency["bounds_ms"]) + 1
        assert (one["p50_ms"], one["p99_ms"]) == (5.0, 30.0)
    assert reader.get(path_of(NEVER_RUN, "/latency")).json()["followers"] == []


@pytest.mark.parametrize("part", ["", "/fidelity", "/latency"])
def test_an_unknown_plan_is_a_404_problem(reader: httpx.Client, part: str) -> None:
    assert_problem(reader.get(path_of("gone", part)), 404, "not-found")


# Plans


def test_a_plan_is_recorded_and_a_changed_one_replaces_it(client: httpx.Client) -> None:
    plan = plan_to_json(plan_of_two("fresh"))
    answer = client.post("/v1/copiers", json=plan)
    assert answer.status_code == 201, answer.text
    assert answer.json()["plan"] == plan
    changed = {**plan, "mode": "fills"}
    assert client.post("/v1/copiers", json=changed).json()["plan"]["mode"] == "fills"


def test_a_plan_that_runs_is_not_replaced(reader: httpx.Client) -> None:
    changed = {**plan_to_json(plan_of_two()), "mode": "fills"}
    problem = assert_problem(reader.post("/v1/copiers", json=changed), 409, "conflict")
    assert "runs as another plan" in problem["detail"]
    assert reader.get(path_of(RUNNING)).json()["plan"]["mode"] == "orders"


@pytest.mark.parametrize(
    ("change", "parameter", "rule"),
    [
        ({"colour": "blue"}, "body.colour", "is no key of a plan"),
        ({"leader_account_id": ""}, "body.leader_account_id", "at least 1"),
        ({"followers": []}, "body.followers", "at least 1"),
        ({"mode": "both"}, "body.mode", "must be 'orders' or 'fills'"),
        ({"leader_account_id": "half"}, "body.followers.0.account_id", "named once"),
        ({"lead_exposure_percent": "a lot"}, "body.lead_exposure_percent", 'or "none"'),
        ({"day_starts_s": 10**30}, "body.day_starts_s", "must"),
        ({"plan_id": None}, "body.plan_id", "must be a valid string"),
        ({"plan_id": "\ud800"}, "body.plan_id", "must be a valid string"),
        ({"\u202e<i>": 1}, "body.[U+202E]<i>", "is no key of a plan"),
    ],
)
def test_a_bad_plan_is_refused_by_field_and_rule(
    reader: httpx.Client, change: dict[str, Any], parameter: str, rule: str
) -> None:
    content = json.dumps({**plan_to_json(plan_of_two("fresh")), **change})
    answer = reader.post(
        "/v1/copiers", content=content, headers={"content-type": "application/json"}
    )
    problem = assert_problem(answer, 422, "invalid-plan")
    (error,) = problem["errors"]
    assert error["parameter"] == parameter
    assert rule in error["rule"]
    assert reader.get("/v1/copiers").json()["total"] == 5


@pytest.mark.parametrize("content", ["", "{", "[]", '"plan"', "[" * 100_000, "\x00", '{"a": NaN}'])
def test_a_body_that_is_no_plan_at_all_is_refused(reader: httpx.Client, content: str) -> None:
    answer = reader.post(
        "/v1/copiers", content=content, headers={"content-type": "application/json"}
    )
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"


# Verifying


def test_a_plan_is_verified_in_a_small_market_and_the_report_is_kept(store: Store) -> None:
    with (
        RunningServer(store, verify=plan_verifier(store)) as server,
        httpx.Client(base_url=server.url, timeout=120) as client,
    ):
        plan = plan_to_json(plan_of_two("alone"))
        plan["leader_account_id"] = "boss"
        for number, follower in enumerate(plan["followers"]):
            follower["account_id"] = f"own-{number}"
        client.post("/v1/copiers", json=plan)
        checked = client.post(path_of("alone", "/verify"), json={}).json()
        assert checked["reasons"] == []
        assert [one["account_id"] for one in checked["report"]["followers"]] == ["own-0", "own-1"]
        assert client.get(path_of("alone")).json()["checked"] == checked
        refused = client.post(path_of(STOPPED, "/verify"), json={})
        assert refused.status_code == 200, "a refusal is an answer"
        assert refused.json()["report"] is None
        assert any("one copier an account" in reason for reason in refused.json()["reasons"])


def test_one_plan_is_verified_at_a_time(store: Store) -> None:
    started, may_end = Event(), Event()

    def verify(plan: Plan) -> None:
        started.set()
        assert may_end.wait(60)
        store.copying.record_refusal(plan.plan_id, REASONS, now_ns())
        raise PlanRefusedError(plan.plan_id, REASONS)

    with (
        RunningServer(store, verify=verify) as server,
        httpx.Client(base_url=server.url, timeout=120) as client,
    ):
        answers: list[httpx.Response] = []
        first = Thread(
            target=lambda: answers.append(client.post(path_of(RUNNING, "/verify"), json={}))
        )
        first.start()
        try:
            assert started.wait(60)
            busy = client.post(path_of(STOPPED, "/verify"), json={})
            assert_problem(busy, 503, "busy")
            assert int(busy.headers["retry-after"]) > 0
        finally:
            may_end.set()
            first.join()
        assert answers[0].json()["reasons"] == list(REASONS)
        assert client.post(path_of(STOPPED, "/verify"), json={}).status_code == 200


def test_a_verification_that_fails_lets_the_next_one_in(store: Store) -> None:
    def verify(plan: Plan) -> None:
        raise SurveillanceError(plan.plan_id)

    with RunningServer(store, verify=verify) as server, httpx.Client(base_url=server.url) as client:
        for _ in range(2):
            answer = client.post(path_of(RUNNING, "/verify"), json={})
            assert_problem(answer, 500, "internal-error")


def test_a_server_without_a_market_says_who_verifies(reader: httpx.Client) -> None:
    problem = assert_problem(reader.post(path_of(RUNNING, "/verify"), json={}), 409, "conflict")
    assert "surveillance copy verify" in problem["detail"]
    assert_problem(reader.post(path_of("gone", "/verify"), json={}), 404, "not-found")


# Commands


@pytest.mark.parametrize("kind", ["kill_and_flatten", "kill_and_hold", "arm"])
@pytest.mark.parametrize("account_id", [None, HOSTILE_ACCOUNT])
def test_a_command_is_kept_for_the_copier(
    client: httpx.Client, store: Store, kind: str, account_id: str | None
) -> None:
    answer = client.post(
        path_of(HOSTILE, "/commands"), json={"kind": kind, "account_id": account_id}
    )
    assert answer.status_code == 202, answer.text
    number = answer.json()["command_id"]
    assert answer.json()["status"] == "running"
    (command,) = store.copying.commands_after(HOSTILE, number - 1)
    assert (command.kind.value, command.account_id) == (kind, account_id)


def test_a_command_sent_again_under_its_key_is_one(client: httpx.Client, store: Store) -> None:
    def send(kind: str) -> httpx.Response:
        return client.post(
            path_of(RUNNING, "/commands"),
            json={"kind": kind},
            headers={"idempotency-key": "once"},
        )

    first = send("kill_and_flatten").json()
    assert send("kill_and_flatten").json() == first
    assert_problem(send("arm"), 409, "conflict")
    assert len(store.copying.commands_after(RUNNING, first["command_id"] - 1)) == 1


@pytest.mark.parametrize(
    "body",
    [{}, {"kind": "disarm"}, {"kind": "arm", "reason": "x"}, {"kind": "arm", "account_id": 7}, []],
)
def test_a_command_that_is_none_is_refused(
    reader: httpx.Client, untouched: Store, body: Any
) -> None:
    before = untouched.copying.copier(RUNNING).commands
    answer = reader.post(path_of(RUNNING, "/commands"), json=body)
    assert_problem(answer, 422, "invalid-request")
    assert untouched.copying.copier(RUNNING).commands == before


def test_a_command_to_nobody_is_refused(reader: httpx.Client) -> None:
    to_nobody = {"kind": "arm", "account_id": "leader"}
    answer = reader.post(path_of(RUNNING, "/commands"), json=to_nobody)
    assert "holds no follower" in assert_problem(answer, 404, "not-found")["detail"]
    gone = reader.post(path_of("gone", "/commands"), json={"kind": "arm"})
    assert_problem(gone, 404, "not-found")


# Other sites


COMMAND = {"kind": "kill_and_flatten"}


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:1"},
        {"origin": "https://{host}"},
        {"origin": "http://{host}.evil.example"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"origin": "http://{host}", "sec-fetch-site": "cross-site"},
        {"origin": "http://evil.example", "sec-fetch-site": "same-origin"},
    ],
)
@pytest.mark.parametrize("path", ["/v1/copiers", path_of(RUNNING, "/commands")])
def test_a_page_of_another_site_changes_nothing(
    reader: httpx.Client, untouched: Store, path: str, headers: dict[str, str]
) -> None:
    before = (untouched.copying.copier(RUNNING).commands, untouched.copying.list_copiers().total)
    host = reader.base_url.netloc.decode()
    sent = {name: value.format(host=host) for name, value in headers.items()}
    body = COMMAND if path.endswith("commands") else plan_to_json(plan_of_two("fresh"))
    assert_problem(reader.post(path, json=body, headers=sent), 403, "cross-site")
    assert (
        untouched.copying.copier(RUNNING).commands,
        untouched.copying.list_copiers().total,
    ) == before


@pytest.mark.parametrize(
    "kind",
    [
        None,
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "text/plain; application/json",
    ],
)
def test_what_a_form_of_another_site_could_send_is_no_command(
    reader: httpx.Client, untouched: Store, kind: str | None
) -> None:
    before = untouched.copying.copier(RUNNING).commands
    headers = {} if kind is None else {"content-type": kind}
    answer = reader.post(
        path_of(RUNNING, "/commands"), content=json.dumps(COMMAND), headers=headers
    )
    assert_problem(answer, 415, "unsupported-media-type")
    assert untouched.copying.copier(RUNNING).commands == before


def test_the_desk_itself_and_programs_may_command(client: httpx.Client) -> None:
    host = client.base_url.netloc.decode()
    for headers in (
        {},
        {"origin": f"http://{host}"},
        {"origin": f"http://{host}", "sec-fetch-site": "same-origin"},
        {"content-type": "application/json; charset=utf-8"},
    ):
        content = json.dumps(COMMAND)
        answer = client.post(
            path_of(RUNNING, "/commands"),
            content=content,
            headers={"content-type": "application/json", **headers},
        )
        assert answer.status_code == 202, headers


def test_another_site_may_still_link_here(reader: httpx.Client) -> None:
    headers = {"origin": "http://evil.example", "sec-fetch-site": "cross-site"}
    assert reader.get("/v1/copiers", headers=headers).status_code == 200
    assert "access-control-allow-origin" not in reader.get("/v1/copiers", headers=headers).headers
    preflight = reader.options(
        "/v1/copiers", headers={**headers, "access-control-request-method": "POST"}
    )
    assert preflight.status_code == 405
