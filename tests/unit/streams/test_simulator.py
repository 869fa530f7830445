"""The simulated market as its users see it: tables in the contract's form, the key apart."""

import json
from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from streams.errors import StreamError
from streams.orders import find_violations
from streams.simulator import SCENARIOS, SimulatedMarket, SimulationError, simulate
from streams.simulator.market import DAY_NS, OPEN_SECOND
from streams.tables import TABLES

_NS_PER_DAY = 86_400 * 10**9
_KEY_FIELDS = {
    "group_id",
    "kind",
    "verdict",
    "subtype",
    "leader_account_id",
    "members",
    "allocation_ratio",
    "inverse",
    "start_time_ns",
}


@pytest.fixture(scope="module")
def basic() -> SimulatedMarket:
    return simulate("basic", n_accounts=300, n_days=2, seed=3)


@pytest.fixture(scope="module")
def nothing() -> SimulatedMarket:
    return simulate("nothing", n_accounts=120, n_days=1, seed=3)


def _column(table: pa.Table, name: str) -> np.ndarray:
    return table[name].to_numpy(zero_copy_only=False)


def test_the_same_arguments_give_the_same_bytes() -> None:
    one = simulate("basic", n_accounts=60, n_days=1, seed=5)
    two = simulate("basic", n_accounts=60, n_days=1, seed=5)
    assert one.answer_key == two.answer_key
    for name, table in one.tables.items():
        assert _as_bytes(table) == _as_bytes(two.tables[name]), name


