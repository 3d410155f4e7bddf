"""Every estimator of scikit-learn, written and read."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import estimators
import numpy as np
import pytest
from scipy import sparse
from threadpoolctl import threadpool_limits

from fitscribe.modelfolder.read import load
from fitscribe.modelfolder.write import MODEL_FILE, build, save


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    # On small data, threads that wait for each other take far longer than the work.
    with threadpool_limits(1):
        yield


def fitted(name: str) -> Any:
    """Return a fitted estimator of scikit-learn, without its warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = estimators.make(name)
        if "random_state" in model.get_params(deep=False):
            model.set_params(random_state=0)
        return estimators.fit(model, *estimators.data_for(name))


def answers(model: Any, name: str) -> dict[str, Any]:
    """Return what the model's methods say of the data that it was fitted on."""
    X, _ = estimators.data_for(name)
    found: dict[str, Any] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for method in estimators.METHODS:
            if not hasattr(model, method):
                continue
            np.random.seed(0)
            try:
                result = getattr(model, method)(X)
            except (
                AttributeError,
                IndexError,
                TypeError,
                ValueError,
            ) as error:  # of other data than it takes
                result = repr(error)
            found[method] = result.toarray() if sparse.issparse(result) else result
    return found


@pytest.mark.parametrize("name", estimators.cases())
def test_every_estimator_gives_the_same_answers_after_a_load(name: str, tmp_path: Path) -> None:
    model = fitted(name)
    before = answers(model, name)
    folder = build(model)
    assert folder.model.flavors["sklearn"]["serialization_format"] == "pickle"
    assert ("python_function" in folder.model.flavors) == hasattr(model, "predict")
    save(folder, tmp_path / "model")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some classes are deprecated
        (tmp_path / "model" / "seal.json").unlink()  # as a stranger's is read
        found = load(tmp_path / "model")
    assert type(found) is type(model)
    after = answers(found, name)
    assert after.keys() == before.keys()
    for method, expected in before.items():
        if getattr(expected, "dtype", np.dtype(object)).kind == "f":
            # Arrays lie elsewhere in memory now, and BLAS adds up in another order.
            np.testing.assert_allclose(after[method], expected, rtol=1e-12)
        else:
            np.testing.assert_equal(after[method], expected)
    # Neither writing nor predicting changed it.
    assert build(model).files[MODEL_FILE] == folder.files[MODEL_FILE]
