"""Registered models by ``Client``, by the functions, and by their addresses."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sklearn.linear_model import LogisticRegression, Ridge

import fitscribe
import fitscribe.models
import fitscribe.pyfunc
import fitscribe.sklearn
from fitscribe.entities import ModelVersion, RegisteredModel
from fitscribe.errors import (
    AlreadyExists,
    InvalidParameter,
    NotFound,
    NotSupported,
)
from fitscribe.models import ModelInfo
from fitscribe.tracking import addresses

pytestmark = pytest.mark.usefixtures("home")


def logged(alpha: float = 1.0, **more: Any) -> ModelInfo:
    """Log a model that is known again by its alpha."""
    model = Ridge(alpha=alpha).fit([[0.0], [1.0]], [0.0, 1.0])
    return fitscribe.sklearn.log_model(model, **more)


def alpha_at(address: str) -> float:
    found: float = fitscribe.sklearn.load_model(address).alpha
    return found


# Registering


def test_a_model_is_registered_and_loaded_by_name() -> None:
    with fitscribe.start_run() as run:
        info = logged(2.0)
    made = fitscribe.register_model(info.model_uri, "ridge", tags={"n": 1})
    assert isinstance(made, ModelVersion)
    assert (made.name, made.version, made.status) == ("ridge", "1", "READY")
    assert (made.source, made.model_id) == (info.model_uri, info.model_id)
    assert (made.run_id, made.tags) == (run.info.run_id, {"n": "1"})
    assert fitscribe.register_model(info.model_uri, "ridge").version == "2"
    tags = fitscribe.get_logged_model(str(info.model_id)).tags
    assert json.loads(tags["mlflow.modelVersions"]) == [
        {"name": "ridge", "version": "1"},
        {"name": "ridge", "version": "2"},
    ]
    assert alpha_at("models:/ridge/1") == 2.0


def test_every_address_of_a_registered_model() -> None:
    client = fitscribe.Client()
    for alpha in (1.0, 2.0, 3.0):
        logged(alpha, registered_model_name="my ridge")
    client.set_registered_model_alias("my ridge", "champion", "1")
    client.transition_model_version_stage("my ridge", "2", "Production")
    for which, alpha in (
        ("/1", 1.0),
        ("@champion", 1.0),
        ("/Production", 2.0),
        ("/production", 2.0),
        ("/latest", 3.0),
        ("/None", 3.0),
        ("@latest", 3.0),
    ):
        address = f"models:/my ridge{which}"
        assert alpha_at(address) == alpha, address
        info = fitscribe.models.get_model_info(address)
        assert info.registered_model_version == int(alpha)
        assert fitscribe.get_logged_model(str(info.model_id)).model_uri == info.model_uri
        folder = Path(fitscribe.artifacts.download_artifacts(address))
        assert (folder / "MLmodel").is_file()
        listed = {one.path for one in fitscribe.artifacts.list_artifacts(address)}
        assert {"MLmodel", "model.pkl"} <= listed
    client.set_registered_model_alias("my ridge", "champion", "3")
    assert alpha_at("models:/my ridge@champion") == 3.0
    for address, error in (
        ("models:/my ridge/9", NotFound),
        ("models:/my ridge/Staging", NotFound),
        ("models:/other/1", NotFound),
        ("models:/other@champion", NotFound),
        ("models:/my ridge@other", InvalidParameter),
    ):
        for use in (
            fitscribe.sklearn.load_model,
            fitscribe.models.get_model_info,
            fitscribe.artifacts.download_artifacts,
            lambda one: fitscribe.register_model(one, "new"),
        ):
            with pytest.raises(error):
                use(address)
    assert [one.name for one in fitscribe.search_registered_models()] == ["my ridge"]


def test_a_copy_of_files(tmp_path: Path) -> None:
    logged(registered_model_name="ridge")
    target = tmp_path / "to"
    target.mkdir()
    copied = fitscribe.artifacts.download_artifacts("models:/ridge/1", dst_path=target)
    assert fitscribe.sklearn.load_model(copied).alpha == 1.0
    assert Path(copied).is_relative_to(target)


def test_what_a_run_made_is_registered(tmp_path: Path) -> None:
    fitscribe.sklearn.save_model(Ridge(alpha=3.0), tmp_path / "saved")
    with fitscribe.start_run() as run:
        info = logged(2.0, name="made")
        fitscribe.log_artifacts(tmp_path / "saved", "a folder/my model")
    uri = f"runs:/{run.info.run_id}"
    made = fitscribe.register_model(f"{uri}/made", "ridge")
    assert (made.source, made.model_id) == (info.model_uri, info.model_id)
    kept = fitscribe.register_model(f"{uri}/a folder/my model", "ridge")
    assert (kept.run_id, kept.model_id) == (run.info.run_id, None)
    assert alpha_at("models:/ridge/1") == 2.0
    assert alpha_at("models:/ridge/2") == 3.0
    assert fitscribe.models.get_model_info("models:/ridge/2").registered_model_version == 2
    by_client = fitscribe.Client().create_model_version("ridge", f"{uri}/made")
    assert (by_client.source, by_client.model_id) == (f"{uri}/made", info.model_id)
    assert alpha_at("models:/ridge/latest") == 2.0
    for wrong in ("none", "made/none", ""):
        with pytest.raises((NotFound, InvalidParameter)):
            fitscribe.register_model(f"{uri}/{wrong}", "new")
    with pytest.raises(NotFound):
        fitscribe.register_model("runs:/none/model", "new")
    assert len(fitscribe.search_registered_models()) == 1


def test_a_folder_is_registered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fitscribe.sklearn.save_model(Ridge(alpha=3.0), tmp_path / "my model")
    monkeypatch.chdir(tmp_path)
    made = fitscribe.register_model("my model", "ridge")
    fitscribe.Client().create_model_version("ridge", "my model")
    assert made.source == (tmp_path / "my model").as_uri()
    monkeypatch.chdir(tmp_path.parent)
    for number in (1, 2):
        assert alpha_at(f"models:/ridge/{number}") == 3.0
    with pytest.raises(NotFound, match="no folder"):
        fitscribe.register_model(str(tmp_path / "none"), "ridge")


def test_what_is_kept_elsewhere_is_registered_and_not_read() -> None:
    client = fitscribe.Client()
    client.create_registered_model("away")
    client.create_model_version("away", "s3://bucket/model", run_id="theirs")
    assert client.get_model_version_download_uri("away", "1") == "s3://bucket/model"
    with pytest.raises(NotSupported, match="s3://bucket/model"):
        fitscribe.sklearn.load_model("models:/away/1")


def test_what_will_not_do_leaves_nothing() -> None:
    info = logged()
    for name in ("a/b", "", " x", "p\u0430y", None, 3):
        for use in (
            lambda one: fitscribe.register_model(info.model_uri, one),
            lambda one: fitscribe.Client().create_registered_model(one),
            lambda one: fitscribe.Client().copy_model_version(info.model_uri, one),
        ):
            with pytest.raises(InvalidParameter):
                use(name)
    for uri in ("models:/m-" + "0" * 32, "models:/none/1"):
        with pytest.raises(NotFound):
            fitscribe.register_model(uri, "ridge")
    with pytest.raises(InvalidParameter, match="tags"):
        fitscribe.register_model(info.model_uri, "ridge", tags=["a"])  # type: ignore[arg-type]  # is refused
    assert fitscribe.search_registered_models() == []
    models = len(fitscribe.search_logged_models(output_format="list"))
    with pytest.raises(InvalidParameter):
        logged(registered_model_name="a%2Fb")
    assert len(fitscribe.search_logged_models(output_format="list")) == models


def test_log_model_registers() -> None:
    info = logged(registered_model_name="ridge", tags={"team": "blue"})
    assert info.registered_model_version == 1
    found = fitscribe.Client().get_model_version("ridge", "1")
    assert (found.model_id, found.tags) == (info.model_id, {"team": "blue"})
    assert logged(registered_model_name="ridge").registered_model_version == 2
    assert logged().registered_model_version is None


# The client


def test_names_by_the_client() -> None:
    client = fitscribe.Client()
    made = client.create_registered_model("iris", {"a": 1}, "flowers")
    assert isinstance(made, RegisteredModel)
    assert (made.tags, made.description) == ({"a": "1"}, "flowers")
    with pytest.raises(AlreadyExists):
        client.create_registered_model("iris")
    client.set_registered_model_tag("iris", "b", None)
    client.delete_registered_model_tag("iris", "a")
    assert client.get_registered_model("iris").tags == {"b": "None"}
    assert client.update_registered_model("iris", "better").description == "better"
    assert client.rename_registered_model("iris", "flowers").name == "flowers"
    page = client.search_registered_models("name LIKE 'f%'", 1, ["name DESC"])
    assert [one.name for one in page] == ["flowers"]
    assert page.token is None
    client.delete_registered_model("flowers")
    with pytest.raises(NotFound):
        client.get_registered_model("flowers")


def test_versions_by_the_client() -> None:
    client = fitscribe.Client()
    client.create_registered_model("iris")
    info = logged()
    made = client.create_model_version(
        "iris", info.model_uri, tags={"a": 1}, run_link="http://x", description="first"
    )
    assert (made.tags, made.run_link, made.description) == ({"a": "1"}, "http://x", "first")
    assert client.get_model_version("iris", 1) == made  # type: ignore[arg-type]  # a number will do
    assert client.update_model_version("iris", "1", "better").description == "better"
    client.transition_model_version_stage("iris", "1", "staging")
    client.set_model_version_tag("iris", "1", "b", 2)
    client.set_model_version_tag("iris", key="c", value=3, stage="Staging")
    client.delete_model_version_tag("iris", key="a", stage="staging")
    client.delete_model_version_tag("iris", "1", "b")
    fitscribe.set_model_version_tag("iris", "1", "d", 4)
    assert client.get_model_version("iris", "1").tags == {"c": "3", "d": "4"}
    assert client.get_model_version_stages("iris", "1") == [
        "None",
        "Staging",
        "Production",
        "Archived",
    ]
    assert [one.version for one in client.get_latest_versions("iris", ["Staging"])] == ["1"]
    where = fitscribe.get_logged_model(str(info.model_id)).artifact_location
    assert client.get_model_version_download_uri("iris", "1") == where
    client.set_registered_model_alias("iris", "champion", "1")
    assert client.get_model_version_by_alias("iris", "champion").aliases == ("champion",)
    assert client.get_registered_model("iris").aliases == {"champion": "1"}
    client.delete_registered_model_alias("iris", "champion")
    found = client.search_model_versions("name = 'iris'", order_by=["version_number DESC"])
    assert [one.version for one in found] == ["1"]
    client.delete_model_version("iris", "1")
    assert client.search_model_versions() == []
    assert client.create_model_version("iris", info.model_uri).version == "2"


def test_a_version_is_copied() -> None:
    client = fitscribe.Client()
    logged(2.0, registered_model_name="dev", tags={"a": 1})
    client.set_registered_model_alias("dev", "best", "1")
    for number, uri in enumerate(("models:/dev/1", "models:/dev@best", "models:/dev/latest"), 1):
        made = client.copy_model_version(uri, "prod")
        assert (made.name, made.version, made.source) == ("prod", str(number), "models:/dev/1")
        assert made.tags == {"a": "1"}
        assert made.aliases == ()
    client.delete_registered_model("dev")
    assert alpha_at("models:/prod/1") == 2.0
    for wrong in ("models:/m-1", "runs:/a/b", "a folder"):
        with pytest.raises(InvalidParameter, match="register_model"):
            client.copy_model_version(wrong, "prod")


def test_what_the_client_refuses() -> None:
    client = fitscribe.Client()
    logged(registered_model_name="iris")
    before = client.get_registered_model("iris")
    refused: list[Callable[[], object]] = [
        lambda: client.update_registered_model("iris"),
        lambda: client.update_model_version("iris", "1"),
        lambda: client.update_model_version("iris", "1", 3),  # type: ignore[arg-type]  # is refused
        lambda: client.create_registered_model("new", description=b"x"),  # type: ignore[arg-type]  # is refused
        lambda: client.set_model_version_tag("iris", "1", None, "v"),
        lambda: client.set_model_version_tag("iris", None, "k", "v"),
        lambda: client.set_model_version_tag("iris", "1", "k", "v", "None"),
        lambda: client.delete_model_version_tag("iris", "1"),
        lambda: client.create_model_version("iris", None),  # type: ignore[arg-type]  # is refused
        lambda: client.create_model_version("iris", 3),  # type: ignore[arg-type]  # is refused
        lambda: client.search_registered_models(max_results=1001),
        lambda: client.get_model_version("iris", "one"),
        lambda: client.get_latest_versions("iris", object()),  # type: ignore[arg-type]  # is refused
    ]
    for use in refused:
        with pytest.raises(InvalidParameter):
            use()
    with pytest.raises(NotFound, match="Production"):
        client.set_model_version_tag("iris", key="k", value="v", stage="Production")
    with pytest.raises(NotSupported, match="deployment"):
        client.create_registered_model("new", deployment_job_id="1")
    assert client.get_registered_model("iris") == before
    assert len(client.search_registered_models()) == 1


def test_searching_gives_all_pages() -> None:
    client = fitscribe.Client()
    for number in range(5):
        client.create_registered_model(f"m{number}")
        client.create_model_version(f"m{number}", "s3://b/m")
    names = [f"m{number}" for number in range(5)]
    assert [one.name for one in fitscribe.search_registered_models()] == names
    assert [one.name for one in fitscribe.search_registered_models(2)] == names[:2]
    order = ["name DESC"]
    assert [one.name for one in fitscribe.search_registered_models(None, "", order)] == names[::-1]
    versions = fitscribe.search_model_versions(filter_string="name != 'm3'", order_by=["name"])
    assert [one.name for one in versions] == ["m0", "m1", "m2", "m4"]
    first = client.search_model_versions("", 2, ["name"])
    rest = client.search_model_versions("", 10, ["name"], first.token)
    assert [one.name for one in (*first, *rest)] == names


def test_entities_are_plain_values() -> None:
    logged(registered_model_name="iris", tags={"a": 1})
    found = fitscribe.Client().get_registered_model("iris")
    assert pickle.loads(pickle.dumps(found)) == found
    told = json.loads(json.dumps(found.to_dictionary()))
    assert told["latest_versions"][0]["tags"] == {"a": "1"}
    assert len({found, found}) == 1
    assert dict(found.latest_versions[0])["version"] == "1"


def test_a_runs_own_folder_of_a_models_name_is_not_held_against_that_model(home: Path) -> None:
    model = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
    with fitscribe.start_run() as run:
        fitscribe.sklearn.log_model(model, name="model")
        fitscribe.sklearn.save_model(Ridge().fit([[0.0], [1.0]], [0, 1]), "beside")
        fitscribe.log_artifacts("beside", "model")
    address = f"runs:/{run.info.run_id}/model"
    assert type(fitscribe.sklearn.load_model(address)) is Ridge
    assert "Ridge" in str(fitscribe.models.inspect(address))
    assert fitscribe.models.verify(address).outcome == "nothing to replay"


def test_an_alias_that_is_moved_meanwhile_is_one_model(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = fitscribe.Client()
    for C in (1.0, 2.0):
        model = LogisticRegression(C=C).fit([[0.0], [1.0]], [0, 1])
        fitscribe.sklearn.log_model(model, registered_model_name="moved")
    client.set_registered_model_alias("moved", "champion", "1")
    asked = addresses.version_at

    def moved(*given: Any) -> Any:
        found = asked(*given)
        client.set_registered_model_alias("moved", "champion", "2")
        return found

    monkeypatch.setattr(addresses, "version_at", moved)
    assert fitscribe.sklearn.load_model("models:/moved@champion").C == 1.0
    client.set_registered_model_alias("moved", "champion", "1")
    fitscribe.pyfunc.load_model("models:/moved@champion").get_raw_model()
