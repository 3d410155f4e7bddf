"""What scoring a file costs beside a loop written by hand: CPU time and peak memory.

Each contestant is a fresh process: ``fitscribe.models.predict_file``, Arrow batches with
``predict`` by hand, the same with the options that keep memory small, and ours of a few rows,
which is what loading takes. The input is
Parquet with 20 columns of float64, of so many rows as the first argument says (5,000,000).
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from _measure import compile_package, print_limit, print_row

COLUMNS = 20
ROWS = 5_000_000
GROUP = 1_000_000
ROUNDS = 3
LEAST = 1000

BEGIN = """
import resource, sys, time
folder = sys.argv[1]
def told():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
"""
OURS = """
from fitscribe.models import predict_file
predict_file(folder + "/model", folder + "/{input}", folder + "/ours.parquet", overwrite=True)
told()
"""
BY_HAND = """
import numpy, pyarrow, fitscribe.pyfunc
from pyarrow import parquet
model = fitscribe.pyfunc.load_model(folder + "/model").get_raw_model()
source = parquet.ParquetFile(folder + "/{input}"{options})
sink = parquet.ParquetWriter(
    folder + "/hand.parquet", pyarrow.schema([("prediction", pyarrow.int64())])
)
for batch in source.iter_batches(65_536):
    X = numpy.column_stack([column.to_numpy() for column in batch.columns])
    answer = pyarrow.array(model.predict(X))
    sink.write_batch(pyarrow.record_batch([answer], names=["prediction"]))
sink.close()
told()
"""


def make_files(folder: Path, rows: int) -> None:
    """Write a model, rows, and a few rows."""
    import pyarrow
    from pyarrow import parquet
    from sklearn.linear_model import LogisticRegression

    import fitscribe.sklearn

    random = np.random.default_rng(0)
    names = [f"f{place}" for place in range(COLUMNS)]
    schema = pyarrow.schema([(name, pyarrow.float64()) for name in names])

    def table(count: int) -> pyarrow.Table:
        return pyarrow.table([random.normal(size=count) for _ in names], schema=schema)

    with parquet.ParquetWriter(folder / "rows.parquet", schema) as writer:
        for start in range(0, rows, GROUP):
            writer.write_table(table(min(GROUP, rows - start)), row_group_size=GROUP)
    parquet.write_table(table(LEAST), folder / "few.parquet")
    X = random.normal(size=(1000, COLUMNS))
    model = LogisticRegression().fit(X, (X[:, 0] > 0).astype(int))
    fitscribe.sklearn.save_model(model, folder / "model", input_example=X[:5])


def measured(script: str, folder: Path) -> tuple[float, float]:
    """Return CPU seconds and peak MB of a script in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + script, str(folder)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
    )
    if done.returncode:
        sys.exit(done.stderr)
    seconds, megabytes = done.stdout.split()
    return float(seconds), float(megabytes)


def main(rows: int) -> None:
    compile_package()
    scripts = {
        "ours": OURS.format(input="rows.parquet"),
        "by hand": BY_HAND.format(input="rows.parquet", options=""),
        "with care": BY_HAND.format(
            input="rows.parquet", options=", pre_buffer=False, buffer_size=262144"
        ),
        "few rows": OURS.format(input="few.parquet"),
    }
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in scripts}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # In a process of its own, whose memory none of the others inherits.
        made = f"from score_file import *; make_files(Path({name!r}), {rows})"
        subprocess.run([sys.executable, "-c", made], check=True, cwd=Path(__file__).parent)
        for round_number in range(ROUNDS + 1):
            for script_name, script in scripts.items():
                told = measured(script, folder)
                if round_number:
                    found[script_name].append(told)
    seconds, peak = (
        {
            script: statistics.median(pair[place] for pair in pairs)
            for script, pairs in found.items()
        }
        for place in (0, 1)
    )
    print_row(f"CPU of {rows:,} rows (s)", seconds)
    print_row("peak of memory (MB)", peak)
    print_limit("CPU, ours / by hand", seconds["ours"] / seconds["by hand"], 1.2)
    print_limit("memory, ours / by hand", peak["ours"] / peak["by hand"], 1.2)
    print_limit("CPU, ours / by hand with care", seconds["ours"] / seconds["with care"], 1.2)
    print_limit("memory, ours / by hand with care", peak["ours"] / peak["with care"], 1.2)
    print_limit("memory over that of a few rows", peak["ours"] - peak["few rows"], 300, " MB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS)
