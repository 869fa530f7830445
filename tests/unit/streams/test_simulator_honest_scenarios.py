"""Whole markets with the honest kinds of the full and held-out scenarios."""

import hashlib
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from helpers.honest_trading import FULL, HELD_OUT

from streams.orders import find_violations
from streams.simulator import SimulatedMarket, simulate, simulation
from streams.simulator.full_honest_kinds import FULL_HONEST_KINDS, FULL_MARKET, FULL_POPULATION
from streams.simulator.held_out_honest_kinds import (
    HELD_OUT_HONEST_KINDS,
    HELD_OUT_MARKET,
    HELD_OUT_POPULATION,
)
from streams.simulator.laws import Bimodal, Gamma, Pareto, Uniform, Weibull
from streams.simulator.market import DAY_NS, draw_market
from streams.simulator.scenarios import Scenario
from streams.tables import TABLES

SCENARIOS = (
    Scenario("full", FULL_HONEST_KINDS, (), market=FULL_MARKET, population=FULL_POPULATION),
    Scenario(
        "held-out",
        HELD_OUT_HONEST_KINDS,
        (),
        market=HELD_OUT_MARKET,
        population=HELD_OUT_POPULATION,
    ),
)
BOTH = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)


def _simulate(scenario: Scenario, n_accounts: int, n_days: int, seed: int) -> SimulatedMarket:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(simulation, "find_scenario", lambda name: scenario)
        return simulate(scenario.name, n_accounts=n_accounts, n_days=n_days, seed=seed)


@pytest.fixture(scope="module")
def markets() -> dict[str, SimulatedMarket]:
    return {scenario.name: _simulate(scenario, 1500, 1, 4) for scenario in SCENARIOS}


def _digest(tables: dict[str, pa.Table]) -> str:
    digest = hashlib.sha256()
    for name in sorted(tables):
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, tables[name].schema) as writer:
            writer.write_table(tables[name].combine_chunks())
        digest.update(sink.getvalue())
    return digest.hexdigest()


@BOTH
def test_the_same_seed_gives_the_same_bytes(scenario: Scenario) -> None:
    one, two = (_simulate(scenario, 200, 1, 5) for _ in range(2))
    assert one.answer_key == two.answer_key
    assert _digest(one.tables) == _digest(two.tables)
    other = _simulate(scenario, 200, 1, 6)
    assert _digest(one.tables) != _digest(other.tables)


def test_the_basic_market_is_what_it_was() -> None:
    # Times, sides and sizes of a market that was drawn before there were other scenarios.
    orders = simulate("basic", n_accounts=60, n_days=1, seed=5).tables["orders"]
    digest = hashlib.sha256()
    for name in ("event_time_ns", "quantity", "sequence"):
        digest.update(orders[name].to_numpy().tobytes())
    digest.update("".join(orders["account_id"].to_pylist()).encode())
    digest.update("".join(orders["side"].to_pylist()).encode())
    assert orders.num_rows == 5310
    assert digest.hexdigest()[:16] == "260a6d4b05d87238"


@BOTH
@pytest.mark.parametrize("n_accounts", [10, 150])
def test_every_table_keeps_the_rules_of_the_contract(scenario: Scenario, n_accounts: int) -> None:
    market = _simulate(scenario, n_accounts, 1, 1)
    for name, table in market.tables.items():
        assert set(TABLES[name].required) <= set(table.column_names)
        for batch in table.to_batches():
            assert find_violations(batch, name, latest_time_ns=2**62) == []
    assert market.tables["accounts"].num_rows == n_accounts
    assert len(market.answer_key["honest_kind"]) == n_accounts


@BOTH
def test_shares_add_to_one_and_most_are_discretionary(scenario: Scenario) -> None:
    shares = {kind.name: kind.share for kind in scenario.honest}
    assert len(shares) == len(scenario.honest)
    assert sum(shares.values()) == pytest.approx(1.0)
    assert shares["discretionary"] > 0.5


def test_held_out_kinds_have_laws_of_their_own() -> None:
    assert len(set(HELD_OUT) - set(FULL)) >= 4
    assert set(FULL) <= set(HELD_OUT)
    for name in FULL:
        assert FULL[name].trader != HELD_OUT[name].trader, name


