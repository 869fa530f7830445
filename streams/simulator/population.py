"""The people behind the accounts: owners, firms, homes, offices, rented servers, devices.

Most owners hold one account and live alone at their address; some hold several that they trade
independently, some share an address with others. Addresses of phones and of hosting companies
are shared by many strangers.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.random import Generator

from streams.simulator.cast import Cast
from streams.simulator.identifiers import draw_ids
from streams.simulator.laws import (
    NS_PER_SECOND,
    Choice,
    Flags,
    Floats,
    Ints,
    LogNormal,
    Uniform,
    draw_counts,
)
from streams.simulator.market import Market
from streams.simulator.owners import draw_homes, draw_owners, draw_teams
from streams.simulator.population_laws import USUAL_POPULATION, PopulationLaws
from streams.simulator.roles import Ownership, PlantedKind, Residence
from streams.simulator.teams import Teams
from streams.tables import ACCOUNT_SCHEMA, AccountKind

N_FIRMS = Choice((4.0, 5.0, 6.0), (1.0, 1.0, 1.0))
SAME_FIRM_SHARE = 0.6
OWN_SERVER_SHARE = 0.5
MACHINE_ON_SERVER_SHARE = 0.5
VPN_SHARE = 0.03
PHONE_USER_SHARE = 0.5
PHONE_SESSION_SHARE = Uniform(0.1, 0.6)
MISSING_EMAIL_SHARE = 0.03
MISSING_PAYMENT_SHARE = 0.10
COUNTRIES = Choice(tuple(map(float, range(8))), (30.0, 12.0, 10.0, 8.0, 8.0, 6.0, 6.0, 4.0))
COUNTRY_CODES = ("US", "GB", "DE", "CA", "FR", "ES", "IN", "BR")
EQUITY = LogNormal(50_000.0, 0.8, 2_000.0, 2_000_000.0)
ACCOUNT_AGE_DAYS = LogNormal(120.0, 1.0, 5.0, 1500.0)
ACCOUNT_KINDS = (AccountKind.EVALUATION, AccountKind.FUNDED, AccountKind.LIVE)
ACCOUNT_KIND = Choice((0.0, 1.0, 2.0), (0.5, 0.3, 0.2))


@dataclass(frozen=True, slots=True)
class Population:
    """Columns of owners and accounts.

    Per account: `owner`, `firm`, `server` (a hosting address, -1 for none), `team` (honest accounts
    that belong together, -1 for none), and `machine` (an owner whose device it is traded from).
    Per owner: `home` (an address, shared in households and offices), `payment`, `email`,
    `country`, `phone_share` (share of sessions from the phone), `uses_vpn`.
    """

    account_ids: tuple[str, ...]
    firm_ids: tuple[str, ...]
    owner: Ints
    firm: Ints
    server: Ints
    team: Ints
    machine: Ints
    home: Ints
    payment: Ints
    email: Ints
    country: Ints
    phone_share: Floats
    uses_vpn: Flags

    @property
    def n_accounts(self) -> int:
        """Accounts of the market."""
        return len(self.owner)

    @property
    def n_owners(self) -> int:
        """Owners of them."""
        return len(self.home)


def draw_population(
    n_accounts: int, cast: Cast, rng: Generator, laws: PopulationLaws = USUAL_POPULATION
) -> Population:
    """Draw the owners of all accounts and where they live.

    Parameters
    ----------
    n_accounts : int
        Accounts of the market.
    cast : Cast
        Says which accounts are one owner's and who rents a server.
    rng : Generator
        The source of randomness.
    laws : PopulationLaws
        Who owns and shares what.

    Returns
    -------
    Population
        Owners are numbered in random order.
    """
    teams = draw_teams(cast, rng)
    owner, is_honest = draw_owners(n_accounts, cast, teams, laws, rng)
    n_owners = len(is_honest)
    lives_alone = is_honest.copy()
    for _, members in teams:
        lives_alone[owner[members]] = False
    home, payment = draw_homes(lives_alone, laws, n_owners, rng)
    phone_share = PHONE_SESSION_SHARE.draw(rng, n_owners)
    phone_share[rng.random(n_owners) >= PHONE_USER_SHARE] = 0.0
    uses_vpn = rng.random(n_owners) < VPN_SHARE
    machine, email = owner.copy(), np.arange(n_owners, dtype=np.int64)
    for kind, accounts in cast.groups:
        theirs, first = owner[accounts], owner[accounts[0]]
        if kind.residence in (Residence.ONE_HOME, Residence.ONE_MACHINE):
            phone_share[theirs] = 0.0
            uses_vpn[theirs] = False
        if _is_one_desk(kind):
            machine[accounts] = first
            home[theirs] = home[first]
        if kind.ownership is Ownership.PERSON_AND_COMPANY:
            payment[theirs], email[theirs] = payment[first], email[first]
    team = np.full(n_accounts, -1, dtype=np.int64)
    for number, (_, members) in enumerate(teams):
        team[members] = number
        home[owner[members]] = owner[members[0]]
        phone_share[owner[members]] = 0.0
        uses_vpn[owner[members]] = False
    n_firms = int(draw_counts(N_FIRMS, rng, 1)[0])
    weights = rng.dirichlet(np.full(n_firms, 6.0))
    own_firm = rng.choice(n_firms, n_accounts, p=weights)
    owner_firm = rng.choice(n_firms, n_owners, p=weights)[owner]
    return Population(
        account_ids=draw_ids("A", n_accounts, rng),
        firm_ids=draw_ids("F", n_firms, rng),
        owner=owner,
        firm=np.where(rng.random(n_accounts) < SAME_FIRM_SHARE, owner_firm, own_firm),
        server=_draw_servers(n_accounts, cast, teams, laws, rng),
        team=team,
        machine=machine,
        home=home,
        payment=payment,
        email=email,
        country=draw_counts(COUNTRIES, rng, n_owners)[home],
        phone_share=phone_share,
        uses_vpn=uses_vpn,
    )


def _is_one_desk(kind: PlantedKind) -> bool:
    """Whether different owners on record share devices and home."""
    is_one_person = kind.ownership is Ownership.PERSON_AND_COMPANY
    return is_one_person or kind.residence is Residence.ONE_MACHINE


def _draw_servers(
    n_accounts: int,
    cast: Cast,
    teams: list[tuple[Teams, Ints]],
    laws: PopulationLaws,
    rng: Generator,
) -> Ints:
    """Hosting address of each account, -1 for none: a few crowded ones, some for one owner."""
    server = np.full(n_accounts, -1, dtype=np.int64)
    n_crowded = max(1, n_accounts // laws.accounts_per_server_address)
    n_servers = n_crowded
    for honest_kind, accounts in cast.honest:
        hosted = rng.random(len(accounts)) < honest_kind.hosting_share
        chosen = rng.integers(0, n_crowded, len(accounts))
        server[accounts[hosted]] = chosen[hosted]
    for _, members in teams:
        server[members] = server[members[0]]
    for kind, accounts in cast.groups:
        chosen = rng.integers(0, n_crowded, len(accounts))
        if kind.residence is Residence.ONE_SERVER:
            is_own = rng.random() < OWN_SERVER_SHARE
            server[accounts] = n_servers if is_own else chosen[0]
            n_servers += int(is_own)
        elif kind.residence is Residence.FOLLOWERS_ON_SERVER:
            server[accounts[1:]] = n_servers
            n_servers += 1
        elif kind.residence is Residence.ONE_MACHINE:
            if rng.random() < MACHINE_ON_SERVER_SHARE:
                server[accounts] = n_servers
                n_servers += 1
        elif kind.residence is Residence.OWN_PROXIES:
            server[accounts] = n_servers + np.arange(len(accounts))
            n_servers += len(accounts)
        else:
            hosted = rng.random(len(accounts)) < kind.hosting_share
            server[accounts[hosted]] = chosen[hosted]
    return server


def build_accounts_table(population: Population, market: Market, rng: Generator) -> pa.Table:
    """Build the accounts table of the data contract, by account id."""
    n, owner = population.n_accounts, population.owner
    owners = pa.array(draw_ids("U", population.n_owners, rng))
    emails = pa.array(draw_ids("", population.n_owners, rng, n_bytes=16))
    payments = pa.array(draw_ids("", population.n_owners, rng, n_bytes=16))
    # A missing value is missing for the owner's account, not for the owner.
    no_email = rng.random(n) < MISSING_EMAIL_SHARE
    no_payment = rng.random(n) < MISSING_PAYMENT_SHARE
    age_ns = (ACCOUNT_AGE_DAYS.draw(rng, n) * 86_400).astype(np.int64) * NS_PER_SECOND
    kinds = draw_counts(ACCOUNT_KIND, rng, n)
    columns = {
        "account_id": pa.array(population.account_ids),
        "firm_id": pa.array(population.firm_ids).take(pa.array(population.firm)),
        "owner_id": owners.take(pa.array(owner)),
        "email_hash": emails.take(pa.array(population.email[owner], mask=no_email)),
        "payment_hash": payments.take(pa.array(population.payment[owner], mask=no_payment)),
        "opened_time_ns": pa.array(market.open_ns[0] - age_ns),
        "account_kind": pa.array([str(ACCOUNT_KINDS[kind]) for kind in kinds]),
        "equity": pa.array(np.round(EQUITY.draw(rng, n), -2)),
    }
    return pa.table(columns, schema=ACCOUNT_SCHEMA).sort_by("account_id")
