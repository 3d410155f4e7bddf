"""``fitscribe models list|verify``, and of the registry ``registered`` and ``versions``.

The verbs that look into one model lie beside, in ``model_folders.py``.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from fitscribe.cli import model_folders, scoring
from fitscribe.cli.runs import experiment_ids
from fitscribe.cli.table import ago, count, number, one_line, print_json, print_table
from fitscribe.core.filter_tree import quoted
from fitscribe.core.paging import gathered
from fitscribe.core.registry import ModelVersion, RegisteredModel
from fitscribe.tracking.connect import connect, get_tracking_uri

NOUN = "models"
HELP = "fitted estimators that were kept"


def add_verbs(verbs: Any, common: argparse.ArgumentParser) -> None:
    """Add the verbs of this noun to the parser."""
    listing = verbs.add_parser("list", parents=[common], help="newest first")
    listing.add_argument("--experiment", metavar="NAME", help="its name or id; all by default")
    listing.add_argument("--limit", type=count, default=20, help="at most so many (20)")
    listing.set_defaults(do=_list)
    registered = verbs.add_parser("registered", parents=[common], help="names, by name")
    registered.add_argument("--limit", type=count, default=100, help="at most so many (100)")
    registered.set_defaults(do=_registered)
    versions = verbs.add_parser("versions", parents=[common], help="of a name, newest first")
    versions.add_argument("name", metavar="NAME", help="of a registered model")
    versions.add_argument("--limit", type=count, default=20, help="at most so many (20)")
    versions.set_defaults(do=_versions)
    model_folders.add_verbs(verbs, common)
    verifying = verbs.add_parser(
        "verify", parents=[common], help="whether it still answers what it answered at its fit"
    )
    verifying.add_argument("model", metavar="ADDRESS", help="models:/…, runs:/…, or a folder")
    verifying.set_defaults(do=_verify, anywhere=True)
    scoring.add_verb(verbs, common)


def _list(arguments: argparse.Namespace) -> None:
    store = connect().store
    found = store.search_logged_models(
        experiment_ids(arguments.experiment), max_results=arguments.limit
    )
    if arguments.json:
        print_json(list(found))
        return
    if not found:
        print(f"No models found in {get_tracking_uri()}.")
        return
    rows = []
    for model in found:
        scores = {metric.key: metric.value for metric in model.metrics}
        rows.append(
            [
                model.name,
                f"models:/{model.model_id}",
                model.status,
                ago(model.creation_timestamp),
                number(scores.get("training_score")),
                "" if model.source_run_id is None else model.source_run_id[:12],
            ]
        )
    print_table(["name", "address", "status", "made", "training_score", "run"], rows)


def _registered(arguments: argparse.Namespace) -> None:
    store = connect().store
    found = gathered(
        lambda size, token: store.search_registered_models("", (), size, token), arguments.limit
    )
    if arguments.json:
        print_json(found)
        return
    if not found:
        print(f"No registered models found in {get_tracking_uri()}.")
        return
    rows = []
    for one in found:
        newest = _newest(one)
        rows.append(
            [
                one.name,
                "" if newest is None else newest.version,
                "" if newest is None else newest.current_stage,
                ", ".join(f"{alias}={version}" for alias, version in one.aliases.items()),
                ago(one.last_updated_timestamp),
            ]
        )
    print_table(["name", "latest", "stage", "aliases", "updated"], rows)


def _newest(registered: RegisteredModel) -> ModelVersion | None:
    return max(registered.latest_versions, key=lambda one: int(one.version), default=None)


def _versions(arguments: argparse.Namespace) -> None:
    store = connect().store
    name = store.get_registered_model(arguments.name).name
    found = store.search_model_versions(
        f"name = {quoted(name)}", ["version_number DESC"], arguments.limit
    )
    if arguments.json:
        print_json(list(found))
        return
    if not found:
        print(f"The registered model {name!r} has no versions.")
        return
    rows = [
        [
            one.version,
            one.current_stage,
            ", ".join(one.aliases),
            one.source or "",
            "" if one.run_id is None else one.run_id[:12],
            ago(one.creation_timestamp),
            one.user_id or "",
        ]
        for one in found
    ]
    print_table(["version", "stage", "aliases", "source", "run", "made", "by"], rows)


def _verify(arguments: argparse.Namespace) -> int:
    from fitscribe.sklearn.replay import verify

    found = verify(arguments.model)
    if arguments.json:
        print_json({**asdict(found), "model": arguments.model})
        return 0 if found.is_same else 1
    print(found.outcome if not found.rows else f"{found.outcome} ({found.rows} golden rows)")
    if found.methods:
        rows = [
            [
                name,
                one.outcome,
                "" if one.difference is None else f"{one.difference:.2g}",
                "" if one.differing is None else str(one.differing),
            ]
            for name, one in found.methods.items()
        ]
        print_table(["method", "outcome", "difference", "cells"], rows)
    for problem in found.problems:
        print(one_line(problem))
    for name, (then, here) in found.versions.items():
        print(f"{name}: {then or '–'} when it was written, {here or '–'} here")
    return 0 if found.is_same else 1
