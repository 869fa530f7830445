"""Reference data of a run: owners, firms, sightings for linkage, declarations in force."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from models.linkage import Sighting
from models.params import DAY_NS
from surveillance.findings import Declaration


@dataclass(frozen=True, slots=True)
class ReferenceData:
    """The optional tables of a dataset, as read."""

    accounts: pa.Table
    sessions: pa.Table
    declarations: pa.Table
    instruments: pa.Table


class AccountBook:
    """What is known about accounts besides their orders.

    Parameters
    ----------
    tables : ReferenceData
        Accounts, sessions and declarations.
    accounts : sequence of str
        Account ids by code.
    operators : iterable of (account_id, operator_id)
        Who entered orders for whom.
    firm_of : mapping of account_id to firm_id
        As stamped on orders; the accounts table has precedence.
    """

    def __init__(
        self,
        tables: ReferenceData,
        accounts: Sequence[str],
        operators: Iterable[tuple[str, str]],
        firm_of: Mapping[str, str],
    ) -> None:
        self._code_of = {account_id: code for code, account_id in enumerate(accounts)}
        self._rows: dict[str, dict[str, Any]] = {
            row["account_id"]: row for row in tables.accounts.to_pylist()
        }
        self._firm_of = firm_of
        self._operators = sorted(operators)
        self._sessions = tables.sessions
        self._declarations = tables.declarations.to_pylist()

    def owner(self, account_id: str) -> str | None:
        """Return the know-your-customer identity, if known."""
        owner: str | None = self._rows.get(account_id, {}).get("owner_id")
        return owner

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
        found: list[Sighting] = []
        for account_id, row in self._rows.items():
            if (code := self._code_of.get(account_id)) is None:
                continue
            for kind, column in (
                ("owner", "owner_id"),
                ("payment", "payment_hash"),
                ("email", "email_hash"),
            ):
                if row[column] is not None:
                    found.append(Sighting(code, kind, row[column]))
        for account_id, operator in self._operators:
            if account_id in self._code_of:
                found.append(Sighting(self._code_of[account_id], "operator", operator))
        seen_days: dict[tuple[int, str, str, str | None, str | None], set[int]] = {}
        names = ("account_id", "start_time_ns", "ip", "ip_kind", "country", "device_id")
        columns = (self._sessions.column(name).to_pylist() for name in names)
        for account_id, start_ns, ip, ip_kind, country, device in zip(*columns, strict=True):
            if (code := self._code_of.get(account_id)) is None:
                continue
            if ip is not None:
                key = (code, "ip", ip, ip_kind, country)
                seen_days.setdefault(key, set()).add(start_ns // DAY_NS)
            if device is not None:
                key = (code, "device", device, None, None)
                seen_days.setdefault(key, set()).add(start_ns // DAY_NS)
        for (code, kind, value, network, country), days in seen_days.items():
            found.append(Sighting(code, kind, value, network, country, frozenset(days)))
        return found

    def declared_followers(self, leader_id: str, first_ns: int, last_ns: int) -> dict[str, str]:
        """Return the declared leader of every account, for declarations in force in the span.

        Where several are in force for an account, one that names `leader_id` has precedence.
        """
        declared: dict[str, str] = {}
        for row in self._in_force(first_ns, last_ns):
            if declared.get(row["account_id"]) != leader_id:
                declared[row["account_id"]] = row["leader_account_id"]
        return declared

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


def declaration_state(
    declared: Mapping[str, str], leader_id: str, followers: Sequence[str]
) -> Declaration:
    """Compare the declarations in force with the roles found."""
    covered = [f for f in followers if declared.get(f) == leader_id]
    elsewhere = [
        account
        for account in (*followers, leader_id)
        if account in declared and declared[account] not in (leader_id, account)
    ]
    if elsewhere:
        return Declaration.CONTRADICTED
    if len(covered) == len(followers):
        return Declaration.DECLARED
    return Declaration.PARTLY if covered else Declaration.UNDECLARED
