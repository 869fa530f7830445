"""Runs the migrations on the connection that `surveillance.store.schema` hands over.

The caller owns the transaction: a failed migration leaves the store as it was.
"""

from alembic import context

from surveillance.store.schema import VERSION_TABLE
from surveillance.store.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table=VERSION_TABLE,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
