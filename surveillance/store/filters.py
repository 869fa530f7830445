"""Group filters and sorts as SQL."""

from typing import Any

from sqlalchemy import ColumnElement, Table, exists, or_

from surveillance.store.cursors import KeyValue, SortKey
from surveillance.store.records import GroupFilter, GroupSort
from surveillance.store.tables import GROUP_INSTRUMENTS, GROUP_MEMBERS, GROUPS

_GROUP_ID: tuple[ColumnElement[Any], bool] = (GROUPS.c.group_id, False)

SORT_KEYS: dict[GroupSort, SortKey] = {
    GroupSort.PRIORITY: ((GROUPS.c.priority, False), (GROUPS.c.log10_e, True), _GROUP_ID),
    GroupSort.LOG10_E: ((GROUPS.c.log10_e, True), _GROUP_ID),
    GroupSort.N_MEMBERS: ((GROUPS.c.n_members, True), _GROUP_ID),
    GroupSort.LAST_TIME_NS: ((GROUPS.c.last_time_ns, True), _GROUP_ID),
    GroupSort.N_EPISODES: ((GROUPS.c.n_episodes, True), _GROUP_ID),
}


def key_kinds(sort: GroupSort) -> tuple[type[KeyValue], ...]:
    """Return the types of a sort key's values.

    Parameters
    ----------
    sort : GroupSort
        How groups are sorted.

    Returns
    -------
    tuple[type[KeyValue], ...]
        One type a column.
    """
    return tuple(column.type.python_type for column, _ in SORT_KEYS[sort])


def conditions(group_filter: GroupFilter) -> dict[str, ColumnElement[bool]]:
    """Translate a filter; all conditions must hold.

    Parameters
    ----------
    group_filter : GroupFilter
        Which groups are meant.

    Returns
    -------
    dict[str, ColumnElement[bool]]
        One condition for each field that restricts, by the field's name.
    """
    wanted: dict[str, ColumnElement[bool]] = {}
    if group_filter.dataset is not None:
        wanted["dataset"] = GROUPS.c.dataset == group_filter.dataset
    if group_filter.verdict is not None:
        wanted["verdict"] = GROUPS.c.verdict == group_filter.verdict.value
    if group_filter.subtype is not None:
        wanted["subtype"] = GROUPS.c.subtype == group_filter.subtype.value
    if group_filter.state is not None:
        wanted["state"] = GROUPS.c.state == group_filter.state
    if group_filter.action is not None:
        wanted["action"] = GROUPS.c.recommended_action == group_filter.action.value
    if group_filter.min_members is not None:
        wanted["min_members"] = GROUPS.c.n_members >= group_filter.min_members
    if group_filter.account_id is not None:
        wanted["account_id"] = holds_account(group_filter.account_id)
    if group_filter.firm_id is not None:
        wanted["firm_id"] = _has_part(
            GROUP_MEMBERS, GROUP_MEMBERS.c.firm_id == group_filter.firm_id
        )
    if group_filter.instrument_id is not None:
        wanted["instrument_id"] = _has_part(
            GROUP_INSTRUMENTS, GROUP_INSTRUMENTS.c.instrument_id == group_filter.instrument_id
        )
    if group_filter.text:
        wanted["text"] = _holds_text(group_filter.text)
    return wanted


def holds_account(account_id: str) -> ColumnElement[bool]:
    """Return the condition that an account is a member of the group.

    Parameters
    ----------
    account_id : str
        Exact id.

    Returns
    -------
    ColumnElement[bool]
        A condition on `GROUPS`.
    """
    return _has_part(GROUP_MEMBERS, GROUP_MEMBERS.c.account_id == account_id)


def contains(column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    """Return the condition that a column holds a text, upper or lower case.

    Parameters
    ----------
    column : ColumnElement[Any]
        A text column.
    text : str
        Taken literally: percent signs and underscores are no wildcards.

    Returns
    -------
    ColumnElement[bool]
        Case is folded by the database: SQLite folds ASCII letters only.
    """
    return column.icontains(text, autoescape=True)


def _has_part(part: Table, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(part.c.group_id == GROUPS.c.group_id, condition)


def _holds_text(text: str) -> ColumnElement[bool]:
    columns = (GROUP_MEMBERS.c.account_id, GROUP_MEMBERS.c.owner_id, GROUP_MEMBERS.c.firm_id)
    member_holds = or_(*(contains(column, text) for column in columns))
    return or_(contains(GROUPS.c.group_id, text), _has_part(GROUP_MEMBERS, member_holds))
