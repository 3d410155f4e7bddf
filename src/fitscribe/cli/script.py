"""``fitscribe run SCRIPT``: a script written for MLflow, recorded by fitscribe."""

from __future__ import annotations

import argparse
import os
import runpy
import sys
from typing import Any

from fitscribe.tracking.as_mlflow import install_as_mlflow


def add_command(nouns: Any) -> None:
    """Add the command to the parser."""
    parser = nouns.add_parser(
        "run", help="a script written for MLflow: import mlflow gives fitscribe in it"
    )
    parser.add_argument("script", help="a Python file")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="what the script is given")
    parser.set_defaults(do=_run)


def _run(arguments: argparse.Namespace) -> None:
    if not os.path.isfile(arguments.script):
        sys.exit(f"fitscribe: there is no script {arguments.script!r}.")
    install_as_mlflow()
    sys.argv = [arguments.script, *arguments.arguments]
    sys.path[0] = os.path.dirname(os.path.abspath(arguments.script))
    runpy.run_path(arguments.script, run_name="__main__")
