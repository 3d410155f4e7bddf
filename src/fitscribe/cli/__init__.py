"""The command line: ``fitscribe NOUN VERB``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from fitscribe.cli import database, experiments, models, runs, script
from fitscribe.errors import FitscribeError
from fitscribe.tracking.connect import disconnect, set_tracking_uri

__all__ = ["main"]

NOUNS = (runs, experiments, models, database)


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--uri", metavar="URI", help="where runs are kept (else as set_tracking_uri's default)"
    )
    common.add_argument("--json", action="store_true", help="print JSON")
    parser = argparse.ArgumentParser(
        prog="fitscribe",
        description="What scikit-learn fits recorded: list, search, show.",
        epilog="fitscribe runs list | fitscribe runs search 'metrics.training_score > 0.9'",
    )
    nouns = parser.add_subparsers(metavar="NOUN", required=True)
    for module in NOUNS:
        noun = nouns.add_parser(module.NOUN, help=module.HELP)
        verbs = noun.add_subparsers(metavar="VERB", required=True)
        module.add_verbs(verbs, common)
    script.add_command(nouns)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status: 0, 1 for an error, 2 for wrong usage.

    Parameters
    ----------
    arguments : sequence of str, optional
        The command line without the program's name; ``sys.argv`` by default.
    """
    parsed = _parser().parse_args(arguments)
    if hasattr(parsed, "script"):  # its errors are its own, and show as without us
        parsed.do(parsed)
        return 0
    try:
        if getattr(parsed, "uri", None):
            set_tracking_uri(parsed.uri)
        status: int = parsed.do(parsed) or 0
        sys.stdout.flush()
        return status
    except FitscribeError as error:
        print(f"fitscribe: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader (head, less) has gone; without this the interpreter complains at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    finally:
        disconnect()
