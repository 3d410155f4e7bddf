"""Where runs are kept: the default home, addresses, settings; homes that move; names of runs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import fitscribe
import fitscribe.sklearn
from fitscribe.errors import FitscribeError, InvalidParameter, NotSupported, StoreUnavailable
from fitscribe.tracking.connect import disconnect

RunPython = Callable[..., subprocess.CompletedProcess[str]]
X = np.arange(20.0).reshape(10, 2)
y = np.arange(10) % 2


@pytest.fixture
def folder(home: Path) -> Path:
    """Return the working directory, of a process in which nobody chose where runs are kept."""
    fitscribe.set_tracking_uri("")
    return home.parent


@pytest.fixture
def autolog() -> Iterator[None]:
    fitscribe.sklearn.autolog(silent=True)
    yield
    fitscribe.sklearn.autolog(disable=True)


def one_run(text: str = "text") -> Any:
    with fitscribe.start_run() as run:
        fitscribe.log_text(text, "note.txt")
    return run


# The default home


def test_the_default_home_is_made_in_the_working_directory(folder: Path) -> None:
    assert not fitscribe.is_tracking_uri_set()
    assert fitscribe.get_tracking_uri() == (folder / ".fitscribe").as_uri()
    assert list(folder.iterdir()) == []  # asking makes nothing
    run = one_run()
    made = {path.name for path in (folder / ".fitscribe").iterdir()}
    assert {".gitignore", "fitscribe.db", "artifacts"} <= made
    assert run.info.artifact_uri.startswith((folder / ".fitscribe" / "artifacts").as_uri())


def test_git_does_not_see_the_default_home(folder: Path) -> None:
    subprocess.run(["git", "init", "--quiet"], check=True)
    one_run()
    told = subprocess.run(
        ["git", "status", "--porcelain", "--untracked-files=all"], capture_output=True, check=True
    )
    assert told.stdout == b""


def test_the_home_is_searched_upwards(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = one_run()
    deep = folder / "notebooks" / "2026"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    assert fitscribe.get_tracking_uri() == (folder / ".fitscribe").as_uri()
    assert fitscribe.get_run(run.info.run_id).info.status == "FINISHED"
    (deep / ".fitscribe").mkdir()
    assert fitscribe.get_tracking_uri() == (deep / ".fitscribe").as_uri()


def test_a_file_of_that_name_is_no_home(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one_run()
    (folder / "sub").mkdir()
    (folder / "sub" / ".fitscribe").touch()
    monkeypatch.chdir(folder / "sub")
    assert fitscribe.get_tracking_uri() == (folder / ".fitscribe").as_uri()


def test_a_home_that_cannot_be_made_says_what_to_do(folder: Path) -> None:
    (folder / "file").touch()
    fitscribe.set_tracking_uri(folder / "file" / "runs")
    with pytest.raises(StoreUnavailable, match="FITSCRIBE_TRACKING_URI"):
        fitscribe.start_run()
    assert fitscribe.active_run() is None


# Addresses


@pytest.mark.parametrize(
    ("given", "database"),
    [
        ("runs", "runs/fitscribe.db"),
        ("./runs", "runs/fitscribe.db"),
        ("größe mit leer", "größe mit leer/fitscribe.db"),
        ("a#b%20c?d", "a#b%20c?d/fitscribe.db"),
        ("{folder}/absolute", "absolute/fitscribe.db"),
        ("file://{folder}/by%20file", "by file/fitscribe.db"),
        ("sqlite:///relative.db", "relative.db"),
        ("sqlite:///sub/relative.db", "sub/relative.db"),
        ("sqlite:///{folder}/absolute.db", "absolute.db"),
    ],
)
def test_an_address_means_the_same_everywhere(
    folder: Path, monkeypatch: pytest.MonkeyPatch, given: str, database: str
) -> None:
    fitscribe.set_tracking_uri(given.format(folder=folder))
    assert fitscribe.is_tracking_uri_set()
    address = fitscribe.get_tracking_uri()
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")
    assert fitscribe.get_tracking_uri() == address
    run = one_run()
    assert (folder / database).is_file()
    assert list((folder / "elsewhere").iterdir()) == []
    fitscribe.set_tracking_uri("")
    assert fitscribe.Client(address).get_run(run.info.run_id).info.run_id == run.info.run_id
    fitscribe.set_tracking_uri(address)  # what get_tracking_uri says can be given again
    assert fitscribe.get_tracking_uri() == address


def test_a_path_object_is_an_address(folder: Path) -> None:
    fitscribe.set_tracking_uri(Path("runs"))
    assert fitscribe.get_tracking_uri() == (folder / "runs").as_uri()


@pytest.mark.parametrize(
    "given", ["sqlite://", "sqlite:///:memory:", "mysql://host/db", "redis://host", "file:///%zz"]
)
def test_a_bad_address_is_refused_and_the_one_before_stays(folder: Path, given: str) -> None:
    fitscribe.set_tracking_uri("runs")
    with pytest.raises(InvalidParameter):
        fitscribe.set_tracking_uri(given)
    assert fitscribe.get_tracking_uri() == (folder / "runs").as_uri()


@pytest.mark.parametrize(
    "given", ["http://localhost:5000", "https://tracking.example", "databricks"]
)
def test_a_server_is_refused_by_a_sentence(folder: Path, given: str) -> None:
    if given == "databricks":  # a word is a folder, as in MLflow's file store
        fitscribe.set_tracking_uri(given)
        assert fitscribe.get_tracking_uri() == (folder / given).as_uri()
        return
    fitscribe.set_tracking_uri(given)
    with pytest.raises(NotSupported, match="tracking server"):
        fitscribe.start_run()


def test_a_secret_of_an_address_is_not_told(folder: Path) -> None:
    fitscribe.set_tracking_uri("postgresql://me:hunter2@127.0.0.1:1/none")
    with pytest.raises(StoreUnavailable) as caught:
        fitscribe.start_run()
    assert "hunter2" not in str(caught.value)
    assert "127.0.0.1" in str(caught.value)


def test_runs_in_postgresql_keep_files_in_a_folder(
    folder: Path, postgres_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fitscribe.set_tracking_uri(postgres_uri)
    assert fitscribe.get_tracking_uri() == postgres_uri
    run = one_run()
    assert run.info.artifact_uri.startswith((folder / ".fitscribe" / "artifacts").as_uri())
    assert not (folder / ".fitscribe" / "fitscribe.db").exists()
    disconnect()
    monkeypatch.setenv("FITSCRIBE_ARTIFACT_ROOT", str(folder / "files"))
    fitscribe.create_experiment("new")
    made = fitscribe.get_experiment_by_name("new")
    assert made is not None
    assert made.artifact_location.startswith((folder / "files").as_uri())


# Settings


def test_who_wins_among_settings(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///mlflows.db")
    assert fitscribe.get_tracking_uri() == f"sqlite:///{folder}/mlflows.db"
    assert fitscribe.is_tracking_uri_set()
    monkeypatch.setenv("FITSCRIBE_TRACKING_URI", "ours")
    assert fitscribe.get_tracking_uri() == (folder / "ours").as_uri()
    fitscribe.set_tracking_uri("chosen")
    assert fitscribe.get_tracking_uri() == (folder / "chosen").as_uri()
    fitscribe.set_tracking_uri("")
    assert fitscribe.get_tracking_uri() == (folder / "ours").as_uri()
    monkeypatch.setenv("FITSCRIBE_TRACKING_URI", "")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    assert not fitscribe.is_tracking_uri_set()


def test_a_setting_counts_in_a_script(run_python: RunPython, tmp_path: Path) -> None:
    text = """
        import os
        os.environ["MLFLOW_TRACKING_URI"] = "sqlite:///set/at_the_top.db"
        import fitscribe as mlflow
        with mlflow.start_run():
            mlflow.log_metric("m", 1)
    """
    done = run_python(text)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "set" / "at_the_top.db").is_file()
    assert not (tmp_path / ".fitscribe").exists()


# Homes that move


@pytest.fixture
def fitted(home: Path, autolog: None) -> Any:
    """Return a run with a metric, a file, a model and a dataset, in a home that is closed."""
    model = LogisticRegression().fit(X, y)
    run = fitscribe.last_active_run()
    assert run is not None
    fitscribe.Client().log_text(run.info.run_id, "text", "note.txt")
    fitscribe.sklearn.autolog(disable=True)
    disconnect()
    return run, model.predict_proba(X)


def check_whole(run: Any, expected: Any) -> None:
    again = fitscribe.get_run(run.info.run_id)
    assert again.data == run.data
    assert again.inputs == run.inputs
    assert fitscribe.artifacts.load_text(f"runs:/{run.info.run_id}/note.txt") == "text"
    (output,) = again.outputs.model_outputs
    for address in (f"runs:/{run.info.run_id}/model", f"models:/{output.model_id}"):
        model = fitscribe.sklearn.load_model(address)
        np.testing.assert_array_equal(model.predict_proba(X), expected)


def test_a_moved_home_opens_with_files_and_models(fitted: Any, home: Path) -> None:
    run, expected = fitted
    moved = home.parent / "größe mit leer"
    home.rename(moved)
    fitscribe.set_tracking_uri(moved)
    check_whole(run, expected)
    assert fitscribe.get_run(run.info.run_id).info.artifact_uri.startswith(moved.as_uri())
    assert not home.exists()


def test_a_copied_home_is_one_of_its_own(fitted: Any, home: Path) -> None:
    run, expected = fitted
    copy = home.parent / "copy"
    shutil.copytree(home, copy)
    fitscribe.set_tracking_uri(copy)
    fitscribe.Client().log_text(run.info.run_id, "in the copy only", "new.txt")
    fitscribe.Client().set_tag(run.info.run_id, "copied", "yes")
    fitscribe.set_tracking_uri(home)
    names = [entry.path for entry in fitscribe.Client().list_artifacts(run.info.run_id)]
    assert "note.txt" in names
    assert "new.txt" not in names
    check_whole(run, expected)
    disconnect()
    shutil.rmtree(home)
    fitscribe.set_tracking_uri(copy)
    fitscribe.Client().delete_tag(run.info.run_id, "copied")
    check_whole(run, expected)


def test_a_home_is_opened_by_its_folder_or_its_file(fitted: Any, home: Path) -> None:
    run, expected = fitted
    fitscribe.set_tracking_uri(f"sqlite:///{home}/fitscribe.db")
    check_whole(run, expected)
    fitscribe.set_tracking_uri(os.path.relpath(home))
    check_whole(run, expected)


# Names of runs


@pytest.mark.usefixtures("home", "autolog")
def test_names_say_what_ran() -> None:
    LogisticRegression().fit(X, y)
    LogisticRegression(C=0.5, max_iter=200).fit(X, y)
    make_pipeline(StandardScaler(), KMeans(2, n_init=1)).fit(X)
    with fitscribe.start_run():
        pass
    names = [
        run.info.run_name
        for run in fitscribe.search_runs(order_by=["start_time"], output_format="list")
    ]
    heads, ids = zip(*(name.rsplit(" · ", 1) for name in names), strict=True)
    assert heads[0] == "LogisticRegression"
    assert heads[1] == "LogisticRegression C=0.5, max_iter=200"
    assert "StandardScaler" in heads[2]
    assert "KMeans" in heads[2]
    assert heads[3] == "run"
    assert all(re.fullmatch("[0-9a-f]{4}", short) for short in ids)


@pytest.mark.usefixtures("home", "autolog")
def test_the_name_of_an_id_begins_with_it() -> None:
    LogisticRegression().fit(X, y)
    run = fitscribe.last_active_run()
    assert run is not None
    assert run.info.run_id.startswith(run.info.run_name.rsplit(" · ", 1)[1])


def test_a_working_directory_that_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    fitscribe.set_tracking_uri("")
    for use in (fitscribe.start_run, fitscribe.get_tracking_uri, fitscribe.search_experiments):
        with pytest.raises(StoreUnavailable, match=r"was it deleted\? .*set_tracking_uri"):
            use()
    fitscribe.set_tracking_uri(home)
    with fitscribe.start_run() as run:
        fitscribe.log_text("a", "a.txt")
    assert fitscribe.get_run(run.info.run_id).info.status == "FINISHED"


def test_times_that_no_calendar_has(home: Path) -> None:
    client = fitscribe.Client()
    run = client.create_run("0", start_time=2**62)
    client.set_terminated(run.info.run_id, end_time=5)
    frame = fitscribe.search_runs()
    assert bool(frame["start_time"].isna()[0])
    assert frame["end_time"][0].year == 1970


def test_a_home_that_is_moved_while_a_run_is_open_is_not_made_again(home: Path) -> None:
    run = fitscribe.start_run()
    fitscribe.log_metric("m", 1)
    moved = home.rename(home.with_name("moved"))
    for use in (
        lambda: fitscribe.log_text("a", "a.txt"),
        lambda: fitscribe.log_metric("m", 2),
        lambda: fitscribe.log_text("a", "a.txt"),
        lambda: fitscribe.get_run(run.info.run_id),
    ):
        with pytest.raises(StoreUnavailable, match=r"[iI]f it was moved"):
            use()
        assert not home.exists()
    moved.rename(home)
    fitscribe.log_text("a", "a.txt")
    fitscribe.end_run()
    assert fitscribe.get_run(run.info.run_id).info.status == "FINISHED"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MLFLOW_RUN_ID", "none"),
        ("FITSCRIBE_RUN_ID", "none"),
        ("MLFLOW_EXPERIMENT_ID", "77"),
        ("FITSCRIBE_EXPERIMENT_ID", "x"),
        ("MLFLOW_TRACKING_URI", "ftp://x"),
        ("FITSCRIBE_TRACKING_URI", " "),
    ],
)
def test_a_variable_that_is_wrong_is_named(
    home: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    if "URI" in name:
        fitscribe.set_tracking_uri("")
    monkeypatch.setenv(name, value)
    for _ in range(2):  # the second call must not start a run after all
        with pytest.raises(FitscribeError, match=name):
            fitscribe.start_run()
    assert fitscribe.active_run() is None
