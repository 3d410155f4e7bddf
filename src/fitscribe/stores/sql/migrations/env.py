"""Run by Alembic, which puts `context` there; the caller brings the connection and commits."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
