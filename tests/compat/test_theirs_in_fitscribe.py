"""fitscribe loads what a real MLflow wrote, by its default trust: nothing of ours is in it."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asked
import made
import numpy as np
import pytest

import fitscribe.models
import fitscribe.pyfunc
import fitscribe.sklearn
from fitscribe.errors import FitscribeError, NotTrusted
from fitscribe.modelfolder.formats import FORMATS

# Of MLflow's formats those that are read here: skops is asked as soon as it is one of them. MLflow
# 2 does not write it.
BY_FORMAT = [
    (major, format)
    for major in ("3", "2")
    for format in ("pickle", "cloudpickle", "skops")
    if format in FORMATS and (major, format) != ("2", "skops")
]
# What MLflow itself cannot save.
CANNOT: dict[str, set[str]] = {"pickle": set(), "cloudpickle": set(), "skops": {"Birch"}}


@pytest.fixture(autouse=True)
def _quiet(home: Path) -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # other versions of what does not matter; deprecated classes
        yield


def wrong(folder: Path, case: made.Case) -> str | None:
    """Return how a loaded model differs, by every way that loads it."""
    try:
        model = fitscribe.sklearn.load_model(folder)
        told = asked.differences(asked.answers(model, case.X), case.answers)
        if type(model) is not type(case.model):
            told.append(f"{type(model)}")
        if "predict" in case.answers:
            served = asked.plain(fitscribe.pyfunc.load_model(folder).predict(case.X))
            text = asked.difference(served, case.answers["predict"])
            told += [] if text is None else [f"served: {text}"]
    except FitscribeError as error:
        return f"error {type(error).__name__}: {error}"
    return "; ".join(told) or None


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("frames", [False, True], ids=["numpy", "pandas"])
@pytest.mark.parametrize(("major", "format"), BY_FORMAT)
def test_fitscribe_loads_every_estimator(
    major: str, format: str, frames: bool, tmp_path: Path, beside: Any, figures: Any
) -> None:
    cases = made.put(tmp_path, frames)
    refused = json.loads(beside(major, "save_theirs.py", tmp_path, format))
    saved = {name: case for name, case in cases.items() if name not in refused}
    told = {name: wrong(tmp_path / name / format, case) for name, case in saved.items()}
    differing = {name: text for name, text in told.items() if text is not None}
    figures(
        f"fitscribe loads MLflow {major}'s, {format}, {'pandas' if frames else 'numpy'}",
        saved=len(saved),
        loaded=sum(not text.startswith("error") for text in differing.values())
        + len(saved)
        - len(differing),
        equal=len(saved) - len(differing),
    )
    assert differing == {}
    assert set(refused) <= CANNOT[format], refused
    assert len(saved) > 100


def is_same(found: Any, expected: Any) -> bool:
    """Whether two input examples are the same, in type and value."""
    if hasattr(expected, "shape"):
        return type(found) is type(expected) and np.array_equal(found, expected)
    return bool(found == expected)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("major", ["3", "2"])
def test_fitscribe_loads_what_was_logged(
    major: str, tmp_path: Path, beside: Any, figures: Any
) -> None:
    beside(major, "log_theirs.py", tmp_path)
    found = asked.kept(tmp_path / "found.pkl")
    folders = [Path(one["path"]) for one in found]
    assert any((folder / "registered_model_meta").exists() for folder in folders)
    differing = {}
    for one in found:
        folder = Path(one["path"])
        model = fitscribe.sklearn.load_model(folder)
        told = asked.differences(asked.answers(model, one["X"]), one["answers"])
        described = fitscribe.models.Model.load(folder)
        if not is_same(described.load_input_example(folder), one["example"]):
            told.append(f"example {described.load_input_example(folder)} of {one['example']}")
        if (described.signature and described.signature.to_dict()) != one["signature"]:
            told.append(f"signature {described.signature} instead of {one['signature']}")
        if "predict" in one["answers"]:
            served = asked.plain(fitscribe.pyfunc.load_model(folder).predict(one["X"]))
            text = asked.difference(served, one["answers"]["predict"])
            told += [] if text is None else [f"served: {text}"]
        if told:
            differing[str(folder.relative_to(tmp_path))] = told
    figures(
        f"fitscribe loads what MLflow {major} logged, autologged, registered",
        saved=len(found),
        loaded=len(found),
        equal=len(found) - len(differing),
    )
    assert differing == {}
    assert len(found) >= 27


LOAD = """
import json, sys
import fitscribe
fitscribe.install_as_mlflow()
import fitscribe.pyfunc
import pandas
folder = sys.argv[1]
for trust in (None, "code"):
    try:
        model = fitscribe.pyfunc.load_model(folder, suppress_warnings=True, trust=trust)
    except fitscribe.errors.NotTrusted as error:
        print("NotTrusted")
    else:
        print(list(model.predict(pandas.DataFrame({"x": [1.0, 2.0]}))))
"""


@pytest.mark.parametrize("major", ["3", "2"])
def test_code_of_the_users_own_is_run_on_request_only(
    major: str, tmp_path: Path, beside: Any, run_python: Any
) -> None:
    beside(major, "code_theirs.py", tmp_path)
    for name in ("own", "code", "loader"):
        with pytest.raises(NotTrusted):
            fitscribe.pyfunc.load_model(tmp_path / name)
        # In a process of its own: the code stays on its path.
        done = run_python("-c", LOAD, str(tmp_path / name))
        assert done.stdout == "NotTrusted\n[1001.0, 1002.0]\n", (name, done.stderr)
