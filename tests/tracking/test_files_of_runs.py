"""Files of a run: text, dicts, figures, images, tables, folders; written, listed, read."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from PIL import Image

import fitscribe
from fitscribe.errors import InvalidParameter, NotFound, UnsafePath

pytestmark = pytest.mark.usefixtures("home")

ODD_NAMES = [
    "größe 精度 🎯.txt",
    "a b.txt",
    "100%25.txt",
    "#1?x=y&z.txt",
    "it's [1].txt",
    "…/.txt",
]
BAD_NAMES = [
    ".",
    "..",
    "/",
    "a/",
    "../out.txt",
    "a/../../out.txt",
    "/etc/out.txt",
    "",
    "a//../..",
    "C:\\out.txt",
    "a\0b",
]


@pytest.fixture
def run() -> Iterator[Any]:
    with fitscribe.start_run() as run:
        yield run


def local(run: Any, name: str) -> Path:
    return Path(fitscribe.artifacts.download_artifacts(f"runs:/{run.info.run_id}/{name}"))


def names(run: Any, path: str | None = None) -> list[str]:
    listed = fitscribe.artifacts.list_artifacts(run_id=run.info.run_id, artifact_path=path)
    return [entry.path for entry in listed]


# Text and dicts


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_text_comes_back_letter_by_letter(run: Any, text: str) -> None:
    fitscribe.log_text(text, "folder/note.txt")
    assert fitscribe.artifacts.load_text(f"runs:/{run.info.run_id}/folder/note.txt") == text
    assert local(run, "folder/note.txt").read_bytes() == text.encode()


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names_are_kept(run: Any, name: str) -> None:
    fitscribe.log_text("text", name)
    assert fitscribe.artifacts.load_text(f"runs:/{run.info.run_id}/{name}") == "text"
    assert names(run) == [name.split("/")[0]]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_no_name_leaves_the_runs_folder(run: Any, home: Path, name: str) -> None:
    before = {path.name for path in home.parent.rglob("*")}
    with pytest.raises((UnsafePath, InvalidParameter)):
        fitscribe.log_text("text", name)
    with pytest.raises((UnsafePath, InvalidParameter)):
        fitscribe.log_dict({}, name)
    assert names(run) == []
    assert {path.name for path in home.parent.rglob("*")} - before <= {"artifacts"}


@pytest.mark.parametrize("name", ["d.json", "d", "d.txt", "d.yaml", "d.yml"])
def test_a_dict_is_json_or_yaml_by_its_name(run: Any, name: str) -> None:
    given = {"größe": [1, 2.5, None, True], "nested": {"a": "b"}}
    fitscribe.log_dict(given, name)
    text = local(run, name).read_text(encoding="utf-8")
    assert (yaml.safe_load(text) if "y" in name else json.loads(text)) == given
    assert fitscribe.artifacts.load_dict(f"runs:/{run.info.run_id}/{name}") == given


@pytest.mark.parametrize("name", ["d.json", "d.yaml"])
def test_a_dict_of_numpy_values_is_kept(run: Any, name: str) -> None:
    when = pd.Timestamp("2026-01-02T03:04:05")
    fitscribe.log_dict({"a": np.float64(0.5), "b": np.arange(3), "c": {"x"}, "d": when}, name)
    found = fitscribe.artifacts.load_dict(f"runs:/{run.info.run_id}/{name}")
    assert (found["a"], found["b"], set(found["c"])) == (0.5, [0, 1, 2], {"x"})
    assert str(found["d"]).replace(" ", "T") == "2026-01-02T03:04:05"


# Files and folders


def test_files_and_folders_are_copied(run: Any, tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "deep" / "er").mkdir(parents=True)
    (source / "a.bin").write_bytes(bytes(range(256)))
    (source / "deep" / "er" / "ü.txt").write_text("ü", encoding="utf-8")
    fitscribe.log_artifact(source / "a.bin")
    fitscribe.log_artifact(str(source / "a.bin"), "in/here")
    fitscribe.log_artifact(source)
    fitscribe.log_artifacts(source, "all")
    fitscribe.log_artifacts(str(source))
    assert names(run) == ["a.bin", "all", "deep", "in", "source"]
    assert names(run, "all") == ["all/a.bin", "all/deep"]
    assert local(run, "in/here/a.bin").read_bytes() == bytes(range(256))
    for folder in ("source", "all", "."):
        assert local(run, f"{folder}/deep/er/ü.txt".removeprefix("./")).read_text() == "ü"


def test_what_is_not_there_is_told(run: Any, tmp_path: Path) -> None:
    for log in (fitscribe.log_artifact, fitscribe.log_artifacts):
        with pytest.raises(InvalidParameter, match="nowhere"):
            log(tmp_path / "nowhere")
    (tmp_path / "file").touch()
    with pytest.raises(InvalidParameter, match="no folder"):
        fitscribe.log_artifacts(tmp_path / "file")
    with pytest.raises(NotFound, match=r"nothing\.txt"):
        fitscribe.artifacts.load_text(f"runs:/{run.info.run_id}/nothing.txt")


@pytest.mark.parametrize("name", ["home", ".fitscribe"])
def test_a_folder_that_holds_the_runs_is_logged_without_them(tmp_path: Path, name: str) -> None:
    fitscribe.set_tracking_uri(tmp_path / name)
    (tmp_path / "script.py").write_text("pass")
    with fitscribe.start_run() as run:
        for _ in range(2):
            fitscribe.log_artifacts(tmp_path, "all")
    (tmp_path / "all").mkdir()
    listed = fitscribe.artifacts.list_artifacts
    assert "all/script.py" in [e.path for e in listed(run_id=run.info.run_id, artifact_path="all")]
    below = Path(fitscribe.artifacts.download_artifacts(run_id=run.info.run_id))
    assert not [path for path in below.rglob("*") if path.name in ("artifacts", ".fitscribe")]


def test_a_file_written_again_is_the_new_one(run: Any) -> None:
    fitscribe.log_text("a long first version", "note.txt")
    fitscribe.log_text("second", "note.txt")
    assert local(run, "note.txt").read_text() == "second"


def test_the_address_of_files(run: Any, tmp_path: Path) -> None:
    assert fitscribe.get_artifact_uri() == run.info.artifact_uri
    fitscribe.log_text("text", "a/b.txt")
    address = fitscribe.get_artifact_uri("a/b.txt")
    assert address == f"{run.info.artifact_uri}/a/b.txt"
    assert fitscribe.artifacts.load_text(address) == "text"
    copy = fitscribe.artifacts.download_artifacts(address, dst_path=tmp_path / "copy")
    assert Path(copy).read_text() == "text"
    assert Path(copy).is_relative_to(tmp_path / "copy")


def copied(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def test_copies_have_the_names_that_mlflow_gives_them(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("top.txt", "a/one.txt", "a/b/two.txt"):
        fitscribe.log_text("text", name)
    monkeypatch.chdir(tmp_path)
    download, run_id = fitscribe.artifacts.download_artifacts, run.info.run_id
    cases: list[tuple[dict[str, str], str, list[str]]] = [
        ({"artifact_uri": f"runs:/{run_id}/a/b/two.txt"}, "two.txt", ["two.txt"]),
        ({"artifact_uri": f"runs:/{run_id}/a"}, "a", ["a/b/two.txt", "a/one.txt"]),
        ({"artifact_uri": f"{run.info.artifact_uri}/a/b"}, "b", ["b/two.txt"]),
        ({"run_id": run_id, "artifact_path": "a/b"}, "b", ["b/two.txt"]),
        ({"run_id": run_id}, "", ["a/b/two.txt", "a/one.txt", "top.txt"]),
    ]
    for place, (asked, path, files) in enumerate(cases):
        found = download(**asked, dst_path=str(place))  # type: ignore[arg-type]  # of one kind each
        assert found == str(tmp_path / str(place) / path)
        assert copied(tmp_path / str(place)) == files


def test_a_model_is_a_folder_of_the_run_that_made_it(run: Any, tmp_path: Path) -> None:
    (tmp_path / "given" / "sub").mkdir(parents=True)
    for name in ("MLmodel", "sub/part"):
        (tmp_path / "given" / name).write_text("text")
    model = fitscribe.initialize_logged_model("net")
    client, run_id = fitscribe.Client(), run.info.run_id
    client.log_model_artifacts(model.model_id, tmp_path / "given")
    fitscribe.log_outputs([fitscribe.entities.LoggedModelOutput(model.model_id, 0)])
    assert names(run, "net") == ["net/MLmodel", "net/sub"]
    assert [entry.path for entry in client.list_artifacts(run_id, "net/")] == names(run, "net")
    assert [entry.path for entry in client.list_artifacts(run_id, "net/sub")] == ["net/sub/part"]
    found = client.download_artifacts(run_id, "net/sub", tmp_path / "copy")
    assert found == str(tmp_path / "copy" / "net" / "sub")
    assert copied(tmp_path / "copy") == ["net/sub/part"]
    file = client.download_artifacts(run_id, "net/MLmodel", tmp_path / "copy")
    assert file == str(tmp_path / "copy" / "net" / "MLmodel")
    whole = fitscribe.artifacts.download_artifacts(model.model_uri, dst_path=tmp_path / "whole")
    assert whole == str(tmp_path / "whole")
    assert copied(tmp_path / "whole") == ["MLmodel", "sub/part"]


def test_a_folder_that_is_not_there_has_no_entries(run: Any) -> None:
    uri = f"runs:/{run.info.run_id}"
    for address in (uri, f"{uri}/", f"{uri}/none", f"{uri}/none/of/it"):
        assert fitscribe.artifacts.list_artifacts(address) == []
    assert names(run, "none") == []
    with pytest.raises(NotFound, match="nothing in"):
        fitscribe.artifacts.download_artifacts(run_id=run.info.run_id)
    with pytest.raises(NotFound, match="run 'x'"):
        fitscribe.artifacts.list_artifacts("runs:/x/none")


# Figures and images


@pytest.mark.parametrize("name", ["plot.png", "plots/deep.svg", "plot.pdf", "plot.jpg"])
def test_a_figure_is_drawn_in_the_format_of_its_name(run: Any, name: str) -> None:
    figure = Figure()
    figure.subplots().plot([1, 2])
    fitscribe.log_figure(figure, name, save_kwargs={"dpi": 30})
    head = local(run, name).read_bytes()[:200]
    marks = {"png": b"\x89PNG", "svg": b"<svg", "pdf": b"%PDF", "jpg": b"\xff\xd8"}
    assert marks[name[-3:]] in head


class PlotlyFigure:
    """As much of plotly's figure as is called."""

    def to_html(self, **options: Any) -> str:
        return f"<html>{sorted(options)}</html>"

    def to_image(self, format: str) -> bytes:
        return format.encode()


