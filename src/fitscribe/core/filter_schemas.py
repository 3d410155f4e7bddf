"""What a search may name: entities, attributes, and which operators go with what.

Names and aliases are MLflow's (3.17). The tables are read by :mod:`fitscribe.core.filters`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fitscribe.core.states import LoggedModelStatus, RunStatus

__all__ = [
    "EXPERIMENTS",
    "LOGGED_MODELS",
    "MODEL_VERSIONS",
    "OPERATORS",
    "REGISTERED_MODELS",
    "RUNS",
    "FilterSchema",
]

EQUALITY = ("=", "!=")
ORDER = ("<", "<=", ">", ">=")
PATTERN = ("LIKE", "ILIKE", "NOT LIKE", "NOT ILIKE")
LIST = ("IN", "NOT IN")
NULL = ("IS NULL", "IS NOT NULL")

# What a key holds -> the operators that go with it.
OPERATORS: Mapping[str, tuple[str, ...]] = {
    "metric": (*EQUALITY, *ORDER, *LIST, *NULL),
    "number": (*EQUALITY, *ORDER, *LIST, *NULL),
    "text": (*EQUALITY, *PATTERN, *LIST, *NULL),
    "id": (*EQUALITY, *PATTERN, *LIST, *NULL),
    "status": (*EQUALITY, *PATTERN, *LIST, *NULL),
    "param": (*EQUALITY, *ORDER, *PATTERN, *LIST, *NULL),
}

# What the keys of an entity hold; attributes each say it for themselves.
KINDS: Mapping[str, str] = {"metric": "metric", "param": "param", "tag": "text", "dataset": "text"}
DATASET_KEYS = ("name", "digest", "context")


@dataclass(frozen=True, slots=True)
class FilterSchema:
    """What can be searched for in one kind of thing.

    Parameters
    ----------
    what : str
        The things, for messages: ``"runs"``.
    entities : mapping of str to str
        Each spelling of an entity, the usual one first, and its name: ``attribute``, ``metric``,
        ``param``, ``tag`` or ``dataset``.
    attributes : mapping of str to str
        Each attribute, and what it holds: ``text``, ``number`` (times are milliseconds since 1970
        UTC), ``id`` (text; a bare decimal number will do) or ``status`` (one of `statuses`).
    aliases : mapping of str to str
        Other names of attributes.
    statuses : tuple of str
        Values of the attribute ``status``.
    sortable : frozenset of str
        Entities that ``order_by`` takes.
    """

    what: str
    entities: Mapping[str, str]
    attributes: Mapping[str, str]
    aliases: Mapping[str, str] = field(default_factory=dict)
    statuses: tuple[str, ...] = ()
    sortable: frozenset[str] = frozenset({"attribute"})


_ATTRIBUTE = dict.fromkeys(("attributes", "attribute", "attr"), "attribute")
_METRIC = dict.fromkeys(("metrics", "metric"), "metric")
_PARAM = dict.fromkeys(("params", "param", "parameters", "parameter"), "param")
_TAG = dict.fromkeys(("tags", "tag"), "tag")
_DATASET = dict.fromkeys(("datasets", "dataset"), "dataset")

RUNS = FilterSchema(
    what="runs",
    entities={**_ATTRIBUTE, "run": "attribute", **_METRIC, **_PARAM, **_TAG, **_DATASET},
    attributes={
        "run_id": "id",
        "run_name": "text",
        "status": "status",
        "user_id": "text",
        "artifact_uri": "text",
        "start_time": "number",
        "end_time": "number",
    },
    aliases={
        "run name": "run_name",
        "Run name": "run_name",
        "Run Name": "run_name",
        "created": "start_time",
        "Created": "start_time",
    },
    statuses=RunStatus.ALL,
    sortable=frozenset({"attribute", "metric", "param", "tag"}),
)

EXPERIMENTS = FilterSchema(
    what="experiments",
    entities={**_ATTRIBUTE, **_TAG},
    attributes={
        "name": "text",
        "experiment_id": "id",
        "creation_time": "number",
        "last_update_time": "number",
    },
)

LOGGED_MODELS = FilterSchema(
    what="logged models",
    entities={**_ATTRIBUTE, **_METRIC, **_PARAM, **_TAG},
    attributes={
        "name": "text",
        "model_id": "id",
        "model_type": "text",
        "status": "status",
        "source_run_id": "id",
        "creation_timestamp": "number",
        "last_updated_timestamp": "number",
    },
    aliases={
        "creation_time": "creation_timestamp",
        "last_updated_time": "last_updated_timestamp",
    },
    statuses=LoggedModelStatus.ALL,
    sortable=frozenset({"attribute", "metric"}),
)

REGISTERED_MODELS = FilterSchema(
    what="registered models",
    entities={**_ATTRIBUTE, **_TAG},
    attributes={
        "name": "text",
        "creation_timestamp": "number",
        "last_updated_timestamp": "number",
    },
    aliases={"timestamp": "last_updated_timestamp"},
)

MODEL_VERSIONS = FilterSchema(
    what="model versions",
    entities={**_ATTRIBUTE, **_TAG},
    attributes={
        "name": "text",
        "version_number": "number",
        "run_id": "id",
        "model_id": "id",
        "source_path": "text",
        "current_stage": "text",
        "creation_timestamp": "number",
        "last_updated_timestamp": "number",
    },
    aliases={"version": "version_number", "source": "source_path", "stage": "current_stage"},
)
