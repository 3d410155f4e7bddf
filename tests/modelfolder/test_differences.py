"""What differs between two models."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.compose import ColumnTransformer
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import Lars, Lasso, LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, OneHotEncoder, StandardScaler

from fitscribe.errors import InvalidParameter
from fitscribe.modelfolder.contents import ModelContents
from fitscribe.modelfolder.differences import ModelDifference, Side, compare
from fitscribe.modelfolder.differences.answers import answer_difference
from fitscribe.modelfolder.differences.fitted import array_change
from fitscribe.modelfolder.differences.parts import defaults_of
from fitscribe.modelfolder.golden import Golden
from fitscribe.modelfolder.infer import infer_signature
from fitscribe.modelfolder.look import look_at
from fitscribe.modelfolder.read import load
from fitscribe.modelfolder.seal import SEAL
from fitscribe.modelfolder.symbols import read_part
from fitscribe.modelfolder.trust.opcodes import parse
from fitscribe.modelfolder.write import build, save
from fitscribe.tracking.model_folders import diff

FRAME = pd.DataFrame({"age": [1.0, 2.0, 4.0, 3.0], "size": [5.0, 1.0, 2.0, 2.0]})
Y = [0, 1, 1, 0]


def saved(path: Path, model: Any, **options: Any) -> Path:
    save(build(model, **options), path)
    return path


def side(path: Path, model: Any, **options: Any) -> Side:
    folder = saved(path, model, **options)
    return Side(path.name, look_at(folder), load(folder))


@pytest.fixture
def between(tmp_path: Path) -> Any:
    """Return what compares two models that are written and read back."""

    def compared(one: Any, other: Any, rows: Any = ()) -> ModelDifference:
        given = [("", held) for held in rows]
        return compare(side(tmp_path / "one", one), side(tmp_path / "other", other), given)

    return compared


def told(changes: Any) -> list[str]:
    return [str(change) for change in changes]


def test_equal_models_differ_in_nothing(between: Any) -> None:
    found = between(Ridge().fit(FRAME, Y), Ridge().fit(FRAME, Y), [FRAME])
    assert found.is_empty
    assert "Nothing differs" in str(found)
    assert "Nothing differs" in found._repr_html_()


def test_steps_come_go_move_and_change_class(between: Any) -> None:
    one = Pipeline([("a", StandardScaler()), ("b", MinMaxScaler()), ("m", Ridge(alpha=2.0))])
    other = Pipeline(
        [
            ("b", MinMaxScaler()),
            ("a", StandardScaler()),
            ("new", FunctionTransformer()),
            ("m", Lasso()),
        ]
    )
    found = between(one.fit(FRAME, Y), other.fit(FRAME, Y))
    assert told(found.classes) == [
        "~ m: sklearn.linear_model._ridge.Ridge → sklearn.linear_model._coordinate_descent.Lasso",
        "+ new: sklearn.preprocessing._function_transformer.FunctionTransformer",
        "~ model: a, b, m → b, a, m (order)",
    ]
    # Of what has another class, only what was set.
    assert "- m.alpha: 2.0" in told(found.params)
    assert not any("m.max_iter" in text for text in told(found.params))


def test_params_that_are_no_defaults_come_first(between: Any) -> None:
    one = make_pipeline(StandardScaler(with_mean=False), Ridge(alpha=2.0, tol=0.5))
    other = make_pipeline(StandardScaler(), Ridge(alpha=3.0, tol=0.5))
    found = between(one.fit(FRAME, Y), other.fit(FRAME, Y))
    assert told(found.params) == [
        "~ ridge.alpha: 2.0 → 3.0",
        "~ standardscaler.with_mean: False → True (the default after)",
    ]


def test_defaults_have_the_form_that_params_have() -> None:
    # np.float64, a tuple, and a class by its name.
    for cls, name, value in (
        (Lars, "eps", float(np.finfo(float).eps)),
        (CountVectorizer, "ngram_range", [1, 1]),
        (CountVectorizer, "dtype", "numpy.int64"),
    ):
        found = defaults_of(f"{cls.__module__}.{cls.__qualname__}")
        assert repr(found[name]) == repr(value)
        part = read_part(parse(pickle.dumps(cls())))
        assert part is not None
        assert repr(part.params[name]) == repr(value)
    assert defaults_of("no.such.Class") == {}


def test_the_largest_change_of_a_coefficient_names_its_feature(between: Any) -> None:
    one = LinearRegression().fit(FRAME, [0.0, 1.0, 2.0, 3.0])
    other = LinearRegression().fit(FRAME, [0.0, 1.0, 2.0, 3.0])
    other.coef_[1] += 5
    other.coef_[0] += 1
    (change,) = between(one, other).fitted
    expected = f"2 of 2 differ, most size: {one.coef_[1]:.6g} → {other.coef_[1]:.6g}"
    assert (change.path, change.note) == ("coef_", expected)


def test_features_that_come_and_go_are_compared_by_name(between: Any) -> None:
    wide = FRAME.assign(height=[1.0, 0.0, 1.0, 2.0])[["height", "age", "size"]]
    one = LinearRegression().fit(FRAME, Y)
    other = LinearRegression().fit(wide.rename(columns={"size": "mass"}), Y)
    found = {change.path: change for change in between(one, other).fitted}
    note = found["coef_"].note
    assert note.startswith("1 of 1 differ, most age: ")
    assert "without: size; new: height, mass" in note
    assert found["n_features_in_"].before == 2
    assert found["feature_names_in_"].note == "without 'size', new 'height', 'mass'"


def test_trees_importances_and_classes(between: Any) -> None:
    one = RandomForestClassifier(3, random_state=0).fit(FRAME, Y)
    other = RandomForestClassifier(5, random_state=1).fit(FRAME, ["a", "b", "b", "c"])
    found = {change.path: change for change in between(one, other).fitted}
    assert (found["estimators_"].before, found["estimators_"].after) == ("list of 3", "list of 5")
    assert found["n_classes_"].after == 3
    assert "classes_" in found
    one_most, other_most = one.feature_importances_, other.feature_importances_
    place = int(np.argmax(np.abs(other_most - one_most)))
    assert f"most {FRAME.columns[place]}: {one_most[place]:.6g}" in (
        found["feature_importances_"].note
    )


def test_features_of_a_last_step_have_the_names_it_gets(between: Any) -> None:
    def model(words: list[str]) -> Any:
        frame = pd.DataFrame({"word": words, "age": [1.0, 2.0, 3.0, 5.0]})
        columns = ColumnTransformer(
            [("cat", OneHotEncoder(), ["word"]), ("num", StandardScaler(), ["age"])]
        )
        return make_pipeline(columns, LogisticRegression()).fit(frame, Y)

    found = {c.path: c for c in between(model(["x", "y", "y", "x"]), model(list("xyzx"))).fitted}
    categories = found["columntransformer.transformers_.cat.categories_"]
    assert categories.note == "[0]: new 'z'"
    assert "new: cat__word_z" in found["logisticregression.coef_"].note


def test_a_search_and_its_best(between: Any) -> None:
    one = GridSearchCV(Ridge(), {"alpha": [0.1, 1.0]}, cv=2).fit(FRAME, Y)
    other = GridSearchCV(Ridge(), {"alpha": [0.1, 10.0]}, cv=2).fit(FRAME, Y)
    found = between(one, other)
    assert told(found.params)[0] == "~ param_grid: {'alpha': [0.1, 1.0]} → {'alpha': [0.1, 10.0]}"
    assert any(change.path == "best_estimator_.coef_" for change in found.fitted)


def test_columns_are_added_removed_and_retyped(tmp_path: Path) -> None:
    model = Ridge().fit(FRAME, Y)
    one = FRAME.assign(old=["x"] * 4)
    other = FRAME.assign(new=True).astype({"age": "int64"})
    sides = [
        side(tmp_path / name, model, signature=infer_signature(frame, np.array([0.5])))
        for name, frame in (("one", one), ("other", other))
    ]
    found = compare(*sides)
    assert told(found.signature) == [
        "~ inputs.age: double → long",
        "- inputs.old: string",
        "+ inputs.new: boolean",
    ]
    bare = side(tmp_path / "bare", model)
    assert told(compare(sides[0], bare).signature) == ["- signature (the other has none)"]


def test_versions_and_packages_differ(tmp_path: Path) -> None:
    model = Ridge().fit(FRAME, Y)
    one = side(tmp_path / "one", model, pip_requirements=["scikit-learn==1.5.0", "a[x]==1"])
    other = side(
        tmp_path / "other", model, pip_requirements=["scikit-learn==1.6.0", "-i http://x"]
    )
    assert told(compare(one, other).environment) == [
        "~ scikit-learn: 1.5.0 → 1.6.0",
        "- a: [x]==1",
        "+ -i http://x: as it stands",
    ]


# Models that are not loaded


def test_of_a_strangers_code_the_symbols_are_compared(tmp_path: Path) -> None:
    one = saved(tmp_path / "one", make_pipeline(StandardScaler(), Ridge()).fit(FRAME, Y))
    model = make_pipeline(StandardScaler(), FunctionTransformer(lambda x: x), Ridge(alpha=4.0))
    other = saved(tmp_path / "other", model.fit(FRAME, Y))
    (other / SEAL).unlink()
    found = diff(one, other, rows=[FRAME])
    assert list(found.not_loaded) == [str(other)]
    assert "code itself" in found.not_loaded[str(other)]
    assert "+ functiontransformer" in str(found)
    assert "~ ridge.alpha: 1.0 → 4.0 (the default before)" in told(found.params)
    assert any(change.path == "ridge.coef_" for change in found.fitted)
    assert found.answers == ()
    trusted = diff(one, other, "code", rows=[FRAME])
    assert trusted.not_loaded == {}
    assert trusted.answers[0].rows == 4
    with pytest.raises(InvalidParameter, match="trust"):
        diff(one, other, trust="everything")


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    one = saved(tmp_path / "one", Ridge().fit(FRAME, Y))
    other = saved(tmp_path / "other", Ridge().fit(FRAME, Y))
    for name in ("manifest.json", SEAL):
        (other / name).unlink()
    (other / "model.pkl").write_bytes(b"\x80\x05no pickle")
    found = diff(one, other)
    assert found.not_told == (str(other),)
    assert "damaged" in found.not_loaded[str(other)]
    assert not found.classes
    assert "Nothing can be told" in str(found)


def test_what_a_stranger_wrote_is_escaped(between: Any) -> None:
    evil = "<script>alert(1)</script>"
    one, other = Ridge(), Ridge(solver=evil)
    other.learned_ = evil
    one.learned_ = "x"
    found = between(one, other)
    html = found._repr_html_()
    assert evil not in html
    assert "&lt;script&gt;" in html
    assert json.loads(json.dumps(found.to_dict()))["params"][0]["after"] == evil
    unread = ModelContents("path", "own", False, None, "pickle")
    named = compare(Side(evil, unread, None, evil), Side("b", unread))
    assert evil not in named._repr_html_()


# Answers


def test_both_models_are_asked_the_golden_rows_of_each(tmp_path: Path) -> None:
    golden = Golden("given", FRAME, {}).to_bytes()
    one = saved(tmp_path / "one", Ridge().fit(FRAME, Y), golden=golden)
    other = saved(tmp_path / "other", Ridge(alpha=9.0).fit(FRAME, Y))
    (answers,) = diff(one, other).answers
    assert (answers.rows, answers.differing) == (4, 4)
    assert str(answers).startswith(f"predict on the 4 golden rows of {one}: 4 answers differ")
    assert answers.to_dict()["golden_of"] == str(one)
    assert diff(other, one).answers[0].differing == 4
    assert diff(one, one).is_empty
    assert len(diff(one, one).answers) == 2
    assert diff(one, other, rows=[]).answers == ()


def test_labels_that_differ_are_counted() -> None:
    one = DummyClassifier(strategy="constant", constant="a").fit(FRAME, ["a", "b", "b", "a"])
    other = LogisticRegression().fit(FRAME, ["a", "b", "b", "a"])
    expected = int((other.predict(FRAME) != "a").sum())
    found = answer_difference(one, other, FRAME)
    assert (found.rows, found.differing, found.largest) == (4, expected, None)
    assert found.at == int(np.argmax(other.predict(FRAME) != "a"))


def test_numbers_that_differ_by_rounding_are_the_same() -> None:
    one = LinearRegression().fit(FRAME, [0.0, 1.0, 2.0, 3.0])
    other = LinearRegression().fit(FRAME, [0.0, 1.0, 2.0, 3.0])
    other.intercept_ += 1e-13
    assert answer_difference(one, other, FRAME).differing == 0
    other.intercept_ += 0.5
    found = answer_difference(one, other, FRAME)
    assert found.differing == 4
    assert found.largest == pytest.approx(0.5)


def test_what_cannot_be_asked_or_compared_is_said() -> None:
    model = Ridge().fit(FRAME, Y)
    found = answer_difference(model, Ridge(), FRAME)
    assert found.differing is None
    assert "NotFittedError" in found.problem
    two = Ridge().fit(FRAME, [[0, 1], [1, 2], [2, 3], [3, 1]])
    assert "shapes" in answer_difference(model, two, FRAME).problem
    assert "no method" in answer_difference(object(), model, FRAME).problem
    scaler = StandardScaler().fit(FRAME)
    assert answer_difference(scaler, MinMaxScaler().fit(FRAME), FRAME).method == "transform"


NUMBERS = st.floats(allow_nan=True, allow_infinity=True)


@given(hnp.arrays(float, (3, 2), elements=NUMBERS), st.integers(0, 5))
def test_one_changed_number_is_found(array: np.ndarray[Any, Any], place: int) -> None:
    assert array_change("a", array, array.copy(), "xy", "xy") is None
    other = array.copy()
    other.flat[place] = 7.0 if array.flat[place] != 7.0 else 8.0
    change = array_change("a", array, other, "xy", "xy")
    assert change is not None
    assert change.note.startswith(f"1 of 6 differ, most {'xy'[place % 2]}")
