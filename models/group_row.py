"""The row of a group: named numbers that the classifier weighs, and how a person reads them.

To add a feature, add its line to `FEATURES` and run `surveillance train`: names are all that a
fitted classifier and the code share. Nothing here knows accounts, ids or where data came from,
and no feature depends on the order of the members.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.errors import ParameterError
from models.features import GroupFeatures
from models.linkage import Ties
from models.ownership import Ownership
from models.params import DetectionParams
from models.roles import Follower, Roles
from models.verdict import one_machine


@dataclass(frozen=True, slots=True)
class GroupFacts:
    """All that is known of a group when it is judged; `members` are account codes."""

    members: Sequence[int]
    roles: Roles
    features: GroupFeatures
    ownership: Ownership
    ties: Ties
    declaration: str
    params: DetectionParams


@dataclass(frozen=True, slots=True)
class Feature:
    """One named number of a group.

    `words` say what it is; `read` returns None where there was nothing to measure. The classifier
    sees log10(1 + value) where `is_log`: times and counts matter by their ratio.
    """

    name: str
    words: str
    read: Callable[[GroupFacts], float | None]
    is_log: bool = False


def group_row(facts: GroupFacts) -> dict[str, float | None]:
    """Return the value of every feature by name, None where there was nothing to measure."""
    row = {}
    for feature in FEATURES:
        value = feature.read(facts)
        row[feature.name] = None if value is None else round(float(value), 6)
    return row


def feature_matrix(rows: Sequence[Mapping[str, float | None]]) -> NDArray[np.float64]:
    """Return rows as the classifier sees them.

    Parameters
    ----------
    rows : sequence of mapping
        Values by feature name; a name that is left out is a value that is not known.

    Returns
    -------
    ndarray of float, shape (n_rows, n_features)
        Columns in the order of `FEATURES`, NaN where a value is None.

    Raises
    ------
    ParameterError
        If a row names a feature that does not exist, or a value is no finite number.
    """
    matrix = np.full((len(rows), len(FEATURES)), np.nan)
    for number, row in enumerate(rows):
        unknown = sorted(row.keys() - set(FEATURE_NAMES))
        if unknown:
            raise ParameterError(f"features must be those of this version, had {unknown[0]!r}")
        for column, feature in enumerate(FEATURES):
            value = row.get(feature.name)
            if value is None:
                continue
            if not np.isfinite(value) or (feature.is_log and value < 0):
                rule = "a number of at least 0" if feature.is_log else "a finite number"
                raise ParameterError(f"{feature.name} must be {rule}, was {value}")
            matrix[number, column] = np.log10(1.0 + value) if feature.is_log else value
    return matrix


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.median(known)) if known else None


def _of_followers(read: Callable[[Follower], float | None]) -> Callable[[GroupFacts], float | None]:
    return lambda facts: _median([read(follower) for follower in facts.roles.followers])


def _ratio_spread(facts: GroupFacts) -> float | None:
    """Return the interquartile range of the followers' ratios, as a power of ten."""
    logs = sorted(np.log10(f.ratio) for f in facts.roles.followers if f.ratio)
    if len(logs) < 2:
        return None
    low, high = np.quantile(logs, (0.25, 0.75))
    return float(high - low)


def _share(n: float, of: int) -> float | None:
    return n / of if of else None


def _n_known(facts: GroupFacts) -> int:
    return sum(owner is not None for owner in facts.ownership.owners)


def _tied(facts: GroupFacts, bits: float) -> float:
    return facts.ties.largest_part(facts.members, bits) / len(facts.members)


def _at_one_home(facts: GroupFacts) -> float:
    homes = [len(t.accounts) for t in facts.ties.ties if t.is_home and t.weight_bits > 0]
    return max(homes, default=0) / len(facts.members)


FEATURES: tuple[Feature, ...] = (
    Feature("members", "members", lambda g: len(g.members), is_log=True),
    Feature("episodes", "episodes", lambda g: g.features.n_episodes, is_log=True),
    Feature("quiet_chances", "quiet decisions", lambda g: g.features.n_quiet, is_log=True),
    Feature("quiet_fidelity", "share repeated in quiet", lambda g: g.features.quiet_fidelity),
    Feature("fidelity", "share repeated", lambda g: g.features.fidelity),
    Feature("burst_share", "share of episodes in bursts", lambda g: g.features.burst_share),
    Feature("crowd_size", "strangers around", lambda g: g.features.crowd_size, is_log=True),
    Feature("crowd_ratio", "times the usual", lambda g: g.features.crowd_ratio, is_log=True),
    Feature("lead_share", "share led by one", lambda g: g.features.lead_share),
    Feature("tied_share", "share at one instant", lambda g: g.features.tied_share),
    Feature("coverage", "share the leader traded in", lambda g: g.features.coverage),
    Feature("off_venue", "source off the venue", lambda g: g.features.off_venue),
    Feature("opposite_share", "share traded around", lambda g: g.features.opposite_share),
    Feature("basket_share", "share in baskets", lambda g: g.features.basket_share),
    Feature("clock_share", "share at one place of the hour", lambda g: g.features.clock_share),
    Feature("automated_share", "share automated", lambda g: g.features.automated_share),
    Feature("lag_median_ms", "median lag, ms", _of_followers(lambda f: f.lag_median_ms), True),
    Feature("lag_iqr_ms", "spread of the lag, ms", _of_followers(lambda f: f.lag_iqr_ms), True),
    Feature("participation", "participation", _of_followers(lambda f: f.participation)),
    Feature("ratio_spread", "spread of the ratios", _ratio_spread),
    Feature(
        "inverse_share",
        "share of inverse followers",
        lambda g: _share(sum(f.inverse for f in g.roles.followers), len(g.roles.followers)),
    ),
    Feature(
        "known_owner_share",
        "share of known owners",
        lambda g: _n_known(g) / len(g.members),
    ),
    Feature(
        "owners_each",
        "owners a known member",
        lambda g: _share(g.ownership.n_owners, _n_known(g)),
    ),
    Feature("is_one_owner", "one known owner", lambda g: g.ownership.n_owners == 1),
    Feature("is_several_owners", "several known owners", lambda g: g.ownership.n_owners > 1),
    Feature("seen_share", "share with any record", lambda g: g.ownership.n_seen / len(g.members)),
    Feature(
        "strong_tie_share",
        "share tied strongly",
        lambda g: _tied(g, g.params.linkage.strong_bits),
    ),
    Feature("tie_share", "share tied", lambda g: _tied(g, g.params.linkage.weak_bits)),
    Feature(
        "is_one_machine",
        "one machine for all",
        lambda g: one_machine(g.ties, g.members, g.params) is not None,
    ),
    Feature("home_share", "share at one home", _at_one_home),
    Feature("is_declared", "declared as one", lambda g: g.declaration == "declared"),
    Feature("exits_log10_lr", "exits, log10 odds", lambda g: g.features.exits_log10_lr),
    Feature("cancels_log10_lr", "cancels, log10 odds", lambda g: g.features.cancels_log10_lr),
    Feature("replaces_log10_lr", "replaces, log10 odds", lambda g: g.features.replaces_log10_lr),
    Feature("stops_log10_lr", "stops, log10 odds", lambda g: g.features.stops_log10_lr),
    Feature("sizes_log10_lr", "sizes, log10 odds", lambda g: g.features.sizes_log10_lr),
    Feature("is_partly_declared", "partly declared", lambda g: g.declaration == "partly"),
)
"""Every feature, in the order of the columns."""

FEATURE_NAMES: tuple[str, ...] = tuple(feature.name for feature in FEATURES)
