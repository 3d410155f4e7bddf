"""Golden rows: made-up rows like those of a fit, and what the model answers to them.

Here what :mod:`fitscribe.monitoring` knows of the data meets the rows of
:mod:`fitscribe.modelfolder`. Rows of the data itself are kept on request only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fitscribe.errors import InvalidParameter
from fitscribe.modelfolder.containers import (
    is_pandas_frame,
    is_pandas_series,
    is_polars_frame,
    is_polars_series,
    is_sparse,
)
from fitscribe.modelfolder.exact import encoded
from fitscribe.modelfolder.golden import (
    DIFFERENT,
    METHODS,
    MOST_ROWS,
    ORIGINS,
    Golden,
    compare,
)
from fitscribe.modelfolder.made_up import Sketch, made_up
from fitscribe.monitoring.column import ColumnProfile
from fitscribe.monitoring.profile import Profile, profile_of
from fitscribe.sklearn.attempt import Attempts
from fitscribe.sklearn.generators import generators_of
from fitscribe.sklearn.observe import all_params
from fitscribe.sklearn.predictions import plan_of, predict_once
from fitscribe.sklearn.quiet import quietly
from fitscribe.sklearn.rows import copied, shape_of
from fitscribe.sklearn.standin import draws_nothing, reason_not_to_ask, stand_in

__all__ = [
    "SKIPPED",
    "Beside",
    "Kept",
    "answers_of",
    "beside_of",
    "golden_of",
    "kept_by_hand",
    "made_up_rows",
    "profile_or_none",
]

SKIPPED = "fitscribe.golden.skipped"
# Of more cells the answer of a method is left out.
MOST_ANSWERS = 1 << 16
MADE_UP, GIVEN, EXAMPLE = ORIGINS
NOT_MADE_UP = "no rows can be made up: X is no table of numbers, dates and frequent texts"


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a model's data beside it, as files.

    Parameters
    ----------
    golden : bytes or None
        The golden rows.
    profile : bytes or None
        The profile of the data.
    skipped : str or None
        Why there are no golden rows, or not all answers.
    """

    golden: bytes | None = None
    profile: bytes | None = None
    skipped: str | None = None


@dataclass(frozen=True, slots=True)
class Beside:
    """What is known of a fit's data for those who keep its models.

    Parameters
    ----------
    rows : object
        Golden rows; None for none.
    origin : str
        Where they come from.
    profile : bytes or None
        The file.
    flat : bool
        Whether a classifier predicts one label for each row.
    skipped : str or None
        Why there are no golden rows.
    """

    rows: Any = None
    origin: str = MADE_UP
    profile: bytes | None = None
    flat: bool = False
    skipped: str | None = None

    def of(self, estimator: Any, params: Mapping[str, Any]) -> Kept:
        """Return what is kept beside one model; it is asked."""
        if self.rows is None:
            return Kept(None, self.profile, self.skipped)
        golden, skipped = golden_of(estimator, params, self.rows, self.origin, self.flat)
        return Kept(golden, self.profile, skipped)


def beside_of(X: Any, predicted: Any, example: Any, *, golden: bool, profile: bool) -> Beside:
    """Return what is kept of the data of a fit.

    Parameters
    ----------
    X : array-like, sparse matrix or frame of shape (n_rows, n_features)
        The training data.
    predicted : array-like of shape (n_rows,) or (n_rows, n_outputs), or None
        What was predicted for them.
    example : same kinds as X, or None
        Rows of the data, if they may be kept.
    golden, profile : bool
        What is wanted.
    """
    made: Profile | None = None
    if profile or (golden and example is None):
        made = profile_or_none(X, predicted)
    rows = example
    skipped = None
    if golden and rows is None:
        rows = None if made is None else made_up_rows(made, X)
        skipped = NOT_MADE_UP if rows is None else None
    return Beside(
        rows if golden else None,
        MADE_UP if example is None else EXAMPLE,
        made.to_json() if profile and made is not None else None,
        getattr(predicted, "ndim", 0) == 1,
        skipped,
    )


def profile_or_none(X: Any, predicted: Any) -> Profile | None:
    """Return the profile of training data and of its predictions, if they are of all rows."""
    shape = shape_of(X)
    if not shape or len(shape) > 2 or not shape[0]:
        return None
    known = shape_of(predicted)
    outputs = predicted if known and len(known) < 3 and known[0] == shape[0] else None
    try:
        return profile_of(X, outputs)
    except InvalidParameter:
        return None  # no table


