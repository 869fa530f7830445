"""Messages of version 1 as they were written once: they must be read the same for ever.

A change of a codec may add files to `tests/fixtures/wire/v1`, it may change none of them.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from helpers.wire import decoded, message, rows_of

STORED = Path(__file__).parents[2] / "fixtures" / "wire" / "v1"
EXPECTED: dict[str, dict[str, Any]] = json.loads(
    (STORED / "expected.json").read_text(encoding="utf-8")
)


def test_every_stored_message_has_its_rows() -> None:
    stored = {path.name for path in STORED.iterdir()} - {"expected.json"}
    assert stored == set(EXPECTED)
    assert {Path(name).suffix for name in stored} == {".json", ".arrow", ".fix"}


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_stored_message_is_read_as_it_was(name: str) -> None:
    case = EXPECTED[name]
    key = None if case["key"] is None else case["key"].encode()
    value = (STORED / name).read_bytes()
    found = decoded([message(value, case["content_type"].encode(), key=key)], case["table"])
    assert found.dead == ()
    rows = [{k: cell for k, cell in row.items() if cell is not None} for row in rows_of(found)]
    assert rows == case["rows"]
    assert rows
