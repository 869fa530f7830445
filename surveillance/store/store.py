"""The store: opens and migrates the database, records a run as a whole, hands out the reader."""

from itertools import groupby
from types import TracebackType

from sqlalchemy import Engine, select, true

from surveillance.errors import StoreError
from surveillance.findings import RunFindings
from surveillance.store.copying import CopyStore
from surveillance.store.database import (
    create_store_engine,
    parse_store_url,
    show_url,
    translated_errors,
)
from surveillance.store.live.reader import StreamReader
from surveillance.store.live.store import LiveStore
from surveillance.store.reader import Reader
from surveillance.store.records import TrackedGroup
from surveillance.store.schema import is_migrated, migrate
from surveillance.store.tables import GROUP_MEMBERS, GROUPS
from surveillance.store.writer import write_run

DEFAULT_STORE_URL = "sqlite:///surveillance.db"


class Store:
    """An open store: `reader` answers questions, `record_run` writes; threads may share it.

    `live` is what a worker of a stream reads and writes, `streams` answers questions about them;
    `copying` keeps the copiers.

    Made by `Store.open`.

    Parameters
    ----------
    engine : Engine
        An engine made by `create_store_engine` on a migrated database.
    url : str
        The store's URL for messages, without its password.
    """

    def __init__(self, engine: Engine, url: str) -> None:
        self._engine = engine
        self.url = url
        self.reader = Reader(engine, url)
        self.streams = StreamReader(engine, url)
        self.copying = CopyStore(engine, url)

    @classmethod
    def open(cls, url: str = DEFAULT_STORE_URL) -> "Store":
        """Open a store; create it where there is none, migrate it where it is older.

        Parameters
        ----------
        url : str
            An SQLAlchemy database URL.

        Returns
        -------
        Store
            To be closed by `close` or by leaving a `with` block.

        Raises
        ------
        StoreError
            If the URL is wrong, the file cannot be opened or written, is damaged or another
            program's, or holds a newer schema.
        """
        shown = show_url(parse_store_url(url))
        engine = create_store_engine(url)
        try:
            with translated_errors(shown):
                migrate(engine, shown)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine, shown)

    def record_run(self, findings: RunFindings) -> None:
        """Write one run in one transaction.

        Groups and accounts of earlier runs over the same dataset are replaced, those of other
        datasets stay, except that a group id names one group: its newest verdict wins.

        Parameters
        ----------
        findings : RunFindings
            What the run found, on what.

        Raises
        ------
        StoreError
            If the run holds a value that JSON cannot, or the database fails; the store is then as
            it was before.
        """
        writer = self._engine.execution_options(writes=True)
        with translated_errors(self.url), writer.begin() as connection:
            write_run(connection, findings)

    def tracked_groups(self, dataset: str | None = None) -> tuple[TrackedGroup, ...]:
        """Return the stored groups, so that the next run can keep their ids.

        Parameters
        ----------
        dataset : str, optional
            Only those of this dataset, by its name in the manifest of its runs.

        Returns
        -------
        tuple[TrackedGroup, ...]
            By group id, members in the group's order; empty for an unknown dataset.

        Raises
        ------
        StoreError
            If the database fails.
        """
        query = (
            select(GROUP_MEMBERS.c.group_id, GROUP_MEMBERS.c.account_id)
            .join(GROUPS, GROUPS.c.group_id == GROUP_MEMBERS.c.group_id)
            .where(GROUPS.c.dataset == dataset if dataset is not None else true())
            .order_by(GROUP_MEMBERS.c.group_id, GROUP_MEMBERS.c.place)
        )
        with translated_errors(self.url), self._engine.connect() as connection:
            rows = connection.execute(query).all()
        return tuple(
            TrackedGroup(group_id, tuple(row.account_id for row in members))
            for group_id, members in groupby(rows, key=lambda row: row.group_id)
        )

    def live(self, stream: str) -> LiveStore:
        """Return the live store of a stream; nothing is read or written yet.

        Parameters
        ----------
        stream : str
            The name of the stream, also the dataset of its runs and groups.
        """
        return LiveStore(self._engine, self.url, stream)

    def check(self) -> None:
        """Make sure that the store can be reached and has this version's schema.

        Raises
        ------
        StoreError
            If it cannot be reached, or another version has migrated it since it was opened.
        """
        with translated_errors(self.url), self._engine.connect() as connection:
            if not is_migrated(connection):
                raise StoreError(self.url, "has another schema than this version's; open it again")

    def close(self) -> None:
        """Close every connection; the store cannot be used afterwards."""
        self._engine.dispose()

    def __enter__(self) -> "Store":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
