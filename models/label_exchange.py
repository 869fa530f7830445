"""The label-exchange test: a second look at a group that the rank test has found.

The market's times are held fixed and only the names on them exchanged. Within a stratum (key, ten
minutes, local intensity, clock phase) a follower that has nothing to do with the source makes any
n of the N decisions alike, so that the number K of its own among the M near the source's is
hypergeometric; its moment generating function is at most the binomial one (Hoeffding 1963,
section 6), and with p = M / N

    E = product over strata of w^K / (1 + p (w - 1))^n

has expectation at most 1. Windows and weights are averaged, and so are the followers, which are no
independent witnesses: a mean of e-values is one (Vovk & Wang 2021). Other members take no part in
the exchange, or a large group would hide in its own burst.

It explains a group, as further evidence does: it makes, enlarges and judges none. Where it does not
support one, the reasons say so and nobody is asked for more than a review.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.evidence import ln_mean_exp
from models.features import MarketLog
from models.findings import Finding
from models.params import MINUTE_NS, DetectionParams
from models.verdict import Verdict

_LN_10 = float(np.log(10.0))
_NEVER = np.iinfo(np.int64).max // 4
STRICTEST, REVIEW = "freeze_review", "review"


@dataclass(frozen=True, slots=True)
class LabelExchange:
    """What the test says of a group: bounded log10 E, and the decisions whose names it exchanged.

    `n` are decisions of followers in strata that hold both decisions near the source and others;
    where there are none the test can say nothing, and E is 1.
    """

    log10_e: float
    n: int


def exchange_labels(
    source: int, followers: Mapping[int, bool], market: MarketLog, params: DetectionParams
) -> LabelExchange:
    """Test the followers of a source against the accounts that are no members.

    Parameters
    ----------
    source : int
        Account code.
    followers : mapping of int to bool
        Account code to whether it acts on the other side; at least one.
    market : MarketLog
        Everybody's decisions.
    params : DetectionParams
        Thresholds.
    """
    rule = params.label_exchange
    is_member = np.zeros(market.n_accounts, np.bool_)
    is_member[[source, *followers]] = True
    ln_e = np.zeros((len(followers), len(rule.windows_ns) * 2 * len(rule.weights)))
    n = 0
    of_members = market.only(is_member)
    for key, log in sorted(market.logs.items()):
        own = of_members.key(key)
        strangers = log.event_time_ns[~is_member[log.account]]
        for row, (follower, inverse) in enumerate(followers.items()):
            led = of_members.key(key ^ int(inverse))
            own_ns = own.event_time_ns[own.account == follower]
            source_ns = led.event_time_ns[led.account == source]
            if own_ns.size and source_ns.size:
                terms, n_exchanged = _exchange(own_ns, source_ns, strangers, params)
                ln_e[row] += terms
                n += n_exchanged
    log10_e = float(ln_mean_exp(ln_e.ravel())) / _LN_10
    return LabelExchange(float(np.clip(log10_e, -rule.most_log10_e, rule.most_log10_e)), n)


def heed(verdict: Verdict, found: LabelExchange, params: DetectionParams) -> Verdict:
    """Return the verdict with what the test says; without support it asks for a review at most."""
    rule = params.label_exchange
    supports = found.log10_e >= rule.support_log10_e
    numbers: dict[str, float | int | str] = {
        "log10_e": round(found.log10_e, 2),
        "decisions": found.n,
    }
    how = (
        f"A second test keeps the market's times and exchanges the names on {found.n:,} decisions "
        "of followers with other accounts' of the same minutes and bustle"
    )
    if supports:
        most = ", the most it may say" if found.log10_e >= rule.most_log10_e else ""
        text = (
            f"{how}: the accounts act together more than such others do (log10 E "
            f"{found.log10_e:.2f}{most}), whether they copy or share a reason."
        )
        return _with_reason(verdict, Finding("label_exchange_supports", text, numbers))
    text = (
        f"{how}: it does not support acting together (log10 E {found.log10_e:.2f}). Others who "
        "were active then acted as soon after the source, or there were too few to compare with: "
        "look at the episodes before anything else is done."
    )
    verdict = _with_reason(verdict, Finding("label_exchange_no_support", text, numbers))
    if verdict.recommended_action == STRICTEST:
        return replace(verdict, recommended_action=REVIEW)
    return verdict


def _with_reason(verdict: Verdict, reason: Finding) -> Verdict:
    return replace(verdict, reasons=(*verdict.reasons, reason))


def _exchange(
    own_ns: NDArray[np.int64],
    source_ns: NDArray[np.int64],
    strangers_ns: NDArray[np.int64],
    params: DetectionParams,
) -> tuple[NDArray[np.float64], int]:
    """Return ln E in one key by component, and how many of the follower's decisions had a say."""
    rule = params.label_exchange
    times, is_own = _with_company(own_ns, strangers_ns, rule.bin_ns)
    stratum = _strata(times, params)
    n_all = np.bincount(stratum)
    n = np.bincount(stratum[is_own], minlength=n_all.size)
    windows = np.array(rule.windows_ns)[:, None]
    near = np.concatenate([distance <= windows for distance in _distances(times, source_ns)])
    cell = stratum + n_all.size * np.arange(len(near))[:, None]
    n_near = np.bincount(cell[near], minlength=near.shape[0] * n_all.size)
    share = n_near.reshape(len(near), n_all.size) / np.maximum(n_all, 1)
    says = ((share > 0) & (share < 1)).any(axis=0)
    hits = np.count_nonzero(near & is_own, axis=1)
    terms = [
        hits * np.log(w) - (n * np.log1p(share * (w - 1.0))).sum(axis=1) for w in rule.weights
    ]
    return np.stack(terms, axis=1).ravel(), int(n[says].sum())