def test_a_plotly_figure_is_a_page_or_an_image(run: Any) -> None:
    fitscribe.log_figure(PlotlyFigure(), "p.html")
    fitscribe.log_figure(PlotlyFigure(), "p.png")
    assert local(run, "p.html").read_text() == "<html>['include_plotlyjs']</html>"
    assert local(run, "p.png").read_bytes() == b"png"
    with pytest.raises(InvalidParameter, match="not str"):
        fitscribe.log_figure("figure", "p.png")


@pytest.mark.parametrize(
    ("image", "pixel"),
    [
        (np.full((4, 6), 7, np.uint8), 7),
        (np.full((4, 6, 1), 7, np.int64), 7),
        (np.full((4, 6), 0.2), 51),
        (np.full((4, 6), True), 255),
        (np.full((4, 6, 3), 7, np.uint8), (7, 7, 7)),
        (np.full((4, 6, 4), 0.2, np.float32), (51, 51, 51, 51)),
        (Image.new("RGB", (6, 4), (7, 7, 7)), (7, 7, 7)),
    ],
)
def test_an_image_is_kept_pixel_by_pixel(run: Any, image: Any, pixel: Any) -> None:
    fitscribe.log_image(image, "i.png")
    again = Image.open(io.BytesIO(local(run, "i.png").read_bytes()))
    assert again.size == (6, 4)
    assert {again.getpixel((x, y)) for x in range(6) for y in range(4)} == {pixel}


