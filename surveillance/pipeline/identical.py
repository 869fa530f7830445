"""Identical-order clusters of a run, and those of its placebo."""

from dataclasses import dataclass

import numpy as np

from models.fingerprints import FingerprintColumns
from models.identical import IdenticalCluster, find_identical, ln_p_threshold
from models.identical_placebo import count_placebo_clusters
from models.params import DAY_NS, YEAR_DAYS, DetectionParams
from models.placebo import poisson_quantile


@dataclass(frozen=True, slots=True)
class ClusterEvidence:
    """All clusters of a run, the bar they crossed and what the placebo crossed of it."""

    clusters: tuple[IdenticalCluster, ...]
    ln_threshold: float
    placebo: dict[float, int]
    is_within_bound: bool


def detect_clusters(
    decisions: FingerprintColumns, *, span_ns: int, params: DetectionParams
) -> ClusterEvidence:
    """Find the clusters of a stream that lasts `span_ns`, and count the placebo's.

    Accounts in clusters are left out of the placebo: a large farm dealt over some hours is still
    no chance.
    """
    identical = params.identical
    own = identical.tolerated_false_clusters_a_year
    bars = {
        v: ln_p_threshold(len(decisions), span_ns, identical, v=v)
        for v in sorted({own, *params.placebo.tolerated})
    }
    clusters = find_identical(decisions, identical, ln_threshold=bars[own])
    clustered = [account for cluster in clusters for account in cluster.accounts]
    others = decisions.take(np.flatnonzero(~np.isin(decisions.account, clustered)))
    placebo = dict.fromkeys(bars, 0)
    rng = np.random.default_rng(identical.placebo_seed)
    for _ in range(identical.placebo_deals):
        for v, n in count_placebo_clusters(others, identical, bars, rng).items():
            placebo[v] += n
    years = identical.placebo_deals * max(span_ns / DAY_NS, 1.0) / YEAR_DAYS
    quantile = params.placebo.bound_quantile
    return ClusterEvidence(
        clusters=clusters,
        ln_threshold=bars[own],
        placebo=placebo,
        is_within_bound=all(n <= poisson_quantile(quantile, v * years) for v, n in placebo.items()),
    )
