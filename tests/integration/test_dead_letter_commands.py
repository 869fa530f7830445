"""`surveillance dead-letters`: hostile values are shown harmless, a replay is queued once."""

import base64
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.command import run, the_refusal
from helpers.live_commits import STREAM, TOPIC, letter, step

from streams.messages import DeadLetter, DeadReason, Message
from surveillance.store import Store

GOOD = json.dumps(
    {
        "event_time_ns": 1_767_623_400_000_000_000,
        "account_id": "A-1",
        "instrument_id": "ES",
        "side": "buy",
        "quantity": 1,
        "event_id": "e-1",
    }
).encode()
HOSTILE = DeadLetter(
    Message(TOPIC, 3, 77, b"\xff\x00[red]\x1b[31m\xe2\x80\xae", None, (("x\n", b"\x07"),)),
    4,
    DeadReason.MALFORMED,
    "must be JSON",
)


def filled(tmp_path: Path, letters: Sequence[DeadLetter], *streams: str) -> str:
    url = f"sqlite:///{tmp_path}/store.db"
    with Store.open(url) as store:
        for stream in streams or (STREAM,):
            live = store.live(stream)
            live.commit(replace(step(live.open_session(), 0), dead=letters))
    return url


def test_letters_are_listed_by_number(tmp_path: Path) -> None:
    url = filled(tmp_path, [letter(n) for n in range(3)])
    outcome = run("dead-letters", "list", "--store", url, "--limit", 2)
    assert outcome.status == 0
    assert "2 of 3 dead letters of live\nMore: --after 1\n" in outcome.out
    assert "must be buy or sell" in outcome.out
    page = json.loads(run("dead-letters", "list", "--store", url, "--after", 1, "--json").out)
    assert [row["number"] for row in page["letters"]] == [2]
    assert page["letters"][0]["reason"] == "field"


def test_a_filter_that_nothing_passes_lists_nothing(tmp_path: Path) -> None:
    url = filled(tmp_path, [letter(0)])
    outcome = run("dead-letters", "list", "--store", url, "--reason", "checksum")
    assert outcome.out == "0 of 0 dead letters of live\n"


def test_hostile_bytes_are_shown_as_one_harmless_line(tmp_path: Path) -> None:
    url = filled(tmp_path, [HOSTILE])
    outcome = run("dead-letters", "show", 0, "--store", url)
    assert outcome.status == 0
    assert outcome.out.replace("\n", "").isprintable()
    lines = dict(line.split(": ", 1) for line in outcome.out.splitlines())
    assert lines["value"] == "\\xff[U+0000][red][U+001B][31m[U+202E]"
    assert (lines["offset"], lines["row"], lines["key"]) == ("77", "4", "(null)")
    assert "header x[U+000A]" in lines


def test_the_bytes_come_out_whole_as_json(tmp_path: Path) -> None:
    url = filled(tmp_path, [HOSTILE])
    shown = json.loads(run("dead-letters", "show", 0, "--store", url, "--json").out)
    assert base64.b64decode(shown["value"]) == HOSTILE.message.value
    assert shown["headers"] == [["x\n", base64.b64encode(b"\x07").decode()]]


def test_a_replay_is_queued_once_and_what_is_still_bad_stays(tmp_path: Path) -> None:
    good = replace(letter(1), message=letter(1).message._replace(value=GOOD))
    foreign = replace(good, message=good.message._replace(topic="holidays.v1"))
    url = filled(tmp_path, [letter(0), good, foreign])
    first = run("dead-letters", "replay", "--all", "--store", url)
    assert first.status == 0
    assert "0: still refused: " in first.out
    assert "2: still refused: its topic carries no table" in first.out
    assert first.out.endswith("1 of 3 letters are queued for the worker\n")
    again = json.loads(run("dead-letters", "replay", 1, "--store", url, "--json").out)
    assert again["letters"] == [
        {"number": 1, "replay_number": 0, "n_events": 1, "refusal": None},
    ]
    assert "0 of 2 letters" in run("dead-letters", "replay", "--all", "--store", url).out
    with Store.open(url) as store:
        (message,) = store.live(STREAM).replays()
    assert (message.value, message.offset) == (GOOD, 0)


def test_letters_of_a_topic_are_replayed_together(tmp_path: Path) -> None:
    message = letter(0).message._replace(value=GOOD)
    letters = [replace(letter(0), message=message._replace(topic=t)) for t in ("orders.v1", "x")]
    url = filled(tmp_path, letters)
    arguments = ("dead-letters", "replay", "--all", "--topic", "orders.v1", "--store", url)
    assert run(*arguments).out == "1 of 1 letters are queued for the worker\n"


def test_a_stream_must_be_named_where_there_are_several(tmp_path: Path) -> None:
    url = filled(tmp_path, [letter(0)], "a", "b")
    refusal = the_refusal(run("dead-letters", "list", "--store", url))
    assert refusal == "--stream must name one of the store's streams: 'a', 'b'"
    assert run("dead-letters", "list", "--store", url, "--stream", "b").status == 0


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    empty = f"sqlite:///{tmp_path}/empty.db"
    assert "holds no stream" in the_refusal(run("dead-letters", "list", "--store", empty))
    url = filled(tmp_path, [letter(0)])
    assert "no dead letter" in the_refusal(run("dead-letters", "show", 7, "--store", url))
    assert "no dead letter" in the_refusal(run("dead-letters", "replay", 7, "--store", url))
    arguments = ("dead-letters", "list", "--store", url, "--stream", "gone")
    assert "no stream 'gone'" in the_refusal(run(*arguments))


@pytest.mark.parametrize(
    "arguments",
    [
        ("show",),
        ("show", "-1"),
        ("show", "one"),
        ("list", "--reason", "bored"),
        ("list", "--limit", "0"),
        ("replay",),
        ("replay", "1", "--all"),
        ("replay", "1", "--reason", "field"),
    ],
)
def test_wrong_usage_ends_with_status_two(arguments: tuple[str, ...]) -> None:
    outcome = run("dead-letters", *arguments)
    assert (outcome.status, outcome.out) == (2, "")
    assert "Traceback" not in outcome.err
