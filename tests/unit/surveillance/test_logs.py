"""Log lines: one JSON object each, whatever the fields hold."""

import io
import json
import logging

import pytest

from surveillance.logs import log_event, log_json_lines

HOSTILE = 'a"\n{"event":"forged"}\r\x1b[2J\u202e\u2028'


@pytest.fixture
def written() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def logger(written: io.StringIO) -> logging.Logger:
    log_json_lines(written, "test.logs")
    return logging.getLogger("test.logs")


def test_an_event_is_one_line_with_its_fields(logger: logging.Logger, written: io.StringIO) -> None:
    log_event(logger, logging.WARNING, "dead_letters", topic="orders.v1", n=3)
    line = json.loads(written.getvalue())
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "warning",
        "logger": "test.logs",
        "event": "dead_letters",
        "topic": "orders.v1",
        "n": 3,
    }


def test_what_outsiders_chose_cannot_forge_a_line(
    logger: logging.Logger, written: io.StringIO
) -> None:
    log_event(logger, logging.INFO, "cluster_away", error=HOSTILE)
    (line,) = written.getvalue().splitlines()
    assert json.loads(line)["error"] == HOSTILE
    assert line.isascii()
    assert line.isprintable()


def test_lines_of_libraries_take_the_same_form(
    logger: logging.Logger, written: io.StringIO
) -> None:
    logger.info("broker %s is down", HOSTILE)
    (line,) = written.getvalue().splitlines()
    assert json.loads(line)["event"] == f"broker {HOSTILE} is down"
