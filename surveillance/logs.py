"""Logs of programs that run on: one JSON object a line, with the event's name and its numbers.

Texts that others chose (names of topics, firms, errors of a broker) are escaped by JSON: a line
stays a line whatever they hold.
"""

import json
import logging
from datetime import UTC, datetime
from typing import TextIO

_FIELDS = "event_fields"


def log_event(logger: logging.Logger, level: int, event: str, **fields: object) -> None:
    """Log an event with its fields; each must be what JSON can hold."""
    logger.log(level, event, extra={_FIELDS: fields})


class JsonLines(logging.Formatter):
    """Formats a record as one JSON object: time (UTC), level, logger, event and its fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {
            "time": time,
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
            **getattr(record, _FIELDS, {}),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line)


def log_json_lines(stream: TextIO, *names: str) -> None:
    """Let some loggers write JSON lines from level INFO on."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    for name in names:
        logger = logging.getLogger(name)
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.propagate = False
