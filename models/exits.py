"""Exits: decisions against a position, as far as the account's own decisions show one."""

import numpy as np
from numpy.typing import NDArray

from models.columns import DecisionColumns, is_among
from models.params import DAY_NS


def find_exits(
    rows: NDArray[np.int64], decisions: DecisionColumns
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find the decisions of one account against its position, and the entry before each.

    The position is the sum of its lots in the family since midnight UTC: what was not filled or
    was held overnight would make every later decision an exit. A family in which a size is
    unknown has no exits, and neither has a position that nobody saw entered.

    Parameters
    ----------
    rows : ndarray of int64, shape (n_rows,)
        The account's decisions, ascending.
    decisions : DecisionColumns
        In event order.

    Returns
    -------
    exit_row, entry_row : ndarray of int64, shape (n_exits,)
        Exits, ascending; the newest decision before each that left a position on its own side.
    """
    lots = decisions.quantity_lots[rows]
    unknown = np.unique(decisions.family[rows][lots <= 0])
    rows = rows[~is_among(decisions.family[rows], unknown)]
    day = decisions.event_time_ns[rows] // DAY_NS
    rows = rows[np.lexsort((rows, day, decisions.family[rows]))]
    n = rows.size
    if n == 0:
        return rows, rows
    family, day = decisions.family[rows], decisions.event_time_ns[rows] // DAY_NS
    signed = decisions.quantity_lots[rows] * (1 - 2 * decisions.side[rows].astype(np.int64))
    starts = np.ones(n, np.bool_)
    starts[1:] = (family[1:] != family[:-1]) | (day[1:] != day[:-1])
    first = np.maximum.accumulate(np.where(starts, np.arange(n), 0))
    summed = np.cumsum(signed)
    before = summed - signed
    before = before - before[first]
    after = before + signed
    enters = np.maximum.accumulate(np.where(after * np.sign(signed) > 0, np.arange(n), -1))
    entry = np.concatenate(([-1], enters[:-1]))
    is_exit = (before * np.sign(signed) < 0) & (entry >= first)
    order = np.argsort(rows[is_exit])
    return rows[is_exit][order], rows[entry[is_exit]][order]
