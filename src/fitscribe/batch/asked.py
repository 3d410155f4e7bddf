"""A model as it is asked about tables: the columns it takes, their types, and the method."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np

from fitscribe.batch.arrow import frame_of, matrix_of, type_of
from fitscribe.errors import InvalidParameter, NotFound, NotSupported
from fitscribe.modelfolder.enforce import Enforcement
from fitscribe.modelfolder.mlmodel import Model
from fitscribe.modelfolder.problems import refusal
from fitscribe.modelfolder.pyfunc import FLAVOR, PyFuncModel, load_pyfunc
from fitscribe.modelfolder.read import load_opened, open_folder
from fitscribe.modelfolder.schema import ColSpec, ColumnName, Schema, TensorSpec
from fitscribe.modelfolder.values import ANY, numpy_type
from fitscribe.tracking.pyfunc import warn_of_versions

Form: TypeAlias = Literal["array", "frame", "dicts", "values"]

__all__ = ["Asked", "Inputs", "asked_model"]


class Inputs:
    """The columns of a file that a model takes, and what becomes of them.

    Parameters
    ----------
    columns : list of str
        Names in the file, in the model's order.
    names : list
        Names that the model knows them by.
    schema : Schema or None
        Of these columns.
    form : {"array", "frame", "dicts", "values"}
        What the model is asked with; "values" are those of its one column, as for texts.
    """

    def __init__(
        self,
        columns: list[str],
        names: list[ColumnName],
        schema: Schema | None,
        form: Form,
    ) -> None:
        self.columns = columns
        self._names = names
        self._form = form
        self._enforce = None if schema is None else Enforcement(schema)
        self.types = {}
        for spec in () if schema is None else schema.inputs:
            wanted = type_of(spec) if isinstance(spec, ColSpec) else None
            if wanted is not None:
                self.types[str(spec.name)] = wanted

    def made(self, table: Any) -> Any:
        """Return a table as the model takes it: an array or a frame.

        Raises InvalidParameter, whose arguments have the problems, if it does not fit.
        """
        if self._enforce is not None:
            table = self._enforce(table)
        if self._form == "values":
            return table.column(0).to_pylist()
        if self._form == "dicts":
            return table.to_pylist()
        return frame_of(table, self._names) if self._form == "frame" else matrix_of(table)


class Asked:
    """A loaded model, and the method that it is asked by.

    Parameters
    ----------
    metadata : Model
        What its ``MLmodel`` says.
    model : object
        The estimator, or what else is asked; its attributes tell names.
    method : str
    ask : callable
        From an array or a frame to answers.
    is_estimator : bool
    """

    def __init__(
        self,
        metadata: Model,
        model: Any,
        method: str,
        ask: Callable[[Any], Any],
        is_estimator: bool,
    ) -> None:
        self.model, self.method, self.ask = model, method, ask
        self._schema = metadata.get_input_schema()
        self._is_estimator = is_estimator

    def inputs_of(self, names: Sequence[str], kept: Sequence[str]) -> Inputs:
        """Return which columns of a file the model takes.

        Columns with names go by name. A model without names takes all columns but the kept ones,
        in their order; all, if these are as many as it takes.

        Raises
        ------
        InvalidParameter
            If columns are missing, there are several of one name, or not as many as the model
            takes.
        """
        specs = [] if self._schema is None else list(self._schema.inputs)
        fitted = self._fitted_names()
        if self._schema is not None and self._schema.has_input_names():
            known = [_column(spec, spec.name) for spec in specs]
        elif fitted is not None and not specs:
            return self._named([ColSpec(ANY, name) for name in fitted], names, None)
        else:
            return self._placed(specs, fitted, names, kept)
        schema = Schema(known)
        return self._named(known, names, schema)

    def _fitted_names(self) -> list[str] | None:
        found = getattr(self.model, "feature_names_in_", None) if self._is_estimator else None
        return None if found is None else [str(name) for name in found]

    def _named(self, specs: list[ColSpec], names: Sequence[str], schema: Schema | None) -> Inputs:
        """Return columns by name; those that an input may lack are left out."""
        there = set(names)
        missing = [spec.name for spec in specs if spec.required and str(spec.name) not in there]
        if missing:
            raise refusal([], missing)
        taken = [spec for spec in specs if str(spec.name) in there]
        columns = [str(spec.name) for spec in taken]
        _check_once(columns, names)
        if schema is not None:
            schema = Schema([ColSpec(s.type, str(s.name), s.required) for s in taken])
        # Who was fitted on an array says so by having no names, and warns of a frame.
        plain = (
            self._is_estimator
            and hasattr(self.model, "n_features_in_")
            and not hasattr(self.model, "feature_names_in_")
        )
        form: Form = "array" if plain else "frame"
        if self._is_estimator and _takes_dicts(self.model):
            form = "dicts"
        return Inputs(columns, [_known(spec) for spec in taken], schema, form)

    def _placed(
        self,
        specs: list[ColSpec | TensorSpec],
        fitted: list[str] | None,
        names: Sequence[str],
        kept: Sequence[str],
    ) -> Inputs:
        """Return columns by position."""
        count = self._width(specs)
        columns = list(names)
        if len(columns) != count:
            columns = [name for name in columns if name not in kept]
        if count is not None and len(columns) != count:
            raise InvalidParameter(
                f"The model takes {count} columns, which have no names, and the file has "
                f"{len(columns)}{' besides those to keep' if kept else ''}. A column that is only "
                "kept (--keep NAME, keep=[...]) is not the model's; or make the file without "
                "the others."
            )
        _check_once(columns, names)
        schema = None
        if specs and count is not None:
            given = specs * count if isinstance(specs[0], TensorSpec) else specs
            schema = Schema([_column(s, n) for s, n in zip(given, columns, strict=True)])
        by_name = fitted is not None and len(fitted) == len(columns)
        known: list[ColumnName] = list(fitted if by_name and fitted else columns)
        form: Form = "frame" if by_name or not (self._is_estimator or specs) else "array"
        if len(specs) == 1 and specs[0] != ColSpec(ANY) and isinstance(specs[0], ColSpec):
            form = "values"  # of arrays a signature has tensors, so this was a list
        return Inputs(columns, known, schema, form)

    def _width(self, specs: list[ColSpec | TensorSpec]) -> int | None:
        """Return how many columns a model takes that does not know them by name."""
        if specs and isinstance(specs[0], TensorSpec):
            shape = specs[0].shape
            if len(shape) != 2:
                raise NotSupported(
                    f"The model takes arrays of {len(shape)} dimensions; a file of rows and "
                    "columns has two."
                )
            if shape[1] != -1:
                return int(shape[1])
        elif specs and specs != [ColSpec(ANY)]:
            return len(specs)
        found = getattr(self.model, "n_features_in_", None) if self._is_estimator else None
        return None if found is None else int(found)


def _takes_dicts(model: Any) -> bool:
    """Whether an estimator, or the first step of a pipeline, takes rows as dicts."""
    steps = getattr(model, "steps", None)
    first = steps[0][1] if steps else model
    names = {cls.__name__ for cls in type(first).__mro__}
    return bool(names & {"DictVectorizer", "FeatureHasher"})


def _known(spec: ColSpec) -> ColumnName:
    return "" if spec.name is None else spec.name


def _column(spec: ColSpec | TensorSpec, name: ColumnName | None) -> ColSpec:
    """Return a column of a signature under a name; one of an array is as wide as its dtype."""
    if isinstance(spec, ColSpec):
        return ColSpec(spec.type, name, spec.required)
    return ColSpec(numpy_type(np.dtype(spec.type)), name)


def _check_once(columns: Sequence[str], names: Sequence[str]) -> None:
    twice = [name for name in columns if names.count(name) > 1]
    if twice:
        raise InvalidParameter(f"The file has several columns of one name: {sorted(set(twice))}.")


def asked_model(
    model_uri: str,
    located: tuple[Path, str | None],
    method: str | None,
    trust: str | None,
    params: Mapping[str, Any] | None = None,
) -> Asked:
    """Return a model, ready to be asked by a method.

    Parameters
    ----------
    model_uri : str
        What messages call it.
    located : tuple of Path and str or None
        Its folder, and the digest that its store knows, as
        :func:`~fitscribe.tracking.addresses.locate_model` gives them.
    method, trust, params
        As for :func:`~fitscribe.batch.score.predict_file`.

    Raises
    ------
    NotFound, NotTrusted, DamagedModel
        As :func:`fitscribe.pyfunc.load_model`.
    InvalidParameter
        If it has no such method.
    """
    folder, digest = located
    warn_of_versions(model_uri, folder)
    try:
        loaded = load_pyfunc(folder, trust=trust, digest=digest)
    except NotFound:
        if method is None:
            raise
        # What had no method to predict with is a transformer, say, and no python_function.
        opened = open_folder(folder, digest)
        estimator = load_opened(opened, trust)
        return Asked(
            opened.model, estimator, method, _method(estimator, method), is_estimator=True
        )
    return _of_pyfunc(loaded, method, params)


def _of_pyfunc(loaded: PyFuncModel, method: str | None, params: Mapping[str, Any] | None) -> Asked:
    metadata = loaded.metadata
    try:
        estimator = loaded.get_raw_model()
    except NotSupported:
        estimator = None
    if estimator is None or "sklearn" not in metadata.flavors:
        if method not in (None, "predict"):
            raise InvalidParameter(
                f"The model is no estimator of scikit-learn and has no {method!r}; leave the "
                "method out."
            )
        return Asked(metadata, loaded, "predict", lambda data: loaded.predict(data, params), False)
    kept = str(metadata.flavors.get(FLAVOR, {}).get("predict_fn") or "predict")
    return Asked(metadata, estimator, method or kept, _method(estimator, method or kept), True)


def _method(estimator: Any, name: str) -> Callable[[Any], Any]:
    """Return a method of an estimator that answers about rows."""
    found = None
    # To fit is no answer, and changes the model.
    if not name.startswith(("_", "fit", "partial_fit", "set_", "get_")) and name != "score":
        found = getattr(estimator, name, None)
    if not callable(found):
        usual = (
            "predict",
            "predict_proba",
            "decision_function",
            "transform",
            "score_samples",
        )
        there = [known for known in usual if hasattr(estimator, known)]
        raise InvalidParameter(
            f"A {type(estimator).__name__} has no method {name!r} that answers about rows. It "
            f"has {', '.join(there) or 'none of the usual ones'}."
        )
    return found  # type: ignore[no-any-return]  # of a class that nobody knows here