def made_up_rows(profile: Profile, like: Any) -> Any:
    """Return rows of the kind of some data that its profile allows to make; None if it does not.

    A column of free text, or of anything that has no profile, allows none.
    """
    sketches = [_sketch_of(column) for column in profile.inputs]
    known = [sketch for sketch in sketches if sketch is not None]
    if len(known) < len(sketches):
        return None
    if profile.left_out and not hasattr(like, "tocsr"):
        return None
    return made_up(like, known)


def _sketch_of(column: ColumnProfile) -> Sketch | None:
    """Return what a made-up column may hold; None where nothing is known."""
    levels, moments = column.levels, column.moments
    missing = column.missing > 0
    if column.kind in ("text", "category"):
        texts = () if levels is None else levels.values
        return Sketch("text", texts, missing) if texts else None
    if column.kind == "other":
        return None
    points: list[float] = []
    if levels is not None:
        points = [float(value) for value in levels.values]
    elif column.bins is not None:
        edges = column.bins.edges
        # An encoder of whole numbers knows those that were there; of others nobody need have one.
        points = _between(edges) if column.kind in ("number", "datetime") else list(edges)
    low, high = moments.minimum, moments.maximum
    if low is not None and high is not None and not (levels is not None and points):
        points = [low, *points, high]
    kind = "integer" if column.kind == "identifier" else column.kind
    return Sketch(kind, points, missing) if points else None


def _between(edges: Sequence[float]) -> list[float]:
    """Return values between quantiles, up to 14, evenly chosen."""
    gaps = len(edges) - 1
    if gaps < 1:
        return list(edges)
    count = min(gaps, MOST_ROWS - 2)
    step = (gaps - 1) / max(count - 1, 1)
    places = [round(place * step) for place in range(count)]
    return [edges[place] + (edges[place + 1] - edges[place]) / 2 for place in places]


def golden_of(
    estimator: Any,
    params: Mapping[str, Any],
    rows: Any,
    origin: str,
    flat: bool = False,
) -> tuple[bytes | None, str | None]:
    """Return the file of golden rows, and why there is none or something is missing in it.

    Parameters
    ----------
    estimator : object
        The fitted estimator; it is not changed.
    params : mapping of str to object
        All of its params, the estimators inside it among them.
    rows : array, sparse matrix or frame
        Up to 16.
    origin : {"made up", "given", "training data"}
    flat : bool
        Whether a classifier is known to predict one label for each row: then labels follow from
        probabilities, where they do for its class.
    """
    reason = reason_not_to_ask(estimator, params)
    if reason is not None:
        return None, reason
    attempts = Attempts(type(estimator).__name__, silent=True)
    # Whoever gave rows is told what is wrong with them.
    read = _as_read(rows, origin) if origin == GIVEN else attempts("rows", _as_read, rows, origin)
    asked = attempts("copy an estimator of your own", stand_in, estimator, params)
    if read is None or asked is None:
        return None, "\n".join(attempts.problems)
    steady = draws_nothing(estimator, params)
    answers = answers_of(asked, read, attempts, flat)
    if not steady and answers:
        again = answers_of(asked, read, attempts, flat, list(answers))
        for name, answer in list(answers.items()):
            if name not in again or compare(answer, again[name]).outcome == DIFFERENT:
                attempts.note(f"{name}: it draws random numbers")
                del answers[name]
    for name, answer in list(answers.items()):
        if is_pandas_series(answer) or is_polars_series(answer):
            answers[name] = answer.to_numpy()
        if attempts(name, encoded, answers[name]) is None:
            del answers[name]
    golden = None
    if answers:
        golden = attempts("answers", Golden(origin, read, answers).to_bytes)
    return golden, "\n".join(attempts.problems) or None


def _as_read(rows: Any, origin: str) -> Any:
    """Return rows as they will be read: in other memory a sum may round otherwise."""
    written = Golden(origin, rows, {}).to_bytes()
    is_plain = type(rows) is np.ndarray
    return np.ascontiguousarray(rows) if is_plain else Golden.from_bytes(written).rows