def test_a_series_of_images_has_mlflows_names(run: Any) -> None:
    image = np.zeros((2, 2), np.uint8)
    fitscribe.log_image(image, key="a/b c", step=3, timestamp=17)
    (name,) = names(run, "images")
    assert name.startswith("images/a~b c+step+3+timestamp+17+")
    assert name.endswith(".png")


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (np.zeros(3), "H×W"),
        (np.zeros((2, 2, 2)), "channels"),
        (np.full((2, 2), 1.5), "between 0 and 1"),
        (np.full((2, 2), 256), "between 0 and 255"),
        (np.full((2, 2), np.nan), "between 0 and 1"),
        ("image", "not str"),
    ],
)
def test_what_is_no_image_is_refused(run: Any, image: Any, words: str) -> None:
    with pytest.raises(InvalidParameter, match=words):
        fitscribe.log_image(image, "i.png")
    assert names(run) == []


def test_an_image_has_one_name(run: Any) -> None:
    image = np.zeros((2, 2), np.uint8)
    for options in ({}, {"artifact_file": "i.png", "key": "k"}):
        with pytest.raises(InvalidParameter, match="either artifact_file or key"):
            fitscribe.log_image(image, **options)


# Tables


def test_a_table_is_json_and_never_says_otherwise(run: Any) -> None:
    with pytest.raises(InvalidParameter, match=r"\.json"):
        fitscribe.log_table({"a": [1]}, "t.parquet")
    with pytest.raises(InvalidParameter, match="log_image"):
        fitscribe.log_table({"a": [Image.new("RGB", (2, 2))]}, "t.json")
    assert names(run) == []


