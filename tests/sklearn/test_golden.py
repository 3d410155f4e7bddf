"""Golden rows and profiles of recorded models: what is kept, and that nobody notices."""

from __future__ import annotations

import io
import pickle
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder

import fitscribe
import fitscribe.sklearn
from fitscribe.errors import InvalidParameter
from fitscribe.modelfolder.golden import GOLDEN, IDENTICAL, Golden, compare
from fitscribe.modelfolder.manifest import MANIFEST, Manifest
from fitscribe.modelfolder.write import PROFILE
from fitscribe.monitoring.profile import Profile
from fitscribe.sklearn.golden import SKIPPED
from fitscribe.tracking.addresses import folder_of_model

# pandas 2.0 beside numpy 1.25 and newer says so of each frame of several types, fitted or not.
pytestmark = pytest.mark.filterwarnings("ignore:np.find_common_type is deprecated")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 4))
Y = (X[:, 0] > 0).astype(int)
WORDS = np.array(["x", "y", "z"])[RNG.integers(0, 3, 300)]


@pytest.fixture(autouse=True)
def _home(home: Path) -> Iterator[None]:
    fitscribe.sklearn.autolog(silent=True, log_golden_rows=True)
    yield
    fitscribe.sklearn.autolog(disable=True)


def last() -> Any:
    run = fitscribe.last_active_run()
    assert run is not None
    return run


def folders() -> list[Path]:
    """Return the folders of the last run's models."""
    return [folder_of_model(f"models:/{one.model_id}") for one in last().outputs.model_outputs]


def golden_in(folder: Path) -> Golden:
    assert Manifest.from_bytes((folder / MANIFEST).read_bytes()).golden == GOLDEN
    return Golden.from_bytes((folder / GOLDEN).read_bytes())


def names_in(folder: Path) -> set[str]:
    manifest = Manifest.from_bytes((folder / MANIFEST).read_bytes())
    assert (GOLDEN in manifest.files) == (manifest.golden == GOLDEN)
    return set(manifest.files)


def check_answers(model: Any, golden: Golden) -> None:
    """Assert that a model answers what golden rows say."""
    for name, answer in golden.answers.items():
        assert compare(answer, getattr(model, name)(golden.rows)).outcome == IDENTICAL, name


# ---- what is kept -----------------------------------------------------------------------------


def test_made_up_rows_are_none_of_the_data_and_the_model_answers_them() -> None:
    model = LogisticRegression().fit(X, Y)
    (folder,) = folders()
    golden = golden_in(folder)
    assert golden.origin == "made up"
    assert golden.rows.shape == (16, 4)
    assert golden.rows.min(axis=0).tolist() == X.min(axis=0).tolist()
    assert golden.rows.max(axis=0).tolist() == X.max(axis=0).tolist()
    assert not {*map(tuple, golden.rows.tolist())} & {*map(tuple, X.tolist())}
    # Between the ends lies nothing that is there.
    assert np.isin(golden.rows, X).sum() == 2 * 4
    assert list(golden.answers) == ["predict", "predict_proba", "decision_function"]
    check_answers(model, golden)
    assert SKIPPED not in last().data.tags


def test_a_profile_of_the_data_and_the_predictions_is_kept() -> None:
    LogisticRegression().fit(X, Y)
    (folder,) = folders()
    assert PROFILE in names_in(folder)
    profile = Profile.from_json((folder / PROFILE).read_bytes())
    assert (profile.rows, len(profile.inputs), len(profile.outputs)) == (300, 4, 1)


def test_each_option_turns_off_its_file() -> None:
    found = []
    for golden, profile in ((True, False), (False, True), (False, False)):
        fitscribe.sklearn.autolog(silent=True, log_golden_rows=golden, log_model_profiles=profile)
        LogisticRegression().fit(X, Y)
        found.append(names_in(folders()[0]) & {GOLDEN, PROFILE})
        assert SKIPPED not in last().data.tags
    assert found == [{GOLDEN}, {PROFILE}, set()]


def frame() -> Any:
    found = pd.DataFrame({"a": X[:, 0], "b": np.float32(X[:, 1]), "n": RNG.integers(0, 9, 300)})
    found["text"] = pd.Series(WORDS, dtype=object)
    found["category"] = pd.Categorical(WORDS)
    found.loc[::7, "a"] = np.nan
    return found


