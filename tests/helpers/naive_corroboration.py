"""Further evidence by plain loops: slow, in the words of the method, for tests only."""

from math import gcd, log10
from statistics import median

from models.columns import CANCEL, REPLACE, STOP, DecisionColumns, LaterEvents
from models.corroboration import Corroboration
from models.corroboration_params import CorroborationParams
from models.params import DAY_NS, SHIFTS_NS
from models.roles import Follower, Roles

Chance = tuple[object, bool, float]  # the source's event, whether repeated, chance's share
Event = tuple[int, int, int]  # time, key as the source would have it, price


def naive_corroborate(
    roles: Roles, decisions: DecisionColumns, later: LaterEvents, params: CorroborationParams
) -> tuple[Corroboration, ...]:
    found = (
        weigh("exits", exits(roles, decisions), params),
        weigh("cancels", changes(CANCEL, roles, decisions, later, params), params),
        weigh("replaces", changes(REPLACE, roles, decisions, later, params), params),
        weigh("stops", stops(roles, later, params), params),
        weigh("sizes", sizes(roles, decisions, params), params),
    )
    return tuple(one for one in found if one is not None)


def weigh(kind: str, chances: list[Chance], params: CorroborationParams) -> Corroboration | None:
    weights: dict[object, list[float]] = {}
    a = params.repeated_share
    for event, hit, share in chances:
        c = max(share, params.least_chance)
        weight = log10((a + (1 - a) * c) / c) if hit else log10(1 - a)
        weights.setdefault(event, []).append(weight)
    if len(weights) < params.min_events:
        return None
    total = sum(sum(w) / len(w) for w in weights.values())
    return Corroboration(
        kind=kind,
        n=len(chances),
        hits=sum(hit for _, hit, _ in chances),
        chance=sum(share for _, _, share in chances),
        log10_lr=max(-params.most_log10_lr, min(params.most_log10_lr, total)),
    )


def share_of(hits: list[bool]) -> float:
    return (sum(hits) + 1) / (len(hits) + 1)


def first_answer(event: Event, own: list[Event], window_ns: int) -> int | None:
    for i, (t, key, _) in enumerate(own):
        if key == event[1] and t >= event[0]:
            return i if t - event[0] <= window_ns else None
    return None


def answered(events: list[Event], own: list[Event], window_ns: int) -> list[Chance]:
    occasions = [
        event
        for i, event in enumerate(events)
        if not any(key == event[1] and event[0] - t <= window_ns for t, key, _ in events[:i])
    ]
    moved = [
        first_answer((t + shift, key, price), own, window_ns) is not None
        for shift in SHIFTS_NS
        for t, key, price in occasions
    ]
    return [
        (event, first_answer(event, own, window_ns) is not None, share_of(moved))
        for event in occasions
    ]


def events_of(
    account: int, columns: DecisionColumns | LaterEvents, *, inverse: bool = False
) -> list[Event]:
    return [
        (
            int(columns.event_time_ns[i]),
            2 * int(columns.family[i]) + (int(columns.side[i]) ^ int(inverse)),
            int(columns.price_ticks[i]),
        )
        for i in range(len(columns))
        if columns.account[i] == account
    ]


