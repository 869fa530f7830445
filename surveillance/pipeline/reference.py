"""Reference data of a run: owners, firms, sightings for linkage, declarations in force."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from models.linkage import Sighting
from models.params import DAY_NS
from surveillance.findings import Declaration

LONGEST_SESSION_DAYS = 31
_VALUES = (("owner", "owner_id"), ("payment", "payment_hash"), ("email", "email_hash"))

_Value = tuple[str, str, str | None, str | None]
"""Kind of value, value, network and country."""


@dataclass(frozen=True, slots=True)
class DeclaredLeader:
    """Whom a declaration names as an account's leader; `whole` if it covers the whole span."""

    leader_id: str
    whole: bool


@dataclass(frozen=True, slots=True)
class ReferenceData:
    """The optional tables of a dataset, as read."""

    accounts: pa.Table
    sessions: pa.Table
    declarations: pa.Table
    instruments: pa.Table


class AccountRecords:
    """Reference tables as rows by account: read once, whichever accounts have traded so far.

    Parameters
    ----------
    tables : ReferenceData
        Accounts, sessions and declarations.
    """

    def __init__(self, tables: ReferenceData) -> None:
        self.rows: dict[str, dict[str, Any]] = {
            row["account_id"]: row for row in tables.accounts.to_pylist()
        }
        self.owned: dict[str, list[str]] = {}
        for account_id, row in self.rows.items():
            if row["owner_id"] is not None:
                self.owned.setdefault(row["owner_id"], []).append(account_id)
        self.declarations: list[dict[str, Any]] = tables.declarations.to_pylist()
        self._seen_days = _days_by_value(tables.sessions)

    @property
    def accounts(self) -> set[str]:
        """The accounts that are known with any value."""
        return self.rows.keys() | self._seen_days.keys()

    def sightings(self, account_id: str, code: int) -> list[Sighting]:
        """Return every value that an account was seen with, under its code."""
        row = self.rows.get(account_id, {})
        values = ((kind, row.get(column)) for kind, column in _VALUES)
        found = [Sighting(code, kind, value) for kind, value in values if value is not None]
        for key, days in self._seen_days.get(account_id, {}).items():
            kind, value, network, country = key
            found.append(Sighting(code, kind, value, network, country, frozenset(days)))
        return found