def answers_of(
    estimator: Any,
    rows: Any,
    attempts: Attempts,
    flat: bool = False,
    methods: Sequence[str] = METHODS,
) -> dict[str, Any]:
    """Return what an estimator answers to rows, by method; one that fails is left out."""
    answers: dict[str, Any] = {}
    plan = attempts("plan", lambda: plan_of(estimator, rows, np.empty(0))) if flat else None
    if plan is not None and plan.method == "predict_proba" and set(methods) == set(METHODS):
        found = attempts("predict_proba", predict_once, estimator, plan, rows, copied)
        if found is not None:
            answers["predict"] = found.labels
            if found.probabilities is not None:
                answers["predict_proba"] = found.probabilities
    for name in methods:
        if name in answers or not hasattr(estimator, name):
            continue
        ask: Callable[[Any], Any] = getattr(estimator, name)
        answer = attempts(name, ask, copied(rows))
        if answer is None:
            continue
        if np.prod(shape_of(answer) or (0,)) > MOST_ANSWERS and not hasattr(answer, "tocsr"):
            attempts.note(f"{name}: more than {MOST_ANSWERS:,} numbers")
            continue
        answers[name] = answer
    return answers


def kept_by_hand(
    estimator: Any, golden_rows: Any, training_data: Any, example: Any, method: str
) -> Kept:
    """Return what is kept beside a model that somebody saves or logs.

    Parameters
    ----------
    estimator : object
    golden_rows : bool or rows
    training_data, example : data, or None
    method : str
        What the outputs of the profile come from.

    Raises
    ------
    InvalidParameter
        If golden rows were given that cannot be kept, or of which the model cannot be asked.
    """
    given = golden_rows is not True and golden_rows is not False and golden_rows is not None
    if isinstance(example, tuple) and len(example) == 2:
        example = example[0]
    if not given and training_data is None and not _is_table(example):
        return Kept()
    params = all_params(estimator)
    attempts = Attempts(type(estimator).__name__)
    with quietly(generators_of(estimator, params)):
        if given:
            golden, skipped = golden_of(estimator, params, _known_rows(golden_rows), GIVEN)
            if golden is None:
                raise InvalidParameter(
                    f"The model cannot be asked about golden_rows: {skipped or 'no method'}. Give "
                    "rows that it predicts or transforms, or golden_rows=False."
                )
            beside = _beside_by_hand(estimator, params, training_data, example, method, attempts)
            kept = Kept(golden, beside.profile)
        else:
            wanted = golden_rows is True
            beside = _beside_by_hand(
                estimator, params, training_data, example, method, attempts, wanted
            )
            kept = attempts("golden rows", lambda: beside.of(estimator, params)) or Kept()
    attempts.tell()
    return kept


def _beside_by_hand(
    estimator: Any,
    params: Mapping[str, Any],
    training_data: Any,
    example: Any,
    method: str,
    attempts: Attempts,
    golden: bool = False,
) -> Beside:
    data = example if training_data is None else training_data
    if data is None or not _is_table(data):
        return Beside()
    predicted = None
    asks = training_data is not None and reason_not_to_ask(estimator, params) is None
    if asks and hasattr(estimator, method):
        ask = getattr(stand_in(estimator, params), method)
        predicted = attempts("predict the training data", ask, copied(training_data))
    rows = _first(example) if golden and _is_table(example) else None
    found = attempts(
        "profile the data",
        lambda: beside_of(data, predicted, rows, golden=golden, profile=True),
    )
    return found or Beside()


def _is_table(data: Any) -> bool:
    """Whether data are rows that golden rows may be."""
    if isinstance(data, np.ndarray):
        return data.ndim == 2
    return is_pandas_frame(data) or is_polars_frame(data) or is_sparse(data)


def _first(rows: Any) -> Any:
    """Return a copy of the first rows."""
    if is_sparse(rows):
        return rows.tocsr()[:MOST_ROWS]
    return copied(rows.iloc[:MOST_ROWS] if hasattr(rows, "iloc") else rows[:MOST_ROWS])


def _known_rows(rows: Any) -> Any:
    """Return rows that were given, lists of numbers as an array."""
    if isinstance(rows, (list, tuple)) and rows and isinstance(rows[0], (list, tuple, np.ndarray)):
        return np.asarray(rows)
    return rows
