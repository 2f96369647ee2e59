"""Run by Alembic, which loads this file by its path: migrate the connection that `upgrade` handed over."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
