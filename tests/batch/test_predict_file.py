"""A model's answers about files: every format, every border of parts, and what is refused."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_iris
from sklearn.ensemble import HistGradientBoostingClassifier, IsolationForest
from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

import fitscribe.pyfunc
import fitscribe.sklearn
from fitscribe.batch.arrow import frame_of
from fitscribe.batch.reading import evened
from fitscribe.errors import (
    AlreadyExists,
    InvalidParameter,
    MissingDependency,
    NotFound,
    NotSupported,
    NotTrusted,
)
from fitscribe.modelfolder.seal import SEAL
from fitscribe.models import predict_file

INPUTS = ("parquet", "arrow", "csv", "jsonl", "json")
OUTPUTS = ("parquet", "arrow", "csv", "jsonl")


def write(path: Path, table: pa.Table, rows: int = 7) -> Path:
    """Write a table in the format of the name, in small groups where there are any."""
    match path.suffix:
        case ".parquet":
            pa.parquet.write_table(table, path, row_group_size=rows)
        case ".arrow":
            with pa.ipc.new_file(path, table.schema) as writer:
                writer.write_table(table, max_chunksize=rows)
        case ".csv":
            pa.csv.write_csv(table, path)
        case ".jsonl":
            lines = [json.dumps(row) + "\n" for row in table.to_pylist()]
            path.write_text("".join(lines), encoding="utf-8")
        case _:
            path.write_text(json.dumps(table.to_pylist()), encoding="utf-8")
    return path


def read(path: Path) -> pa.Table:
    match path.suffix:
        case ".parquet":
            return pa.parquet.read_table(path)
        case ".arrow":
            with pa.ipc.open_file(path) as reader:
                return reader.read_all()
        case ".csv":
            return pa.csv.read_csv(path)
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return pa.Table.from_pylist(rows)


def saved(folder: Path, model: Any, example: Any = None, **options: Any) -> Path:
    fitscribe.sklearn.save_model(model, folder / "model", input_example=example, **options)
    return folder / "model"


def numbers(rows: int, columns: int = 3) -> np.ndarray[Any, Any]:
    return np.random.default_rng(0).normal(size=(rows, columns))


def as_table(X: np.ndarray[Any, Any], names: str = "abc", ids: bool = True) -> pa.Table:
    columns: dict[str, Any] = {"id": np.arange(len(X))} if ids else {}
    return pa.table(columns | dict(zip(names, X.T, strict=True)))


@pytest.fixture
def plain(tmp_path: Path) -> tuple[Path, LogisticRegression]:
    """Save a model of three columns without names, which gives texts."""
    X = numbers(50)
    model = LogisticRegression().fit(X, np.where(X[:, 0] > 0, "yes", "no"))
    return saved(tmp_path, model, X[:3]), model


@pytest.fixture
def named(tmp_path: Path) -> tuple[Path, LogisticRegression]:
    """Save a model that was fitted on a frame of numbers."""
    X = pd.DataFrame(numbers(50), columns=list("abc"))
    model = LogisticRegression().fit(X, (X["a"] > 0).astype(int))
    return saved(tmp_path, model, X[:3]), model


# ---- formats and parts ------------------------------------------------------------------------


@pytest.mark.parametrize("ending", INPUTS)
def test_every_format_is_read(
    tmp_path: Path, plain: tuple[Path, LogisticRegression], ending: str
) -> None:
    folder, model = plain
    X = numbers(23)
    source = write(tmp_path / f"rows.{ending}", as_table(X))
    done = predict_file(folder, source, tmp_path / "out.parquet", keep=["id"], part_rows=5)
    assert (done.rows, done.parts, done.columns) == (23, 5, ("id", "prediction"))
    out = read(tmp_path / "out.parquet")
    assert out["prediction"].to_pylist() == model.predict(X).tolist()
    wanted = [str(n) for n in range(23)] if ending == "csv" else list(range(23))
    assert out["id"].to_pylist() == wanted


@pytest.mark.parametrize("ending", OUTPUTS)
def test_every_format_is_written(
    tmp_path: Path, plain: tuple[Path, LogisticRegression], ending: str
) -> None:
    folder, model = plain
    X = numbers(23)
    source = write(tmp_path / "rows.parquet", as_table(X))
    path = tmp_path / f"out.{ending}"
    done = predict_file(folder, source, path, method="predict_proba", keep="id", part_rows=5)
    assert done.columns == ("id", "probability_no", "probability_yes")
    out = read(path)
    assert out["id"].to_pylist() == list(range(23))
    found = np.column_stack([out["probability_no"], out["probability_yes"]])
    np.testing.assert_allclose(found, model.predict_proba(X), rtol=1e-12)


class Doubles(fitscribe.pyfunc.PythonModel):
    """Says how many rows it is asked about."""

    def predict(self, context: object, model_input: Any, params: object = None) -> Any:
        print(len(model_input))
        return model_input["a"] * 2


@pytest.mark.parametrize("rows", [1, 6, 7, 8, 14, 15])
def test_the_model_is_asked_once_a_part(
    tmp_path: Path, rows: int, capsys: pytest.CaptureFixture[str]
) -> None:
    fitscribe.pyfunc.save_model(tmp_path / "model", python_model=Doubles())
    source = write(tmp_path / "rows.parquet", as_table(numbers(rows)), rows=3)
    told: list[tuple[int, int | None]] = []
    done = predict_file(
        tmp_path / "model",
        source,
        tmp_path / "out.parquet",
        part_rows=7,
        progress=lambda now, total: told.append((now, total)),
    )
    sizes = [min(7, rows - start) for start in range(0, rows, 7)]
    assert capsys.readouterr().out.split() == [str(size) for size in sizes]
    assert told == [(sum(sizes[: place + 1]), rows) for place in range(len(sizes))]
    assert done.parts == len(sizes)
    out = read(tmp_path / "out.parquet")
    assert out["prediction"].to_pylist() == (numbers(rows)[:, 0] * 2).tolist()


def test_code_of_a_stranger_runs_only_if_one_says_so(tmp_path: Path) -> None:
    fitscribe.pyfunc.save_model(tmp_path / "model", python_model=Doubles())
    (tmp_path / "model" / SEAL).unlink()
    source = write(tmp_path / "rows.parquet", as_table(numbers(4)))
    with pytest.raises(NotTrusted):
        predict_file(tmp_path / "model", source, tmp_path / "out.csv")
    assert left(tmp_path) == {"model", "rows.parquet"}
    assert predict_file(tmp_path / "model", source, tmp_path / "out.csv", trust="code").rows == 4


@given(st.lists(st.integers(0, 9), max_size=12), st.integers(1, 12))
def test_parts_are_even_and_nothing_is_lost(sizes: list[int], rows: int) -> None:
    values = iter(range(1000))
    columns = [pa.array([next(values) for _ in range(size)], pa.int64()) for size in sizes]
    batches = [pa.record_batch([column], names=["x"]) for column in columns]
    tables = list(evened(iter(batches), rows))
    assert [v for table in tables for v in table["x"].to_pylist()] == list(range(sum(sizes)))
    assert all(table.num_rows == rows for table in tables[:-1])
    assert not tables or 0 < tables[-1].num_rows <= rows


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_texts_longer_than_a_block_keep_their_rows(
    tmp_path: Path,
    plain: tuple[Path, LogisticRegression],
    ending: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("fitscribe.batch.reading.BLOCK", 100)
    monkeypatch.setattr("fitscribe.batch.jsonfile.BLOCK", 100)
    folder, model = plain
    X = numbers(200)
    table = as_table(X).append_column("note", pa.array(['two\n"lines", ü'] * 200))
    source = write(tmp_path / f"rows.{ending}", table)
    out = tmp_path / "out.parquet"
    # All columns but the model's three are to be kept: it knows no names.
    predict_file(folder, source, out, keep=["id", "note"])
    assert read(out)["prediction"].to_pylist() == model.predict(X).tolist()
    assert set(read(out)["note"].to_pylist()) == {'two\n"lines", ü'}


@pytest.mark.parametrize("ending", ["parquet", "arrow", "csv"])
def test_a_file_without_rows_gives_one(
    tmp_path: Path, named: tuple[Path, LogisticRegression], ending: str
) -> None:
    source = write(tmp_path / f"rows.{ending}", as_table(numbers(0)))
    done = predict_file(
        named[0], source, tmp_path / "out.parquet", method="predict_proba", keep=["id"]
    )
    assert (done.rows, done.parts) == (0, 0)
    assert done.columns == ("id", "probability_0", "probability_1")
    out = read(tmp_path / "out.parquet")
    assert out.num_rows == 0
    assert out.schema.field("id").type == (pa.string() if ending == "csv" else pa.int64())


# ---- columns ----------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", INPUTS)
def test_columns_go_by_name_in_any_order(
    tmp_path: Path, named: tuple[Path, LogisticRegression], ending: str
) -> None:
    folder, model = named
    X = numbers(20)
    table = as_table(X).select(["c", "id", "b", "a"]).append_column("more", pa.array(["x"] * 20))
    source = write(tmp_path / f"rows.{ending}", table)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # of neither order nor names anything is said
        predict_file(folder, source, tmp_path / "out.parquet")
    expected = model.predict(pd.DataFrame(X, columns=list("abc")))
    assert read(tmp_path / "out.parquet")["prediction"].to_pylist() == expected.tolist()


@pytest.mark.parametrize("ending", INPUTS)
def test_texts_and_categories_go_through_a_pipeline(tmp_path: Path, ending: str) -> None:
    X = pd.DataFrame({"colour": ["red", "blue", "007", "red"] * 5, "size": np.arange(20.0)})
    model = make_pipeline(
        make_column_transformer((OneHotEncoder(), ["colour"]), (StandardScaler(), ["size"])),
        LinearRegression(),
    ).fit(X, np.arange(20.0))
    folder = saved(tmp_path, model, X[:3])
    table = pa.Table.from_pandas(X, preserve_index=False)
    if ending in ("parquet", "arrow"):
        coded = table["colour"].dictionary_encode().unify_dictionaries()
        table = table.set_column(0, "colour", coded)
    source = write(tmp_path / f"rows.{ending}", table)
    predict_file(folder, source, tmp_path / "out.parquet", keep=["colour"], part_rows=6)
    out = read(tmp_path / "out.parquet")
    np.testing.assert_allclose(out["prediction"], model.predict(X))
    assert out["colour"].to_pylist() == X["colour"].tolist()


def test_categories_stay_what_they_are(tmp_path: Path) -> None:
    X = pd.DataFrame({"colour": pd.Categorical(["red", "blue"] * 20), "x": np.arange(40.0)})
    model = HistGradientBoostingClassifier(max_iter=2, categorical_features="from_dtype")
    model.fit(X, X["colour"] == "red")
    folder = saved(tmp_path, model, X[:3])
    source = tmp_path / "rows.parquet"
    X.to_parquet(source, row_group_size=9)
    predict_file(folder, source, tmp_path / "out.csv", part_rows=7)
    assert read(tmp_path / "out.csv")["prediction"].to_pylist() == model.predict(X).tolist()


def test_a_model_without_signature_is_asked_by_what_it_was_fitted_on(tmp_path: Path) -> None:
    frame = pd.DataFrame(numbers(30), columns=list("abc"))
    target = (frame["a"] > 0).astype(int)
    source = write(tmp_path / "rows.csv", as_table(frame.to_numpy()).select(["b", "id", "a", "c"]))
    by_name = saved(tmp_path, LogisticRegression().fit(frame, target))
    predict_file(by_name, source, tmp_path / "out.parquet")
    expected = LogisticRegression().fit(frame, target).predict(frame)
    assert read(tmp_path / "out.parquet")["prediction"].to_pylist() == expected.tolist()


def test_integers_become_the_signature_s_doubles(tmp_path: Path) -> None:
    X = numbers(20)
    folder = saved(tmp_path, LinearRegression().fit(X, X[:, 0]), X[:3])
    table = pa.table({name: pa.array([1, 2, 2**53 + 1]) for name in "abc"})
    source = write(tmp_path / "rows.parquet", table.slice(0, 2))
    predict_file(folder, source, tmp_path / "out.parquet")
    assert read(tmp_path / "out.parquet").num_rows == 2
    source = write(tmp_path / "rows.parquet", table)
    with pytest.raises(InvalidParameter, match=r"column 'a'.* in row 2 .*does not hold"):
        predict_file(folder, source, tmp_path / "more.parquet", part_rows=2)
    assert not (tmp_path / "more.parquet").exists()


def test_kept_texts_of_csv_are_not_numbers(
    tmp_path: Path, named: tuple[Path, LogisticRegression]
) -> None:
    source = tmp_path / "rows.csv"
    source.write_text("id,a,b,c\n007,1,2,3\n,4,5,6\nNA,7,8,9\n")
    predict_file(named[0], source, tmp_path / "out.parquet", keep=["id", "a"])
    out = read(tmp_path / "out.parquet")
    assert out["id"].to_pylist() == ["007", None, "NA"]
    assert out["a"].to_pylist() == [1.0, 4.0, 7.0]  # the model's too, so a number


# ---- answers ----------------------------------------------------------------------------------


@pytest.fixture
def iris(tmp_path: Path) -> tuple[Path, Any, Any]:
    X, _ = load_iris(return_X_y=True, as_frame=True)
    source = tmp_path / "iris.parquet"
    X.to_parquet(source)
    return source, X, load_iris().target_names[load_iris().target]


@pytest.mark.parametrize(
    ("method", "names"),
    [
        ("predict", ["prediction"]),
        ("predict_proba", [f"probability_{n}" for n in ("setosa", "versicolor", "virginica")]),
        (
            "predict_log_proba",
            [f"log_probability_{n}" for n in ("setosa", "versicolor", "virginica")],
        ),
        ("decision_function", [f"decision_{n}" for n in ("setosa", "versicolor", "virginica")]),
    ],
)
def test_columns_have_the_names_of_classes(
    tmp_path: Path, iris: tuple[Path, Any, Any], method: str, names: list[str]
) -> None:
    source, X, y = iris
    model = LogisticRegression(max_iter=500).fit(X, y)
    folder = saved(tmp_path, model, X[:3])
    done = predict_file(folder, source, tmp_path / "out.arrow", method=method, part_rows=64)
    assert list(done.columns) == names
    expected = getattr(model, method)(X)
    out = read(tmp_path / "out.arrow")
    if method == "predict":
        assert out["prediction"].to_pylist() == expected.tolist()
    else:
        np.testing.assert_allclose(np.column_stack(out.columns), expected)


def test_the_method_is_that_of_the_model_by_default(
    tmp_path: Path, iris: tuple[Path, Any, Any]
) -> None:
    source, X, y = iris
    model = LogisticRegression(max_iter=500).fit(X, y == "setosa")
    folder = saved(tmp_path, model, X[:3], pyfunc_predict_fn="predict_proba")
    done = predict_file(folder, source, tmp_path / "out.csv")
    assert done.columns == ("probability_False", "probability_True")


def test_transformers_tell_names_of_features(tmp_path: Path, iris: tuple[Path, Any, Any]) -> None:
    source, X, _ = iris
    model = StandardScaler().fit(X)
    folder = saved(tmp_path, model, X[:3])
    done = predict_file(folder, source, tmp_path / "out.parquet", method="transform")
    assert list(done.columns) == list(X.columns)
    np.testing.assert_allclose(
        np.column_stack(read(tmp_path / "out.parquet").columns), model.transform(X)
    )


def test_frames_that_a_transformer_gives_are_columns(
    tmp_path: Path, iris: tuple[Path, Any, Any]
) -> None:
    source, X, _ = iris
    model = StandardScaler().set_output(transform="pandas").fit(X)
    done = predict_file(
        saved(tmp_path, model, X[:3]), source, tmp_path / "out.csv", method="transform"
    )
    assert list(done.columns) == list(X.columns)


def test_what_has_no_names_is_numbered(tmp_path: Path) -> None:
    X = numbers(20)
    model = FunctionTransformer(np.exp).fit(X)
    folder = saved(tmp_path, model, X[:3])
    source = write(tmp_path / "rows.parquet", as_table(X, ids=False))
    done = predict_file(folder, source, tmp_path / "out.csv", method="transform")
    assert done.columns == ("transformed_0", "transformed_1", "transformed_2")


def test_scores_and_several_outputs(tmp_path: Path) -> None:
    X = numbers(40)
    source = write(tmp_path / "rows.parquet", as_table(X, ids=False))
    forest = IsolationForest(n_estimators=3, random_state=0).fit(X)
    done = predict_file(
        saved(tmp_path, forest, X[:3]), source, tmp_path / "out.csv", method="score_samples"
    )
    assert done.columns == ("score",)
    (tmp_path / "two").mkdir()
    y = np.column_stack([X[:, 0] > 0, np.where(X[:, 1] > 0, "up", "down")]).astype(object)
    model = MultiOutputClassifier(LogisticRegression()).fit(X, y.astype(str))
    folder = saved(tmp_path / "two", model, X[:3])
    done = predict_file(folder, source, tmp_path / "two.csv", method="predict_proba")
    assert done.columns == (
        "probability_0_False",
        "probability_0_True",
        "probability_1_down",
        "probability_1_up",
    )
    done = predict_file(folder, source, tmp_path / "both.csv")
    assert done.columns == ("prediction_0", "prediction_1")


def test_a_sparse_answer_of_few_columns_is_written(tmp_path: Path) -> None:
    X = pd.DataFrame({"colour": ["red", "blue", "green"] * 4})
    model = OneHotEncoder().fit(X)
    source = write(tmp_path / "rows.csv", pa.Table.from_pandas(X, preserve_index=False))
    out = tmp_path / "out.parquet"
    done = predict_file(saved(tmp_path, model, X[:3]), source, out, method="transform")
    assert done.columns == ("colour_blue", "colour_green", "colour_red")
    assert read(out)["colour_red"].to_pylist() == [1.0, 0.0, 0.0] * 4


def test_a_sparse_answer_of_many_columns_is_refused(tmp_path: Path) -> None:
    X = pd.DataFrame({"text": ["a b", "c d"]})
    model = make_column_transformer((HashingVectorizer(n_features=2000), "text")).fit(X)
    source = write(tmp_path / "rows.csv", pa.Table.from_pandas(X, preserve_index=False))
    with pytest.raises(NotSupported, match=r"sparse matrix of 2000 columns; up to 1000"):
        predict_file(
            saved(tmp_path, model, X), source, tmp_path / "out.parquet", method="transform"
        )
    assert left(tmp_path) == {"model", "rows.csv"}


def test_a_model_of_texts_alone_is_asked_with_the_column(tmp_path: Path) -> None:
    texts = ["good day", "bad night", "good night", "bad day"]
    model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(texts, [1, 0, 1, 0])
    folder = saved(tmp_path, model, texts[:2])
    source = write(tmp_path / "rows.csv", pa.table({"text": texts}))
    predict_file(folder, source, tmp_path / "out.csv")
    assert read(tmp_path / "out.csv")["prediction"].to_pylist() == [1, 0, 1, 0]


def test_a_model_of_dicts_is_asked_with_dicts(tmp_path: Path) -> None:
    rows = [{"a": 1.0, "b": "x"}, {"a": 2.0, "b": "y"}] * 5
    model = make_pipeline(DictVectorizer(), LinearRegression()).fit(rows, [0.0, 1.0] * 5)
    source = write(tmp_path / "rows.jsonl", pa.Table.from_pylist(rows))
    predict_file(saved(tmp_path, model, rows[:2]), source, tmp_path / "out.csv", part_rows=4)
    np.testing.assert_allclose(
        read(tmp_path / "out.csv")["prediction"], model.predict(rows), atol=1e-12
    )


# ---- refusals ---------------------------------------------------------------------------------


def left(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("ending", INPUTS)
def test_missing_columns_are_named(
    tmp_path: Path, named: tuple[Path, LogisticRegression], ending: str
) -> None:
    source = write(tmp_path / f"rows.{ending}", as_table(numbers(5)).select(["id", "b"]))
    with pytest.raises(InvalidParameter, match=r"(?s)rows\..*missing inputs \['a', 'c'\]"):
        predict_file(named[0], source, tmp_path / "out.csv")
    with pytest.raises(InvalidParameter, match=r"has not one column each of the names \['no'\]"):
        predict_file(
            named[0],
            write(source, as_table(numbers(5))),
            tmp_path / "out.csv",
            keep=["id", "no"],
        )
    assert left(tmp_path) == {"model", source.name}


def test_a_count_of_columns_that_does_not_fit_is_told(
    tmp_path: Path, plain: tuple[Path, LogisticRegression]
) -> None:
    source = write(tmp_path / "rows.csv", as_table(numbers(5)))
    with pytest.raises(InvalidParameter, match=r"takes 3 columns.*the file has 4.*--keep"):
        predict_file(plain[0], source, tmp_path / "out.csv")


@pytest.mark.parametrize("ending", ["csv", "jsonl", "json"])
def test_a_value_of_another_type_is_told_with_row_and_column(
    tmp_path: Path, named: tuple[Path, LogisticRegression], ending: str
) -> None:
    source = tmp_path / f"rows.{ending}"
    rows = [{"a": 1.5, "b": 2.5, "c": 3.5} for _ in range(20)]
    table = pa.Table.from_pylist(rows)
    write(source, table)
    text = source.read_text()
    at = [place for place in range(len(text)) if text.startswith("2.5", place)][13]
    value = "secret" if ending == "csv" else '"secret"'
    source.write_text(text[:at] + value + text[at + 3 :])
    with pytest.raises(InvalidParameter, match=r"rows\..*row 13, column 'b'") as caught:
        predict_file(named[0], source, tmp_path / "out.csv", part_rows=4)
    assert "secret" not in str(caught.value)
    assert left(tmp_path) == {"model", source.name}


def test_a_type_of_another_kind_is_told(
    tmp_path: Path, named: tuple[Path, LogisticRegression]
) -> None:
    table = pa.table({"a": [1.0], "b": ["x"], "c": [1.0]})
    source = write(tmp_path / "rows.parquet", table)
    with pytest.raises(InvalidParameter, match=r"rows\.parquet.*\n.*column 'b': expected double"):
        predict_file(named[0], source, tmp_path / "out.csv")


@pytest.mark.parametrize("ending", INPUTS)
def test_a_value_that_the_model_refuses_is_found(
    tmp_path: Path, named: tuple[Path, LogisticRegression], ending: str
) -> None:
    rows = as_table(numbers(20), ids=False).to_pylist()
    rows[13]["c"] = None
    source = write(tmp_path / f"rows.{ending}", pa.Table.from_pylist(rows))
    with pytest.raises(InvalidParameter, match=r"row 13, column 'c' .*\n.*NaN"):
        predict_file(named[0], source, tmp_path / "out.csv", part_rows=4)
    assert left(tmp_path) == {"model", source.name}


def test_a_missing_whole_number_has_its_row(tmp_path: Path) -> None:
    X = pd.DataFrame({"n": np.arange(20)})
    folder = saved(tmp_path, LinearRegression().fit(X, X["n"]), X[:3])
    source = write(tmp_path / "rows.csv", pa.table({"n": [*range(12), None, 13]}))
    with pytest.raises(InvalidParameter, match=r"column 'n'.*no value in row 12"):
        predict_file(folder, source, tmp_path / "out.csv", part_rows=5)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("rows.parquet", b"PAR1 and nothing", "cannot be read as Parquet"),
        ("rows.arrow", b"nothing", "cannot be read as Arrow"),
        ("rows.csv", b"", "cannot be read as CSV"),
        ("rows.csv", b"a,b,c\n1,2,3\n1,2\n", "row 1: Expected 3 columns, got 2"),
        ("rows.jsonl", b'{"a": 1, "b": 2, "c": 3}\n{"a": \n', "row 1: it is no JSON object"),
        ("rows.jsonl", b"[1, 2]\n", "row 0: it is no JSON object"),
        ("rows.json", b"{", "is no JSON"),
        ("rows.json", b'{"a": [1]}', "one array of objects"),
        ("rows.json", b"[1]", "row 0: it is no object"),
        ("rows.txt", b"", r"is to end in one of \.parquet, "),
    ],
)
def test_what_cannot_be_read_is_told(
    tmp_path: Path,
    named: tuple[Path, LogisticRegression],
    name: str,
    content: bytes,
    told: str,
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InvalidParameter, match=told) as caught:
        predict_file(named[0], tmp_path / name, tmp_path / "out.csv")
    assert name in str(caught.value)
    assert left(tmp_path) == {"model", name}


def test_inputs_and_outputs_that_are_not_there(
    tmp_path: Path, named: tuple[Path, LogisticRegression]
) -> None:
    source = write(tmp_path / "rows.csv", as_table(numbers(5)))
    with pytest.raises(NotFound, match=r"gone\.csv.* is not there"):
        predict_file(named[0], tmp_path / "gone.csv", tmp_path / "out.csv")
    with pytest.raises(NotFound, match="is a folder"):
        predict_file(named[0], (tmp_path / "x.csv").mkdir() or tmp_path / "x.csv", "out.csv")
    with pytest.raises(NotFound, match=r"folder .*nowhere.* of the output is not there"):
        predict_file(named[0], source, tmp_path / "nowhere" / "out.csv")
    with pytest.raises(InvalidParameter, match=r"out\.json.* is to end in one of"):
        predict_file(named[0], source, tmp_path / "out.json")


def test_an_output_is_replaced_only_if_asked(
    tmp_path: Path, named: tuple[Path, LogisticRegression]
) -> None:
    source = write(tmp_path / "rows.csv", as_table(numbers(5)))
    out = tmp_path / "out.csv"
    out.write_text("mine")
    with pytest.raises(AlreadyExists, match=r"out\.csv.*overwrite"):
        predict_file(named[0], source, out)
    assert out.read_text() == "mine"
    assert predict_file(named[0], source, out, overwrite=True).rows == 5
    assert read(out).num_rows == 5


@pytest.mark.parametrize("method", ["predict_probability", "fit", "set_params", "_repr_html_"])
def test_a_method_that_does_not_answer_is_refused(
    tmp_path: Path, named: tuple[Path, LogisticRegression], method: str
) -> None:
    source = write(tmp_path / "rows.csv", as_table(numbers(5)))
    with pytest.raises(InvalidParameter, match=rf"no method '{method}'.* has predict, predict_p"):
        predict_file(named[0], source, tmp_path / "out.csv", method=method)


def test_answers_with_other_rows_are_refused(
    tmp_path: Path, named: tuple[Path, LogisticRegression]
) -> None:
    source = write(tmp_path / "rows.csv", as_table(numbers(5)))
    fitscribe.pyfunc.save_model(tmp_path / "few", python_model=lambda rows: [1, 2, 3])
    with pytest.raises(InvalidParameter, match="answered with 3 rows for 5"):
        predict_file(tmp_path / "few", source, tmp_path / "out.csv", trust="code")
    with pytest.raises(InvalidParameter, match="no 'transform'; leave the method out"):
        predict_file(
            tmp_path / "few", source, tmp_path / "out.csv", trust="code", method="transform"
        )


def test_kept_columns_may_not_be_called_as_answers(
    tmp_path: Path, named: tuple[Path, LogisticRegression]
) -> None:
    table = as_table(numbers(5)).rename_columns(["prediction", "a", "b", "c"])
    source = write(tmp_path / "rows.parquet", table)
    with pytest.raises(InvalidParameter, match=r"\['prediction'\] cannot be kept"):
        predict_file(named[0], source, tmp_path / "out.csv", keep=["prediction"])


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit, RuntimeError])
@pytest.mark.parametrize("ending", OUTPUTS)
def test_who_interrupts_leaves_nothing_behind(
    tmp_path: Path,
    named: tuple[Path, LogisticRegression],
    stop: type[BaseException],
    ending: str,
) -> None:
    source = write(tmp_path / "rows.csv", as_table(numbers(20)))
    seen = []

    def interrupt(done: int, total: int | None) -> None:
        seen.append(left(tmp_path))
        if done == 10:
            raise stop

    with pytest.raises(stop):
        predict_file(named[0], source, tmp_path / f"out.{ending}", part_rows=5, progress=interrupt)
    assert len(seen) == 2
    assert all(len(names) == 3 and f"out.{ending}" not in names for names in seen)
    assert left(tmp_path) == {"model", "rows.csv"}


@pytest.mark.posix
def test_a_full_disk_is_told(
    tmp_path: Path,
    named: tuple[Path, LogisticRegression],
    run_python: Callable[..., Any],
) -> None:
    source = write(tmp_path / "rows.parquet", as_table(numbers(5000)))
    done = run_python(f"""
        import resource
        from fitscribe.errors import StoreUnavailable
        from fitscribe.models import predict_file
        import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        try:
            predict_file({str(named[0])!r}, {str(source)!r}, "out.csv", method="predict_proba")
        except StoreUnavailable as error:
            print(error)
    """)
    assert "out.csv' cannot be written" in done.stdout, done.stderr
    assert left(tmp_path) == {"model", "rows.parquet"}


def test_without_pandas_its_name_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingDependency, match=r"pip install 'fitscribe\[pandas\]'"):
        frame_of(pa.table({"a": [1.0]}), ["a"])


def test_json_lines_whose_first_types_differ_are_read_by_the_signature(
    tmp_path: Path, named: tuple[Path, LogisticRegression]
) -> None:
    source = tmp_path / "rows.jsonl"
    source.write_text(
        '{"a": 1, "b": 2, "c": 3, "note": 1}\n{"c": 1.5, "b": 2, "a": 3, "note": "x"}\n'
    )
    assert predict_file(named[0], source, tmp_path / "out.csv").rows == 2
    with pytest.raises(InvalidParameter, match=r"\['note'\] have values of several types"):
        predict_file(named[0], source, tmp_path / "more.csv", keep=["note"])


@pytest.mark.parametrize("form", ["records", "split"])
def test_requests_of_a_scoring_server_are_read(
    tmp_path: Path, named: tuple[Path, LogisticRegression], form: str
) -> None:
    frame = pd.DataFrame(numbers(5), columns=list("abc"))
    request = {f"dataframe_{form}": json.loads(frame.to_json(orient=form))}
    (tmp_path / "rows.json").write_text(json.dumps(request))
    predict_file(named[0], tmp_path / "rows.json", tmp_path / "out.csv")
    assert read(tmp_path / "out.csv")["prediction"].to_pylist() == named[1].predict(frame).tolist()


def test_json_has_null_for_what_is_no_number(tmp_path: Path) -> None:
    X = pd.DataFrame({"x": [1.0, 2.0]})
    model = FunctionTransformer(np.log).fit(X)
    folder = saved(tmp_path, model, X)
    source = write(tmp_path / "rows.csv", pa.table({"x": [1.0, 0.0]}))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        predict_file(folder, source, tmp_path / "out.jsonl", method="transform")
    lines = (tmp_path / "out.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [{"x": 0.0}, {"x": None}]


def test_arguments_are_checked(tmp_path: Path, named: tuple[Path, LogisticRegression]) -> None:
    source = write(tmp_path / "rows.csv", as_table(numbers(5)))
    for wrong in (0, True, "7"):
        with pytest.raises(InvalidParameter, match="part_rows is a positive integer"):
            predict_file(named[0], source, tmp_path / "out.csv", part_rows=wrong)
    with pytest.raises(InvalidParameter, match="keep is a list of names"):
        predict_file(named[0], source, tmp_path / "out.csv", keep=[1])
