"""Alembic's door: runs the migrations of one chain on the connection that `migrate.py` hands over."""

from alembic import context

# Alembic gives it a context only while it runs it: whoever imports it otherwise reads it.
if hasattr(context, "config"):
    config = context.config
    context.configure(
        connection=config.attributes["connection"],
        version_table=config.attributes["version_table"],
        render_as_batch=True,
    )
    with context.begin_transaction():
        context.run_migrations()