class AccountBook:
    """What is known about accounts besides their orders.

    Parameters
    ----------
    records : AccountRecords
        Of accounts, sessions and declarations.
    accounts : sequence of str
        Account ids by code.
    operators : iterable of (account_id, operator_id)
        Who entered orders for whom.
    firm_of : mapping of account_id to firm_id
        As stamped on orders; the accounts table has precedence.
    """

    def __init__(
        self,
        records: AccountRecords,
        accounts: Sequence[str],
        operators: Iterable[tuple[str, str]],
        firm_of: Mapping[str, str],
    ) -> None:
        self._records = records
        self._accounts = accounts
        self._code_of = {account_id: code for code, account_id in enumerate(accounts)}
        self._rows = records.rows
        self._firm_of = firm_of
        self._operators = operators
        self._declarations = records.declarations

    def owner(self, account_id: str) -> str | None:
        """Return the know-your-customer identity, if known."""
        owner: str | None = self._rows.get(account_id, {}).get("owner_id")
        return owner

    def siblings(self, codes: Sequence[int]) -> dict[int, tuple[int, ...]]:
        """Return the accounts of each account's owner, itself included; itself if unknown."""
        siblings = {}
        for code in codes:
            owner = self.owner(self._accounts[code])
            owned = self._records.owned[owner] if owner is not None else ()
            traded = tuple(self._code_of[name] for name in owned if name in self._code_of)
            siblings[code] = traded or (code,)
        return siblings

    def firm(self, account_id: str) -> str | None:
        """Return the firm that the account belongs to, if known."""
        firm: str | None = self._rows.get(account_id, {}).get("firm_id")
        return firm or self._firm_of.get(account_id)

    def account_kind(self, account_id: str) -> str | None:
        """Return evaluation, funded or live, if known."""
        kind: str | None = self._rows.get(account_id, {}).get("account_kind")
        return kind

    def sightings(self) -> list[Sighting]:
        """Return every value that an account of the run was seen with."""
        found = [
            sighting
            for account_id, code in self._code_of.items()
            for sighting in self._records.sightings(account_id, code)
        ]
        return found + [
            Sighting(self._code_of[account_id], "operator", operator)
            for account_id, operator in sorted(self._operators)
            if account_id in self._code_of
        ]

    def declared_followers(
        self, leader_id: str, first_ns: int, last_ns: int
    ) -> dict[str, DeclaredLeader]:
        """Return the declared leader of every account, for declarations in force in the span.

        Where several are in force for an account, one that names `leader_id` has precedence, then
        one that is in force over the whole span.
        """
        declared: dict[str, DeclaredLeader] = {}
        for row in self._in_force(first_ns, last_ns):
            starts, ends = row["effective_from_ns"], row["effective_to_ns"]
            whole = (starts is None or starts <= first_ns) and (ends is None or ends >= last_ns)
            new = DeclaredLeader(row["leader_account_id"], whole)
            old = declared.get(row["account_id"], new)
            rank = (new.leader_id == leader_id, new.whole) > (old.leader_id == leader_id, old.whole)
            declared[row["account_id"]] = new if rank else old
        return declared

    def common_leader(self, accounts: Sequence[str], first_ns: int, last_ns: int) -> str | None:
        """Return the leader whom most declarations of these accounts name, None without any."""
        named = Counter(
            row["leader_account_id"]
            for row in self._in_force(first_ns, last_ns)
            if row["account_id"] in accounts
        )
        return min(named, key=lambda leader: (-named[leader], leader), default=None)

    def declarations_of(
        self, accounts: Sequence[str], first_ns: int, last_ns: int
    ) -> list[frozenset[str]]:
        """Return the declarations in force in the span that name each account, in either role."""
        named: dict[str, set[str]] = {account: set() for account in accounts}
        for row in self._in_force(first_ns, last_ns):
            for account in (row["leader_account_id"], row["account_id"]):
                if account in named:
                    named[account].add(row["declaration_id"])
        return [frozenset(named[account]) for account in accounts]

    def _in_force(self, first_ns: int, last_ns: int) -> Iterator[dict[str, Any]]:
        for row in self._declarations:
            starts, ends = row["effective_from_ns"], row["effective_to_ns"]
            if (starts is None or starts <= last_ns) and (ends is None or ends >= first_ns):
                yield row


def _days_by_value(sessions: pa.Table) -> dict[str, dict[_Value, set[int]]]:
    """Return by account the days on which it was seen with each address and device."""
    names = ("account_id", "start_time_ns", "end_time_ns", "ip", "ip_kind", "country", "device_id")
    columns = (sessions.column(name).to_pylist() for name in names)
    seen: dict[str, dict[_Value, set[int]]] = {}
    for account_id, start_ns, end_ns, ip, ip_kind, country, device in zip(*columns, strict=True):
        days = _days(start_ns, end_ns)
        values = seen.setdefault(account_id, {})
        if ip is not None:
            values.setdefault(("ip", ip, ip_kind, country), set()).update(days)
        if device is not None:
            values.setdefault(("device", device, None, None), set()).update(days)
    return seen


def _days(start_ns: int, end_ns: int | None) -> range:
    """Return the days of a session, a month of them at most."""
    first = start_ns // DAY_NS
    last = first if end_ns is None else max(first, end_ns // DAY_NS)
    return range(first, min(last, first + LONGEST_SESSION_DAYS) + 1)


def declaration_state(
    declared: Mapping[str, DeclaredLeader], leader_id: str, followers: Sequence[str]
) -> Declaration:
    """Compare the declarations in force with the roles found.

    A declaration that begins or ends within the span covers a part of the copying only.
    """
    named = [f for f in followers if f in declared and declared[f].leader_id == leader_id]
    elsewhere = [
        account
        for account in (*followers, leader_id)
        if account in declared and declared[account].leader_id not in (leader_id, account)
    ]
    if elsewhere:
        return Declaration.CONTRADICTED
    if len(named) == len(followers) and all(declared[f].whole for f in named):
        return Declaration.DECLARED
    return Declaration.PARTLY if named else Declaration.UNDECLARED
