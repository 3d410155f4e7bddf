"""``fitscribe models show|env|diff``: model folders, looked into."""

from __future__ import annotations

import argparse
import shutil
from typing import Any

from fitscribe.cli.home import check_home
from fitscribe.cli.table import one_line, print_json, print_table
from fitscribe.core.uris import LocalPath, parse_model_uri
from fitscribe.modelfolder.model_environment import create_environment
from fitscribe.tracking.model_folders import diff, environment, inspect

__all__ = ["add_verbs"]

ADDRESS = "runs:/<run id>/model, models:/m-<id>, models:/<name>/<version>, or a folder"


def add_verbs(verbs: Any, common: argparse.ArgumentParser) -> None:
    """Add the verbs to the parser of their noun."""
    show = verbs.add_parser(
        "show", parents=[common], help="what one holds and would touch; it is not loaded"
    )
    show.add_argument("model", metavar="MODEL", help=ADDRESS)
    show.set_defaults(do=_show, anywhere=True)
    env = verbs.add_parser("env", parents=[common], help="what one needs: requirements.txt")
    env.add_argument("model", metavar="MODEL", help=ADDRESS)
    does = env.add_mutually_exclusive_group()
    does.add_argument(
        "--check", action="store_true", help="what differs here; exit status 1 if anything does"
    )
    does.add_argument("--create", metavar="DIR", help="make a virtual environment there")
    env.set_defaults(do=_env, anywhere=True)
    difference = verbs.add_parser("diff", parents=[common], help="what differs between two")
    difference.add_argument("a", metavar="A", help=ADDRESS)
    difference.add_argument("b", metavar="B", help="the same")
    difference.add_argument(
        "--trust",
        choices=["code"],
        help="run whatever their files name; else only what is listed, or is yours",
    )
    difference.set_defaults(do=_diff, anywhere=True)


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


def _env(arguments: argparse.Namespace) -> int:
    _check(arguments.model)
    found = environment(arguments.model)
    if arguments.create is not None:
        python = create_environment(found, arguments.create, uv=shutil.which("uv"))
        if arguments.json:
            print_json({"python": str(python)})
        else:
            print(f"Made {python}")
        return 0
    differing = found.differences() if arguments.check else []
    if arguments.json:
        print_json(found.to_dict())
    elif not arguments.check:
        _print(found.text.removesuffix("\n"))
    elif differing:
        rows = [[one.package, one.wanted or "any", one.here or "none"] for one in differing]
        print_table(["package", "wanted", "here"], rows)
    else:
        print("Everything is here as the model asks for it.")
    return 1 if differing else 0


def _diff(arguments: argparse.Namespace) -> None:
    _check(arguments.a, arguments.b)
    found = diff(arguments.a, arguments.b, arguments.trust)
    if arguments.json:
        print_json(found.to_dict())
    else:
        _print(str(found))


def _print(text: str) -> None:
    """Print lines that hold what a stranger wrote."""
    for line in text.split("\n"):
        print(one_line(line))
