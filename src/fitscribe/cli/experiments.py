"""``fitscribe experiments list``."""

from __future__ import annotations

import argparse
from typing import Any

from fitscribe.cli.table import ago, print_json, print_table
from fitscribe.core.states import ViewType
from fitscribe.tracking.connect import connect

NOUN = "experiments"
HELP = "folders of runs"


def add_verbs(verbs: Any, common: argparse.ArgumentParser) -> None:
    """Add the verbs of this noun to the parser."""
    listing = verbs.add_parser("list", parents=[common], help="newest first")
    listing.add_argument("--deleted", action="store_true", help="what is in the bin")
    listing.set_defaults(do=_list)


def _list(arguments: argparse.Namespace) -> None:
    view = ViewType.DELETED_ONLY if arguments.deleted else ViewType.ACTIVE_ONLY
    found = connect().store.search_experiments(view_type=view)
    if arguments.json:
        print_json(list(found))
        return
    rows = [[one.name, one.experiment_id, ago(one.creation_time)] for one in found]
    print_table(["name", "id", "made"], rows)
