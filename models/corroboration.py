"""Further evidence on a group: exits, cancels, replaces, stop prices and sizes, each on its own.

The timing test found the group; these look at what it does not use. Each kind compares how often
followers repeated something of the source with how often chance does, and gives one bounded
likelihood ratio (Fellegi & Sunter 1969). It explains a group; it never makes one, enlarges one or
adds to its evidence.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.columns import CANCEL, REPLACE, STOP, DecisionColumns, LaterEvents, is_among
from models.corroboration_params import CorroborationParams
from models.exits import find_exits
from models.params import SHIFTS_NS
from models.roles import Follower, Roles
from models.sizes import match_sizes, rolled

EXITS, CANCELS, REPLACES, STOPS, SIZES = "exits", "cancels", "replaces", "stops", "sizes"
KINDS = (EXITS, CANCELS, REPLACES, STOPS, SIZES)

_NOT_SHIFTED = np.zeros(1, np.int64)
_SHIFTS = np.array(SHIFTS_NS, np.int64)


@dataclass(frozen=True, slots=True)
class Corroboration:
    """One kind of further evidence.

    `n` chances were there to repeat, one for each event of the source and follower that could;
    `hits` were taken, `chance` would have been without copying. `log10_lr` is positive where the
    hits speak for copying, and bounded.
    """

    kind: str
    n: int
    hits: int
    chance: float
    log10_lr: float


@dataclass(frozen=True, slots=True)
class _Chances:
    """What one follower could repeat: the source's event, whether it did, and chance's share."""

    event: NDArray[np.int64]
    hit: NDArray[np.bool_]
    chance: float


@dataclass(frozen=True, slots=True)
class _Stream:
    """Events of one account in time order; the key is 2 x family + side."""

    event_time_ns: NDArray[np.int64]
    key: NDArray[np.int64]
    price_ticks: NDArray[np.int64]

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> "_Stream":
        return _Stream(self.event_time_ns[rows], self.key[rows], self.price_ticks[rows])

    def turned(self) -> "_Stream":
        return _Stream(self.event_time_ns, self.key ^ 1, self.price_ticks)


def corroborate(
    roles: Roles, decisions: DecisionColumns, later: LaterEvents, params: CorroborationParams
) -> tuple[Corroboration, ...]:
    """Measure every kind of further evidence that there is enough of, in the order of `KINDS`.

    A hit counts log10((a + (1 - a) c) / c), a miss log10(1 - a): a copier repeats with
    probability a and otherwise acts like chance, which repeats with probability c. The source's
    event is the witness: the followers' counts of one event are averaged, the events' summed.

    Parameters
    ----------
    roles : Roles
        Source and followers; an inverse follower repeats on the other side.
    decisions : DecisionColumns
        All decisions of the members, in event order.
    later : LaterEvents
        Cancels, replaces and stop orders of the members and maybe others, in event order.
    params : CorroborationParams
        Thresholds.

    Returns
    -------
    tuple of Corroboration
        None of a kind with fewer than `min_events` events of the source.

    Notes
    -----
    c is the share of hits with the source's times shifted by `SHIFTS_NS`, or with each event
    paired with another one's answer where times are no question; (hits + 1) / (trials + 1)
    (Davison & Hinkley 1997, section 4.2), and never below `least_chance`.
    """
    members = [roles.source, *(follower.account for follower in roles.followers)]
    later = later.take(is_among(later.account, members))
    found = (
        _weigh(EXITS, _exits(roles, decisions), params),
        _weigh(CANCELS, _later(CANCEL, roles, decisions, later, params), params),
        _weigh(REPLACES, _later(REPLACE, roles, decisions, later, params), params),
        _weigh(STOPS, _stops(roles, decisions, later, params), params),
        _weigh(SIZES, _sizes(roles, decisions, params), params),
    )
    return tuple(one for one in found if one is not None)


def _weigh(
    kind: str, chances: Sequence[_Chances], params: CorroborationParams
) -> Corroboration | None:
    """Return the kind's likelihood ratio, None where the source had too few events."""
    if not chances:
        return None
    event = np.concatenate([one.event for one in chances])
    _, event = np.unique(event, return_inverse=True)
    counts = np.bincount(event)
    if counts.size < params.min_events:
        return None
    hit = np.concatenate([one.hit for one in chances])
    chance = np.repeat([one.chance for one in chances], [one.event.size for one in chances])
    c, a = np.clip(chance, params.least_chance, 1.0), params.repeated_share
    weights = np.where(hit, np.log10((a + (1.0 - a) * c) / c), np.log10(1.0 - a))
    total = float((np.bincount(event, weights) / counts).sum())
    bound = params.most_log10_lr
    return Corroboration(
        kind=kind,
        n=int(hit.size),
        hits=int(hit.sum()),
        chance=float(chance.sum()),
        log10_lr=min(max(total, -bound), bound),
    )


def _share(hits: NDArray[np.bool_]) -> float:
    return float((np.count_nonzero(hits) + 1) / (hits.size + 1))


def _stream_of(account: int, columns: DecisionColumns | LaterEvents) -> _Stream:
    rows = np.flatnonzero(columns.account == account)
    key = columns.family[rows].astype(np.int64) * 2 + columns.side[rows]
    return _Stream(columns.event_time_ns[rows], key, columns.price_ticks[rows])


def _oriented(follower: Follower, columns: DecisionColumns | LaterEvents) -> _Stream:
    """Return the follower's events as the source would have made them."""
    own = _stream_of(follower.account, columns)
    return own.turned() if follower.inverse else own