def pipeline() -> Any:
    encoder = make_column_transformer(
        (OneHotEncoder(sparse_output=False), ["text", "category"]), remainder="passthrough"
    )
    return make_pipeline(encoder, HistGradientBoostingClassifier(max_iter=3))


def test_rows_of_a_pandas_frame_have_its_names_and_dtypes() -> None:
    model = pipeline().fit(frame(), Y)
    golden = golden_in(folders()[0])
    pd.testing.assert_series_equal(golden.rows.dtypes, frame().dtypes)
    assert golden.rows["a"].isna().sum() == 1
    assert set(golden.rows["text"]) == {"x", "y", "z"}
    check_answers(model, golden)


def test_rows_of_a_polars_frame_have_its_schema() -> None:
    data = pl.DataFrame({"a": X[:, 0], "text": WORDS, "category": WORDS}).cast(
        {"category": pl.Categorical}
    )
    model = pipeline().fit(data, Y)
    golden = golden_in(folders()[0])
    assert golden.rows.schema == data.schema
    check_answers(model, golden)


@pytest.mark.parametrize("kind", ["csr_matrix", "csc_array", "coo_array"])
def test_rows_of_sparse_data_are_sparse(kind: str) -> None:
    data = getattr(sparse, kind)(np.where(X > 0.5, X, 0))
    model = LogisticRegression().fit(data, Y)
    golden = golden_in(folders()[0])
    assert sparse.issparse(golden.rows)
    check_answers(model, golden)


@pytest.mark.parametrize("dtype", ["f4", "i4"])
def test_rows_have_the_dtype_of_the_array(dtype: str) -> None:
    LogisticRegression().fit((X * 10).astype(dtype), Y)
    assert golden_in(folders()[0]).rows.dtype == dtype


def test_answers_of_all_kinds_are_kept() -> None:
    model = MultiOutputClassifier(LogisticRegression()).fit(X, np.c_[Y, 1 - Y])
    golden = golden_in(folders()[0])
    assert len(golden.answers["predict_proba"]) == 2
    check_answers(model, golden)
    fitscribe.sklearn.autolog(silent=True, log_golden_rows=True, log_transformers=True)
    pca = PCA(2).set_output(transform="pandas").fit(frame()[["b", "n"]])
    golden = golden_in(folders()[0])
    assert golden.answers["transform"].columns.tolist() == ["pca0", "pca1"]
    check_answers(pca, golden)
    encoder = OneHotEncoder().fit(frame()[["text"]])
    golden = golden_in(folders()[0])
    assert sparse.issparse(golden.answers["transform"])
    check_answers(encoder, golden)
    labelled = LogisticRegression().fit(X, np.where(Y, "yes", "no"))
    check_answers(labelled, golden_in(folders()[0]))


def test_both_models_of_a_search_have_them() -> None:
    search = GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=2).fit(X, Y)
    for folder, model in zip(folders(), (search, search.best_estimator_), strict=True):
        check_answers(model, golden_in(folder))
        assert PROFILE in names_in(folder)


def test_rows_of_the_data_are_kept_only_when_asked() -> None:
    fitscribe.sklearn.autolog(silent=True, log_golden_rows=True, log_input_examples=True)
    LogisticRegression().fit(X, Y)
    golden = golden_in(folders()[0])
    assert golden.origin == "training data"
    np.testing.assert_array_equal(golden.rows, X[:5])


def test_texts_of_an_example_are_asked() -> None:
    fitscribe.sklearn.autolog(silent=True, log_golden_rows=True, log_input_examples=True)
    texts = [f"word{i} and {i % 7}" for i in range(300)]
    model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(texts, Y)
    golden = golden_in(folders()[0])
    assert golden.rows == texts[:5]
    check_answers(model, golden)


