"""``fitscribe models list``."""

from __future__ import annotations

import argparse
from typing import Any

from fitscribe.cli.runs import experiment_ids
from fitscribe.cli.table import ago, count, number, print_json, print_table
from fitscribe.tracking.connect import connect, get_tracking_uri

NOUN = "models"
HELP = "fitted estimators that were kept"


def add_verbs(verbs: Any, common: argparse.ArgumentParser) -> None:
    """Add the verbs of this noun to the parser."""
    listing = verbs.add_parser("list", parents=[common], help="newest first")
    listing.add_argument("--experiment", metavar="NAME", help="its name or id; all by default")
    listing.add_argument("--limit", type=count, default=20, help="at most so many (20)")
    listing.set_defaults(do=_list)


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
