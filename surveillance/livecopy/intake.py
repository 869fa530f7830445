"""The intake of a copier: messages of its topics to what it is told, in event order.

Orders of other accounts are passed over. What cannot be read on the topics of orders is counted
only: it may be anybody's, and the detector's worker makes the dead letters of those topics. What
cannot be read among the reports of accounts becomes a dead letter.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pyarrow.compute as pc

from streams.codec import Decoded, Limits, decode, decode_account_updates, portions
from streams.copier import Plan
from streams.messages import DeadLetter, Message
from streams.orderevents import AccountUpdate, EventType, OrderEvent
from streams.topics import Topics
from surveillance.jobs.copying.records import order_event
from surveillance.pipeline.scales import MAX_NUMBER
from surveillance.store.live import UNKNOWN_DAY, EventCounts

_LONGEST_ID = 64
"""Longer ids are digested: those of the copies are made of them, and the contract bounds them."""
_LIMITS = Limits(max_number=MAX_NUMBER)
_NS_PER_S = 1_000_000_000


@dataclass(slots=True)
class Taken:
    """What some messages came to.

    Attributes
    ----------
    events : list
        What concerns the plan, in event order.
    dead : list of DeadLetter
        Reports that could not be read.
    n_refused : int
        Events on the topics of orders that could not be read.
    """

    events: list[OrderEvent | AccountUpdate] = field(default_factory=list)
    dead: list[DeadLetter] = field(default_factory=list)
    n_refused: int = 0
    accepted: Counter[tuple[str, str]] = field(default_factory=Counter)

    def counts(self) -> list[EventCounts]:
        """Return what became of the events that concern the plan, by topic and day."""
        dead = Counter((letter.message.topic, UNKNOWN_DAY) for letter in self.dead)
        return [
            EventCounts(
                *key,
                read=self.accepted[key] + dead[key],
                accepted=self.accepted[key],
                dead=dead[key],
            )
            for key in sorted(self.accepted.keys() | dead.keys())
        ]


class Intake:
    """Takes the messages of a copier.

    Parameters
    ----------
    topics : Topics
        Says what a topic carries.
    plan : Plan
        Whose accounts count.
    lot_sizes : mapping of str to float
        Quantity of one lot of each instrument; 1 where it is not known.
    """

    def __init__(self, topics: Topics, plan: Plan, lot_sizes: Mapping[str, float]) -> None:
        self._topics = topics
        self._followers = {own.account_id for own in plan.followers}
        self._accounts = {plan.leader_account_id, *self._followers}
        self._names = pa.array(sorted(self._accounts))
        self._lot_sizes = lot_sizes

    def take(self, messages: Sequence[Message], *, now_ns: int, latest_time_ns: int) -> Taken:
        """Decode messages and keep what concerns the plan.

        Parameters
        ----------
        messages : sequence of Message
            Each partition's in the order of its offsets.
        now_ns : int
            The time of day. Events that say to be later are of now: a sender whose clock is fast
            would make everybody else's entries look late.
        latest_time_ns : int
            Latest event time accepted, UTC nanoseconds.
        """
        taken = Taken()
        found: list[tuple[tuple[int, int, str], OrderEvent | AccountUpdate]] = []
        for topic, those in groupby(sorted(messages, key=_topic), key=_topic):
            if topic == self._topics.account_updates:
                found += self._take_reports(list(those), latest_time_ns, taken)
                continue
            for portion in portions(list(those), _LIMITS):
                decoded = decode(
                    portion,
                    "orders",
                    firm_id=self._topics.firm(topic),
                    latest_time_ns=latest_time_ns,
                    limits=_LIMITS,
                )
                taken.n_refused += len(decoded.dead)
                found += self._take_orders(topic, portion, decoded, taken)
        found.sort(key=lambda entry: entry[0])
        taken.events = [_until(event, now_ns) for _, event in found]
        return taken

    def _take_reports(
        self, messages: Sequence[Message], latest_time_ns: int, taken: Taken
    ) -> list[tuple[tuple[int, int, str], OrderEvent | AccountUpdate]]:
        updates, dead = decode_account_updates(messages, latest_time_ns=latest_time_ns)
        taken.dead += dead
        mine = [update for update in updates if update.account_id in self._accounts]
        for update in mine:
            taken.accepted[self._topics.account_updates, _day(update.time_ns)] += 1
        return [((update.time_ns, 0, ""), update) for update in mine]

    def _take_orders(
        self, topic: str, messages: Sequence[Message], decoded: Decoded, taken: Taken
    ) -> list[tuple[tuple[int, int, str], OrderEvent | AccountUpdate]]:
        chosen = pc.indices_nonzero(pc.is_in(decoded.batch.column("account_id"), self._names))
        found: list[tuple[tuple[int, int, str], OrderEvent | AccountUpdate]] = []
        for place, row in zip(
            chosen.to_pylist(), decoded.batch.take(chosen).to_pylist(), strict=True
        ):
            message = messages[int(decoded.message[place])]
            stands = (topic, message.partition, message.offset, int(decoded.row[place]))
            name = event_name(row, "/".join(map(str, stands)))
            event = order_event(row, name, self._lot_sizes)
            if event.account_id in self._followers:
                event = as_answer(event)
            found.append(((event.event_time_ns, row["sequence"] or 0, name), event))
            taken.accepted[topic, _day(event.event_time_ns)] += 1
        return found


def as_answer(event: OrderEvent) -> OrderEvent:
    """Return an event of a follower as the copier knows it: a `new` says the order was taken."""
    is_new = event.event_type == EventType.NEW
    return event._replace(event_type=EventType.ACK) if is_new else event


def event_name(row: Mapping[str, Any], place: str) -> str:
    """Return what an event is known by: firm and id, or where it stands if it has no id.

    Parameters
    ----------
    row : mapping
        A row of orders.
    place : str
        Where it stands: the same whenever it is read.

    Examples
    --------
    >>> event_name({"firm_id": "F/1", "event_id": "7"}, "")
    'F%2F1:7'
    """
    name = row["event_id"] if row["event_id"] is not None else place
    if row["firm_id"] is not None:
        name = f"{quote(row['firm_id'], safe='')}:{name}"
    if len(name) > _LONGEST_ID:
        name = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
    return name


def _until(event: OrderEvent | AccountUpdate, now_ns: int) -> OrderEvent | AccountUpdate:
    if isinstance(event, OrderEvent):
        return event._replace(event_time_ns=min(event.event_time_ns, now_ns))
    return event._replace(time_ns=min(event.time_ns, now_ns))


def _topic(message: Message) -> str:
    return message.topic


def _day(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns // _NS_PER_S, UTC).strftime("%Y-%m-%d")
