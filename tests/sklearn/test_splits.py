"""Splits that are remembered: which part of which data a model was trained on."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref

import numpy as np
import pandas as pd
import pytest
import sklearn.model_selection
from recorded import only_run, read_json
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

import fitscribe.sklearn

pytestmark = pytest.mark.usefixtures("autologging")

X, y = load_diabetes(return_X_y=True)


def splits():
    return read_json(only_run(), "provenance.json")["splits"]


def tag():
    return only_run().data.tags["fitscribe.split"]


def kinds():
    run = only_run()
    if "fitscribe.findings" not in run.data.tags:
        return []
    return [one["kind"] for one in read_json(run, "findings.json")["findings"]]


def test_the_run_tells_the_split_of_its_training_data():
    X_train, _, y_train, _ = train_test_split(X, y, test_size=0.25, random_state=2)
    Ridge().fit(X_train, y_train)

    (split,) = splits()
    assert split["call"] == "train_test_split(X, y, test_size=0.25, random_state=2)"
    assert split["params"] == {
        "test_size": 0.25,
        "train_size": None,
        "random_state": 2,
        "shuffle": True,
        "stratify": None,
    }
    assert (split["train_rows"], split["test_rows"], split["part"]) == (331, 111, "train")
    assert split["data"]["name"] == "X"
    assert split["data"]["rows"] == 442
    assert len(split["data"]["digest"]) == 16
    assert tag() == f"{split['call']}: train, 331 of 442 rows"
    assert kinds() == []


def test_a_part_of_a_part():
    X_rest, _, y_rest, _ = train_test_split(X, y, test_size=0.2, random_state=1)
    X_train, _, y_train, _ = train_test_split(X_rest, y_rest, train_size=200, random_state=1)
    Ridge().fit(X_train, y_train)

    first, second = splits()
    assert (first["data"]["name"], second["data"]["name"]) == ("X", "X_rest")
    assert (first["train_rows"], second["data"]["rows"], second["train_rows"]) == (353, 353, 200)
    assert tag().endswith("train, 200 of 353 rows, after 1 more")


def test_who_trains_on_the_test_part():
    _, X_test, _, y_test = train_test_split(X, y, random_state=1)
    Ridge().fit(X_test, y_test)

    assert splits()[0]["part"] == "test"


@pytest.mark.parametrize("what", ["scaled", "frame", "columns", "by its target"])
def test_what_is_made_of_a_part_is_that_part(what):
    data = pd.DataFrame(X) if what == "frame" else X
    X_train, _, y_train, _ = train_test_split(data, y, random_state=1)
    if what == "scaled":
        y_train = y_train.tolist()
        X_train = StandardScaler().fit(X_train).transform(X_train)
    elif what == "columns":
        X_train, y_train = X_train[:, :3], y_train.tolist()
    elif what == "by its target":
        X_train = X_train + 1
    Ridge().fit(X_train, y_train)

    assert splits()[0]["train_rows"] == 331


def test_stratified_without_a_seed():
    grades = y > 140
    X_train, _, y_train, _ = train_test_split(X, grades, stratify=grades)
    LinearRegression().fit(X_train, y_train)

    assert splits()[0]["params"]["stratify"] == "grades"
    assert kinds() == ["unset_random_state"]
    (told,) = read_json(only_run(), "findings.json")["findings"]
    assert told["text"].startswith("train_test_split: random_state is not set")


def test_a_split_in_order_needs_no_seed():
    X_train, _, y_train, _ = train_test_split(X, y, shuffle=False)
    LinearRegression().fit(X_train, y_train)

    assert splits()[0]["params"]["shuffle"] is False
    assert kinds() == []


def test_data_that_were_not_split_have_no_provenance():
    train_test_split(X, y)
    Ridge().fit(X, y)

    assert "fitscribe.split" not in only_run().data.tags
    assert kinds() == []


def test_nothing_of_the_data_is_kept_alive():
    data = X.copy()
    parts = train_test_split(data, y, random_state=0)
    scaler = StandardScaler()
    made = scaler.fit_transform(parts[0])
    model = Ridge().fit(made, parts[2])
    model.score(scaler.transform(parts[1]), parts[3])
    references = [weakref.ref(one) for one in (data, made, *parts)]
    only_run()
    del data, parts, made
    gc.collect()

    assert [reference() for reference in references] == [None] * len(references)


def test_a_split_gives_what_it_gives_without_us():
    state = np.random.RandomState(0)
    ours = train_test_split(X, y, random_state=state)
    after = state.randint(1000)
    fitscribe.sklearn.autolog(disable=True)
    state = np.random.RandomState(0)
    plain = train_test_split(X, y, random_state=state)

    assert all(np.array_equal(one, other) for one, other in zip(ours, plain, strict=True))
    assert after == state.randint(1000)
    assert pickle.loads(pickle.dumps(train_test_split)) is train_test_split
    assert sklearn.model_selection.train_test_split is train_test_split


def test_a_split_that_fails_is_as_without_us():
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        train_test_split(X, y[:5])


def test_a_scaler_is_as_without_us():
    scaler = StandardScaler().fit(X)
    again = copy.deepcopy(scaler)

    assert vars(scaler).keys() == vars(again).keys()
    assert np.array_equal(scaler.transform(X), again.transform(X))
    assert pickle.loads(pickle.dumps(scaler)).transform(X).shape == X.shape
