"""Datasets, and which runs used them for what."""

from __future__ import annotations

import json
from collections.abc import Collection

from fitscribe.core.commands import RunRecord
from fitscribe.core.entities import TAG_CONTEXT, Dataset, DatasetInput, InputTag
from fitscribe.stores.sql.engine import Writer
from fitscribe.stores.sql.statements import Row, Statement

__all__ = ["add", "from_rows", "read_inputs"]

# A dataset is one row of its experiment, however many runs use it. Without a join, rows are
# numbered in the order in which they come.
_ADD = Statement(
    "INSERT INTO datasets (experiment, name, digest, source_type, source, schema, profile) "
    "SELECT (SELECT r.experiment FROM runs r WHERE r.run_id = i.run_id), i.name, i.digest, "
    "i.source_type, i.source, i.schema, i.profile FROM {incoming} "
    "WHERE true ON CONFLICT (experiment, name, digest) DO NOTHING",
    (
        ("run_id", "text"),
        ("name", "text"),
        ("digest", "text"),
        ("source_type", "text"),
        ("source", "text"),
        ("schema", "text"),
        ("profile", "text"),
    ),
)

_ADD_INPUT = Statement(
    "INSERT INTO inputs (run, dataset, context, tags) "
    "SELECT r.id, d.id, i.context, i.tags FROM {incoming} JOIN runs r ON r.run_id = i.run_id "
    "JOIN datasets d ON d.experiment = r.experiment AND d.name = i.name AND d.digest = i.digest "
    "WHERE true ON CONFLICT (run, dataset, context) DO NOTHING",
    (
        ("run_id", "text"),
        ("name", "text"),
        ("digest", "text"),
        ("context", "text"),
        ("tags", "text"),
    ),
)


def add(writer: Writer, records: Collection[RunRecord]) -> None:
    """Add datasets that runs used; the same one for the same purpose is one input."""
    datasets: list[Row] = []
    inputs: list[Row] = []
    for record in records:
        for used in record.datasets:
            one = used.dataset
            datasets.append(
                (
                    record.run_id,
                    one.name,
                    one.digest,
                    one.source_type,
                    one.source,
                    one.schema,
                    one.profile,
                )
            )
            others = {tag.key: tag.value for tag in used.tags if tag.key != TAG_CONTEXT}
            inputs.append(
                (
                    record.run_id,
                    one.name,
                    one.digest,
                    used.context or "",
                    json.dumps(others) if others else None,
                )
            )
    writer.apply(_ADD, datasets)
    writer.apply(_ADD_INPUT, inputs)


def read_inputs(runs: str) -> str:
    """Return the query for the datasets of runs, as :func:`from_rows` takes them."""
    return (
        "SELECT n.run, n.context, n.tags, d.name, d.digest, d.source_type, d.source, d.schema, "
        f"d.profile FROM inputs n JOIN datasets d ON d.id = n.dataset WHERE {runs} "
        "ORDER BY n.run, n.dataset, n.context"
    )


def from_rows(rows: list[Row]) -> dict[int, list[DatasetInput]]:
    """Return the datasets of each run."""
    found: dict[int, list[DatasetInput]] = {}
    for run, context, others, *dataset in rows:
        tags = [InputTag(TAG_CONTEXT, context)] if context else []
        tags += [InputTag(*item) for item in json.loads(others or "{}").items()]
        found.setdefault(run, []).append(DatasetInput(Dataset(*dataset), tuple(tags)))
    return found
