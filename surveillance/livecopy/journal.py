"""What a copier was told, as bytes: told again in the same order, it stands where it stood."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from streams.copier import Command, CommandKind
from streams.copier.copier import Event
from streams.orderevents import AccountUpdate, EventType, OrderEvent, OrderType, Side, Tick

_KINDS: dict[str, type[Event]] = {
    "order": OrderEvent,
    "tick": Tick,
    "money": AccountUpdate,
    "command": Command,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}
_WORDS = {
    "side": Side,
    "event_type": EventType,
    "order_type": OrderType,
    "kind": CommandKind,
}


def write_inputs(inputs: Sequence[Event]) -> bytes:
    """Return inputs as bytes, one JSON array a line."""
    lines = [json.dumps([_NAMES[type(one)], one._asdict()]) for one in inputs]
    return "\n".join(lines).encode()


def read_inputs(content: bytes) -> Iterator[Event]:
    """Yield the inputs that `write_inputs` wrote, in their order."""
    for line in content.splitlines():
        name, fields = json.loads(line)
        yield _read(_KINDS[name], fields)


def _read(kind: type[Event], fields: dict[str, Any]) -> Event:
    words = {name: _WORDS[name](fields[name]) for name in _WORDS.keys() & fields.keys()}
    return kind(**{**fields, **words})
