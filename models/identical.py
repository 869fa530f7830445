"""Identical-order clusters: many accounts show one fingerprint in a short run, no pair repeats.

Farms walk from account to account, each trades once or twice: nothing repeats that a pair test
could see. So marks are counted instead: first appearances of a fingerprint in an account. Within
one instrument and side four questions are asked, each with the market's decisions held fixed:

SIZE      of the accounts that show a size for the first time, how many show this one?
NEWCOMER  of people's decisions, how many are a new account's first of this size?
ONE_SHOT  the same of accounts that make no more than a few decisions in the whole stream
PRICE     of new accounts' limit orders, how many have this size and price, against the price's
          share among the other accounts' limit orders at the same time?

If a mark is as likely in the window as elsewhere, up to a factor `drift`, then of T marks known in
window and reference together each lies in the window with odds of at most drift x N : n, N and n
being the decisions there; P(K or more) is at most exp(-T KL(K/T || p)) (the conditional test of
two rates, Przyborowski & Wilenski 1940; Hoeffding 1963, theorems 1 and 4). A burst lifts N with K.
The share is never estimated, so a fingerprint that is new to the stream is no infinite surprise.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.fingerprints import FingerprintColumns
from models.kernels.identical import (
    count_paces,
    scan_against_past,
    scan_against_present,
    window_starts,
)
from models.params import DAY_NS, SECOND_NS, YEAR_DAYS, IdenticalParams
from models.trials import NO_LABEL, Surprise, Trials, ask_questions, split_by_key


@dataclass(frozen=True, slots=True)
class IdenticalCluster:
    """One run of identical orders; accounts in the order they came, each once.

    `price_ticks` is None unless the price belongs to the fingerprint. `expected` is how many of
    the accounts chance would have put there, `evenness` the coefficient of variation of the gaps:
    0 for a metronome, about 1 for chance.
    """

    surprise: Surprise
    instrument: int
    side: int
    quantity_lots: int
    price_ticks: int | None
    window_ns: int
    accounts: tuple[int, ...]
    first_time_ns: int
    last_time_ns: int
    expected: float
    ln_p: float
    median_gap_s: float
    evenness: float


@dataclass(frozen=True, slots=True)
class Windows:
    """The best window that each mark closes: ln p, its width, first mark, accounts by chance."""

    ln_p: NDArray[np.float64]
    width: NDArray[np.int8]
    first: NDArray[np.int64]
    expected: NDArray[np.float64]


def n_tests(n_decisions: int, params: IdenticalParams) -> int:
    """Return how many windows are paid for: every decision closes one a width and question."""
    return max(len(Surprise) * len(params.windows_ns) * n_decisions, 1)


def ln_p_threshold(n_decisions: int, span_ns: int, params: IdenticalParams, *, v: float) -> float:
    """Return ln p at which chance gives at most `v` crossings in a year of such data.

    Bonferroni: the sum of all windows' chances is at most v times the length of the data in years,
    counted as a day at least.
    """
    years = max(span_ns / DAY_NS, 1.0) / YEAR_DAYS
    return float(np.log(v * years / n_tests(n_decisions, params)))


def find_identical(
    decisions: FingerprintColumns, params: IdenticalParams, *, ln_threshold: float
) -> tuple[IdenticalCluster, ...]:
    """Return the clusters of a stream, strongest first; ties by time, then by account.

    Parameters
    ----------
    decisions : FingerprintColumns
        All decisions, in event order.
    params : IdenticalParams
        Thresholds.
    ln_threshold : float
        A window whose ln p is at or below this belongs to a cluster.

    Returns
    -------
    tuple of IdenticalCluster
        One a run: overlapping windows are joined, and what one run shows twice counts once.
    """
    warm_ns = warm_time(decisions, params)
    found = [
        cluster
        for instrument, side, part in split_by_key(decisions, params.min_accounts)
        for trials in ask_questions(part, warm_ns=warm_ns)
        for cluster in find_runs(trials, instrument, side, params, ln_threshold)
    ]
    found.sort(key=lambda c: (c.ln_p, c.first_time_ns, c.accounts))
    kept: list[IdenticalCluster] = []
    for cluster in found:
        if not any(_is_same_run(cluster, other, params.same_run_overlap) for other in kept):
            kept.append(cluster)
    return tuple(kept)


def warm_time(decisions: FingerprintColumns, params: IdenticalParams) -> int:
    """Return the time from which on a newcomer is news."""
    first_ns = int(decisions.event_time_ns[0]) if len(decisions) else 0
    return first_ns + params.warm_up_ns


def find_runs(
    trials: Trials, instrument: int, side: int, params: IdenticalParams, ln_threshold: float
) -> Iterator[IdenticalCluster]:
    """Yield the runs of one stream of trials that cross the threshold, by fingerprint and time."""
    mark = np.flatnonzero(trials.label != NO_LABEL)
    mark = mark[np.argsort(trials.label[mark], kind="stable")]
    label = trials.label[mark]
    best = scan_trials(trials, mark, label, params, ln_threshold)
    closing = np.flatnonzero(best.ln_p <= ln_threshold)
    if closing.size == 0:
        return
    first, last = _joined(best.first[closing], closing)
    for begin, end in zip(first.tolist(), last.tolist(), strict=True):
        times = trials.event_time_ns[mark[begin : end + 1]]
        begin, end = _without_stragglers(times, begin, params.edge_gap_factor)
        strongest = begin + int(np.argmin(best.ln_p[begin : end + 1]))
        if end - begin + 1 < params.min_accounts:
            continue
        times = trials.event_time_ns[mark[begin : end + 1]]
        gaps_s = np.diff(times) / SECOND_NS
        by_chance = max(
            float(best.expected[strongest]) / (strongest - int(best.first[strongest]) + 1),
            _chance_elsewhere(trials, mark, label, begin, end) / times.size,
        )
        if by_chance > params.max_chance_share:
            continue
        yield IdenticalCluster(
            surprise=trials.surprise,
            instrument=instrument,
            side=side,
            quantity_lots=int(trials.lots[label[begin]]),
            price_ticks=(
                int(trials.price[label[begin]]) if trials.surprise is Surprise.PRICE else None
            ),
            window_ns=params.windows_ns[int(best.width[strongest])],
            accounts=tuple(trials.account[mark[begin : end + 1]].tolist()),
            first_time_ns=int(times[0]),
            last_time_ns=int(times[-1]),
            expected=by_chance * times.size,
            ln_p=float(best.ln_p[strongest]),
            median_gap_s=float(np.median(gaps_s)),
            evenness=float(gaps_s.std() / gaps_s.mean()) if gaps_s.mean() > 0 else 0.0,
        )


def scan_trials(
    trials: Trials,
    mark: NDArray[np.int64],
    label: NDArray[np.int64],
    params: IdenticalParams,
    ln_threshold: float,
) -> Windows:
    """Return the best window that each of the marks closes.

    Parameters
    ----------
    trials : Trials
        The stream.
    mark, label : ndarray of int64, shape (n_marks,)
        Trials that are marks, and their labels, sorted by (label, trial).
    params : IdenticalParams
        Thresholds.
    ln_threshold : float
        At it a run begins: its past stays that of its first window.
    """
    best = Windows(
        np.zeros(mark.size),
        np.zeros(mark.size, np.int8),
        np.zeros(mark.size, np.int64),
        np.zeros(mark.size),
    )
    out = (best.ln_p, best.width, best.first, best.expected)
    paces = np.arange(mark.size)
    if trials.surprise in (Surprise.NEWCOMER, Surprise.ONE_SHOT):
        count_paces(trials.event_time_ns, mark, label, params.pace_ns, paces)
    start = np.empty(trials.event_time_ns.size, np.int64)
    drift, least = params.drift, params.min_accounts
    alike = np.empty(0, np.int64)
    if trials.is_alike is not None:
        alike = np.r_[0, np.cumsum(trials.is_alike)]
    past = (params.recent_trials, params.recent_widths, ln_threshold)
    for number, window_ns in enumerate(params.windows_ns):
        window_starts(trials.event_time_ns, window_ns, start)
        if trials.control is None:
            scan_against_past(start, mark, label, paces, alike, number, *past, drift, least, out)
        else:
            control = trials.control
            scan_against_present(
                trials.event_time_ns,
                start,
                mark,
                label,
                control.price_code[mark],
                control.event_time_ns,
                control.price_first,
                control.price_ns,
                number,
                window_ns,
                drift,
                least,
                out,
            )
    return best


def _chance_elsewhere(
    trials: Trials,
    mark: NDArray[np.int64],
    label: NDArray[np.int64],
    begin: int,
    end: int,
) -> float:
    """Return how many of the run's trials would be marked at the shares outside the run.

    A past that differs from all that follows (a night before the first opening) makes a crowd look
    like a cluster; what comes later shows that it is none. A size that is common among all
    decisions is no surprise in a run either, however rarely accounts turn to it.
    """
    if trials.control is not None:
        return 0.0
    here, n_marks = label[begin], end - begin + 1
    run = slice(int(mark[begin]), int(mark[end]) + 1)
    n_trials = run.stop - run.start
    is_alike = trials.label == here if trials.is_alike is None else trials.is_alike
    n_elsewhere = max(is_alike.size - n_trials, 1)
    share = (np.count_nonzero(is_alike) - np.count_nonzero(is_alike[run])) / n_elsewhere
    if trials.n_decisions is not None:
        total = max(int(trials.n_decisions.sum()) - n_marks, 1)
        share = max(share, (trials.n_decisions[here] - n_marks) / total)
    return float(share * n_trials)


def _joined(
    first: NDArray[np.int64], last: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Join overlapping intervals, given by ascending ends."""
    order = np.lexsort((last, first))
    first, last = first[order], np.maximum.accumulate(last[order])
    apart = np.flatnonzero(first[1:] > last[:-1])
    return first[np.r_[0, apart + 1]], last[np.r_[apart, last.size - 1]]


def _without_stragglers(times: NDArray[np.int64], begin: int, factor: float) -> tuple[int, int]:
    """Return first and last mark of the run, cut at wide gaps in its outer quarters."""
    gaps = np.diff(times)
    if gaps.size == 0:
        return begin, begin
    wide = np.flatnonzero(gaps > factor * max(float(np.median(gaps)), 1.0))
    early, late = wide[wide < gaps.size // 4], wide[wide >= gaps.size - gaps.size // 4]
    left = int(early[-1]) + 1 if early.size else 0
    right = int(late[0]) if late.size else times.size - 1
    return begin + left, begin + right


def _is_same_run(a: IdenticalCluster, b: IdenticalCluster, overlap: float) -> bool:
    """Whether two clusters of one instrument and side share most accounts and some time."""
    if (a.instrument, a.side) != (b.instrument, b.side):
        return False
    if a.first_time_ns > b.last_time_ns or b.first_time_ns > a.last_time_ns:
        return False
    small, large = sorted((set(a.accounts), set(b.accounts)), key=len)
    return len(small & large) >= overlap * len(small)
