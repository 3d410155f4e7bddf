"""Small things that scripts written for MLflow use: streams, statuses, views, dicts, reports."""

from __future__ import annotations

import http.server
import io
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.linear_model import LinearRegression

import fitscribe
import fitscribe.sklearn
from fitscribe.data import DatasetSource, from_numpy, from_pandas, get_source
from fitscribe.entities import (
    Dataset,
    DatasetInput,
    InputTag,
    LoggedModelStatus,
    RunStatus,
    ViewType,
)
from fitscribe.errors import InvalidParameter, NotFound, NotSupported, StoreUnavailable
from fitscribe.models import ModelSignature, infer_signature
from fitscribe.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema, TensorSpec

pytestmark = pytest.mark.usefixtures("home")


# Files


def test_a_stream_is_kept() -> None:
    with fitscribe.start_run() as run:
        stream = io.BytesIO(b"xabc")
        stream.read(1)
        fitscribe.log_stream(stream, "d/x.bin")
    fitscribe.Client().log_stream(run.info.run_id, io.BytesIO(b""), "empty")
    uri = f"runs:/{run.info.run_id}"
    assert Path(fitscribe.artifacts.download_artifacts(f"{uri}/d/x.bin")).read_bytes() == b"abc"
    assert Path(fitscribe.artifacts.download_artifacts(f"{uri}/empty")).read_bytes() == b""
    for wrong in (io.StringIO("abc"), b"abc", "abc", None):
        with pytest.raises(InvalidParameter, match=r"io\.BytesIO"):
            fitscribe.log_stream(wrong, "y", run.info.run_id)  # type: ignore[arg-type]  # is refused


def test_reading_files_by_address() -> None:
    with fitscribe.start_run() as run:
        fitscribe.log_image(np.full((2, 3, 3), 7, np.uint8), "i.png")
        fitscribe.log_text("ä", "a.txt")
        fitscribe.log_dict({"a": [1]}, "a.json")
        fitscribe.log_dict({"a": [1]}, "a.yml")
        fitscribe.log_stream(io.BytesIO(b"\xff{"), "broken")
        fitscribe.log_text("{", "broken.json")
        fitscribe.log_text("a: [", "broken.yml")
    uri = f"runs:/{run.info.run_id}"
    image = fitscribe.artifacts.load_image(f"{uri}/i.png")
    assert isinstance(image, Image.Image)
    assert (image.size, image.getpixel((2, 1))) == ((3, 2), (7, 7, 7))
    assert fitscribe.artifacts.load_text(f"{uri}/a.txt") == "ä"
    assert fitscribe.artifacts.load_dict(f"{uri}/a.json") == {"a": [1]}
    assert fitscribe.artifacts.load_dict(f"{uri}/a.yml") == {"a": [1]}
    for load, name in (
        (fitscribe.artifacts.load_text, "broken"),
        (fitscribe.artifacts.load_dict, "broken"),
        (fitscribe.artifacts.load_dict, "broken.json"),
        (fitscribe.artifacts.load_dict, "broken.yml"),
        (fitscribe.artifacts.load_image, "broken"),
        (fitscribe.artifacts.load_image, "a.txt"),
    ):
        with pytest.raises(InvalidParameter):
            load(f"{uri}/{name}")
        with pytest.raises(NotFound, match="none"):
            load(f"{uri}/none")
    for use in (fitscribe.artifacts.download_artifacts, fitscribe.artifacts.list_artifacts):
        with pytest.raises(InvalidParameter, match=f"{uri}/a.txt"):
            use(uri, artifact_path="a.txt")


def test_a_file_that_is_not_there_beside_a_deleted_model() -> None:
    with fitscribe.start_run() as run:
        fitscribe.log_text("a", "a.txt")
        model = fitscribe.initialize_logged_model("gone")
        fitscribe.log_outputs([fitscribe.entities.LoggedModelOutput(model.model_id, 0)])
    fitscribe.Client().delete_logged_model(model.model_id)
    with pytest.raises(NotFound, match=r"no model or artifact 'none'. It has: a\.txt"):
        fitscribe.artifacts.load_text(f"runs:/{run.info.run_id}/none")


