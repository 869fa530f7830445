"""Linkage: who is behind the accounts, from values they share outside trading.

A shared value weighs w = log2(a r / u) bits (Fellegi & Sunter 1969), u the chance that two
strangers share it: its crowd among the accounts seen on the same kind of network in the same
country on the same day. A value shared by a crowd weighs nothing, which also cuts the hubs that
would chain strangers together. Kept apart from the timing evidence and never lowers its bar.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import log2
from typing import Protocol

import networkx as nx

from models.params import LinkageParams

_Where = tuple[str, str | None, str | None, int | None]
"""Kind of value, network, country, day (None for the whole time)."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """An account seen with a value.

    `kind` is owner, device, ip, payment, email or operator; `network` the address kind (ip only);
    `days` the days on which it was seen (empty where time does not apply).
    """

    account: int
    kind: str
    value: str
    network: str | None = None
    country: str | None = None
    days: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Tie:
    """One value that several members share; `is_home` for an address where people live."""

    kind: str
    value: str
    accounts: tuple[int, ...]
    crowd: int
    weight_bits: float
    is_home: bool = False


@dataclass(frozen=True, slots=True)
class Ties:
    """Ties among the members of a group and the weight they give to each pair of them.

    `n_seen` counts the members that were seen with any value at all.
    """

    ties: tuple[Tie, ...]
    pair_bits: dict[tuple[int, int], float]
    n_seen: int = 0

    def joined(self, members: Sequence[int], bits: float) -> bool:
        """Whether pairs of at least this weight connect all members."""
        return self.largest_part(members, bits) == len(members)

    def largest_part(self, members: Sequence[int], bits: float) -> int:
        """Return the size of the largest part that pairs of at least this weight connect."""
        graph: nx.Graph[int] = nx.Graph()
        graph.add_nodes_from(members)
        graph.add_edges_from(pair for pair, weight in self.pair_bits.items() if weight >= bits)
        return max(len(part) for part in nx.connected_components(graph))


class TieFinder(Protocol):
    """Answers for one group at a time, in the account codes of whoever asks."""

    def ties_among(self, members: Sequence[int]) -> Ties:
        """Return what the members share, strongest first, and the weight of each pair."""
        ...


class Linkage:
    """All sightings of a venue, indexed once; answers for one group at a time.

    Parameters
    ----------
    sightings : sequence of Sighting
        Every account's values; repeated ones are fine.
    params : LinkageParams
        Weights.
    """

    def __init__(self, sightings: Sequence[Sighting], params: LinkageParams) -> None:
        self._params = params
        self._of_value: dict[tuple[str, str], dict[int, Sighting]] = defaultdict(dict)
        self._values_of: dict[int, set[tuple[str, str]]] = defaultdict(set)
        self._days_of: dict[int, set[int]] = defaultdict(set)
        self._population: dict[_Where, set[int]] = defaultdict(set)
        self.add(sightings)

    def add(self, sightings: Iterable[Sighting]) -> None:
        """Take more sightings, as if they had been there from the start."""
        for seen in sightings:
            key = (seen.kind, seen.value)
            self._of_value[key][seen.account] = _joined(self._of_value[key].get(seen.account), seen)
            self._values_of[seen.account].add(key)
            self._days_of[seen.account] |= seen.days
            for day in (None, *seen.days):
                self._population[seen.kind, seen.network, seen.country, day].add(seen.account)

    def ties_among(self, members: Sequence[int]) -> Ties:
        """Return what the members share, strongest first, and the weight of each pair."""
        inside = set(members)
        shared = sorted(
            {
                key
                for account in members
                for key in self._values_of.get(account, ())
                if len(inside & self._of_value[key].keys()) > 1
            }
        )
        ties: list[Tie] = []
        by_pair: dict[tuple[int, int], list[tuple[float, str]]] = defaultdict(list)
        for kind, value in shared:
            holders = self._of_value[kind, value]
            accounts = tuple(sorted(inside & holders.keys()))
            weight = self._weight(kind, holders, accounts)
            home = kind == "ip" and holders[accounts[0]].network in ("residential", None)
            ties.append(Tie(kind, value, accounts, len(holders), weight, home))
            for a, b in combinations(accounts, 2):
                bits = weight * self._recurrence(holders[a], holders[b])
                by_pair[a, b].append((bits, kind))
        ties.sort(key=lambda tie: (-tie.weight_bits, tie.kind, tie.value))
        pair_bits = {pair: self._combined(found) for pair, found in sorted(by_pair.items())}
        n_seen = sum(account in self._values_of for account in inside)
        return Ties(tuple(ties), pair_bits, n_seen)

    def _weight(self, kind: str, holders: dict[int, Sighting], accounts: tuple[int, ...]) -> float:
        params = self._params
        exclusive = kind == "device" and len(accounts) == len(holders)
        if len(holders) > params.max_crowd and not exclusive:
            return 0.0
        seen = holders[accounts[0]]
        reliability = 1.0
        if kind == "ip":
            reliability = {
                "residential": params.reliability_residential,
                "mobile": params.reliability_mobile,
                "hosting": params.reliability_hosting,
                "vpn": params.reliability_vpn,
            }.get(seen.network or "", params.reliability_unknown)
        chance = self._chance(kind, holders, accounts)
        return max(0.0, log2(params.agreement * reliability / chance))

    def _chance(self, kind: str, holders: dict[int, Sighting], accounts: tuple[int, ...]) -> float:
        """Return the chance that two strangers share the value, on the day it says most.

        The crowd is made of holders outside the group, and one. Days count on which two members
        were seen with the value; where there is none, or no days are known, the whole time counts
        as one.
        """
        seen = holders[accounts[0]]
        outside = [holder for account, holder in holders.items() if account not in accounts]
        n_seen = Counter(day for account in accounts for day in holders[account].days)
        days: list[int | None] = [day for day, n in n_seen.items() if n > 1]
        chances = []
        for day in days or [None]:
            crowd = 1 + sum(day is None or day in holder.days for holder in outside)
            where = (kind, seen.network, seen.country)
            population = self._population.get((*where, day), self._population[*where, None])
            chances.append(crowd / len(population))
        return min(1.0, *chances)

    def _recurrence(self, a: Sighting, b: Sighting) -> float:
        """Return 1, or less when the two met with the value on one day but could have on more."""
        if not a.days or not b.days or len(a.days & b.days) > 1:
            return 1.0
        could = len(self._days_of[a.account] & self._days_of[b.account])
        return 1.0 if could == 1 and a.days & b.days else self._params.one_sighting_share

    def _combined(self, found: list[tuple[float, str]]) -> float:
        """Return best plus half the second best; addresses alone are a household at most."""
        bits = sorted((weight for weight, _ in found), reverse=True)
        total = bits[0] + self._params.second_share * (bits[1] if len(bits) > 1 else 0.0)
        if all(kind == "ip" for _, kind in found):
            return min(total, self._params.household_bits)
        return total


def _joined(known: Sighting | None, seen: Sighting) -> Sighting:
    if known is None:
        return seen
    return Sighting(
        seen.account, seen.kind, seen.value, known.network, known.country, known.days | seen.days
    )
