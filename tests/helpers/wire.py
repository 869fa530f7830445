"""Messages of the wire: built, damaged, generated, and decoded the naive way."""

import json
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

from streams.codec import ContentType, Decoded, Limits, decode, headers_of
from streams.codec.fix_tags import TIMES_IN_FORCE
from streams.messages import DeadLetter, DeadReason, Message
from streams.orders import violation_mask
from streams.tables import MIN_TIME_NS, ORDER_SCHEMA, TABLES, EventType, OrderType, Side

LATEST_NS = 1_800_000_000_000_000_000
TIME_NS = 1_700_000_000_123_456_789
ORDER: dict[str, Any] = {
    "event_time_ns": TIME_NS,
    "account_id": "A1",
    "instrument_id": "ESZ6",
    "side": "buy",
    "quantity": 2.0,
    "event_id": "F1-1",
    "event_type": "new",
    "sequence": 7,
    "firm_id": "F1",
    "order_type": "limit",
    "limit_price": 5012.25,
}
_SEPARATOR = "\x01"
_NOT_IN_FIX = ("event_id", "session_id", "copy_group_id", "parent_order_id")


def message(
    value: bytes | None,
    kind: ContentType | bytes | None = None,
    *,
    key: bytes | None = b"ES",
    offset: int = 0,
    topic: str = "orders.v1",
) -> Message:
    if isinstance(kind, ContentType):
        headers = headers_of(kind)
    else:
        headers = () if kind is None else (("content-type", kind),)
    return Message(topic, 0, offset, value, key, tuple(headers))


def messages(values: Sequence[bytes | None], kind: ContentType | None = None) -> list[Message]:
    return [message(value, kind, offset=number) for number, value in enumerate(values)]


def decoded(
    run: Sequence[Message],
    table: str = "orders",
    *,
    firm_id: str | None = None,
    limits: Limits | None = None,
) -> Decoded:
    """Decode a run, and check what holds of every run: all events come out once, in order."""
    found = decode(run, table, firm_id=firm_id, latest_time_ns=LATEST_NS, limits=limits or Limits())
    assert found.batch.schema == TABLES[table].schema
    found.batch.validate(full=True)
    assert not any(violation_mask(found.batch, table, latest_time_ns=LATEST_NS).to_pylist())
    places = list(zip(found.message.tolist(), found.row.tolist(), strict=True))
    assert places == sorted(set(places))
    assert len(places) == found.batch.num_rows
    for letter in found.dead:
        assert letter.sentence.isprintable()
        assert len(letter.sentence) < 500
    return found


def only_dead(found: Decoded) -> DeadLetter:
    assert found.batch.num_rows == 0
    (letter,) = found.dead
    return letter


def as_json(**changes: Any) -> bytes:
    """Return an order as JSON, fields set to None left out."""
    row = {name: value for name, value in (ORDER | changes).items() if value is not None}
    return json.dumps(row).encode()


