"""The looks at a pair: the rank test as it is, and once more for slow followers of busy leaders.

Each look has an equal part of the error budget, so that one threshold serves the larger evidence.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from models.columns import N_CHANNELS, PairEvidence
from models.errors import ParameterError
from models.params import DetectionParams, RankTestParams


@dataclass(frozen=True, slots=True)
class Look:
    """Thresholds of one look, and whether only decisions that open a window can be answered."""

    params: RankTestParams
    windows: bool


def looks_of(params: DetectionParams) -> tuple[Look, ...]:
    """Return the looks of a run, the plain rank test first.

    Raises
    ------
    ParameterError
        If the second look mixes over another number of exponents.
    """
    plain = Look(params.rank_test, windows=False)
    if not params.slow_look.kappas:
        return (plain,)
    if len(params.slow_look.kappas) != len(params.rank_test.kappas):
        raise ParameterError("slow_look.kappas must be as many as rank_test.kappas, or none")
    return (plain, Look(replace(params.rank_test, kappas=params.slow_look.kappas), windows=True))


def louder_look(looks: Sequence[PairEvidence], *, n_accounts: int) -> PairEvidence:
    """Return the larger evidence of every pair, less the price of having looked so often.

    Parameters
    ----------
    looks : sequence of PairEvidence
        At least one; answers and opportunities are those of the look that is kept.
    n_accounts : int
        Accounts of the venue.
    """
    merged = PairEvidence(
        **{
            c.name: np.concatenate([getattr(e, c.name) for e in looks])
            for c in fields(PairEvidence)
        }
    )
    pair = (merged.leader.astype(np.int64) * n_accounts + merged.follower) * N_CHANNELS
    pair += merged.channel
    order = np.lexsort((-merged.ln_e, pair))  # stable: of equal looks the first
    kept = order[np.diff(pair[order], prepend=-1) != 0]
    return replace(merged.take(kept), ln_e=merged.ln_e[kept] - float(np.log(len(looks))))
