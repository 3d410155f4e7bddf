"""A real MLflow loads what fitscribe wrote."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import asked
import made
import numpy as np
import pytest

from fitscribe.modelfolder.infer import infer_signature
from fitscribe.modelfolder.write import ModelFolder, build, save

ROWS = 3


def written(case: made.Case, format: str, folder: Path) -> ModelFolder:
    """Save an estimator by fitscribe, with all that a folder may say of it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # columns of whole numbers have no missing values
        predicted = case.answers.get("predict")
        found = build(
            case.model,
            format=format,
            signature=infer_signature(case.X, predicted) if case.is_table else None,
            input_example=case.X[:ROWS] if case.is_table else None,
            metadata={"of": case.name},
            run_id="0" * 32,
        )
    save(found, folder / "model")
    asked.keep(folder / "X.pkl", case.X)
    return found


def wrong(found: dict[str, Any], case: made.Case, ours: ModelFolder) -> list[str]:
    """Return how what MLflow found differs from what was written."""
    if "error" in found:
        return [found["error"]]
    told = asked.differences(found["answers"], case.answers)
    cls = type(case.model)
    if found["class"] != f"{cls.__module__}.{cls.__qualname__}":
        told.append(f"class {found['class']}")
    # What cannot predict has no python_function, which MLflow refuses to serve.
    served = asked.difference(found["served"], case.answers.get("predict", "MlflowException"))
    if served is not None:
        told.append(f"served: {served}")
    told += [
        f"{field}: {value!r} instead of {getattr(ours.model, field)!r}"
        for field, value in found["fields"].items()
        if value != getattr(ours.model, field)
    ]
    signature = None if ours.model.signature is None else ours.model.signature.to_dict()
    if found["signature"] != signature:
        told.append(f"signature: {found['signature']} instead of {signature}")
    example = case.X[:ROWS] if case.is_table else None
    if type(found["example"]) is not type(example):
        told.append(f"example of {type(found['example'])}")
    elif example is not None and not np.array_equal(found["example"], example):
        told.append(f"example: {found['example']}")
    return told


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("frames", [False, True], ids=["numpy", "pandas"])
@pytest.mark.parametrize("format", ["pickle", "cloudpickle"])
@pytest.mark.parametrize("major", ["3", "2"])
def test_mlflow_loads_every_estimator(
    major: str, format: str, frames: bool, tmp_path: Path, beside: Any, figures: Any
) -> None:
    ours = {
        case.name: (case, written(case, format, tmp_path / case.name))
        for case in made.cases(frames)
    }
    assert len(ours) > 100
    beside(major, "load_ours.py", tmp_path)
    found = {name: asked.kept(tmp_path / name / "found.pkl") for name in ours}
    told = {name: wrong(found[name], *pair) for name, pair in ours.items()}
    differing = {name: differences for name, differences in told.items() if differences}
    figures(
        f"MLflow {major} loads ours, {format}, {'pandas' if frames else 'numpy'}",
        saved=len(ours),
        loaded=sum("error" not in seen for seen in found.values()),
        equal=len(ours) - len(differing),
    )
    assert differing == {}
