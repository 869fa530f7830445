"""Roles inside a cluster: episodes, leader or a source elsewhere, ratio, lag, participation.

An episode is a decision of the source that some other member repeats. The leader is the member
with the largest coverage x precedence (models/leading.py). The source is off the venue when even
the 95% upper bound of the leader's coverage stays below the bar, or nobody is usually first, or
two followers' lags to it go together as they only would behind a common hidden cause, or the
members walk for longer than any answer takes (method, section 4; Clopper & Pearson 1934).
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

from models.columns import DecisionColumns, is_among
from models.grouping import Cluster
from models.leading import choose_leader
from models.params import GroupParams, RankTestParams

_MS_IN_NS = 1_000_000


@dataclass(frozen=True, slots=True)
class Follower:
    """How one member repeats the source's decisions.

    `source_row` and `own_row` (n_copied,) index the group's decisions: which was repeated by which.
    `opportunities` counts the source's decisions that the member could have repeated. Lags are
    milliseconds; ratio is None where sizes are unknown.
    """

    account: int
    inverse: bool
    source_row: NDArray[np.int64]
    own_row: NDArray[np.int64]
    window_ns: int
    opportunities: NDArray[np.int64]
    ratio: float | None
    lag_median_ms: float
    lag_iqr_ms: float

    @property
    def copied(self) -> int:
        """Source decisions that the member repeated."""
        return int(self.source_row.size)

    @property
    def participation(self) -> float:
        """Share of its opportunities that the member repeated."""
        return self.copied / max(self.opportunities.size, 1)


@dataclass(frozen=True, slots=True)
class Roles:
    """Who leads and who follows how.

    `source` is the account whose decisions are the episodes: the leader, or, where the source is
    off the venue, the member that stands in for it. `lead_share` is the share of its episodes in
    which nobody was before it, `tied_share` that of those in which others acted at the same
    instant. `episode_row` (n_episodes,) are its repeated decisions, `source_rows` all of them.
    """

    source: int
    off_venue: bool
    coverage: float
    lead_share: float
    tied_share: float
    source_rows: NDArray[np.int64]
    episode_row: NDArray[np.int64]
    followers: tuple[Follower, ...]


def find_roles(
    cluster: Cluster,
    decisions: DecisionColumns,
    *,
    groups: GroupParams,
    rank_test: RankTestParams,
    elsewhere: NDArray[np.bool_] | None = None,
) -> Roles | None:
    """Settle the roles of a cluster; None if no decision was ever repeated.

    Parameters
    ----------
    cluster : Cluster
        Members and who acts inversely.
    decisions : DecisionColumns
        All decisions of the members, in event order.
    groups : GroupParams
        Thresholds of groups and roles.
    rank_test : RankTestParams
        The look-back: longest lag.
    elsewhere : ndarray of bool, shape (n_decisions,), optional
        Decisions that repeat the source of another group: they do not ask who leads this one.
    """
    key = _oriented_key(cluster, decisions)
    longest_ns = cluster.reach_ns or rank_test.look_back_ns
    groups = replace(groups, min_lag_window_ns=_shortest_window(decisions, groups, longest_ns))
    rows_of = {account: np.flatnonzero(decisions.account == account) for account in cluster.members}
    windows = []
    for leader, member, _ in cluster.links:
        led, own = _next_after(rows_of[leader], rows_of[member], decisions, key, longest_ns)
        lags = decisions.event_time_ns[own] - decisions.event_time_ns[led]
        windows.append(_lag_window(lags, groups, longest_ns))
    window_ns = cluster.reach_ns or max(windows, default=longest_ns)
    members = cluster.members
    while True:
        lead = choose_leader(
            cluster, decisions, key, window_ns=window_ns, among=members, elsewhere=elsewhere
        )
        if lead is None:
            return None
        found = (
            _follow(account, lead.account, rows_of, decisions, key, cluster, groups, longest_ns)
            for account in members
            if account != lead.account
        )
        followers = tuple(
            f for f in found if f.copied and f.participation >= groups.min_participation
        )
        if not followers:
            return None
        if len(followers) == len(members) - 1:
            break
        # Who hardly follows has no say in who leads.
        kept = {lead.account, *(f.account for f in followers)}
        members = tuple(account for account in members if account in kept)
    source = lead.account
    source_rows = rows_of[source]
    repeated = np.unique(np.concatenate([f.source_row for f in followers]))
    most_lead = _upper_bound(lead.share, lead.n_episodes, groups.confidence)
    off_venue = cluster.reach_ns is not None or (
        lead.n_episodes >= groups.off_venue_min_episodes
        and (
            _upper_bound(lead.coverage, lead.n_episodes, groups.confidence)
            < groups.off_venue_coverage
            or most_lead < groups.off_venue_lead
            or _lags_correlate(followers, decisions, groups)
        )
    )
    return Roles(
        source=source,
        off_venue=off_venue,
        coverage=lead.coverage,
        lead_share=lead.share,
        tied_share=lead.tied_share,
        source_rows=source_rows,
        episode_row=repeated,
        followers=followers,
    )


def _shortest_window(decisions: DecisionColumns, groups: GroupParams, longest_ns: int) -> int:
    """Return the narrowest lag window: a clock that counts seconds cannot show milliseconds."""
    tick_ns = int(np.gcd.reduce(np.append(np.diff(decisions.event_time_ns), 0)))
    return max(groups.min_lag_window_ns, min(groups.min_lag_window_ticks * tick_ns, longest_ns))


def _oriented_key(cluster: Cluster, decisions: DecisionColumns) -> NDArray[np.int64]:
    """Return (family, side) as one integer, the side turned for members that act inversely."""
    inverse = is_among(decisions.account, sorted(cluster.inverted))
    return decisions.family.astype(np.int64) * 2 + (decisions.side ^ inverse)


def _next_after(
    leader_rows: NDArray[np.int64],
    follower_rows: NDArray[np.int64],
    decisions: DecisionColumns,
    key: NDArray[np.int64],
    window_ns: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pair each leader decision with the follower's first at or after it, one to one.

    A follower's decision answers the newest leader decision before it in its key; equal times
    count as after.
    """
    if leader_rows.size == 0 or follower_rows.size == 0:
        return leader_rows[:0], follower_rows[:0]
    rows = np.concatenate([leader_rows, follower_rows])
    is_leader = np.arange(rows.size) < leader_rows.size
    order = np.lexsort((~is_leader, decisions.event_time_ns[rows], key[rows]))
    rows, is_leader = rows[order], is_leader[order]
    after = (
        is_leader[:-1]
        & ~is_leader[1:]
        & (key[rows[:-1]] == key[rows[1:]])
        & (decisions.event_time_ns[rows[1:]] - decisions.event_time_ns[rows[:-1]] <= window_ns)
    )
    return rows[:-1][after], rows[1:][after]


