"""Who says how autologging is: the call, the environment, the user's file, the project's."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import fitscribe
import fitscribe.sklearn
from fitscribe import config
from fitscribe.cli import main
from fitscribe.config.autolog import OPTIONS
from fitscribe.errors import InvalidParameter
from fitscribe.sklearn.attempt import FitscribeWarning
from fitscribe.sklearn.options import Options, current

SWITCHES = {"log", "disable", "disable_for_unsupported_versions"}


@pytest.fixture(autouse=True)
def _off_again(home: Path) -> Iterator[None]:
    yield
    fitscribe.sklearn.autolog(disable=True)


def options(**given: Any) -> Options:
    fitscribe.sklearn.autolog(**given)
    found = current()
    assert found is not None
    return found


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def own(text: str) -> Path:
    return write(config.user_path(), text)


def project(tmp_path: Path, text: str) -> Path:
    return write(tmp_path / "pyproject.toml", text)


# ---- levels -----------------------------------------------------------------------------------


def test_the_table_and_the_functions_say_the_same() -> None:
    said = {option.name: option.default for option in OPTIONS if option.name not in SWITCHES}
    plain = Options()
    assert said == {name: getattr(plain, name) for name in said}
    others = set(Options.__slots__) - set(said)
    assert others == {"pos_label", "extra_tags", "registered_model_name"}, (
        "an option without a row in the table"
    )


def test_the_documentation_has_every_option() -> None:
    page = Path(__file__).parents[1].joinpath("docs", "autologging.md").read_text("utf-8")
    for option in OPTIONS:
        name = option.name
        if name == "log":
            continue
        assert f"`{name}`" in page
        rows = [line for line in page.splitlines() if f"| `{name}` |" in line]
        if option.at("light") is not ...:
            (row,) = rows
            shown = {True: "on", False: "–", None: "all"}
            told = [option.at(level) for level in ("light", "standard", "full")]
            assert row.split("|")[-4:-1] == [f" {shown.get(one, one)} " for one in told], name


def test_standard_is_the_default() -> None:
    assert options(silent=True) == options(silent=True, log="standard")


def test_levels_set_groups_and_what_is_named_wins() -> None:
    light = options(log="light")
    assert not light.log_models
    assert not light.log_curves
    assert light.log_training_metrics
    assert light.max_tuning_runs == 5
    named = options(log="light", log_models=True, max_tuning_runs=None)
    assert named.log_models
    assert named.max_tuning_runs is None
    full = options(log="full")
    assert full.log_source_details
    assert not full.log_input_examples  # real rows: by its own option only
    assert not options(log="full", log_source_details=False).log_source_details


def test_fitscribe_autolog_has_levels_too() -> None:
    fitscribe.autolog(log="light", log_datasets=False)
    found = current()
    assert found is not None
    assert (found.log_models, found.log_datasets) == (False, False)


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(InvalidParameter, match="log must be one of light, standard, full"):
        fitscribe.sklearn.autolog(log="loud")  # type: ignore[arg-type]
    assert current() is None


# ---- precedence -------------------------------------------------------------------------------


def test_each_says_what_none_before_has_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project(tmp_path, "[tool.fitscribe.autolog]\nlog_facts = false\nlog_curves = false")
    assert not options().log_facts
    own("[autolog]\nlog_facts = true\nmax_tuning_runs = 7")
    found = options()
    assert found.log_facts
    assert not found.log_curves
    assert found.max_tuning_runs == 7
    monkeypatch.setenv("FITSCRIBE_AUTOLOG_LOG_FACTS", "no")
    monkeypatch.setenv("FITSCRIBE_AUTOLOG_MAX_TUNING_RUNS", "all")
    assert not options().log_facts
    assert options().max_tuning_runs is None
    assert options(log_facts=True, max_tuning_runs=2).log_facts
    assert options(max_tuning_runs=2).max_tuning_runs == 2


def test_a_level_says_all_that_it_sets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own('[autolog]\nlog = "light"\nlog_facts = true\nexclusive = true')
    found = options()
    assert (found.log_models, found.log_facts, found.exclusive) == (False, True, True)
    monkeypatch.setenv("FITSCRIBE_AUTOLOG_LOG", "standard")
    found = options()
    assert (found.log_models, found.exclusive) == (True, True)
    assert not options(log="light").log_facts


def test_the_environment_turns_it_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FITSCRIBE_AUTOLOG_DISABLE", "1")
    fitscribe.sklearn.autolog()
    assert current() is None
    fitscribe.sklearn.autolog(disable=False)
    assert current() is not None


def test_the_nearest_project_upwards_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project(tmp_path, "[tool.fitscribe.autolog]\nlog_facts = false")
    (tmp_path / "deep" / "er").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "deep" / "er")
    assert not options().log_facts
    write(tmp_path / "deep" / "pyproject.toml", '[project]\nname = "other"')
    assert options().log_facts


# ---- what a project may not -------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "autolog.log_input_examples = true",
        "autolog.log_source_details = true",
        "autolog.log_transformers = true",
        "autolog.silent = true",
        'autolog.log = "full"',
        'autolog.serialization_format = "cloudpickle"',
        "autolog.log_everything = true",
        'tracking_uri = "postgresql://elsewhere/db"',
        'tracking_uri = "../elsewhere"',
        'tracking_uri = "/elsewhere"',
        'artifact_root = "/elsewhere"',
        "trusted = true",
    ],
)
def test_a_project_only_narrows(tmp_path: Path, line: str) -> None:
    path = project(tmp_path, f"[tool.fitscribe]\n{line}\nautolog.log_facts = false")
    key = line.partition(" ")[0]
    with pytest.warns(FitscribeWarning) as told:
        found = options()
    (message,) = [str(one.message) for one in told]
    assert message.startswith(f"tool.fitscribe.{key} in {path} is left out: ")
    assert found == Options(log_facts=False)
    fitscribe.set_tracking_uri("")
    assert "elsewhere" not in fitscribe.get_tracking_uri()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        options()  # told once


def test_start_run_tells_what_a_project_may_not(tmp_path: Path) -> None:
    project(tmp_path, '[tool.fitscribe]\ntracking_uri = "sqlite:///elsewhere.db"')
    with pytest.warns(
        UserWarning, match="tracking_uri in .* is left out: .*FITSCRIBE_TRACKING"
    ) as w:
        fitscribe.start_run()
    fitscribe.end_run()
    assert w[0].filename == __file__


def test_what_a_project_may(tmp_path: Path) -> None:
    project(
        tmp_path,
        '[tool.fitscribe]\nexperiment_name = "churn"\ntracking_uri = "runs"\n'
        '[tool.fitscribe.autolog]\nlog = "light"\nlog_models = true\nmax_tuning_runs = 3\n'
        "exclusive = true\nlog_input_examples = false",
    )
    found = options()
    assert (found.max_tuning_runs, found.exclusive, found.log_curves) == (3, True, False)
    fitscribe.set_tracking_uri("")
    assert fitscribe.get_tracking_uri() == (tmp_path / "runs").as_uri()
    with fitscribe.start_run() as run:
        pass
    experiment = fitscribe.get_experiment(run.info.experiment_id)
    assert experiment.name == "churn"


def test_a_project_that_is_no_toml_is_left_out(tmp_path: Path) -> None:
    path = project(tmp_path, "[tool.fitscribe\n")
    with pytest.warns(FitscribeWarning, match="is left out, for it cannot be read") as told:
        assert options() == Options()
    assert str(path) in str(told[0].message)


# ---- what is wrong ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[autolog]\nlog_curves = 1", "autolog.log_curves in .* must be true or false, not 1"),
        ('[autolog]\nlog = "all"', "autolog.log in .* must be one of light, standard, full"),
        ("[autolog]\nmax_tuning_runs = -1", "autolog.max_tuning_runs in .* number from 0 on"),
        ('[autolog]\nserialization_format = "onnx"', "autolog.serialization_format in .* says"),
        ("[autolog]\nlog_curve = false", "autolog.log_curve in .*: there is no such setting"),
        ("trackinguri = '.'", "trackinguri in .*: there is no such setting"),
        ("[autolog", "config.toml cannot be read: "),
    ],
)
def test_the_users_file_is_checked(text: str, words: str) -> None:
    own(text)
    with pytest.raises(InvalidParameter, match=words):
        fitscribe.sklearn.autolog()
    assert current() is None
    fitscribe.sklearn.autolog(disable=True)  # that needs no file


def test_variables_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FITSCRIBE_AUTOLOG_LOG_CURVES", "maybe")
    words = "FITSCRIBE_AUTOLOG_LOG_CURVES must be true or false, not 'maybe'"
    with pytest.raises(InvalidParameter, match=words):
        fitscribe.sklearn.autolog()


def test_the_users_file_says_where_runs_are(tmp_path: Path) -> None:
    own(f"tracking_uri = '{tmp_path / 'mine'}'\nexperiment_name = 'night'")
    config.look_again()
    fitscribe.set_tracking_uri("")
    assert fitscribe.get_tracking_uri() == (tmp_path / "mine").as_uri()


# ---- what is in force -------------------------------------------------------------------------


def test_doctor_tells_what_is_in_force_and_who_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = own("[autolog]\nlog_curves = false")
    path = project(
        tmp_path, "[tool.fitscribe.autolog]\nlog_facts = false\nlog_input_examples = true"
    )
    monkeypatch.setenv("FITSCRIBE_AUTOLOG_SILENT", "yes")
    assert main(["doctor"]) == 0
    said = capsys.readouterr().out
    for line in (
        f"  autolog.log_curves: False (autolog.log_curves in {mine})",
        f"  autolog.log_facts: False (tool.fitscribe.autolog.log_facts in {path})",
        "  autolog.silent: True (FITSCRIBE_AUTOLOG_SILENT)",
        "  autolog.log_models: True (default)",
        f"  tool.fitscribe.autolog.log_input_examples in {path} is left out: ",
    ):
        assert line in said


def test_doctor_tells_of_a_file_that_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    own("[autolog]\nlog_curves = 1")
    fitscribe.doctor()
    assert "must be true or false, not 1" in capsys.readouterr().out
