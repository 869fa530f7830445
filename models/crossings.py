"""Crossings: when the evidence of a pair passed a watched level."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Crossings:
    """When rows passed the watched level, in event order, shape (n_crossings,) each.

    `ln_e`, `answers` and `opportunities` (the leader's decisions since the row's last start) are
    what the row held then.
    """

    time_ns: NDArray[np.int64]
    leader: NDArray[np.int32]
    follower: NDArray[np.int32]
    channel: NDArray[np.int8]
    ln_e: NDArray[np.float64]
    answers: NDArray[np.int64]
    opportunities: NDArray[np.int64]
