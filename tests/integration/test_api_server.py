"""The server: this machine only, clear refusals, a clean end, and what it says when things fail."""

import asyncio
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import httpx
import pytest
from helpers.findings import build_findings

from surveillance.api.app import create_app
from surveillance.api.server import RunningServer, serve
from surveillance.errors import SettingsError
from surveillance.store import Store
from surveillance.store.schema import VERSION_TABLE

SERVE = """
import sys
from surveillance.api.server import serve
from surveillance.store import Store
with Store.open(sys.argv[1]) as store:
    serve(store, port=0, on_listening=lambda url: print(url, flush=True))
print("closed")
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{path}") as store:
        store.record_run(build_findings())
        yield store


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "", "192.168.1.5", "example.com", "localhost.example", "8.8.8.8"]
)
def test_a_host_that_is_not_this_machine_is_refused(store: Store, host: str) -> None:
    with pytest.raises(SettingsError, match="loopback address until logins exist"):
        serve(store, host, 0)


def test_every_bad_setting_is_reported_together(store: Store) -> None:
    with pytest.raises(SettingsError) as refusal:
        serve(store, "0.0.0.0", 70_000)
    assert len(refusal.value.problems) == 2


def test_a_port_in_use_is_reported(store: Store) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(SettingsError, match=f"port {port} of 127.0.0.1 must be free"):
            serve(store, "localhost", port)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.0.0.2"])
def test_a_loopback_host_is_served(store: Store, host: str) -> None:
    with RunningServer(store, host) as server:
        assert httpx.get(f"{server.url}/readyz").json() == {"status": "ok"}


def test_the_port_is_free_again_after_the_server_has_stopped(store: Store) -> None:
    with RunningServer(store) as server:
        port = int(server.url.rsplit(":", 1)[1])
        assert httpx.get(f"{server.url}/healthz").status_code == 200
    with RunningServer(store, port=port) as again:
        assert httpx.get(f"{again.url}/healthz").status_code == 200


def test_ctrl_c_stops_the_server_cleanly(path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, f"sqlite:///{path}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONWARNINGS": "error"},
    )
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    assert httpx.get(f"{url}/healthz").status_code == 200
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (0, "closed\n", "")


def test_pages_are_served_while_a_run_is_recorded(store: Store) -> None:
    answers: list[int] = []

    def record() -> None:
        for number in range(5):
            store.record_run(build_findings(run_id=f"again-{number}", n_groups=20))

    writer = Thread(target=record)
    with RunningServer(store) as server, httpx.Client(base_url=server.url) as client:
        writer.start()
        while writer.is_alive() or not answers:
            page = client.get("/v1/groups", params={"limit": 500})
            answers.append(page.status_code)
            assert len(page.json()["groups"]) == page.json()["total"]
        writer.join()
    assert set(answers) == {200}


def test_a_store_of_another_schema_is_not_ready_but_alive(store: Store, path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    connection.close()
    with RunningServer(store) as server, httpx.Client(base_url=server.url) as client:
        answer = client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["type"].endswith(":store-unavailable")
        assert client.get("/healthz").status_code == 200


def test_a_store_that_cannot_be_read_is_a_503_problem(store: Store, path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE group_evidence")
        connection.execute("ALTER TABLE groups RENAME TO other")
    connection.close()
    with RunningServer(store) as server, httpx.Client(base_url=server.url) as client:
        for address in ("/v1/groups", "/v1/groups/g-0001", "/v1/groups/g-0001/graph"):
            answer = client.get(address)
            assert answer.status_code == 503
            assert answer.headers["content-type"] == "application/problem+json"
            assert str(path) not in answer.text
        assert "surveillance_store_up 0.0" in client.get("/metrics").text


def test_a_failure_of_the_program_is_a_500_problem_with_the_security_headers(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("secret inside")

    monkeypatch.setattr(store.reader, "list_groups", fail)
    app = create_app(store)

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.get("/v1/groups")

    answer = asyncio.run(ask())
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "secret" not in answer.text