def _while_following(
    follower: Follower, times: NDArray[np.int64], decisions: DecisionColumns
) -> NDArray[np.bool_]:
    """Mark the times between the first and the last decision that could have been repeated."""
    span = decisions.event_time_ns[follower.opportunities]
    marked: NDArray[np.bool_] = (times >= span[0]) & (times <= span[-1] + follower.window_ns)
    return marked


def _first_answers(
    source: _Stream, own: _Stream, window_ns: int, shifts: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return which own event is the first within the window after each source event.

    Shape (n_shifts, n_source), -1 where there is none; equal times count as after.
    """
    answer = np.full((shifts.size, source.key.size), -1, np.int64)
    for key in np.unique(source.key):
        here, mine = np.flatnonzero(source.key == key), np.flatnonzero(own.key == key)
        if mine.size == 0:
            continue
        asked = source.event_time_ns[here] + shifts[:, None]
        place = np.searchsorted(own.event_time_ns[mine], asked, "left")
        row = mine[np.minimum(place, mine.size - 1)]
        is_soon = (place < mine.size) & (own.event_time_ns[row] - asked <= window_ns)
        answer[:, here] = np.where(is_soon, row, -1)
    return answer


def _opens_occasion(source: _Stream, window_ns: int) -> NDArray[np.bool_]:
    """Mark events that no other of their key precedes by the window: one answer answers one."""
    order = np.lexsort((np.arange(source.key.size), source.key))
    key, times = source.key[order], source.event_time_ns[order]
    opens = np.ones(order.size, np.bool_)
    opens[1:] = (key[1:] != key[:-1]) | (times[1:] - times[:-1] > window_ns)
    marked = np.empty(order.size, np.bool_)
    marked[order] = opens
    return marked


def _answered(
    source: _Stream, event: NDArray[np.int64], own: _Stream, window_ns: int
) -> _Chances | None:
    """Return the follower's chances to answer, one for each occasion; None without any."""
    opens = _opens_occasion(source, window_ns)
    source, event = source.take(opens), event[opens]
    if event.size == 0:
        return None
    hit = _first_answers(source, own, window_ns, _NOT_SHIFTED)[0] >= 0
    return _Chances(event, hit, _share(_first_answers(source, own, window_ns, _SHIFTS) >= 0))


def _exits(roles: Roles, decisions: DecisionColumns) -> list[_Chances]:
    """Return the chances to leave with the source a position that was entered with it."""
    exit_row, entry_row = find_exits(roles.source_rows, decisions)
    found = []
    source = _stream_of(roles.source, decisions)
    place = np.searchsorted(roles.source_rows, exit_row)
    for follower in roles.followers:
        entered = is_among(entry_row, follower.source_row)
        chances = _answered(
            source.take(place[entered]),
            exit_row[entered],
            _oriented(follower, decisions),
            follower.window_ns,
        )
        if chances is not None:
            found.append(chances)
    return found


def _later(
    kind: int,
    roles: Roles,
    decisions: DecisionColumns,
    later: LaterEvents,
    params: CorroborationParams,
) -> list[_Chances]:
    """Return the chances to cancel or replace with the source.

    A follower that hardly ever does either has no resting orders to change: it says nothing.
    """
    events = later.take(later.kind == kind)
    source = _stream_of(roles.source, events)
    found = []
    for follower in roles.followers:
        own = _oriented(follower, events)
        own = own.take(is_among(own.key, source.key))
        if _while_following(follower, own.event_time_ns, decisions).sum() < params.min_events:
            continue
        rows = np.flatnonzero(_while_following(follower, source.event_time_ns, decisions))
        chances = _answered(source.take(rows), rows, own, follower.window_ns)
        if chances is not None:
            found.append(chances)
    return found


def _stops(
    roles: Roles, decisions: DecisionColumns, later: LaterEvents, params: CorroborationParams
) -> list[_Chances]:
    """Return, for stops placed right after the source's, the chances to have its price.

    Chance: the same stops beside the eight of the source's before. The stop of an inverse
    follower lies on the other side of the price and cannot be the same.
    """
    stops = later.take((later.kind == STOP) & (later.price_ticks != 0))
    source = _stream_of(roles.source, stops)
    found = []
    for follower in roles.followers:
        if follower.inverse:
            continue
        own = _stream_of(follower.account, stops)
        answer = _first_answers(source, own, follower.window_ns, _NOT_SHIFTED)[0]
        # One stop answers the newest of the source's before it.
        own_row, newest = np.unique(answer[::-1], return_index=True)
        event = answer.size - 1 - newest[own_row >= 0]
        own_row = own_row[own_row >= 0]
        keys = source.key[event]
        for key in np.unique(keys):
            here = keys == key
            placed, wanted = own.price_ticks[own_row[here]], source.price_ticks[event[here]]
            if wanted.size < 2:
                continue
            hit = np.abs(placed - wanted) <= params.stop_tolerance_ticks
            by_chance = np.abs(placed - rolled(wanted, params.rolls)) <= params.stop_tolerance_ticks
            found.append(_Chances(event[here], hit, _share(by_chance)))
    return found


def _sizes(roles: Roles, decisions: DecisionColumns, params: CorroborationParams) -> list[_Chances]:
    """Return the chances to have the size that the ratio of the other episodes foretells."""
    found = []
    for follower in roles.followers:
        matched = match_sizes(follower, decisions, rolls=params.rolls)
        if matched is not None:
            found.append(_Chances(matched.event, matched.hit, _share(matched.by_chance)))
    return found
