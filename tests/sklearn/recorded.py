"""What a test has recorded in its home."""

from __future__ import annotations

from typing import Any

import fitscribe

__all__ = ["after_fit", "only_run", "read_json", "runs"]


def runs() -> list[Any]:
    """Return all runs, the newest first."""
    return list(fitscribe.search_runs(output_format="list"))


def only_run() -> Any:
    """Return the run; there is exactly one."""
    (run,) = runs()
    return run


def read_json(run: Any, name: str) -> Any:
    """Return what is in an artifact of a run."""
    return fitscribe.artifacts.load_dict(f"runs:/{run.info.run_id}/{name}")


def after_fit(run: Any) -> dict[str, float]:
    """Return the metrics that were computed after the fit, tied to its model."""
    files = fitscribe.MlflowClient().list_artifacts(run.info.run_id)
    if "metric_info.json" not in [file.path for file in files]:
        return {}
    info = read_json(run, "metric_info.json")
    found = run.data.metrics
    return {key: found[key] for key in found if any(key.startswith(one) for one in info)}
