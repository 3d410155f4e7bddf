"""An Optuna study is recorded as a search, through a callback."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import textwrap
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import optuna
import pytest
from recorded import read_json, runs
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.naive_bayes import GaussianNB

import fitscribe
import fitscribe.sklearn
from fitscribe.cli.follow import progress_line, progress_of
from fitscribe.errors import InvalidParameter
from fitscribe.sklearn import OptunaCallback
from fitscribe.sklearn.attempt import FitscribeWarning

Run = Callable[..., subprocess.CompletedProcess[str]]

X, y = load_iris(return_X_y=True)


@pytest.fixture(autouse=True)
def _quiet(home: Path) -> Iterator[None]:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    yield
    fitscribe.sklearn.autolog(disable=True)


def parabola(trial: Any) -> float:
    x = trial.suggest_float("x", -10, 10)
    return float((x - 2) ** 2)


def a_study(**given: Any) -> Any:
    return optuna.create_study(
        study_name="curve", sampler=optuna.samplers.RandomSampler(seed=0), **given
    )


def optimized(objective: Any = parabola, n_trials: int = 4, **given: Any) -> Any:
    study = a_study()
    callback = OptunaCallback()
    study.optimize(objective, n_trials=n_trials, callbacks=[callback], **given)
    return study


def told() -> tuple[Any, list[Any]]:
    """Return the run of the study, and those of its trials in order."""
    everything = runs()
    (study,) = [run for run in everything if "fitscribe.study" in run.data.tags]
    trials = [run for run in everything if run.info.run_name.startswith("trial ")]
    assert {run.data.tags["mlflow.parentRunId"] for run in trials} <= {study.info.run_id}
    return study, sorted(trials, key=lambda run: int(run.data.tags["number"]))


def table(run: Any) -> list[dict[str, str]]:
    text = fitscribe.artifacts.load_text(f"runs:/{run.info.run_id}/trials.csv")
    return list(csv.DictReader(io.StringIO(text)))


def history(run: Any, key: str) -> list[tuple[int, float]]:
    found = fitscribe.Client().get_metric_history(run.info.run_id, key)
    return sorted((one.step, one.value) for one in found)


def test_a_study_is_one_run_and_each_trial_a_run_below_it() -> None:
    study = optimized()
    run, trials = told()
    assert run.info.status == "FINISHED"
    assert run.info.run_name.startswith("Study curve · ")
    assert run.data.tags["fitscribe.study"] == "curve"
    assert run.data.tags["fitscribe.study.sampler"] == "RandomSampler"
    assert run.data.tags["direction"] == "MINIMIZE"
    assert run.data.params == {"best_x": str(study.best_params["x"])}
    assert run.data.metrics["best_value"] == study.best_value
    assert run.data.tags["fitscribe.study.best_trial"] == str(study.best_trial.number)
    assert run.data.metrics["trials_completed"] == 4
    assert history(run, "value") == [(one.number, one.value) for one in study.trials]
    assert "fitscribe.incomplete" not in run.data.tags

    assert [one.data.metrics["value"] for one in trials] == [one.value for one in study.trials]
    assert [one.data.params["x"] for one in trials] == [str(t.params["x"]) for t in study.trials]
    assert {one.info.status for one in trials} == {"FINISHED"}
    assert trials[0].data.tags["state"] == "COMPLETE"
    assert trials[0].data.tags["x_distribution"].startswith("FloatDistribution(")
    assert all(one.info.end_time >= one.info.start_time for one in trials)


def test_trials_csv_is_like_optunas_own_table() -> None:
    study = optimized()
    run, trials = told()
    rows = table(run)
    frame = study.trials_dataframe()
    assert set(frame.columns) <= rows[0].keys()
    assert [float(row["value"]) for row in rows] == frame["value"].tolist()
    assert [float(row["params_x"]) for row in rows] == frame["params_x"].tolist()
    assert [row["run_id"] for row in rows] == [one.info.run_id for one in trials]


def test_failed_and_pruned_trials_are_told_and_counted() -> None:
    def objective(trial: Any) -> float:
        trial.suggest_float("x", -10, 10)
        trial.set_user_attr("who", "me")
        for step in range(2):
            trial.report(step / 2, step)
        if trial.number == 1:
            raise optuna.TrialPruned()
        if trial.number == 2:
            raise ValueError("nothing comes of it")
        return 1.0

    optimized(objective, catch=(ValueError,))
    run, trials = told()
    assert run.info.status == "FINISHED"
    counts = [run.data.metrics[f"trials_{end}"] for end in ("completed", "pruned", "failed")]
    assert counts == [2, 1, 1]
    assert [one.data.tags["state"] for one in trials] == ["COMPLETE", "PRUNED", "FAIL", "COMPLETE"]
    assert [one.info.status for one in trials] == ["FINISHED", "FINISHED", "FAILED", "FINISHED"]
    assert trials[2].data.tags["fitscribe.error.message"] == "nothing comes of it"
    assert "fitscribe.error.type" not in trials[1].data.tags
    assert "value" not in trials[2].data.metrics
    assert history(trials[1], "intermediate_value") == [(0, 0.0), (1, 0.5)]
    assert trials[0].data.tags["who"] == "me"
    assert table(run)[0]["user_attrs_who"] == "me"
    assert history(run, "best_value") == [(0, 1.0)]


def test_several_values_have_a_name_each_and_no_single_best() -> None:
    study = optuna.create_study(directions=["minimize", "maximize"])
    callback = OptunaCallback(metric_name=["cost", "gain"])

    def objective(trial: Any) -> tuple[float, float]:
        x = trial.suggest_float("x", 0, 1)
        return x, x

    study.optimize(objective, n_trials=3, callbacks=[callback])
    run, trials = told()
    assert run.data.tags["direction"] == "MINIMIZE, MAXIMIZE"
    assert run.data.tags["fitscribe.study.best_trials"] == "0, 1, 2"
    assert run.data.params == {}
    assert trials[0].data.metrics["cost"] == trials[0].data.metrics["gain"]
    assert len(history(run, "gain")) == 3
    assert read_json(run, "progress.json")["best"] is None
    assert {"cost", "gain"} <= table(run)[0].keys()


def test_one_name_is_numbered_for_several_values_and_a_wrong_count_is_told() -> None:
    for name in ("loss", ["one name"]):
        study = optuna.create_study(directions=["minimize", "minimize"])
        callback = OptunaCallback(metric_name=name)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", FitscribeWarning)
            study.optimize(lambda trial: (1.0, 2.0), n_trials=1, callbacks=[callback])
        assert [one.category for one in caught] == [FitscribeWarning] * (name != "loss")
    unnamed, numbered = [run for run in runs() if run.info.run_name == "trial 0"]
    assert numbered.data.metrics == {"loss_0": 1.0, "loss_1": 2.0}
    assert unnamed.data.metrics == {"value_0": 1.0, "value_1": 2.0}


# ---- while it runs ----------------------------------------------------------------------------


def test_progress_is_told_while_it_runs() -> None:
    seen: list[Any] = []

    def objective(trial: Any) -> float:
        if trial.number == 2:
            run, _ = told()
            assert run.info.status == "RUNNING"
            for _ in range(200):
                found = progress_of(run)
                if found is not None and found["done"] == 2:
                    seen.append(found)
                    break
                time.sleep(0.05)
        return parabola(trial)

    study = optimized(objective, n_trials=5)
    (found,) = seen
    assert (found["done"], found["total"], found["failed"]) == (2, 5, 0)
    assert found["best"]["score"] == min(one.value for one in study.trials[:2])
    assert found["evaluations"]["value"] == [one.value for one in study.trials[:2]]
    assert progress_line(found).startswith("2 of 5 done, best value ")
    run, _ = told()
    over = read_json(run, "progress.json")
    assert (over["done"], over["total"], over["seconds_left"]) == (5, 5, None)


def test_threads_have_their_own_trials() -> None:
    fitscribe.sklearn.autolog(silent=True)

    def objective(trial: Any) -> float:
        smoothing = trial.suggest_float("var_smoothing", 1e-9, 1e-3)
        fitscribe.log_metric("own", smoothing)
        return float(GaussianNB(var_smoothing=smoothing).fit(X, y).score(X, y))

    optimized(objective, n_trials=6, n_jobs=2)
    run, trials = told()
    fitscribe.flush()
    assert len(trials) == 6
    assert len(runs()) == 7  # each fit fills the run of its trial
    for one in trials:
        assert one.data.metrics["own"] == float(one.data.params["var_smoothing"])
        assert one.data.params["priors"] == "None"
        assert one.data.tags["estimator_name"] == "GaussianNB"
        assert one.info.status == "FINISHED"
    assert run.data.metrics["trials_completed"] == 6


def test_an_objective_runs_as_within_start_run() -> None:
    fitscribe.sklearn.autolog(silent=True)

    def objective(trial: Any) -> float:
        # The fit says something else of C than the trial does, so it is a run of its own.
        C = trial.suggest_int("C", -2, 2)
        LogisticRegression(C=10.0**C).fit(X[:, :2], y)
        return float(cross_val_score(LogisticRegression(C=10.0**C), X[:, :2], y, cv=3).mean())

    study = optimized(objective, n_trials=2)
    _, trials = told()
    for one, trial in zip(trials, study.trials, strict=True):
        assert one.data.params["C"] == str(trial.params["C"])
        below = [
            run for run in runs() if run.data.tags.get("mlflow.parentRunId") == one.info.run_id
        ]
        assert [run.data.params["C"] for run in below] == [str(10.0 ** trial.params["C"])] * 2
    assert fitscribe.active_run() is None


def test_a_param_that_is_suggested_after_the_fit_and_differs_is_kept_beside_it() -> None:
    fitscribe.sklearn.autolog(silent=True)

    def objective(trial: Any) -> float:
        LogisticRegression(C=2.0).fit(X, y)
        return float(trial.suggest_int("C", 5, 5))

    optimized(objective, n_trials=1)
    _, (trial,) = told()
    assert (trial.data.params["C"], trial.data.params["trial_C"]) == ("2.0", "5")
    assert trial.data.metrics["value"] == 5.0
    assert trial.info.status == "FINISHED"


# ---- how it ends ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "status"), [(KeyboardInterrupt, "KILLED"), (ValueError, "FAILED")]
)
def test_what_is_done_stays_when_it_is_interrupted(
    error: type[BaseException], status: str
) -> None:
    def objective(trial: Any) -> float:
        if trial.number == 2:
            raise error("enough")
        return parabola(trial)

    with pytest.raises(error, match="enough"):
        optimized(objective)
    run, trials = told()
    assert run.info.status == status
    assert run.data.tags["fitscribe.error.message"] == "enough"
    assert [one.info.status for one in trials] == ["FINISHED", "FINISHED", status]
    assert trials[2].data.tags["state"] == "FAIL"
    assert len(table(run)) == 3
    assert run.data.metrics["trials_completed"] == 2
    assert "best_x" in run.data.params
    assert read_json(run, "progress.json")["done"] == 3


def test_a_study_that_goes_on_is_another_run_and_knows_the_best_of_before() -> None:
    study = a_study()
    callback = OptunaCallback()
    study.optimize(lambda trial: 1.0, n_trials=1, callbacks=[callback])
    study.optimize(lambda trial: 2.0, n_trials=1, callbacks=[callback])
    second, first = [run for run in runs() if "fitscribe.study" in run.data.tags]
    assert {second.info.status, first.info.status} == {"FINISHED"}
    assert second.data.tags["fitscribe.study.best_trial"] == "0"
    assert second.data.metrics["trials_completed"] == 1
    assert second.data.metrics["value"] == 2.0


def test_it_fills_the_run_of_the_user_beside_the_model() -> None:
    fitscribe.sklearn.autolog(silent=True)
    study = a_study()
    callback = OptunaCallback()
    with fitscribe.start_run() as mine:
        study.optimize(parabola, n_trials=2, callbacks=[callback])
        LogisticRegression(max_iter=500).fit(X, y)
        study.optimize(parabola, n_trials=1, callbacks=[callback])
    run = fitscribe.get_run(mine.info.run_id)
    assert run.info.status == "FINISHED"
    assert {"best_x", "max_iter"} <= run.data.params.keys()
    assert run.data.metrics["trials_completed"] == 2
    assert len(table(run)) == 2
    nested = [one for one in runs() if one.info.run_name.startswith("Study ")]
    assert [one.data.tags["mlflow.parentRunId"] for one in nested] == [mine.info.run_id]


def test_a_callback_made_within_the_call_ends_the_run_with_itself() -> None:
    study = a_study()
    study.optimize(parabola, n_trials=3, callbacks=[OptunaCallback(metric_name="loss")])
    run, trials = told()
    assert run.info.status == "FINISHED"
    assert [one.data.metrics["loss"] for one in trials] == [one.value for one in study.trials]
    assert len(table(run)) == 3
    fitscribe.sklearn.autolog(silent=True)
    study.optimize(parabola, n_trials=1, callbacks=[OptunaCallback()])
    assert runs()[0].info.status == "FINISHED"
    assert read_json(runs()[1], "progress.json")["total"] == 1


def test_ask_and_tell_are_recorded_by_calling_it(run_python: Run) -> None:
    script = """
        import optuna, fitscribe, fitscribe.sklearn
        fitscribe.set_tracking_uri("home")
        callback = fitscribe.sklearn.OptunaCallback()
        study = optuna.create_study()
        for _ in range(3):
            trial = study.ask()
            x = trial.suggest_float("x", 0, 1)
            callback(study, study.tell(trial, x))
    """
    assert run_python("-c", textwrap.dedent(script)).returncode == 0
    tell = """
        import json, fitscribe
        fitscribe.set_tracking_uri("home")
        runs = fitscribe.search_runs(output_format="list")
        study = [run for run in runs if "fitscribe.study" in run.data.tags]
        files = [file.path for file in fitscribe.Client().list_artifacts(study[0].info.run_id)]
        print(json.dumps([[run.info.status for run in runs], len(study), files]))
    """
    found = json.loads(run_python("-c", textwrap.dedent(tell)).stdout)
    assert found == [["FINISHED"] * 4, 1, ["progress.json", "trials.csv"]]


# ---- what it is told --------------------------------------------------------------------------


def test_where_and_under_which_name(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    study = a_study()
    study.set_user_attr("team", "ours")
    callback = OptunaCallback(
        tracking_uri=str(elsewhere),
        create_experiment=True,
        mlflow_kwargs={"run_name": "tuning", "tags": {"for": "churn"}, "nested": True},
        tag_study_user_attrs=True,
        tag_trial_user_attrs=False,
    )

    def objective(trial: Any) -> float:
        trial.set_user_attr("who", "me")
        return parabola(trial)

    study.optimize(objective, n_trials=1, callbacks=[callback])
    assert runs() == []
    fitscribe.set_tracking_uri(elsewhere)
    experiment = fitscribe.get_experiment_by_name("curve")
    assert experiment is not None
    trial, run = fitscribe.search_runs([experiment.experiment_id], output_format="list")
    assert run.info.run_name == "tuning"
    assert (run.data.tags["for"], run.data.tags["team"]) == ("churn", "ours")
    assert "who" not in trial.data.tags


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"mlflow_kwargs": {"name": "x"}}, "mlflow_kwargs cannot have 'name'"),
        ({"metric_name": 3}, "metric_name is a text"),
        ({"metric_name": []}, "metric_name is a text"),
    ],
)
def test_what_it_cannot_be_told_is_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidParameter, match=words):
        OptunaCallback(**given)


# ---- it disturbs nothing ----------------------------------------------------------------------


def test_a_study_is_what_it_would_be_without() -> None:
    recorded = optimized(n_trials=5)
    plain = a_study()
    plain.optimize(parabola, n_trials=5)
    assert [one.params for one in recorded.trials] == [one.params for one in plain.trials]
    assert [one.values for one in recorded.trials] == [one.values for one in plain.trials]
    assert recorded.user_attrs == plain.user_attrs == {}
    assert [one.system_attrs for one in recorded.trials] == [{}] * 5


def test_a_store_that_cannot_be_had_costs_no_study(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    study = a_study()
    callback = OptunaCallback(tracking_uri=str(tmp_path / "file"))
    with pytest.warns(FitscribeWarning, match="of the study: open a run"):
        study.optimize(parabola, n_trials=2, callbacks=[callback])
    assert len(study.trials) == 2


def test_without_a_callback_of_ours_nothing_is_recorded_and_the_hook_goes() -> None:
    before = vars(optuna.Study)["optimize"]
    fitscribe.sklearn.autolog(silent=True)
    assert vars(optuna.Study)["optimize"] is not before
    a_study().optimize(parabola, n_trials=1, callbacks=[lambda study, trial: None])
    assert runs() == []
    fitscribe.sklearn.autolog(disable=True)
    assert vars(optuna.Study)["optimize"] is before


def test_optuna_is_imported_by_nobody_but_the_user(run_python: Run) -> None:
    script = """
        import sys, fitscribe.sklearn
        fitscribe.sklearn.autolog(silent=True)
        fitscribe.sklearn.OptunaCallback()
        assert "optuna" not in sys.modules
    """
    assert run_python("-c", textwrap.dedent(script)).returncode == 0
