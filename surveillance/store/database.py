"""The database connection: how it is opened, how a transaction begins, what its errors mean.

SQLite runs with write-ahead logging (readers never wait for the writer), enforced foreign keys
and real transactions: Python's driver would begin them late and leave schema changes outside.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from surveillance.errors import StoreError, show_value

BUSY_TIMEOUT_S = 30.0  # how long a writer waits for another process's transaction
POOL_SIZE = 8
POOL_OVERFLOW = 56  # more than the HTTP server's worker threads: a reader never waits for a slot

_MEANING = {
    "SQLITE_BUSY": "another process is writing to it",
    "SQLITE_CANTOPEN": "cannot be opened; its directory must exist and be writable",
    "SQLITE_CORRUPT": "the file is damaged; restore it from a backup",
    "SQLITE_FULL": "the disk is full; nothing was written",
    "SQLITE_IOERR": "the disk failed while reading or writing; nothing was written",
    "SQLITE_NOTADB": "the file is no store: it is not an SQLite database",
    "SQLITE_READONLY": "the file or its directory is not writable",
}


def create_store_engine(url: str) -> Engine:
    """Create the engine of a store; no connection is made yet.

    Parameters
    ----------
    url : str
        An SQLAlchemy database URL; an SQLite store must be a file, because threads share it.

    Returns
    -------
    Engine
        With the option `writes=True` a transaction takes SQLite's write lock at its beginning.

    Raises
    ------
    StoreError
        If the URL cannot be read, names an unknown database or an in-memory one.
    """
    parsed = parse_store_url(url)
    try:
        engine = create_engine(
            parsed,
            connect_args={"timeout": BUSY_TIMEOUT_S} if _is_sqlite(parsed) else {},
            pool_size=POOL_SIZE,
            max_overflow=POOL_OVERFLOW,
        )
    except (SQLAlchemyError, ImportError, ValueError) as error:
        raise StoreError(show_url(parsed), f"cannot be used: {_first_line(error)}") from error
    if _is_sqlite(parsed):
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def parse_store_url(url: str) -> URL:
    """Read a store's URL.

    Parameters
    ----------
    url : str
        For example `sqlite:///surveillance.db`.

    Returns
    -------
    URL
        The parsed URL.

    Raises
    ------
    StoreError
        If it is no database URL or an in-memory SQLite database.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StoreError(
            show_value(url), "must be a database URL such as sqlite:///surveillance.db"
        ) from error
    in_memory = parsed.database in (None, "", ":memory:") or "mode=memory" in url
    if _is_sqlite(parsed) and in_memory:
        raise StoreError(show_url(parsed), "must be a file: threads share the store")
    return parsed


def show_url(url: URL) -> str:
    """Return a store's URL for messages: without its password.

    Parameters
    ----------
    url : URL
        The parsed URL.

    Returns
    -------
    str
        The URL with `***` for the password.
    """
    return url.render_as_string(hide_password=True)


@contextmanager
def translated_errors(store: str) -> Iterator[None]:
    """Turn what a database or a document raises into `StoreError`.

    Parameters
    ----------
    store : str
        The store's URL for the message.

    Yields
    ------
    None

    Raises
    ------
    StoreError
        For every error of the database, and for values that it or JSON cannot hold.
    """
    try:
        yield
    except DBAPIError as error:
        raise StoreError(store, _explain(error)) from error
    except SQLAlchemyError as error:
        raise StoreError(store, _first_line(error)) from error
    except ValidationError as error:
        raise StoreError(store, f"a document in it cannot be read: {_first_line(error)}") from error
    except (PydanticSerializationError, UnicodeError, OverflowError, ValueError) as error:
        raise StoreError(store, f"cannot hold a value: {_first_line(error)}") from error


@contextmanager
def reading(engine: Engine, store: str) -> Iterator[Connection]:
    """Yield a connection to read from; errors are translated."""
    with translated_errors(store), engine.connect() as connection:
        yield connection


@contextmanager
def writing(engine: Engine, store: str) -> Iterator[Connection]:
    """Yield a connection in a transaction that writes: all of it or nothing."""
    writer = engine.execution_options(writes=True)
    with translated_errors(store), writer.begin() as connection:
        yield connection


def _is_sqlite(url: URL) -> bool:
    return url.get_backend_name() == "sqlite"


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions begin where `_begin_sqlite` says
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA journal_mode=WAL")
    # What a commit promised may already stand in a topic: it must outlive a power cut. Killing the
    # process alone loses nothing at any setting.
    connection.execute("PRAGMA synchronous=FULL")


def _begin_sqlite(connection: Connection) -> None:
    # A deferred transaction that writes after a read fails at once when another writer was faster;
    # an immediate one waits for its turn.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _explain(error: DBAPIError) -> str:
    name = getattr(error.orig, "sqlite_errorname", "") if error.orig is not None else ""
    if isinstance(error.orig, sqlite3.Error):
        for prefix, meaning in _MEANING.items():
            if name.startswith(prefix):
                return meaning
    return _first_line(error.orig if error.orig is not None else error)


def _first_line(error: BaseException) -> str:
    lines = str(error).splitlines()
    return " ".join(line.strip() for line in lines[:3]) if lines else type(error).__name__
