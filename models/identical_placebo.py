"""The placebo of identical-order clusters: fingerprints dealt anew, clusters counted.

What the detector finds in a market whose runs are gone is what it finds by chance. As with the
pair test, the placebo sees chance and habits, not common triggers (docs/method.md, 6).
"""

from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from models.fingerprints import FingerprintColumns
from models.identical import find_runs, warm_time
from models.params import IdenticalParams
from models.trials import Surprise, Trials, ask_prices, ask_questions, split_by_key

_Value = TypeVar("_Value", bound=np.generic)


def count_placebo_clusters(
    decisions: FingerprintColumns,
    params: IdenticalParams,
    ln_thresholds: dict[float, float],
    rng: np.random.Generator,
) -> dict[float, int]:
    """Return the clusters at each level when fingerprints are dealt anew among the accounts.

    Sizes are dealt among the first appearances, newcomers among the decisions of a block of the
    day, newness among the limit orders of the longest window (a price lives no longer): habits,
    bursts and time of day stay, runs go. Runs of the loosest level count at every level that their
    strongest window reaches, also those that chance could explain.

    Parameters
    ----------
    decisions : FingerprintColumns
        All decisions, in event order.
    params : IdenticalParams
        Thresholds.
    ln_thresholds : dict of level to ln p
        What to count at.
    rng : Generator
        The source of the deals.
    """
    counts = dict.fromkeys(ln_thresholds, 0)
    warm_ns = warm_time(decisions, params)
    lenient = replace(params, max_chance_share=np.inf)
    for _, _, part in split_by_key(decisions, params.min_accounts):
        priced = np.flatnonzero(part.has_price)
        dealt = part.is_new.copy()
        dealt[priced] = _deal(dealt[priced], part.event_time_ns[priced], params.windows_ns[-1], rng)
        for trials in ask_questions(part, warm_ns=warm_ns):
            if trials.surprise is Surprise.PRICE:
                continue
            dealt_to = _deal(
                np.arange(trials.label.size), trials.event_time_ns, params.placebo_block_ns, rng
            )
            alike = None if trials.is_alike is None else trials.is_alike[dealt_to]
            dealt_trials = replace(trials, label=trials.label[dealt_to], is_alike=alike)
            _count(dealt_trials, lenient, ln_thresholds, counts)
        for trials in ask_prices(replace(part, is_new=dealt)):
            _count(trials, lenient, ln_thresholds, counts)
    return counts


def _count(
    trials: Trials,
    params: IdenticalParams,
    ln_thresholds: dict[float, float],
    counts: dict[float, int],
) -> None:
    for run in find_runs(trials, 0, 0, params, max(ln_thresholds.values())):
        for level, bar in ln_thresholds.items():
            counts[level] += run.ln_p <= bar


def _deal(
    values: NDArray[_Value], time_ns: NDArray[np.int64], block_ns: int, rng: np.random.Generator
) -> NDArray[_Value]:
    return values[np.lexsort((rng.random(values.size), time_ns // block_ns))]
