"""`make broker`: ready when it says so, with the topics of the contract, and gone when ended."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.broker_settings import plan_brokers
from streams.kafka.admin import check_topics, plan_topics
from streams.kafka.settings import KafkaSettings
from streams.topics import Topics

pytestmark = pytest.mark.kafka_local
ROOT = Path(__file__).parents[3]


@contextmanager
def running(directory: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    port = plan_brokers(directory, 1, None, None)[0].ports["PLAINTEXT"]
    command = [sys.executable, "-m", "deploy.broker", "--port", str(port)]
    with subprocess.Popen(
        [*command, "--directory", str(directory)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout
            assert f"127.0.0.1:{port}" in process.stdout.readline()
            yield process, port
        finally:
            process.kill()


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_the_topics_of_the_contract_and_ends_cleanly(
    tmp_path: Path, ending: signal.Signals
) -> None:
    with running(tmp_path) as (process, port):
        check_topics(KafkaSettings(f"127.0.0.1:{port}"), plan_topics(Topics()))
        process.send_signal(ending)
        assert process.wait(60) == 0
        assert not is_open(port)
    assert "shut down completely" in (tmp_path / "broker-1.log").read_text()


def test_its_broker_does_not_outlive_it(tmp_path: Path) -> None:
    with running(tmp_path) as (process, port):
        process.kill()
        process.wait(10)
        while is_open(port):
            pass
