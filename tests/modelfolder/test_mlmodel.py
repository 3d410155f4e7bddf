"""The MLmodel file: its YAML, its fields, and what is read back."""

from __future__ import annotations

import datetime
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import schema_strategies
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from fitscribe.errors import InvalidParameter, NotFound
from fitscribe.modelfolder import yamltext
from fitscribe.modelfolder.infer import infer_signature
from fitscribe.modelfolder.info import ModelInfo
from fitscribe.modelfolder.mlmodel import MLFLOW_VERSION, Model
from fitscribe.modelfolder.read import read_model
from fitscribe.modelfolder.schema import ModelSignature
from fitscribe.modelfolder.write import build, save

# ---- YAML -------------------------------------------------------------------------------------

# What YAML's plain style could misread: words of its own, numbers, dates, comments, keys.
SIMILAR = [
    "yes", "No", "on", "OFF", "y", "N", "true", "False", "null", "Null", "~", "", " ", "a ", " a",
    "1", "1.5", "1e5", "1.e+5", "1_000", "0x1f", "0b1", "0o7", "017", "09", "1:20", "1.2.3",
    "3.17.2", "2.0.0+cpu", "1.2.3 ", "2026-01-31", "2026-01-31 12:00:00.000000", "12e4", "1e",
    "e1", "0b", "0xab", "00ab", ".inf", ".nan", "-", "- a", "a - b", "?", ": ", "a: b", "a:b",
    "a :b", "a #b", "a#b", "#a", "&a", "*a", "!a", "|", ">", "%a", "@a", "`a", "'a'", '"a"',
    "it's", "[1]", "{}", "[it's]", '{"a": "b"}', '"', "a\nb", "a\tb", "a\\b", "/a/b", "C:\\a",
    "é", "日本", "\U0001f600", "\x7f", "\x85", "\u2028", "\ufeff", "=", "<<", "=1", "a,b", "a, b",
    "a::b", "http://x/y?z", "python=3.11.7", "pip<=23.2.1", "-r requirements.txt", "a:",
    "nested: [a]", "...", "---", "null ", "a  b", "a" * 200, "0" * 32,
    "1" * 31 + "e", "12345678e1234567", "0b101", "0b1a", "0b" * 4, "0b_1", "0b101e",
]  # fmt: skip
texts = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=12),
    st.text("aeyn01._-+:#,/ '\"[]{}", max_size=8),
    st.sampled_from(SIMILAR),
    st.from_regex(r"\d{1,3}(\.\d{1,3}){1,3}([.+-]?\w{1,4})?", fullmatch=True),
)
scalars = st.one_of(
    texts,
    st.integers(),
    st.booleans(),
    st.none(),
    st.floats(allow_nan=False),
    st.binary(max_size=4),
    st.datetimes(min_value=datetime.datetime(1000, 1, 1)),
    st.dates(min_value=datetime.date(1000, 1, 1)),
)


def documents(leaves: st.SearchStrategy) -> st.SearchStrategy:
    """Return mappings of such leaves, nested, with lists in them."""
    nested = st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
        max_leaves=8,
    )
    return st.dictionaries(texts, nested, max_size=5)


def reference(document: Any) -> str:
    """Return PyYAML's text; all ASCII if it holds what PyYAML would not read back."""
    text = yaml.safe_dump(document, width=math.inf, allow_unicode=True)
    bare = set(text) & set("\x85\u2028\u2029")
    return yaml.safe_dump(document, width=math.inf) if bare else text


@pytest.mark.parametrize("text", SIMILAR)
def test_text_that_yaml_could_misread(text: str) -> None:
    document = {"value": text, text: "key", "list": [text, {text: text, "z": [text]}]}
    written = yamltext.dump(document)
    assert written == reference(document)
    assert yaml.safe_load(written) == document


@given(documents(scalars))
@example({"a": []})
@example({"a": {}})
@example({"a": [[1]]})
@example({"a": [{"b": {"c": 1}}, {}]})
def test_a_document_is_written_as_pyyaml_writes_it_and_comes_back(document: Any) -> None:
    written = yamltext.dump(document)
    assert written == reference(document)
    assert yaml.safe_load(written) == yamltext.load(written) == document


# Only what the writer is sure of: no document of these goes through PyYAML.
sure = st.one_of(
    st.from_regex(r"[A-Za-z/][A-Za-z0-9./=<-]{0,8}", fullmatch=True).filter(
        lambda text: text.lower() not in {"y", "n", "yes", "no", "on", "off", "true", "false"}
    ),
    st.from_regex(r"\d{1,2}\.\d{1,2}\.\d{1,2}", fullmatch=True),
    st.integers(),
    st.booleans(),
    st.none(),
)


@given(documents(sure))
def test_a_plain_document_is_written_as_pyyaml_writes_it(document: Any) -> None:
    assert yamltext.dump(document) == reference(document)