def naive_exits(rows: list[int], decisions: DecisionColumns) -> list[tuple[int, int]]:
    """Return (exit, entry before it) pairs."""
    position: dict[tuple[int, int], int] = {}
    entry: dict[tuple[int, int], int] = {}
    found = []
    for row in rows:
        family = int(decisions.family[row])
        if any(decisions.quantity_lots[r] <= 0 for r in rows if decisions.family[r] == family):
            continue
        where = (family, int(decisions.event_time_ns[row]) // DAY_NS)
        signed = int(decisions.quantity_lots[row]) * (-1 if decisions.side[row] else 1)
        before = position.get(where, 0)
        if before * signed < 0 and where in entry:
            found.append((row, entry[where]))
        position[where] = before + signed
        if position[where] * signed > 0:
            entry[where] = row
    return found


def exits(roles: Roles, decisions: DecisionColumns) -> list[Chance]:
    chances: list[Chance] = []
    pairs = naive_exits(roles.source_rows.tolist(), decisions)
    for follower in roles.followers:
        events = [
            (
                int(decisions.event_time_ns[row]),
                2 * int(decisions.family[row]) + int(decisions.side[row]),
                0,
            )
            for row, entry in pairs
            if entry in follower.source_row
        ]
        own = events_of(follower.account, decisions, inverse=follower.inverse)
        chances += answered(events, own, follower.window_ns)
    return chances


def follows_at(follower: Follower, t: int, decisions: DecisionColumns) -> bool:
    times = decisions.event_time_ns[follower.opportunities]
    return bool(times[0] <= t <= times[-1] + follower.window_ns)


def changes(
    kind: int,
    roles: Roles,
    decisions: DecisionColumns,
    later: LaterEvents,
    params: CorroborationParams,
) -> list[Chance]:
    events = later.take(later.kind == kind)
    source = events_of(roles.source, events)
    chances: list[Chance] = []
    for follower in roles.followers:
        own = events_of(follower.account, events, inverse=follower.inverse)
        own = [event for event in own if event[1] in {key for _, key, _ in source}]
        if sum(follows_at(follower, t, decisions) for t, _, _ in own) >= params.min_events:
            asked = [event for event in source if follows_at(follower, event[0], decisions)]
            chances += answered(asked, own, follower.window_ns)
    return chances


def rolled_pairs(n: int, rolls: int) -> list[tuple[int, int]]:
    return [(i, (i - k) % n) for k in range(1, min(rolls, n - 1) + 1) for i in range(n)]


def stops(roles: Roles, later: LaterEvents, params: CorroborationParams) -> list[Chance]:
    priced = later.take((later.kind == STOP) & (later.price_ticks != 0))
    source = events_of(roles.source, priced)
    chances: list[Chance] = []
    for follower in roles.followers:
        own = events_of(follower.account, priced)
        newest: dict[int, Event] = {}
        for event in source:
            answer = first_answer(event, own, follower.window_ns)
            if answer is not None:
                newest[answer] = event
        for side in sorted({key for _, key, _ in source}):
            pairs = [(event, own[i]) for i, event in sorted(newest.items()) if event[1] == side]
            if follower.inverse or len(pairs) < 2:
                continue
            near = params.stop_tolerance_ticks
            by_chance = [
                abs(pairs[i][1][2] - pairs[j][0][2]) <= near
                for i, j in rolled_pairs(len(pairs), params.rolls)
            ]
            chances += [
                (event, abs(event[2] - mine[2]) <= near, share_of(by_chance))
                for event, mine in pairs
            ]
    return chances


def sizes(roles: Roles, decisions: DecisionColumns, params: CorroborationParams) -> list[Chance]:
    lots = decisions.quantity_lots
    chances: list[Chance] = []
    for follower in roles.followers:
        pairs = [
            (row, int(lots[row]), int(lots[own]), int(decisions.instrument[own]))
            for row, own in zip(follower.source_row, follower.own_row, strict=True)
            if lots[row] > 0 and lots[own] > 0
        ]
        if len(pairs) < 3 or len({p[1] for p in pairs}) == 1 or len({p[2] for p in pairs}) == 1:
            continue

        def foretold(i: int, j: int, pairs: list[tuple[int, int, int, int]] = pairs) -> bool:
            ratio = median(p[2] / p[1] for k, p in enumerate(pairs) if k != i)
            own = pairs[i][2]
            unit = gcd(*(p[2] for p in pairs if p[3] == pairs[i][3]))
            wanted = ratio * pairs[j][1]
            return abs(own - wanted) <= unit / 2 or (own == unit and wanted < unit / 2)

        by_chance = [foretold(i, j) for i, j in rolled_pairs(len(pairs), params.rolls)]
        chances += [(p[0], foretold(i, i), share_of(by_chance)) for i, p in enumerate(pairs)]
    return chances
