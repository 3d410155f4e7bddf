"""How much of the machine a fit may use: jobs, joblib's backend, threads of OpenMP and BLAS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import joblib
from joblib.parallel import get_active_backend
from sklearn.utils import parallel
from sklearn.utils._openmp_helpers import _openmp_effective_n_threads

__all__ = ["threads_of"]


def threads_of(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is in force here and now.

    Parameters
    ----------
    params : mapping of str to object
        Those of the estimator.

    Returns
    -------
    dict
        ``n_jobs`` in effect (what joblib makes of -1), ``backend``, the most threads that
        ``openmp`` may use, and the ``pools`` of threads where scikit-learn has looked them up:
        that takes 30 ms.
    """
    backend, around = get_active_backend()
    asked = params.get("n_jobs")
    jobs = around if asked is None else asked
    if isinstance(jobs, int) and jobs < 0:
        jobs = joblib.effective_n_jobs(jobs)
    told: dict[str, Any] = {
        "n_jobs": jobs if isinstance(jobs, int) else 1,
        "backend": type(backend).__name__.removesuffix("Backend").lower(),
        # Asked about physical cores, joblib would start a process to count them.
        "openmp": _openmp_effective_n_threads(None, only_physical_cores=False),
    }
    controller = getattr(parallel, "_threadpool_controller", None)
    if controller is not None:
        told["pools"] = [
            {key: pool.get(key) for key in ("user_api", "internal_api", "num_threads")}
            for pool in controller.info()
        ]
    return told
