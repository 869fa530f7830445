"""The label-exchange test: exact under exchanged names, power on copiers, none for a crowd."""

from dataclasses import replace

import numpy as np
import pytest

from models.errors import ParameterError
from models.features import KeyLog, MarketLog
from models.findings import Finding
from models.label_exchange import LabelExchange, exchange_labels, heed
from models.label_exchange_params import LabelExchangeParams
from models.params import MINUTE_NS, SECOND_NS, DetectionParams
from models.verdict import Verdict

PARAMS = DetectionParams()
START_NS = 1_767_600_000 * SECOND_NS
SPAN_NS = 120 * MINUTE_NS
SOURCE, FOLLOWER, FIRST_STRANGER, N_ACCOUNTS = 0, 1, 2, 60
ACCUSED = Verdict("EXTERNAL", "signal", "freeze_review", (Finding("first", "First.", {}),))


def market(times: np.ndarray, accounts: np.ndarray, key: int = 0) -> MarketLog:
    order = np.argsort(times, kind="stable")
    log = KeyLog(times[order] + START_NS, accounts[order].astype(np.int32))
    return MarketLog(N_ACCOUNTS, {key: log})


def calm(rng: np.random.Generator, n: int = 1_500) -> tuple[np.ndarray, np.ndarray]:
    """Strangers at random times."""
    return rng.integers(0, SPAN_NS, n), rng.integers(FIRST_STRANGER, N_ACCOUNTS, n)


def bursts(rng: np.random.Generator, size: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """Strangers in a crowd of two seconds every ten minutes."""
    at = np.repeat(np.arange(12) * 10 * MINUTE_NS + 5 * MINUTE_NS + 15 * SECOND_NS, size)
    times = at + rng.integers(0, 2 * SECOND_NS, at.size)
    return times, rng.integers(FIRST_STRANGER, N_ACCOUNTS, at.size)


def joined(*parts: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    times, accounts = (np.concatenate(column) for column in zip(*parts, strict=True))
    return times, accounts


def test_expectation_under_exchanged_names_is_at_most_one() -> None:
    rng = np.random.default_rng(5)
    times, accounts = joined(calm(rng, 300), bursts(rng, 10))
    accounts[:25] = FOLLOWER
    source = rng.integers(0, SPAN_NS, 40)
    e = []
    for _ in range(1_500):
        named = joined((times, rng.permutation(accounts)), (source, np.full(40, SOURCE)))
        found = exchange_labels(SOURCE, {FOLLOWER: False}, market(*named), PARAMS)
        e.append(10.0**found.log10_e)
    assert np.mean(e) <= 1.0 + 4.0 * np.std(e) / np.sqrt(len(e))
    assert np.mean(np.array(e) >= 20.0) <= 0.05
    assert np.ptp(e) > 0


@pytest.mark.parametrize("lag_s", [0.3, 6.0, 60.0])
def test_a_copier_is_supported(lag_s: float) -> None:
    rng = np.random.default_rng(1)
    source = np.sort(rng.choice(SPAN_NS // (4 * MINUTE_NS), 25, replace=False)) * 4 * MINUTE_NS
    lags = (lag_s * SECOND_NS * rng.uniform(0.8, 1.2, 25)).astype(np.int64)
    everybody = joined(
        calm(rng), (source, np.full(25, SOURCE)), (source + lags, np.full(25, FOLLOWER))
    )
    assert exchange_labels(SOURCE, {FOLLOWER: False}, market(*everybody), PARAMS).log10_e > 2
    assert exchange_labels(SOURCE, {FOLLOWER: True}, market(*everybody), PARAMS).log10_e == 0


def test_an_inverse_copier_is_supported_on_the_other_side() -> None:
    rng = np.random.default_rng(2)
    source = np.arange(25) * 4 * MINUTE_NS
    sells = market(*joined(calm(rng), (source + SECOND_NS // 2, np.full(25, FOLLOWER))), key=1)
    buys = market(*joined(calm(rng), (source, np.full(25, SOURCE))), key=0)
    both = MarketLog(N_ACCOUNTS, {**buys.logs, **sells.logs})
    assert exchange_labels(SOURCE, {FOLLOWER: True}, both, PARAMS).log10_e > 2


def test_meeting_in_everybodys_bursts_is_no_support() -> None:
    rng = np.random.default_rng(3)
    at = np.arange(12) * 10 * MINUTE_NS + 5 * MINUTE_NS + 15 * SECOND_NS
    pair = [(at + rng.integers(0, 2 * SECOND_NS, 12), np.full(12, who)) for who in (0, 1)]
    everybody = joined(calm(rng), bursts(rng), *pair)
    found = exchange_labels(SOURCE, {FOLLOWER: False}, market(*everybody), PARAMS)
    assert found.n > 0
    assert found.log10_e < 1


def test_a_large_group_does_not_hide_in_its_own_burst() -> None:
    rng = np.random.default_rng(4)
    source = np.arange(20) * 5 * MINUTE_NS + 30 * SECOND_NS
    followers = range(1, 40)
    copies = [(source + who * SECOND_NS // 50, np.full(20, who)) for who in followers]
    times, accounts = calm(rng)
    strangers = (times, 40 + accounts % 20)
    everybody = market(*joined(strangers, (source, np.full(20, SOURCE)), *copies))
    found = exchange_labels(SOURCE, dict.fromkeys(followers, False), everybody, PARAMS)
    assert found.log10_e > 4


def test_nobody_to_exchange_with_says_nothing() -> None:
    source = np.arange(10) * 5 * MINUTE_NS
    alone = joined((source, np.full(10, SOURCE)), (source + SECOND_NS, np.full(10, FOLLOWER)))
    found = exchange_labels(SOURCE, {FOLLOWER: False}, market(*alone), PARAMS)
    assert found == LabelExchange(0.0, 0)


@pytest.mark.parametrize(
    ("log10_e", "code", "action"),
    [
        (6.0, "label_exchange_supports", "freeze_review"),
        (1.3, "label_exchange_supports", "freeze_review"),
        (1.2, "label_exchange_no_support", "review"),
        (-6.0, "label_exchange_no_support", "review"),
    ],
)
def test_without_support_a_review_is_the_most(log10_e: float, code: str, action: str) -> None:
    heeded = heed(ACCUSED, LabelExchange(log10_e, 30), PARAMS)
    assert (heeded.verdict, heeded.subtype) == (ACCUSED.verdict, ACCUSED.subtype)
    assert heeded.recommended_action == action
    assert heeded.reasons[:-1] == ACCUSED.reasons
    reason = heeded.reasons[-1]
    assert reason.code == code
    assert f"{log10_e:.2f}" in reason.text
    assert "30 decisions" in reason.text


@pytest.mark.parametrize("action", ["none", "request_declaration", "review"])
def test_without_support_no_action_becomes_stricter(action: str) -> None:
    mild = replace(ACCUSED, recommended_action=action)
    assert heed(mild, LabelExchange(0.0, 0), PARAMS).recommended_action == action


@pytest.mark.parametrize(
    "wrong",
    [
        {"windows_ns": ()},
        {"windows_ns": (0,)},
        {"bin_ns": 0},
        {"weights": (1.0,)},
        {"support_log10_e": 7.0},
    ],
)
def test_senseless_thresholds_are_refused(wrong: dict) -> None:
    with pytest.raises(ParameterError):
        LabelExchangeParams(**wrong)
