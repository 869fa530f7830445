"""The honest part of a simulated market: every kind trades, those who look at others last."""

from collections.abc import Callable

from numpy.random import Generator

from streams.simulator.cast import Cast
from streams.simulator.market import Market
from streams.simulator.neighbors import Neighbors, Onlooker
from streams.simulator.population import Population
from streams.simulator.sending import NewOrders, concatenate_orders, no_orders


def trade_honest(
    cast: Cast, population: Population, market: Market, stream: Callable[[int], Generator]
) -> list[NewOrders]:
    """Draw the orders of all honest accounts.

    Parameters
    ----------
    cast : Cast
        Who plays what.
    population : Population
        Says which accounts are a team.
    market : Market
        What all of them see.
    stream : callable
        Gives each kind, by its number in the cast, its own source of randomness.

    Returns
    -------
    list of NewOrders
        One part a kind that has accounts, in the cast's order.
    """
    playing = {n: accounts for n, (_, accounts) in enumerate(cast.honest) if len(accounts) > 0}
    parts: dict[int, NewOrders] = {}
    onlookers: dict[int, Onlooker] = {}
    for number, accounts in playing.items():
        trader = cast.honest[number][0].trader
        if isinstance(trader, Onlooker):
            onlookers[number] = trader
        else:
            parts[number] = trader.trade(accounts, market, stream(number))
    seen = concatenate_orders(list(parts.values())) if parts else no_orders()
    neighbors = Neighbors(seen, population.team)
    for number, onlooker in onlookers.items():
        accounts = playing[number]
        parts[number] = onlooker.trade_among(accounts, neighbors, market, stream(number))
    return [parts[number] for number in playing]
