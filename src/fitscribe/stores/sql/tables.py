"""All tables. The one place where the layout is told; the DDL that is run is made from it.

Inside the database, runs, keys, experiments, datasets and models go by small integers; what users
see (run ids, names) is kept once. Rows that belong to a run carry its experiment and its start, so
that one *covering* index answers "the newest, or the best, 100 of this experiment" without a join
and without a sort: ``(experiment, key, value, start_time, run)``.

``python -m fitscribe.stores.sql.tables`` writes the DDL of the newest schema beside the
migrations. A fresh database runs that text, so making one needs no SQLAlchemy.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.engine import make_url
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlalchemy.sql.type_api import TypeEngine

from fitscribe.stores.sql.codes import SCHEMA, ddl_path

__all__ = [
    "changes",
    "datasets",
    "ddl",
    "experiment_tags",
    "experiments",
    "inputs",
    "keys",
    "latest",
    "leases",
    "logged_model_params",
    "logged_model_tags",
    "logged_models",
    "metadata",
    "metrics",
    "model_inputs",
    "model_metrics",
    "model_version_tags",
    "model_versions",
    "outputs",
    "params",
    "registered_model_aliases",
    "registered_model_tags",
    "registered_models",
    "runs",
    "tags",
    "version",
    "writers",
]

metadata = MetaData()

Kind = TypeEngine[Any] | type[TypeEngine[Any]]

# Text sorts by code point in both engines: what an index returns and what Python sorts agree.
TEXT = Text(collation="C").with_variant(Text(), "sqlite")
# A plain rowid on SQLite must be declared INTEGER; times need 64 bits on PostgreSQL.
TIME = BigInteger().with_variant(Integer(), "sqlite")
CODE = SmallInteger().with_variant(Integer(), "sqlite")


def _id() -> Column[int]:
    return Column("id", Integer, Identity(), primary_key=True)


def _ref(name: str, to: str) -> Column[int]:
    return Column(name, Integer, ForeignKey(f"{to}.id"), nullable=False)


def _column(name: str, kind: Kind, null: bool = False) -> Column[Any]:
    return Column(name, kind, nullable=null)


def _narrow(name: str, *columns: Column[Any] | Column[int], key: tuple[str, ...]) -> Table:
    """Return a table that is its own primary key's tree (SQLite's WITHOUT ROWID)."""
    primary = PrimaryKeyConstraint(*key)
    return Table(name, metadata, *columns, primary, sqlite_with_rowid=False)


def _of_run(
    name: str, *columns: Column[Any] | Column[int], key: tuple[str, ...] = ("run", "key")
) -> Table:
    """Return a table of rows that come by the thousand, and belong to a run and a key.

    They have no foreign keys: a row is only ever made from a row of `runs` in the same
    statement or transaction, and a check for each of them would double the cost of a write.
    """
    return _narrow(name, _column("run", Integer), _column("key", Integer), *columns, key=key)


version = Table(
    "alembic_version",
    metadata,
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)

# Names of params, metrics and tags, and an integer for each. Nothing is ever taken out.
keys = Table("keys", metadata, _id(), _column("name", TEXT), UniqueConstraint("name"))

experiments = Table(
    "experiments",
    metadata,
    _id(),
    _column("name", TEXT),
    # NULL is the store's own root, so that a folder that is moved still opens.
    _column("artifact_location", TEXT, null=True),
    _column("lifecycle", CODE),
    _column("created", TIME),
    _column("updated", TIME),
)
Index(
    "experiments_by_name",
    experiments.c.name,
    unique=True,
    sqlite_where=text("lifecycle = 0"),
    postgresql_where=text("lifecycle = 0"),
)

experiment_tags = _narrow(
    "experiment_tags",
    _ref("experiment", "experiments"),
    _ref("key", "keys"),
    _column("value", TEXT),
    key=("experiment", "key"),
)

# A run's name and its parent are the tags mlflow.runName and mlflow.parentRunId.
runs = Table(
    "runs",
    metadata,
    _id(),
    _column("run_id", TEXT),
    _ref("experiment", "experiments"),
    _column("user_id", TEXT),
    _column("status", CODE),
    _column("lifecycle", CODE),
    _column("start_time", TIME),
    _column("end_time", TIME, null=True),
    UniqueConstraint("run_id"),
)
Index(
    "runs_by_start",
    runs.c.experiment,
    runs.c.lifecycle,
    runs.c.start_time,
    runs.c.id,
)

# `number` is Param.number; `head` is the text, or its first 200 characters where `text` has it.
params = _of_run(
    "params",
    _column("experiment", Integer),
    _column("start_time", TIME),
    _column("kind", CODE),
    _column("number", Double(), null=True),
    _column("head", TEXT),
    _column("text", TEXT, null=True),
)
Index(
    "params_by_value",
    params.c.experiment,
    params.c.key,
    params.c.number,
    params.c.head,
    params.c.start_time,
    params.c.run,
)

tags = _of_run(
    "tags",
    _column("experiment", Integer),
    _column("start_time", TIME),
    _column("head", TEXT),
    _column("text", TEXT, null=True),
)
Index(
    "tags_by_value",
    tags.c.experiment,
    tags.c.key,
    tags.c.head,
    tags.c.start_time,
    tags.c.run,
)

# The latest value of each metric; NULL is NaN.
latest = _of_run(
    "latest",
    _column("experiment", Integer),
    _column("start_time", TIME),
    _column("step", TIME),
    _column("timestamp", TIME),
    _column("value", Double(), null=True),
)
Index(
    "latest_by_value",
    latest.c.experiment,
    latest.c.key,
    latest.c.value,
    latest.c.start_time,
    latest.c.run,
)

# Every point of every metric; one that is NaN has value 0 and nan 1 (a key holds no NULL).
metrics = _of_run(
    "metrics",
    _column("timestamp", TIME),
    _column("step", TIME),
    _column("value", Double()),
    _column("nan", CODE),
    key=("run", "key", "timestamp", "step", "value", "nan"),
)

datasets = Table(
    "datasets",
    metadata,
    _id(),
    _ref("experiment", "experiments"),
    _column("name", TEXT),
    _column("digest", TEXT),
    _column("source_type", TEXT),
    _column("source", TEXT),
    _column("schema", TEXT, null=True),
    _column("profile", TEXT, null=True),
    UniqueConstraint("experiment", "name", "digest"),
)

# `context` is the tag mlflow.data.context, or empty; `tags` has the others, as JSON.
inputs = _narrow(
    "inputs",
    _ref("run", "runs"),
    _ref("dataset", "datasets"),
    _column("context", TEXT),
    _column("tags", TEXT, null=True),
    key=("run", "dataset", "context"),
)
Index("inputs_by_dataset", inputs.c.dataset, inputs.c.run)

logged_models = Table(
    "logged_models",
    metadata,
    _id(),
    _column("model_id", TEXT),
    _ref("experiment", "experiments"),
    _column("name", TEXT),
    Column("run", Integer, ForeignKey("runs.id"), nullable=True),
    _column("model_type", TEXT, null=True),
    _column("status", CODE),
    _column("status_message", TEXT, null=True),
    _column("lifecycle", CODE),
    _column("created", TIME),
    _column("updated", TIME),
    _column("digest", TEXT, null=True),
    UniqueConstraint("model_id"),
)
Index(
    "logged_models_by_age",
    logged_models.c.experiment,
    logged_models.c.lifecycle,
    logged_models.c.created,
    logged_models.c.id,
)
Index("logged_models_by_run", logged_models.c.run, logged_models.c.name)

logged_model_params = _narrow(
    "logged_model_params",
    _ref("model", "logged_models"),
    _ref("key", "keys"),
    _column("number", Double(), null=True),
    _column("value", TEXT),
    key=("model", "key"),
)

logged_model_tags = _narrow(
    "logged_model_tags",
    _ref("model", "logged_models"),
    _ref("key", "keys"),
    _column("value", TEXT),
    key=("model", "key"),
)

# Metrics that name a model or a dataset; `model` 0 is none, empty text is no dataset.
model_metrics = _of_run(
    "model_metrics",
    _column("timestamp", TIME),
    _column("step", TIME),
    _column("value", Double()),
    _column("nan", CODE),
    _column("model", Integer),
    _column("dataset_name", TEXT),
    _column("dataset_digest", TEXT),
    key=(
        *("run", "key", "timestamp", "step", "value", "nan"),
        *("model", "dataset_name", "dataset_digest"),
    ),
)
Index("model_metrics_by_model", model_metrics.c.model, model_metrics.c.key)

model_inputs = _narrow(
    "model_inputs", _ref("run", "runs"), _ref("model", "logged_models"), key=("run", "model")
)

outputs = _narrow(
    "outputs",
    _ref("run", "runs"),
    _ref("model", "logged_models"),
    _column("step", TIME),
    key=("run", "model", "step"),
)

leases = Table(
    "leases",
    metadata,
    Column("run", Integer, ForeignKey("runs.id"), primary_key=True, autoincrement=False),
    _column("host", TEXT),
    _column("boot_id", TEXT),
    _column("pid", TIME),
    _column("pid_started", TIME),
    _column("heartbeat", TIME),
)

# `last_version` is the newest number that was ever given: a deleted version's is not given again.
registered_models = Table(
    "registered_models",
    metadata,
    _id(),
    _column("name", TEXT),
    _column("description", TEXT, null=True),
    _column("last_version", Integer),
    _column("created", TIME),
    _column("updated", TIME),
    UniqueConstraint("name"),
)

registered_model_tags = _narrow(
    "registered_model_tags",
    _ref("registered", "registered_models"),
    _ref("key", "keys"),
    _column("value", TEXT),
    key=("registered", "key"),
)

# `source` is as it was given, `origin` what it was then: no version or alias. `experiment`, of the
# logged model or the run, says who may see it; NULL is everybody.
model_versions = Table(
    "model_versions",
    metadata,
    _id(),
    _ref("registered", "registered_models"),
    _column("version", Integer),
    Column("experiment", Integer, ForeignKey("experiments.id"), nullable=True),
    Column("model", Integer, ForeignKey("logged_models.id"), nullable=True),
    _column("run_id", TEXT, null=True),
    _column("source", TEXT),
    _column("origin", TEXT),
    _column("digest", TEXT, null=True),
    _column("stage", CODE),
    _column("user_id", TEXT),
    _column("description", TEXT, null=True),
    _column("run_link", TEXT, null=True),
    _column("created", TIME),
    _column("updated", TIME),
    UniqueConstraint("registered", "version"),
)
Index("model_versions_by_run", model_versions.c.run_id)

model_version_tags = _narrow(
    "model_version_tags",
    _ref("version", "model_versions"),
    _ref("key", "keys"),
    _column("value", TEXT),
    key=("version", "key"),
)

registered_model_aliases = _narrow(
    "registered_model_aliases",
    _ref("registered", "registered_models"),
    _column("alias", TEXT),
    _ref("version", "model_versions"),
    key=("registered", "alias"),
)
Index("registered_model_aliases_by_version", registered_model_aliases.c.version)

# `seq` follows the order of commits: writers come one after the other.
changes = Table(
    "changes",
    metadata,
    Column("seq", TIME, Identity(), primary_key=True),
    _column("kind", CODE),
    _column("id", TEXT),
    _column("caller", TEXT),
    _column("request_id", TEXT, null=True),
    _column("at", TIME),
)

writers = _narrow(
    "writers",
    _column("writer", TEXT),
    _column("last_seq", TIME),
    _column("at", TIME),
    key=("writer",),
)

# How a rule stops a transaction whose statements are all on their way (see `postgresql.py`).
REFUSE = """CREATE OR REPLACE FUNCTION fitscribe_refuse(rule text, facts text) RETURNS void
LANGUAGE plpgsql AS $$ BEGIN
  RAISE EXCEPTION USING ERRCODE = 'FS001', MESSAGE = rule, DETAIL = facts;
