"""The model registry: names, versions, tags, aliases."""

from __future__ import annotations

import re

from alembic import op

from fitscribe.stores.sql.schema import statements

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NEW = re.compile(r"CREATE (TABLE|INDEX) (registered_model|model_version)")


def upgrade() -> None:
    connection = op.get_bind()
    # The tables are those of this schema's file, which does not change any more.
    for statement in statements(revision, connection.dialect.name):
        if NEW.match(statement):
            connection.exec_driver_sql(statement)
