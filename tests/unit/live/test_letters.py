"""Dead letters on their topic: the bytes as they came, unless no broker would take them."""

import base64
import json
from dataclasses import replace

import pytest
from helpers.live_commits import letter

from surveillance.live.letters import MAX_SHOWN_BYTES, letter_record


def test_a_letter_holds_where_it_came_from_why_and_its_bytes() -> None:
    record = letter_record(letter(7, row=2), "dead-letters.v1")
    said = json.loads(record.value)
    assert (said["topic"], said["partition"], said["offset"], said["row"]) == ("orders.v1", 0, 7, 2)
    assert (said["reason"], said["is_whole"]) == ("field", True)
    assert base64.b64decode(said["value"]) == letter(7).message.value
    assert base64.b64decode(said["headers"][0][1]) == b"application/json"
    assert record.identity != letter_record(letter(7, row=3), "dead-letters.v1").identity


@pytest.mark.parametrize("part", ["value", "key", "headers"])
def test_no_part_of_a_message_makes_a_record_too_large(part: str) -> None:
    large = b"x" * (MAX_SHOWN_BYTES + 1)
    plain = letter(0).message
    message = plain._replace(**{part: (("h", large),) if part == "headers" else large})
    shown = letter_record(replace(letter(0), message=message), "dead-letters.v1")
    said = json.loads(shown.value)
    assert (said["is_whole"], said["value"], said["key"], said["headers"]) == (
        False,
        None,
        None,
        [],
    )
    assert len(shown.value) < 1_000
