"""Rules of the whole suite: under CI nothing may be skipped, no example is timed; one broker."""

import os
from collections.abc import Iterator

import hypothesis
import pytest
from helpers.kafka_cluster import BROKER_MARKS, KafkaCluster, missing_for, open_cluster

hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in BROKER_MARKS:
        if item.get_closest_marker(mark) and (reason := missing_for(mark)):
            pytest.skip(reason)


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaCluster]:
    """The broker of the session, started when the first test asks for it."""
    with open_cluster(tmp_path_factory) as cluster:
        yield cluster


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config
) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    if skipped and os.environ.get("CI") == "true":
        terminalreporter.write_line(f"CI: {len(skipped)} tests were skipped", red=True)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    if skipped and os.environ.get("CI") == "true" and exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
