"""An episode as the analyst compares it: the source's order on the left, each repeat on the right.

The source is the leader's order; where the leader took no part, the earliest order stands in for
it and is marked so.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from surveillance.findings import Episode, EpisodeOrder
from surveillance.web.formats import n_decimals

MOST_REPEATS = 5
"""Repeats of one episode shown; the others are counted."""


@dataclass(frozen=True, slots=True)
class Repeat:
    """One follower's order beside the source's.

    `ratio` is follower quantity over source quantity, both in the family's smallest contract;
    `is_inverse` when the sides differ.
    """

    order: EpisodeOrder
    ratio: float | None
    is_inverse: bool


@dataclass(frozen=True, slots=True)
class SideBySide:
    """An episode's source and its repeats by lag; `is_leader` when the source is the leader."""

    number: int
    source: EpisodeOrder
    is_leader: bool
    repeats: tuple[Repeat, ...]
    n_left_out: int


def side_by_side(episode: Episode, most_repeats: int = MOST_REPEATS) -> SideBySide:
    """Arrange an episode; ties in time by account id.

    Parameters
    ----------
    episode : Episode
        At least one order.
    most_repeats : int
        Repeats to keep, the fastest first.

    Returns
    -------
    SideBySide
        The arranged episode.
    """
    ordered = sorted(episode.orders, key=lambda o: (o.event_time_ns, o.account_id))
    source = next((order for order in ordered if order.role == "leader"), ordered[0])
    repeats = [
        Repeat(
            order=order,
            ratio=_ratio(order, source),
            is_inverse=order.side != source.side,
        )
        for order in ordered
        if order is not source
    ]
    return SideBySide(
        number=episode.number,
        source=source,
        is_leader=source.role == "leader",
        repeats=tuple(repeats[:most_repeats]),
        n_left_out=max(len(repeats) - most_repeats, 0),
    )


def price_decimals(episodes: Iterable[Episode]) -> Mapping[str, int]:
    """Return how many decimals the prices of each instrument need, so that all show as many."""
    decimals: dict[str, int] = {}
    for episode in episodes:
        for order in episode.orders:
            needed = 0 if order.price is None else n_decimals(order.price)
            decimals[order.instrument_id] = max(decimals.get(order.instrument_id, 0), needed)
    return decimals


def _ratio(order: EpisodeOrder, source: EpisodeOrder) -> float | None:
    """Return the ratio in lots; without lots (older runs), in contracts of one instrument."""
    if order.quantity_lots is not None and source.quantity_lots:
        return order.quantity_lots / source.quantity_lots
    if order.instrument_id == source.instrument_id and source.quantity:
        return order.quantity / source.quantity
    return None
