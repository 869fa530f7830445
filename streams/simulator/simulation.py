"""The seeded market simulator: a market, its cast, their orders; the answer key apart.

The same arguments give the same tables, byte for byte. Every part of the simulation and every
kind draws from its own stream of random numbers, so that a kind added to a scenario leaves the
market and the draws of the other kinds alone.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.random import Generator

from streams.simulator.answer_key import build_answer_key
from streams.simulator.cast import draw_cast
from streams.simulator.declarations import build_declarations_table, draw_declarations
from streams.simulator.errors import SimulationError
from streams.simulator.honest import trade_honest
from streams.simulator.instruments import instruments_table
from streams.simulator.market import draw_market
from streams.simulator.operators import draw_operators
from streams.simulator.population import build_accounts_table, draw_population
from streams.simulator.scenarios import find_scenario
from streams.simulator.sending import concatenate_orders
from streams.simulator.sessions import draw_sessions
from streams.simulator.tape import build_orders_table

SMALLEST_MARKET = 10


class _Stream(IntEnum):
    MARKET = 0
    CAST = 1
    POPULATION = 2
    ACCOUNTS = 3
    SESSIONS = 4
    TAPE = 5
    DECLARATIONS = 6
    KEY = 7
    HONEST = 8
    PLANTED = 9
    OPERATORS = 10


@dataclass(frozen=True, slots=True)
class SimulatedMarket:
    """A dataset by table name, and its answer key in the form of the data contract."""

    tables: dict[str, pa.Table]
    answer_key: dict[str, Any]


def simulate(scenario: str, *, n_accounts: int, n_days: int, seed: int) -> SimulatedMarket:
    """Simulate a market and what is right about it.

    Parameters
    ----------
    scenario : str
        A key of `streams.simulator.scenarios.SCENARIOS`.
    n_accounts : int
        Accounts, at least 10.
    n_days : int
        Trading days, at least 1; they start on Monday, 8 January 2024.
    seed : int
        At least 0. The same arguments give the same bytes.

    Returns
    -------
    SimulatedMarket
        The five tables of the data contract; orders are sorted by time. The answer key names
        groups by random ids that occur in no table.

    Raises
    ------
    SimulationError
        If an argument is out of bounds or there is no such scenario.

    Examples
    --------
    >>> market = simulate("basic", n_accounts=20, n_days=1, seed=1)
    >>> sorted(market.tables)
    ['accounts', 'declarations', 'instruments', 'orders', 'sessions']
    >>> len(market.answer_key["groups"])
    1
    """
    wanted = find_scenario(scenario)
    bounds = (("n_accounts", n_accounts, SMALLEST_MARKET), ("n_days", n_days, 1), ("seed", seed, 0))
    for name, value, least in bounds:
        if value < least:
            raise SimulationError(name, f"must be at least {least}", value)
    cascades = _stream(seed, _Stream.MARKET, 1)
    market = draw_market(n_days, _stream(seed, _Stream.MARKET), wanted.market, cascades)
    cast = draw_cast(wanted, n_accounts, _stream(seed, _Stream.CAST))
    people = _stream(seed, _Stream.POPULATION)
    population = draw_population(n_accounts, cast, people, wanted.population)
    honest = trade_honest(
        cast, population, market, lambda number: _stream(seed, _Stream.HONEST, number)
    )
    planted = [
        (kind, group)
        for number, (kind, accounts) in enumerate(cast.groups)
        for group in kind.planter.plant(accounts, market, _stream(seed, _Stream.PLANTED, number))
    ]
    orders = concatenate_orders([*honest, *(group.orders for _, group in planted)])
    sessions = draw_sessions(orders, population, market, _stream(seed, _Stream.SESSIONS))
    filing = _stream(seed, _Stream.DECLARATIONS)
    declared = draw_declarations(planted, filing)
    tape = _stream(seed, _Stream.TAPE)
    key = _stream(seed, _Stream.KEY)
    operators = (
        draw_operators(population, cast, _stream(seed, _Stream.OPERATORS))
        if wanted.records_operators
        else None
    )
    tables = {
        "orders": build_orders_table(
            orders, sessions, population, market, tape, operators=operators
        ),
        "sessions": sessions.table,
        "accounts": build_accounts_table(population, market, _stream(seed, _Stream.ACCOUNTS)),
        "declarations": build_declarations_table(planted, declared, population, market, filing),
        "instruments": instruments_table(),
    }
    return SimulatedMarket(tables, build_answer_key(cast, planted, declared, population, key))


def _stream(seed: int, stream: _Stream, number: int = 0) -> Generator:
    return np.random.default_rng([seed, stream, number])
