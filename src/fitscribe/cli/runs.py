"""``fitscribe runs list|show|search|delete|restore``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Any

from fitscribe.cli.follow import follow, progress_line, progress_of
from fitscribe.cli.table import (
    ago,
    coloured,
    count,
    duration,
    number,
    one_line,
    print_error,
    print_json,
    print_table,
)
from fitscribe.core.entities import TAG_PARENT, Run
from fitscribe.core.states import LifecycleStage, RunStatus, ViewType
from fitscribe.errors import FitscribeError, InvalidParameter, NotFound
from fitscribe.tracking.addresses import models_made
from fitscribe.tracking.artifacts import files_at
from fitscribe.tracking.connect import connect, get_tracking_uri

NOUN = "runs"
HELP = "what was recorded"
# The metrics that say most, first; a table shows the first ones that any run has.
FAVOURITES = (
    "training_accuracy_score",
    "training_r2_score",
    "training_roc_auc",
    "training_root_mean_squared_error",
    "best_cv_score",
    "mean_test_score",
    "training_score",
)
MOST_COLUMNS = 3


def add_verbs(verbs: Any, common: argparse.ArgumentParser) -> None:
    """Add the verbs of this noun to the parser."""
    listing = verbs.add_parser("list", parents=[common], help="newest first")
    search = verbs.add_parser("search", parents=[common], help="by a filter")
    search.add_argument(
        "filter", help="for example: metrics.training_score > 0.9 and params.max_depth = 3"
    )
    for parser in (listing, search):
        parser.add_argument("--experiment", metavar="NAME", help="its name or id; all by default")
        parser.add_argument("--order-by", action="append", default=[], metavar="KEY [DESC]")
        parser.add_argument("--limit", type=count, default=20, help="at most so many (20)")
        parser.add_argument("--deleted", action="store_true", help="what is in the bin")
        parser.set_defaults(do=_list)
    listing.add_argument("--children", action="store_true", help="candidates of searches, too")
    show = verbs.add_parser("show", parents=[common], help="all of one run")
    show.add_argument("run", help="its id, or the beginning of it")
    show.add_argument(
        "--follow", action="store_true", help="only how far it is, again and again until it ends"
    )
    show.set_defaults(do=_show)
    delete = verbs.add_parser("delete", parents=[common], help="put runs into the bin")
    delete.add_argument("run", nargs="+", help="ids, or the beginnings of them")
    delete.set_defaults(do=_delete)
    restore = verbs.add_parser("restore", parents=[common], help="take runs out of the bin")
    restore.add_argument("run", nargs="+", help="ids, or the beginnings of them")
    restore.set_defaults(do=_restore)


def experiment_ids(name: str | None) -> list[str]:
    """Return the ids of the experiment of that name or id; of all of them for None."""
    store = connect().store
    if name is None:
        return [found.experiment_id for found in store.search_experiments()]
    found = store.get_experiment_by_name(name)
    if found is None and name.isdigit():
        found = store.get_experiment(name)
    if found is None:
        known = ", ".join(sorted(one.name for one in store.search_experiments()))
        raise NotFound(f"There is no experiment {name!r}. There are: {known}.")
    return [found.experiment_id]


def _list(arguments: argparse.Namespace) -> None:
    text = getattr(arguments, "filter", "")
    view = ViewType.DELETED_ONLY if arguments.deleted else ViewType.ACTIVE_ONLY
    if not text and not getattr(arguments, "children", True):
        text = f"tags.`{TAG_PARENT}` IS NULL"
    runs = connect().store.search_runs(
        experiment_ids(arguments.experiment), text, arguments.order_by, view, arguments.limit
    )
    if arguments.json:
        print_json(list(runs))
        return
    if not runs:
        print(f"No runs found in {get_tracking_uri()}.")
        return
    print_runs(runs)
    if runs.token is not None:
        print(f"… and more: --limit {arguments.limit * 5}", file=sys.stderr)


def print_runs(runs: list[Run]) -> None:
    """Print runs as a table, with the metrics that say most."""
    present = {key for run in runs for key in run.data.metrics}
    shown = [key for key in FAVOURITES if key in present][:MOST_COLUMNS]
    shown = shown or sorted(present)[:MOST_COLUMNS]
    headings = ["name", "run id", "status", "started", "took", *shown]
    rows = [
        [
            run.info.run_name,
            run.info.run_id[:12],
            run.info.status,
            ago(run.info.start_time),
            duration(run.info.start_time, run.info.end_time),
            *(number(run.data.metrics.get(key)) for key in shown),
        ]
        for run in runs
    ]
    print_table(headings, rows)


def find_run(text: str, view_type: int = ViewType.ALL) -> Run:
    """Return the run whose id is `text` or begins with it."""
    store = connect().store
    if not text.isalnum():
        raise InvalidParameter(f"A run id has letters and digits only, not {text!r}.")
    try:
        return store.get_run(text)
    except NotFound:
        found = store.search_runs(
            experiment_ids(None), f"attributes.run_id LIKE '{text}%'", (), view_type, 6
        )
    if len(found) == 1:
        return found[0]
    if not found:
        raise NotFound(f"There is no run {text!r} in {get_tracking_uri()}.")
    names = ", ".join(
        f"{run.info.run_id[:12]} ({one_line(run.info.run_name)})" for run in found[:5]
    )
    raise InvalidParameter(f"Several runs begin with {text!r}: {names} …")


def _show(arguments: argparse.Namespace) -> None:
    run = find_run(arguments.run)
    if arguments.follow:
        follow(run, arguments.json)
        return
    if arguments.json:
        print_json(run)
        return
    info = run.info
    print(coloured(one_line(info.run_name), "heading"))
    took = duration(info.start_time, info.end_time)
    print(f"{coloured(info.status, info.status)}  {ago(info.start_time)}  {took}".rstrip())
    if info.lifecycle_stage != LifecycleStage.ACTIVE:
        print(f"In the bin. Out of it: fitscribe runs restore {info.run_id[:12]}")
    progress = progress_of(run) if info.status == RunStatus.RUNNING else None
    if progress is not None:
        print(progress_line(progress))
    experiment = connect().store.get_experiment(info.experiment_id)
    _section("run", {"id": info.run_id, "experiment": experiment.name, "user": info.user_id})
    _section("metrics", {k: f"{v:.6g}" for k, v in sorted(run.data.metrics.items())})
    _section("params", dict(sorted(run.data.params.items())))
    _section("tags", dict(sorted(run.data.tags.items())))
    inputs = run.inputs.dataset_inputs
    _section("data", {one.dataset.name: f"{one.dataset.digest}  {one.context}" for one in inputs})
    models = models_made(connect(), run)
    _section("models", {model.name: f"models:/{model.model_id}" for model in models})
    files = files_at(connect(), info.artifact_uri).list()
    _section("files", {one.path: "" if one.is_dir else f"{one.file_size} bytes" for one in files})
    children = connect().store.search_runs(
        [info.experiment_id], f"tags.`{TAG_PARENT}` = '{info.run_id}'", (), max_results=10
    )
    if children:
        print(coloured(f"\nchildren{' (newest 10)' if children.token else ''}", "heading"))
        print_runs(children)


def _section(title: str, facts: dict[str, str]) -> None:
    if not facts:
        return
    print(coloured(f"\n{title}", "heading"))
    width = min(max(map(len, facts)), 40)
    for key, value in facts.items():
        first, *rest = value.splitlines() or [""]
        more = f" … ({len(rest)} more lines)" if rest else ""
        print(f"  {one_line(key):{width}}  {one_line(first[:200])}{more}".rstrip())


def _delete(arguments: argparse.Namespace) -> int:
    store = connect().store
    done, failed = _each_run(arguments.run, ViewType.ACTIVE_ONLY, store.delete_run)
    if arguments.json:
        print_json({"deleted": [run.info.run_id for run in done]})
    for run in () if arguments.json else done:
        print(f"In the bin: {run.info.run_id} ({one_line(run.info.run_name)})")
    if done and not arguments.json:
        ids = " ".join(run.info.run_id[:12] for run in done)
        print(f"Nothing is lost: fitscribe runs restore {ids}", file=sys.stderr)
    return failed


def _restore(arguments: argparse.Namespace) -> int:
    store = connect().store
    done, failed = _each_run(arguments.run, ViewType.DELETED_ONLY, store.restore_run)
    if arguments.json:
        print_json({"restored": [run.info.run_id for run in done]})
    for run in () if arguments.json else done:
        print(f"Restored: {run.info.run_id} ({one_line(run.info.run_name)})")
    return failed


def _each_run(
    texts: Sequence[str], view_type: int, change: Callable[[str], None]
) -> tuple[list[Run], int]:
    """Change each run; return those that were changed, and 1 if any was not found."""
    done, failed = [], 0
    for text in texts:
        try:
            run = find_run(text, view_type)
            change(run.info.run_id)
        except FitscribeError as error:
            print_error(error)
            failed = 1
        else:
            done.append(run)
    return done, failed
