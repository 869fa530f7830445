"""Saving: a state is taken when it is due and handed out once, whole, with a later step."""

import numpy as np
from prometheus_client import CollectorRegistry

from surveillance.live.saving import StateSaver
from surveillance.live.state_bytes import State, read_state
from surveillance.live.telemetry import Telemetry


def saver(every_events: int) -> StateSaver:
    return StateSaver(every_events, Telemetry("live", CollectorRegistry()))


def state(number: int) -> State:
    return State("v", f"{number}", {"a": np.full((2, number), number), "none": np.empty(0, "V9")})


def never() -> State:
    raise AssertionError("nothing is due")


def test_nothing_is_taken_before_it_is_due() -> None:
    saving = saver(10)
    saving.count(9)
    assert saving.take(never) is None


def test_each_state_is_handed_out_once_and_in_order() -> None:
    saving, taken = saver(10), []
    for number in range(1, 6):
        saving.count(10)
        taken.append(saving.take(lambda number=number: state(number)))
    assert taken[0] is None
    for number, content in enumerate(taken[1:], start=1):
        assert content is not None
        values, arrays = read_state(content, "v") or ({}, {})
        assert values == number
        np.testing.assert_array_equal(arrays["a"], state(number).arrays["a"])
        assert arrays["none"].size == 0


def test_a_state_of_another_stamp_is_not_read() -> None:
    saving = saver(1)
    saving.count(2)
    saving.take(lambda: state(1))
    saving.count(1)
    content = saving.take(lambda: state(2))
    assert content is not None
    assert read_state(content, "w") is None