END $$"""

# Lower case of all letters, not of ASCII only as in the collation "C".
LOWER = """DO $$ DECLARE chosen text; BEGIN
  SELECT collname INTO chosen FROM pg_collation
  WHERE collname IN ('pg_c_utf8', 'und-x-icu') AND collencoding IN (-1,
    (SELECT encoding FROM pg_database WHERE datname = current_database()))
  ORDER BY collname LIMIT 1;
  EXECUTE format('CREATE OR REPLACE FUNCTION fitscribe_lower(given text) RETURNS text '
    'LANGUAGE sql IMMUTABLE AS $f$ SELECT lower(given COLLATE %I) $f$',
    coalesce(chosen, 'default'));
END $$"""


def ddl(engine: str) -> list[str]:
    """Return the statements that make the newest schema in an empty database.

    Parameters
    ----------
    engine : {"sqlite", "postgresql"}
        Which dialect.

    Returns
    -------
    list of str
        Tables and indexes; the rows that are always there are written by the one who makes it.
    """
    dialect = make_url(f"{engine}://").get_dialect()()
    statements = [] if engine == "sqlite" else [REFUSE, LOWER]
    for table in metadata.sorted_tables:
        statements.append(str(CreateTable(table).compile(dialect=dialect)).strip())
        statements += [
            str(CreateIndex(index).compile(dialect=dialect)).strip()
            for index in sorted(table.indexes, key=lambda index: str(index.name))
        ]
    return [
        "\n".join(line.replace("\t", "  ").rstrip() for line in one.splitlines())
        for one in statements
    ]


def write_ddl() -> list[Path]:
    """Write the DDL of the newest schema beside the migrations; return the files."""
    written = []
    for engine in ("sqlite", "postgresql"):
        path = ddl_path(SCHEMA, engine)
        path.write_text("".join(f"{one};\n\n" for one in ddl(engine)), encoding="utf-8")
        written.append(path)
    return written


if __name__ == "__main__":
    for file in write_ddl():
        print(file)
