"""What a model takes and gives: columns or tensors, and the params of a prediction.

Names and JSON forms are those of ``mlflow.types`` and ``mlflow.models`` (MLflow 3.17); forms
that older versions wrote are read too.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from fitscribe.errors import InvalidParameter
from fitscribe.modelfolder.datatypes import (
    ColumnType,
    DataType,
    as_type,
    read_forms,
    read_required,
    read_type,
    type_to_dict,
)
from fitscribe.modelfolder.params import ParamSchema

__all__ = [
    "ColSpec",
    "ColumnName",
    "ModelSignature",
    "Schema",
    "TensorSpec",
]

ColumnName: TypeAlias = str | int | tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class ColSpec:
    """One column.

    Parameters
    ----------
    type : DataType, Array, Object, Map, AnyType or str
        Type of its values; a scalar type may be given by name.
    name : str, int, tuple or None
        Its name as pandas has it; None where columns go by position.
    required : bool
        Whether an input must have it.
    """

    type: ColumnType
    name: ColumnName | None = None
    required: bool = True

    def __post_init__(self) -> None:
        if not isinstance(self.type, DataType):
            object.__setattr__(self, "type", as_type(self.type))

    def __repr__(self) -> str:
        needed = f"{self.type!r} ({'required' if self.required else 'optional'})"
        return needed if self.name is None else f"{self.name!r}: {needed}"

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        form = type_to_dict(self.type)
        if self.name is not None:
            form["name"] = self.name
        form["required"] = self.required
        return form


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """One array.

    Parameters
    ----------
    type : numpy.dtype
        Its dtype; text and bytes of any length are one dtype each.
    shape : sequence of int
        Its shape; -1 is any length.
    name : str or None
        Its key where the input is a dict of arrays.
    """

    type: np.dtype[Any]
    shape: tuple[int, ...]
    name: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.type, np.dtype):
            raise InvalidParameter(
                f"The type of a tensor is a numpy.dtype, not {self.type!r}; try np.dtype(...)."
            )
        # The JSON form has neither the length of texts nor the order of bytes.
        plain = np.dtype(_dtype_name(self.type)) if self.type.kind in "US" else self.type
        object.__setattr__(self, "type", plain.newbyteorder("="))
        if not isinstance(self.shape, (tuple, list)):
            raise InvalidParameter(f"The shape of a tensor is a tuple, not {self.shape!r}.")
        try:
            object.__setattr__(self, "shape", tuple(map(operator.index, self.shape)))
        except TypeError:
            raise InvalidParameter(
                f"The shape of a tensor is a tuple of integers, not {self.shape!r}."
            ) from None

    def __repr__(self) -> str:
        tensor = f"Tensor({_dtype_name(self.type)!r}, {self.shape!r})"
        return tensor if self.name is None else f"{self.name!r}: {tensor}"

    @property
    def required(self) -> bool:
        """Always true: MLflow has no optional tensors."""
        return True

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        form: dict[str, Any] = {} if self.name is None else {"name": self.name}
        form["type"] = "tensor"
        form["tensor-spec"] = {"dtype": _dtype_name(self.type), "shape": list(self.shape)}
        return form


def _dtype_name(dtype: np.dtype[Any]) -> str:
    """Return numpy's name of a dtype, without the length of text and bytes."""
    return {"U": "str", "S": "bytes"}.get(dtype.kind) or dtype.name


