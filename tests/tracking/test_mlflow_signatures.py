"""Functions and methods take MLflow's parameters, by its names and in its order."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

import fitscribe
import fitscribe.sklearn

# Names and order of the parameters of MLflow 3.17's functions; ``trace_location`` left out.
FUNCTIONS = {
    "active_run": "",
    "clear_active_model": "",
    "create_experiment": "name artifact_location tags",
    "create_external_model": "name source_run_id tags params model_type experiment_id",
    "delete_experiment": "experiment_id",
    "delete_experiment_tag": "key",
    "delete_logged_model_tag": "model_id key",
    "delete_run": "run_id",
    "delete_tag": "key",
    "doctor": "mask_envs",
    "end_run": "status",
    "finalize_logged_model": "model_id status",
    "flush_artifact_async_logging": "",
    "flush_async_logging": "",
    "get_active_model_id": "",
    "get_artifact_uri": "artifact_path",
    "get_experiment": "experiment_id",
    "get_experiment_by_name": "name",
    "get_logged_model": "model_id",
    "get_parent_run": "run_id",
    "get_run": "run_id",
    "get_tracking_uri": "",
    "initialize_logged_model": "name source_run_id tags params model_type experiment_id",
    "is_tracking_uri_set": "",
    "last_active_run": "",
    "last_logged_model": "",
    "load_table": "artifact_file run_ids extra_columns",
    "log_artifact": "local_path artifact_path run_id",
    "log_artifacts": "local_dir artifact_path run_id",
    "log_dict": "dictionary artifact_file run_id",
    "log_figure": "figure artifact_file save_kwargs",
    "log_image": "image artifact_file key step timestamp synchronous",
    "log_input": "dataset context tags model",
    "log_inputs": "datasets contexts tags_list models",
    "log_metric": "key value step synchronous timestamp run_id model_id dataset",
    "log_metrics": "metrics step synchronous run_id timestamp model_id dataset",
    "log_model_params": "params model_id",
    "log_outputs": "models",
    "log_param": "key value synchronous",
    "log_params": "params synchronous run_id",
    "log_stream": "stream artifact_file run_id",
    "log_table": "data artifact_file run_id",
    "log_text": "text artifact_file run_id",
    "register_model": "model_uri name await_registration_for tags",
    "restore_run": "run_id",
    "search_experiments": "view_type max_results filter_string order_by",
    "search_logged_models": "experiment_ids filter_string datasets max_results order_by "
    "output_format",
    "search_model_versions": "max_results filter_string order_by",
    "search_registered_models": "max_results filter_string order_by",
    "search_runs": "experiment_ids filter_string run_view_type max_results order_by "
    "output_format search_all_experiments experiment_names",
    "set_active_model": "name model_id",
    "set_experiment": "experiment_name experiment_id",
    "set_experiment_tag": "key value",
    "set_experiment_tags": "tags",
    "set_logged_model_tags": "model_id tags",
    "set_model_version_tag": "name version key value",
    "set_tag": "key value synchronous",
    "set_tags": "tags synchronous",
    "set_tracking_uri": "uri",
    "start_run": "run_id experiment_id run_name nested parent_run_id tags description "
    "log_system_metrics",
}


# Of its client's methods on tracking and on registered models; ``self`` left out.
METHODS = {
    "copy_model_version": "src_model_uri dst_name",
    "create_model_version": "name source run_id tags run_link description await_creation_for "
    "model_id",
    "create_registered_model": "name tags description deployment_job_id",
    "delete_model_version": "name version",
    "delete_model_version_tag": "name version key stage",
    "delete_registered_model": "name",
    "delete_registered_model_alias": "name alias",
    "delete_registered_model_tag": "name key",
    "get_latest_versions": "name stages",
    "get_model_version": "name version",
    "get_model_version_by_alias": "name alias",
    "get_model_version_download_uri": "name version",
    "get_model_version_stages": "name version",
    "get_registered_model": "name",
    "rename_registered_model": "name new_name",
    "search_model_versions": "filter_string max_results order_by page_token",
    "search_registered_models": "filter_string max_results order_by page_token",
    "set_model_version_tag": "name version key value stage",
    "set_registered_model_alias": "name alias version",
    "set_registered_model_tag": "name key value",
    "transition_model_version_stage": "name version stage archive_existing_versions",
    "update_model_version": "name version description",
    "update_registered_model": "name description deployment_job_id",
    "create_experiment": "name artifact_location tags",
    "create_logged_model": "experiment_id name source_run_id tags params model_type",
    "create_run": "experiment_id start_time tags run_name",
    "delete_experiment": "experiment_id",
    "delete_experiment_tag": "experiment_id key",
    "delete_logged_model": "model_id",
    "delete_logged_model_tag": "model_id key",
    "delete_run": "run_id",
    "delete_tag": "run_id key",
    "download_artifacts": "run_id path dst_path",
    "finalize_logged_model": "model_id status",
    "get_experiment": "experiment_id",
    "get_experiment_by_name": "name",
    "get_logged_model": "model_id",
    "get_metric_history": "run_id key",
    "get_parent_run": "run_id",
    "get_run": "run_id",
    "list_artifacts": "run_id path",
    "list_logged_model_artifacts": "model_id path",
    "load_table": "experiment_id artifact_file run_ids extra_columns",
    "log_artifact": "run_id local_path artifact_path",
    "log_artifacts": "run_id local_dir artifact_path",
    "log_batch": "run_id metrics params tags synchronous",
    "log_dict": "run_id dictionary artifact_file",
    "log_figure": "run_id figure artifact_file save_kwargs",
    "log_image": "run_id image artifact_file key step timestamp synchronous",
    "log_inputs": "run_id datasets models",
    "log_metric": "run_id key value timestamp step synchronous dataset_name dataset_digest "
    "model_id",
    "log_model_artifact": "model_id local_path artifact_path",
    "log_model_artifacts": "model_id local_dir artifact_path",
    "log_model_params": "model_id params",
    "log_outputs": "run_id models",
    "log_param": "run_id key value synchronous",
    "log_stream": "run_id stream artifact_file",
    "log_table": "run_id data artifact_file",
    "log_text": "run_id text artifact_file",
    "rename_experiment": "experiment_id new_name",
    "restore_run": "run_id",
    "search_experiments": "view_type max_results filter_string order_by page_token",
    "search_logged_models": "experiment_ids filter_string datasets max_results order_by "
    "page_token",
    "search_runs": "experiment_ids filter_string run_view_type max_results order_by page_token",
    "set_experiment_tag": "experiment_id key value",
    "set_logged_model_tags": "model_id tags",
    "set_tag": "run_id key value synchronous",
    "set_terminated": "run_id status end_time",
    "update_run": "run_id status name",
}


# Of ``mlflow.artifacts`` and ``mlflow.data``.
OTHERS = {
    "models.convert_input_example_to_serving_input": "input_example",
    "models.infer_signature": "model_input model_output params",
    "models.set_signature": "model_uri signature",
    "pyfunc.get_model_dependencies": "model_uri format",
    "pyfunc.log_model": "artifact_path loader_module data_path code_paths infer_code_paths "
    "conda_env python_model artifacts registered_model_name signature input_example "
    "await_registration_for pip_requirements extra_pip_requirements metadata model_config "
    "streamable resources auth_policy uv_project_path uv_groups uv_extras prompts name params "
    "tags model_type step model_id",
    "pyfunc.save_model": "path loader_module data_path code_paths infer_code_paths conda_env "
    "mlflow_model python_model artifacts signature input_example pip_requirements "
    "extra_pip_requirements metadata model_config streamable resources auth_policy "
    "uv_project_path uv_groups uv_extras",
    # Ours take who is trusted besides.
    "pyfunc.load_model": "model_uri suppress_warnings dst_path model_config trust",
    "models.validate_serving_input": "model_uri serving_input trust",
    "artifacts.download_artifacts": "artifact_uri run_id artifact_path dst_path tracking_uri "
    "registry_uri",
    "artifacts.list_artifacts": "artifact_uri run_id artifact_path tracking_uri",
    "artifacts.load_dict": "artifact_uri",
    "artifacts.load_image": "artifact_uri",
    "artifacts.load_text": "artifact_uri",
    "data.from_numpy": "features source targets name digest",
    "data.from_pandas": "df source targets name digest predictions",
    "data.from_polars": "df source targets name digest predictions",
    "data.get_source": "dataset",
}


# Here a name may be given to what is restored.
LONGER = {"restore_experiment": "experiment_id name"}


def parameters(function: Callable[..., Any]) -> list[str]:
    return list(inspect.signature(function).parameters)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name: str) -> None:
    assert parameters(getattr(fitscribe, name)) == FUNCTIONS[name].split()


@pytest.mark.parametrize("name", METHODS)
def test_methods_of_the_client(name: str) -> None:
    assert parameters(getattr(fitscribe.Client, name))[1:] == METHODS[name].split()


@pytest.mark.parametrize("name", OTHERS)
def test_functions_of_modules(name: str) -> None:
    module, _, function = name.partition(".")
    assert parameters(getattr(getattr(fitscribe, module), function)) == OTHERS[name].split()


@pytest.mark.parametrize("name", LONGER)
def test_what_takes_more_than_mlflows(name: str) -> None:
    assert parameters(getattr(fitscribe, name)) == LONGER[name].split()
    assert parameters(getattr(fitscribe.Client, name))[1:] == LONGER[name].split()


def test_every_method_of_the_client_is_compared() -> None:
    public = {name for name in dir(fitscribe.Client) if not name.startswith("_")}
    assert public == {*METHODS, *LONGER, "tracking_uri"}


def test_autolog() -> None:
    ours = parameters(fitscribe.sklearn.autolog)
    assert ours[:14] == [
        "log_input_examples",
        "log_model_signatures",
        "log_models",
        "log_datasets",
        "disable",
        "exclusive",
        "disable_for_unsupported_versions",
        "silent",
        "max_tuning_runs",
        "log_post_training_metrics",
        "serialization_format",
        "registered_model_name",
        "pos_label",
        "extra_tags",
    ]
    everywhere = parameters(fitscribe.autolog)
    assert everywhere == [
        *ours[:4],
        "log_traces",
        *ours[4:8],
        "extra_tags",
        "exclude_flavors",
        "log",
    ]


def test_the_client_has_mlflows_name_everywhere() -> None:
    assert fitscribe.MlflowClient is fitscribe.Client
    assert fitscribe.client.MlflowClient is fitscribe.Client
    assert fitscribe.tracking.MlflowClient is fitscribe.Client
