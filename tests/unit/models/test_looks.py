"""The looks at a pair: what each run has, and the larger evidence at the price of both."""

import math
from dataclasses import fields

import numpy as np
import pytest

from models.columns import PairEvidence
from models.errors import ParameterError
from models.looks import looks_of, louder_look
from models.params import DetectionParams
from models.slow_look_params import SlowLookParams


def evidence(rows: list[tuple[int, int, int, float, int, int]]) -> PairEvidence:
    leader, follower, channel, ln_e, answers, opportunities = np.array(rows).reshape(-1, 6).T
    return PairEvidence(
        leader=leader.astype(np.int32),
        follower=follower.astype(np.int32),
        channel=channel.astype(np.int8),
        ln_e=ln_e,
        answers=answers.astype(np.int64),
        opportunities=opportunities.astype(np.int64),
    )


def test_the_larger_evidence_of_each_pair_is_kept_less_the_price_of_two_looks() -> None:
    plain = evidence([(0, 1, 0, 30.0, 9, 20), (0, 1, 1, 2.0, 3, 20), (2, 0, 0, 5.0, 4, 8)])
    slow = evidence([(0, 1, 0, 25.0, 7, 11), (0, 2, 0, 4.0, 2, 11), (2, 0, 0, 6.0, 3, 7)])
    found = louder_look([plain, slow], n_accounts=3)
    assert found.leader.tolist() == [0, 0, 0, 2]
    assert found.follower.tolist() == [1, 1, 2, 0]
    assert found.channel.tolist() == [0, 1, 0, 0]
    assert found.ln_e == pytest.approx(np.array([30.0, 2.0, 4.0, 6.0]) - math.log(2))
    assert found.answers.tolist() == [9, 3, 2, 3]
    assert found.opportunities.tolist() == [20, 20, 11, 7]


def test_one_look_costs_nothing() -> None:
    plain = evidence([(0, 1, 0, 30.0, 9, 20)])
    found = louder_look([plain], n_accounts=2)
    for column in fields(PairEvidence):
        np.testing.assert_array_equal(getattr(found, column.name), getattr(plain, column.name))


def test_nothing_seen_is_nothing_kept() -> None:
    assert len(louder_look([evidence([]), evidence([])], n_accounts=0)) == 0


def test_no_kappas_leave_the_second_look_out() -> None:
    params = DetectionParams()
    assert [look.windows for look in looks_of(params)] == [False, True]
    without = DetectionParams(slow_look=SlowLookParams(kappas=()))
    assert [look.params for look in looks_of(without)] == [params.rank_test]


def test_another_number_of_kappas_is_refused() -> None:
    with pytest.raises(ParameterError, match="as many"):
        looks_of(DetectionParams(slow_look=SlowLookParams(kappas=(0.5,))))
