"""The store: opening, writing, searching and history, on SQLite and PostgreSQL.

``database`` is CPU ms inside the database (in SQLite's own calls; in PostgreSQL's processes),
``all`` that and ours: a search returns 100 runs with their params, metrics and tags as objects.
Searches are asked at 1,000, 10,000 and 100,000 runs, and with ``--million`` at a million. There a
page in some order may take twice what it took at 100,000; what took less than 5 ms there counts as
5 ms: so much a page of 100 runs may take, and less is mostly noise. A filter may take at a million
what it may take at 100,000: how it grows is printed, too. It is flat where runs that satisfy it
are common; where all runs of its rarest term have to be read, it grows with them.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from _copies import copy_runs
from _database_cpu import PostgresClock, SqliteClock
from _floor import Floor
from _measure import (
    alternate,
    alternate_processes,
    compile_package,
    cpu_ms,
    print_limit,
    print_row,
)
from _postgres import postgres_server
from _runs import ROWS, fill, fit_like
from fitscribe.core.clock import new_run_id
from fitscribe.core.commands import Batch, NewRun, RunRecord
from fitscribe.core.ports import TrackingStore
from fitscribe.core.values import Metric
from fitscribe.stores import open_store

OPEN = """
import sys, time
from pathlib import Path
import sqlite3, json
import fitscribe.stores.sql.sqlite, fitscribe.stores.sql.store
from fitscribe.stores import open_store
start = time.process_time()
store = open_store("sqlite:///" + sys.argv[1] + "/" + str(time.time_ns()) + ".db")
store.get_experiment("0")
print("cpu_ms", (time.process_time() - start) * 1e3)
"""
RAW = """
import sys, time, sqlite3
sys.path.insert(0, sys.argv[2])
from _floor import TABLES
start = time.process_time()
raw = sqlite3.connect(sys.argv[1] + "/" + str(time.time_ns()) + ".raw")
raw.execute("PRAGMA journal_mode=WAL")
raw.executescript(TABLES)
print("cpu_ms", (time.process_time() - start) * 1e3)
"""
POINTS = 100_000
PAGE = 100
# CPU ms; a smaller figure at 100,000 runs counts as this one where growth is told.
NOISE = 5.0
BEST = ["metrics.m0 DESC"]


@dataclass(frozen=True)
class Search:
    """A question, and how many CPU ms the database may take at 100,000 runs."""

    filter: str = ""
    order_by: Sequence[str] = ()
    limit: float | None = None
    page: int = 1


SEARCHES = {
    "newest 100": Search(limit=5),
    "newest 100, page 5": Search(limit=5, page=5),
    "top 100 by a metric": Search(order_by=BEST, limit=5),
    "least 100 by a metric": Search(order_by=["metrics.m0"], limit=5),
    "top 100, 30 % are equal": Search(order_by=["metrics.accuracy DESC"], limit=5),
    "least 100, 30 % are equal": Search(order_by=["metrics.loss"], limit=5),
    "least 100, page 5": Search(order_by=["metrics.loss"], limit=5, page=5),
    "top 100 by a param": Search(order_by=["params.p0 DESC"]),
    "first 100 by a tag": Search(order_by=["tags.team"]),
    "first 100 by name": Search(order_by=["run_name"]),
    "last 100 by end": Search(order_by=["end_time DESC"]),
    "a bound on what it sorts by": Search("metrics.m0 < 0.5", BEST),
    "one term, by another metric": Search("metrics.m1 > 0.9", ["metrics.m0"]),
    # In brackets, of how many runs each term is true, and of how many all.
    "three terms (1 %, 10 %, 25 %: 0.025 %)": Search(
        "params.p0 = 50 and metrics.m1 > 0.9 and tags.team = 'blue'", BEST, 50
    ),
    "three terms (79 %, 50 %, 25 %: 10 %)": Search(
        "params.p0 > 20 and metrics.m1 > 0.5 and tags.team = 'blue'", BEST, 50
    ),
    "three terms (0.1 %, 79 %, 25 %: 0.02 %)": Search(
        "metrics.m1 > 0.999 and params.p0 > 20 and tags.team = 'blue'", BEST, 50
    ),
    "three terms (4 %, 4 %, 4 %: 0.006 %)": Search(
        "metrics.m1 > 0.96 and metrics.m2 > 0.96 and metrics.m3 > 0.96", BEST, 50
    ),
    "three terms (79 %, 50 %, 0: 0)": Search(
        "params.p0 > 20 and metrics.m1 > 0.5 and tags.team = 'nobody'", BEST, 50
    ),
    "three terms (30 %, 70 %, 50 %: 0)": Search(
        "metrics.accuracy = 1 and metrics.loss > 0 and metrics.m1 > 0.5", BEST, 50
    ),
    "OR, NOT and LIKE": Search(
        "(params.p0 = 50 or metrics.m1 > 0.99) and not tags.team = 'blue' "
        "and params.solver LIKE 'adam%'",
        BEST,
    ),
}


class Contestant:
    """A store and the clock of its database."""

    def __init__(self, store: TrackingStore, clock: SqliteClock | PostgresClock) -> None:
        self.store = store
        self.clock = clock
        self.experiment = store.create_experiment("bench").experiment_id

    def fill(self, first: int, last: int) -> None:
        """Add runs."""
        start = time.perf_counter(), cpu_ms()
        fill(self.store, self.experiment, first, last)
        seconds, per_run = time.perf_counter() - start[0], (cpu_ms() - start[1]) / (last - first)
        print_row(
            f"{self.store.info().engine[:20]}, {last - first:,} runs in batches",
            {"ms a run": per_run, "rows a second": (last - first) * ROWS / seconds},
        )
        self.settle()

    def copy(self, first: int, last: int) -> None:
        """Make `last` runs of the `first` ones."""
        copy_runs(self.store, first, last)
        self.store.search_runs([self.experiment], max_results=1)
        self.settle()

    def settle(self) -> None:
        """Let PostgreSQL tidy up as it does by itself a minute later."""
        if isinstance(self.clock, PostgresClock):
            self.clock.find()
            self.clock.analyze()

    def measure(self, work: Callable[[Contestant], object]) -> tuple[float, float]:
        """Return CPU ms in the database, and of it all."""
        inside, process = self.clock.ms, cpu_ms()
        work(self)
        inside, process = self.clock.ms - inside, cpu_ms() - process
        # SQLite works in our own process, PostgreSQL does not.
        return inside, process + inside * isinstance(self.clock, PostgresClock)


Measured = dict[str, tuple[float, float]]


def in_turn(
    contestants: dict[str, Contestant],
    works: Mapping[str, Callable[[Contestant], object]],
    repeats: int,
) -> Measured:
    """Return the medians of every contestant: CPU ms in the database, and of it all."""
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in contestants}
    for number in range(repeats + 6):  # psycopg prepares a statement when it is run the sixth time
        for name, contestant in contestants.items():
            found = contestant.measure(works[name])
            if number >= 6:
                taken[name].append(found)
    return {
        name: (statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs))
        for name, pairs in taken.items()
    }


def empty_store(repeats: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        here = str(Path(__file__).parent)
        times = alternate_processes(
            {
                "ours": [sys.executable, "-c", OPEN, folder],
                "raw": [sys.executable, "-c", RAW, folder, here],
            },
            repeats,
        )
    ours, raw = statistics.median(times["ours"]), statistics.median(times["raw"])
    print_limit("empty store ready, after imports", ours, 40, "ms")
    print_row("  beside eight raw tables", {"raw": raw, "ratio": ours / raw})


def one_fit(contestants: dict[str, Contestant], repeats: int) -> None:
    """Write what a fit writes, beside the same rows written by hand."""
    with tempfile.TemporaryDirectory() as folder:
        floor = Floor(Path(folder))
        batch = fit_like("0", 0).runs[0]
        rows = (
            {param.key: param.value for param in batch.params},
            {metric.key: metric.value for metric in batch.metrics},
            dict(batch.tags),
        )

        def by_hand() -> None:
            for _ in range(10):
                floor.write_rows(new_run_id(), *rows, ("d41d8cd9", "{}"), time.time(), [])

        number = iter(range(10**9))

        def ours(contestant: Contestant) -> None:
            for _ in range(10):
                contestant.store.log(fit_like(contestant.experiment, next(number)))

        works = {
            name: lambda contestant=contestant: contestant.measure(ours)
            for name, contestant in contestants.items()
        }
        times = alternate({"by hand": by_hand, **works}, repeats, 6)
        floor.close()
    by_hand_ms = statistics.median(times["by hand"]) / 10
    for name in contestants:
        mine = statistics.median(times[name]) / 10
        print_row(
            f"{name}: write one fit",
            {"our process": mine, "by hand": by_hand_ms, "ratio": mine / by_hand_ms},
        )


def ask(contestant: Contestant, search: Search, token: str | None) -> str | None:
    """Ask for a page; return the token of the next one."""
    return contestant.store.search_runs(
        [contestant.experiment],
        search.filter,
        search.order_by,
        max_results=PAGE,
        page_token=token,
    ).token


def token_of(contestant: Contestant, search: Search) -> str | None:
    """Return the token of the page that a search asks for."""
    token = None
    for _ in range(search.page - 1):
        token = ask(contestant, search, token)
    return token


def searches(contestants: dict[str, Contestant], repeats: int) -> dict[str, Measured]:
    found = {}
    for title, search in SEARCHES.items():
        tokens = {name: token_of(contestant, search) for name, contestant in contestants.items()}
        asked = {
            name: lambda contestant, search=search, token=tokens[name]: ask(
                contestant, search, token
            )
            for name in contestants
        }
        found[title] = in_turn(contestants, asked, repeats)
    return found


def print_searches(size: int, found: dict[str, Measured]) -> None:
    for title, measured in found.items():
        for name, (inside, whole) in measured.items():
            print_row(f"{size:9,} runs: {title}, {name}", {"database": inside, "all": whole})


def print_limits(size: int, found: dict[str, Measured], engines: Sequence[str]) -> None:
    for name in engines:
        for title, search in SEARCHES.items():
            if search.limit is not None:
                label = f"{size:9,} runs: {title}, {name}"
                print_limit(label, found[title][name][0], search.limit, "ms")
        label = f"{size:9,} runs: 100 runs as objects, {name}"
        print_limit(label, found["newest 100"][name][1], 20, "ms")


def print_growth(
    found: dict[str, Measured], before: dict[str, Measured], engines: Sequence[str]
) -> None:
    for name in engines:
        for title, search in SEARCHES.items():
            growth = found[title][name][0] / max(before[title][name][0], NOISE)
            label = f"1M / 100k runs: {title}, {name}"
            if search.limit is not None and not search.filter:
                print_limit(label, growth, 2, "×")
            else:
                print_row(label, {"growth": growth})


def one_metric(contestants: dict[str, Contestant], repeats: int) -> None:
    """Log a hundred points of one metric, each in a transaction of its own."""
    run_ids = {}
    for name, contestant in contestants.items():
        run_ids[name] = new_run_id()
        create = NewRun(contestant.experiment, "one by one", 1, "ada")
        contestant.store.log(Batch([RunRecord(run_ids[name], create)]))
    steps = iter(range(10**9))

    def log(contestant: Contestant, run_id: str) -> None:
        for _ in range(100):
            step = next(steps)
            points = [Metric("loss", 1 / (step + 1), 1 + step, step)]
            contestant.store.log(Batch([RunRecord(run_id, metrics=points)]))

    works = {
        name: lambda contestant, run_id=run_id: log(contestant, run_id)
        for name, run_id in run_ids.items()
    }
    for name, (inside, whole) in in_turn(contestants, works, max(9, repeats // 2)).items():
        print_row(
            f"{name}: log one metric",
            {"database, ms": inside / 100, "all, ms": whole / 100},
        )


def history(contestants: dict[str, Contestant], points: int, repeats: int) -> None:
    run_id = new_run_id()
    for name, contestant in contestants.items():
        create = NewRun(contestant.experiment, "long", 1, "ada")
        contestant.store.log(Batch([RunRecord(run_id, create)]))
        start = cpu_ms()
        for first in range(0, points, 10_000):
            batch = [
                Metric("loss", 1 / (step + 1), 1 + step, step)
                for step in range(first, first + 10_000)
            ]
            contestant.store.log(Batch([RunRecord(run_id, metrics=batch)]))
        per_point = (cpu_ms() - start) * 1000 / points
        print_row(f"{name}: log {points:,} points", {"ours, µs a point": per_point})

    def read(contestant: Contestant) -> None:
        assert len(contestant.store.get_metric_history(run_id, "loss")) == points

    works = dict.fromkeys(contestants, read)
    for name, (inside, whole) in in_turn(contestants, works, repeats).items():
        print_row(
            f"{name}: history of {points:,} points",
            {"database": inside, "all": whole, "µs a point": whole * 1000 / points},
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--million", action="store_true", help="search a million runs, too")
    parser.add_argument("--sqlite-only", action="store_true", help="without PostgreSQL")
    given = parser.parse_args()
    compile_package()
    empty_store(max(9, given.repeats))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        clock = SqliteClock()
        contestants = {"SQLite": Contestant(open_store(str(folder)), clock)}
        # The CPU time of another process is read from /proc.
        if not given.sqlite_only and sys.platform == "linux":
            uri = stack.enter_context(postgres_server())
            store = open_store(uri, artifact_root=str(folder / "remote"))
            watch = PostgresClock(uri)
            stack.callback(watch.close)
            contestants["PostgreSQL"] = Contestant(store, watch)
        for contestant in contestants.values():
            stack.callback(contestant.store.close)
        measure_all(contestants, given.repeats, given.million)


def measure_all(contestants: dict[str, Contestant], repeats: int, million: bool) -> None:
    engines, first = list(contestants), 0
    found: dict[str, Measured] = {}
    for size in (1000, 10_000, 100_000):
        for contestant in contestants.values():
            contestant.fill(first, size)
        found = searches(contestants, repeats)
        print_searches(size, found)
        first = size
    print_limits(first, found, engines)
    if million:
        for contestant in contestants.values():
            contestant.copy(first, 1_000_000)
        before, found = found, searches(contestants, repeats)
        print_searches(1_000_000, found)
        print_limits(1_000_000, found, engines)
        print_growth(found, before, engines)
    one_fit(contestants, repeats)
    one_metric(contestants, repeats)
    history(contestants, POINTS, max(9, repeats // 2))
    if million:
        history(contestants, 10 * POINTS, 3)


if __name__ == "__main__":
    main()
