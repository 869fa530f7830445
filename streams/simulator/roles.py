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


class Residence(StrEnum):
    """Where the accounts of a planted group log in from."""

    ONE_HOME = "one_home"
    ONE_SERVER = "one_server"
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

    `n_members` counts the leader. With `one_owner` all accounts are one person's.
    `declared_share` is the share of followers with a declaration; when it covers all of them the
    subtype is `declared_subtype`. `hosting_share` is the share of members that rent a server
    where the residence does not say so already.
    """

    name: str
    verdict: Verdict
    subtype: Subtype
    declared_subtype: Subtype
    n_members: Law
    planter: Planter
    one_owner: bool
    residence: Residence
    declared_share: Law
    hosting_share: float
