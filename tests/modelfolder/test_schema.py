"""Schemas and their JSON forms, which are MLflow's."""

from __future__ import annotations

import datetime
import json
from typing import Any

import numpy as np
import pytest
import schema_strategies
from hypothesis import given

from fitscribe.errors import InvalidParameter
from fitscribe.modelfolder.datatypes import (
    AnyType,
    Array,
    ColumnType,
    DataType,
    Map,
    Object,
    Property,
    as_type,
    read_type,
    type_to_dict,
)
from fitscribe.modelfolder.params import ParamSchema, ParamSpec
from fitscribe.modelfolder.schema import ColSpec, ModelSignature, Schema, TensorSpec

PERSON = Object([Property("name", DataType.string), Property("age", DataType.long, False)])


def form(spec: ColSpec | TensorSpec) -> dict[str, Any]:
    """Return the JSON form of one column or tensor, through text."""
    (found,) = json.loads(Schema([spec]).to_json())
    return found


# ---- types ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "numpy_name", "pandas_name", "python"),
    [
        ("boolean", "bool", "bool", bool),
        ("integer", "int32", "int32", int),
        ("long", "int64", "int64", int),
        ("float", "float32", "float32", float),
        ("double", "float64", "float64", float),
        ("string", "str", "object", str),
        ("binary", "bytes", "object", bytes),
        ("datetime", "datetime64[ns]", "datetime64[ns]", datetime.date),
    ],
)
def test_scalar_types_know_their_names_in_numpy_pandas_and_python(
    name: str, numpy_name: str, pandas_name: str, python: type
) -> None:
    dtype = DataType[name]
    assert dtype.to_numpy() == np.dtype(numpy_name)
    assert dtype.to_pandas() == np.dtype(pandas_name)
    assert dtype.to_python() is python
    assert str(dtype) == repr(dtype) == name
    assert as_type(name) is as_type(dtype) is dtype
    assert form(ColSpec(name)) == {"type": name, "required": True}


def test_there_are_eight_scalar_types() -> None:
    assert [(dtype.value, dtype.name) for dtype in DataType] == [
        (1, "boolean"),
        (2, "integer"),
        (3, "long"),
        (4, "float"),
        (5, "double"),
        (6, "string"),
        (7, "binary"),
        (8, "datetime"),
    ]


@pytest.mark.parametrize(
    ("dtype", "expected", "text"),
    [
        (AnyType(), {"type": "any"}, "Any"),
        (Array("long"), {"type": "array", "items": {"type": "long"}}, "Array(long)"),
        (
            Array(Array(DataType.double)),
            {"type": "array", "items": {"type": "array", "items": {"type": "double"}}},
            "Array(Array(double))",
        ),
        (Map("string"), {"type": "map", "values": {"type": "string"}}, "Map(str -> string)"),
        (
            PERSON,
            {
                "type": "object",
                "properties": {
                    "age": {"type": "long", "required": False},
                    "name": {"type": "string", "required": True},
                },
            },
            "{age: long (optional), name: string (required)}",
        ),
        (
            Array(PERSON),
            {"type": "array", "items": type_to_dict(PERSON)},
            "Array({age: long (optional), name: string (required)})",
        ),
        (
            Object([Property("tags", Map(Array("string")))]),
            {
                "type": "object",
                "properties": {
                    "tags": {
                        "type": "map",
                        "values": {"type": "array", "items": {"type": "string"}},
                        "required": True,
                    }
                },
            },
            "{tags: Map(str -> Array(string)) (required)}",
        ),
    ],
)
def test_built_types_have_mlflow_s_json_forms(
    dtype: ColumnType, expected: dict[str, Any], text: str
) -> None:
    assert type_to_dict(dtype) == expected
    assert repr(dtype) == text
    assert read_type(expected) == dtype
    assert form(ColSpec(dtype, "c", False)) == {**expected, "name": "c", "required": False}


