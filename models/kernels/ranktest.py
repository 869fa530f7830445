"""The rank test's loop: strata, hazards and pair rows, one decision at a time, in event order.

Two modes share everything but the walk. In the real one the candidates are the decisions
themselves; in the placebo they are ghosts, the same decisions `shift_ns` later, which count in no
rank and no share. With `windows` a candidate must be later than the look-back after the account's
last candidate in the key, and none is superseded. See models/ranktest.py for the mathematics and
the meaning of each array.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from models.kernels.borrowing import borrowed

NONE = -1
N_PHASES = 2
N_CLASSES = 2
DAY_NS = 86_400_000_000_000
MINUTE_NS = 60_000_000_000
N_LAST = 4  # times of its own that an account is remembered by
NEVER = -MINUTE_NS * 1000  # when an account without earlier decisions last acted
LATER = np.iinfo(np.int64).max // 4

# positions in `counters`
HEAD, TAIL, BURST, CALM, GHOST, STARTS, LOG_FULL = range(7)
N_COUNTERS = 7

ENTRY = np.dtype(
    [
        ("time_ns", np.int64),
        ("superseded_ns", np.int64),  # when the account's next candidate came; NEVER: it is none
        ("previous", np.int64),  # entry before it in the family
        ("over_stratum", np.float64),  # 1 / (stratum decisions + prior) before this entry
        ("over_recent", np.float64),  # 1 / (recent class decisions + prior), long memory
        ("over_fast", np.float64),  # the same, short memory
        ("over_class", np.float32),  # 1 / (class decisions + prior) before this entry
        ("number", np.int32),  # the node's candidates up to and including this entry
        ("node", np.int32),
        ("side", np.int8),
        ("activity", np.int8),
        ("stratum", np.int8),
        ("phase", np.int8),
    ],
    align=True,
)
N_COMPONENTS = 6
SLOT_BITS = 16  # of an entry of `row_queue`, below the log position of the row's newest answer
SLOT_MASK = (1 << SLOT_BITS) - 1
PROMISING = 1 << 60  # added in `row_queue` for rows that once spoke for copying: they go last
BLOCK = 8  # leaders compared at once
ROW = np.dtype(
    [
        ("total", np.float32, (N_COMPONENTS,)),  # ln payoffs of all answers
        ("before", np.float32, (N_COMPONENTS,)),  # the part for decisions before the last start
        ("best", np.float32),  # largest ln E since any start
        ("start", np.int32),  # leader's decisions before the last start
        ("answers", np.int32),
        ("start_day", np.int32),
    ],
    align=True,
)


class Settings(NamedTuple):
    """Scalars of the loop; times in nanoseconds."""

    look_back_ns: int
    depth: int
    p_cap: float
    row_p: float
    protected_ln_e: float
    promising_ln_e: float
    prior_decisions: float
    overall_weight: float
    recent_memory_ns: float
    fast_memory_ns: float
    recent_prior: float
    habit_ns: int
    habit_share: float
    share_cap: float
    safety: float
    burst_ns: int
    calm_ns: int
    n_levels: int
    phase_ns: int
    robot_decisions_a_day: float
    restart_ns: int
    shift_ns: int
    keep_ns: int
    windows: bool


class Tables(NamedTuple):
    """What answers and misses pay, and room for one logarithm a component."""

    payoffs: NDArray[np.float32]
    misses: NDArray[np.float64]
    scratch: NDArray[np.float64]


class State(NamedTuple):
    """All that the loop remembers; every array is replaced when it must grow."""

    counters: NDArray[np.int64]
    log: NDArray[np.void]
    family_head: NDArray[np.int64]
    family_ghost: NDArray[np.int64]
    stratum_total: NDArray[np.int64]
    class_total: NDArray[np.int64]
    in_burst: NDArray[np.int64]
    in_calm: NDArray[np.int64]
    recent: NDArray[np.float64]
    fast: NDArray[np.float64]
    recent_ns: NDArray[np.int64]
    node_family: NDArray[np.int32]
    node_stratum: NDArray[np.int32]
    node_total: NDArray[np.int32]
    node_recent: NDArray[np.float64]
    node_fast: NDArray[np.float64]
    node_last_ns: NDArray[np.int64]
    node_recent_ns: NDArray[np.int64]
    node_entry: NDArray[np.int64]
    node_answered: NDArray[np.int64]
    node_decisions: NDArray[np.int32]
    node_ghosts: NDArray[np.int32]
    node_class: NDArray[np.int8]
    node_day: NDArray[np.int32]
    node_today: NDArray[np.int32]
    node_closed: NDArray[np.int32]
    node_days: NDArray[np.int32]
    row_leader: NDArray[np.int32]
    row_queue: NDArray[np.int64]
    rows: NDArray[np.void]


@njit(cache=True, error_model="numpy", inline="always")
def payoff_bucket(p: float, n_buckets: int) -> int:
    """Return the table row whose p is the next one at or above `p` (8 a doubling)."""
    bucket = int(np.floor(-8.0 * np.log2(p)))
    return min(max(bucket, 0), n_buckets - 1)


@njit(cache=True, error_model="numpy", inline="always")
def ln_mean_exp(x: NDArray[np.float64]) -> float:
    """Return the logarithm of the mean of the exponentials."""
    top = x[0]
    for j in range(1, x.size):
        top = max(top, x[j])
    total = 0.0
    for j in range(x.size):
        total += np.exp(x[j] - top)
    return float(top + np.log(total / x.size))


@njit(cache=True, error_model="numpy", forceinline=True)
def expire(state: State, now_ns: int, settings: Settings) -> None:
    """Move the window ends up to `now_ns`: burst, calm, ghosts that have come due, log tail."""
    counters, log = state.counters, state.log
    mask = log.size - 1
    head = counters[HEAD]
    i = counters[BURST]
    while i < head and log[i & mask].time_ns <= now_ns - settings.burst_ns:
        e = log[i & mask]
        state.in_burst[state.node_family[e.node], e.side, e.activity] -= 1
        i += 1
    counters[BURST] = i
    i = counters[CALM]
    while i < head and log[i & mask].time_ns <= now_ns - settings.calm_ns:
        e = log[i & mask]
        state.in_calm[state.node_family[e.node], e.side, e.activity] -= 1
        i += 1
    counters[CALM] = i
    if settings.shift_ns > 0:
        i = counters[GHOST]
        while i < head and log[i & mask].time_ns + settings.shift_ns <= now_ns:
            e = log[i & mask]
            state.family_ghost[state.node_family[e.node]] = i
            if e.superseded_ns != NEVER:
                state.node_ghosts[e.node] += 1
            i += 1
        counters[GHOST] = i
    i = counters[TAIL]
    while i < head and log[i & mask].time_ns < now_ns - settings.keep_ns:
        i += 1
    counters[TAIL] = i


@njit(cache=True, error_model="numpy", forceinline=True)
def enter(state: State, node: int, side: int, now_ns: int, settings: Settings) -> None:
    """Append the decision to the log with its stratum and what shares were before it."""
    counters, log = state.counters, state.log
    mask = log.size - 1
    family = state.node_family[node]
    day = now_ns // DAY_NS
    if state.node_day[node] != day:
        if state.node_today[node] > 0:
            state.node_closed[node] += state.node_today[node]
            state.node_days[node] += 1
            mean = state.node_closed[node] / state.node_days[node]
            state.node_class[node] = 1 if mean >= settings.robot_decisions_a_day else 0
        state.node_day[node] = day
        state.node_today[node] = 0
    state.node_today[node] += 1
    activity = state.node_class[node]
    burst = state.in_burst[family, side, activity] + 1.0
    calm = state.in_calm[family, side, activity] * settings.burst_ns / settings.calm_ns + 1.0
    level = int(np.floor(1.5 * np.log2(burst / max(1.0, calm)) + 1.0))
    level = min(max(level, 0), settings.n_levels - 1)
    phase = 0 if now_ns % MINUTE_NS < settings.phase_ns else 1
    stratum = level * N_PHASES + phase
    class_total = state.class_total[family, side, activity]
    gap = now_ns - state.recent_ns[family, side, activity, phase]
    recent = state.recent[family, side, activity, phase] * np.exp(-gap / settings.recent_memory_ns)
    fast = state.fast[family, side, activity, phase] * np.exp(-gap / settings.fast_memory_ns)
    here = counters[HEAD]
    e = log[here & mask]
    e.time_ns = now_ns
    e.superseded_ns = LATER
    e.previous = state.family_head[family]
    e.over_stratum = 1.0 / (
        state.stratum_total[family, side, activity, stratum] + settings.prior_decisions
    )
    e.over_class = 1.0 / (class_total + settings.prior_decisions)
    e.over_recent = 1.0 / (recent + settings.recent_prior)
    e.over_fast = 1.0 / (fast + settings.recent_prior)
    e.node = node
    e.side = side
    e.activity = activity
    e.stratum = stratum
    e.phase = phase
    state.family_head[family] = here
    counters[HEAD] = here + 1
    last = state.node_entry[node, side]
    if last >= counters[TAIL]:
        if not settings.windows:
            log[last & mask].superseded_ns = now_ns
        elif now_ns - log[last & mask].time_ns <= settings.look_back_ns:
            e.superseded_ns = NEVER
    if e.superseded_ns != NEVER:
        state.node_entry[node, side] = here
        state.node_decisions[node] += 1
    e.number = state.node_decisions[node]


@njit(cache=True, error_model="numpy", forceinline=True)
def count(state: State, entry: int, settings: Settings) -> None:
    """Let the decision count in totals, shares and intensities, once its walk is done."""
    e = state.log[entry & (state.log.size - 1)]
    family = state.node_family[e.node]
    side, activity, phase, now_ns = e.side, e.activity, e.phase, e.time_ns
    state.stratum_total[family, side, activity, e.stratum] += 1
    state.class_total[family, side, activity] += 1
    state.in_burst[family, side, activity] += 1
    state.in_calm[family, side, activity] += 1
    state.node_stratum[e.node, side, e.stratum] += 1
    state.node_total[e.node, side] += 1
    slow, quick = settings.recent_memory_ns, settings.fast_memory_ns
    here = (family, side, activity, phase)
    gap = now_ns - state.recent_ns[here]
    state.recent[here] = state.recent[here] * np.exp(-gap / slow) + 1.0
    state.fast[here] = state.fast[here] * np.exp(-gap / quick) + 1.0
    state.recent_ns[here] = now_ns
    mine = (e.node, side, phase)
    gap = now_ns - state.node_recent_ns[mine]
    state.node_recent[mine] = state.node_recent[mine] * np.exp(-gap / slow) + 1.0
    state.node_fast[mine] = state.node_fast[mine] * np.exp(-gap / quick) + 1.0
    state.node_recent_ns[mine] = now_ns
    last_ns = state.node_last_ns[e.node, side]
    for i in range(N_LAST - 1, 0, -1):
        last_ns[i] = last_ns[i - 1]
    last_ns[0] = now_ns
    state.node_answered[e.node, side] = state.counters[HEAD]


@njit(cache=True, error_model="numpy", inline="always")
def on_habit(last_ns: NDArray[np.int64], now_ns: int, settings: Settings) -> bool:
    """Whether the account's own last times foretell this one.

    It acts at the same place of the minute as one of the last two, or after the same interval as
    before, or, where two schedules of its own interleave, after the same two intervals.
    """
    for i in range(2):
        off = (now_ns - last_ns[i]) % MINUTE_NS
        if last_ns[i] != NEVER and min(off, MINUTE_NS - off) <= settings.habit_ns:
            return True
    if last_ns[1] == NEVER:
        return False
    interval = last_ns[0] - last_ns[1]
    slack = max(float(settings.habit_ns), settings.habit_share * interval)
    if abs(now_ns - last_ns[0] - interval) <= slack:
        return True
    if last_ns[3] == NEVER:
        return False
    two_intervals = last_ns[1] - last_ns[3]
    return bool(abs(now_ns - last_ns[1] - two_intervals) <= settings.habit_ns)


@njit(cache=True, error_model="numpy", inline="always")
def hazard(share: float, settings: Settings) -> float:
    """Return at least -ln(1 - share), for the share that is in force."""
    share = min(settings.share_cap, settings.safety * share)
    return share + share * share  # above the logarithm up to one half


@njit(cache=True, error_model="numpy", inline="always")
def find_row(leaders: NDArray[np.int32], leader: int) -> int:
    """Return the slot of the follower's row for `leader`, NONE where there is none.

    Most candidates have none: the first loop asks only that, branch-free and a block at a time.
    """
    wanted = np.int32(leader)
    whole = leaders.size // BLOCK
    for b in range(whole):
        block = leaders[b * BLOCK : (b + 1) * BLOCK]
        found = False
        for k in range(BLOCK):
            found |= block[k] == wanted
        if found:
            for k in range(BLOCK):
                if block[k] == wanted:
                    return b * BLOCK + k
    for k in range(whole * BLOCK, leaders.size):
        if leaders[k] == wanted:
            return k
    return NONE


@njit(cache=True, error_model="numpy", inline="always")
def make_row(queue: NDArray[np.int64], rows: NDArray[np.void], protected_ln_e: float) -> int:
    """Return the slot for a new row of a follower: a free one, or the least useful one's.

    Rows that never spoke for copying go first, then those that never came near a finding, the
    longest unanswered first in each; NONE if every row is a finding.
    """
    first = queue[0]
    for k in range(1, queue.size):
        first = min(first, queue[k])
    if first < LATER:
        return int(first & SLOT_MASK)
    weakest = 0
    for k in range(1, rows.size):
        if rows[k].best < rows[weakest].best:
            weakest = k
    return weakest if rows[weakest].best < 2.0 * protected_ln_e else NONE


@njit(cache=True, error_model="numpy", forceinline=True)
def credit(
    leaders: NDArray[np.int32],
    queue: NDArray[np.int64],
    rows: NDArray[np.void],
    counters: NDArray[np.int64],
    settings: Settings,
    tables: Tables,
    leader: int,
    p: float,
    number: int,
    n_leader: int,
    day: int,
) -> None:
    """Add one answer to the follower's row for `leader` (node and channel in one integer).

    The answer that makes a row, or lets it start anew on a later day, does not count as evidence
    from that start: it is what the start was chosen by. Nor does an answer that comes after the
    start to a decision (`number` of the leader's) from before it, whose miss was not charged.
    """
    payoffs, misses, scratch = tables.payoffs, tables.misses, tables.scratch
    slot = find_row(leaders, leader)
    if slot == NONE:
        if p >= settings.row_p:
            return
        slot = make_row(queue, rows, settings.protected_ln_e)
        if slot == NONE:
            return
        leaders[slot] = leader
        row = rows[slot]
        bucket = payoff_bucket(p, payoffs.shape[0])
        for j in range(N_COMPONENTS):
            row.total[j] = payoffs[bucket, j]
            row.before[j] = payoffs[bucket, j]
        row.best = -1e30
        row.answers = 1
        row.start = n_leader
        row.start_day = day
        queue[slot] = (counters[HEAD] << SLOT_BITS) | slot
        counters[STARTS] += 1
        return
    row = rows[slot]
    starts = False
    if row.start_day != day and p < settings.row_p:
        n = n_leader - row.start
        for j in range(N_COMPONENTS):
            scratch[j] = row.total[j] - row.before[j] + n * misses[j]
        starts = ln_mean_exp(scratch) < 0.0
    bucket = payoff_bucket(p, payoffs.shape[0])
    for j in range(N_COMPONENTS):
        row.total[j] += payoffs[bucket, j]
    row.answers += 1
    if starts:
        counters[STARTS] += 1
        row.start = n_leader
        row.start_day = day
        for j in range(N_COMPONENTS):
            row.before[j] = row.total[j]
    else:
        if number <= row.start:
            for j in range(N_COMPONENTS):
                row.before[j] += payoffs[bucket, j]
        n = n_leader - row.start
        top = -1e30
        for j in range(N_COMPONENTS):
            scratch[j] = row.total[j] - row.before[j] + n * misses[j]
            top = max(top, scratch[j])
        if top > row.best:  # the mean of exponentials never exceeds the largest
            row.best = max(row.best, np.float32(ln_mean_exp(scratch)))
    useful = row.best >= settings.protected_ln_e
    place = (counters[HEAD] << SLOT_BITS) | slot
    if row.best > settings.promising_ln_e:
        place += PROMISING
    queue[slot] = LATER if useful else place


@njit(cache=True, error_model="numpy", forceinline=True)
def walk(
    state: State,
    settings: Settings,
    tables: Tables,
    entry: int,
    block: int,
) -> None:
    """Answer every candidate before `entry`; entries from `block` on share its instant."""
    log, counters = state.log, state.counters
    mask = log.size - 1
    y = log[entry & mask]
    node, side, activity, now_ns = y.node, y.side, y.activity, y.time_ns
    family = state.node_family[node]
    tail = counters[TAIL]
    day = now_ns // settings.restart_ns
    strata = state.node_stratum[node, side]
    leaders = state.row_leader[node]
    queue = state.row_queue[node]
    rows = state.rows[node]
    decisions = state.node_ghosts if settings.shift_ns > 0 else state.node_decisions
    overall = settings.overall_weight * (state.node_total[node, side] + 1.0)
    if on_habit(state.node_last_ns[node, side], now_ns, settings):
        return  # its own clock foretells this decision: a share of one half explains it
    gap0 = max(0, now_ns - settings.look_back_ns - state.node_recent_ns[node, side, 0])
    gap1 = max(0, now_ns - settings.look_back_ns - state.node_recent_ns[node, side, 1])
    slow, quick = settings.recent_memory_ns, settings.fast_memory_ns
    recent0 = state.node_recent[node, side, 0] * np.exp(-gap0 / slow)
    recent1 = state.node_recent[node, side, 1] * np.exp(-gap1 / slow)
    fast0 = state.node_fast[node, side, 0] * np.exp(-gap0 / quick)
    fast1 = state.node_fast[node, side, 1] * np.exp(-gap1 / quick)
    p = 0.0  # the sum of hazards, at least the true p
    visited = 0
    step = state.family_head[family]
    while step >= block:  # a tie counts whole: the largest rank
        e = log[step & mask]
        if e.side == side and e.activity == activity:
            share = (strata[e.stratum] + 1.0 + overall * e.over_class) * e.over_stratum
            share = max(share, (recent0 if e.phase == 0 else recent1) * e.over_recent)
            share = max(share, (fast0 if e.phase == 0 else fast1) * e.over_fast)
            p += hazard(share, settings)
        step = e.previous
        visited += 1
        if p > settings.p_cap or visited > settings.depth:
            return
    ghosts = settings.shift_ns > 0
    answered = 0 if ghosts else state.node_answered[node, side]
    candidate = state.family_ghost[family] if ghosts else state.family_head[family]
    while candidate >= max(tail, answered) and visited < settings.depth:
        c = log[candidate & mask]
        time_ns = c.time_ns + settings.shift_ns
        if now_ns - time_ns > settings.look_back_ns:
            return
        while step >= tail:
            e = log[step & mask]
            if ghosts:
                if e.time_ns < time_ns:
                    break
            elif step <= candidate:
                break
            if e.side == side:
                if e.node == node:
                    return  # its own previous decision has answered all before
                if e.activity == activity:
                    share = (strata[e.stratum] + 1.0 + overall * e.over_class) * e.over_stratum
                    share = max(share, (recent0 if e.phase == 0 else recent1) * e.over_recent)
                    share = max(share, (fast0 if e.phase == 0 else fast1) * e.over_fast)
                    p += hazard(share, settings)
                    if p > settings.p_cap:
                        return
            step = e.previous
            visited += 1
        if c.node != node and c.superseded_ns + settings.shift_ns > now_ns:
            credit(
                leaders,
                queue,
                rows,
                counters,
                settings,
                tables,
                (c.node << 1) | (0 if c.side == side else 1),
                p,
                c.number,
                decisions[c.node],
                day,
            )
        candidate = c.previous
        visited += 1


@njit(cache=True, error_model="numpy", nogil=True)
def process(
    state: State,
    settings: Settings,
    tables: Tables,
    event_time_ns: NDArray[np.int64],
    sequence: NDArray[np.int64],
    node: NDArray[np.int32],
    side: NDArray[np.int8],
    first: int,
    final: bool,
) -> int:
    """Take the decisions from row `first` on; return the first row not done.

    Stops early when the log is full (the caller grows it and calls again), and before the last
    tie unless `final`: the next batch may continue it.
    """
    state, tables = borrowed(state), borrowed(tables)
    counters = state.counters
    n = event_time_ns.size
    i = first
    while i < n:
        end = i + 1
        while end < n and event_time_ns[end] == event_time_ns[i] and sequence[end] == sequence[i]:
            end += 1
        if end == n and not final:
            return i
        expire(state, event_time_ns[i], settings)
        block = counters[HEAD]
        if block - counters[TAIL] + (end - i) > state.log.size:
            counters[LOG_FULL] = 1
            return i
        for row in range(i, end):
            enter(state, node[row], side[row], event_time_ns[i], settings)
        for entry in range(block, counters[HEAD]):
            walk(state, settings, tables, entry, block)
        for entry in range(block, counters[HEAD]):
            count(state, entry, settings)
        i = end
    return i
