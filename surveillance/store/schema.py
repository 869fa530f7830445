"""The schema's version: brings an older store up to date and refuses one that is not ours.

Migrations live in `migrations/` beside this module and run in one transaction each time a store is
opened; the version is kept in a table of our own name, so that a foreign database is noticed.
"""

from pathlib import Path
from threading import Lock

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect

from surveillance.errors import StoreError

VERSION_TABLE = "surveillance_schema"

_ALEMBIC_IS_RUNNING = Lock()  # Alembic keeps its current context in a module variable


def migrate(engine: Engine, store: str) -> None:
    """Bring the store's schema to this version, creating it in an empty database.

    Parameters
    ----------
    engine : Engine
        The store's engine.
    store : str
        The store's URL for messages.

    Raises
    ------
    StoreError
        If the database holds tables of another program or a newer schema than this version knows.
    """
    with engine.connect() as connection:
        if _current_revision(connection) == _head_revision():
            return
    with (
        _ALEMBIC_IS_RUNNING,
        engine.execution_options(writes=True).begin() as connection,
    ):
        current = _current_revision(connection)
        if current is None and (tables := inspect(connection).get_table_names()):
            raise StoreError(store, f"holds tables of another program: {', '.join(tables[:5])}")
        if current is not None and current not in _known_revisions():
            raise StoreError(
                store,
                f"was written by a newer version (schema {current}, "
                f"this version knows up to {_head_revision()}); upgrade the program",
            )
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def is_migrated(connection: Connection) -> bool:
    """Say whether the schema is exactly that of this version.

    Parameters
    ----------
    connection : Connection
        A connection to the store.

    Returns
    -------
    bool
        False for an empty, an older, a newer or a foreign database.
    """
    return _current_revision(connection) == _head_revision()


def _current_revision(connection: Connection) -> str | None:
    options = {"version_table": VERSION_TABLE}
    return MigrationContext.configure(connection, opts=options).get_current_revision()


def _config() -> Config:
    config = Config()
    # ConfigParser reads a percent sign as interpolation.
    location = str(Path(__file__).parent / "migrations").replace("%", "%%")
    config.set_main_option("script_location", location)
    return config


def _head_revision() -> str | None:
    return ScriptDirectory.from_config(_config()).get_current_head()


def _known_revisions() -> set[str]:
    script = ScriptDirectory.from_config(_config())
    return {revision.revision for revision in script.walk_revisions()}
