"""``fitscribe models predict``: the rows of a file through a model into another file."""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

from fitscribe.batch.score import predict_file
from fitscribe.cli.table import one_line, print_json
from fitscribe.modelfolder.read import TRUST_CODE

CLEAR_LINE = "\r\x1b[2K"
# So often is a line shown, in seconds.
PAUSE = 0.2


def add_verb(verbs: Any, common: argparse.ArgumentParser) -> None:
    """Add ``predict`` to the verbs of models."""
    predict = verbs.add_parser("predict", parents=[common], help="about the rows of a file")
    predict.add_argument(
        "-m",
        "--model-uri",
        "--model",
        dest="model",
        action=_Model,
        metavar="MODEL",
        required=True,
        help="runs:/ID/model, models:/m-ID, models:/NAME/3, models:/NAME@ALIAS, or a folder",
    )
    predict.add_argument(
        "-i",
        "--input-path",
        "--input",
        dest="input",
        metavar="FILE",
        required=True,
        help=".parquet, .arrow, .csv, .jsonl or .json",
    )
    predict.add_argument(
        "-o",
        "--output-path",
        "--output",
        dest="output",
        metavar="FILE",
        required=True,
        help=".parquet, .arrow, .csv or .jsonl",
    )
    predict.add_argument(
        "--method", metavar="NAME", help="predict_proba, say; else as the model was saved"
    )
    predict.add_argument(
        "--keep",
        action="append",
        default=[],
        metavar="COLUMN",
        help="copy it from the input; may be given several times",
    )
    predict.add_argument("--overwrite", action="store_true", help="replace the output")
    predict.add_argument(
        "--trust",
        choices=[TRUST_CODE],
        help="let the model run code of its own: you know who made it",
    )
    predict.add_argument(
        "--env",
        choices=["local", "venv"],
        default="local",
        help="where it runs: here, or in an environment with what it was saved with, kept in "
        "your cache",
    )
    predict.add_argument("--rows", type=_rows, metavar="N", help="ask about so many at once")
    predict.set_defaults(do=_predict)


class _Model(argparse.Action):
    """Takes an address; a folder needs no place where runs are kept."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Store the address."""
        namespace.model = values
        namespace.anywhere = not values.startswith(("runs:", "models:"))


def _rows(text: str) -> int:
    """Return how many rows a part has."""
    if not (text.isascii() and text.isdigit() and int(text)):
        raise argparse.ArgumentTypeError(f"give a positive integer, not {text!r:.40}")
    return int(text)


def _predict(arguments: argparse.Namespace) -> None:
    progress = _Progress() if sys.stderr.isatty() else None
    if progress is not None and arguments.env == "venv":
        progress.tell("looking for the model's environment; a new one takes a minute or so")
    try:
        done = predict_file(
            arguments.model,
            arguments.input,
            arguments.output,
            method=arguments.method,
            keep=arguments.keep,
            overwrite=arguments.overwrite,
            trust=arguments.trust,
            part_rows=arguments.rows,
            progress=progress,
            env=arguments.env,
        )
    finally:
        if progress is not None:
            progress.clear()
    if arguments.json:
        print_json(done)
        return
    shown = ", ".join(done.columns[:8]) + (" …" if len(done.columns) > 8 else "")
    rows = "1 row" if done.rows == 1 else f"{done.rows:,} rows"
    print(one_line(f"{rows} in {done.path}: {shown}"))


class _Progress:
    """The line on a terminal that tells how far it is."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._shown = 0.0

    def __call__(self, done: int, total: int | None) -> None:
        """Show the rows that are done, of how many, and how many a second."""
        now = time.monotonic()
        if now - self._shown < PAUSE:
            return
        self._shown = now
        rate = done / max(now - self._start, 1e-9)
        of = "" if total is None else f" of {total:,} ({done / max(total, 1):.0%})"
        print(
            f"{CLEAR_LINE}{done:,}{of} rows, {rate:,.0f} a second",
            end="",
            file=sys.stderr,
            flush=True,
        )

    def tell(self, text: str) -> None:
        """Show something else than rows, until there are some."""
        self._shown = time.monotonic() - PAUSE
        print(f"{CLEAR_LINE}{text}", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Take the line away."""
        if self._shown:
            print(CLEAR_LINE, end="", file=sys.stderr, flush=True)
