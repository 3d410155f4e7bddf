"""The command line: ``fitscribe NOUN VERB``."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence

from fitscribe.cli import database, experiments, health, models, runs, script
from fitscribe.cli.home import check_home
from fitscribe.cli.table import print_error
from fitscribe.errors import FitscribeError
from fitscribe.modelfolder.distributions import version_of
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
    parser.add_argument(
        "--version", action="version", version=f"fitscribe {version_of('fitscribe')}"
    )
    nouns = parser.add_subparsers(metavar="NOUN", required=True)
    for module in NOUNS:
        noun = nouns.add_parser(module.NOUN, help=module.HELP)
        verbs = noun.add_subparsers(metavar="VERB", required=True)
        module.add_verbs(verbs, common)
    script.add_command(nouns)
    health.add_command(nouns)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status: 0, 1 for an error, 2 for wrong usage.

    Parameters
    ----------
    arguments : sequence of str, optional
        The command line without the program's name; ``sys.argv`` by default.
    """
    if sys.stdout is None or sys.stderr is None:  # closed by who started us
        nowhere = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  # to the end of the process
        sys.stdout, sys.stderr = sys.stdout or nowhere, sys.stderr or nowhere
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # names may hold what a terminal cannot show
            stream.reconfigure(errors="replace")
    parsed = _parser().parse_args(arguments)
    if hasattr(parsed, "script"):  # its errors are its own, and show as without us
        parsed.do(parsed)
        return 0
    try:
        if getattr(parsed, "uri", None):
            set_tracking_uri(parsed.uri)
        if not getattr(parsed, "anywhere", False):
            check_home()
        status: int = parsed.do(parsed) or 0
        sys.stdout.flush()
        return status
    except FitscribeError as error:
        print_error(error)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader (head, less) has gone.
        _drop_output()
        return 0
    except OSError as error:
        if error.filename is not None:  # no fault of the output
            raise
        _drop_output()
        print(f"fitscribe: the output cannot be written: {error.strerror}.", file=sys.stderr)
        return 1
    finally:
        disconnect()


def _drop_output() -> None:
    """Let what is not written yet go nowhere; else the interpreter complains at its exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
