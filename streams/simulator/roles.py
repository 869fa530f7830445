"""Roles: what it is to be an honest or a planted kind.

A kind is a name, how many accounts play it, where they log in from, and a record of laws that
knows when they trade.
"""

from dataclasses import dataclass
from enum import StrEnum

from streams.simulator.laws import Law
from streams.simulator.neighbors import Onlooker
from streams.simulator.planted import Planter
from streams.simulator.sending import Trader
from streams.simulator.teams import Teams


class Verdict(StrEnum):
    """The right verdict on a planted group."""

    INTERNAL = "INTERNAL"
    EXTERNAL = "EXTERNAL"


class Subtype(StrEnum):
    """The right subtype of a planted group."""

    OWN_ACCOUNTS = "own_accounts"
    UNDECLARED_OWN_ACCOUNTS = "undeclared_own_accounts"
    SIGNAL = "signal"
    MANAGED_ACCOUNTS = "managed_accounts"
    MIXED = "mixed"


class Ownership(StrEnum):
    """Who owns the accounts of a planted group.

    `PERSON_AND_COMPANY` are two owners on record behind which stands one person; `MIXED` gives
    four of the accounts, or all but one where there are fewer, to one owner and each of the
    others to an owner of its own.
    """

    ONE = "one"
    EACH = "each"
    PERSON_AND_COMPANY = "person_and_company"
    MIXED = "mixed"


class Residence(StrEnum):
    """Where the accounts of a planted group log in from.

    `ONE_MACHINE` is one device at one address, an office or a rented server, whoever owns the
    accounts; `OWN_PROXIES` a hosting address of its own for each account.
    """

    ONE_HOME = "one_home"
    ONE_SERVER = "one_server"
    FOLLOWERS_ON_SERVER = "followers_on_server"
    ONE_MACHINE = "one_machine"
    OWN_PROXIES = "own_proxies"
    APART = "apart"


@dataclass(frozen=True, slots=True)
class HonestKind:
    """Honest accounts of one kind: `share` of them, `hosting_share` of those on rented servers.

    `teams` splits them into rooms or firms.
    """

    name: str
    share: float
    trader: Trader | Onlooker
    hosting_share: float
    teams: Teams | None = None


@dataclass(frozen=True, slots=True)
class PlantedKind:
    """Planted groups of one kind.

    `n_members` counts the leader and is at least `fewest_members` and at most
    `largest_market_share` of the market, if that is not fewer still; markets that cannot hold the
    fewest have no such group. `declared_share` is the share of followers with a declaration; when
    it covers all of them the subtype is `declared_subtype`. `hosting_share` is the share of
    members that rent a server where the residence does not say so already.
    """

    name: str
    verdict: Verdict
    subtype: Subtype
    declared_subtype: Subtype
    n_members: Law
    planter: Planter
    ownership: Ownership
    residence: Residence
    declared_share: Law
    hosting_share: float
    fewest_members: int = 2
    largest_market_share: float = 1.0
