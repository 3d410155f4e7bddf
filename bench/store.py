"""The store: opening, writing, searching and history, on SQLite and PostgreSQL.

``database`` is CPU ms inside the database (in SQLite's own calls; in PostgreSQL's processes),
``all`` that and ours: a search returns 100 runs with their params, metrics and tags as objects.
Searches are asked at 1,000, 10,000 and 100,000 runs, and with ``--million`` at a million.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

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
from _runs import fill, fit_like
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


@dataclass(frozen=True)
class Search:
    """A question, and how many CPU ms the database may take at 100,000 runs."""

    filter: str = ""
    order_by: Sequence[str] = ()
    limit: float | None = None


SEARCHES = {
    "newest 100": Search(limit=5),
    "top 100 by a metric": Search(order_by=["metrics.m0 DESC"], limit=5),
    "three terms, rare": Search(
        "params.p0 = 50 and metrics.m1 > 0.9 and tags.team = 'blue'", ["metrics.m0 DESC"], 50
    ),
    "three terms, common": Search(
        "params.p0 > 20 and metrics.m1 > 0.5 and tags.team = 'blue'", ["metrics.m0 DESC"], 50
    ),
    "OR, NOT and LIKE": Search(
        "(params.p0 = 50 or metrics.m1 > 0.99) and not tags.team = 'blue' "
        "and params.solver LIKE 'adam%'",
        ["metrics.m0 DESC"],
    ),
}


class Contestant:
    """A store and the clock of its database."""

    def __init__(self, store: TrackingStore, clock: SqliteClock | PostgresClock) -> None:
        self.store = store
        self.clock = clock
        self.experiment = store.create_experiment("bench").experiment_id

    def fill(self, first: int, last: int) -> None:
        """Add runs, then let PostgreSQL tidy up as it does by itself a minute later."""
        start = time.perf_counter(), cpu_ms()
        fill(self.store, self.experiment, first, last)
        per_run = (cpu_ms() - start[1]) / (last - first)
        print_row(f"{self.store.info().engine[:20]}, {last - first:,} runs", {"ms a run": per_run})
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
    contestants: dict[str, Contestant], work: Callable[[Contestant], object], repeats: int
) -> Measured:
    """Return the medians of every contestant: CPU ms in the database, and of it all."""
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in contestants}
    for number in range(repeats + 6):  # psycopg prepares a statement when it is run the sixth time
        for name, contestant in contestants.items():
            found = contestant.measure(work)
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


def searches(contestants: dict[str, Contestant], repeats: int) -> dict[str, Measured]:
    found = {}
    for title, search in SEARCHES.items():

        def ask(contestant: Contestant, search: Search = search) -> None:
            contestant.store.search_runs(
                [contestant.experiment], search.filter, search.order_by, max_results=PAGE
            )

        found[title] = in_turn(contestants, ask, repeats)
    return found


def print_searches(
    size: int, found: dict[str, Measured], before: dict[str, Measured] | None
) -> None:
    for title, measured in found.items():
        for name, (inside, whole) in measured.items():
            cells: dict[str, float | str] = {"database": inside, "all": whole}
            if before is not None:
                cells["growth"] = inside / before[title][name][0]
            print_row(f"{size:9,} runs: {title}, {name}", cells)


def print_limits(found: dict[str, Measured], engines: Sequence[str]) -> None:
    for name in engines:
        for title, search in SEARCHES.items():
            if search.limit is not None:
                print_limit(
                    f"{name}: {title}, database", found[title][name][0], search.limit, "ms"
                )
        print_limit(f"{name}: 100 runs as objects", found["newest 100"][name][1], 20, "ms")


def history(contestants: dict[str, Contestant], repeats: int) -> None:
    run_id = new_run_id()
    for contestant in contestants.values():
        create = NewRun(contestant.experiment, "long", 1, "ada")
        contestant.store.log(Batch([RunRecord(run_id, create)]))
        for first in range(0, POINTS, 10_000):
            points = [
                Metric("loss", 1 / (step + 1), 1 + step, step)
                for step in range(first, first + 10_000)
            ]
            contestant.store.log(Batch([RunRecord(run_id, metrics=points)]))

    def read(contestant: Contestant) -> None:
        assert len(contestant.store.get_metric_history(run_id, "loss")) == POINTS

    for name, (inside, whole) in in_turn(contestants, read, max(9, repeats // 2)).items():
        print_row(
            f"{name}: history of {POINTS:,} points",
            {"database": inside, "all": whole, "µs a point": whole * 1000 / POINTS},
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
    before, first = None, 0
    for size in (1000, 10_000, 100_000, *([1_000_000] if million else [])):
        for contestant in contestants.values():
            contestant.fill(first, size)
        found = searches(contestants, repeats)
        print_searches(size, found, before)
        if size == 100_000:
            print_limits(found, list(contestants))
        if size > 100_000 and before is not None:
            for title, measured in found.items():
                for name, (inside, _) in measured.items():
                    growth = inside / before[title][name][0]
                    print_limit(f"{name}: {title}, 1M / 100k", growth, 2, "×")
        before, first = found, size
    one_fit(contestants, repeats)
    history(contestants, repeats)


if __name__ == "__main__":
    main()
