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
from models.kernels.exchange import count_near
from models.params import DetectionParams
from models.verdict import Verdict

_LN_10 = float(np.log(10.0))
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
    rule, test = params.label_exchange, params.rank_test
    n, n_all, n_near, hits = count_near(
        own_ns,
        source_ns,
        strangers_ns,
        np.array(rule.windows_ns),
        rule.bin_ns,
        test.burst_ns,
        test.phase_ns,
        test.n_levels,
    )
    share = n_near / np.maximum(n_all, 1)
    says = ((share > 0) & (share < 1)).any(axis=0)
    terms = [hits * np.log(w) - (n * np.log1p(share * (w - 1.0))).sum(axis=1) for w in rule.weights]
    return np.stack(terms, axis=1).ravel(), int(n[says].sum())