@given(schema_strategies.types)
def test_a_type_comes_back_from_its_json(dtype: ColumnType) -> None:
    assert read_type(json.loads(json.dumps(type_to_dict(dtype)))) == dtype


def test_the_order_of_properties_does_not_matter() -> None:
    one, other = Property("a", "long"), Property("b", "string")
    assert Object([one, other]) == Object([other, one])
    assert hash(Object([one, other])) == hash(Object([other, one]))
    with pytest.raises(InvalidParameter, match="names each property once"):
        Object([one, Property("a", "double")])


@pytest.mark.parametrize("given_type", ["int", "Long", "", 3, None, np.dtype("int64"), int])
def test_what_is_no_type_is_refused_with_the_types_that_would_do(given_type: object) -> None:
    with pytest.raises(InvalidParameter, match=r"no column type\. Use one of boolean, integer"):
        ColSpec(given_type)
    with pytest.raises(InvalidParameter, match="no column type"):
        Array(given_type)


# ---- columns and tensors ----------------------------------------------------------------------


def test_columns_have_mlflow_s_json_form() -> None:
    assert form(ColSpec("double", "a")) == {"type": "double", "name": "a", "required": True}
    assert form(ColSpec("double", "a", False)) == {
        "type": "double",
        "name": "a",
        "required": False,
    }
    assert form(ColSpec("string", 3))["name"] == 3
    assert form(ColSpec("string", ("a", 1)))["name"] == ["a", 1]
    assert "name" not in form(ColSpec("string"))


@pytest.mark.parametrize(
    ("dtype", "name"),
    [
        (np.dtype("int64"), "int64"),
        (np.dtype(">f8"), "float64"),
        (np.dtype("<U17"), "str"),
        (np.dtype("S3"), "bytes"),
        (np.dtype(object), "object"),
        (np.dtype(bool), "bool"),
        (np.dtype("datetime64[ms]"), "datetime64[ms]"),
    ],
)
def test_tensors_have_mlflow_s_json_form(dtype: np.dtype[Any], name: str) -> None:
    spec = TensorSpec(dtype, (-1, 4))
    assert form(spec) == {"type": "tensor", "tensor-spec": {"dtype": name, "shape": [-1, 4]}}
    assert form(TensorSpec(dtype, [-1], "x")) == {
        "name": "x",
        "type": "tensor",
        "tensor-spec": {"dtype": name, "shape": [-1]},
    }
    assert Schema.from_json(Schema([spec]).to_json()) == Schema([spec])
    assert repr(spec) == f"Tensor('{name}', (-1, 4))"


def test_numbers_of_numpy_in_a_shape_can_be_written() -> None:
    shape = tuple(np.array([-1, 4]))
    assert form(TensorSpec(np.dtype("f4"), shape))["tensor-spec"]["shape"] == [-1, 4]


@pytest.mark.parametrize(
    ("dtype", "shape", "message"),
    [
        ("int64", (-1,), r"is a numpy\.dtype, not 'int64'"),
        (np.int64, (-1,), r"is a numpy\.dtype"),
        (np.dtype("int64"), 4, "shape of a tensor is a tuple, not 4"),
        (np.dtype("int64"), "ab", "shape of a tensor is a tuple"),
        (np.dtype("int64"), (-1, "4"), "is a tuple of integers"),
        (np.dtype("int64"), (-1, 4.0), "is a tuple of integers"),
    ],
)
def test_what_is_no_tensor_is_refused(dtype: Any, shape: Any, message: str) -> None:
    with pytest.raises(InvalidParameter, match=message):
        TensorSpec(dtype, shape)