def _lag_window(lags_ns: NDArray[np.int64], groups: GroupParams, longest_ns: int) -> int:
    """Return the longest lag that counts as an answer, from where the lags crowd together.

    The shortest interval, on a logarithmic scale, that holds `lag_core_share` of them (a shorth:
    Andrews et al. 1972) ends at the typical slow answer; own decisions that happen to follow are
    spread out and do not move it.
    """
    if lags_ns.size == 0:
        return groups.min_lag_window_ns
    scaled = np.sort(np.log1p(lags_ns / _MS_IN_NS))
    n_core = max(int(np.ceil(groups.lag_core_share * scaled.size)), 1)
    widths = scaled[n_core - 1 :] - scaled[: scaled.size - n_core + 1]
    end_ns = float(np.expm1(scaled[int(np.argmin(widths)) + n_core - 1])) * _MS_IN_NS
    window_ns = int(groups.lag_window_factor * end_ns)
    return min(max(window_ns, groups.min_lag_window_ns), longest_ns)


def _follow(
    account: int,
    source: int,
    rows_of: dict[int, NDArray[np.int64]],
    decisions: DecisionColumns,
    key: NDArray[np.int64],
    cluster: Cluster,
    groups: GroupParams,
    longest_ns: int,
) -> Follower:
    source_rows, own_rows = rows_of[source], rows_of[account]
    source_row, own_row = _next_after(source_rows, own_rows, decisions, key, longest_ns)
    lags = decisions.event_time_ns[own_row] - decisions.event_time_ns[source_row]
    window_ns = _lag_window(lags, groups, longest_ns)
    source_row, own_row = source_row[lags <= window_ns], own_row[lags <= window_ns]
    times = decisions.event_time_ns
    reachable = is_among(decisions.family[source_rows], decisions.family[own_rows])
    reachable &= times[source_rows] <= times[own_rows[-1]] if own_rows.size else False
    if source_row.size:
        # Copying may begin late; a chance meeting before it is no beginning.
        begins = source_row[int(groups.early_share * source_row.size)]
        reachable &= times[source_rows] >= times[begins]
    reachable |= is_among(source_rows, source_row)
    lags_ms = (times[own_row] - times[source_row]) / _MS_IN_NS
    quartiles = np.quantile(lags_ms, (0.25, 0.5, 0.75)) if lags_ms.size else np.zeros(3)
    sized = (decisions.quantity_lots[source_row] > 0) & (decisions.quantity_lots[own_row] > 0)
    ratios = decisions.quantity_lots[own_row][sized] / decisions.quantity_lots[source_row][sized]
    return Follower(
        account=account,
        inverse=(account in cluster.inverted) != (source in cluster.inverted),
        source_row=source_row,
        own_row=own_row,
        window_ns=window_ns,
        opportunities=source_rows[reachable],
        ratio=float(np.median(ratios)) if ratios.size else None,
        lag_median_ms=float(quartiles[1]),
        lag_iqr_ms=float(quartiles[2] - quartiles[0]),
    )


