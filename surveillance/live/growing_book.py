"""The reference data of the accounts that have traded so far: one more costs what it brings.

What a shared value says depends on how many accounts were seen with it, and only those that have
traded count: a scan of the events so far knows no others.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from models.linkage import Linkage, Sighting, Tie, Ties
from models.params import LinkageParams
from surveillance.pipeline.encoded import EncodedOrders
from surveillance.pipeline.reference import AccountBook, AccountRecords, ReferenceData

_Taken = tuple[tuple[str, ...], frozenset[tuple[str, str]], Mapping[str, str]]
"""Account ids, operators and firms that orders came with."""


class GrowingBook:
    """Book and linkage of a stream's accounts; codes follow the sorted ids, so they move.

    Parameters
    ----------
    reference : ReferenceData
        What is known besides the orders.
    params : LinkageParams
        Weights.
    """

    def __init__(self, reference: ReferenceData, params: LinkageParams) -> None:
        self._records = AccountRecords(reference)
        self._params = params
        self._names: set[str] = set(self._records.accounts)
        self._begin()

    def look_up(self, orders: EncodedOrders) -> tuple[AccountBook, "CodedLinkage"]:
        """Return what is known of the accounts of some orders, in the orders' codes."""
        names = (orders.accounts, orders.operators, orders.firm_of)
        if any(new is not old for new, old in zip(names, self._taken, strict=True)):
            self._take(*names)
        return self._book, CodedLinkage(self._linkage, self._number)

    def _begin(self) -> None:
        """Start anew: accounts numbered in the order of their ids, none of them taken yet."""
        self._number_of = {name: number for number, name in enumerate(sorted(self._names))}
        self._linkage = Linkage((), self._params)
        self._taken: _Taken = ((), frozenset(), {})

    def _take(
        self,
        accounts: tuple[str, ...],
        operators: frozenset[tuple[str, str]],
        firm_of: Mapping[str, str],
    ) -> None:
        if not self._names.issuperset(accounts):
            self._names.update(accounts)
            self._begin()
        for name in set(accounts).difference(self._taken[0]):
            self._linkage.add(self._records.sightings(name, self._number_of[name]))
        for name, operator in operators - self._taken[1]:
            self._linkage.add([Sighting(self._number_of[name], "operator", operator)])
        self._taken = (accounts, operators, firm_of)
        self._number = np.array([self._number_of[name] for name in accounts], np.int64)
        self._book = AccountBook(self._records, *self._taken)


class CodedLinkage:
    """A linkage by other account numbers, asked and answering in codes of the same order.

    Parameters
    ----------
    linkage : Linkage
        By number.
    number : ndarray of int64, shape (n_accounts,)
        Of each code, ascending.
    """

    def __init__(self, linkage: Linkage, number: NDArray[np.int64]) -> None:
        self._linkage, self._number = linkage, number

    def ties_among(self, members: Sequence[int]) -> Ties:
        """Return what the members share, strongest first, and the weight of each pair."""
        code_of = {int(self._number[code]): code for code in members}
        found = self._linkage.ties_among(list(code_of))
        ties = tuple(
            Tie(
                t.kind,
                t.value,
                tuple(code_of[n] for n in t.accounts),
                t.crowd,
                t.weight_bits,
                t.is_home,
            )
            for t in found.ties
        )
        bits = {(code_of[a], code_of[b]): weight for (a, b), weight in found.pair_bits.items()}
        return Ties(ties, bits, found.n_seen)
