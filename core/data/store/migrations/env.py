"""Run the migrations on the connection that core.data.store.database passes."""

from alembic import context

from core.data.store.schema import metadata

# SQLite cannot alter a column in place: batches copy the table, on the other databases they are plain ALTERs.
context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
