"""Reports of what accounts hold: good ones in their order, bad ones set aside with a reason."""

import json

import pytest

from streams.codec import decode_account_updates
from streams.messages import DeadReason, Message
from streams.orderevents import AccountUpdate

NOW_NS = 1_767_600_000_000_000_000
DEEP = b'{"unknown":' + b"[" * 100_000
GOOD = {"event_time_ns": NOW_NS, "account_id": "A", "balance_cents": 5, "equity_cents": -7}


def message(value: bytes | None, *headers: tuple[str, bytes]) -> Message:
    return Message("account-updates.v1", 0, 0, value, b"A", headers)


def without(name: str) -> dict:
    return {key: value for key, value in GOOD.items() if key != name}


def test_reports_come_out_in_the_order_of_their_messages() -> None:
    other = {**GOOD, "account_id": "B", "unknown": [1, {"deep": None}]}
    values = [json.dumps(row).encode() for row in (GOOD, other)]
    updates, dead = decode_account_updates(
        [message(value) for value in values], latest_time_ns=NOW_NS
    )
    assert updates == [AccountUpdate(NOW_NS, "A", 5, -7), AccountUpdate(NOW_NS, "B", 5, -7)]
    assert dead == []


@pytest.mark.parametrize(
    ("row", "reason", "said"),
    [
        *((without(name), DeadReason.FIELD, name) for name in GOOD),
        ({**GOOD, "account_id": ""}, DeadReason.FIELD, "account_id"),
        ({**GOOD, "account_id": "é" * 129}, DeadReason.FIELD, "256 bytes"),
        ({**GOOD, "balance_cents": "5"}, DeadReason.FIELD, "balance_cents"),
        ({**GOOD, "balance_cents": 5.5}, DeadReason.FIELD, "balance_cents"),
        ({**GOOD, "equity_cents": None}, DeadReason.FIELD, "equity_cents"),
        ({**GOOD, "equity_cents": -(2**63) - 1}, DeadReason.FIELD, "equity_cents"),
        ({**GOOD, "event_time_ns": NOW_NS + 1}, DeadReason.CLOCK, "event_time_ns"),
        ({**GOOD, "event_time_ns": 1_767_600_000}, DeadReason.CLOCK, "event_time_ns"),
        ([GOOD], DeadReason.FIELD, "object"),
    ],
)
def test_a_bad_report_is_set_aside_with_its_reason(row, reason: DeadReason, said: str) -> None:
    good, bad = message(json.dumps(GOOD).encode()), message(json.dumps(row).encode())
    updates, dead = decode_account_updates([bad, good], latest_time_ns=NOW_NS)
    assert updates == [AccountUpdate(NOW_NS, "A", 5, -7)]
    (letter,) = dead
    assert (letter.message, letter.reason) == (bad, reason)
    assert said in letter.sentence
    assert letter.sentence.isprintable()


@pytest.mark.parametrize("value", [None, b""])
def test_an_empty_message_is_no_report(value: bytes | None) -> None:
    _, (letter,) = decode_account_updates([message(value)], latest_time_ns=NOW_NS)
    assert letter.reason is DeadReason.EMPTY


@pytest.mark.parametrize("value", [b"{", b"\xff\xfe", b"nonsense", DEEP])
def test_what_is_no_json_is_malformed(value: bytes) -> None:
    _, (letter,) = decode_account_updates([message(value)], latest_time_ns=NOW_NS)
    assert letter.reason is DeadReason.MALFORMED


@pytest.mark.parametrize("kind", [b"application/fix", b"text/html"])
def test_another_content_type_is_refused(kind: bytes) -> None:
    value = json.dumps(GOOD).encode()
    _, (letter,) = decode_account_updates(
        [message(value, ("content-type", kind))], latest_time_ns=NOW_NS
    )
    assert letter.reason is DeadReason.CONTENT_TYPE
