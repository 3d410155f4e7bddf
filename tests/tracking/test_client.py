"""``Client``: the tracking methods of MLflow's ``MlflowClient``, with MLflow's meanings."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

import fitscribe
from fitscribe import Client
from fitscribe.entities import (
    DatasetInput,
    InputTag,
    LoggedModelInput,
    LoggedModelOutput,
    Metric,
    Param,
    RunTag,
    ViewType,
)
from fitscribe.errors import AlreadyExists, BadFilter, InvalidParameter, NotFound


@pytest.fixture
def client(home: Path) -> Client:
    return Client()


@pytest.fixture
def run_id(client: Client) -> str:
    return client.create_run("0", run_name="by hand").info.run_id


def test_a_client_of_another_place(client: Client, home: Path) -> None:
    other = Client(str(home.parent / "other"), registry_uri="ignored")
    assert other.tracking_uri == (home.parent / "other").as_uri()
    assert client.tracking_uri == home.as_uri()
    run = other.create_run("0")
    assert other.get_run(run.info.run_id).info.status == "RUNNING"
    with pytest.raises(NotFound, match=run.info.run_id):
        client.get_run(run.info.run_id)
    assert fitscribe.get_tracking_uri() == home.as_uri()


# Runs


def test_a_run_is_made_and_lives_until_it_is_ended(client: Client) -> None:
    made = client.create_run("0", start_time=1234, tags={"a": 1}, run_name="first")
    info = made.info
    assert (info.status, info.start_time, info.end_time) == ("RUNNING", 1234, None)
    assert (info.run_name, info.lifecycle_stage, info.experiment_id) == ("first", "active", "0")
    assert info.run_uuid == info.run_id
    assert made.data.tags == {"a": "1", "mlflow.runName": "first"}
    assert info.artifact_uri.endswith(f"/{info.run_id}/artifacts")
    client.set_terminated(info.run_id, end_time=5678)
    ended = client.get_run(info.run_id).info
    assert (ended.status, ended.end_time) == ("FINISHED", 5678)
    assert fitscribe.active_run() is None


@pytest.mark.parametrize("status", ["FINISHED", "FAILED", "KILLED"])
def test_a_run_is_ended_as(client: Client, run_id: str, status: str) -> None:
    client.set_terminated(run_id, status)
    info = client.get_run(run_id).info
    assert info.status == status
    assert info.end_time is not None
    assert info.end_time >= info.start_time


def test_statuses_are_checked(client: Client, run_id: str) -> None:
    for change in (client.set_terminated, client.update_run):
        with pytest.raises(InvalidParameter, match="'DONE'"):
            change(run_id, "DONE")
    assert client.get_run(run_id).info.status == "RUNNING"


def test_names_come_from_one_place(client: Client) -> None:
    by_tag = client.create_run("0", tags={"mlflow.runName": "tagged", "mlflow.user": "ada"})
    assert (by_tag.info.run_name, by_tag.info.user_id) == ("tagged", "ada")
    client.create_run("0", tags={"mlflow.runName": "same"}, run_name="same")
    with pytest.raises(InvalidParameter, match="give one"):
        client.create_run("0", tags={"mlflow.runName": "tagged"}, run_name="named")
    unnamed = client.create_run("0").info
    assert unnamed.run_name == f"run · {unnamed.run_id[:4]}"
    client.update_run(unnamed.run_id, name="renamed")
    again = client.get_run(unnamed.run_id)
    assert again.info.run_name == again.data.tags["mlflow.runName"] == "renamed"
    client.update_run(unnamed.run_id, status="FAILED")
    again = client.get_run(unnamed.run_id)
    assert (again.info.status, again.info.run_name) == ("FAILED", "renamed")
    client.set_tag(unnamed.run_id, "mlflow.runName", "by tag")
    assert client.get_run(unnamed.run_id).info.run_name == "by tag"


def test_a_child_run(client: Client, run_id: str) -> None:
    child = client.create_run("0", tags={"mlflow.parentRunId": run_id})
    parent = client.get_parent_run(child.info.run_id)
    assert parent is not None
    assert parent.info.run_id == run_id
    assert client.get_parent_run(run_id) is None
    children = client.search_runs("0", f"tags.`mlflow.parentRunId` = '{run_id}'")
    assert [run.info.run_id for run in children] == [child.info.run_id]


def test_where_a_run_cannot_be_made(client: Client) -> None:
    with pytest.raises(NotFound, match="99"):
        client.create_run("99")
    with pytest.raises(InvalidParameter, match="'first'"):
        client.create_run("first")
    gone = client.create_experiment("gone")
    client.delete_experiment(gone)
    with pytest.raises(InvalidParameter, match="deleted"):
        client.create_run(gone)
    assert client.search_runs(["0", gone], run_view_type=ViewType.ALL) == []


def test_the_bin(client: Client, run_id: str) -> None:
    client.delete_run(run_id)
    client.delete_run(run_id)
    assert client.get_run(run_id).info.lifecycle_stage == "deleted"
    assert client.search_runs(["0"]) == []
    for change in (
        lambda: client.set_tag(run_id, "a", 1),
        lambda: client.log_metric(run_id, "a", 1),
        lambda: client.update_run(run_id, name="x"),
        lambda: client.delete_tag(run_id, "mlflow.runName"),
    ):
        with pytest.raises(InvalidParameter, match="restore_run"):
            change()
    client.restore_run(run_id)
    client.set_tag(run_id, "a", 1)
    assert client.get_run(run_id).info.run_name == "by hand"


# Values


def test_values_of_a_run(client: Client, run_id: str) -> None:
    assert client.log_param(run_id, "C", 0.1) == 0.1
    client.log_metric(run_id, "loss", 0.5, timestamp=7, step=3)
    client.set_tag(run_id, "t", True)
    client.log_batch(
        run_id,
        metrics=[Metric("loss", 0.25, 8, 4), Metric("acc", 1.0, 9, 0)],
        params=[Param("D", "x"), Param("C", "0.1")],
        tags=[RunTag("u", "1"), RunTag("u", "2")],
    )
    data = client.get_run(run_id).data
    assert data.params == {"C": "0.1", "D": "x"}
    assert data.metrics == {"loss": 0.25, "acc": 1.0}
    assert (data.tags["t"], data.tags["u"]) == ("True", "2")
    points = client.get_metric_history(run_id, "loss")
    assert [(p.value, p.timestamp, p.step) for p in points] == [(0.5, 7, 3), (0.25, 8, 4)]
    assert client.get_metric_history(run_id, "none") == []
    client.delete_tag(run_id, "u")
    with pytest.raises(NotFound, match="'u'"):
        client.delete_tag(run_id, "u")


def test_asynchronous_calls_have_something_to_wait_for(client: Client, run_id: str) -> None:
    for operation in (
        client.log_metric(run_id, "m", 1, synchronous=False),
        client.log_batch(run_id, [Metric("n", 1.0, 0)], synchronous=False),
        client.set_tag(run_id, "t", 1, synchronous=False),
        client.log_param(run_id, "p", 1, synchronous=False),
    ):
        assert operation is not None
        operation.wait()
    assert client.get_run(run_id).data.metrics == {"m": 1.0, "n": 1.0}


def test_an_unknown_run_is_told_by_everything(client: Client, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for call in (
        lambda run: client.get_run(run),
        lambda run: client.log_param(run, "a", 1),
        lambda run: client.log_metric(run, "a", 1),
        lambda run: client.log_batch(run, [Metric("a", 1.0, 0)]),
        lambda run: client.log_batch(run),
        lambda run: client.set_tag(run, "a", 1),
        lambda run: client.delete_tag(run, "a"),
        lambda run: client.set_terminated(run),
        lambda run: client.update_run(run, name="a"),
        lambda run: client.delete_run(run),
        lambda run: client.restore_run(run),
        lambda run: client.get_metric_history(run, "a"),
        lambda run: client.log_text(run, "a", "a.txt"),
        lambda run: client.log_artifact(run, tmp_path / "file"),
        lambda run: client.list_artifacts(run),
        lambda run: client.download_artifacts(run, "a"),
        lambda run: client.log_inputs(run, []),
        lambda run: client.log_outputs(run, []),
    ):
        with pytest.raises(NotFound, match="no-such-run"):
            call("no-such-run")


def test_inputs_and_outputs(client: Client, run_id: str) -> None:
    data = fitscribe.data.from_numpy(np.eye(2), name="eye").to_entity()
    model = client.create_logged_model("0")
    use = DatasetInput(data, (InputTag("mlflow.data.context", "train"),))
    client.log_inputs(run_id, [use, use], [LoggedModelInput(model.model_id)])
    client.log_inputs(run_id, [use])
    client.log_outputs(run_id, [LoggedModelOutput(model.model_id, 1)])
    run = client.get_run(run_id)
    assert run.inputs.dataset_inputs == (use,)
    assert run.inputs.model_inputs == (LoggedModelInput(model.model_id),)
    assert run.outputs.model_outputs == (LoggedModelOutput(model.model_id, 1),)


@pytest.mark.parametrize("given", ["train.csv", np.eye(2)])
def test_an_input_is_a_dataset(client: Client, run_id: str, given: Any) -> None:
    with pytest.raises(InvalidParameter, match="from_numpy"):
        client.log_inputs(run_id, [given])


# Finding


def test_pages_of_runs_follow_each_other(client: Client) -> None:
    for number in range(25):
        client.create_run("0", start_time=number, run_name=f"r{number:02}")
    names: list[str] = []
    token = None
    sizes = []
    while True:
        page = client.search_runs(["0"], max_results=10, page_token=token)
        names += [run.info.run_name for run in page.to_list()]
        sizes.append(len(page))
        token = page.token
        if token is None:
            break
    assert sizes == [10, 10, 5]
    assert names == [f"r{number:02}" for number in reversed(range(25))]
    with pytest.raises(InvalidParameter, match="token"):
        client.search_runs(["0"], page_token="nonsense")
    first = client.search_runs(["0"], max_results=10)
    with pytest.raises(InvalidParameter, match="token"):
        client.search_runs(["0"], "run_name LIKE 'r%'", max_results=10, page_token=first.token)


@pytest.mark.parametrize("ids", ["0", ["0"], [0], ("0",)])
def test_experiments_to_search_in(client: Client, run_id: str, ids: Any) -> None:
    assert [run.info.run_id for run in client.search_runs(ids)] == [run_id]
    assert client.search_runs([]) == []


@pytest.mark.parametrize("number", [0, -1, 10**9])
def test_numbers_of_results_are_checked(client: Client, number: int) -> None:
    for search in (
        lambda: client.search_runs(["0"], max_results=number),
        lambda: client.search_experiments(max_results=number),
        lambda: client.search_logged_models(["0"], max_results=number),
    ):
        with pytest.raises(InvalidParameter, match="max_results"):
            search()


def test_experiments_are_found_by_pages(client: Client) -> None:
    for name in ("a1", "a2", "b1"):
        client.create_experiment(name, tags={"kind": name[0]})
    page = client.search_experiments(order_by=["name"], max_results=3)
    assert [one.name for one in page] == ["Default", "a1", "a2"]
    rest = client.search_experiments(order_by=["name"], max_results=3, page_token=page.token)
    assert [one.name for one in rest] == ["b1"]
    assert rest.token is None
    found = client.search_experiments(filter_string="tags.kind = 'a'", order_by=["name DESC"])
    assert [one.name for one in found] == ["a2", "a1"]
    with pytest.raises(BadFilter):
        client.search_experiments(filter_string="metrics.m > 1")


# Experiments


def test_the_life_of_an_experiment(client: Client, home: Path) -> None:
    made = client.create_experiment("first", str(home.parent / "files"), {"a": 1})
    found = client.get_experiment(made)
    assert (found.name, found.tags, found.lifecycle_stage) == ("first", {"a": "1"}, "active")
    assert client.get_experiment_by_name("first") == found
    assert client.get_experiment_by_name("none") is None
    run = client.create_run(made)
    client.log_text(run.info.run_id, "text", "a.txt")
    (kept,) = (home.parent / "files").rglob("a.txt")
    assert kept.read_text() == "text"
    with pytest.raises(AlreadyExists, match="'first'"):
        client.create_experiment("first")
    client.set_experiment_tag(made, "b", 2)
    client.delete_experiment_tag(made, "a")
    client.rename_experiment(made, "second")
    assert client.get_experiment(made).tags == {"b": "2"}
    client.delete_experiment(made)
    client.create_experiment("second")
    with pytest.raises(AlreadyExists, match="name"):
        client.restore_experiment(made)
    client.restore_experiment(made, "third")
    assert client.get_experiment(made).name == "third"


@pytest.mark.parametrize("name", ["", " ", "x" * 501, "a\0b", None, 1])
def test_bad_names_of_experiments(client: Client, name: Any) -> None:
    with pytest.raises(InvalidParameter, match="name"):
        client.create_experiment(name)
    with pytest.raises(InvalidParameter, match="name"):
        client.rename_experiment("0", name)
    assert [one.name for one in client.search_experiments()] == ["Default"]


# Files


def test_a_client_can_be_pickled_and_copied(client: Client, run_id: str) -> None:
    for other in (pickle.loads(pickle.dumps(client)), copy.copy(client), copy.deepcopy(client)):
        assert repr(other) == f"Client({client.tracking_uri!r})"
        assert other.get_run(run_id) == client.get_run(run_id)


def test_an_empty_page_token_is_the_first_page(client: Client, run_id: str) -> None:
    client.create_logged_model("0", "m")
    assert [run.info.run_id for run in client.search_runs(["0"], page_token="")] == [run_id]
    assert len(client.search_experiments(page_token="")) == 1
    assert len(client.search_logged_models(["0"], page_token="")) == 1


def test_an_empty_name_leaves_a_run_its_own(client: Client, run_id: str) -> None:
    before = client.get_run(run_id).info.run_name
    client.update_run(run_id, status="FAILED", name="")
    info = client.get_run(run_id).info
    assert (info.run_name, info.status) == (before, "FAILED")


def test_files_of_a_run(client: Client, run_id: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "b.txt").write_text("b")
    client.log_text(run_id, "a", "a.txt")
    client.log_dict(run_id, {"c": 1}, "c.json")
    client.log_artifact(run_id, tmp_path / "folder" / "b.txt", "in")
    client.log_artifacts(run_id, tmp_path / "folder", "all")
    client.log_figure(run_id, Figure(), "f.png")
    client.log_image(run_id, np.zeros((2, 2), np.uint8), "i.png")
    client.log_table(run_id, {"x": [1]}, "t.json")
    listed = {entry.path: entry for entry in client.list_artifacts(run_id)}
    assert list(listed) == ["a.txt", "all", "c.json", "f.png", "i.png", "in", "t.json"]
    assert (listed["all"].is_dir, listed["all"].file_size) == (True, None)
    assert (listed["a.txt"].is_dir, listed["a.txt"].file_size) == (False, 1)
    assert [entry.path for entry in client.list_artifacts(run_id, "all")] == ["all/b.txt"]
    assert client.list_artifacts(run_id, "none") == []
    assert client.list_artifacts(run_id, "a.txt") == []
    assert Path(client.download_artifacts(run_id, "in/b.txt")).read_text() == "b"
    copy = Path(client.download_artifacts(run_id, "all", tmp_path / "copy"))
    assert copy == tmp_path / "copy" / "all"
    assert (copy / "b.txt").read_text() == "b"
    with pytest.raises(NotFound, match="none"):
        client.download_artifacts(run_id, "none")
    frame = client.load_table("0", "t.json", extra_columns=["run_id"])
    assert frame.to_dict("list") == {"x": [1], "run_id": [run_id]}
    assert list(client.load_table("0", "t.json", [run_id])["x"]) == [1]


# Logged models


def test_the_life_of_a_logged_model(client: Client, run_id: str, tmp_path: Path) -> None:
    model = client.create_logged_model(
        "0", "forest", run_id, {"a": 1}, {"depth": 3}, model_type="classifier"
    )
    model_id = model.model_id
    assert (model.status, model.name, model.source_run_id) == ("PENDING", "forest", run_id)
    assert (model.tags, model.params, model.model_type) == (
        {"a": "1"},
        {"depth": "3"},
        "classifier",
    )
    assert model.model_uri == f"models:/{model_id}"
    (tmp_path / "model" / "deep").mkdir(parents=True)
    (tmp_path / "model" / "MLmodel").write_text("flavors: {}\n")
    (tmp_path / "model" / "deep" / "b.txt").write_text("b")
    client.log_model_artifacts(model_id, tmp_path / "model")
    names = {entry.path for entry in client.list_logged_model_artifacts(model_id)}
    assert names == {"MLmodel", "deep"}
    below = client.list_logged_model_artifacts(model_id, "deep")
    assert [entry.path for entry in below] == ["deep/b.txt"]
    client.log_model_params(model_id, {"leaves": 7})
    with pytest.raises(InvalidParameter, match="depth"):
        client.log_model_params(model_id, {"depth": 4})
    client.set_logged_model_tags(model_id, {"a": 2, "b": 3})
    client.delete_logged_model_tag(model_id, "b")
    client.log_metric(run_id, "acc", 0.5, model_id=model_id, dataset_name="d", dataset_digest="e")
    assert client.finalize_logged_model(model_id, "READY").status == "READY"
    with pytest.raises(InvalidParameter, match="'DONE'"):
        client.finalize_logged_model(model_id, "DONE")
    found = client.get_logged_model(model_id)
    assert (found.tags, found.params) == ({"a": "2"}, {"depth": "3", "leaves": "7"})
    (metric,) = found.metrics
    assert (metric.value, metric.dataset_name, metric.dataset_digest) == (0.5, "d", "e")
    client.delete_logged_model(model_id)
    for call in (client.get_logged_model, client.delete_logged_model):
        with pytest.raises(NotFound, match=model_id):
            call(model_id)
    assert client.search_logged_models(["0"]) == []


def test_logged_models_are_found(client: Client, run_id: str) -> None:
    for number in range(3):
        model = client.create_logged_model("0", f"m{number}", run_id, params={"n": number})
        client.log_metric(run_id, "acc", number, model_id=model.model_id)
    found = client.search_logged_models(["0"], "metrics.acc >= 1")
    assert {model.name for model in found} == {"m1", "m2"}
    order = [{"field_name": "metrics.acc", "ascending": False}]
    page = client.search_logged_models(["0"], order_by=order, max_results=2)
    assert [model.name for model in page] == ["m2", "m1"]
    rest = client.search_logged_models(["0"], order_by=order, max_results=2, page_token=page.token)
    assert [model.name for model in rest] == ["m0"]
    with pytest.raises(InvalidParameter, match="field_name"):
        client.search_logged_models(["0"], order_by=["metrics.acc"])
    with pytest.raises(InvalidParameter, match="search_runs"):
        client.search_logged_models(["0"], datasets=[{"dataset_name": "d"}])
