"""Autologging by MLflow and by fitscribe, side by side, in an environment made for it.

What it costs, and how many facts of the corpus in ``tests/capture`` each of them records.

Both are installed into one new virtual environment, so they record the same fits by the same
scikit-learn. A round is one fresh process of each, on an empty SQLite file; within a process the
recorded fits take turns with bare ones, and the first is not counted. MLflow is asked as it comes,
with its telemetry off. The costs take about ten minutes and the facts half an hour, MLflow's own
time nearly all of it.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from _measure import alternate_processes, compile_package, print_limit, print_row

HERE = Path(__file__).parent
SCORE = HERE.parent / "tests" / "capture" / "score.py"
# The versions that the limits are about; another MLflow is measured if it is what there is.
WANTED = "mlflow>=3.17,<3.18"
LIMITS = {
    "LogisticRegression": 500,
    "RandomForest(100)": 120,
    "Pipeline+ColumnTransformer": 120,
    "Grid 5x3, all children": 500,
}
ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


def environment(folder: Path) -> str:
    """Make the virtual environment where it is not there; return its Python."""
    scripts = "Scripts" if sys.platform == "win32" else "bin"
    python = folder / scripts / "python"
    if not python.exists():
        print(f"installing MLflow and fitscribe into {folder} …", flush=True)
        venv.create(folder, with_pip=True)
    installed = subprocess.run([python, "-c", "import mlflow, fitscribe"], check=False)
    if installed.returncode:
        pip = [str(python), "-m", "pip", "install", "--quiet"]
        here = ["--editable", str(HERE.parent), "threadpoolctl", "pandas", "polars"]
        if subprocess.run([*pip, WANTED, *here], check=False).returncode:
            subprocess.run([*pip, "mlflow", *here], check=True)
    return str(python)


def version(python: str, package: str) -> str:
    code = f"from importlib.metadata import version; print(version({package!r}))"
    done = subprocess.run([python, "-c", code], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def measure(python: str, workload: str, rounds: int, fits: int) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        script = [python, str(HERE / "_with_mlflow.py")]
        commands = {}
        for name in ("mlflow", "fitscribe"):
            folder = Path(temporary) / name
            folder.mkdir()
            # What ours adds is small beside what a bare fit varies by, so it is asked more often.
            count = fits if name == "mlflow" else 5 * fits
            commands[name] = [*script, name, workload, str(count), str(folder)]
        times = alternate_processes(commands, rounds, ENVIRONMENT, warm_up=0)
    theirs, ours = statistics.median(times["mlflow"]), statistics.median(times["fitscribe"])
    print_row(workload, {"MLflow adds": theirs, "fitscribe adds": ours})
    print_limit("  MLflow / fitscribe", theirs / ours, LIMITS[workload], "×", at_least=True)


def capture(python: str, only: str) -> None:
    """Print how many facts of the corpus hold, recorded by each of them."""
    script = [python, str(SCORE), "--only", only]
    variables = {**os.environ, **ENVIRONMENT}
    for name in ("fitscribe", "mlflow"):
        command = [*script, "--under", name]
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=variables)
        print(done.stdout.strip().splitlines()[-1], flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--environment", type=Path, help="a folder to keep the environment in")
    parser.add_argument("--rounds", type=int, default=3, help="process pairs a workload")
    parser.add_argument("--fits", type=int, default=3, help="recorded fits a process")
    parser.add_argument("--only", default="", help="workloads whose name contains this")
    parser.add_argument("--what", choices=["costs", "facts", "both"], default="both")
    parser.add_argument("--facts-of", default="", help="snippets whose name contains this")
    given = parser.parse_args()
    compile_package()
    with tempfile.TemporaryDirectory() as temporary:
        python = environment(given.environment or Path(temporary) / "venv")
        names = ("mlflow", "scikit-learn", "numpy")
        print_row("versions", {name: version(python, name) for name in names})
        for workload in LIMITS:
            if given.only in workload and given.what != "facts":
                measure(python, workload, given.rounds, given.fits)
        if given.what != "costs":
            capture(python, given.facts_of)


if __name__ == "__main__":
    main()
