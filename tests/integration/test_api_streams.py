"""`/v1/streams` and the metrics of live streams over a real HTTP server."""

from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest
from helpers.live_commits import STREAM, TOPIC, letter, step
from prometheus_client.parser import text_string_to_metric_families

from streams.messages import DeadReason
from surveillance.api.server import RunningServer
from surveillance.store import Store
from surveillance.store.live import REPLAY_PARTITION, EventCounts

HOSTILE_STREAM = "a/b/<script>\u202e"
N_STEPS = 5


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with Store.open(f"sqlite:///{tmp_path_factory.mktemp('api')}/store.db") as store:
        live = store.live(STREAM)
        epoch = live.open_session()
        for number in range(N_STEPS):
            live.commit(replace(step(epoch, number), snapshot=b"state"))
        live.replay(1)
        live.replay(3)
        queue = {(TOPIC, REPLAY_PARTITION): 1}
        live.commit(replace(step(epoch, N_STEPS), positions=queue, counts=(), dead=()))
        hostile = store.live(HOSTILE_STREAM)
        lost = [EventCounts("orders.v1", "2026-01-05", read=2, accepted=1)]
        refused = letter(0, topic="sessions.v1", reason=DeadReason.TOO_LARGE)
        dead = [EventCounts("sessions.v1", "unknown", read=1, dead=1)]
        epoch = hostile.open_session()
        hostile.commit(replace(step(epoch, 0), counts=lost + dead, dead=[refused]))
        with RunningServer(store) as server, httpx.Client(base_url=server.url) as client:
            yield client


def metrics_of(client: httpx.Client) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(client.get("/metrics").text)
        for sample in family.samples
    }


def test_streams_are_listed_with_where_they_stand(client: httpx.Client) -> None:
    page = client.get("/v1/streams").json()
    hostile, live = page["streams"]
    assert page["total"] == 2
    assert (hostile["stream"], hostile["holds"]) == (HOSTILE_STREAM, False)
    assert (live["stream"], live["holds"]) == (STREAM, True)
    assert live["lag_s"] == 2.5
    assert live["outcomes"] == {
        "read": 55,
        "accepted": 50,
        "duplicates": 0,
        "late": 0,
        "dead": 5,
    }
    assert live["n_journal_events"] == 60
    assert live["n_dead_letters"] == 5
    assert live["n_outbox_pending"] == 6
    assert live["positions"] == [
        {"topic": TOPIC, "partition": -1, "next_offset": 1},
        {"topic": TOPIC, "partition": 0, "next_offset": 50},
    ]


def test_streams_are_paged(client: httpx.Client) -> None:
    first = client.get("/v1/streams", params={"limit": 1}).json()
    rest = client.get("/v1/streams", params={"cursor": first["next_cursor"]}).json()
    names = [row["stream"] for row in first["streams"] + rest["streams"]]
    assert names == [HOSTILE_STREAM, STREAM]
    assert rest["next_cursor"] is None


def test_the_reconciliation_of_a_stream_is_served(client: httpx.Client) -> None:
    page = client.get(f"/v1/streams/{STREAM}/reconciliation").json()
    assert (page["holds"], page["total"]) == (True, 3)
    assert page["days"][0] == {
        "topic": TOPIC,
        "day": "day-2",
        "read": 11,
        "accepted": 10,
        "duplicates": 0,
        "late": 0,
        "dead": 1,
        "holds": True,
    }
    path = f"/v1/streams/{HOSTILE_STREAM.replace('/', '%2F')}/reconciliation"
    lossy = client.get(path).json()
    assert lossy["holds"] is False
    assert {day["topic"]: day["holds"] for day in lossy["days"]} == {
        "orders.v1": False,
        "sessions.v1": True,
    }


def test_dead_letters_are_served_without_their_bytes(client: httpx.Client) -> None:
    base = f"/v1/streams/{STREAM}/dead-letters"
    first = client.get(base, params={"limit": 2}).json()
    rest = client.get(base, params={"after": first["next_after"]}).json()
    letters = first["letters"] + rest["letters"]
    assert [row["number"] for row in letters] == list(range(5))
    assert [row["replay"] for row in letters] == ["none", "taken", "none", "queued", "none"]
    assert letters[0] == {
        "number": 0,
        "topic": TOPIC,
        "partition": 0,
        "offset": 0,
        "row": None,
        "reason": "field",
        "sentence": 'column side: must be buy or sell, was "long"',
        "n_bytes": 16,
        "replay": "none",
    }
    assert client.get(base, params={"reason": "checksum"}).json()["total"] == 0
    assert client.get(base, params={"topic": TOPIC}).json()["total"] == 5


@pytest.mark.parametrize("part", ["reconciliation", "dead-letters"])
def test_an_unknown_stream_is_a_404_problem(client: httpx.Client, part: str) -> None:
    answer = client.get(f"/v1/streams/gone/{part}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"] == "the store holds no stream 'gone'"


@pytest.mark.parametrize("path", ["/v1/streams", f"/v1/streams/{STREAM}/reconciliation"])
@pytest.mark.parametrize("cursor", ["", "x", "W1tb", "\u202e"])
def test_a_bad_cursor_is_a_400_problem(client: httpx.Client, path: str, cursor: str) -> None:
    answer = client.get(path, params={"cursor": cursor})
    assert (answer.status_code, answer.json()["title"]) == (400, "Bad Request")


@pytest.mark.parametrize(
    "query", [{"after": "-1"}, {"limit": "0"}, {"reason": "bored"}, {"topic": "x" * 20_001}]
)
def test_a_bad_parameter_is_a_422_problem(client: httpx.Client, query: dict[str, str]) -> None:
    answer = client.get(f"/v1/streams/{STREAM}/dead-letters", params=query)
    assert answer.status_code == 422
    (name,) = query
    assert [problem["parameter"] for problem in answer.json()["errors"]] == [f"query.{name}"]


def test_the_metrics_tell_how_streams_fare(client: httpx.Client) -> None:
    values = metrics_of(client)
    assert values["surveillance_stream_lag_seconds", STREAM] == 2.5
    assert values["surveillance_stream_events_total", "accepted", STREAM, TOPIC] == 50
    assert values["surveillance_stream_events_total", "dead", STREAM, TOPIC] == 5
    assert values["surveillance_stream_dead_letters", "field", STREAM] == 5
    assert values["surveillance_stream_dead_letters", "checksum", STREAM] == 0
    assert values["surveillance_stream_dead_letters", "too_large", HOSTILE_STREAM] == 1
    assert values["surveillance_outbox_pending", STREAM] == 6
    assert 0 <= values["surveillance_stream_snapshot_age_seconds", STREAM] < 300
    assert ("surveillance_stream_snapshot_age_seconds", HOSTILE_STREAM) not in values
    assert values["surveillance_stream_reconciles", STREAM, TOPIC] == 1
    assert values["surveillance_stream_reconciles", HOSTILE_STREAM, "orders.v1"] == 0
    assert values["surveillance_stream_reconciles", HOSTILE_STREAM, "sessions.v1"] == 1