class Schema:
    """The columns or the tensors of an input or an output.

    Parameters
    ----------
    inputs : sequence of ColSpec or sequence of TensorSpec
        All of one class; all named or none; unnamed columns are required, and an unnamed tensor
        is alone.

    Raises
    ------
    InvalidParameter
        If it is empty or mixes what may not be mixed.
    """

    __slots__ = ("inputs",)

    def __init__(self, inputs: Sequence[ColSpec | TensorSpec]) -> None:
        if not inputs:
            raise InvalidParameter("A schema has at least one column or tensor.")
        classes = {type(spec) for spec in inputs}
        if classes != {ColSpec} and classes != {TensorSpec}:
            found = ", ".join(sorted(cls.__name__ for cls in classes))
            raise InvalidParameter(f"A schema is all ColSpec or all TensorSpec; got {found}.")
        unnamed = [spec for spec in inputs if spec.name is None]
        if unnamed and len(unnamed) < len(inputs):
            names = [spec.name for spec in inputs]
            raise InvalidParameter(f"Name all columns or none of them; got {names}.")
        if unnamed and not all(spec.required for spec in unnamed):
            raise InvalidParameter("An optional column needs a name.")
        if unnamed and classes == {TensorSpec} and len(inputs) > 1:
            raise InvalidParameter("Several tensors need names.")
        self.inputs: list[ColSpec | TensorSpec] = list(inputs)

    def __len__(self) -> int:
        return len(self.inputs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Schema) and self.inputs == other.inputs

    __hash__ = None  # type: ignore[assignment]  # `inputs` is a list, as in MLflow

    def __repr__(self) -> str:
        return repr(self.inputs)

    def is_tensor_spec(self) -> bool:
        """Whether it holds tensors."""
        return isinstance(self.inputs[0], TensorSpec)

    def has_input_names(self) -> bool:
        """Whether its columns or tensors have names."""
        return self.inputs[0].name is not None

    def input_names(self) -> list[ColumnName]:
        """Return the names, or positions where there are none."""
        return [i if spec.name is None else spec.name for i, spec in enumerate(self.inputs)]

    def required_input_names(self) -> list[ColumnName]:
        """Return the names of what an input must have."""
        specs = zip(self.input_names(), self.inputs, strict=True)
        return [name for name, spec in specs if spec.required]

    def optional_input_names(self) -> list[ColumnName]:
        """Return the names of what an input may lack."""
        specs = zip(self.input_names(), self.inputs, strict=True)
        return [name for name, spec in specs if not spec.required]

    def input_types(self) -> list[ColumnType | np.dtype[Any]]:
        """Return the types, in order."""
        return [spec.type for spec in self.inputs]

    def input_types_dict(self) -> dict[ColumnName, ColumnType | np.dtype[Any]]:
        """Return the types by name."""
        return dict(zip(self.input_names(), self.input_types(), strict=True))

    def input_dict(self) -> dict[ColumnName, ColSpec | TensorSpec]:
        """Return the columns or tensors by name."""
        return dict(zip(self.input_names(), self.inputs, strict=True))

    def numpy_types(self) -> list[np.dtype[Any]]:
        """Return the numpy dtypes, in order; what is no scalar is an object."""
        return [
            kind.to_numpy()
            if isinstance(kind, DataType)
            else kind
            if isinstance(kind, np.dtype)
            else np.dtype("O")
            for kind in self.input_types()
        ]

    def to_dict(self) -> list[dict[str, Any]]:
        """Return the JSON form (a list, in spite of MLflow's name for it)."""
        return [spec.to_dict() for spec in self.inputs]

    def to_json(self) -> str:
        """Return the JSON text."""
        return json.dumps(self.to_dict())

    @classmethod
    def from_json(cls, text: str) -> Schema:
        """Return the schema of a JSON text that MLflow 1.x, 2.x, 3.x or we wrote.

        Raises
        ------
        InvalidParameter
            If it is no such text.
        """
        return cls([_read_spec(form) for form in read_forms(text)])


def _read_spec(form: Any) -> ColSpec | TensorSpec:
    """Return the column or tensor of its JSON form."""
    try:
        name = form.get("name")
        if form["type"] == "tensor":
            tensor = form["tensor-spec"]
            return TensorSpec(np.dtype(tensor["dtype"]), tuple(tensor["shape"]), name)
        return ColSpec(read_type(form), _read_name(name), read_required(form))
    except (KeyError, TypeError, AttributeError):
        raise InvalidParameter(f"{form!r:.80} is not the JSON form of a column.") from None


def _read_name(name: Any) -> ColumnName | None:
    """Return a column's name; JSON has lists for tuples."""
    return tuple(map(_read_name, name)) if isinstance(name, list) else name


@dataclass(frozen=True, slots=True)
class ModelSignature:
    """What a model takes and what it gives.

    Parameters
    ----------
    inputs, outputs : Schema or None
    params : ParamSchema or None
        At least one of the three.
    """

    inputs: Schema | None = None
    outputs: Schema | None = None
    params: ParamSchema | None = None

    def __post_init__(self) -> None:
        if self.inputs is None and self.outputs is None and self.params is None:
            raise InvalidParameter("A signature needs inputs, outputs or params.")
        for name, given, wanted in (
            ("inputs", self.inputs, Schema),
            ("outputs", self.outputs, Schema),
            ("params", self.params, ParamSchema),
        ):
            if given is not None and not isinstance(given, wanted):
                raise InvalidParameter(
                    f"The {name} of a signature are a {wanted.__name__}, not {given!r:.80}. "
                    "infer_signature(...) makes one from data."
                )

    def __repr__(self) -> str:
        return (
            f"inputs: \n  {self.inputs}\noutputs: \n  {self.outputs}\nparams: \n  {self.params}\n"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return ``inputs``, ``outputs`` and ``params``, each a JSON text or None."""
        return {
            "inputs": self.inputs.to_json() if self.inputs is not None else None,
            "outputs": self.outputs.to_json() if self.outputs is not None else None,
            "params": self.params.to_json() if self.params is not None else None,
        }

    @classmethod
    def from_dict(cls, forms: Mapping[str, Any]) -> ModelSignature:
        """Return the signature of what :meth:`to_dict` gives; a missing part is None."""
        inputs, outputs, params = (forms.get(key) for key in ("inputs", "outputs", "params"))
        return cls(
            Schema.from_json(inputs) if inputs else None,
            Schema.from_json(outputs) if outputs else None,
            ParamSchema.from_json(params) if params else None,
        )
