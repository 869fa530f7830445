"""Who belongs to a group of identical orders, and who happened to send the same order.

A farm uses its accounts alike; a stranger whose order fell into the run has other business. Were
an account a member, each of its decisions would be one of the group's orders as often as those of
the other accounts are. Members are held to this one by one (docs/method.md, 6).
"""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom


def admit_members(
    n_alike: NDArray[np.int64], n_decisions: NDArray[np.int64], *, doubt: float
) -> NDArray[np.bool_]:
    """Mark the accounts that use the group's order as the others do.

    The one that fits worst leaves first, then the others are looked at anew: one busy stranger
    must not lend its share to the next. An account with nothing but the group's orders stays.

    Parameters
    ----------
    n_alike, n_decisions : ndarray of int64, shape (n_accounts,)
        Each account's decisions among the group's identical orders, and in the whole stream.
    doubt : float
        An account leaves where a member would have so few with at most this probability.
    """
    share = n_alike / np.maximum(n_decisions, 1)
    stays = np.ones(share.size, np.bool_)
    while np.count_nonzero(stays) > 1:
        usual = (share[stays].sum() - share) / (np.count_nonzero(stays) - 1)
        fit = binom.cdf(n_alike, n_decisions, np.clip(usual, 0.0, 1.0))
        fit[~stays | (n_alike >= n_decisions)] = 1.0
        worst = int(np.argmin(fit))
        if fit[worst] > doubt:
            break
        stays[worst] = False
    return stays
