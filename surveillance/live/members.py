"""The accounts of provisional groups, from the orders that the worker remembers."""

from bisect import bisect_left
from collections.abc import Iterable

import numpy as np

from models.columns import DecisionColumns, OrderColumns
from surveillance.findings import AccountSummary, GroupFinding
from surveillance.pipeline.encoded import EncodedOrders
from surveillance.pipeline.reference import AccountBook


def summarize_members(
    findings: Iterable[GroupFinding],
    orders: EncodedOrders,
    decisions: DecisionColumns,
    book: AccountBook,
) -> tuple[AccountSummary, ...]:
    """Return the members of some groups, by id.

    Parameters
    ----------
    findings : iterable of GroupFinding
        The groups.
    orders : EncodedOrders
        What is remembered: counts and times go no further back.
    decisions : DecisionColumns
        At least the members' decisions.
    book : AccountBook
        Owners and firms.
    """
    names = {member.account_id for found in findings for member in found.group.members}
    if not names:
        return ()
    members = [(name, bisect_left(orders.accounts, name)) for name in sorted(names)]
    is_member = np.zeros(len(orders.accounts), np.bool_)
    is_member[[code for _, code in members]] = True
    theirs = OrderColumns.concatenate(list(orders.batches(accounts=is_member)))
    n_orders = np.bincount(theirs.account, minlength=is_member.size)
    n_decisions = np.bincount(decisions.account, minlength=is_member.size)
    first_ns = np.full(is_member.size, np.iinfo(np.int64).max)
    last_ns = np.zeros(is_member.size, np.int64)
    np.minimum.at(first_ns, theirs.account, theirs.event_time_ns)
    np.maximum.at(last_ns, theirs.account, theirs.event_time_ns)
    return tuple(
        AccountSummary(
            account_id=name,
            owner_id=book.owner(name),
            firm_id=book.firm(name),
            account_kind=book.account_kind(name),
            n_orders=int(n_orders[code]),
            n_decisions=int(n_decisions[code]),
            first_time_ns=int(first_ns[code]),
            last_time_ns=int(last_ns[code]),
        )
        for name, code in members
    )