def _with_company(
    own_ns: NDArray[np.int64], strangers_ns: NDArray[np.int64], bin_ns: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the decisions of the bins that the follower acts in, and which are its own."""
    starts = np.unique(own_ns // bin_ns) * bin_ns
    first, end = np.searchsorted(strangers_ns, np.stack([starts, starts + bin_ns]))
    n_each = end - first
    place = np.arange(n_each.sum()) + np.repeat(first - np.cumsum(n_each) + n_each, n_each)
    times = np.concatenate([own_ns, strangers_ns[place]])
    order = np.argsort(times, kind="stable")
    return times[order], order < own_ns.size


def _strata(times: NDArray[np.int64], params: DetectionParams) -> NDArray[np.int64]:
    """Return the stratum of each decision: bin, local intensity, clock phase.

    It looks at times alone, whoever acted then: exchanging names moves no decision to another one.
    """
    test, bin_ns = params.rank_test, params.label_exchange.bin_ns
    part = np.concatenate(([0], np.cumsum(np.diff(times // bin_ns) > 0)))
    around = np.searchsorted(times, times + test.burst_ns, "right")
    around -= np.searchsorted(times, times - test.burst_ns, "left")
    usual = np.bincount(part)[part] * (2.0 * test.burst_ns / bin_ns)
    level = np.floor(1.5 * np.log2((around + 1.0) / (usual + 1.0)) + 1.0)
    level = np.clip(level, 0, test.n_levels - 1).astype(np.int64)
    phase = (times % MINUTE_NS < test.phase_ns).astype(np.int64)
    stratum: NDArray[np.int64] = (part * test.n_levels + level) * 2 + phase
    return stratum


def _distances(
    times: NDArray[np.int64], source_ns: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return how long after the source's newest decision each time is, and how far from any."""
    padded = np.concatenate([[-_NEVER], source_ns, [_NEVER]])
    after = times - padded[np.searchsorted(padded, times, "right") - 1]
    before = padded[np.searchsorted(padded, times, "left")] - times
    return after, np.minimum(after, before)
