"""The rules of a table, a firm and a key, put to the rows of every form alike."""

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from streams.codec.contents import ContentType, content_type
from streams.codec.records import Part, Refusal, sentence
from streams.messages import DeadReason, Message
from streams.orders import cell_text, find_violations, violation_mask
from streams.tables import TABLES
from streams.topics import COMPACTED_TABLES, keys

_MAX_RULES = 64  # more than any table has
_COUNTED = ("quantity", "limit_price", "stop_price")
_NS_PER_SECOND = 1_000_000_000
_Fallen = dict[int, tuple[DeadReason, str]]  # by row of the batch


def judge(
    part: Part,
    messages: Sequence[Message],
    table: str,
    *,
    firm_id: str | None,
    latest_time_ns: int,
    max_number: float,
) -> Part:
    """Set aside the rows that break a rule: of the table first, then of the firm, then of the key.

    Parameters
    ----------
    part : Part
        Rows of all forms.
    messages : sequence of Message
        The run that `part.message` counts in.
    table, firm_id, latest_time_ns
        As for `decode`.
    max_number : float
        Prices and quantities of orders must be below it.

    Returns
    -------
    Part
        The rows that stand, the firm filled in; `refused` holds what fell here, with the first
        rule that each row broke.
    """
    refused: list[Refusal] = []
    part = _without(part, _broken(part.batch, table, latest_time_ns), messages, refused)
    if table == "orders":
        part = _without(part, _uncountable(part.batch, max_number), messages, refused)
    if firm_id is not None and "firm_id" in part.batch.schema.names:
        part = _with_firm(part, firm_id)
        part = _without(part, _foreign(part.batch, firm_id), messages, refused)
    if table in COMPACTED_TABLES:
        part = _without(part, _misplaced(part, messages, table), messages, refused)
    return Part(part.batch, part.message, part.row, refused)


def _without(
    part: Part, fallen: _Fallen, messages: Sequence[Message], refused: list[Refusal]
) -> Part:
    if not fallen:
        return part
    for at, (reason, words) in fallen.items():
        place = int(part.message[at])
        has_rows = content_type(messages[place].headers) is ContentType.ARROW
        row = int(part.row[at]) if has_rows else None
        refused.append(Refusal(place, row, reason, words))
    stands = np.ones(part.batch.num_rows, np.bool_)
    stands[list(fallen)] = False
    return Part(part.batch.filter(pa.array(stands)), part.message[stands], part.row[stands])


def _broken(batch: pa.RecordBatch, table: str, latest_time_ns: int) -> _Fallen:
    batch = _with_values(batch, table)
    mask = violation_mask(batch, table, latest_time_ns=latest_time_ns)
    rows = pc.indices_nonzero(mask)
    if len(rows) == 0:
        return {}
    fallen: _Fallen = {}
    limit = len(rows) * _MAX_RULES
    bad = batch.filter(mask)
    for found in find_violations(bad, table, latest_time_ns=latest_time_ns, limit=limit):
        is_time = found.column in TABLES[table].recent and found.value != ""
        reason = DeadReason.CLOCK if is_time else DeadReason.FIELD
        value = found.value if found.value != "" else None
        rule = found.rule
        if is_time and int(found.value) > latest_time_ns:
            rule = _ahead(latest_time_ns)
        words = sentence(rule, value, found.column)
        fallen.setdefault(rows[found.row].as_py(), (reason, words))
    return fallen


def _ahead(latest_time_ns: int) -> str:
    latest = datetime.fromtimestamp(latest_time_ns // _NS_PER_SECOND, UTC)
    return f"is ahead of the clock, its sender's may be fast: must be up to {latest:%F %T} UTC"


def _uncountable(batch: pa.RecordBatch, max_number: float) -> _Fallen:
    """Return the rows with a price or quantity that is too large to be counted."""
    fallen: _Fallen = {}
    for name in _COUNTED:
        column = batch.column(name)
        for row in pc.indices_nonzero(pc.greater_equal(pc.abs(column), max_number)).to_pylist():
            words = sentence(f"must be below {max_number:g}", cell_text(column, row), name)
            fallen.setdefault(row, (DeadReason.FIELD, words))
    return fallen


def _with_values(batch: pa.RecordBatch, table: str) -> pa.RecordBatch:
    """Return the columns that can break a rule: an optional one without a value cannot."""
    required = TABLES[table].required
    names = [
        name
        for name, column in zip(batch.schema.names, batch.columns, strict=True)
        if name in required or column.null_count < batch.num_rows
    ]
    return batch.select(names)


def _with_firm(part: Part, firm_id: str) -> Part:
    place = part.batch.schema.get_field_index("firm_id")
    filled = pc.fill_null(part.batch.column(place), firm_id)
    batch = part.batch.set_column(place, part.batch.schema.field(place), filled)
    return Part(batch, part.message, part.row)


def _foreign(batch: pa.RecordBatch, firm_id: str) -> _Fallen:
    firms = batch.column("firm_id")
    rows = pc.indices_nonzero(pc.not_equal(firms, firm_id)).to_pylist()
    rule = f"must be {firm_id}, whose topic this is"
    return {row: (DeadReason.FIRM, sentence(rule, firms[row].as_py(), "firm_id")) for row in rows}


def _misplaced(part: Part, messages: Sequence[Message], table: str) -> _Fallen:
    """Return the rows whose message has another key: compaction would drop the wrong record."""
    fallen: _Fallen = {}
    for row, (key, place) in enumerate(zip(keys(part.batch, table), part.message, strict=True)):
        given = messages[place].key
        if given != key.encode():
            shown = None if given is None else given.decode("utf-8", "replace")
            rule = "key must be the id of the row" + (", was null" if given is None else "")
            fallen[row] = (DeadReason.KEY, sentence(rule, shown))
    return fallen