@pytest.mark.parametrize(
    "data",
    [
        {"a": [1, 2], "b": ["x", "y"]},
        {"a": np.array([1, 2]), "b": ("x", "y")},
        pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}),
        pl.DataFrame({"a": [1, 2], "b": ["x", "y"]}),
    ],
    ids=["dict", "arrays", "pandas", "polars"],
)
def test_tables_come_back(run: Any, data: Any) -> None:
    fitscribe.log_table(data, "t.json")
    kept = json.loads(local(run, "t.json").read_text())
    assert kept == {"columns": ["a", "b"], "data": [[1, "x"], [2, "y"]]}
    frame = fitscribe.load_table("t.json", [run.info.run_id])
    assert frame.to_dict("list") == {"a": [1, 2], "b": ["x", "y"]}


def test_rows_are_added_to_a_table(run: Any) -> None:
    fitscribe.log_table({"a": 1, "b": "x"}, "t.json")
    fitscribe.log_table({"b": ["y"], "c": [None]}, "t.json")
    kept = json.loads(local(run, "t.json").read_text())
    assert kept == {"columns": ["a", "b", "c"], "data": [[1, "x", None], [None, "y", None]]}


def test_a_table_with_holes_is_json_that_others_read(run: Any) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    fitscribe.log_table({"a": [0.5, np.nan, np.inf, None], "t": [pd.NaT, None, "x", 1]}, "t.json")
    text = local(run, "t.json").read_text()
    rows = json.loads(text, parse_constant=refuse)["data"]
    assert [row[0] for row in rows][:2] == [0.5, None]
    frame = fitscribe.load_table("t.json", [run.info.run_id])
    assert list(frame["a"].isna()) == [False, True, True, True]


