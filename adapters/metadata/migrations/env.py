"""Run by Alembic: migrates over the connection, and in the transaction, that `migrate` opened."""

from alembic import context

from minerva.adapters.metadata.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    transactional_ddl=True,  # on SQLite too: `engine` begins each transaction itself
)
with context.begin_transaction():
    context.run_migrations()
