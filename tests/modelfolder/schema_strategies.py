"""Hypothesis strategies for types, schemas and signatures."""

from __future__ import annotations

import datetime

import numpy as np
from hypothesis import strategies as st

from fitscribe.modelfolder.datatypes import AnyType, Array, DataType, Map, Object, Property
from fitscribe.modelfolder.params import ParamSchema, ParamSpec
from fitscribe.modelfolder.schema import ColSpec, ModelSignature, Schema, TensorSpec

SCALARS = list(DataType)
DTYPES = [
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16",
    "float32", "float64", "complex128", "str", "bytes", "object", "datetime64[D]",
    "datetime64[ns]", "timedelta64[s]",
]  # fmt: skip

names = st.text(max_size=8)


def _built_of(inner: st.SearchStrategy) -> st.SearchStrategy:
    properties = st.lists(
        st.builds(Property, names, inner, st.booleans()), max_size=3, unique_by=lambda p: p.name
    )
    return st.one_of(st.builds(Array, inner), st.builds(Map, inner), st.builds(Object, properties))


types = st.recursive(st.sampled_from([*SCALARS, AnyType()]), _built_of, max_leaves=5)
labels = st.recursive(
    st.one_of(st.text(max_size=8), st.integers()),
    lambda inner: st.lists(inner, min_size=1, max_size=2).map(tuple),
    max_leaves=3,
)
shapes = st.lists(st.integers(1, 64), max_size=3).map(lambda sizes: (-1, *sizes))
dtypes = st.sampled_from(DTYPES).map(np.dtype)

named_columns = st.lists(
    st.builds(ColSpec, types, labels, st.booleans()),
    min_size=1,
    max_size=5,
    unique_by=lambda spec: spec.name,
)
unnamed_columns = st.lists(st.builds(ColSpec, types), min_size=1, max_size=3)
named_tensors = st.lists(
    st.builds(TensorSpec, dtypes, shapes, names),
    min_size=1,
    max_size=3,
    unique_by=lambda spec: spec.name,
)
unnamed_tensor = st.builds(TensorSpec, dtypes, shapes).map(lambda spec: [spec])
schemas = st.one_of(named_columns, unnamed_columns, named_tensors, unnamed_tensor).map(Schema)

_whole = st.integers(-(2**63), 2**63 - 1)
_real = st.floats(allow_nan=False)
VALUES: dict[DataType, st.SearchStrategy] = {
    DataType.boolean: st.booleans(),
    DataType.integer: st.integers(-(2**31), 2**31 - 1),
    DataType.long: _whole,
    DataType.float: _real,
    DataType.double: _real,
    DataType.string: st.text(max_size=8),
    DataType.datetime: st.one_of(
        st.datetimes(timezones=st.sampled_from([None, datetime.UTC])), st.dates()
    ),
}


@st.composite
def params(draw: st.DrawFn) -> ParamSpec:
    """One param whose default fits: a value, a list or None."""
    dtype = draw(st.sampled_from(list(VALUES)))
    values = VALUES[dtype]
    name = draw(names)
    if draw(st.booleans()):
        return ParamSpec(name, dtype, draw(st.none() | values))
    return ParamSpec(name, dtype, draw(st.none() | st.lists(values, max_size=3)), (-1,))


param_schemas = st.lists(params(), max_size=3, unique_by=lambda spec: spec.name).map(ParamSchema)
signatures = st.builds(
    ModelSignature, schemas, st.none() | schemas, st.none() | param_schemas
) | st.builds(ModelSignature, st.none(), st.none(), param_schemas)
