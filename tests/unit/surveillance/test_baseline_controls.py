"""Both controls for every baseline, and the bounds within which it runs."""

import time

import numpy as np
import pytest

from surveillance.errors import SurveillanceError
from surveillance.jobs.actions import Actions
from surveillance.jobs.baselines import density, toolkit
from surveillance.jobs.baselines.budget import NOT_INSTALLED, Budget, Unfinished, run_within
from surveillance.jobs.baselines.pairs import AccountGroups
from surveillance.jobs.baselines.registry import BASELINES, BaselineChoice, choose_baselines

SECOND_NS = 10**9
SPAN_NS = 4 * 86_400 * SECOND_NS
N_HONEST = 40
LEADER, FOLLOWER = N_HONEST, N_HONEST + 1


def market(*, with_copier: bool, seed: int = 3) -> Actions:
    """Return 40 accounts with habits of their own, and perhaps a leader with one follower."""
    rng = np.random.default_rng(seed)
    times, accounts, keys = [], [], []
    for account in range(N_HONEST):
        n = int(rng.integers(10, 25))
        times.append(rng.integers(0, SPAN_NS, n))
        accounts.append(np.full(n, account))
        keys.append(rng.choice(8, n, p=rng.dirichlet(np.ones(8))))
    if with_copier:
        led = rng.integers(0, SPAN_NS - SECOND_NS, 40)
        led_keys = rng.integers(0, 8, 40)
        times += [led, led + rng.integers(1, 200, 40) * 1_000_000]
        accounts += [np.full(40, LEADER), np.full(40, FOLLOWER)]
        keys += [led_keys, led_keys]
    key = np.concatenate(keys).astype(np.int64)
    return Actions(
        time_ns=np.concatenate(times).astype(np.int64),
        account=np.concatenate(accounts).astype(np.int64),
        family_side=key,
        instrument_side=key,
        accounts=tuple(f"a{number}" for number in range(N_HONEST + 2 * with_copier)),
    )


def needs_toolkit(name: str) -> None:
    if name == "toolkit":
        pytest.importorskip(toolkit.PACKAGE)


@pytest.mark.parametrize("baseline", BASELINES, ids=lambda baseline: baseline.name)
def test_an_obvious_copier_is_found(baseline) -> None:
    needs_toolkit(baseline.name)
    groups = baseline.find(market(with_copier=True))
    holding = [group for group in groups if LEADER in group]
    assert len(holding) == 1
    assert FOLLOWER in holding[0]
    if baseline.name != "density":  # which adds accounts that happen to be alike
        assert holding == [(LEADER, FOLLOWER)]


@pytest.mark.parametrize(
    "baseline",
    [baseline for baseline in BASELINES if baseline.name != "density"],
    ids=lambda baseline: baseline.name,
)
def test_nobody_is_linked_where_everybody_trades_alone(baseline) -> None:
    needs_toolkit(baseline.name)
    groups = baseline.find(market(with_copier=False))
    assert sum(len(group) for group in groups) == 0


def test_density_has_no_null_and_links_those_who_trade_alone() -> None:
    # Stated rather than hidden: dense places exist wherever there are enough accounts.
    groups = density.find_groups(market(with_copier=False))
    assert sum(len(group) for group in groups) > 0


def test_density_of_nobody_is_nothing() -> None:
    nobody = np.empty(0, np.int64)
    assert density.find_groups(Actions(nobody, nobody, nobody, nobody, ())) == ()


def test_features_of_accounts_that_differ_in_nothing_are_none() -> None:
    same = Actions(
        time_ns=np.array([5, 5]),
        account=np.array([0, 1]),
        family_side=np.array([2, 2]),
        instrument_side=np.array([2, 2]),
        accounts=("a", "b"),
    )
    assert density.account_features(same).shape == (2, 0)
    assert density.find_groups(same) == ()


def test_a_choice_of_baselines_takes_no_less_than_the_smaller_one() -> None:
    none, quick, every = (
        choose_baselines(choice)
        for choice in (BaselineChoice.NONE, BaselineChoice.QUICK, BaselineChoice.ALL)
    )
    assert none == ()
    assert every == BASELINES
    assert set(quick) < set(every)


# The bounds: functions at the top of the module, since they go to another process.


def sleep(actions: Actions) -> AccountGroups:
    time.sleep(60)
    return ()


def take_memory(actions: Actions) -> AccountGroups:
    return ((int(np.ones(2**31).sum()),),)


def fail(actions: Actions) -> AccountGroups:
    raise ZeroDivisionError("on purpose")


def find_first_two(actions: Actions) -> AccountGroups:
    return ((0, len(actions.accounts) - 1),)


def miss_the_toolkit(actions: Actions) -> AccountGroups:
    raise toolkit.ToolkitMissingError


def test_what_is_found_comes_back() -> None:
    groups = run_within(find_first_two, market(with_copier=False), Budget())
    assert groups == ((0, N_HONEST - 1),)


def test_a_baseline_out_of_time_is_a_result() -> None:
    outcome = run_within(sleep, market(with_copier=False), Budget(seconds=1))
    assert outcome == Unfinished("ran out of time (1 s)")


def test_a_baseline_out_of_memory_is_a_result() -> None:
    outcome = run_within(take_memory, market(with_copier=False), Budget(memory_mb=2048))
    assert isinstance(outcome, Unfinished)
    assert outcome.reason.startswith("ran out of memory")


def test_a_toolkit_that_is_not_there_is_a_result() -> None:
    outcome = run_within(miss_the_toolkit, market(with_copier=False), Budget())
    assert outcome == Unfinished(NOT_INSTALLED)


def test_a_baseline_that_fails_is_a_mistake() -> None:
    with pytest.raises(SurveillanceError, match="ZeroDivisionError: on purpose"):
        run_within(fail, market(with_copier=False), Budget())
