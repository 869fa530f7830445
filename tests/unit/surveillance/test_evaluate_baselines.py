"""The baselines against slow twins that follow the definitions word by word."""

from collections import Counter, defaultdict
from itertools import combinations

import numpy as np
import pyarrow as pa
import pytest

from streams.files import Dataset, write_dataset
from surveillance.findings import VerdictName
from surveillance.jobs import baselines
from surveillance.jobs.actions import Actions, read_actions
from surveillance.jobs.baselines import (
    AccountPairs,
    HandSetRule,
    PeerRule,
    group_linked,
    link_by_hand_set_rule,
    link_by_peer_rule,
)

SECOND_NS = 10**9


def draw_actions(seed: int, n: int = 400, n_accounts: int = 12, span_s: int = 300) -> Actions:
    rng = np.random.default_rng(seed)
    instrument_side = rng.integers(0, 6, n)
    return Actions(
        time_ns=rng.integers(0, span_s * 4, n) * (SECOND_NS // 4),
        account=rng.integers(0, n_accounts, n),
        family_side=instrument_side % 4,
        instrument_side=instrument_side,
        accounts=tuple(f"a{number}" for number in range(n_accounts)),
    )


def as_dict(pairs: AccountPairs) -> dict[tuple[int, int], int]:
    columns = (pairs.low.tolist(), pairs.high.tolist(), pairs.times.tolist())
    return {(low, high): times for low, high, times in zip(*columns, strict=True)}


def naive_hand_set_rule(actions: Actions, rule: HandSetRule) -> dict[tuple[int, int], int]:
    buckets = defaultdict(set)
    columns = (actions.time_ns, actions.account, actions.family_side)
    for time_ns, account, key in zip(*(column.tolist() for column in columns), strict=True):
        buckets[account].add((key, time_ns // rule.bucket_ns))
    linked = {}
    for a, b in combinations(sorted(buckets), 2):
        shared = len(buckets[a] & buckets[b])
        jaccard = shared / len(buckets[a] | buckets[b])
        if shared >= rule.min_shared and jaccard >= rule.min_jaccard:
            linked[a, b] = shared
    return linked


def naive_peer_rule(actions: Actions, rule: PeerRule) -> dict[tuple[int, int], int]:
    columns = (actions.time_ns, actions.account, actions.instrument_side)
    posts = list(zip(*(column.tolist() for column in columns), strict=True))
    n_posts = Counter(account for _, account, _ in posts)
    posts = [post for post in posts if n_posts[post[1]] >= rule.min_participation]
    meeting: Counter[tuple[int, int]] = Counter()
    coordinated: dict[int, set[int]] = defaultdict(set)
    for (i, (time_a, a, key_a)), (j, (time_b, b, key_b)) in combinations(enumerate(posts), 2):
        if a != b and key_a == key_b and abs(time_a - time_b) <= rule.window_ns:
            meeting[min(a, b), max(a, b)] += 1
            coordinated[a].add(i)
            coordinated[b].add(j)
    enough = {account for account, ids in coordinated.items() if len(ids) >= rule.min_participation}
    return {pair: times for pair, times in meeting.items() if enough & set(pair)}


@pytest.mark.parametrize("seed", range(6))
def test_the_hand_set_rule_equals_its_slow_twin(seed) -> None:
    actions = draw_actions(seed, span_s=60)
    rule = HandSetRule(min_shared=2, min_jaccard=0.05)
    wanted = naive_hand_set_rule(actions, rule)
    assert wanted
    assert as_dict(link_by_hand_set_rule(actions, rule)) == wanted


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("min_participation", [1, 2, 12])
def test_the_peer_rule_equals_its_slow_twin(seed, min_participation, monkeypatch) -> None:
    monkeypatch.setattr(baselines, "_PAIRS_HELD", 50)  # so that merging is met
    actions = draw_actions(seed, n=120, n_accounts=30, span_s=900)
    rule = PeerRule(window_ns=20 * SECOND_NS, min_participation=min_participation)
    assert as_dict(link_by_peer_rule(actions, rule)) == naive_peer_rule(actions, rule)


def test_a_window_holds_its_last_nanosecond() -> None:
    actions = Actions(
        time_ns=np.array([0, 10 * SECOND_NS, 100 * SECOND_NS, 110 * SECOND_NS + 1]),
        account=np.array([0, 1, 0, 1]),
        family_side=np.zeros(4, np.int64),
        instrument_side=np.zeros(4, np.int64),
        accounts=("a", "b"),
    )
    rule = PeerRule(min_participation=1)
    assert as_dict(link_by_peer_rule(actions, rule)) == {(0, 1): 1}


def test_no_orders_link_nobody() -> None:
    actions = draw_actions(0, n=0)
    assert len(link_by_hand_set_rule(actions)) == 0
    assert len(link_by_peer_rule(actions)) == 0


def test_linked_accounts_are_judged_by_owner() -> None:
    pairs = AccountPairs(np.array([0, 1, 3]), np.array([1, 2, 4]), np.array([5, 5, 5]))
    accounts = ("a", "b", "c", "d", "e")
    groups = group_linked(pairs, accounts, {"a": "o", "b": "o", "c": "o", "d": "p"})
    assert [sorted(group.members) for group in groups] == [["a", "b", "c"], ["d", "e"]]
    assert [group.verdict for group in groups] == [VerdictName.INTERNAL, VerdictName.EXTERNAL]


def test_accounts_without_owners_are_not_one_owner() -> None:
    pairs = AccountPairs(np.array([0]), np.array([1]), np.array([5]))
    assert group_linked(pairs, ("a", "b"), {})[0].verdict is VerdictName.EXTERNAL


def test_actions_are_new_orders_once_by_family(tmp_path) -> None:
    start_ns = 1_700_000_000 * SECOND_NS
    rows = [
        (start_ns, "b", "ES", "buy", "1", "new"),
        (start_ns + 1, "a", "MES", "sell", "2", None),
        (start_ns + 2, "a", "ES", "buy", "1", "new"),  # repeats an event id
        (start_ns + 3, "a", "ES", "buy", "3", "cancel"),
        (start_ns + 4, "a", "NQ", "buy", None, "new"),
        (start_ns + 86_400 * SECOND_NS, "a", "NQ", "buy", None, "new"),
    ]
    names = ("event_time_ns", "account_id", "instrument_id", "side", "event_id", "event_type")
    columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    orders = pa.table({**columns, "quantity": [1.0] * len(rows)})
    instruments = pa.table({"instrument_id": ["ES", "MES"], "family": ["ES", "ES"]})
    write_dataset(tmp_path, {"orders": orders, "instruments": instruments})
    actions = read_actions(Dataset.open(tmp_path), latest_time_ns=start_ns * 2)
    assert [actions.accounts[code] for code in actions.account] == ["b", "a", "a", "a"]
    assert actions.family_side[0] + 1 == actions.family_side[1]  # one family, other side
    assert actions.instrument_side[0] // 2 != actions.instrument_side[1] // 2
    assert actions.n_account_days(frozenset("a")) == 2
    assert actions.n_account_days(frozenset("ab")) == 3
    assert actions.n_account_days(frozenset()) == 0