@given(schema_strategies.schemas)
def test_a_schema_comes_back_from_its_json(schema: Schema) -> None:
    assert Schema.from_json(schema.to_json()) == schema


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ([], "at least one"),
        ([ColSpec("long"), TensorSpec(np.dtype("i8"), (-1,))], "all ColSpec or all TensorSpec"),
        (["long"], r"all ColSpec or all TensorSpec; got str"),
        ([ColSpec("long", "a"), ColSpec("long")], "Name all columns or none"),
        ([ColSpec("long", required=False)], "optional column needs a name"),
        ([TensorSpec(np.dtype("i8"), (-1,))] * 2, "Several tensors need names"),
    ],
)
def test_a_schema_refuses_what_may_not_be_mixed(inputs: Any, message: str) -> None:
    with pytest.raises(InvalidParameter, match=message):
        Schema(inputs)


def test_a_schema_answers_by_name() -> None:
    schema = Schema([ColSpec("long", "a"), ColSpec("string", "b", False), ColSpec(PERSON, "c")])
    assert len(schema) == 3
    assert schema.input_names() == ["a", "b", "c"]
    assert schema.required_input_names() == ["a", "c"]
    assert schema.optional_input_names() == ["b"]
    assert schema.input_types() == [DataType.long, DataType.string, PERSON]
    assert schema.input_types_dict()["b"] is DataType.string
    assert schema.input_dict()["a"] == ColSpec("long", "a")
    assert schema.numpy_types() == [np.dtype("i8"), np.dtype("str"), np.dtype("O")]
    assert schema.has_input_names()
    assert not schema.is_tensor_spec()
    assert repr(schema) == (
        "['a': long (required), 'b': string (optional), "
        "'c': {age: long (optional), name: string (required)} (required)]"
    )


def test_unnamed_columns_go_by_position() -> None:
    schema = Schema([ColSpec("long"), ColSpec("double")])
    assert not schema.has_input_names()
    assert schema.input_names() == schema.required_input_names() == [0, 1]
    tensors = Schema([TensorSpec(np.dtype("f4"), (-1, 2), "x")])
    assert tensors.is_tensor_spec()
    assert tensors.required_input_names() == ["x"]
    assert tensors.numpy_types() == [np.dtype("f4")]


def test_forms_of_older_mlflow_are_read() -> None:
    text = (
        '[{"name": "a", "type": "double"}, {"name": "b", "type": "long", "optional": true},'
        ' {"name": "c", "type": "long", "optional": false}]'
    )
    assert Schema.from_json(text) == Schema(
        [ColSpec("double", "a"), ColSpec("long", "b", False), ColSpec("long", "c")]
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "nothing",
        "[1]",
        "[{}]",
        '["long"]',
        '[{"type": "array"}]',
        '[{"type": "object", "properties": []}]',
        '[{"type": "map", "values": 1}]',
        '[{"type": ["long"]}]',
        '[{"type": "tensor"}]',
        '[{"type": "tensor", "tensor-spec": {"dtype": "none such", "shape": [-1]}}]',
        '[{"type": "tensor", "tensor-spec": {"dtype": "i8", "shape": -1}}]',
        '[{"type": "integral"}]',
        None,
    ],
)
def test_a_text_that_is_no_schema_is_refused(text: Any) -> None:
    with pytest.raises(InvalidParameter):
        Schema.from_json(text)


# ---- params -----------------------------------------------------------------------------------


def test_params_have_mlflow_s_json_form() -> None:
    moment = datetime.datetime(2026, 1, 31, 12, 30)
    schema = ParamSchema(
        [
            ParamSpec("k", "long", 3),
            ParamSpec("t", "double", 1),
            ParamSpec("stop", "string", ["a"], (-1,)),
            ParamSpec("since", "datetime", moment),
            ParamSpec("who", PERSON, {"name": "x"}),
            ParamSpec("on", "boolean", None),
        ]
    )
    assert json.loads(schema.to_json()) == [
        {"name": "k", "default": 3, "shape": None, "type": "long"},
        {"name": "t", "default": 1.0, "shape": None, "type": "double"},
        {"name": "stop", "default": ["a"], "shape": [-1], "type": "string"},
        {"name": "since", "default": "2026-01-31T12:30:00", "shape": None, "type": "datetime"},
        {"name": "who", "default": {"name": "x"}, "shape": None, **type_to_dict(PERSON)},
        {"name": "on", "default": None, "shape": None, "type": "boolean"},
    ]
    assert ParamSchema.from_json(schema.to_json()) == schema
    assert len(schema) == 6
    assert repr(schema.params[0]) == "'k': long (default: 3)"
    assert repr(schema.params[2]) == "'stop': string (default: ['a']) (shape: (-1,))"


