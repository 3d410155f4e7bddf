"""``fitscribe models show``: a model folder, without loading it."""

from __future__ import annotations

import argparse
from typing import Any

from fitscribe.cli.home import check_home
from fitscribe.cli.table import one_line, print_json
from fitscribe.core.uris import LocalPath, parse_model_uri
from fitscribe.tracking.model_folders import inspect

__all__ = ["add_verbs"]

ADDRESS = "runs:/<run id>/model, models:/m-<id>, models:/<name>/<version>, or a folder"


def add_verbs(verbs: Any, common: argparse.ArgumentParser) -> None:
    """Add the verbs to the parser of their noun."""
    show = verbs.add_parser(
        "show", parents=[common], help="what one holds and would touch; it is not loaded"
    )
    show.add_argument("model", metavar="MODEL", help=ADDRESS)
    show.set_defaults(do=_show, anywhere=True)


def _check(*addresses: str) -> None:
    """Raise NotFound where an address is of a store, and nothing is recorded."""
    if not all(isinstance(parse_model_uri(address), LocalPath) for address in addresses):
        check_home()


def _show(arguments: argparse.Namespace) -> None:
    _check(arguments.model)
    found = inspect(arguments.model)
    if arguments.json:
        print_json(found.to_dict())
    else:
        _print(str(found))


def _print(text: str) -> None:
    """Print lines that hold what a stranger wrote."""
    for line in text.split("\n"):
        print(one_line(line))
