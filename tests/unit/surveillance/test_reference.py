"""Reference data: owners, firms, sightings, declarations in force."""

from typing import Any

import pyarrow as pa
import pytest
from helpers.orders import DAY_NS, START_NS

from streams.orders import (
    ACCOUNT_SCHEMA,
    DECLARATION_SCHEMA,
    INSTRUMENT_SCHEMA,
    SESSION_SCHEMA,
)
from surveillance.findings import Declaration
from surveillance.pipeline.reference import (
    AccountBook,
    AccountRecords,
    DeclaredLeader,
    ReferenceData,
    declaration_state,
)


def table(schema: pa.Schema, *rows: dict[str, Any]) -> pa.Table:
    full = [dict.fromkeys(schema.names) | row for row in rows]
    return pa.Table.from_pylist(full, schema=schema)


def book(
    accounts: tuple[dict[str, Any], ...] = (),
    sessions: tuple[dict[str, Any], ...] = (),
    declarations: tuple[dict[str, Any], ...] = (),
    operators: tuple[tuple[str, str], ...] = (),
) -> AccountBook:
    tables = ReferenceData(
        table(ACCOUNT_SCHEMA, *accounts),
        table(SESSION_SCHEMA, *sessions),
        table(DECLARATION_SCHEMA, *declarations),
        table(INSTRUMENT_SCHEMA),
    )
    return AccountBook(
        AccountRecords(tables), ("A", "B"), operators, {"A": "stamped", "B": "stamped"}
    )


def test_the_accounts_table_precedes_stamps() -> None:
    known = book(({"account_id": "A", "owner_id": "o", "firm_id": "F", "account_kind": "live"},))
    assert (known.owner("A"), known.firm("A"), known.account_kind("A")) == ("o", "F", "live")
    assert (known.owner("B"), known.firm("B"), known.account_kind("B")) == (None, "stamped", None)


def test_sightings_are_of_the_runs_accounts_with_their_days() -> None:
    sessions = tuple(
        {
            "session_id": f"{account}{day}",
            "account_id": account,
            "start_time_ns": START_NS + day * DAY_NS,
            "ip": "1.2.3.4",
            "ip_kind": "mobile",
            "country": "DE",
            "device_id": "d" if account == "A" else None,
        }
        for account in ("A", "elsewhere")
        for day in (0, 1)
    )
    known = book(
        ({"account_id": "B", "payment_hash": "p"}, {"account_id": "elsewhere", "email_hash": "e"}),
        sessions,
        operators=(("B", "op"), ("elsewhere", "op")),
    )
    first = START_NS // DAY_NS
    days = frozenset({first, first + 1})
    found = {(s.account, s.kind, s.value, s.network, s.country, s.days) for s in known.sightings()}
    assert found == {
        (1, "payment", "p", None, None, frozenset()),
        (1, "operator", "op", None, None, frozenset()),
        (0, "ip", "1.2.3.4", "mobile", "DE", days),
        (0, "device", "d", None, None, days),
    }


def test_declarations_count_while_in_force() -> None:
    def row(account: str, leader: str, start: int | None, end: int | None) -> dict[str, Any]:
        return {
            "declaration_id": f"{account}{leader}{start}",
            "leader_account_id": leader,
            "account_id": account,
            "effective_from_ns": start,
            "effective_to_ns": end,
        }

    known = book(
        declarations=(
            row("A", "L", None, 99),
            row("B", "L", 201, None),
            row("C", "L", 100, 200),
            row("D", "L", None, None),
            row("D", "M", None, None),
        )
    )
    by_l, by_m = DeclaredLeader("L", whole=True), DeclaredLeader("M", whole=True)
    assert known.declared_followers("L", 100, 200) == {"C": by_l, "D": by_l}
    assert known.declared_followers("M", 100, 200) == {"C": by_l, "D": by_m}
    assert known.declared_followers("L", 100, 300)["C"] == DeclaredLeader("L", whole=False)
    assert known.common_leader(["A", "C", "D"], 100, 200) == "L"
    assert known.common_leader(["A", "B"], 100, 200) is None


def test_a_declaration_names_its_leader_and_its_followers_while_in_force() -> None:
    def row(declaration: str, account: str, to_ns: int | None) -> dict[str, Any]:
        return {
            "declaration_id": declaration,
            "leader_account_id": "L",
            "account_id": account,
            "effective_to_ns": to_ns,
        }

    known = book(declarations=(row("R1", "A", None), row("R2", "B", 50)))
    named = known.declarations_of(["L", "A", "B", "C"], 100, 200)
    assert named == [frozenset({"R1"}), frozenset({"R1"}), frozenset(), frozenset()]


@pytest.mark.parametrize(
    ("declared", "state"),
    [
        ({}, Declaration.UNDECLARED),
        ({"A": "L"}, Declaration.PARTLY),
        ({"A": "L", "B": "L"}, Declaration.DECLARED),
        ({"A": "L", "B": "M"}, Declaration.CONTRADICTED),
        ({"A": "L", "B": "L", "L": "A"}, Declaration.CONTRADICTED),
        ({"A": "L", "B": "L", "L": "L"}, Declaration.DECLARED),
    ],
)
def test_declarations_are_compared_with_the_roles_found(
    declared: dict[str, str], state: Declaration
) -> None:
    found = {account: DeclaredLeader(leader, whole=True) for account, leader in declared.items()}
    assert declaration_state(found, "L", ["A", "B"]) is state


def test_a_declaration_of_a_part_of_the_time_covers_a_part() -> None:
    found = {"A": DeclaredLeader("L", whole=True), "B": DeclaredLeader("L", whole=False)}
    assert declaration_state(found, "L", ["A", "B"]) is Declaration.PARTLY
