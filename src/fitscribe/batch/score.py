"""A model's answers about the rows of a file, written to another file, part by part."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fitscribe.batch.answers import columns_of, empty_answer
from fitscribe.batch.asked import Asked, Inputs, asked_model
from fitscribe.batch.job import Job, check_env
from fitscribe.batch.own_environment import scored_apart
from fitscribe.batch.reading import Source, evened, open_source
from fitscribe.batch.writing import Sink, check_output, new_file, temporary_beside
from fitscribe.errors import InvalidParameter
from fitscribe.modelfolder.problems import refusal
from fitscribe.tracking.addresses import locate_model

__all__ = ["PredictedFile", "predict_file", "score"]

# Rows of a part: at most so many, and of wide tables so few that these are its values.
MOST_ROWS = 65_536
FEWEST_ROWS = 1024
VALUES = 1 << 21


@dataclass(frozen=True, slots=True)
class PredictedFile:
    """What was written.

    Parameters
    ----------
    path : str
    rows : int
    parts : int
        How often the model was asked.
    columns : tuple of str
        Names in the output: those that were kept, then the answers.
    """

    path: str
    rows: int
    parts: int
    columns: tuple[str, ...]


def predict_file(
    model_uri: str | Path,
    input_path: str | Path,
    output_path: str | Path,
    *,
    method: str | None = None,
    keep: Sequence[str] = (),
    overwrite: bool = False,
    trust: str | None = None,
    params: Mapping[str, Any] | None = None,
    part_rows: int | None = None,
    progress: Callable[[int, int | None], object] | None = None,
    env: str = "local",
) -> PredictedFile:
    r"""Write what a model answers about each row of a file, in bounded memory.

    Parameters
    ----------
    model_uri : str or Path
        As for :func:`fitscribe.pyfunc.load_model`.
    input_path : str or Path
        ``.parquet``, ``.arrow``, ``.csv`` (with a header), ``.jsonl``, or ``.json``, which alone
        is read as a whole. Columns go by name where the model has names, else by position.
    output_path : str or Path
        ``.parquet``, ``.arrow``, ``.csv`` or ``.jsonl``. It is there when all of it is.
    method : str, optional
        ``"predict"``, ``"predict_proba"``, ``"decision_function"``, ``"transform"``,
        ``"score_samples"``, or another method of an estimator that answers about rows. By default
        what the model was saved with.
    keep : sequence of str
        Columns of the input that are copied in front of the answers (ids). Of a CSV file they
        stay the text that they are.
    overwrite : bool
        Whether a file at `output_path` may be replaced.
    trust : {"code"}, optional
        As for :func:`fitscribe.pyfunc.load_model`.
    params : mapping, optional
        Of a model that takes params; checked by its signature.
    part_rows : int, optional
        Rows that the model is asked about at once; by default 65,536, and fewer of tables with
        more than 32 columns.
    progress : callable, optional
        Called after each part with the rows that are done and of how many, None where the format
        does not tell.
    env : {"local", "venv"}
        Where the model runs: here, or in a virtual environment with what it was saved with, which
        is made once and kept in the user's own cache. What is loaded and run there is what would
        be here. MLflow's ``env_manager``.

    Returns
    -------
    PredictedFile
        Rows, parts, and the names of the columns: ``prediction``, ``probability_<class>``,
        ``decision_<class>``, ``score``, names of features or ``transformed_0`` …

    Raises
    ------
    InvalidParameter
        If a file has another ending or form, columns are missing, a value does not fit (with its
        row and column), there is no such method, or the model refuses the rows.
    AlreadyExists
        If there is a file at `output_path`.
    NotFound
        If there is no such model, input, or folder of the output.
    NotTrusted
        If the model would run somebody else's code, or an environment would install packages of
        somebody else's choice.
    NotSupported
        If answers are no columns, or a sparse matrix of more than 1,000; if fitscribe does not run
        with the versions that the model asks for.
    FitscribeError
        If the environment cannot be made, or its process breaks off.
    MissingDependency
        If pyarrow is not installed, or pandas where the model was fitted on a frame.
    StoreUnavailable
        If the output cannot be written.

    Notes
    -----
    ``mlflow models predict`` reads JSON or CSV as a whole and writes JSON.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> import fitscribe.sklearn
    >>> from sklearn.linear_model import LogisticRegression
    >>> X = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> model = LogisticRegression().fit(X, [0, 0, 1, 1])
    >>> info = fitscribe.sklearn.log_model(model, input_example=X)
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "rows.csv").write_text("id,x\n007,0.5\n008,2.5\n")
    >>> done = predict_file(
    ...     info.model_uri, folder / "rows.csv", folder / "out.csv", keep=["id"]
    ... )
    >>> print((folder / "out.csv").read_text(), end="")
    "id","prediction"
    "007",0
    "008",1
    """
    _check_rows(part_rows)
    job = Job(
        model_uri=str(model_uri),
        input_path=str(input_path),
        output_path=str(output_path),
        temporary=str(temporary_beside(Path(output_path))),
        method=method,
        keep=tuple(_checked_keep(keep)),
        overwrite=overwrite,
        trust=trust,
        params=params,
        part_rows=part_rows,
    )
    check_output(Path(output_path), overwrite)
    if check_env(env) == "venv":
        return PredictedFile(*scored_apart(job, progress))
    return score(job, progress)


def score(job: Job, progress: Callable[[int, int | None], object] | None = None) -> PredictedFile:
    """Do what :func:`predict_file` was asked for, in this process."""
    source_path, path = Path(job.input_path), Path(job.output_path)
    with closing(open_source(source_path)) as source:
        located = job.located or locate_model(job.model_uri)
        asked = asked_model(job.model_uri, located, job.method, job.trust, job.params)
        kept = job.keep
        try:
            inputs = asked.inputs_of(source.names, kept)
        except InvalidParameter as error:
            raise InvalidParameter(f"{str(source_path)!r}: {error}") from None
        _check_kept(source_path, kept, source.names)
        rows = job.part_rows or _rows_at_once(len(inputs.columns))
        scoring = _Scoring(source_path, asked, inputs, {n: source.types.get(n) for n in kept})
        with new_file(path, Path(job.temporary), job.overwrite) as make:
            scoring.run(_tables(source, inputs, kept, rows), make, source.total, progress)
    return PredictedFile(str(path), scoring.rows, scoring.parts, tuple(scoring.names))


def _checked_keep(keep: Sequence[str]) -> list[str]:
    """Return names of columns, each once."""
    names = [keep] if isinstance(keep, str) else list(keep)
    if not all(isinstance(name, str) for name in names):
        raise InvalidParameter(f"keep is a list of names of columns, not {keep!r:.80}.")
    return list(dict.fromkeys(names))


def _check_rows(part_rows: int | None) -> None:
    whole = isinstance(part_rows, int) and not isinstance(part_rows, bool)
    if part_rows is not None and not (whole and part_rows > 0):
        raise InvalidParameter(f"part_rows is a positive integer, not {part_rows!r:.80}.")


def _check_kept(path: Path, kept: Sequence[str], names: Sequence[str]) -> None:
    missing = [name for name in kept if names.count(name) != 1]
    if missing:
        raise InvalidParameter(
            f"{str(path)!r} has not one column each of the names {missing}, which are to be kept. "
            f"It has {', '.join(names[:20])}{' …' if len(names) > 20 else ''}."
        )


def _rows_at_once(columns: int) -> int:
    return max(FEWEST_ROWS, min(MOST_ROWS, VALUES // max(1, columns)))


def _tables(source: Source, inputs: Inputs, kept: Sequence[str], rows: int) -> Iterator[Any]:
    """Yield the parts of a file: each column once, those that the model takes first."""
    columns = list(dict.fromkeys([*inputs.columns, *kept]))
    # What is only kept stays as it is: in CSV ids like 007 are texts.
    types = {name: source.types[name] for name in kept if name in source.types} | inputs.types
    return evened(source.batches(columns, types, rows), rows)


class _Scoring:
    """One file on its way through a model."""

    def __init__(self, path: Path, asked: Asked, inputs: Inputs, kept: dict[str, Any]) -> None:
        self._path, self._asked, self._inputs, self._kept = path, asked, inputs, kept
        self._schema: Any = None
        self.rows = 0
        self.parts = 0
        self.names: list[str] = []

    def run(
        self,
        tables: Iterator[Any],
        make: Callable[[Any], Sink],
        total: int | None,
        progress: Callable[[int, int | None], object] | None,
    ) -> None:
        """Ask about each part and write the answers."""
        sink: Sink | None = None
        for table in tables:
            batch = self._batch(table, self._answers(table))
            if sink is None:
                sink = make(batch.schema)
            sink.write(batch)
            self.rows += table.num_rows
            self.parts += 1
            if progress is not None:
                progress(self.rows, total)
        if sink is None:
            make(self._batch_of_nothing().schema)

    def _answers(self, table: Any) -> dict[str, Any]:
        """Return the model's answers about a part, by the names of their columns."""
        try:
            data = self._inputs.made(table.select(self._inputs.columns))
        except InvalidParameter as error:
            raise self._with_rows(error) from None
        asked = self._asked
        try:
            answer = asked.ask(data)
        except (ValueError, TypeError) as error:
            last = self.rows + table.num_rows - 1
            where = self._missing(table) if "NaN" in str(error) else ""
            where = where or f", rows {self.rows} to {last}"
            raise InvalidParameter(
                f"{str(self._path)!r}{where}: the model refuses the rows, which are counted from "
                f"0.\n{error}"
            ) from error
        return columns_of(answer, asked.method, asked.model, table.num_rows)

    def _with_rows(self, error: InvalidParameter) -> InvalidParameter:
        """Return an error about a part with the rows of the file."""
        if len(error.args) != 3:
            return error
        _, problems, missing = error.args
        moved = [
            problem if problem.row is None else problem._replace(row=problem.row + self.rows)
            for problem in problems
        ]
        return InvalidParameter(f"{str(self._path)!r}: {refusal(moved, missing)}")

    def _missing(self, table: Any) -> str:
        """Return where the first value is that is missing or not finite; empty if all are."""
        from pyarrow import compute, types

        found: tuple[int, str] | None = None
        for name in self._inputs.columns:
            column = table.column(name)
            bad = column.is_null()
            if types.is_floating(column.type):
                bad = compute.fill_null(compute.invert(compute.is_finite(column)), True)
            row = compute.index(bad, True).as_py()
            if row >= 0 and (found is None or row < found[0]):
                found = (row, name)
        if found is None:
            return ""
        return f", row {self.rows + found[0]}, column {found[1]!r} (no finite value there)"

    def _batch(self, table: Any, answers: Mapping[str, Any]) -> Any:
        """Return what is written of a part."""
        import pyarrow

        arrays = [_one(table.column(name)) for name in self._kept]
        names = [*self._kept, *answers]
        if self._schema is None:
            self._check_names(answers)
        wanted = [None] * len(answers) if self._schema is None else self._schema.types
        for column, kind in zip(answers.values(), wanted[-len(answers) :], strict=True):
            arrays.append(_array(column, kind, self._asked.method))
        batch = pyarrow.record_batch(arrays, names=names)
        if self._schema is None:
            self._schema, self.names = batch.schema, names
        elif names != self.names:
            raise InvalidParameter(
                f"The model gave the columns {list(answers)} after row {self.rows}, and others "
                "before."
            )
        return batch

    def _check_names(self, answers: Mapping[str, Any]) -> None:
        both = [name for name in self._kept if name in answers]
        if both:
            raise InvalidParameter(
                f"The columns {both} cannot be kept: answers have these names. Rename them in the "
                "input."
            )

    def _batch_of_nothing(self) -> Any:
        """Return what is written of a file without rows."""
        import pyarrow

        asked = self._asked
        answers = columns_of(empty_answer(asked.method, asked.model), asked.method, asked.model, 0)
        kept = [pyarrow.array([], kind or pyarrow.string()) for kind in self._kept.values()]
        table = pyarrow.table(kept, names=list(self._kept))
        return self._batch(table, answers)


def _one(column: Any) -> Any:
    """Return a column of a table in one piece."""
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _array(column: Any, kind: Any, method: str) -> Any:
    """Return answers as an Arrow array of a type, of their own if it is None.

    Raises InvalidParameter if they have no one type.
    """
    import pyarrow

    if isinstance(column, np.ndarray) and column.dtype.kind == "U":
        column = column.astype(object)
    try:
        if hasattr(column, "to_arrow"):
            made = column.to_arrow()
            return made if kind is None else made.cast(kind)
        return pyarrow.array(column, type=kind)
    except (pyarrow.ArrowException, TypeError, OverflowError) as error:
        raise InvalidParameter(
            f"The answers of {method} are not of one type that a file has: {error}"
        ) from error
