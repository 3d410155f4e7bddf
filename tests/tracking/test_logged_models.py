"""Logged models by MLflow's functions, and the model that metrics describe."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from joblib import Parallel, delayed
from sklearn.linear_model import LogisticRegression

import fitscribe
import fitscribe.sklearn
from fitscribe.entities import LoggedModel
from fitscribe.errors import InvalidParameter, NotFound
from fitscribe.models import Model

X, y = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([0, 0, 1, 1])

pytestmark = pytest.mark.usefixtures("home")


def models() -> list[LoggedModel]:
    found = fitscribe.search_logged_models(output_format="list")
    assert isinstance(found, list)
    return found


# Making


def test_an_external_model_is_ready_and_says_where_it_is_not(home: Path) -> None:
    made = fitscribe.create_external_model("api", params={"a": 1}, tags={"t": 2}, model_type="llm")
    assert (made.name, made.status, made.model_type, made.params) == (
        "api",
        "READY",
        "llm",
        {"a": "1"},
    )
    assert (made.tags["t"], made.tags["mlflow.model.isExternal"]) == ("2", "true")
    assert made.tags["mlflow.user"]
    assert made.source_run_id is None
    folder = fitscribe.artifacts.download_artifacts(made.model_uri)
    said = Model.load(folder)
    assert (said.model_id, said.metadata) == (made.model_id, {"mlflow.model.isExternal": True})
    assert said.flavors == {}
    with pytest.raises(fitscribe.MlflowException, match=r"flavor|sklearn"):
        fitscribe.sklearn.load_model(made.model_uri)


def test_a_model_belongs_to_the_active_run() -> None:
    other = fitscribe.create_experiment("other")
    with fitscribe.start_run(experiment_id=other) as run:
        made = fitscribe.initialize_logged_model()
    assert (made.source_run_id, made.experiment_id) == (run.info.run_id, other)
    assert made.status == "PENDING"
    assert fitscribe.finalize_logged_model(made.model_id, "READY").status == "READY"
    with pytest.raises(InvalidParameter, match="READY or FAILED, not 'DONE'"):
        fitscribe.finalize_logged_model(made.model_id, "DONE")


@pytest.mark.parametrize("name", ["a/b", "a:b", "a.b", "a%b", "a'b", 'a"b', "", " ", "a\nb", 3])
def test_a_name_that_no_address_can_hold(name: Any) -> None:
    for make in (
        fitscribe.create_external_model,
        fitscribe.initialize_logged_model,
        lambda n: fitscribe.Client().create_logged_model("0", n),
        lambda n: fitscribe.set_active_model(name=n),
    ):
        with pytest.raises(InvalidParameter, match="name"):
            make(name)
    assert models() == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"params": {"a": "x\0y"}},
        {"params": {"": 1}},
        {"params": {"a": "\ud800"}},
        {"tags": {"a\nb": 1}},
        {"model_type": "x\0"},
        {"source_run_id": "none"},
        {"experiment_id": "17"},
        {"experiment_id": "x"},
    ],
)
def test_what_is_refused_leaves_nothing(home: Path, wrong: dict[str, Any]) -> None:
    for make in (fitscribe.create_external_model, fitscribe.initialize_logged_model):
        with pytest.raises((InvalidParameter, NotFound)):
            make("m", **wrong)
    assert models() == []
    assert not list(home.rglob("MLmodel"))


# Reading and changing


def test_the_last_logged_model_is_autologgings_too() -> None:
    made = fitscribe.initialize_logged_model("one")
    assert fitscribe.last_logged_model() == made
    fitscribe.sklearn.autolog()
    try:
        LogisticRegression().fit(X, y)
    finally:
        fitscribe.sklearn.autolog(disable=True)
    last = fitscribe.last_logged_model()
    assert last is not None
    assert (last.name, last.model_id != made.model_id) == ("model", True)
    info = fitscribe.sklearn.log_model(LogisticRegression().fit(X, y), name="three")
    last = fitscribe.last_logged_model()
    assert last is not None
    assert last.model_uri == info.model_uri


def test_params_and_tags() -> None:
    made = fitscribe.initialize_logged_model("m", params={"a": 1})
    fitscribe.log_model_params({"b": 0.5}, made.model_id)
    for params, message in (({"a": 2}, "'a'"), ({"c": "\0"}, "NUL"), ({"c\n": 1}, "control")):
        with pytest.raises(InvalidParameter, match=message):
            fitscribe.log_model_params(params, made.model_id)
    fitscribe.set_logged_model_tags(made.model_id, {"x": 1, "y": 2})
    fitscribe.delete_logged_model_tag(made.model_id, "x")
    with pytest.raises(NotFound, match="'x'"):
        fitscribe.delete_logged_model_tag(made.model_id, "x")
    found = fitscribe.get_logged_model(made.model_id)
    assert found.params == {"a": "1", "b": "0.5"}
    assert (found.tags["y"], "x" in found.tags) == ("2", False)
    with pytest.raises(InvalidParameter, match="set_active_model"):
        fitscribe.log_model_params({"a": 1})


def test_found_as_a_table_or_as_objects() -> None:
    for number in range(3):
        made = fitscribe.initialize_logged_model(f"m{number}", params={"n": number})
        fitscribe.log_metric("acc", number / 2, model_id=made.model_id)
    fitscribe.end_run()
    order = [{"field_name": "metrics.acc", "ascending": False}]
    found = fitscribe.search_logged_models(
        filter_string="metrics.acc > 0", order_by=order, output_format="list"
    )
    assert [model.name for model in found] == ["m2", "m1"]
    frame = fitscribe.search_logged_models(max_results=2)
    assert isinstance(frame, pd.DataFrame)
    assert list(frame["name"]) == ["m2", "m1"]
    mlflows = {
        *("artifact_location", "creation_timestamp", "experiment_id", "last_updated_timestamp"),
        *("metrics", "model_id", "model_type", "name", "params", "source_run_id", "status"),
        *("status_message", "tags"),
    }
    assert mlflows <= set(frame.columns)
    assert frame["params"][0] == {"n": "2"}
    assert len(fitscribe.search_logged_models(["17"])) == 0


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"max_results": -1}, "max_results"),
        ({"output_format": "x"}, "'pandas' or 'list'"),
        ({"datasets": [{"dataset_name": "d"}]}, "search_runs"),
        ({"order_by": "metrics.acc"}, "field_name"),
        ({"order_by": [{"field_name": "metrics.acc", "dataset_name": "d"}]}, "dataset_name"),
        ({"experiment_ids": ["x"]}, "experiment id"),
        ({"filter_string": "nothing = 1"}, "nothing"),
    ],
)
def test_searches_that_cannot_be(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidParameter, match=message):
        fitscribe.search_logged_models(**wrong)


# The active model


def test_metrics_describe_the_active_model() -> None:
    first = fitscribe.set_active_model(name="first")
    assert fitscribe.get_active_model_id() == first.model_id
    with fitscribe.start_run() as run:
        fitscribe.log_metric("a", 1.0)
        with fitscribe.set_active_model(name="second") as second:
            assert fitscribe.get_active_model_id() == second.model_id
            fitscribe.log_metrics({"b": 2.0})
            fitscribe.log_model_params({"p": 1})
            fitscribe.log_metric("c", 3.0, model_id=first.model_id)
        fitscribe.log_metric("d", 4.0)
    assert fitscribe.get_active_model_id() == first.model_id
    fitscribe.clear_active_model()
    assert fitscribe.get_active_model_id() is None
    with fitscribe.start_run():
        fitscribe.log_metric("e", 5.0)
    found = {model.name: model for model in models()}
    assert {metric.key for metric in found["first"].metrics} == {"a", "c", "d"}
    assert {metric.key for metric in found["second"].metrics} == {"b"}
    assert found["second"].params == {"p": "1"}
    assert fitscribe.get_run(run.info.run_id).data.metrics == {"a": 1, "b": 2, "c": 3, "d": 4}


def test_the_model_of_a_name_is_the_newest_one() -> None:
    fitscribe.create_external_model("m")
    newer = fitscribe.create_external_model("m")
    assert fitscribe.set_active_model(name="m").model_id == newer.model_id
    assert fitscribe.set_active_model(model_id=newer.model_id, name="m").name == "m"
    with pytest.raises(InvalidParameter, match="'m', not 'n'"):
        fitscribe.set_active_model(model_id=newer.model_id, name="n")
    with pytest.raises(InvalidParameter, match="name=… or model_id=…"):
        fitscribe.set_active_model()
    with pytest.raises(NotFound, match="m-none"):
        fitscribe.set_active_model(model_id="m-none")
    fitscribe.clear_active_model()


def test_the_active_model_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    made = fitscribe.create_external_model("m")
    monkeypatch.setenv("MLFLOW_ACTIVE_MODEL_ID", made.model_id)
    assert fitscribe.get_active_model_id() == made.model_id
    fitscribe.clear_active_model()
    assert fitscribe.get_active_model_id() is None


def in_a_thread(look: Callable[[], None]) -> None:
    thread = threading.Thread(target=look)
    thread.start()
    thread.join()


def in_a_task(look: Callable[[], None]) -> None:
    async def main() -> None:
        look()

    asyncio.run(main())


def in_joblibs_thread(look: Callable[[], None]) -> None:
    Parallel(n_jobs=2, backend="threading")(delayed(look)() for _ in range(2))


@pytest.mark.parametrize("there", [in_a_thread, in_a_task, in_joblibs_thread])
def test_the_active_model_goes_along(there: Callable[[Callable[[], None]], None]) -> None:
    seen = []
    with fitscribe.set_active_model(name="m") as model:
        there(lambda: seen.append(fitscribe.get_active_model_id()))
    assert set(seen) == {model.model_id}
    seen.clear()
    there(lambda: seen.append(fitscribe.get_active_model_id()))
    assert set(seen) == {None}


def test_the_active_model_goes_along_to_other_processes(
    run_python: Callable[..., Any],
) -> None:
    done = run_python(
        """
        import fitscribe
        from joblib import Parallel, delayed

        def look():
            import fitscribe
            return fitscribe.get_active_model_id()

        model = fitscribe.set_active_model(name="m")
        found = Parallel(n_jobs=2)(delayed(look)() for _ in range(3))
        assert found == [model.model_id] * 3, found
        """
    )
    assert done.returncode == 0, done.stderr