def test_an_encoder_of_whole_numbers_knows_them() -> None:
    fitscribe.sklearn.autolog(silent=True, log_golden_rows=True, log_transformers=True)
    OneHotEncoder().fit(np.arange(600).reshape(-1, 1) // 5)
    assert list(golden_in(folders()[0]).answers) == ["transform"]


# ---- where there are none ---------------------------------------------------------------------


def test_free_text_has_none_and_the_run_says_so() -> None:
    texts = [f"word{i} and {i % 7}" for i in range(300)]
    make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(texts, Y)
    assert GOLDEN not in names_in(folders()[0])
    assert last().data.tags[SKIPPED].startswith("no rows can be made up: X is no table of")
    assert "fitscribe.incomplete" not in last().data.tags


def test_a_rare_text_is_told_nowhere() -> None:
    data = frame()
    data.loc[0, "text"] = "secret"
    data["category"] = data["category"].cat.add_categories("hidden")
    data.loc[0, "category"] = "hidden"
    pipeline().fit(data, Y)
    (folder,) = folders()
    for name in (GOLDEN, PROFILE):
        content = (folder / name).read_bytes()
        assert b"secret" not in content
        assert b"hidden" not in content


class Rows(np.ndarray):
    """An array of a class of one's own."""


def test_data_that_cannot_be_kept_have_none_and_nothing_is_incomplete() -> None:
    fitscribe.sklearn.autolog(silent=True, log_golden_rows=True, log_input_examples=True)
    LogisticRegression().fit(X.view(Rows), Y)
    run = last()
    assert GOLDEN not in names_in(folders()[0])
    assert run.data.tags[SKIPPED].startswith("rows: InvalidParameter: Golden rows and their")
    assert "fitscribe.incomplete" not in run.data.tags


class Random(ClassifierMixin, BaseEstimator):
    """A classifier of one's own that draws, prints, and keeps what it was asked."""

    def fit(self, data: Any, labels: Any) -> Random:
        self.classes_ = np.unique(labels)
        self.asked_: list[Any] = []
        return self

    def predict(self, data: Any) -> Any:
        print("predicting")
        self.asked_.append(len(data))
        return self.classes_[np.zeros(len(data), int)]

    def predict_proba(self, data: Any) -> Any:
        chances = np.random.random(len(data))  # of the global generator, as users do
        return np.column_stack([chances, 1 - chances])


def test_random_answers_are_left_out() -> None:
    Random().fit(X, Y)
    golden = golden_in(folders()[0])
    assert list(golden.answers) == ["predict"]
    assert last().data.tags[SKIPPED] == "predict_proba: it draws random numbers"


class Odd(Ridge):
    """A regressor of one's own that answers with what others do not."""

    def predict(self, data: Any) -> Any:
        return pd.Series(super().predict(data))

    def transform(self, data: Any) -> Any:
        return {"not": "an array"}


def test_a_series_is_kept_as_numbers_and_other_answers_are_left_out() -> None:
    model = Odd().fit(X, X[:, 0])
    golden = golden_in(folders()[0])
    assert list(golden.answers) == ["predict"]
    check_answers(model, golden)
    assert last().data.tags[SKIPPED].startswith("transform: InvalidParameter")


def test_nobody_notices_that_a_model_was_asked() -> None:
    np.random.seed(0)
    with redirect_stdout(io.StringIO()) as printed:
        model = Random().fit(X, Y)
    assert printed.getvalue() == ""
    assert model.asked_ == []
    drawn = np.random.random()
    np.random.seed(0)
    assert drawn == np.random.random()


@pytest.mark.parametrize(
    "model", [RandomForestClassifier(3, random_state=0), Ridge(copy_X=False), LogisticRegression()]
)
def test_a_model_is_what_it_is_without(model: Any) -> None:
    fitscribe.sklearn.autolog(silent=True, log_golden_rows=False, log_model_profiles=False)
    without = pickle.dumps(model.fit(X.copy(), Y))
    fitscribe.sklearn.autolog(silent=True, log_golden_rows=True)
    assert pickle.dumps(model.fit(X.copy(), Y)) == without


def test_who_must_not_be_asked_is_not() -> None:
    asked: list[int] = []

    def count(data: Any) -> Any:
        asked.append(len(data))
        return data

    make_pipeline(FunctionTransformer(count), LogisticRegression()).fit(X, Y)
    assert asked == [300]
    assert GOLDEN not in names_in(folders()[0])
    assert "function of your own" in last().data.tags[SKIPPED]


class Strict(Ridge):
    """A regressor of one's own that takes the rows of its fit only."""

    def fit(self, data: Any, labels: Any) -> Strict:
        self.known_ = {*map(tuple, data.tolist())}
        return super().fit(data, labels)

    def predict(self, data: Any) -> Any:
        if not {*map(tuple, data.tolist())} <= self.known_:
            raise ValueError("I do not know these rows")
        return super().predict(data)


def test_a_model_that_refuses_made_up_rows_loses_them_only() -> None:
    Strict().fit(X, X[:, 0])
    run = last()
    assert names_in(folders()[0]) & {GOLDEN, PROFILE} == {PROFILE}
    assert run.data.tags[SKIPPED] == "predict: ValueError: I do not know these rows"
    assert "fitscribe.incomplete" not in run.data.tags
    assert "training_score" in run.data.metrics


def test_a_profile_that_fails_costs_itself_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: Any) -> Any:
        raise ArithmeticError("broken")

    monkeypatch.setattr("fitscribe.sklearn.golden.profile_of", fail)
    LogisticRegression().fit(X, Y)
    run = last()
    assert run.data.tags["fitscribe.incomplete"].startswith("profile the data: ArithmeticError")
    assert "model.pkl" in names_in(folders()[0])
    assert not names_in(folders()[0]) & {GOLDEN, PROFILE}


