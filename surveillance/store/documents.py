"""Findings records <-> JSON text: what a document column holds.

Only what JSON can carry is written: a number that is not finite or a value of a foreign type is
refused at the door instead of being found missing by a reader.
"""

import json
from typing import Generic, TypeVar

from pydantic import TypeAdapter

from surveillance.findings import (
    AccountSummary,
    Episode,
    Graph,
    Group,
    LagHistogram,
    PlaceboFinding,
    RunManifest,
    TimelineOrder,
)
from surveillance.store.records import GroupSummary

Record = TypeVar("Record")


class Document(Generic[Record]):
    """The JSON form of one type of record.

    Parameters
    ----------
    adapter : TypeAdapter[Record]
        Knows the record's fields.
    """

    def __init__(self, adapter: TypeAdapter[Record]) -> None:
        self._adapter = adapter

    def write(self, record: Record) -> str:
        """Return the record as JSON text, ASCII only.

        Parameters
        ----------
        record : Record
            What is stored.

        Returns
        -------
        str
            JSON without spaces.

        Raises
        ------
        ValueError
            If a number is not finite or a value has another type than its field.
        """
        plain = self._adapter.dump_python(record, mode="json", warnings="error")
        return json.dumps(plain, allow_nan=False, separators=(",", ":"))

    def read(self, text: str) -> Record:
        """Return the record that the text holds.

        Parameters
        ----------
        text : str
            What `write` returned.

        Returns
        -------
        Record
            Equal to what was written.

        Raises
        ------
        pydantic.ValidationError
            If the text is not such a record.
        """
        return self._adapter.validate_json(text)


ACCOUNT_SUMMARY = Document(TypeAdapter(AccountSummary))
EPISODE = Document(TypeAdapter(Episode))
GRAPH = Document(TypeAdapter(Graph))
GROUP = Document(TypeAdapter(Group))
GROUP_SUMMARY = Document(TypeAdapter(GroupSummary))
LAG_HISTOGRAM = Document(TypeAdapter(LagHistogram))
PLACEBO_FINDING = Document(TypeAdapter(PlaceboFinding))
RUN_MANIFEST = Document(TypeAdapter(RunManifest))
TIMELINE: Document[tuple[TimelineOrder, ...]] = Document(TypeAdapter(tuple[TimelineOrder, ...]))
