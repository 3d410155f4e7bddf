"""scikit-learn's own tests pass under autologging, those that pass without it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import fitscribe

SOAK = bool(os.environ.get("FITSCRIBE_SOAK"))
QUICK = ("sklearn.tests.test_base",)
MODULES = (
    *("sklearn.tests.test_pipeline", "sklearn.tests.test_calibration"),
    *("sklearn.tests.test_multioutput", "sklearn.tests.test_multiclass"),
    *("sklearn.tests.test_metaestimators", "sklearn.tests.test_metadata_routing"),
    *("sklearn.tests.test_metaestimators_metadata_routing", "sklearn.tests.test_common"),
    *("sklearn.model_selection", "sklearn.metrics", "sklearn.ensemble", "sklearn.compose"),
    *("sklearn.feature_selection", "sklearn.preprocessing", "sklearn.impute", "sklearn.cluster"),
    *("sklearn.neural_network", "sklearn.inspection", "sklearn.semi_supervised"),
    *("sklearn.linear_model", "sklearn.tree", "sklearn.svm", "sklearn.neighbors"),
    *("sklearn.decomposition", "sklearn.manifold", "sklearn.gaussian_process"),
    *("sklearn.mixture", "sklearn.covariance", "sklearn.cross_decomposition"),
    *("sklearn.feature_extraction", "sklearn.tests.test_kernel_approximation"),
    *("sklearn.tests.test_naive_bayes", "sklearn.tests.test_discriminant_analysis"),
    *("sklearn.tests.test_dummy", "sklearn.tests.test_isotonic"),
    "sklearn.utils.tests.test_estimator_checks",
)
# They fit no estimator, so there are no runs to be found after them.
FITLESS = ("sklearn.utils.tests.test_set_output", "sklearn.utils.tests.test_pprint")
# They replace a function of scikit-learn that splits rows into chunks, and count how often it is
# called: once more, where the scores of the training rows are looked at after the fit.
COUNTING = re.compile(r"::test_iforest_chunks_works[12]\[")
FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)

pytestmark = [pytest.mark.soak, pytest.mark.timeout(7200)]


def failed(folder: Path, chosen: list[str], *options: str) -> set[str]:
    """Run tests of scikit-learn; return which of them failed."""
    here = Path(__file__).parent
    # Not our settings of pytest, nor its cache.
    plain = [
        "-c",
        os.devnull,
        "--rootdir",
        str(folder),
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *plain, "-rfE", "--tb=no", *options, *chosen],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(here), *sys.path]),
            "AUTOLOGGED_HOME": str(folder / "home"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout[-3000:] + done.stderr[-3000:]
    assert " passed" in done.stdout
    return set(FAILED.findall(done.stdout))


@pytest.mark.parametrize("module", [*QUICK, *((*MODULES, *FITLESS) if SOAK else ())])
def test_what_passes_without_autologging_passes_with_it(module: str, tmp_path: Path) -> None:
    with_it = failed(tmp_path, ["--pyargs", module], "-p", "autologged")
    with_it = {name for name in with_it if not COUNTING.search(name)}
    assert with_it == set() or with_it <= failed(tmp_path, ["--pyargs", module])
    if module in FITLESS:
        return
    fitscribe.set_tracking_uri(tmp_path / "home")
    try:
        assert fitscribe.search_runs(output_format="list", max_results=1) != []
    finally:
        fitscribe.set_tracking_uri("")
