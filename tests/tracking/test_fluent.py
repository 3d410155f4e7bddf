"""The functions of ``import fitscribe`` that open, change, find and read runs and experiments."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import fitscribe
from fitscribe.entities import LoggedModelInput, LoggedModelOutput, ViewType
from fitscribe.errors import AlreadyExists, BadFilter, InvalidParameter, InvalidState, NotFound

pytestmark = pytest.mark.usefixtures("home")


def make_run(name: str, metric: float | None = None, **options: Any) -> str:
    with fitscribe.start_run(run_name=name, **options) as run:
        fitscribe.log_param("name", name)
        if metric is not None:
            fitscribe.log_metric("score", metric)
    return run.info.run_id


def found(filter_string: str = "", **options: Any) -> list[str]:
    options = {"output_format": "list", **options}
    runs = fitscribe.search_runs(filter_string=filter_string, **options)
    return [run.info.run_name for run in runs]


# Names


def test_every_public_name_is_there() -> None:
    for name in fitscribe.__all__:
        assert getattr(fitscribe, name) is not None
        assert name in dir(fitscribe)
    assert fitscribe.MlflowClient is fitscribe.Client
    assert fitscribe.MlflowException is fitscribe.FitscribeError
    assert fitscribe.exceptions.MlflowException is fitscribe.FitscribeError


# Experiments


def test_runs_go_to_the_default_experiment() -> None:
    with fitscribe.start_run() as run:
        pass
    default = fitscribe.get_experiment(run.info.experiment_id)
    assert (default.experiment_id, default.name) == ("0", "Default")
    assert fitscribe.get_experiment_by_name("Default") == default


def test_an_experiment_is_made_when_it_is_chosen() -> None:
    chosen = fitscribe.set_experiment("wines")
    again = fitscribe.set_experiment("wines")
    assert chosen == again
    with fitscribe.start_run() as run:
        assert run.info.experiment_id == chosen.experiment_id
    assert fitscribe.set_experiment(experiment_id="0").name == "Default"
    with fitscribe.start_run() as run:
        assert run.info.experiment_id == "0"
    with fitscribe.start_run(experiment_id=chosen.experiment_id) as run:
        assert run.info.experiment_id == chosen.experiment_id


@pytest.mark.parametrize("given", [{}, {"experiment_name": "a", "experiment_id": "0"}])
def test_one_way_to_name_an_experiment(given: dict[str, str]) -> None:
    with pytest.raises(InvalidParameter, match="either experiment_name or experiment_id"):
        fitscribe.set_experiment(**given)


def test_an_unknown_or_deleted_experiment_is_not_chosen() -> None:
    with pytest.raises(NotFound, match="99"):
        fitscribe.set_experiment(experiment_id="99")
    made = fitscribe.create_experiment("old")
    fitscribe.delete_experiment(made)
    with pytest.raises(InvalidState, match="restore_experiment"):
        fitscribe.set_experiment(experiment_id=made)
    with fitscribe.start_run() as run:
        assert run.info.experiment_id == "0"


def test_the_life_of_an_experiment() -> None:
    made = fitscribe.create_experiment("first", tags={"team": "red"})
    with pytest.raises(AlreadyExists, match="first"):
        fitscribe.create_experiment("first")
    fitscribe.rename_experiment(made, "renamed")
    assert fitscribe.get_experiment_by_name("first") is None
    before = fitscribe.get_experiment(made)
    assert (before.name, before.tags, before.lifecycle_stage) == (
        "renamed",
        {"team": "red"},
        "active",
    )
    inside = make_run("inside", experiment_id=made)
    fitscribe.delete_experiment(made)
    assert fitscribe.get_experiment(made).lifecycle_stage == "deleted"
    assert fitscribe.get_run(inside).info.lifecycle_stage == "deleted"
    names = [one.name for one in fitscribe.search_experiments(view_type=ViewType.DELETED_ONLY)]
    assert names == ["renamed"]
    fitscribe.create_experiment("renamed")
    with pytest.raises(AlreadyExists, match="name"):
        fitscribe.restore_experiment(made)
    fitscribe.restore_experiment(made, "restored")
    assert fitscribe.get_experiment(made).name == "restored"
    assert fitscribe.get_run(inside).info.lifecycle_stage == "active"


def test_tags_of_the_active_experiment() -> None:
    chosen = fitscribe.set_experiment("tagged")
    fitscribe.set_experiment_tag("a", 1)
    fitscribe.set_experiment_tags({"a": 2, "größe": "groß"})
    assert fitscribe.get_experiment(chosen.experiment_id).tags == {"a": "2", "größe": "groß"}
    fitscribe.delete_experiment_tag("a")
    assert fitscribe.get_experiment(chosen.experiment_id).tags == {"größe": "groß"}
    with pytest.raises(NotFound, match="'a'"):
        fitscribe.delete_experiment_tag("a")
    assert fitscribe.get_experiment("0").tags == {}


def test_search_experiments_pages_through_all() -> None:
    names = [f"e{number:04}" for number in range(1_010)]
    for name in names:
        fitscribe.create_experiment(name)
    assert len(fitscribe.search_experiments()) == 1_011
    few = fitscribe.search_experiments(
        filter_string="name LIKE 'e%'", order_by=["name"], max_results=1_005
    )
    assert [one.name for one in few] == names[:1_005]
    with pytest.raises(BadFilter, match="nam"):
        fitscribe.search_experiments(filter_string="nam = 'x'")


def test_the_environment_names_the_experiment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "by mlflow's name")
    with fitscribe.start_run() as run:
        assert fitscribe.get_experiment(run.info.experiment_id).name == "by mlflow's name"
    monkeypatch.setenv("FITSCRIBE_EXPERIMENT_NAME", "by ours")
    with fitscribe.start_run() as run:
        assert fitscribe.get_experiment(run.info.experiment_id).name == "by ours"
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", "0")
    with fitscribe.start_run() as run:
        assert run.info.experiment_id == "0"
    chosen = fitscribe.set_experiment("by hand")
    with fitscribe.start_run() as run:
        assert run.info.experiment_id == chosen.experiment_id


# Runs


@pytest.mark.parametrize("status", ["DONE", "finished", "RUNNING", "SCHEDULED", "", None])
def test_a_run_ends_as_what_is_an_end(status: Any) -> None:
    run = fitscribe.start_run()
    with pytest.raises(InvalidParameter, match="FINISHED, FAILED or KILLED"):
        fitscribe.end_run(status)
    assert fitscribe.active_run() is not None
    fitscribe.end_run("KILLED")
    assert fitscribe.get_run(run.info.run_id).info.status == "KILLED"


def test_a_child_by_its_parents_id_alone() -> None:
    parent = make_run("parent")
    with fitscribe.start_run(parent_run_id=parent) as child:
        assert child.data.tags["mlflow.parentRunId"] == parent
    assert fitscribe.get_parent_run(child.info.run_id).info.run_id == parent
    with pytest.raises(NotFound, match="f" * 32):
        fitscribe.start_run(parent_run_id="f" * 32)
    assert fitscribe.active_run() is None


def test_a_child_goes_to_the_experiment_of_its_parent() -> None:
    other = fitscribe.create_experiment("other")
    with fitscribe.start_run(experiment_id=other):
        with fitscribe.start_run(nested=True) as child:
            assert child.info.experiment_id == other


def test_names_and_tags_of_a_run_are_one() -> None:
    with fitscribe.start_run(run_name="by name") as run:
        assert run.data.tags["mlflow.runName"] == "by name"
        fitscribe.set_tag("mlflow.runName", "by tag")
    assert fitscribe.get_run(run.info.run_id).info.run_name == "by tag"
    with fitscribe.start_run(tags={"mlflow.runName": "tagged"}) as run:
        assert run.info.run_name == "tagged"
    with fitscribe.start_run(run.info.run_id, run_name="renamed"):
        pass
    assert fitscribe.get_run(run.info.run_id).info.run_name == "renamed"


def test_delete_and_restore_a_run() -> None:
    run_id = make_run("one", 0.5)
    fitscribe.delete_run(run_id)
    assert fitscribe.get_run(run_id).info.lifecycle_stage == "deleted"
    assert found() == []
    assert found(run_view_type=ViewType.DELETED_ONLY) == ["one"]
    assert found(run_view_type=ViewType.ALL) == ["one"]
    for log in (fitscribe.log_metrics, fitscribe.log_params):
        with pytest.raises(InvalidParameter, match="restore_run"):
            log({"x": 1}, run_id=run_id)
    fitscribe.restore_run(run_id)
    assert found() == ["one"]
    assert fitscribe.get_run(run_id).data.metrics == {"score": 0.5}


@pytest.mark.parametrize("function", ["get_run", "delete_run", "restore_run", "get_parent_run"])
def test_an_unknown_run_is_told(function: str) -> None:
    with pytest.raises(NotFound, match="no-such-run"):
        getattr(fitscribe, function)("no-such-run")


def test_another_run_than_the_active_one_is_logged_to() -> None:
    other = make_run("other")
    with fitscribe.start_run() as run:
        fitscribe.log_metric("m", 1, run_id=other)
        fitscribe.log_metrics({"n": 2}, run_id=other)
        fitscribe.log_params({"p": 3}, run_id=other)
        fitscribe.log_text("text", "note.txt", run_id=other)
    data = fitscribe.get_run(other).data
    assert (data.metrics, data.params) == ({"m": 1.0, "n": 2.0}, {"name": "other", "p": "3"})
    assert fitscribe.get_run(run.info.run_id).data.metrics == {}
    assert [f.path for f in fitscribe.artifacts.list_artifacts(run_id=other)] == ["note.txt"]
    assert fitscribe.get_run(other).info.status == "FINISHED"


def test_asynchronous_logging_has_something_to_wait_for() -> None:
    with fitscribe.start_run() as run:
        for operation in (
            fitscribe.log_metric("m", 1, synchronous=False),
            fitscribe.log_metrics({"n": 1}, synchronous=False),
            fitscribe.log_params({"p": 1}, synchronous=False),
            fitscribe.log_param("q", 1, synchronous=False),
            fitscribe.set_tag("t", 1, synchronous=False),
            fitscribe.set_tags({"u": 1}, synchronous=False),
        ):
            assert operation is not None
            operation.wait()
        fitscribe.flush_async_logging()
        assert fitscribe.log_metric("o", 1) is None
    assert set(fitscribe.get_run(run.info.run_id).data.metrics) == {"m", "n", "o"}


def test_tags_of_a_run() -> None:
    with fitscribe.start_run(tags={"a": 1}) as run:
        fitscribe.set_tag("a", 2)
        fitscribe.set_tags({"b": 3, "c": 4})
        fitscribe.delete_tag("b")
        with pytest.raises(NotFound, match="'b'"):
            fitscribe.delete_tag("b")
    tags = fitscribe.get_run(run.info.run_id).data.tags
    assert (tags["a"], tags["c"], "b" in tags) == ("2", "4", False)


def test_models_that_a_run_read_and_made() -> None:
    model = fitscribe.Client().create_logged_model("0", "m")
    with fitscribe.start_run() as run:
        fitscribe.log_outputs([LoggedModelOutput(model.model_id, step=2)])
        fitscribe.log_input(model=LoggedModelInput(model.model_id))
        fitscribe.log_metric("acc", 0.5, model_id=model.model_id)
    again = fitscribe.get_run(run.info.run_id)
    assert again.outputs.model_outputs == (LoggedModelOutput(model.model_id, step=2),)
    assert again.inputs.model_inputs == (LoggedModelInput(model.model_id),)
    (metric,) = fitscribe.Client().get_logged_model(model.model_id).metrics
    assert (metric.key, metric.value, metric.run_id) == ("acc", 0.5, run.info.run_id)


# Finding runs


def test_runs_are_found_in_the_active_experiment_or_where_one_says() -> None:
    make_run("in default")
    first = fitscribe.set_experiment("first").experiment_id
    make_run("in first")
    second = fitscribe.create_experiment("second")
    make_run("in second", experiment_id=second)
    assert found() == ["in first"]
    assert found(experiment_ids=["0"]) == ["in default"]
    assert found(experiment_ids=[first, second]) == ["in second", "in first"]
    assert found(experiment_names=["second", "unknown"]) == ["in second"]
    assert found(experiment_names=["unknown"]) == []
    assert found(search_all_experiments=True) == ["in second", "in first", "in default"]
    with pytest.raises(InvalidParameter, match="not both"):
        found(experiment_ids=[first], experiment_names=["second"])


def test_filter_order_and_number() -> None:
    for name, score in (("low", 0.1), ("high", 0.9), ("none", None), ("nan", float("nan"))):
        make_run(name, score)
    assert found("metrics.score > 0.5") == ["high"]
    assert found("params.name IN ('low', 'none') or run_name = 'high'") == ["none", "high", "low"]
    assert found("not (params.name LIKE '%n%')") == ["high", "low"]
    assert found(order_by=["metrics.score DESC"])[:2] == ["high", "low"]
    assert found(order_by=["metrics.score"])[:2] == ["low", "high"]
    assert found(max_results=3) == ["nan", "none", "high"]
    assert found(max_results=0) == []
    with pytest.raises(BadFilter, match=r"character 15.*operator after metrics\.score"):
        found("metrics.score ~ 1")
    with pytest.raises(BadFilter):
        found(order_by=["metrics.score UPWARDS"])
    with pytest.raises(InvalidParameter, match="'pandas' or 'list'"):
        fitscribe.search_runs(output_format="arrow")


def test_more_runs_than_a_page_come_whole() -> None:
    client = fitscribe.Client()
    for number in range(1_003):
        client.create_run("0", start_time=number, run_name=f"r{number:04}")
    names = [f"r{number:04}" for number in reversed(range(1_003))]
    assert found() == names
    assert found(max_results=1_001) == names[:1_001]


def test_runs_as_a_table() -> None:
    for name, score in (("one", 0.5), ("two", None)):
        make_run(name, score, tags={"only": name} if score else {})
    frame = fitscribe.search_runs(order_by=["start_time"])
    head = ["run_id", "experiment_id", "status", "artifact_uri", "start_time", "end_time"]
    assert list(frame.columns[:8]) == [*head, "metrics.score", "params.name"]
    assert all(name.startswith("tags.") for name in frame.columns[8:])
    assert sorted(frame.columns[8:]) == list(frame.columns[8:])
    assert frame["start_time"].dt.tz is not None
    assert (frame["end_time"] >= frame["start_time"]).all()
    assert list(frame["params.name"]) == ["one", "two"]
    assert frame["metrics.score"].dtype == float
    assert frame["metrics.score"][0] == 0.5
    assert pd.isna(frame["metrics.score"][1])
    assert frame["tags.only"][0] == "one"
    assert pd.isna(frame["tags.only"][1])  # None, or pandas 3's NaN of a column of text
    empty = fitscribe.search_runs(filter_string="params.name = 'three'")
    assert list(empty.columns) == head
    assert len(empty) == 0


def test_an_open_run_has_no_end_in_the_table() -> None:
    fitscribe.start_run()
    frame = fitscribe.search_runs()
    assert frame["end_time"].isna().all()
    assert list(frame["status"]) == ["RUNNING"]


def test_the_last_active_run_is_the_last_to_end() -> None:
    with fitscribe.start_run() as parent, fitscribe.start_run(nested=True):
        pass
    last = fitscribe.last_active_run()
    assert last is not None
    assert last.info.run_id == parent.info.run_id


def test_the_last_active_run_outlives_its_end(home: Path) -> None:
    assert fitscribe.get_tracking_uri() == home.as_uri()
    run_id = make_run("last")
    fitscribe.set_tracking_uri(home.parent / "another")  # it is looked up where it is kept
    last = fitscribe.last_active_run()
    assert last is not None
    assert (last.info.run_id, last.info.status) == (run_id, "FINISHED")
