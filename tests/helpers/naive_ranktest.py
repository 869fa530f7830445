"""The rank test written for reading: plain Python, one family, no limits on depth or rows.

Slow on purpose. It follows docs/method.md sentence by sentence and shares nothing with the kernel
but the parameters and the bucketed payoffs.
"""

import math
from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

from models.params import DAY_NS, MINUTE_NS, RankTestParams
from models.ranktest import miss_table, payoff_table


@dataclass(frozen=True)
class Answer:
    """One answer of `follower` to `leader`: its p and where it stood.

    `number` is which of the leader's decisions was answered, `n_leader` how many it had made by
    then; both count from 1 over both sides.
    """

    leader: int
    follower: int
    channel: int
    p: float
    time_ns: int
    number: int
    n_leader: int


@dataclass
class Entry:
    time_ns: int
    account: int
    side: int
    robot: bool
    stratum: tuple[int, int]
    n_stratum: int
    n_class: int
    recent: float
    fast: float


@dataclass
class NaiveRow:
    """What the test holds on one pair and channel, recomputed from its answers."""

    total: np.ndarray
    answers: int = 0
    best: float = -1e30
    start: int = 0
    start_day: int = 0
    counted: list[Answer] = field(default_factory=list)


class NaiveRankTest:
    """One family's decisions, taken in blocks of equal (time, sequence)."""

    def __init__(self, params: RankTestParams, shift_ns: int = 0, *, windows: bool = False) -> None:
        self.params = params
        self.shift_ns = shift_ns
        self.windows = windows
        self.entries: list[Entry] = []
        self.answers: list[Answer] = []
        self.answered: dict[tuple[int, int], int] = {}
        self.days: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))

    def run(self, decisions: list[tuple[int, int, int, int]]) -> list[Answer]:
        """Take (time_ns, sequence, account, side) rows in order; return all answers."""
        i = 0
        while i < len(decisions):
            end = i
            while end < len(decisions) and decisions[end][:2] == decisions[i][:2]:
                end += 1
            self._take([(t, a, s) for t, _, a, s in decisions[i:end]])
            i = end
        return self.answers

    def _take(self, block: list[tuple[int, int, int]]) -> None:
        before = list(self.entries)
        new = [self._entry(before, time_ns, account, side) for time_ns, account, side in block]
        self.entries.extend(new)
        for entry in new:
            self._answer(before, new, entry)
        for entry in new:
            self.answered[entry.account, entry.side] = len(self.entries)

    def _is_robot(self, time_ns: int, account: int) -> bool:
        today = time_ns // DAY_NS
        counts = [n for day, n in self.days[account].items() if day < today]
        return bool(counts) and sum(counts) / len(counts) >= self.params.robot_decisions_a_day

    def _entry(self, before: list[Entry], time_ns: int, account: int, side: int) -> Entry:
        p = self.params
        robot = self._is_robot(time_ns, account)
        self.days[account][time_ns // DAY_NS] += 1
        same = [e for e in before if e.side == side and e.robot == robot]
        burst = 1 + sum(e.time_ns > time_ns - p.burst_ns for e in same)
        calm = 1 + sum(e.time_ns > time_ns - p.calm_ns for e in same) * p.burst_ns / p.calm_ns
        level = math.floor(1.5 * math.log2(burst / max(1.0, calm)) + 1.0)
        level = min(max(level, 0), p.n_levels - 1)
        phase = 0 if time_ns % MINUTE_NS < p.phase_ns else 1
        stratum = (level, phase)
        ages = [time_ns - e.time_ns for e in same if e.stratum[1] == phase]
        return Entry(
            time_ns=time_ns,
            account=account,
            side=side,
            robot=robot,
            stratum=stratum,
            n_stratum=sum(e.stratum == stratum for e in same),
            n_class=len(same),
            recent=sum(math.exp(-age / p.recent_memory_ns) for age in ages),
            fast=sum(math.exp(-age / p.fast_memory_ns) for age in ages),
        )

    def _share(self, before: list[Entry], follower: Entry, at: Entry) -> float:
        p = self.params
        own = [e for e in before if e.account == follower.account and e.side == follower.side]
        in_stratum = sum(e.stratum == at.stratum for e in own)
        overall = (len(own) + 1) / (at.n_class + p.prior_decisions)
        share = (in_stratum + 1 + p.overall_weight * overall) / (at.n_stratum + p.prior_decisions)
        mine = [e.time_ns for e in own if e.stratum[1] == at.stratum[1]]
        if mine:
            since = max(max(mine), follower.time_ns - p.look_back_ns)
            recent = sum(math.exp(-(since - t) / p.recent_memory_ns) for t in mine)
            fast = sum(math.exp(-(since - t) / p.fast_memory_ns) for t in mine)
            share = max(share, recent / (at.recent + p.recent_prior))
            share = max(share, fast / (at.fast + p.recent_prior))
        return min(p.share_cap, p.safety * share)

    def _on_habit(self, own: list[Entry], y: Entry) -> bool:
        for earlier in own[-2:]:
            off = (y.time_ns - earlier.time_ns) % MINUTE_NS
            if min(off, MINUTE_NS - off) <= self.params.habit_ns:
                return True
        if len(own) < 2:
            return False
        interval = own[-1].time_ns - own[-2].time_ns
        slack = max(self.params.habit_ns, self.params.habit_share * interval)
        if abs(y.time_ns - own[-1].time_ns - interval) <= slack:
            return True
        if len(own) < 4:
            return False
        two_intervals = own[-2].time_ns - own[-4].time_ns
        return abs(y.time_ns - own[-2].time_ns - two_intervals) <= self.params.habit_ns

    def _answer(self, before: list[Entry], block: list[Entry], y: Entry) -> None:
        p, shift = self.params, self.shift_ns
        own = [e for e in before if e.account == y.account and e.side == y.side]
        if self._on_habit(own, y):
            return
        answered = self.answered.get((y.account, y.side), 0)
        cost = 0.0
        for e in block:
            if e.side == y.side and e.robot == y.robot:
                share = self._share(before, y, e)
                cost += share + share * share
        everyone = before + block
        due = self._due_candidates(y.time_ns)
        newest = {(everyone[i].account, everyone[i].side): i for i in due}
        for (account, side), i in sorted(newest.items()):
            a = everyone[i]
            if account == y.account or y.time_ns - a.time_ns - shift > p.look_back_ns:
                continue
            if shift == 0 and i < answered:
                continue  # the follower's own previous decision, or its tie, has answered it
            if shift and own and own[-1].time_ns >= a.time_ns + shift:
                continue
            total = cost
            for j in range(len(before)):
                e = before[j]
                after = j > i if shift == 0 else e.time_ns >= a.time_ns + shift
                if after and e.side == y.side and e.robot == y.robot:
                    share = self._share(before, y, e)
                    total += share + share * share
            if total <= p.p_cap:
                of_leader = [k for k in due if everyone[k].account == account]
                self.answers.append(
                    Answer(
                        leader=account,
                        follower=y.account,
                        channel=0 if side == y.side else 1,
                        p=total,
                        time_ns=y.time_ns,
                        number=of_leader.index(i) + 1,
                        n_leader=len(of_leader),
                    )
                )

    def _due_candidates(self, now_ns: int) -> list[int]:
        """Return which entries can be answered by now, or could before: those that open a window.

        Without windows, all that are due.
        """
        opened_ns: dict[tuple[int, int], int] = {}
        due = []
        for i, e in enumerate(self.entries):
            last_ns = opened_ns.get((e.account, e.side))
            inside = last_ns is not None and e.time_ns - last_ns <= self.params.look_back_ns
            if self.windows and inside:
                continue
            opened_ns[e.account, e.side] = e.time_ns
            if e.time_ns + self.shift_ns <= now_ns:
                due.append(i)
        return due

    def decisions_of(self, account: int) -> int:
        """Return how many candidates (due ghosts, in a placebo) the account has made."""
        now_ns = self.entries[-1].time_ns if self.entries else 0
        return sum(self.entries[i].account == account for i in self._due_candidates(now_ns))


def naive_rows(
    answers: list[Answer], params: RankTestParams, *, row_p: float
) -> dict[tuple[int, int, int], NaiveRow]:
    """Return every pair's row by (leader, follower, channel), from answers in event order.

    A start is made by a surprising answer, which it does not count. From then on every decision of
    the leader made after the start is charged a miss, and its answer, if it has one, is paid; an
    answer to an earlier decision is not.
    """
    payoffs, misses = payoff_table(params).astype(np.float64), miss_table(params)
    rows: dict[tuple[int, int, int], NaiveRow] = {}

    def ln_e(row: NaiveRow, n_leader: int) -> float:
        logs = (n_leader - row.start) * misses
        for answer in row.counted:
            logs = logs + payoffs[bucket_of(answer.p, len(payoffs))]
        return float(np.logaddexp.reduce(logs) - np.log(len(misses)))

    for answer in answers:
        key = (answer.leader, answer.follower, answer.channel)
        day = answer.time_ns // params.restart_ns
        row = rows.get(key)
        if row is None:
            if answer.p >= row_p:
                continue
            row = rows[key] = NaiveRow(np.zeros(len(misses)))
            starts = True
        else:
            starts = row.start_day != day and answer.p < row_p and ln_e(row, answer.n_leader) < 0.0
        row.total = row.total + payoffs[bucket_of(answer.p, len(payoffs))]
        row.answers += 1
        if starts:
            row.start, row.start_day, row.counted = answer.n_leader, day, []
            continue
        if answer.number > row.start:
            row.counted.append(answer)
        row.best = max(row.best, ln_e(row, answer.n_leader))
    return rows


def bucket_of(p: float, n_buckets: int) -> int:
    """Return the row of the payoff table whose p is the next one at or above `p`."""
    return min(max(math.floor(-8.0 * math.log2(p)), 0), n_buckets - 1)
