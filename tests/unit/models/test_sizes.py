"""Sizes foretold: ratio, rounding, contracts of other sizes, and when sizes cannot tell."""

import numpy as np
import pytest
from helpers.orders import MINUTE_NS, SECOND_NS, START_NS, decision_columns, later_events

from models.columns import DecisionColumns
from models.corroboration import SIZES, corroborate
from models.corroboration_params import CorroborationParams
from models.grouping import Cluster, Link
from models.params import DetectionParams
from models.roles import Roles, find_roles
from models.sizes import match_sizes, rolled

DETECTION = DetectionParams()
PARAMS = CorroborationParams()
N = 40


def group(source: list[int], own: list[int]) -> tuple[DecisionColumns, Roles]:
    """Return a source's decisions of the sizes given and a follower's, one second later."""
    rows, lots = [], []
    for i, (wanted, had) in enumerate(zip(source, own, strict=True)):
        t = START_NS + i * 10 * MINUTE_NS
        rows += [(t, 0, 0, i % 2), (t + SECOND_NS, 1, 0, i % 2)]
        lots += [wanted, had]
    decisions = decision_columns(rows, lots=lots)
    roles = find_roles(
        Cluster((0, 1), frozenset(), 30.0, (Link(0, 1),)),
        decisions,
        groups=DETECTION.groups,
        rank_test=DETECTION.rank_test,
    )
    assert roles is not None
    return decisions, roles


def log10_lr(source: list[int], own: list[int]) -> float | None:
    decisions, roles = group(source, own)
    found = corroborate(roles, decisions, later_events([]), PARAMS)
    return next((one.log10_lr for one in found if one.kind == SIZES), None)


def drawn(seed: int) -> list[int]:
    return np.random.default_rng(seed).integers(1, 9, N).tolist()


@pytest.mark.parametrize("ratio", [0.25, 0.5, 1.0, 2.5])
def test_sizes_in_one_ratio_speak_for_copying(ratio: float) -> None:
    own = [max(1, round(size * ratio)) for size in drawn(1)]
    assert log10_lr(drawn(1), own) == PARAMS.most_log10_lr


def test_independent_sizes_do_not() -> None:
    found = [log10_lr(drawn(seed), drawn(seed + 100)) for seed in range(20)]
    assert all(one is not None and one < 0.5 for one in found)
    assert np.mean([one for one in found if one is not None]) < -1.0


def test_constant_sizes_on_either_side_say_nothing() -> None:
    assert log10_lr([3] * N, [6] * N) is None
    assert log10_lr(drawn(1), [1] * N) is None
    assert log10_lr([3] * N, drawn(1)) is None


def test_unknown_sizes_are_left_out() -> None:
    assert log10_lr([0] * N, drawn(1)) is None
    source, own = drawn(1), [2 * size for size in drawn(1)]
    own[::3] = [0] * len(own[::3])
    decisions, roles = group(source, own)
    matched = match_sizes(roles.followers[0], decisions, rolls=8)
    assert matched is not None
    assert matched.event.size == sum(size > 0 for size in own)
    assert matched.hit.all()


def test_minis_that_follow_micros_round_to_whole_minis() -> None:
    micros = [10 * size + extra for size, extra in zip(drawn(1), drawn(2), strict=True)]
    minis = [10 * max(1, round(lots / 10)) for lots in micros]
    decisions, roles = group(micros, minis)
    matched = match_sizes(roles.followers[0], decisions, rolls=8)
    assert matched is not None
    assert matched.hit.mean() >= 0.9
    assert log10_lr(micros, minis) == PARAMS.most_log10_lr


def test_rolled_values_are_never_in_their_own_place() -> None:
    values = np.arange(5)
    assert rolled(values, 8).shape == (4, 5)
    assert rolled(values, 2).tolist() == [[4, 0, 1, 2, 3], [3, 4, 0, 1, 2]]
    assert not np.any(rolled(values, 8) == values)