# ---- by hand ----------------------------------------------------------------------------------


@pytest.fixture
def model() -> Any:
    fitscribe.sklearn.autolog(disable=True)
    return LogisticRegression().fit(X, Y)


def test_save_model_keeps_given_rows(model: Any, tmp_path: Path) -> None:
    fitscribe.sklearn.save_model(model, tmp_path / "m", golden_rows=X[:3].tolist())
    golden = golden_in(tmp_path / "m")
    assert golden.origin == "given"
    np.testing.assert_array_equal(golden.rows, X[:3])
    check_answers(model, golden)
    assert PROFILE not in names_in(tmp_path / "m")


def test_an_input_example_is_asked_and_profiled(model: Any, tmp_path: Path) -> None:
    fitscribe.sklearn.save_model(model, tmp_path / "m", input_example=X[:40])
    golden = golden_in(tmp_path / "m")
    assert golden.origin == "training data"
    np.testing.assert_array_equal(golden.rows, X[:16])
    assert Profile.from_json((tmp_path / "m" / PROFILE).read_bytes()).rows == 40


def test_training_data_are_profiled_and_not_kept(model: Any, tmp_path: Path) -> None:
    fitscribe.sklearn.save_model(model, tmp_path / "m", training_data=X)
    golden = golden_in(tmp_path / "m")
    assert golden.origin == "made up"
    check_answers(model, golden)
    profile = Profile.from_json((tmp_path / "m" / PROFILE).read_bytes())
    assert (profile.rows, len(profile.outputs)) == (300, 1)


def test_without_data_there_are_none_and_false_takes_none(model: Any, tmp_path: Path) -> None:
    fitscribe.sklearn.save_model(model, tmp_path / "a")
    assert not names_in(tmp_path / "a") & {GOLDEN, PROFILE}
    fitscribe.sklearn.save_model(model, tmp_path / "b", training_data=X, golden_rows=False)
    assert names_in(tmp_path / "b") & {GOLDEN, PROFILE} == {PROFILE}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (X[:17], "Golden rows are 1 to 16; got 17"),
        (X[:2, :3], "cannot be asked about golden_rows: predict: ValueError: X has 3 features"),
        (X[:2].astype(complex), "arrays, sparse matrices and frames"),
        ("rows", "arrays, sparse matrices and frames"),
    ],
)
def test_rows_that_will_not_do_are_refused(
    model: Any, tmp_path: Path, rows: Any, message: str
) -> None:
    with pytest.raises(InvalidParameter, match=message):
        fitscribe.sklearn.save_model(model, tmp_path / "m", golden_rows=rows)
    with pytest.raises(InvalidParameter, match=message):
        fitscribe.sklearn.log_model(model, name="m", golden_rows=rows)
    assert not (tmp_path / "m").exists()
    assert fitscribe.search_logged_models(output_format="list") == []


def test_log_model_takes_the_same(model: Any) -> None:
    info = fitscribe.sklearn.log_model(model, name="m", golden_rows=X[:3], training_data=X)
    folder = folder_of_model(info.model_uri)
    assert golden_in(folder).rows.shape == (3, 4)
    assert PROFILE in names_in(folder)
