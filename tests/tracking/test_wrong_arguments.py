"""What is given wrongly is refused by a sentence, before anything is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fitscribe
from fitscribe.errors import FitscribeError, InvalidParameter

pytestmark = pytest.mark.usefixtures("home")

HUGE = 10**30
LONG = "x" * 5_000_000
NOT_A_DICT: list[Any] = [["a"], "a", 3, object(), {1: 2}, {None: 1}, {"a\nb": 1}, {"": 1}]
NOT_A_LIST: list[Any] = [object(), 1.5, {"a": 1}, b"x", np.array(3.0)]
NOT_A_KEY: list[Any] = [[], {}, None, 3, b"x", np.array([1.0]), "", "a\0b", "\ud800"]
NOT_A_FILE: list[Any] = [[], {}, 3, b"x", object(), 1.5, HUGE]

DICTS = {
    "log_metrics": lambda v: fitscribe.log_metrics(v),
    "log_params": lambda v: fitscribe.log_params(v),
    "set_tags": lambda v: fitscribe.set_tags(v),
    "start_run": lambda v: fitscribe.start_run(nested=True, tags=v),
    "set_experiment_tags": lambda v: fitscribe.set_experiment_tags(v),
    "create_experiment": lambda v: fitscribe.create_experiment("e", tags=v),
    "log_input": lambda v: fitscribe.log_input(fitscribe.data.from_numpy(np.eye(2)), tags=v),
    "create_run": lambda v: fitscribe.Client().create_run("0", tags=v),
    "create_logged_model": lambda v: fitscribe.Client().create_logged_model("0", tags=v),
    "model_params": lambda v: fitscribe.initialize_logged_model(params=v),
    "set_logged_model_tags": lambda v: fitscribe.set_logged_model_tags("m-none", v),
}
LISTS = {
    "experiment_ids": lambda v: fitscribe.search_runs(v, output_format="list"),
    "experiment_names": lambda v: fitscribe.search_runs(experiment_names=v),
    "order_by": lambda v: fitscribe.search_runs(order_by=v),
    "order of experiments": lambda v: fitscribe.search_experiments(order_by=v),
    "order of models": lambda v: fitscribe.search_logged_models(order_by=v),
    "models": lambda v: fitscribe.search_logged_models(v),
    "log_inputs": lambda v: fitscribe.log_inputs(v),
    "model inputs": lambda v: fitscribe.log_inputs(models=v),
    "log_outputs": lambda v: fitscribe.log_outputs(v),
    "log_batch": lambda v: fitscribe.Client().log_batch("r", metrics=v),
    "run_ids": lambda v: fitscribe.load_table("t.json", v),
}
KEYS = {
    "log_metric": lambda v: fitscribe.log_metric(v, 1),
    "log_param": lambda v: fitscribe.log_param(v, 1),
    "set_tag": lambda v: fitscribe.set_tag(v, 1),
    "delete_tag": lambda v: fitscribe.delete_tag(v),
    "set_experiment_tag": lambda v: fitscribe.set_experiment_tag(v, 1),
    "delete_experiment_tag": lambda v: fitscribe.delete_experiment_tag(v),
    "log_image": lambda v: fitscribe.log_image(np.zeros((2, 2)), key=v),
}
FILES = {
    "log_text": lambda v: fitscribe.log_text("a", v),
    "log_dict": lambda v: fitscribe.log_dict({}, v),
    "log_table": lambda v: fitscribe.log_table({"a": 1}, v),
    "log_image": lambda v: fitscribe.log_image(np.zeros((2, 2)), v),
    "log_artifact": lambda v: fitscribe.log_artifact(v),
    "log_artifact to": lambda v: fitscribe.log_artifact(__file__, v or object()),
    "load_table": lambda v: fitscribe.load_table(v, [fitscribe.start_run().info.run_id]),
}


def kept(home: Path) -> tuple[Any, ...]:
    client = fitscribe.Client()
    runs = client.search_runs(["0"])
    files = sorted(path for path in (home / "artifacts").rglob("*") if path.is_file())
    models = client.search_logged_models(["0"])
    return runs, models, client.search_experiments(), files


def each(calls: dict[str, Any], values: list[Any]) -> list[Any]:
    return [
        pytest.param(call, value, id=f"{name}-{type(value).__name__}-{number}")
        for name, call in calls.items()
        for number, value in enumerate(values)
    ]


@pytest.mark.parametrize(
    ("call", "value"),
    [
        *each(DICTS, NOT_A_DICT),
        *each(LISTS, NOT_A_LIST),
        *each(KEYS, NOT_A_KEY[:2] + NOT_A_KEY[3:]),
        *each(FILES, NOT_A_FILE),
    ],
)
def test_a_wrong_kind_of_value(home: Path, call: Any, value: Any) -> None:
    with fitscribe.start_run():
        before = kept(home)
        if isinstance(value, (list, dict)) and call is FILES["log_artifact to"] and not value:
            value = object()
        try:
            with pytest.raises(FitscribeError) as refused:
                call(value)
        finally:
            while len(fitscribe.tracking.active.open_runs()) > 1:
                fitscribe.end_run()
        assert len(str(refused.value)) < 600
        if call is not FILES["load_table"]:
            assert kept(home) == before


@pytest.mark.parametrize(
    "call",
    [
        lambda: fitscribe.log_metric("m", LONG),
        lambda: fitscribe.log_metric("m", 1, run_id=HUGE),  # type: ignore[arg-type]  # is refused
        lambda: fitscribe.log_metric("m", 1, run_id=[]),  # type: ignore[arg-type]  # is refused
        lambda: fitscribe.log_metric("m", 1, model_id=HUGE),  # type: ignore[arg-type]  # is refused
        lambda: fitscribe.log_metric("m", 1, timestamp=HUGE),
        lambda: fitscribe.end_run(LONG),
        lambda: fitscribe.end_run([]),  # type: ignore[arg-type]  # is refused
        lambda: fitscribe.start_run(nested=True, parent_run_id=LONG),
        lambda: fitscribe.start_run(nested=True, parent_run_id=HUGE),  # type: ignore[arg-type]  # is refused
        lambda: fitscribe.start_run(nested=True, run_name="a\0b"),
        lambda: fitscribe.set_experiment(3),  # type: ignore[arg-type]  # is refused
        lambda: fitscribe.get_experiment_by_name(HUGE),  # type: ignore[arg-type]  # is refused
        lambda: fitscribe.create_experiment("e", []),  # type: ignore[arg-type]  # is refused
        lambda: fitscribe.create_experiment("e", "\ud800"),
        lambda: fitscribe.search_runs(run_view_type=[]),  # type: ignore[arg-type]  # is refused
        lambda: fitscribe.search_runs(max_results=-1),
        lambda: fitscribe.search_runs(output_format=LONG),
        lambda: fitscribe.Client(LONG),
        lambda: fitscribe.Client("x" * 300),
        lambda: fitscribe.Client("\ud800"),
        lambda: fitscribe.Client().create_run("0", start_time=HUGE),
        lambda: fitscribe.Client().create_run("0", run_name="a\0b"),
        lambda: fitscribe.Client().set_terminated("r", LONG),
        lambda: fitscribe.Client().set_terminated("r", end_time=HUGE),
        lambda: fitscribe.Client().log_batch("r", params=["a"]),  # type: ignore[list-item]  # is refused
        lambda: fitscribe.Client().log_batch("r", tags=["a"]),  # type: ignore[list-item]  # is refused
        lambda: fitscribe.log_outputs(["m-1"]),  # type: ignore[list-item]  # is refused
        lambda: fitscribe.log_text(None, "a.txt"),  # type: ignore[arg-type]  # is refused
        lambda: fitscribe.log_text("\ud800", "a.txt"),
        lambda: fitscribe.log_dict({(1, 2): 3}, "a.json"),
        lambda: fitscribe.log_artifact("x" * 300),
        lambda: fitscribe.log_artifacts("a\0b"),
        lambda: fitscribe.artifacts.load_text("x" * 300),
        lambda: fitscribe.data.from_numpy([[1], [1, 2]]),
        lambda: fitscribe.data.from_numpy(np.eye(2), name=3),  # type: ignore[arg-type]  # is refused
    ],
)
def test_values_that_no_store_keeps(home: Path, call: Any) -> None:
    with fitscribe.start_run():
        before = kept(home)
        with pytest.raises(FitscribeError) as refused:
            call()
        assert len(str(refused.value)) < 600
        assert kept(home) == before


def test_a_circle_is_no_json() -> None:
    circle: list[Any] = []
    circle.append(circle)
    with fitscribe.start_run(), pytest.raises(InvalidParameter, match="Circular"):
        fitscribe.log_dict(circle, "a.json")  # type: ignore[arg-type]  # is refused


def test_a_file_that_is_no_table_is_not_replaced_by_one() -> None:
    with fitscribe.start_run() as run:
        fitscribe.log_text("[1]", "t.json")
        for use in (
            lambda: fitscribe.log_table({"a": 1}, "t.json"),
            lambda: fitscribe.load_table("t.json", [run.info.run_id]),
        ):
            with pytest.raises(InvalidParameter, match="no table"):
                use()
    assert fitscribe.artifacts.load_text(f"runs:/{run.info.run_id}/t.json") == "[1]"


def test_what_is_meant_is_taken() -> None:
    """One name where a list is asked for, a path where a text is, JSON with a lone surrogate."""
    with fitscribe.start_run(run_name="r") as run:
        fitscribe.log_table({"a": 1}, "t.json")
        fitscribe.log_text("a", Path("b") / "c.txt")  # type: ignore[arg-type]  # works all the same
        fitscribe.log_dict({"a": "\ud800"}, "s.json")
        fitscribe.log_metric("m", 1, timestamp=None)
    uri = f"runs:/{run.info.run_id}"
    assert fitscribe.artifacts.load_text(f"{uri}/b/c.txt") == "a"
    assert fitscribe.artifacts.load_dict(f"{uri}/s.json") == {"a": "\ud800"}
    assert list(fitscribe.load_table("t.json", run.info.run_id, "run_name")["run_name"]) == ["r"]
    assert len(fitscribe.search_runs("0", order_by="start_time", output_format="list")) == 1
    assert len(fitscribe.search_runs(experiment_names="Default", output_format="list")) == 1
    assert len(fitscribe.search_runs(np.array(["0"]), output_format="list")) == 1  # type: ignore[arg-type]  # works all the same
