"""``fitscribe db info|upgrade``."""

from __future__ import annotations

import argparse
from typing import Any

from fitscribe.cli.table import print_json
from fitscribe.tracking.connect import connect, upgrade

NOUN = "db"
HELP = "the database itself"


def add_verbs(verbs: Any, common: argparse.ArgumentParser) -> None:
    """Add the verbs of this noun to the parser."""
    info = verbs.add_parser("info", parents=[common], help="where it is and what it holds")
    info.set_defaults(do=_info)
    up = verbs.add_parser("upgrade", parents=[common], help="bring an older one up to date")
    up.add_argument("address", nargs="?", help="as --uri")
    up.set_defaults(do=_upgrade)


def _info(arguments: argparse.Namespace) -> None:
    info = connect().store.info()
    if arguments.json:
        print_json(info)
        return
    size = "" if info.size_bytes is None else f"{info.size_bytes:,} bytes"
    facts = {
        "address": info.uri,
        "engine": info.engine,
        "schema": info.schema,
        "journal": info.journal or "",
        "size": size,
        **{name: f"{count:,}" for name, count in info.counts.items()},
    }
    width = max(map(len, facts))
    for key, value in facts.items():
        if value:
            print(f"{key:{width}}  {value}")


def _upgrade(arguments: argparse.Namespace) -> None:
    before, after = upgrade(arguments.address or arguments.uri)
    if arguments.json:
        print_json({"before": before, "after": after})
    elif before == after:
        print(f"Nothing to do: the schema is {after} already.")
    else:
        print(f"Upgraded from schema {before} to {after}.")
