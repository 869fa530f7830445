"""Further evidence: plain-loop twin, bounds, and both controls for each kind."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.naive_corroboration import naive_corroborate, naive_exits
from helpers.orders import DAY_NS, MINUTE_NS, SECOND_NS, START_NS, decision_columns, later_events
from hypothesis import given, settings
from hypothesis import strategies as st

from models.columns import CANCEL, REPLACE, STOP, DecisionColumns, LaterEvents
from models.corroboration import KINDS, Corroboration, corroborate
from models.corroboration_params import CorroborationParams
from models.corroboration_reasons import further_reasons
from models.errors import ParameterError
from models.exits import find_exits
from models.grouping import Cluster, Link
from models.params import DetectionParams
from models.roles import Roles, find_roles

PARAMS = CorroborationParams()
DETECTION = DetectionParams()
LAG_NS = SECOND_NS
SOURCE, COPIER, MIRROR = 0, 1, 2
Row = tuple[int, int, int, int]


def roles_of(decisions: DecisionColumns, *, inverted: frozenset[int] = frozenset()) -> Roles:
    members = tuple(sorted(set(decisions.account.tolist())))
    links = tuple(Link(SOURCE, m) for m in members if m != SOURCE)
    cluster = Cluster(members, inverted, 30.0, links)
    groups = replace(DETECTION.groups, off_venue_min_episodes=10**6)
    roles = find_roles(cluster, decisions, groups=groups, rank_test=DETECTION.rank_test)
    assert roles is not None
    assert roles.source == SOURCE
    return roles


def round_trips(rng: np.random.Generator, n: int) -> list[tuple[Row, int]]:
    """Return the source's entries and exits, (row, lots), over a day, in two families."""
    rows = []
    for start in np.sort(rng.uniform(0, 20 * 60 * MINUTE_NS, n)).astype(np.int64).tolist():
        family, side, lots = int(rng.integers(2)), int(rng.integers(2)), int(rng.integers(1, 6))
        hold = int(rng.uniform(20, 300) * SECOND_NS)
        rows.append(((START_NS + start, SOURCE, family, side), lots))
        rows.append(((START_NS + start + hold, SOURCE, family, 1 - side), lots))
    return rows


def copied(
    rows: list[tuple[Row, int]], account: int, *, ratio: float = 2.0, inverse: bool = False
) -> list[tuple[Row, int]]:
    return [
        ((t + LAG_NS, account, family, side ^ int(inverse)), max(1, round(lots * ratio)))
        for (t, _, family, side), lots in rows
    ]


def columns_of(rows: list[tuple[Row, int]]) -> DecisionColumns:
    return decision_columns([row for row, _ in rows], lots=[lots for _, lots in rows])


def random_group(seed: int) -> tuple[DecisionColumns, LaterEvents, Roles]:
    """Return a source, a copier and an inverse one that repeat part of it, and do things alone."""
    rng = np.random.default_rng(seed)
    source = round_trips(rng, 25)
    rows = list(source)
    for account, inverse in ((COPIER, False), (MIRROR, True)):
        kept = [row for row in source if rng.random() < 0.8]
        rows += copied(kept, account, ratio=float(rng.uniform(0.4, 3)), inverse=inverse)
        alone = [((t + 7 * MINUTE_NS, a, f, s), 3) for (t, a, f, s), _ in round_trips(rng, 4)]
        rows += [((t, account, f, s), lots) for (t, _, f, s), lots in alone]
    events = []
    for kind in (CANCEL, REPLACE, STOP):
        price = 1_000
        for t in np.sort(rng.uniform(0, 22 * 60 * MINUTE_NS, 60)).astype(np.int64).tolist():
            family, side = int(rng.integers(2)), int(rng.integers(2))
            price += int(rng.integers(-4, 5))
            ticks = price if kind == STOP and rng.random() < 0.9 else 0
            events.append((START_NS + t, SOURCE, family, side, kind, ticks))
            for account, turned in ((COPIER, 0), (MIRROR, 1)):
                if rng.random() < 0.5:
                    late = t + int(rng.uniform(0, 5) * SECOND_NS)
                    other = ticks + int(rng.integers(-3, 4)) if ticks else 0
                    events.append((START_NS + late, account, family, side ^ turned, kind, other))
    decisions = columns_of(rows)
    roles = roles_of(decisions, inverted=frozenset({MIRROR}))
    return decisions, later_events(events), roles


