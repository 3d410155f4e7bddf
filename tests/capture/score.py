"""How many facts of the corpus are recorded: ``python tests/capture/score.py [--under mlflow]``.

Each snippet runs in a process and an empty folder of its own. ``--under mlflow`` asks the real
MLflow, which then has to be installed beside scikit-learn, pandas and polars.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import json
import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

from facts import Records, facts_of, judge

SNIPPETS = Path(__file__).parent / "snippets"
PATIENCE_S = 120


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--under", choices=["fitscribe", "mlflow"], default="fitscribe")
    parser.add_argument("--only", default="", help="snippets whose name contains this")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(judged(Path(given.one), given.under)))
        return
    told, held, whole = 0, 0, 0
    paths = [path for path in sorted(SNIPPETS.glob("*.py")) if given.only in path.stem]
    for path in paths:
        found = in_a_process(path, given.under)
        missing = [fact for fact, holds in found.items() if not holds]
        told, held, whole = (
            told + len(found),
            held + len(found) - len(missing),
            whole + (not missing),
        )
        for fact in missing:
            print(f"{path.stem}: {fact}", flush=True)
    print(f"{held} of {told} facts, {whole} of {len(paths)} snippets whole, under {given.under}")


def in_a_process(path: Path, under: str) -> dict[str, bool]:
    """Return which facts of a snippet hold."""
    command = [sys.executable, __file__, "--under", under, "--one", str(path)]
    nothing = {str(fact): False for fact in facts_of(path)}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        try:
            done = subprocess.run(
                command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE_S, check=True
            )
        except subprocess.TimeoutExpired:
            print(f"{path.stem}: not done after {PATIENCE_S} s", flush=True)
            return nothing
        except subprocess.CalledProcessError as error:
            why = error.stderr.strip().splitlines()
            print(f"{path.stem}: {why[-1] if why else 'ended early'}", flush=True)
            return nothing
    found: dict[str, bool] = json.loads(done.stdout.splitlines()[-1])
    return found


def judged(path: Path, under: str) -> dict[str, bool]:
    """Run a snippet here, and return which of its facts hold."""
    if under == "fitscribe":
        importlib.import_module("fitscribe").install_as_mlflow()
    else:
        os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    mlflow = importlib.import_module("mlflow")
    if under == "mlflow":
        mlflow.set_tracking_uri(f"sqlite:///{Path.cwd() / 'mlflow.db'}")
    values: dict[str, Any] = {"__name__": "__main__", "__file__": str(path)}
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), values)
        importlib.import_module("mlflow.sklearn").autolog(disable=True)
        records = Records(mlflow)
        return {str(fact): judge(fact, records, values) for fact in facts_of(path)}


if __name__ == "__main__":
    main()
