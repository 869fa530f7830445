"""Trials: the decisions that could show a mark, for every question about identical orders.

A mark is an account's first decision with a fingerprint; its label says which. Trials of one
question, instrument and side stand in event order (docs/method.md, 6; models/identical.py asks).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from models.fingerprints import FingerprintColumns

NO_LABEL = -1


class Surprise(IntEnum):
    """What is surprising about a cluster's fingerprint."""

    SIZE = 0
    NEWCOMER = 1
    ONE_SHOT = 2
    PRICE = 3


@dataclass(frozen=True, slots=True)
class Trials:
    """A stream of decisions that could show a mark, in event order; label -1 where they do not.

    `lots` and `price` are those of each label. `n_decisions` (n_labels,) counts all decisions of
    the key with each label's size, where a size alone is the surprise. `is_alike` marks the trials
    whose share in the past is the share of the marks, where that is not each label's own.
    """

    surprise: Surprise
    event_time_ns: NDArray[np.int64]
    account: NDArray[np.int32]
    label: NDArray[np.int64]
    lots: NDArray[np.int64]
    price: NDArray[np.int64]
    n_decisions: NDArray[np.int64] | None = None
    is_alike: NDArray[np.bool_] | None = None
    control: "Control | None" = None


@dataclass(frozen=True, slots=True)
class Control:
    """Other accounts' limit orders: all times, and those at each price code."""

    event_time_ns: NDArray[np.int64]
    price_first: NDArray[np.int64]
    price_ns: NDArray[np.int64]
    price_code: NDArray[np.int64]  # of each trial


def split_by_key(
    decisions: FingerprintColumns, least: int
) -> Iterator[tuple[int, int, FingerprintColumns]]:
    """Yield (instrument, side, their decisions in event order), if those are more than `least`."""
    key = decisions.instrument.astype(np.int64) * 2 + decisions.side
    order = np.argsort(key, kind="stable")
    found, first = np.unique(key[order], return_index=True)
    if key.size == 0:
        return
    for each, rows in zip(found.tolist(), np.split(order, first[1:]), strict=True):
        if rows.size > least:
            yield each // 2, each % 2, decisions.take(rows)


def ask_questions(part: FingerprintColumns, *, warm_ns: int) -> Iterator[Trials]:
    """Yield the trials of every question about one instrument and side.

    Robots' decisions are left out of the questions about newcomers: they never sleep, and share
    of newcomers would rise whenever people wake. In the past a newcomer of any size stands for one
    of this size, or a night of one size would make the opening a surprise.

    Parameters
    ----------
    part : FingerprintColumns
        The decisions, in event order.
    warm_ns : int
        Before this time everybody is new to us: no newcomer is a mark.
    """
    is_first = _is_first(part.account.astype(np.int64), part.quantity_lots)
    is_sized = part.quantity_lots > 0  # an unknown size equals nothing
    lots, label, n_decisions = np.unique(
        part.quantity_lots, return_inverse=True, return_counts=True
    )
    none = np.zeros(lots.size, np.int64)
    for of_new in (True, False):
        rows = np.flatnonzero(is_first & is_sized & (part.is_new == of_new))
        yield Trials(
            Surprise.SIZE,
            part.event_time_ns[rows],
            part.account[rows],
            label[rows],
            lots,
            none,
            n_decisions=n_decisions,
        )
    people = np.flatnonzero(~part.is_robot)
    times, is_warm = part.event_time_ns[people], part.event_time_ns[people] >= warm_ns
    for surprise, is_rare, is_told in (
        (Surprise.NEWCOMER, part.is_new[people], is_warm),
        (Surprise.ONE_SHOT, part.is_one_shot[people], True),
    ):
        is_alike = is_first[people] & is_rare
        yield Trials(
            surprise,
            times,
            part.account[people],
            np.where(is_alike & is_told & is_sized[people], label[people], NO_LABEL),
            lots,
            none,
            is_alike=is_alike,
        )
    yield from ask_prices(part)


def ask_prices(part: FingerprintColumns) -> Iterator[Trials]:
    """Yield new accounts' limit orders; the control is everybody else's."""
    rows = np.flatnonzero(part.has_price & part.is_new & (part.quantity_lots > 0))
    others = np.flatnonzero(part.has_price & ~part.is_new)
    if rows.size == 0 or others.size == 0:
        return
    pair = np.stack([part.quantity_lots[rows], part.price_ticks[rows]])
    (lots, price), label = np.unique(pair, axis=1, return_inverse=True)
    label = np.where(_is_first(part.account[rows].astype(np.int64), label), label, NO_LABEL)
    prices = np.unique(price)
    code = np.searchsorted(prices, part.price_ticks[others])
    known = code < prices.size
    known[known] = prices[code[known]] == part.price_ticks[others][known]
    order = np.argsort(code[known], kind="stable")
    control = Control(
        event_time_ns=part.event_time_ns[others],
        price_first=np.searchsorted(code[known][order], np.arange(prices.size + 1)),
        price_ns=part.event_time_ns[others[known][order]],
        price_code=np.searchsorted(prices, part.price_ticks[rows]),
    )
    yield Trials(
        Surprise.PRICE,
        part.event_time_ns[rows],
        part.account[rows],
        label,
        lots,
        price,
        control=control,
    )


def _is_first(account: NDArray[np.int64], value: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Mark each account's first row with each value."""
    order = np.lexsort((value, account))  # stable: rows stay in event order
    result = np.ones(account.size, np.bool_)
    here, after = order[:-1], order[1:]
    again = (account[here] == account[after]) & (value[here] == value[after])
    result[after[again]] = False
    return result
