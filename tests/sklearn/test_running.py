"""What is seen while a fit runs disturbs nothing: warnings above all."""

from __future__ import annotations

import logging
import threading
import time
import warnings
from typing import Any

import numpy as np
import pytest
from recorded import only_run, read_json, runs
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.exceptions import ConvergenceWarning, FitFailedWarning
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import KFold, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

import fitscribe.sklearn

X = np.random.default_rng(0).normal(size=(60, 3))
y = (X[:, 0] > 0).astype(int)
# scikit-learn up to 1.6 with a newer scipy.
pytestmark = pytest.mark.filterwarnings("ignore:scipy.optimize:DeprecationWarning")


class Warner(BaseEstimator):
    """Warns as it is told to, or raises."""

    def __init__(self, texts: Any = ()) -> None:
        self.texts = texts

    def fit(self, X: Any, y: Any = None) -> Warner:
        for text in self.texts:
            if isinstance(text, Exception):
                raise text
            warnings.warn(text, UserWarning, stacklevel=2)
        return self


class Slow(TransformerMixin, BaseEstimator):
    """Takes 20 ms to fit."""

    def fit(self, X: Any, y: Any = None) -> Slow:
        time.sleep(0.02)
        return self

    def transform(self, X: Any) -> Any:
        return X


def told(run: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = read_json(run, "findings.json")["findings"]
    return found


def test_warnings_are_findings_and_a_tag(autologging: None) -> None:
    with pytest.warns(UserWarning, match="twice|once") as shown:
        Warner(["twice", "once", "twice"]).fit(X)
    assert [str(one.message) for one in shown] == ["twice", "once", "twice"]
    assert {one.filename for one in shown} == {__file__}
    run = only_run()
    assert [(one["kind"], one["text"], one["count"]) for one in told(run)] == [
        ("warning", "UserWarning: twice", 2),
        ("warning", "UserWarning: once", 1),
    ]
    assert run.data.tags["fitscribe.warnings"] == "UserWarning"
    assert run.data.tags["fitscribe.findings"] == "warning"
    assert fitscribe.search_runs(
        filter_string="tags.\"fitscribe.warnings\" LIKE '%UserWarning%'", output_format="list"
    )


def test_a_fit_that_fails_tells_what_it_warned_of(autologging: None) -> None:
    with pytest.warns(UserWarning, match="soon"), pytest.raises(ValueError, match="now"):
        Warner(["soon", ValueError("now")]).fit(X)
    assert told(only_run())[0]["text"] == "UserWarning: soon"
    assert only_run().data.tags["fitscribe.findings"] == "warning"


def test_only_warnings_of_the_fit_count(autologging: None) -> None:
    with pytest.warns(UserWarning, match="before"):
        warnings.warn("before", UserWarning, stacklevel=1)
    LinearRegression().fit(X, y)
    with pytest.warns(UserWarning, match="after"):
        warnings.warn("after", UserWarning, stacklevel=1)
    files = fitscribe.artifacts.list_artifacts(run_id=only_run().info.run_id)
    assert "findings.json" not in [entry.path for entry in files]


def test_what_the_fit_catches_is_of_no_concern(autologging: None) -> None:
    class Catching(Warner):
        def fit(self, X: Any, y: Any = None) -> Catching:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                super().fit(X)
            assert len(caught) == 1
            return self

    Catching(["caught"]).fit(X)
    assert "fitscribe.warnings" not in only_run().data.tags


def test_each_thread_has_its_own(autologging: None) -> None:
    names = ["thread 1", "thread 2", "thread 3"]
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        threads = [threading.Thread(target=Warner([name]).fit, args=(X,)) for name in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(str(one.message) for one in shown) == names
    assert sorted(told(run)[0]["text"] for run in runs()) == [
        f"UserWarning: {name}" for name in names
    ]


def test_what_is_shown_once_is_shown_once(autologging: None, recwarn: Any) -> None:
    warnings.simplefilter("default")
    for _ in range(3):
        Warner(["again"]).fit(X)
    assert [str(one.message) for one in recwarn] == ["again"]


def test_filters_and_registries_are_left_alone(autologging: None) -> None:
    seen: list[Any] = []

    class Looking(BaseEstimator):
        def fit(self, X: Any, y: Any = None) -> Looking:
            seen.append(list(warnings.filters))
            return self

    before = list(warnings.filters)
    Looking().fit(X)
    assert seen == [before]
    assert list(warnings.filters) == before


def test_a_function_of_the_users_is_called_as_ever(
    autologging: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[Any] = []
    monkeypatch.setattr(warnings, "showwarning", lambda *given, **named: shown.append(given))
    warnings.simplefilter("always")
    Warner(["to a function"]).fit(X)
    assert [str(given[0]) for given in shown] == ["to a function"]
    assert told(only_run())[0]["text"] == "UserWarning: to a function"


def test_logging_takes_warnings_as_ever(
    autologging: None, caplog: pytest.LogCaptureFixture
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        try:
            Warner(["to the log"]).fit(X)
        finally:
            logging.captureWarnings(False)
    assert "to the log" in caplog.text
    assert told(only_run())[0]["text"] == "UserWarning: to the log"


def test_everything_is_put_back(home: Any) -> None:
    shown: Any = vars(warnings)["_showwarnmsg"]
    message = vars(Pipeline)["_log_message"]
    for _ in range(2):
        fitscribe.sklearn.autolog(silent=True)
        fitscribe.sklearn.autolog(silent=True)
        assert vars(Pipeline)["_log_message"] is not message
        fitscribe.sklearn.autolog(disable=True)
        assert vars(warnings)["_showwarnmsg"] is shown
        assert vars(Pipeline)["_log_message"] is message


def test_a_muted_failure_to_converge_is_known_all_the_same(autologging: None) -> None:
    hard = X * [1, 1000, 1e6]
    with pytest.warns(ConvergenceWarning):
        LogisticRegression(max_iter=2).fit(hard, y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        make_pipeline(LogisticRegression(max_iter=2)).fit(hard, y)
    muted, shown = runs()
    assert [one["kind"] for run in (muted, shown) for one in told(run)] == ["not_converged"] * 2
    assert "logisticregression (LogisticRegression)" in told(muted)[0]["text"]
    assert "fitscribe.warnings" not in muted.data.tags
    assert shown.data.tags["fitscribe.warnings"] == "ConvergenceWarning"


def test_steps_of_a_pipeline_have_their_times(autologging: None) -> None:
    chain = Pipeline([("slow", Slow()), ("no", "passthrough"), ("line", LinearRegression())])
    chain.fit(X, y)
    run = only_run()
    times = read_json(run, "fitted_attributes.json")["time"]
    assert list(times["steps"]) == ["slow", "no", "line"]
    assert times["steps"]["slow"] >= 0.02
    assert times["fit"] >= sum(times["steps"].values())
    assert run.data.metrics["fit_time"] == times["fit"]


def test_a_pipeline_prints_what_it_printed(
    autologging: None, capsys: pytest.CaptureFixture[str]
) -> None:
    make_pipeline(StandardScaler(), LinearRegression(), verbose=True).fit(X, y)
    assert capsys.readouterr().out.count("[Pipeline]") == 2


def test_a_fold_that_fails_is_a_finding(autologging: None) -> None:
    class Choosy(LogisticRegression):
        def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
            if X[0, 0] == X_FIRST:
                raise ValueError("not these")
            return super().fit(X, y)

    X_FIRST = X[0, 0]
    splits = KFold(3, shuffle=True, random_state=0)
    with pytest.warns(FitFailedWarning):
        cross_val_score(Choosy(), X, y, cv=splits)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scores = cross_val_score(Choosy(), X, y, cv=splits)
    for run in runs():
        assert told(run)[0]["kind"] == "fit_failed"
        assert run.data.tags["fitscribe.findings"] == "fit_failed"
    assert told(runs()[0])[0]["count"] == np.isnan(scores).sum()


def test_a_cross_validation_without_a_seed(autologging: None) -> None:
    cross_val_score(LogisticRegression(), X, y, cv=KFold(3, shuffle=True))
    assert only_run().data.tags["fitscribe.findings"] == "unset_random_state"