@pytest.mark.parametrize("seed", range(6))
def test_every_kind_agrees_with_plain_loops(seed: int) -> None:
    decisions, later, roles = random_group(seed)
    assert [follower.inverse for follower in roles.followers] == [False, True]
    found = corroborate(roles, decisions, later, PARAMS)
    wanted = naive_corroborate(roles, decisions, later, PARAMS)
    assert [one.kind for one in found] == list(KINDS)
    for one, other in zip(found, wanted, strict=True):
        assert (one.kind, one.n, one.hits) == (other.kind, other.n, other.hits)
        assert one.chance == pytest.approx(other.chance)
        assert one.log10_lr == pytest.approx(other.log10_lr)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000), st.floats(0.05, 0.9), st.floats(0.01, 0.9), st.floats(0.0, 3.0))
def test_no_kind_counts_for_more_than_its_bound(
    seed: int, repeated_share: float, least_chance: float, bound: float
) -> None:
    params = replace(
        PARAMS, repeated_share=repeated_share, least_chance=least_chance, most_log10_lr=bound
    )
    decisions, later, roles = random_group(seed)
    for one in corroborate(roles, decisions, later, params):
        assert abs(one.log10_lr) <= bound
        assert 0 <= one.hits <= one.n
        assert 0 < one.chance <= one.n


def copying(*, n: int = 25, seed: int = 1) -> tuple[list[tuple[Row, int]], list[tuple[Row, int]]]:
    source = round_trips(np.random.default_rng(seed), n)
    return source, copied(source, COPIER)


def events_beside(
    rows: list[tuple[Row, int]], kind: int, *, lag_ns: int, turned: int = 0, ticks: int = 0
) -> LaterEvents:
    """Return an event of the source after each of its decisions, one of the copier `lag_ns` on."""
    events = []
    for i, ((t, _, family, side), _) in enumerate(rows):
        at, price = t + 40 * SECOND_NS, ticks * i
        events.append((at, SOURCE, family, side, kind, price))
        events.append((at + lag_ns, COPIER, family, side ^ turned, kind, price))
    return later_events(events)


def measured(
    decisions: DecisionColumns, later: LaterEvents, *, inverted: frozenset[int] = frozenset()
) -> dict[str, Corroboration]:
    found = corroborate(roles_of(decisions, inverted=inverted), decisions, later, PARAMS)
    return {one.kind: one for one in found}


@pytest.mark.parametrize(("kind", "name"), [(CANCEL, "cancels"), (REPLACE, "replaces")])
def test_copied_cancels_and_replaces_speak_for_copying_and_independent_ones_against(
    kind: int, name: str
) -> None:
    source, copies = copying()
    decisions = columns_of(source + copies)
    with_it = measured(decisions, events_beside(source, kind, lag_ns=LAG_NS))[name]
    assert with_it.log10_lr == PARAMS.most_log10_lr
    assert with_it.hits == with_it.n
    alone = measured(decisions, events_beside(source, kind, lag_ns=11 * MINUTE_NS + 17 * LAG_NS))
    assert alone[name].log10_lr < -1.0


def test_an_inverse_follower_cancels_on_the_other_side() -> None:
    source, _ = copying()
    decisions = columns_of(source + copied(source, COPIER, inverse=True))
    turned = events_beside(source, CANCEL, lag_ns=LAG_NS, turned=1)
    found = measured(decisions, turned, inverted=frozenset({COPIER}))
    assert found["cancels"].log10_lr == PARAMS.most_log10_lr
    assert found["exits"].log10_lr == PARAMS.most_log10_lr
    same_side = events_beside(source, CANCEL, lag_ns=LAG_NS)
    wrong = measured(decisions, same_side, inverted=frozenset({COPIER}))["cancels"]
    assert wrong.log10_lr < 0


def test_a_follower_that_never_cancels_says_nothing_about_cancels() -> None:
    source, copies = copying()
    later = events_beside(source, CANCEL, lag_ns=LAG_NS)
    later = later.take(later.account == SOURCE)
    assert "cancels" not in measured(columns_of(source + copies), later)