@pytest.mark.parametrize("run_id", ["12345678" * 3 + "90abcdef", "0b" * 16, "0b1a" + "0" * 28])
def test_the_files_of_a_model_are_written_without_pyyaml(
    monkeypatch: pytest.MonkeyPatch, run_id: str
) -> None:
    def refuse(document: object) -> str:
        raise AssertionError(f"PyYAML was asked to write {document!r}")

    monkeypatch.setattr(yamltext, "_ask_yaml", refuse)
    X = np.ones((4, 2))
    signature = infer_signature({"it's": X}, X, {"p": "é"})
    folder = build(
        LogisticRegression(),
        signature=signature,
        input_example=X,
        model_id="m-" + "0" * 32,
        run_id=run_id,
        artifact_path="file:///somewhere/1/models/m-0/artifacts",
    )
    assert yaml.safe_load(folder.files["MLmodel"])["signature"] == signature.to_dict()


@pytest.mark.parametrize(
    "document",
    [{"a": object()}, {"a": np.float64(1)}, {"a": np.arange(2)}, {"a": {1: len}}, {"a": "\ud800"}],
)
def test_what_yaml_cannot_hold_is_refused(document: Any) -> None:
    with pytest.raises(InvalidParameter, match="Use text and numbers"):
        yamltext.dump(document)


def test_keys_need_not_be_text() -> None:
    document = {"a": 1, 2: "b", "c": {1: {True: None}}, "d": {1, 2}}
    assert yaml.safe_load(yamltext.dump(document)) == document


def test_one_object_in_two_places_comes_back_in_both() -> None:
    twice = {"x": [1, 2]}
    document = {"a": twice, "b": [twice, twice]}
    assert yaml.safe_load(yamltext.dump(document)) == document


@pytest.mark.parametrize("text", ["a: [", "a: b: c", "\t", "2026-02-31", "!!python/object:x {}"])
def test_what_is_no_yaml_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameter, match="no YAML"):
        yamltext.load(text)


# ---- the fields -------------------------------------------------------------------------------


def test_a_model_that_was_only_saved_has_mlflow_s_fields() -> None:
    folder = build(LogisticRegression())
    document = yaml.safe_load(folder.files["MLmodel"])
    assert document == folder.model.to_dict()
    assert list(document) == [
        "flavors",
        "mlflow_version",
        "model_id",
        "model_size_bytes",
        "model_uuid",
        "prompts",
        "utc_time_created",
    ]
    assert document["model_id"] is document["prompts"] is None
    assert document["mlflow_version"] == MLFLOW_VERSION
    assert document["model_size_bytes"] == len(folder.files["model.pkl"])
    assert len(document["model_uuid"]) == 32
    int(document["model_uuid"], 16)
    moment = datetime.datetime.strptime(document["utc_time_created"], "%Y-%m-%d %H:%M:%S.%f")
    age = datetime.datetime.now(datetime.UTC).replace(tzinfo=None) - moment
    assert abs(age) < datetime.timedelta(minutes=5)


