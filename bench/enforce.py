"""What making an input fit a signature costs, and inferring one.

Run with ``python bench/enforce.py``. First one row of 20 columns, in CPU µs of a call, fresh
frames as a service sees them; then 1,000,000 rows beside a linear model's ``predict`` of the same
input, alternated in one process; then ``infer_signature`` of 1,000,000 × 50. One-row figures whose
types differ, and those of dicts, are printed without a limit: values are read and a frame is made.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
from scipy import sparse
from sklearn.linear_model import LinearRegression
from threadpoolctl import threadpool_limits

from _measure import alternate, print_limit
from fitscribe.modelfolder.enforce import Enforcement
from fitscribe.modelfolder.infer import infer_schema, infer_signature

COLUMNS = [f"column_{number}" for number in range(20)]
ROW_LIMIT = 50.0  # µs
SHARE_LIMIT = 2.0  # % of predict
INFER_LIMIT = 5.0  # ms
TIMES = 2000
ROUNDS = 9


def micros(call: Callable[[Any], object], inputs: list[Any]) -> float:
    """Return the CPU µs of one call, the best of several rounds over all inputs."""
    found = []
    for _ in range(ROUNDS):
        gc.collect()
        gc.disable()
        start = time.process_time_ns()
        for data in inputs:
            call(data)
        found.append((time.process_time_ns() - start) / len(inputs) / 1e3)
        gc.enable()
    return min(found)


def one_row() -> None:
    """Print what one row costs."""
    values = np.random.default_rng(0).normal(size=(1, 20))
    check = Enforcement(infer_schema(pd.DataFrame(values, columns=COLUMNS)))
    whole = values.astype(np.int64)

    def frames(array: Any) -> list[Any]:
        return [pd.DataFrame(array, columns=list(COLUMNS)) for _ in range(TIMES)]

    limited: dict[str, list[Any]] = {
        "pandas, a fresh frame each": [],
        "pandas, the same frame": frames(values)[:1] * TIMES,
        "numpy": [values.copy() for _ in range(TIMES)],
        "polars": [pl.DataFrame(values, schema=COLUMNS) for _ in range(TIMES)],
        "Arrow": [pa.table({name: [0.5] for name in COLUMNS}) for _ in range(TIMES)],
        "csr": [sparse.csr_matrix(values) for _ in range(TIMES)],
    }
    for title, inputs in limited.items():
        if inputs:
            took = micros(check, inputs)
        else:  # a frame is fresh once: what it found out of itself it keeps
            took = min(_once(check, frames(values)) for _ in range(ROUNDS))
        print_limit(f"1 × 20, {title}", took, ROW_LIMIT, "µs")
    others: dict[str, list[Any]] = {
        "numpy, int64 to double": [whole] * 200,
        "pandas, int64 to double": frames(whole)[:200],
        "pandas, another order": [frames(values)[0][COLUMNS[::-1]]] * 200,
        "a dict of lists": [{name: [0.5] for name in COLUMNS}] * 200,
        "a list of rows": [values.tolist()] * 200,
    }
    for title, inputs in others.items():
        print(f"{'1 × 20, ' + title:52} {micros(check, inputs):10.2f}µs")


def _once(call: Callable[[Any], object], inputs: list[Any]) -> float:
    """Return the CPU µs of one call, the mean of one pass over the inputs."""
    gc.collect()
    gc.disable()
    start = time.process_time_ns()
    for data in inputs:
        call(data)
    took = (time.process_time_ns() - start) / len(inputs) / 1e3
    gc.enable()
    return took


def many_rows() -> None:
    """Print the share of a linear model's predict that 1,000,000 rows cost."""
    values = np.random.default_rng(0).normal(size=(1_000_000, 20))
    frame = pd.DataFrame(values, columns=COLUMNS)
    by_name = LinearRegression().fit(frame[:1000], values[:1000, 0])
    by_place = LinearRegression().fit(values[:1000], values[:1000, 0])
    cases: dict[str, tuple[Any, Any, Any]] = {
        "numpy": (by_place, values, values[:5]),
        "pandas": (by_name, frame, frame[:5]),
        "polars": (by_name, pl.from_pandas(frame), frame[:5]),
        "numpy, of a tensor": (by_place, values, values[:5]),
    }
    for title, (model, data, example) in cases.items():
        schema = infer_schema(pd.DataFrame(example) if title == "numpy" else example)
        check = Enforcement(schema)

        def enforced(check: Any = check, data: Any = data) -> object:
            return check(data)

        def predicted(model: Any = model, data: Any = data) -> object:
            return model.predict(data)

        times = alternate({"enforce": enforced, "predict": predicted}, ROUNDS)
        share = statistics.median(
            a / b * 100 for a, b in zip(times["enforce"], times["predict"], strict=True)
        )
        print_limit(f"1e6 × 20, {title}, of predict", share, SHARE_LIMIT, "%")
    whole = frame.round().astype(np.int64)
    check = Enforcement(infer_schema(frame[:5]))
    times = alternate(
        {"enforce": lambda: check(whole), "predict": lambda: by_name.predict(whole)}, 5
    )
    ratio = statistics.median(times["enforce"]) / statistics.median(times["predict"])
    print(f"{'1e6 × 20, pandas, int64 to double / predict':52} {ratio:10.2f}×")


def inference() -> None:
    """Print what inferring a signature of 1,000,000 × 50 costs."""
    values = np.random.default_rng(0).normal(size=(1_000_000, 50))
    names = [f"column_{number}" for number in range(50)]
    frame = pd.DataFrame(values, columns=names)
    whole = pd.DataFrame(values.astype(np.int64), columns=names)
    cases: dict[str, Any] = {
        "numpy": values,
        "csr": sparse.random(1_000_000, 50, 0.01, "csr", random_state=0),
        "pandas, integers": whole,
        "polars, integers": pl.from_pandas(whole),
        "Arrow, integers": pa.Table.from_pandas(whole, preserve_index=False),
        "dict of arrays": {name: values[:, place] for place, name in enumerate(names)},
        "pandas, floats": frame,
        "polars, floats": pl.from_pandas(frame),
        "Arrow, floats": pa.Table.from_pandas(frame, preserve_index=False),
    }
    for title, data in cases.items():
        times = alternate({"infer": lambda data=data: infer_signature(data)}, 5)  # type: ignore[misc]  # binds the loop's name
        print_limit(
            f"infer_signature 1e6 × 50, {title}",
            statistics.median(times["infer"]),
            INFER_LIMIT,
            "ms",
        )


if __name__ == "__main__":
    with threadpool_limits(1):
        one_row()
        many_rows()
        inference()
