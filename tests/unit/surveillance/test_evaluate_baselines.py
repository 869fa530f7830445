"""The baselines against slow twins that follow the definitions word by word."""

from collections import Counter, defaultdict
from itertools import combinations

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import hypergeom

from streams.files import Dataset, write_dataset
from surveillance.findings import VerdictName
from surveillance.jobs.actions import Actions, read_actions
from surveillance.jobs.baselines import pairs as pairs_module
from surveillance.jobs.baselines import synchrotrap
from surveillance.jobs.baselines.hand_set import HandSetRule, link_by_hand_set_rule
from surveillance.jobs.baselines.pairs import AccountPairs, components, judge_by_owner
from surveillance.jobs.baselines.peer_rule import PeerRule, link_by_peer_rule
from surveillance.jobs.baselines.synchrotrap import SynchroTrapRule, link_by_synchrotrap
from surveillance.jobs.baselines.validated_network import (
    ValidatedNetworkRule,
    link_by_validated_network,
    passes_false_discovery,
)

SECOND_NS = 10**9
DAY_NS = 86_400 * SECOND_NS


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


def naive_synchrotrap(actions: Actions, rule: SynchroTrapRule) -> dict[tuple[int, int], int]:
    columns = (actions.time_ns, actions.account, actions.family_side)
    acts = list(zip(*(column.tolist() for column in columns), strict=True))
    n_acts = Counter(account for _, account, _ in acts)
    by_place = defaultdict(list)
    for time_ns, account, key in acts:
        by_place[account, key, time_ns // DAY_NS].append(time_ns)
    linked = {}
    for a, b in combinations(sorted(n_acts), 2):
        matched = 0
        for (account, key, day), mine in by_place.items():
            if account == a:
                theirs = by_place.get((b, key, day), [])
                near = [[abs(x - y) <= rule.window_ns for y in theirs] for x in mine]
                with_partner = sum(any(row) for row in near)
                matched += min(with_partner, sum(any(column) for column in zip(*near, strict=True)))
        if matched and matched / (n_acts[a] + n_acts[b] - matched) >= rule.min_similarity:
            linked[a, b] = matched
    return linked


def naive_validated_network(
    actions: Actions, rule: ValidatedNetworkRule
) -> dict[tuple[int, int], int]:
    buckets = defaultdict(set)
    columns = (actions.time_ns, actions.account, actions.family_side)
    for time_ns, account, key in zip(*(column.tolist() for column in columns), strict=True):
        buckets[account].add((key, time_ns // rule.bucket_ns))
    n_all = len(set().union(*buckets.values()))
    shared, p = {}, {}
    for a, b in combinations(range(len(actions.accounts)), 2):
        shared[a, b] = len(buckets[a] & buckets[b])
        p[a, b] = hypergeom.sf(shared[a, b] - 1, n_all, len(buckets[a]), len(buckets[b]))
    ranked = sorted(p.values())
    passing = [
        value
        for rank, value in enumerate(ranked, 1)
        if value <= rule.false_discovery_rate * rank / len(ranked)
    ]
    bar = max(passing, default=-1.0)
    return {pair: shared[pair] for pair in p if p[pair] <= bar and shared[pair]}


@pytest.mark.parametrize("seed", range(6))
def test_synchrotrap_equals_its_slow_twin(seed, monkeypatch) -> None:
    monkeypatch.setattr(synchrotrap, "_PAIRS_HELD", 40)  # so that merging is met
    actions = draw_actions(seed, n_accounts=30)
    rule = SynchroTrapRule(window_ns=5 * SECOND_NS, min_similarity=0.1)
    wanted = naive_synchrotrap(actions, rule)
    assert wanted
    assert as_dict(link_by_synchrotrap(actions, rule)) == wanted


def test_synchrotrap_takes_days_one_by_one() -> None:
    actions = Actions(
        time_ns=np.array([DAY_NS - 1, DAY_NS, 2 * DAY_NS, 2 * DAY_NS + 1]),
        account=np.array([0, 1, 0, 1]),
        family_side=np.zeros(4, np.int64),
        instrument_side=np.zeros(4, np.int64),
        accounts=("a", "b"),
    )
    assert as_dict(link_by_synchrotrap(actions, SynchroTrapRule(min_similarity=0.3))) == {(0, 1): 1}


@pytest.mark.parametrize("seed", range(6))
def test_the_validated_network_equals_its_slow_twin(seed) -> None:
    actions = draw_actions(seed, n=600, n_accounts=15, span_s=200)
    actions.account[:200] = np.repeat(np.arange(2), 100)  # two accounts that act together
    actions.time_ns[100:200] = actions.time_ns[:100]
    actions.family_side[100:200] = actions.family_side[:100]
    rule = ValidatedNetworkRule(bucket_ns=SECOND_NS, false_discovery_rate=0.05)
    wanted = naive_validated_network(actions, rule)
    assert (0, 1) in wanted
    assert as_dict(link_by_validated_network(actions, rule)) == wanted


def test_hypotheses_that_are_not_listed_count() -> None:
    p = np.array([0.001, 0.02, 0.5])
    assert passes_false_discovery(p, 3, 0.05).tolist() == [True, True, False]
    assert passes_false_discovery(p, 10, 0.05).tolist() == [True, False, False]
    assert not passes_false_discovery(p, 100, 0.05).any()


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
    monkeypatch.setattr(pairs_module, "_PAIRS_HELD", 50)  # so that merging is met
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
    assert len(link_by_synchrotrap(actions)) == 0
    assert len(link_by_validated_network(actions)) == 0


def test_linked_accounts_are_judged_by_owner() -> None:
    pairs = AccountPairs(np.array([0, 1, 3]), np.array([1, 2, 4]), np.array([5, 5, 5]))
    accounts = ("a", "b", "c", "d", "e")
    groups = judge_by_owner(components(pairs), accounts, {"a": "o", "b": "o", "c": "o", "d": "p"})
    assert [sorted(group.members) for group in groups] == [["a", "b", "c"], ["d", "e"]]
    assert [group.verdict for group in groups] == [VerdictName.INTERNAL, VerdictName.EXTERNAL]


def test_accounts_without_owners_are_not_one_owner() -> None:
    pairs = AccountPairs(np.array([0]), np.array([1]), np.array([5]))
    assert judge_by_owner(components(pairs), ("a", "b"), {})[0].verdict is VerdictName.EXTERNAL


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
