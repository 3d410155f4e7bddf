"""What a person wants to know of a fit is on its run, and is what scikit-learn says."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from recorded import only_run, read_json, runs
from sklearn import metrics as sk
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import calibration_curve
from sklearn.cluster import DBSCAN, FeatureAgglomeration, KMeans
from sklearn.compose import TransformedTargetRegressor
from sklearn.covariance import EllipticEnvelope
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    BaggingClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.feature_selection import SelectKBest, f_classif
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, LocalOutlierFactor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, OneClassSVM
from sklearn.tree import DecisionTreeRegressor

import fitscribe
from fitscribe.sklearn.clusters import silhouette
from fitscribe.sklearn.finding import as_file, as_tag, finding, read_file
from fitscribe.sklearn.members import even_rows

# scikit-learn up to 1.6 with a newer scipy.
pytestmark = pytest.mark.filterwarnings("ignore:scipy.optimize:DeprecationWarning")

FRAME = load_iris(as_frame=True).data
X, y = FRAME.to_numpy(), load_iris().target
COLUMNS = list(FRAME.columns)
FILE = "fitted_attributes.json"


def facts(run: Any = None) -> Any:
    run = only_run() if run is None else run
    assert "fitscribe.incomplete" not in run.data.tags
    return read_json(run, FILE)


def test_attributes_classes_and_coefficients(autologging: None) -> None:
    model = LogisticRegression(max_iter=500, C=2.0).fit(FRAME, y)
    run, told = only_run(), facts()
    (outermost,) = told["estimators"].values()
    assert outermost["class"] == "sklearn.linear_model._logistic.LogisticRegression"
    assert set(outermost["changed_params"]) == {"max_iter", "C"}
    assert set(run.data.tags["fitscribe.changed_params"].split(", ")) == {"max_iter", "C"}
    assert outermost["attributes"]["n_iter_"] == model.n_iter_.tolist()
    assert outermost["attributes"]["feature_names_in_"] == COLUMNS
    assert told["classes"]["labels"] == [0, 1, 2]
    assert told["classes"]["counts"] == [50, 50, 50]
    assert told["features"]["names"] == COLUMNS
    assert told["features"]["coefficients"] == model.coef_.tolist()
    assert told["features"]["intercept"] == model.intercept_.tolist()
    for key, value in {"n_iter": model.n_iter_[0], "n_features_in": 4, "n_classes": 3}.items():
        assert run.data.metrics[key] == value
    for key in ("fit_time", "predict_time"):
        assert run.data.metrics[key] > 0
    assert told["threads"]["n_jobs"] == 1
    assert fitscribe.search_runs(filter_string="metrics.n_iter > 1", output_format="list")


def test_names_come_through_a_pipeline(autologging: None) -> None:
    chain = make_pipeline(StandardScaler(), SelectKBest(f_classif, k=2), GaussianNB())
    chain.fit(FRAME, y)
    told = facts()
    assert list(told["estimators"]) == ["", "standardscaler", "selectkbest", "gaussiannb"]
    selection = told["selection"]["selectkbest"]
    assert selection["selected_positions"] == [2, 3]
    assert selection["dropped_positions"] == [0, 1]
    assert selection["scores"] == chain[1].scores_.tolist()
    assert only_run().data.metrics["features_selected"] == 2
    assert only_run().data.metrics["n_features_in"] == 4


def test_the_largest_coefficients_of_many(autologging: None) -> None:
    chance = np.random.default_rng(0)
    words = [f"w{number}" for number in range(400)]
    texts = [" ".join(chance.choice(words, 40)) for _ in range(60)]
    target = chance.normal(size=60)
    chain = make_pipeline(TfidfVectorizer(), Ridge()).fit(texts, target)
    told = facts()["features"]
    names = chain[0].get_feature_names_out()
    assert told["features"] == len(names) > 200
    largest = np.argsort(-np.abs(chain[1].coef_), kind="stable")[:200]
    assert told["names"] == names[largest].tolist()
    np.testing.assert_allclose(told["coefficients"][0], chain[1].coef_[largest])


def test_rows_of_the_data_are_not_kept(autologging: None) -> None:
    OneClassSVM().fit(X)
    told = facts()["estimators"][""]["attributes"]
    assert told["support_vectors_"]["shape"][1] == 4
    KMeans(3, random_state=0, n_init=1).fit(X)
    assert facts(runs()[0])["estimators"][""]["attributes"]["labels_"]["shape"] == [150]


def test_a_forest(autologging: None) -> None:
    model = RandomForestClassifier(30, random_state=0, oob_score=True).fit(FRAME, y)
    run, told = only_run(), facts()
    np.testing.assert_allclose(told["features"]["importances"], model.feature_importances_)
    spread = np.std([tree.feature_importances_ for tree in model.estimators_], axis=0)
    np.testing.assert_allclose(told["features"]["importances_std"], spread)
    depths = [tree.get_depth() for tree in model.estimators_]
    leaves = [tree.get_n_leaves() for tree in model.estimators_]
    assert told["trees"]["depth"]["max"] == max(depths)
    assert told["trees"]["leaves"]["mean"] == pytest.approx(np.mean(leaves))
    assert run.data.metrics["oob_score"] == model.oob_score_
    assert run.data.metrics["tree_depth"] == max(depths)
    members = told["members"]
    assert (members["asked"], members["of"]) == (20, 30)
    first = model.estimators_[0].predict(X)
    assert members["members"]["0"] == pytest.approx(np.mean(first == y))


@pytest.mark.parametrize(
    "model",
    [
        DecisionTreeRegressor(random_state=0),
        GradientBoostingClassifier(n_estimators=3, random_state=0),
        HistGradientBoostingRegressor(max_iter=3),
        ExtraTreesRegressor(3, random_state=0),
    ],
    ids=lambda model: type(model).__name__,
)
def test_trees(autologging: None, model: Any) -> None:
    model.fit(X, y)
    told = facts()
    assert told["trees"]["depth"]["max"] >= 1
    assert told["trees"]["leaves"]["max"] >= 2
    if hasattr(model, "feature_importances_"):
        np.testing.assert_allclose(told["features"]["importances"], model.feature_importances_)


@pytest.mark.parametrize("labels", [y, load_iris().target_names[y], y + 5])
def test_voters_beside_the_vote(autologging: None, labels: Any) -> None:
    voters = [("near", KNeighborsClassifier()), ("bayes", GaussianNB())]
    model = VotingClassifier(voters, weights=[1, 2]).fit(FRAME, labels)
    told = facts()["members"]
    near = voters[0][1].fit(FRAME, labels).predict(FRAME)
    bayes = voters[1][1].fit(FRAME, labels).predict(FRAME)
    assert told["members"]["near"] == pytest.approx(np.mean(near == labels))
    assert told["members"]["bayes"] == pytest.approx(np.mean(bayes == labels))
    assert told["ensemble"] == pytest.approx(model.score(FRAME, labels))
    assert told["agreement"][0][1] == pytest.approx(np.mean(near == bayes))
    assert told["weights"] == [1.0, 2.0]
    run = next(run for run in runs() if run.data.tags["estimator_name"] == "VotingClassifier")
    assert run.data.metrics["members_agreement"] == pytest.approx(np.mean(near == bayes))


def test_a_stack_in_a_pipeline(autologging: None) -> None:
    parts = [("line", LinearRegression()), ("ridge", Ridge(10.0))]
    chain = make_pipeline(StandardScaler(), StackingRegressor(parts, Ridge(), cv=3))
    chain.fit(X, y)
    told = facts()["members"]
    stack, seen = chain[-1], chain[0].transform(X)
    for name in ("line", "ridge"):
        member = stack.named_estimators_[name]
        assert told["members"][name] == pytest.approx(sk.r2_score(y, member.predict(seen)))
    assert told["ensemble"] == pytest.approx(chain.score(X, y))
    assert told["weights"][0] == pytest.approx(stack.final_estimator_.coef_)
    assert len(told["weights_of"]) == 2


def test_bagging_of_some_features_and_classes(autologging: None) -> None:
    labels = np.array(["a", "b", "c"])[y]
    model = BaggingClassifier(
        GaussianNB(), 5, max_features=2, max_samples=0.1, random_state=0
    ).fit(FRAME, labels)
    told = facts()["members"]["members"]
    assert len(told) == 5
    for at, member in enumerate(model.estimators_):
        codes = member.predict(X[:, model.estimators_features_[at]]).astype(int)
        assert told[str(at)] == pytest.approx(np.mean(model.classes_[codes] == labels))


def test_members_are_asked_about_some_rows(autologging: None) -> None:
    many = np.random.default_rng(0).normal(size=(3000, 2))
    VotingRegressor([("a", Ridge()), ("b", LinearRegression())]).fit(many, many[:, 0])
    told = facts()["members"]
    assert (told["rows"], told["sampled_from"]) == (1000, 3000)
    assert len(set(even_rows(3000, 1000).tolist())) == 1000


def test_what_is_left_out_is_said(autologging: None) -> None:
    class Own(ClassifierMixin, BaseEstimator):
        def fit(self, X: Any, y: Any) -> Own:
            self.classes_ = np.unique(y)
            self.calls = 0
            return self

        def predict(self, X: Any) -> Any:
            self.calls += 1
            return np.repeat(self.classes_[:1], len(X))

    model = VotingClassifier([("own", Own()), ("bayes", GaussianNB())]).fit(X, y)
    assert model.estimators_[0].calls == 0
    told = facts()
    assert "members" not in told
    assert told["left_out"] == ["members: code of your own is not called once more"]
    assert only_run().data.tags["fitscribe.left_out"] == told["left_out"][0]


def test_a_transformed_target_has_no_members_to_compare(autologging: None) -> None:
    inner = VotingRegressor([("a", Ridge()), ("b", LinearRegression())])
    TransformedTargetRegressor(inner, func=np.log1p, inverse_func=np.expm1).fit(X, y)
    assert "members" in facts()["left_out"][0]


def test_clusters(autologging: None) -> None:
    model = KMeans(3, random_state=0, n_init=1).fit(FRAME)
    run, told = only_run(), facts()["clusters"]
    assert sorted(told["sizes"]) == sorted(np.bincount(model.labels_).tolist())
    expected = sk.silhouette_score(X, model.labels_)
    assert run.data.metrics["training_silhouette_score"] == pytest.approx(expected)
    assert run.data.metrics["inertia"] == model.inertia_
    assert told["silhouette"]["rows"] == 150


def test_clusters_of_noise_and_of_other_distances(autologging: None) -> None:
    model = DBSCAN(eps=0.5).fit(X)
    kept = model.labels_ >= 0
    run = runs()[0]
    expected = sk.silhouette_score(X[kept], model.labels_[kept])
    assert run.data.metrics["training_silhouette_score"] == pytest.approx(expected)
    assert run.data.metrics["noise_rows"] == np.sum(~kept)
    DBSCAN(eps=0.01, metric="cosine").fit(X)
    assert "training_silhouette_score" not in runs()[0].data.metrics
    assert "silhouette" in runs()[0].data.tags["fitscribe.left_out"]
    FeatureAgglomeration(2).fit(X)
    assert "clusters" not in facts(runs()[0])


@pytest.mark.parametrize("seed", range(5))
def test_the_silhouette_is_scikit_learns(seed: int) -> None:
    chance = np.random.default_rng(seed)
    rows = chance.normal(size=(80, 3))
    labels = chance.integers(0, 2 + seed, 80)
    labels[0] = 99  # alone
    expected = sk.silhouette_score(rows, labels)
    assert silhouette(rows, labels) == pytest.approx(expected)
    # Where scikit-learn's distances have lost their last digits, ours have not.
    assert silhouette(rows + 1e6, labels) == pytest.approx(expected)
    assert silhouette(rows, np.zeros(80, int)) is None
    assert silhouette(rows[:3], np.arange(3)) is None


@pytest.mark.parametrize(
    "model",
    [
        IsolationForest(n_estimators=10, random_state=0),
        OneClassSVM(),
        EllipticEnvelope(random_state=0),
        make_pipeline(StandardScaler(), IsolationForest(n_estimators=10, random_state=0)),
    ],
    ids=lambda model: type(model).__name__,
)
def test_detectors(autologging: None, model: Any) -> None:
    model.fit(X)
    told = facts()["outliers"]
    scores = model.score_samples(X)
    assert told["mean"] == pytest.approx(scores.mean())
    assert told["quantiles"]["0"] == pytest.approx(scores.min())
    assert sum(told["histogram"]["counts"]) == 150
    share = np.mean(model.predict(X) < 0)
    assert only_run().data.metrics["training_outlier_share"] == pytest.approx(share, abs=0.02)


def test_a_detector_that_cannot_be_asked_left_its_scores(autologging: None) -> None:
    model = LocalOutlierFactor().fit(X)
    expected = model.negative_outlier_factor_.mean()
    assert facts()["outliers"]["mean"] == pytest.approx(expected)


def test_a_decomposition(autologging: None) -> None:
    model = PCA(2).fit(X)
    told = facts()["estimators"][""]["attributes"]
    assert told["explained_variance_ratio_"] == model.explained_variance_ratio_.tolist()
    total = model.explained_variance_ratio_.sum()
    assert only_run().data.metrics["explained_variance_ratio"] == pytest.approx(total)


def test_calibration(autologging: None) -> None:
    target = (y > 0).astype(int)
    model = GaussianNB().fit(X[:, :2], target)
    told = read_json(only_run(), "training_calibration.json")
    chances = model.predict_proba(X[:, :2])[:, 1]
    observed, predicted = calibration_curve(target, chances, n_bins=10)
    np.testing.assert_allclose([one["observed"] for one in told["bins"]], observed, atol=1e-6)
    np.testing.assert_allclose([one["predicted"] for one in told["bins"]], predicted, atol=1e-6)
    assert sum(one["rows"] for one in told["bins"]) == 150


def test_the_best_candidate_is_looked_at(autologging: None) -> None:
    search = GridSearchCV(make_pipeline(StandardScaler(), Ridge()), {"ridge__alpha": [1, 2]})
    search.fit(FRAME, y)
    run = next(run for run in runs() if run.data.tags.get("estimator_name") == "GridSearchCV")
    told = facts(run)
    assert told["features"]["names"] == COLUMNS
    assert told["estimators"]["best_estimator___ridge"]["class"].endswith("Ridge")
    assert told["estimators"][""]["attributes"]["best_params_"] == search.best_params_
    assert run.data.metrics["refit_time"] == search.refit_time_


@pytest.mark.parametrize(
    "data", [X.tolist(), sp.csr_matrix(X), sp.coo_matrix(X), FRAME, np.asfortranarray(X)]
)
@pytest.mark.parametrize(
    "model",
    [
        RandomForestClassifier(3, random_state=0),
        BaggingClassifier(KNeighborsClassifier(), 3, random_state=0),
        VotingClassifier([("a", SVC(kernel="linear")), ("b", KNeighborsClassifier())]),
        KMeans(2, random_state=0, n_init=1),
        IsolationForest(n_estimators=3, random_state=0),
    ],
    ids=lambda model: type(model).__name__,
)
def test_any_kind_of_data(autologging: None, model: Any, data: Any) -> None:
    model.fit(data, y)
    facts()


def test_several_outputs_missing_values_and_categories(autologging: None) -> None:
    both = np.column_stack([y, y[::-1]])
    RandomForestClassifier(3, random_state=0).fit(X, both)
    assert "members" in facts()["left_out"][0]
    holes = X.copy()
    holes[::7] = np.nan
    RandomForestClassifier(3, random_state=0).fit(holes, y)
    assert facts(runs()[0])["members"]["members"]
    frame = pd.DataFrame({"x": X[:, 0], "c": pd.Categorical(y)})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        HistGradientBoostingRegressor(max_iter=2, categorical_features=[1]).fit(frame, X[:, 1])
    assert facts(runs()[0])["trees"]["trees"] == 2


def test_data_that_the_fit_overwrote_are_not_looked_at(autologging: None) -> None:
    chain = make_pipeline(StandardScaler(copy=False), KMeans(2, random_state=0, n_init=1))
    chain.fit(X.copy())
    assert "training_silhouette_score" not in only_run().data.metrics
    assert "overwrote" in only_run().data.tags["fitscribe.left_out"]


def test_equal_fits_have_equal_keys(autologging: None) -> None:
    for _ in range(2):
        RandomForestClassifier(3).fit(X, y)
    first, second = runs()
    assert set(first.data.metrics) == set(second.data.metrics)
    assert set(first.data.tags) == set(second.data.tags)


def test_findings_can_be_added_to_a_file() -> None:
    first = finding("duplicate_rows", "3 rows are in both", rows=3)
    again = read_file(as_file([first]))
    assert list(again) == [first]
    assert as_tag([first, finding("b", ""), first]) == "b, duplicate_rows"