def test_one_answer_to_a_burst_of_cancels_is_one_hit() -> None:
    source, copies = copying()
    window_ns = roles_of(columns_of(source + copies)).followers[0].window_ns
    events = []
    for (t, _, family, side), _ in source:
        at = t + 5 * MINUTE_NS
        events += [(at + i * window_ns // 20, SOURCE, family, side, CANCEL, 0) for i in range(10)]
        events.append((at + window_ns // 2, COPIER, family, side, CANCEL, 0))
    found = measured(columns_of(source + copies), later_events(events))["cancels"]
    assert found.n <= len(source)


def test_who_leaves_alone_does_not_repeat_exits() -> None:
    source, copies = copying()
    entries = copies[::2]
    own_exits = [((t + 400 * SECOND_NS, a, f, s), lots) for (t, a, f, s), lots in copies[1::2]]
    together = measured(columns_of(source + copies), later_events([]))["exits"]
    alone = measured(columns_of(source + entries + own_exits), later_events([]))["exits"]
    assert together.log10_lr == PARAMS.most_log10_lr
    assert alone.log10_lr < -1.0
    codes = [r.code for r in further_reasons((together, alone), PARAMS)]
    assert codes == ["exits_repeated", "exits_not_repeated"]


def test_equal_stop_prices_speak_for_copying_and_a_level_market_says_nothing() -> None:
    source, copies = copying()
    decisions = columns_of(source + copies)
    same = measured(decisions, events_beside(source, STOP, lag_ns=LAG_NS, ticks=50))["stops"]
    assert same.log10_lr == PARAMS.most_log10_lr
    level = events_beside(source, STOP, lag_ns=LAG_NS, ticks=50)
    level = replace(level, price_ticks=np.full(len(level), 700))
    assert measured(decisions, level)["stops"].log10_lr == pytest.approx(0.0)
    own = events_beside(source, STOP, lag_ns=LAG_NS, ticks=50)
    own = replace(own, price_ticks=own.price_ticks + 9 * (own.account == COPIER))
    assert measured(decisions, own)["stops"].log10_lr < -1.0
    unknown = replace(own, price_ticks=np.zeros(len(own), np.int64))
    assert "stops" not in measured(decisions, unknown)


def test_too_few_events_say_nothing() -> None:
    source, copies = copying(n=4)
    assert measured(columns_of(source + copies), later_events([])).keys() == {"sizes"}
    assert (
        corroborate(
            roles_of(columns_of(source + copies)),
            columns_of(source + copies),
            later_events([]),
            replace(PARAMS, min_events=9),
        )
        == ()
    )


@pytest.mark.parametrize("seed", range(4))
def test_exits_agree_with_a_plain_loop(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = [
        (START_NS + int(t), SOURCE, int(f), int(s))
        for t, f, s in zip(
            np.sort(rng.uniform(0, 3 * DAY_NS, 200)),
            rng.integers(0, 3, 200),
            rng.integers(0, 2, 200),
            strict=True,
        )
    ]
    lots = [0 if f == 2 and i % 50 == 0 else 1 + i % 4 for i, (_, _, f, _) in enumerate(rows)]
    decisions = decision_columns(rows, lots=lots)
    exit_row, entry_row = find_exits(np.arange(200), decisions)
    wanted = naive_exits(list(range(200)), decisions)
    assert list(zip(exit_row.tolist(), entry_row.tolist(), strict=True)) == wanted
    assert 40 < len(wanted) < 130
    assert 2 not in decisions.family[exit_row] or all(
        lots[i] > 0 for i in range(200) if rows[i][2] == 2
    )


def test_reasons_carry_their_numbers_and_leave_out_what_hardly_counts() -> None:
    found = tuple(
        Corroboration(kind, 1_040, 30, 1.26, lr)
        for kind, lr in zip(KINDS, (2.0, -2.0, 0.49, 0.5, -0.1), strict=True)
    )
    reasons = further_reasons(found, PARAMS)
    codes = [reason.code for reason in reasons]
    assert codes == ["exits_repeated", "cancels_not_repeated", "stops_repeated"]
    for reason in reasons:
        for value in reason.numbers.values():
            assert f"{value:,g}" in reason.text
    assert "100 times more likely, the most that one kind may count." in reasons[0].text
    assert "100 times less likely" in reasons[1].text
    assert "the most" not in reasons[2].text


def test_bad_thresholds_are_refused() -> None:
    for name, value in (("repeated_share", 1.0), ("least_chance", 0.0), ("rolls", 0)):
        with pytest.raises(ParameterError, match=name):
            CorroborationParams(**{name: value})
