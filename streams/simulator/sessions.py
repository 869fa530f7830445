"""Sessions: when each account was logged in, from which address and device.

Sessions are cut from the orders of an account's day: one for robots, up to three for people.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.random import Generator

from streams.simulator.identifiers import draw_ids
from streams.simulator.laws import (
    Choice,
    Flags,
    Ints,
    LogNormal,
    draw_counts,
    draw_seconds,
    rank_within,
)
from streams.simulator.market import Market
from streams.simulator.population import COUNTRY_CODES, Population
from streams.simulator.sending import NewOrders
from streams.tables import SESSION_SCHEMA, IpKind

SESSIONS_A_DAY = Choice((1.0, 2.0, 3.0), (0.5, 0.3, 0.2))
LOGIN_BEFORE_S = LogNormal(300.0, 1.0, 5.0, 3600.0)
LOGOUT_AFTER_S = LogNormal(300.0, 1.0, 5.0, 3600.0)
ACCOUNTS_PER_PHONE_ADDRESS = 300
ACCOUNTS_PER_VPN_ADDRESS = 500
PLATFORMS = ("desktop", "web", "phone", "gateway")
_PHONE, _GATEWAY = 2, 3
_HOME_NETWORK, _PHONE_NETWORK, _SERVER_NETWORK, _VPN_NETWORK = range(4)
_IP_KINDS = (IpKind.RESIDENTIAL, IpKind.MOBILE, IpKind.HOSTING, IpKind.VPN)


@dataclass(frozen=True, slots=True)
class Sessions:
    """The sessions table, the id of each of its rows before sorting, and each order's row."""

    table: pa.Table
    ids: pa.Array
    of_order: Ints


def draw_sessions(
    orders: NewOrders, population: Population, market: Market, rng: Generator
) -> Sessions:
    """Draw the sessions in which the orders were sent.

    Parameters
    ----------
    orders : NewOrders
        All orders, in any order.
    population : Population
        Who logs in from where.
    market : Market
        The trading days.
    rng : Generator
        The source of randomness.

    Returns
    -------
    Sessions
        The table by start, then id. Every order lies between its session's start and end.
    """
    by_account = np.lexsort((orders.time_ns, orders.account))
    time_ns = orders.time_ns[by_account]
    account_day = orders.account[by_account] * market.n_days + market.day_of(time_ns)
    _, day_row, n_orders = np.unique(account_day, return_inverse=True, return_counts=True)
    first = np.flatnonzero(np.diff(account_day, prepend=-1) != 0)
    account_of_day = orders.account[by_account][first]
    n_sessions = draw_counts(SESSIONS_A_DAY, rng, len(first))
    n_sessions[population.server[account_of_day] >= 0] = 1
    part = rank_within(account_day) * n_sessions[day_row] // n_orders[day_row]
    starts = np.flatnonzero(np.diff(day_row * int(n_sessions.max()) + part, prepend=-1) != 0)
    ends = np.r_[starts[1:], len(time_ns)] - 1
    n = len(starts)
    account = orders.account[by_account][starts]
    of_order = np.empty(len(orders), dtype=np.int64)
    of_order[by_account] = np.repeat(np.arange(n), ends - starts + 1)
    ids = pa.array(draw_ids("S", n, rng))
    owner = population.owner[account]
    is_hosted = population.server[account] >= 0
    on_phone = ~is_hosted & (rng.random(n) < population.phone_share[owner])
    network, ip = _draw_addresses(account, is_hosted, on_phone, population, rng)
    home_platform = rng.integers(0, _PHONE, population.n_owners)[population.machine[account]]
    platform = np.where(is_hosted, _GATEWAY, np.where(on_phone, _PHONE, home_platform))
    columns = {
        "session_id": ids,
        "account_id": pa.array(population.account_ids).take(pa.array(account)),
        "start_time_ns": pa.array(time_ns[starts] - draw_seconds(LOGIN_BEFORE_S, rng, n)),
        "end_time_ns": pa.array(time_ns[ends] + draw_seconds(LOGOUT_AFTER_S, rng, n)),
        "ip": ip,
        "ip_kind": pa.array([str(kind) for kind in _IP_KINDS]).take(pa.array(network)),
        "country": pa.array(COUNTRY_CODES).take(pa.array(population.country[owner])),
        "device_id": _draw_devices(
            population.machine[account], is_hosted, on_phone, population.n_owners, rng
        ),
        "platform": pa.array(PLATFORMS).take(pa.array(platform)),
    }
    schema = pa.schema([field for field in SESSION_SCHEMA if field.name in columns])
    table = pa.table(columns, schema=schema)
    by_start = [("start_time_ns", "ascending"), ("session_id", "ascending")]
    return Sessions(table.sort_by(by_start), ids, of_order)


def _draw_addresses(
    account: Ints, is_hosted: Flags, on_phone: Flags, population: Population, rng: Generator
) -> tuple[Ints, pa.Array]:
    """Network and address of each session."""
    owner = population.owner[account]
    n_phone = max(1, population.n_accounts // ACCOUNTS_PER_PHONE_ADDRESS)
    n_vpn = max(1, population.n_accounts // ACCOUNTS_PER_VPN_ADDRESS)
    number = np.select(
        [is_hosted, on_phone, population.uses_vpn[owner]],
        [
            population.server[account],
            rng.integers(0, n_phone, len(account)),
            rng.integers(0, n_vpn, len(account)),
        ],
        population.home[owner],
    )
    network = np.select(
        [is_hosted, on_phone, population.uses_vpn[owner]],
        [_SERVER_NETWORK, _PHONE_NETWORK, _VPN_NETWORK],
        _HOME_NETWORK,
    )
    sizes = np.array([population.n_owners, n_phone, int(population.server.max()) + 1, n_vpn])
    first = np.cumsum(np.r_[0, sizes[:-1]])
    ids = pa.array(draw_ids("", int(sizes.sum()), rng, n_bytes=8))
    return network, ids.take(pa.array(first[network] + number))


def _draw_devices(
    machine: Ints, is_hosted: Flags, on_phone: Flags, n_owners: int, rng: Generator
) -> pa.Array:
    """Device of each session: every owner has a computer, a phone and a rented machine."""
    which = np.where(is_hosted, 2, np.where(on_phone, 1, 0))
    ids = pa.array(draw_ids("D", 3 * n_owners, rng, n_bytes=6))
    return ids.take(pa.array(machine * 3 + which))