def _upper_bound(share: float, n: int, confidence: float) -> float:
    """Return the one-sided Clopper-Pearson upper bound of a share."""
    hits = round(share * n)
    return 1.0 if hits >= n else float(betaincinv(hits + 1, n - hits, confidence))


def _lags_correlate(
    followers: tuple[Follower, ...], decisions: DecisionColumns, groups: GroupParams
) -> bool:
    """Whether followers' lags to the supposed leader go together: the median over their pairs.

    Only pairs in which now the one and now the other comes first: a copier that serves one
    follower after another adds their lags up, always in one order.
    """
    times = decisions.event_time_ns
    answers = np.zeros((len(followers), times.size), np.bool_)
    log_lag = np.zeros(answers.shape)  # by follower and row of the leader's decision
    for place, follower in enumerate(followers):
        answers[place, follower.source_row] = True
        lags = times[follower.own_row] - times[follower.source_row]
        log_lag[place, follower.source_row] = np.log1p(lags.astype(np.float64))
    correlations = []
    for a in range(len(followers)):
        for b in range(a + 1, len(followers)):
            common = np.flatnonzero(answers[a] & answers[b])
            if common.size < groups.off_venue_min_episodes:
                continue
            lag_a, lag_b = log_lag[a, common], log_lag[b, common]
            a_first = np.count_nonzero(lag_a < lag_b) / common.size
            a_first += np.count_nonzero(lag_a == lag_b) / common.size / 2.0
            if min(a_first, 1.0 - a_first) < groups.mixed_order_share:
                continue
            off_a, off_b = lag_a - lag_a.mean(), lag_b - lag_b.mean()
            spread = float(np.sqrt((off_a @ off_a) * (off_b @ off_b)))
            if spread > 0:
                correlations.append(float(off_a @ off_b) / spread)
    return bool(correlations) and float(np.median(correlations)) > groups.off_venue_correlation