@given(schema_strategies.param_schemas)
def test_params_come_back_from_their_json(schema: ParamSchema) -> None:
    assert ParamSchema.from_json(schema.to_json()) == schema


@pytest.mark.parametrize(
    ("dtype", "default", "shape", "message"),
    [
        ("long", 1.5, None, "is of type long; 1.5 is not"),
        ("long", True, None, "is of type long"),
        ("double", "1", None, "is of type double"),
        ("boolean", 1, None, "is of type boolean"),
        ("string", b"a", None, "is of type string"),
        ("datetime", "yesterday", None, "date as 2026-01-31T12:00:00"),
        ("datetime", 5, None, "is of type datetime"),
        ("long", [1], None, "is one value"),
        ("long", 1, (-1,), "is a list"),
        ("binary", b"", None, "cannot be of type binary"),
        (Array("long"), [1], None, "cannot be of type Array"),
        (AnyType(), 1, None, "cannot be of type Any"),
        (PERSON, "x", None, "is of type"),
        ("number", 1, None, "no column type"),
    ],
)
def test_a_default_that_does_not_fit_is_refused(
    dtype: Any, default: Any, shape: Any, message: str
) -> None:
    with pytest.raises(InvalidParameter, match=message):
        ParamSpec("p", dtype, default, shape)


def test_numbers_of_numpy_fit_as_defaults() -> None:
    assert ParamSpec("p", "long", np.int32(3)).to_dict()["default"] == 3
    assert ParamSpec("p", "double", np.array([1, 2]), (-1,)).default == [1.0, 2.0]


def test_a_param_is_named_once() -> None:
    with pytest.raises(InvalidParameter, match="names each param once"):
        ParamSchema([ParamSpec("p", "long", 1), ParamSpec("p", "long", 2)])


@pytest.mark.parametrize("text", ["{}", "[1]", '[{"name": "a"}]', '[{"type": "long"}]', "[[]]"])
def test_a_text_that_is_no_param_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameter):
        ParamSchema.from_json(text)


# ---- signatures -------------------------------------------------------------------------------


@given(schema_strategies.signatures)
def test_a_signature_comes_back_from_its_dict(signature: ModelSignature) -> None:
    forms = signature.to_dict()
    assert list(forms) == ["inputs", "outputs", "params"]
    assert all(part is None or isinstance(part, str) for part in forms.values())
    assert ModelSignature.from_dict(forms) == signature


def test_a_signature_needs_a_part_and_parts_of_the_right_class() -> None:
    with pytest.raises(InvalidParameter, match="needs inputs, outputs or params"):
        ModelSignature()
    with pytest.raises(InvalidParameter, match=r"inputs of a signature are a Schema.*infer_signa"):
        ModelSignature(inputs=[ColSpec("long")])  # type: ignore[arg-type]  # that is the test
    with pytest.raises(InvalidParameter, match="params of a signature are a ParamSchema"):
        ModelSignature(params=Schema([ColSpec("long")]))  # type: ignore[arg-type]  # as above


def test_a_signature_is_shown_as_mlflow_shows_it() -> None:
    signature = ModelSignature(Schema([ColSpec("long", "a")]))
    assert repr(signature) == (
        "inputs: \n  ['a': long (required)]\noutputs: \n  None\nparams: \n  None\n"
    )
