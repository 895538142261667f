"""Runs the migrations on the connection that `ops.console.control` hands over."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], version_table="console_version")
with context.begin_transaction():
    context.run_migrations()
