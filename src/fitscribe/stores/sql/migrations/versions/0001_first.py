"""The first schema."""

from __future__ import annotations

from alembic import op

from fitscribe.core.clock import now_ms
from fitscribe.stores.sql.schema import DEFAULT_EXPERIMENT, statements

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

NUMBERED = "CREATE TABLE alembic_version"


def upgrade() -> None:
    connection = op.get_bind()
    percent = "%%" if connection.dialect.paramstyle == "pyformat" else "%"
    for statement in statements(revision, connection.dialect.name):
        # Alembic has made this one table already.
        if not statement.startswith(NUMBERED):
            connection.exec_driver_sql(statement.replace("%", percent))
    now = now_ms()
    connection.exec_driver_sql(
        "INSERT INTO experiments (id, name, lifecycle, created, updated) "
        f"VALUES (0, '{DEFAULT_EXPERIMENT}', 0, {now}, {now})"
    )
