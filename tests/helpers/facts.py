"""Facts of a made-up group: a leader and followers that copy it, in any order of members."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from models.features import GroupFeatures
from models.group_row import GroupFacts
from models.linkage import Ties
from models.ownership import Ownership
from models.params import DetectionParams
from models.roles import Follower, Roles

COPYING: dict[str, Any] = {
    "n_episodes": 20,
    "n_quiet": 18,
    "quiet_fidelity": 0.8,
    "fidelity": 0.75,
    "burst_share": 0.1,
    "crowd_size": 1.0,
    "crowd_ratio": 0.5,
    "lead_share": 0.95,
    "tied_share": 0.0,
    "coverage": 1.0,
    "off_venue": False,
    "opposite_share": 0.0,
}
NO_TIES = Ties((), {})


def facts(
    owners: Sequence[str | None] = ("x", "y", "z"),
    *,
    ties: Ties = NO_TIES,
    declaration: str = "undeclared",
    ratios: Sequence[float | None] | None = None,
    order: Sequence[int] | None = None,
    n_seen: int | None = None,
    **features: Any,
) -> GroupFacts:
    """Return the facts of a group: account 0 leads, the followers stand in the given order."""
    n = len(owners)
    turned = list(order or range(1, n))
    rows = np.arange(15)
    followers = tuple(
        Follower(
            account=account,
            inverse=account == 2,
            source_row=rows[: 9 + account % 5],
            own_row=rows[: 9 + account % 5],
            window_ns=1,
            opportunities=rows,
            ratio=(ratios or [1.0 + a for a in range(n)])[account],
            lag_median_ms=40.0 * account,
            lag_iqr_ms=4.0 * account,
        )
        for account in turned
    )
    measured = GroupFeatures(**{**COPYING, **features})
    roles = Roles(
        source=0,
        off_venue=measured.off_venue,
        coverage=measured.coverage,
        lead_share=measured.lead_share,
        tied_share=measured.tied_share,
        source_rows=rows,
        episode_row=rows[: measured.n_episodes],
        followers=followers,
    )
    members = [0, *turned]
    known = Counter(owner for owner in owners if owner is not None)
    ownership = Ownership(
        tuple(owners[member] for member in members),
        len(known),
        max(known.values(), default=0),
        n if n_seen is None else n_seen,
    )
    return GroupFacts(members, roles, measured, ownership, ties, declaration, DetectionParams())