def test_what_names_the_format_of_a_model(home: Path) -> None:
    assert fitscribe.sklearn.SERIALIZATION_FORMAT_PICKLE == "pickle"
    assert fitscribe.sklearn.SERIALIZATION_FORMAT_CLOUDPICKLE == "cloudpickle"
    assert fitscribe.sklearn.SERIALIZATION_FORMAT_SKOPS == "skops"
    fitscribe.sklearn.save_model(
        LinearRegression(),
        home / "model",
        serialization_format=fitscribe.sklearn.SERIALIZATION_FORMAT_CLOUDPICKLE,
    )
    said = fitscribe.models.Model.load(home / "model")
    assert said.flavors["sklearn"]["serialization_format"] == "cloudpickle"


def test_a_model_file_is_read_from_a_folder_only() -> None:
    for address in ("models:/m-1", "runs:/1/model"):
        with pytest.raises(NotFound, match=f"get_model_info\\('{address}'\\)"):
            fitscribe.models.Model.load(address)


def test_a_signature_by_hand_is_the_one_that_is_inferred() -> None:
    by_hand = ModelSignature(
        Schema([ColSpec("double", "size"), ColSpec(DataType.string, "kind", required=False)]),
        Schema([TensorSpec(np.dtype(np.int64), (-1,))]),
        ParamSchema([ParamSpec("limit", DataType.double, 0.5)]),
    )
    frame = pd.DataFrame({"size": [0.5, 1.0], "kind": ["a", None]})
    assert by_hand == infer_signature(frame, np.array([1, 2]), {"limit": 0.5})


# Entities


def test_statuses_have_names() -> None:
    run = fitscribe.start_run()
    fitscribe.end_run(RunStatus.to_string(RunStatus.KILLED))
    assert fitscribe.get_run(run.info.run_id).info.status == "KILLED"
    assert RunStatus.from_string("FAILED") == RunStatus.FAILED
    assert RunStatus.all_status() == list(RunStatus.ALL)
    assert LoggedModelStatus.is_finalized("READY")
    assert not LoggedModelStatus.is_finalized("PENDING")
    for view in (ViewType.ACTIVE_ONLY, ViewType.DELETED_ONLY, ViewType.ALL):
        assert ViewType.from_string(ViewType.to_string(view)) == view
    for wrong in (
        lambda: RunStatus.to_string("DONE"),
        lambda: ViewType.from_string("some"),
        lambda: ViewType.to_string(4),
    ):
        with pytest.raises(InvalidParameter):
            wrong()


def test_entities_are_dicts_where_somebody_asks() -> None:
    with fitscribe.start_run(run_name="r") as run:
        fitscribe.log_metric("m", 1)
        fitscribe.log_param("p", 2)
        fitscribe.log_input(from_numpy(np.eye(2), name="d"), "train")
    found = fitscribe.get_run(run.info.run_id)
    assert dict(found.info)["run_name"] == "r"
    assert set(dict(found.data)) == {"metrics", "params", "tags"}
    whole = found.to_dictionary()
    assert set(whole) == {"info", "data", "inputs", "outputs"}
    assert whole["data"]["metrics"] == {"m": 1.0}
    assert whole["inputs"]["dataset_inputs"][0]["tags"] == {"mlflow.data.context": "train"}
    json.dumps(whole)
    (metric,) = fitscribe.get_metric_history(run.info.run_id, "m")
    assert metric.to_dictionary()["value"] == 1.0


def test_entities_are_members_of_sets() -> None:
    with fitscribe.start_run() as run:
        fitscribe.log_metric("m", 1)
        fitscribe.log_input(from_numpy(np.eye(2), name="d"), "train")
        model = fitscribe.initialize_logged_model("model", params={"p": 1})
    for read in (
        lambda: fitscribe.get_run(run.info.run_id),
        lambda: fitscribe.get_experiment("0"),
        lambda: fitscribe.get_logged_model(model.model_id),
    ):
        assert len({read(), read()}) == 1