@BOTH
def test_a_floor_is_one_address_of_different_owners(
    scenario: Scenario, markets: dict[str, SimulatedMarket]
) -> None:
    market = markets[scenario.name]
    kind, owner = market.answer_key["honest_kind"], _owners(market)
    rooms: dict[str, set[str]] = {}
    for row in market.tables["sessions"].to_pylist():
        if kind[row["account_id"]] == "trading_floor":
            assert row["ip_kind"] == "residential"
            rooms.setdefault(row["ip"], set()).add(row["account_id"])
    assert len(rooms) >= 2
    for members in rooms.values():
        assert 6 <= len(members) <= 37
        assert len({owner[account] for account in members}) == len(members)
    everyone = Counter(owner.values())
    assert all(everyone[owner[a]] == 1 for members in rooms.values() for a in members)


@BOTH
def test_the_accounts_of_a_firm_are_one_owners(
    scenario: Scenario, markets: dict[str, SimulatedMarket]
) -> None:
    market = markets[scenario.name]
    kind, owner = market.answer_key["honest_kind"], _owners(market)
    firms = Counter(owner[a] for a, name in kind.items() if name == "arbitrage_basket")
    assert max(firms.values()) in {2, 3, 4}
    assert len(firms) >= 8


def _owners(market: SimulatedMarket) -> dict[str, str]:
    accounts = market.tables["accounts"]
    return dict(
        zip(accounts["account_id"].to_pylist(), accounts["owner_id"].to_pylist(), strict=True)
    )


@BOTH
def test_strangers_share_households_offices_servers_and_phone_networks(
    scenario: Scenario, markets: dict[str, SimulatedMarket]
) -> None:
    market = markets[scenario.name]
    kind, owner = market.answer_key["honest_kind"], _owners(market)
    owners_at: dict[str, dict[str, set[str]]] = {}
    for row in market.tables["sessions"].to_pylist():
        if kind[row["account_id"]] != "trading_floor":
            at = owners_at.setdefault(row["ip_kind"], {})
            at.setdefault(row["ip"], set()).add(owner[row["account_id"]])
    sizes = {name: Counter(map(len, at.values())) for name, at in owners_at.items()}
    assert sizes["residential"][2] >= 10
    assert sum(n for size, n in sizes["residential"].items() if size >= 3) >= 5
    assert max(sizes["hosting"]) >= 150
    assert max(sizes["mobile"]) >= 60


def test_a_day_of_humps_is_busy_at_its_humps() -> None:
    market = draw_market(1, np.random.default_rng(1), HELD_OUT_MARKET, np.random.default_rng(2))
    day = np.zeros(60_000, dtype=np.int64)
    passed = (market.draw_times(day, np.random.default_rng(1)) - market.open_ns[0]) / DAY_NS
    near, between = (np.mean(np.abs(passed - at) < 0.05) for at in (0.38, 0.65))
    assert near > 2 * between


def test_laws_of_two_shapes_stay_in_their_bounds() -> None:
    rng = np.random.default_rng(0)
    assert Gamma(2.0, 5.0, 0.0, 1e9).draw(rng, 20_000).mean() == pytest.approx(5.0, rel=0.03)
    assert np.ptp(Gamma(1.0, 5.0, 1.0, 9.0).draw(rng, 2_000)) == 8.0
    assert np.median(Weibull(1.0, 5.0, 0.0, 1e9).draw(rng, 20_000)) == pytest.approx(
        5.0 * np.log(2), rel=0.05
    )
    tail = Pareto(1.5, 2.0, 50.0).draw(rng, 20_000)
    assert tail.min() >= 2.0
    assert tail.max() == 50.0
    assert np.mean(tail > 4.0) == pytest.approx(2**-1.5, abs=0.02)
    both = Bimodal(Uniform(0.0, 1.0), Uniform(5.0, 6.0), 0.3).draw(rng, 20_000)
    assert np.mean(both < 1.0) == pytest.approx(0.3, abs=0.02)
    assert not ((both > 1.0) & (both < 5.0)).any()
