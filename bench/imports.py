"""What importing costs, in CPU ms of fresh processes that take turns.

First ``import fitscribe`` beside the modules of the standard library that it imports; then a
process that fits one LogisticRegression, with autologging and without, beside
``import sklearn.linear_model``.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from _measure import alternate_processes, compile_package, paired, print_limit, print_row

# Nobody of ours imports these before somebody asks for what they do.
HEAVY = ("alembic", "pandas", "matplotlib", "sqlalchemy", "psycopg", "polars", "pyarrow")
ARRAYS = ("numpy", "sklearn", *HEAVY)

MODULES = """
import sys
before = set(sys.modules)
{code}
print(*sorted(set(sys.modules) - before), sep="\\n")
"""
FIT = """
from sklearn.linear_model import LogisticRegression
import numpy as np
chance = np.random.default_rng(0)
X = chance.normal(size=(1000, 20))
y = (X[:, 0] + chance.normal(size=1000) > 0).astype(int)
LogisticRegression(max_iter=200).fit(X, y)
"""
RECORDED = """
import fitscribe.sklearn
fitscribe.sklearn.autolog(silent=True)
"""
# One thread of linear algebra: others would be counted while they wait.
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def new_modules(code: str, folder: Path) -> list[str]:
    """Return the modules that code loads, in a fresh process."""
    done = subprocess.run(
        [sys.executable, "-c", MODULES.format(code=code)],
        check=True,
        capture_output=True,
        text=True,
        cwd=folder,
    )
    return done.stdout.split()


def bare_import(repeats: int, folder: Path) -> None:
    loaded = new_modules("import fitscribe", folder)
    print_limit("import fitscribe, modules", len(loaded), 120)
    arrays = [name for name in loaded if name.partition(".")[0] in ARRAYS]
    print_limit("  numpy, sklearn, SQLAlchemy …", len(arrays), 0)
    roots = {name.partition(".")[0] for name in loaded} & sys.stdlib_module_names
    stdlib = [name for name in loaded if name.partition(".")[0] in roots]
    times = alternate_processes(
        {
            "empty": command("pass"),
            "stdlib": command(f"import {', '.join(stdlib)}" if stdlib else "pass"),
            "fitscribe": command("import fitscribe"),
        },
        repeats,
    )
    empty = statistics.median(times["empty"])
    ours, theirs = (paired(times[name], times["empty"]) for name in ("fitscribe", "stdlib"))
    print_row("  CPU", {"an empty process": empty, "stdlib": theirs, "fitscribe": ours})
    print_limit("  fitscribe / its stdlib imports", ours / theirs, 2, "×")


def first_fit(repeats: int, folder: Path) -> None:
    home = "import os, fitscribe; fitscribe.set_tracking_uri(os.environ['BENCH_HOME'])\n"
    recorded = home + RECORDED + FIT
    times = alternate_processes(
        {
            "empty": command("pass"),
            "sklearn": command("import sklearn.linear_model"),
            "bare": command(FIT),
            "recorded": command(recorded),
        },
        repeats,
        {**ENVIRONMENT, "BENCH_HOME": str(folder / "home")},
    )
    imported = paired(times["sklearn"], times["empty"])
    added = paired(times["recorded"], times["bare"])
    medians = {name: statistics.median(taken) for name, taken in times.items()}
    print_row("a process with one fit, CPU", medians)
    print_limit("  autolog adds / import sklearn.linear_model", added / imported, 0.5, "×")
    bare = set(new_modules(FIT, folder))
    heavy = [
        name
        for name in new_modules(f"{recorded.replace(home, HOME_HERE)}", folder)
        if name not in bare and name.partition(".")[0] in HEAVY
    ]
    print_limit("  modules of Alembic, pandas, matplotlib, SQLAlchemy …", len(heavy), 0)


HOME_HERE = "import fitscribe; fitscribe.set_tracking_uri('home')\n"


def command(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=11)
    repeats = parser.parse_args().repeats
    compile_package()
    with tempfile.TemporaryDirectory() as temporary:
        bare_import(2 * repeats + 1, Path(temporary))
        first_fit(repeats, Path(temporary))


if __name__ == "__main__":
    main()
