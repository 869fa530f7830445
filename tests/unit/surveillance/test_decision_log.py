"""The decision log: asked often or once, it tells the same, and what it told stays as it was."""

import numpy as np

from models.features import KeyLog
from surveillance.pipeline.decision_log import DecisionLog


def as_lists(logs: dict[int, KeyLog]) -> dict[int, tuple[list[int], list[int]]]:
    return {key: (log.event_time_ns.tolist(), log.account.tolist()) for key, log in logs.items()}


def test_a_log_that_is_asked_after_every_batch_tells_what_one_asked_once_does() -> None:
    rng = np.random.default_rng(3)
    often, once = DecisionLog(), DecisionLog()
    earlier, as_it_was = [], []
    for number in range(40):
        n = int(rng.integers(0, 30))
        times = np.arange(n) + 100 * number
        keys, accounts = rng.integers(0, (6, 9), (n, 2), np.int32).T
        often.add(times, keys, accounts)
        once.add(times, keys, accounts)
        earlier.append(often.logs())
        as_it_was.append(as_lists(earlier[-1]))
    assert as_lists(often.logs()) == as_lists(once.logs())
    assert [as_lists(logs) for logs in earlier] == as_it_was


def test_it_tells_of_the_families_asked_for_and_starts_again_from_its_columns() -> None:
    log, again = DecisionLog(), DecisionLog()
    keys, accounts = np.array([0, 3, 3, 8], np.int32), np.array([7, 7, 8, 9], np.int32)
    log.add(np.arange(4), keys, accounts)
    again.add(**log.snapshot())
    for each in (log, again):
        assert as_lists(each.logs((1,))) == {3: ([1, 2], [7, 8])}
        assert as_lists(each.logs()) == {0: ([0], [7]), 3: ([1, 2], [7, 8]), 8: ([3], [9])}