def test_a_logged_model_names_its_run_its_place_and_what_it_takes() -> None:
    X = np.ones((4, 2))
    folder = build(
        LogisticRegression(),
        signature=infer_signature(X, X[:, 0]),
        input_example=X,
        model_id="m-1",
        run_id="r",
        artifact_path="file:///x",
        metadata={"owner": "me"},
    )
    document = yaml.safe_load(folder.files["MLmodel"])
    assert document["model_id"] == document["model_uuid"] == "m-1"
    assert document["run_id"] == "r"
    assert document["artifact_path"] == "file:///x"
    assert document["metadata"] == {"owner": "me"}
    assert document["is_signature_from_type_hint"] is document["type_hint_from_example"] is False
    assert json.loads(document["signature"]["inputs"]) == [
        {"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 2]}}
    ]
    assert document["signature"]["params"] is None
    assert document["saved_input_example_info"] == {
        "artifact_path": "input_example.json",
        "serving_input_path": "serving_input_example.json",
        "type": "ndarray",
    }


@given(
    signature=st.none() | schema_strategies.signatures,
    metadata=st.none() | documents(scalars),
    flavors=st.dictionaries(texts, documents(texts | st.none()), max_size=2),
    named=st.fixed_dictionaries(
        {key: st.none() | texts for key in ("run_id", "artifact_path", "model_id")}
    ),
    extra=st.dictionaries(st.sampled_from(["databricks_runtime", "later"]), texts),
    size=st.none() | st.integers(0),
)
def test_a_model_comes_back_from_its_text(
    signature: ModelSignature | None,
    metadata: dict[str, Any] | None,
    flavors: dict[str, Any],
    named: dict[str, str | None],
    extra: dict[str, str],
    size: int | None,
) -> None:
    model = Model(
        signature=signature,
        metadata=metadata,
        flavors=flavors,
        extra=extra,
        model_size_bytes=size,
        **named,
    )
    assert Model.from_yaml(model.to_yaml()) == model


def test_a_folder_that_was_written_is_read_as_it_was(tmp_path: Path) -> None:
    X = np.ones((4, 2))
    folder = build(
        LogisticRegression(),
        signature=infer_signature(X, X[:, 0], {"since": datetime.date(2026, 1, 31)}),
        input_example=(X, {"since": "2026-01-31"}),
        metadata={"nested": {"list": [1, 2.5, None, {"it's": True}]}},
    )
    save(folder, tmp_path / "model")
    model = read_model(tmp_path / "model")
    assert model == folder.model
    assert model == read_model(str(tmp_path / "model" / "MLmodel"))
    assert model.get_input_schema() == folder.model.signature.inputs
    assert model.get_output_schema() == folder.model.signature.outputs
    assert model.get_params_schema() == folder.model.signature.params
    assert json.loads(model.to_json()) == model.to_dict()


def test_a_model_without_signature_has_no_schemas() -> None:
    model = Model()
    assert model.get_input_schema() is model.get_output_schema() is None
    assert model.get_params_schema() is None
    assert "signature" not in model.to_dict()
    assert model.add_flavor("sklearn", a=1) is model
    assert model.flavors == {"sklearn": {"a": 1}}


def test_what_is_known_of_a_model_is_told_without_the_model() -> None:
    X = np.ones((4, 2))
    model = build(
        LogisticRegression(),
        signature=infer_signature(X),
        input_example=X,
        model_id="m-1",
        run_id="r",
        artifact_path="file:///x",
        metadata={"owner": "me"},
    ).model
    info = ModelInfo.of(model, "models:/m-1", "clf", {"C": "1.0"}, {"stage": "new"})
    assert (info.model_uri, info.name) == ("models:/m-1", "clf")
    assert (info.params, info.tags) == ({"C": "1.0"}, {"stage": "new"})
    said = set(ModelInfo.__slots__)
    said -= {"model_uri", "name", "params", "tags", "registered_model_version"}
    assert {key: getattr(info, key) for key in said} == {key: getattr(model, key) for key in said}
    assert ModelInfo.of(model, "models:/m-1").params == {}


# ---- files of MLflow --------------------------------------------------------------------------

OF_1_0 = """
artifact_path: model
flavors:
  python_function:
    data: model.pkl
    env: conda.yaml
    loader_module: mlflow.sklearn
    python_version: 3.6.9
  sklearn:
    pickled_model: model.pkl
    sklearn_version: 0.20.3
run_id: 1f2e
utc_time_created: 2019-05-08 13:00:00.123456
"""
OF_3_17 = """
databricks_runtime: 15.4
flavors:
  sklearn: {code: null, pickled_model: model.skops, serialization_format: skops}
is_signature_from_type_hint: false
mlflow_version: 3.17.2
model_id: null
model_size_bytes: 11019
model_uuid: 280dc85b7d174604a7eeb38e5174c37f
prompts: null
signature:
  inputs: '[{"type": "double", "name": "a", "required": true}]'
  outputs: '[{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1]}}]'
  params: null
type_hint_from_example: false
utc_time_created: '2026-11-23 07:25:27.231848'
"""


def test_a_file_of_mlflow_1_is_read() -> None:
    model = Model.from_yaml(OF_1_0)
    assert model.utc_time_created == "2019-05-08 13:00:00.123456"
    assert model.model_uuid is model.mlflow_version is model.signature is model.model_id is None
    assert model.flavors["python_function"]["data"] == "model.pkl"


def test_a_file_of_mlflow_3_is_kept_whole() -> None:
    model = Model.from_yaml(OF_3_17)
    assert model.extra == {"databricks_runtime": 15.4}
    assert model.get_input_schema().input_names() == ["a"]
    assert model.to_dict() == yaml.safe_load(OF_3_17)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a", "An MLmodel is a mapping"),
        ("", "An MLmodel is a mapping, not None"),
        ("flavors: [a]", "flavors are mappings"),
        ("flavors: {sklearn: 3}", "flavors are mappings"),
        ("signature: text", "signature is a mapping"),
        ("signature: {inputs: 'text'}", "not the JSON text of a schema"),
        ("signature: {inputs: 3}", "not the JSON text of a schema"),
        ("a: [", "no YAML"),
    ],
)
def test_a_file_that_is_no_mlmodel_is_refused_by_its_name(
    tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "MLmodel").write_text(text)
    with pytest.raises(InvalidParameter, match=message) as caught:
        read_model(tmp_path)
    assert str(tmp_path / "MLmodel") in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"There is no model at .*MLmodel"):
        read_model(tmp_path)
    with pytest.raises(NotFound, match="There is no model at"):
        read_model(tmp_path / "nowhere")


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "MLmodel").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InvalidParameter, match="cannot be read"):
        read_model(tmp_path)
