"""Owners, declarations and instruments: from a dataset once, or from topics as they change."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from streams.codec import Decoded, decode
from streams.copier import Plan
from streams.messages import Message
from streams.topics import COMPACTED_TABLES, Topics, keys
from surveillance.jobs.copying.records import CopyRecords, records_of
from surveillance.live.source import Source

_MESSAGES_A_STEP = 5_000


class Reference(Protocol):
    """Where the records of a plan come from."""

    def refresh(self) -> CopyRecords:
        """Return what is known by now."""
        ...


class FixedReference:
    """Records that do not change while the copier runs.

    Parameters
    ----------
    records : CopyRecords
        All that is known.
    """

    def __init__(self, records: CopyRecords) -> None:
        self._records = records

    def refresh(self) -> CopyRecords:
        """Return them."""
        return self._records


class TopicReference:
    """Records from the compacted topics, read from their beginning at every start.

    Of accounts and declarations only those of the plan are kept. A message that cannot be read
    changes nothing; the detector's worker makes the dead letters of these topics.

    Parameters
    ----------
    source : Source
        The topics of accounts, declarations and instruments.
    topics : Topics
        Their names.
    plan : Plan
        Whose accounts count.
    latest_time_ns : callable
        Returns the latest time accepted.
    """

    def __init__(
        self, source: Source, topics: Topics, plan: Plan, latest_time_ns: Callable[[], int]
    ) -> None:
        self._source, self._topics = source, topics
        self._accounts = {plan.leader_account_id, *(own.account_id for own in plan.followers)}
        self._latest_time_ns = latest_time_ns
        self._rows: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in COMPACTED_TABLES}

    def read_to_end(self, is_stopping: Callable[[], bool] = lambda: False) -> CopyRecords:
        """Read all that is there, waiting for the broker."""
        while not is_stopping():
            messages = self._source.poll(_MESSAGES_A_STEP, 0.2)
            self._take(messages)
            if not messages and self._source.at_end() >= self._source.assigned:
                break
        return self._records()

    def refresh(self) -> CopyRecords:
        """Read what is new, without waiting, and return all that is known."""
        while messages := self._source.poll(_MESSAGES_A_STEP, 0.0):
            self._take(messages)
        return self._records()

    def _take(self, messages: Sequence[Message]) -> None:
        for table in COMPACTED_TABLES:
            those = [message for message in messages if message.topic == self._topics.of(table)]
            if those:
                limit_ns = self._latest_time_ns()
                decoded = decode(those, table, firm_id=None, latest_time_ns=limit_ns)
                self._apply(table, decoded, those)

    def _apply(self, table: str, decoded: Decoded, messages: Sequence[Message]) -> None:
        """Take rows and tombstones in the order in which they came."""
        rows = zip(
            decoded.message, keys(decoded.batch, table), decoded.batch.to_pylist(), strict=True
        )
        news: list[tuple[int, str, dict[str, Any] | None]] = [
            (int(place), key, row)
            for place, key, row in rows
            if row.get("account_id") in self._accounts or table == "instruments"
        ]
        for place in decoded.tombstones:
            key = (messages[place].key or b"").decode("utf-8", "replace")
            news.append((place, key, None))
        for _, key, row in sorted(news, key=lambda entry: entry[0]):
            if row is None:
                self._rows[table].pop(key, None)
            else:
                self._rows[table][key] = row

    def _records(self) -> CopyRecords:
        return records_of(*(list(self._rows[name].values()) for name in COMPACTED_TABLES))