def order_batch(*changes: dict[str, Any]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([ORDER | change for change in changes], ORDER_SCHEMA)


def rows_of(found: Decoded) -> list[dict[str, Any]]:
    return list(found.batch.to_pylist())


_texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
_prices = st.floats(-1e6, 1e6, allow_nan=False)
_sizes = st.floats(1e-6, 1e6)
_CELLS: dict[str, st.SearchStrategy[Any]] = {
    "event_time_ns": st.integers(MIN_TIME_NS, LATEST_NS),
    "side": st.sampled_from([side.value for side in Side]),
    "event_type": st.sampled_from([kind.value for kind in EventType]),
    "order_type": st.sampled_from([kind.value for kind in OrderType]),
    "sequence": st.integers(-(1 << 63), (1 << 63) - 1),
    "quantity": _sizes,
    "limit_price": _prices,
    "stop_price": _prices,
    "last_quantity": _sizes,
    "last_price": _prices,
    "automated": st.booleans(),
}
_REQUIRED = ("event_time_ns", "account_id", "instrument_id", "side")


def order_rows(texts: st.SearchStrategy[str] = _texts) -> st.SearchStrategy[dict[str, Any]]:
    """Generate orders that keep every rule; what is not required may be null."""
    cells = {
        name: _CELLS.get(name, texts) if name in _REQUIRED else st.none() | _CELLS.get(name, texts)
        for name in ORDER_SCHEMA.names
    }
    return st.fixed_dictionaries(cells)


def order_batches() -> st.SearchStrategy[pa.RecordBatch]:
    rows = st.lists(order_rows(), min_size=1, max_size=8)
    return rows.map(lambda found: pa.RecordBatch.from_pylist(found, ORDER_SCHEMA))


def fix_order_batches() -> st.SearchStrategy[pa.RecordBatch]:
    """Generate orders that FIX can carry: a firm, a sequence, no separator in a text."""
    characters = st.characters(exclude_categories=["Cs"], exclude_characters=_SEPARATOR)
    texts = st.text(characters, min_size=1, max_size=20)
    given = st.fixed_dictionaries(
        {"firm_id": texts, "sequence": st.integers(0, 10**9), "client_order_id": texts}
    )
    row = st.builds(lambda base, own: base | own, order_rows(texts), given)
    rows = st.lists(row, min_size=1, max_size=8)
    return rows.map(lambda found: pa.RecordBatch.from_pylist(found, ORDER_SCHEMA))


def cut_to_fix(row: dict[str, Any], fraction_digits: int = 9) -> dict[str, Any]:
    """Return what is left of an order after a journey through FIX."""
    cut = row | dict.fromkeys(_NOT_IN_FIX)
    unit = 10 ** (9 - fraction_digits)
    cut["event_time_ns"] = row["event_time_ns"] // unit * unit
    cut["event_type"] = row["event_type"] or "new"
    is_report = cut["event_type"] in ("fill", "reject", "expire")
    last = (row["event_id"] or row["sequence"]) if is_report else row["sequence"]
    force = row["time_in_force"]
    if force is not None:  # one that is written like a code of the standard reads as its word
        cut["time_in_force"] = TIMES_IN_FORCE.get(force.encode(), force.encode()).decode()
    cut["event_id"] = f"{row['firm_id']}/{row['client_order_id']}/{last}"
    return cut


def naive_json(values: Sequence[bytes]) -> list[dict[str, Any] | DeadReason]:
    """Decode orders one by one with json.loads and the rules in plain words."""
    return [_naive_row(value) for value in values]


def _naive_row(value: bytes) -> dict[str, Any] | DeadReason:
    try:
        entry = json.loads(value.decode("utf-8"), object_pairs_hook=_refusing_repeats)
    except (ValueError, RecursionError):
        return DeadReason.MALFORMED
    if not isinstance(entry, dict):
        return DeadReason.MALFORMED
    row: dict[str, Any] = {}
    for field in ORDER_SCHEMA:
        cell = entry.get(field.name)
        if not _has_type(cell, field.type):
            return DeadReason.FIELD
        row[field.name] = None if cell == "" else cell
        if cell is not None and not isinstance(cell, str | bool):
            row[field.name] = int(cell) if pa.types.is_integer(field.type) else _float(cell)
    batch = pa.RecordBatch.from_pylist([row], ORDER_SCHEMA)
    if violation_mask(batch, "orders", latest_time_ns=LATEST_NS)[0].as_py():
        time_ns = row["event_time_ns"]  # the first column: it is the first to be named
        is_clock = time_ns is not None and not MIN_TIME_NS <= time_ns <= LATEST_NS
        return DeadReason.CLOCK if is_clock else DeadReason.FIELD
    return row


def _refusing_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("repeated")
    return dict(pairs)


def _has_type(cell: Any, kind: pa.DataType) -> bool:
    if cell is None:
        return True
    if pa.types.is_boolean(kind):
        return isinstance(cell, bool)
    if pa.types.is_string(kind):
        return isinstance(cell, str) and cell.encode("utf-8", "replace").decode() == cell
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        return False
    if pa.types.is_integer(kind):
        is_exact = isinstance(cell, int) or (cell.is_integer() and abs(cell) <= 2**53)
        return is_exact and -(2**63) <= cell < 2**63
    return True


def _float(cell: float) -> float:
    try:
        return float(cell)
    except OverflowError:
        return float("inf") if cell > 0 else float("-inf")
