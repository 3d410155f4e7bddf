"""The public door of the types in signatures, for who writes a ``ModelSignature`` by hand."""

from fitscribe.modelfolder.datatypes import AnyType, Array, DataType, Map, Object, Property
from fitscribe.modelfolder.params import ParamSchema, ParamSpec
from fitscribe.modelfolder.schema import ColSpec, Schema, TensorSpec

__all__ = [
    "AnyType",
    "Array",
    "ColSpec",
    "DataType",
    "Map",
    "Object",
    "ParamSchema",
    "ParamSpec",
    "Property",
    "Schema",
    "TensorSpec",
]