def test_inputs_take_a_list_or_none_of_tags() -> None:
    client = fitscribe.Client()
    run = client.create_run("0")
    data = from_numpy(np.eye(2), name="d")
    inputs = [
        DatasetInput(data._to_mlflow_entity(), [InputTag("mlflow.data.context", "train")]),
        DatasetInput(from_numpy(np.eye(3), name="e").to_entity(), None),  # type: ignore[arg-type]  # as MLflow's
    ]
    client.log_inputs(run.info.run_id, inputs)
    found = client.get_run(run.info.run_id).inputs.dataset_inputs
    assert [one.context for one in found] == ["train", None]
    assert found == tuple(inputs)


def test_what_the_client_does_not_have_is_said() -> None:
    client = fitscribe.Client()
    with pytest.raises(AttributeError, match=r"Client has no 'create_webhook'"):
        client.create_webhook("m", "https://example.com", [])
    with pytest.raises(AttributeError, match=r"Did you mean log_metric\?"):
        client.log_metrc("m", 1)
    assert not hasattr(client, "register_model")
    assert not hasattr(client, "_tracking_client")


@pytest.mark.parametrize("masked", [True, False])
def test_a_report_for_a_fault(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, masked: bool
) -> None:
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "secret plan")
    monkeypatch.setenv("FITSCRIBE_TRACKING_URI", "postgresql://me:hunter2@host/db")
    fitscribe.set_tracking_uri("")
    fitscribe.doctor(mask_envs=masked)
    said = capsys.readouterr().out
    assert "hunter2" not in said
    assert ("secret plan" in said) is not masked
    for word in (
        "Python: 3",
        "scikit-learn: 1",
        "fitscribe: ",
        "Tracking URI: postgresql://me:***",
    ):
        assert word in said


# Sources of datasets


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "iris.csv").write_text("a,b\n1,2\n")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments, directory=str(tmp_path / "web"))

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_data_of_the_web_is_fetched(web: str, tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [1], "b": [2]})
    dataset = from_pandas(frame, source=f"{web}/iris.csv", name="iris")
    with fitscribe.start_run() as run:
        fitscribe.log_input(dataset, "train")
    (used,) = fitscribe.get_run(run.info.run_id).inputs.dataset_inputs
    for given in (used, used.dataset, dataset):
        source = get_source(given)
        assert (source.url, source.source_type) == (f"{web}/iris.csv", "http")
    assert Path(source.load()).name == "iris.csv"
    there = Path(source.load(tmp_path / "new" / "folder"))
    assert pd.read_csv(there).equals(frame)
    assert [one.name for one in there.parent.iterdir()] == ["iris.csv"]
    with pytest.raises(NotFound, match="404"):
        get_source(from_numpy(np.eye(2), source=f"{web}/none.csv")).load(there.parent)
    with pytest.raises(StoreUnavailable, match="cannot be fetched"):
        DatasetSource("http", {"url": "http://127.0.0.1:1/x"}).load(there.parent)
    assert [one.name for one in there.parent.iterdir()] == ["iris.csv"]


def test_data_of_a_folder_is_where_it_was(tmp_path: Path) -> None:
    (tmp_path / "a b.csv").write_text("a\n1\n")
    source = from_numpy(np.eye(2), source="a b.csv").source
    assert (source.source_type, source.uri) == ("local", (tmp_path / "a b.csv").as_uri())
    assert Path(source.load()) == tmp_path / "a b.csv"
    assert Path(source.load(tmp_path / "to")) == tmp_path / "to" / "a b.csv"
    assert from_numpy(np.eye(2), source=source).source == source
    (tmp_path / "a b.csv").unlink()
    with pytest.raises(NotFound, match="any more"):
        source.load()


def test_data_that_cannot_be_loaded() -> None:
    made = get_source(from_numpy(np.eye(2)))
    assert (made.source_type, made.uri, set(made.to_dict())) == ("code", None, {"tags"})
    with pytest.raises(NotSupported, match="code made it"):
        made.load()
    with pytest.raises(NotSupported, match="s3://b/k"):
        from_numpy(np.eye(2), source="s3://b/k").source.load()
    assert get_source(Dataset("d", "e", "odd", "no json")).uri == "no json"
    for wrong in (None, 3, "x"):
        with pytest.raises(InvalidParameter, match="get_source"):
            get_source(wrong)
    for given in (3, "", b"x"):
        with pytest.raises(InvalidParameter, match="source"):
            from_numpy(np.eye(2), source=given)  # type: ignore[arg-type]  # is refused