@pytest.mark.parametrize("data", [{"a": [1, 2], "b": [1]}, [1, 2], "table", None])
def test_what_is_no_table_is_refused(run: Any, data: Any) -> None:
    with pytest.raises(InvalidParameter, match="columns"):
        fitscribe.log_table(data, "t.json")
    assert names(run) == []


def test_tables_of_all_runs_are_one_frame() -> None:
    ids = []
    for number in range(3):
        with fitscribe.start_run(run_name=f"r{number}") as run:
            fitscribe.log_param("p", number)
            fitscribe.log_metric("m", number / 2)
            if number:
                fitscribe.log_table({"x": [number, number]}, "t.json")
        ids.append(run.info.run_id)
    frame = fitscribe.load_table("t.json", extra_columns=["run_id", "run_name", "p", "m", "none"])
    frame = frame.sort_values("x", ignore_index=True)
    assert list(frame["x"]) == [1, 1, 2, 2]
    assert list(frame["run_id"]) == [ids[1], ids[1], ids[2], ids[2]]
    assert list(frame["run_name"]) == ["r1", "r1", "r2", "r2"]
    assert list(frame["p"]) == ["1", "1", "2", "2"]
    assert list(frame["m"]) == [0.5, 0.5, 1.0, 1.0]
    assert frame["none"].isna().all()
    assert list(fitscribe.load_table("t.json", [ids[2]])["x"]) == [2, 2]
    with pytest.raises(NotFound, match=r"t\.json"):
        fitscribe.load_table("t.json", [ids[0]])
    with pytest.raises(NotFound, match=r"u\.json"):
        fitscribe.load_table("u.json")


# Datasets of a run


def test_inputs_of_a_run(run: Any) -> None:
    data = fitscribe.data.from_numpy(np.eye(3), name="eye", source="s3://bucket/eye.npy")
    frame = fitscribe.data.from_pandas(pd.DataFrame({"a": [1]}), name="frame")
    fitscribe.log_input(data, context="train", tags={"split": "1"})
    fitscribe.log_inputs([frame, data], ["eval", None], [None, {"x": "y"}])
    found = {
        one.dataset.name: one for one in fitscribe.get_run(run.info.run_id).inputs.dataset_inputs
    }
    assert set(found) == {"eye", "frame"}
    assert (found["eye"].context, found["frame"].context) == ("train", "eval")
    assert {tag.key: tag.value for tag in found["eye"].tags}["split"] == "1"
    assert found["eye"].dataset == data.to_entity()
    for filter_string in ("datasets.name = 'eye'", f"dataset.digest = '{data.digest}'"):
        assert len(fitscribe.search_runs(filter_string=filter_string)) == 1


def test_a_metric_of_a_dataset(run: Any) -> None:
    data = fitscribe.data.from_numpy(np.eye(3), name="eye")
    model = fitscribe.Client().create_logged_model("0", "m")
    fitscribe.log_metric("acc", 0.5, dataset=data, model_id=model.model_id)
    (point,) = fitscribe.Client().get_logged_model(model.model_id).metrics
    assert (point.dataset_name, point.dataset_digest) == ("eye", data.digest)


@pytest.mark.parametrize(
    "given",
    [
        {"datasets": ["train.csv"]},
        {"datasets": [np.eye(2)]},
        {"datasets": [fitscribe.data.from_numpy(np.eye(2))], "contexts": ["a", "b"]},
        {"datasets": [fitscribe.data.from_numpy(np.eye(2))], "tags_list": [{}, {}]},
        {"datasets": [fitscribe.data.from_numpy(np.eye(2))], "contexts": []},
    ],
)
def test_inputs_that_do_not_fit_are_refused(run: Any, given: dict[str, Any]) -> None:
    with pytest.raises(InvalidParameter):
        fitscribe.log_inputs(**given)
    assert fitscribe.get_run(run.info.run_id).inputs.dataset_inputs == ()
