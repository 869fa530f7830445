"""The tape: the orders table as the venue reports it.

One row an event: `new` for every order, `replace`, `cancel` and `fill` for some. Sorted by time;
`sequence` counts the events from 1 in that order, so it breaks ties as the venue would. After a
replace an order's events show the new price. Columns that a market does not use are left out.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.random import Generator

from streams.simulator.laws import Flags, Ints
from streams.simulator.market import Market
from streams.simulator.population import Population
from streams.simulator.sending import MARKET_ORDER, NO_STOP, NewOrders
from streams.simulator.sessions import Sessions
from streams.tables import ORDER_SCHEMA, EventType, OrderType, Side

_EVENT_TYPES = (EventType.NEW, EventType.CANCEL, EventType.FILL, EventType.REPLACE)
_NEW, _CANCEL, _FILL, _REPLACE = range(4)
_ORDER_TYPES = (OrderType.MARKET, OrderType.LIMIT, OrderType.STOP, OrderType.STOP_LIMIT)
_FIRST_ORDER_NUMBER = 10_000_000
_FIRST_EVENT_NUMBER = 100_000_000
_PRICE_DECIMALS = 9


def build_orders_table(
    orders: NewOrders,
    sessions: Sessions,
    population: Population,
    market: Market,
    rng: Generator,
    *,
    operators: pa.Array | None = None,
) -> pa.Table:
    """Build the orders table of the data contract.

    Parameters
    ----------
    orders : NewOrders
        All orders, in any order.
    sessions : Sessions
        The session of each of them.
    population : Population
        Names of accounts and firms.
    market : Market
        Prices, ticks, and when it closes: what rests then has no later event.
    rng : Generator
        Decides equal times.
    operators : pa.Array or None
        Operator id of each account where the venue records them.

    Returns
    -------
    pa.Table
        By `event_time_ns`, then `sequence`.
    """
    row, kind, time_ns = _list_events(orders, market, rng)
    n = len(row)
    instrument = orders.instrument[row]
    limit, stop = _current_prices(orders, row, time_ns)
    is_limit, is_stop, is_fill = limit != MARKET_ORDER, stop != NO_STOP, kind == _FILL
    fill_ticks = np.where(is_limit, limit, market.price_ticks(instrument, time_ns))
    account = pa.array(population.account_ids), pa.array(orders.account[row])
    firm = pa.array(population.firm_ids), pa.array(population.firm[orders.account[row]])
    sequence = np.arange(1, n + 1, dtype=np.int64)
    quantity = orders.quantity[row].astype(np.float64)
    columns = {
        "event_time_ns": pa.array(time_ns),
        "account_id": account[0].take(account[1]),
        "instrument_id": pa.array(market.instruments.ids).take(pa.array(instrument)),
        "side": _pick((Side.SELL, Side.BUY), (orders.side[row] > 0).astype(np.int64)),
        "quantity": pa.array(quantity),
        "event_id": _number("E", sequence + _FIRST_EVENT_NUMBER),
        "event_type": _pick(_EVENT_TYPES, kind),
        "sequence": pa.array(sequence),
        "order_id": _number("O", _order_numbers(row, kind, len(orders))),
        "firm_id": firm[0].take(firm[1]),
        "order_type": _pick(_ORDER_TYPES, is_limit + 2 * is_stop.astype(np.int64)),
        "limit_price": _prices(limit, instrument, is_limit, market),
        "last_quantity": pa.array(quantity, mask=~is_fill),
        "last_price": _prices(fill_ticks, instrument, is_fill, market),
        "session_id": sessions.ids.take(pa.array(sessions.of_order[row])),
        "automated": pa.array(orders.automated[row]),
    }
    if is_stop.any():
        columns["stop_price"] = _prices(stop, instrument, is_stop, market)
    if operators is not None:
        columns["operator_id"] = operators.take(account[1])
    schema = pa.schema([field for field in ORDER_SCHEMA if field.name in columns])
    return pa.table(columns, schema=schema)


def _list_events(orders: NewOrders, market: Market, rng: Generator) -> tuple[Ints, Ints, Ints]:
    """Order, kind and time of every event, in the venue's order."""
    close = market.close_ns(market.day_of(orders.time_ns))
    ends = np.maximum(orders.cancel_after_ns, orders.fill_after_ns)
    is_in_time = (ends == 0) | (orders.replace_after_ns < ends)
    later = [
        (_CANCEL, orders.cancel_after_ns),
        (_FILL, orders.fill_after_ns),
        (_REPLACE, np.where(is_in_time, orders.replace_after_ns, 0)),
    ]
    rows = [np.arange(len(orders), dtype=np.int64)]
    times = [orders.time_ns]
    for _, after in later:
        happens = np.flatnonzero((after > 0) & (orders.time_ns + after < close))
        rows.append(happens)
        times.append(orders.time_ns[happens] + after[happens])
    kind = np.repeat(np.array([_NEW, _CANCEL, _FILL, _REPLACE]), [len(part) for part in rows])
    row, time_ns = np.concatenate(rows), np.concatenate(times)
    # What happens to an order comes strictly later than their order, so ties are between strangers.
    order = np.lexsort((rng.random(len(row)), time_ns))
    return row[order], kind[order], time_ns[order]


def _current_prices(orders: NewOrders, row: Ints, time_ns: Ints) -> tuple[Ints, Ints]:
    """Limit and stop of each event's order, as the event leaves them."""
    limit, stop = orders.limit_ticks[row], orders.stop_ticks[row]
    after = orders.replace_after_ns[row]
    is_replaced = (after > 0) & (time_ns - orders.time_ns[row] >= after)
    has_limit = limit != MARKET_ORDER
    moved = orders.replace_ticks[row]
    return (
        np.where(is_replaced & has_limit, moved, limit),
        np.where(is_replaced & ~has_limit, moved, stop),
    )


def _order_numbers(row: Ints, kind: Ints, n_orders: int) -> Ints:
    number = np.empty(n_orders, dtype=np.int64)
    number[row[kind == _NEW]] = np.arange(_FIRST_ORDER_NUMBER, _FIRST_ORDER_NUMBER + n_orders)
    return number[row]


def _number(prefix: str, numbers: Ints) -> pa.Array:
    return pc.binary_join_element_wise(prefix, pa.array(numbers).cast(pa.string()), "")


def _pick(values: tuple[str, ...], which: Ints) -> pa.Array:
    return pa.array([str(value) for value in values]).take(pa.array(which))


def _prices(ticks: Ints, instrument: Ints, is_priced: Flags, market: Market) -> pa.Array:
    """Prices on the tick, null where there is none."""
    shown = np.where(is_priced, ticks, 0)
    prices = np.round(shown * market.instruments.tick_size[instrument], _PRICE_DECIMALS)
    return pa.array(prices, mask=~is_priced)