def _as_bytes(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def test_another_seed_gives_another_market() -> None:
    one = simulate("nothing", n_accounts=20, n_days=1, seed=5)
    two = simulate("nothing", n_accounts=20, n_days=1, seed=6)
    assert not one.tables["orders"].equals(two.tables["orders"])


@pytest.mark.parametrize("n_accounts", [10, 50, 300])
@pytest.mark.parametrize("scenario", sorted(SCENARIOS))
def test_every_table_keeps_the_rules_of_the_contract(scenario: str, n_accounts: int) -> None:
    market = simulate(scenario, n_accounts=n_accounts, n_days=1, seed=1)
    assert set(market.tables) == set(TABLES)
    for name, table in market.tables.items():
        spec = TABLES[name]
        assert set(spec.required) <= set(table.column_names)
        for field in table.schema:
            assert field.type == spec.schema.field(field.name).type, field.name
        for batch in table.to_batches():
            assert find_violations(batch, name, latest_time_ns=2**62) == []
        if spec.key:
            keys = table.select(list(spec.key)).to_pylist()
            assert len({tuple(key.values()) for key in keys}) == len(keys)
    assert market.tables["accounts"].num_rows == n_accounts


def test_events_are_sorted_and_lie_inside_trading_days(basic: SimulatedMarket) -> None:
    orders = basic.tables["orders"]
    time_ns = _column(orders, "event_time_ns")
    assert (np.diff(time_ns) >= 0).all()
    assert (np.diff(_column(orders, "sequence")) == 1).all()
    since_open = time_ns % _NS_PER_DAY - OPEN_SECOND * 10**9
    assert since_open.min() >= 0
    assert since_open.max() < DAY_NS
    assert set((time_ns // _NS_PER_DAY + 3) % 7) <= {0, 1, 2, 3, 4}
    assert len(set(time_ns // _NS_PER_DAY)) == 2


def test_prices_lie_on_the_tick(basic: SimulatedMarket) -> None:
    instruments = basic.tables["instruments"]
    tick = dict(
        zip(
            instruments["instrument_id"].to_pylist(),
            instruments["tick_size"].to_pylist(),
            strict=True,
        )
    )
    orders = basic.tables["orders"]
    ticks = np.array([tick[i] for i in orders["instrument_id"].to_pylist()])
    for name in ("limit_price", "last_price"):
        price = _column(orders, name)
        known = ~np.isnan(price)
        assert known.any()
        in_ticks = price[known] / ticks[known]
        assert np.abs(in_ticks - np.rint(in_ticks)).max() < 1e-6
        assert in_ticks.min() > 0


def test_an_order_is_new_before_it_is_canceled_or_filled(basic: SimulatedMarket) -> None:
    orders = basic.tables["orders"]
    seen: dict[str, int] = {}
    kinds: Counter[str] = Counter()
    for order_id, event_type in zip(
        orders["order_id"].to_pylist(), orders["event_type"].to_pylist(), strict=True
    ):
        kinds[event_type] += 1
        assert (event_type == "new") == (order_id not in seen)
        seen[order_id] = seen.get(order_id, 0) + 1
    assert set(kinds) == {"new", "cancel", "fill"}
    assert max(seen.values()) == 2


def test_limits_have_prices_and_market_orders_none(basic: SimulatedMarket) -> None:
    orders = basic.tables["orders"]
    is_limit = pc.equal(orders["order_type"], "limit")
    assert is_limit.equals(pc.is_valid(orders["limit_price"]))
    is_fill = pc.equal(orders["event_type"], "fill")
    assert is_fill.equals(pc.is_valid(orders["last_price"]))
    assert is_fill.equals(pc.is_valid(orders["last_quantity"]))


def test_every_order_lies_in_a_session_of_its_account(basic: SimulatedMarket) -> None:
    sessions = {row["session_id"]: row for row in basic.tables["sessions"].to_pylist()}
    orders = basic.tables["orders"]
    new = orders.filter(pc.equal(orders["event_type"], "new"))
    for row in new.select(["session_id", "account_id", "event_time_ns"]).to_pylist():
        session = sessions[row["session_id"]]
        assert session["account_id"] == row["account_id"]
        assert session["start_time_ns"] <= row["event_time_ns"] <= session["end_time_ns"]


def test_every_account_has_one_part_in_the_key(basic: SimulatedMarket) -> None:
    key = basic.answer_key
    members = [account for group in key["groups"] for account in group["members"]]
    parts = {*members, *key["honest_kind"]}
    assert parts == set(basic.tables["accounts"]["account_id"].to_pylist())
    assert len(members) == len(set(members))
    assert not set(members) & set(key["honest_kind"])


def test_the_key_has_the_contracts_form(basic: SimulatedMarket) -> None:
    key = basic.answer_key
    assert json.loads(json.dumps(key)) == key
    assert set(key) == {"groups", "honest_kind"}
    for group in key["groups"]:
        assert set(group) == _KEY_FIELDS
        assert group["leader_account_id"] in group["members"]
        assert set(group["allocation_ratio"]) == set(group["members"])
        assert group["allocation_ratio"][group["leader_account_id"]] == 1.0
        assert group["inverse"] is False
    kinds = Counter(group["kind"] for group in key["groups"])
    assert kinds == {
        "internal_local": 1,
        "internal_server": 1,
        "external_automatic": 1,
        "external_human": 1,
    }


def test_nothing_of_the_key_stands_in_the_tables(basic: SimulatedMarket) -> None:
    texts: set[str] = set()
    for table in basic.tables.values():
        texts |= set(table.column_names)
        for name, field in zip(table.column_names, table.schema, strict=True):
            if field.type == pa.string():
                texts |= {text for text in table[name].unique().to_pylist() if text}
    key = basic.answer_key
    secrets = {group["group_id"] for group in key["groups"]}
    assert not secrets & texts
    words = {w for g in key["groups"] for w in g["kind"].split("_")} | {"planted", "honest"}
    words |= set(key["honest_kind"].values())
    # A name may show what anybody may see: the column that names a declared leader.
    shown = {text.lower() for text in texts - {"leader_account_id"}}
    assert not [(word, text) for word in words for text in shown if word in text]


def test_planted_accounts_do_not_stand_together(basic: SimulatedMarket) -> None:
    names = basic.tables["accounts"]["account_id"].to_pylist()
    assert names == sorted(names)
    planted = np.array([name not in basic.answer_key["honest_kind"] for name in names])
    # Half of random neighbors differ this often; accounts in a block would differ once.
    expected = 2 * planted.mean() * (1 - planted.mean()) * (len(names) - 1)
    assert np.count_nonzero(np.diff(planted)) > expected / 2


def test_internal_groups_have_one_owner_and_external_ones_many(basic: SimulatedMarket) -> None:
    owner = _map(basic.tables["accounts"], "account_id", "owner_id")
    for group in basic.answer_key["groups"]:
        owners = {owner[account] for account in group["members"]}
        is_internal = group["verdict"] == "INTERNAL"
        assert len(owners) == (1 if is_internal else len(group["members"]))
        low, high = (2, 12) if is_internal else (3, 30)
        assert low <= len(group["members"]) <= high


def _map(table: pa.Table, key: str, value: str) -> dict[str, str]:
    return dict(zip(table[key].to_pylist(), table[value].to_pylist(), strict=True))


def test_local_copiers_share_one_address_and_one_device(basic: SimulatedMarket) -> None:
    sessions = basic.tables["sessions"].to_pylist()
    for kind, ip_kind in (("internal_local", "residential"), ("internal_server", "hosting")):
        group = next(g for g in basic.answer_key["groups"] if g["kind"] == kind)
        theirs = [row for row in sessions if row["account_id"] in group["members"]]
        assert len({row["ip"] for row in theirs}) == 1
        assert len({row["device_id"] for row in theirs}) == 1
        assert {row["ip_kind"] for row in theirs} == {ip_kind}


def test_own_accounts_are_those_with_a_declaration_for_every_follower() -> None:
    subtypes: Counter[str] = Counter()
    for seed in range(6):
        market = simulate("basic", n_accounts=300, n_days=1, seed=seed)
        rows = market.tables["declarations"].to_pylist()
        declared = {(row["leader_account_id"], row["account_id"]) for row in rows}
        n_used = 0
        for group in market.answer_key["groups"]:
            leader = group["leader_account_id"]
            followers = set(group["members"]) - {leader}
            covered = {account for account in followers if (leader, account) in declared}
            n_used += len(covered)
            subtypes[group["subtype"]] += 1
            assert (group["subtype"] == "own_accounts") == (covered == followers)
            assert (group["subtype"] == "signal") == (group["verdict"] == "EXTERNAL")
        assert n_used == len(rows)
    assert set(subtypes) == {"own_accounts", "undeclared_own_accounts", "signal"}


def test_nothing_planted_leaves_the_key_without_groups(nothing: SimulatedMarket) -> None:
    assert nothing.answer_key["groups"] == []
    assert len(nothing.answer_key["honest_kind"]) == 120
    assert nothing.tables["declarations"].num_rows == 0
    basic = simulate("basic", n_accounts=300, n_days=1, seed=3)
    kinds = set(nothing.answer_key["honest_kind"].values())
    assert kinds == set(basic.answer_key["honest_kind"].values())


def test_honest_strangers_share_addresses_too() -> None:
    market = simulate("nothing", n_accounts=600, n_days=2, seed=2)
    owner = _map(market.tables["accounts"], "account_id", "owner_id")
    owners_at: dict[str, dict[str, set[str]]] = {}
    for row in market.tables["sessions"].to_pylist():
        at = owners_at.setdefault(row["ip_kind"], {})
        at.setdefault(row["ip"], set()).add(owner[row["account_id"]])
    sizes = {kind: Counter(map(len, at.values())) for kind, at in owners_at.items()}
    assert sizes["residential"][2] >= 5
    assert any(3 <= size <= 8 for size in sizes["residential"])
    assert max(sizes["residential"]) <= 8
    assert max(sizes["mobile"]) > 50
    assert max(sizes["hosting"]) > 20
    assert max(Counter(owner.values()).values()) in {2, 3, 4}


@pytest.mark.parametrize(
    ("scenario", "n_accounts", "n_days", "seed", "message"),
    [
        ("basic", 9, 1, 0, "n_accounts must be at least 10, was 9"),
        ("basic", 10, 0, 0, "n_days must be at least 1, was 0"),
        ("basic", 10, 1, -1, "seed must be at least 0, was -1"),
        (
            "fuller",
            10,
            1,
            0,
            "scenario must be one of basic, nothing, full, held-out, was 'fuller'",
        ),
    ],
)
def test_bad_arguments_are_refused(
    scenario: str, n_accounts: int, n_days: int, seed: int, message: str
) -> None:
    with pytest.raises(SimulationError) as caught:
        simulate(scenario, n_accounts=n_accounts, n_days=n_days, seed=seed)
    assert str(caught.value) == message
    assert isinstance(caught.value, StreamError)
