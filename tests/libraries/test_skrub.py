"""skrub's encoders, selectors and pipelines: their folders, and their runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import skrub
import strangers
from recorded import runs
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skrub import selectors
from strangers import R, Y

from fitscribe.errors import NotTrusted

DAYS = pd.date_range("2024-01-01", periods=len(Y))
COLUMNS: dict[str, Any] = {
    "number": R,
    "count": np.arange(len(Y)) % 5,
    "kind": ["one", "two", "three"] * 40,
    "text": [f"some words {n % 50} {n}" for n in range(len(Y))],
    "day": DAYS,
    "written_day": [str(day.date()) for day in DAYS],
    "is_so": Y > 0,
    "always": [1] * len(Y),
}
TABLES = {
    "pandas": pd.DataFrame(COLUMNS).assign(
        level=pd.Categorical(np.where(R > 0, "u", "v")),
        took=pd.to_timedelta(np.arange(len(Y)), unit="h"),
    ),
    "polars": pl.DataFrame({**COLUMNS, "day": DAYS.to_list()}).with_columns(
        pl.col("kind").cast(pl.Categorical).alias("level"),
        pl.duration(hours=pl.col("count")).alias("took"),
    ),
}
each_library = pytest.mark.parametrize("library", TABLES)

ENCODERS: dict[str, Callable[[], Any]] = {
    "TableVectorizer": skrub.TableVectorizer,
    "with GapEncoder": lambda: skrub.TableVectorizer(
        cardinality_threshold=5, high_cardinality=skrub.GapEncoder(n_components=2, random_state=0)
    ),
    "with MinHashEncoder": lambda: skrub.TableVectorizer(
        high_cardinality=skrub.MinHashEncoder(n_components=3)
    ),
    "with columns of its own": lambda: skrub.TableVectorizer(
        specific_transformers=[(skrub.StringEncoder(3, random_state=0), ["text"])]
    ),
    "with splines": lambda: skrub.TableVectorizer(
        datetime=skrub.DatetimeEncoder(periodic_encoding="spline")
    ),
    "with circles": lambda: skrub.TableVectorizer(
        datetime=skrub.DatetimeEncoder(periodic_encoding="circular")
    ),
    "without what is constant": lambda: skrub.TableVectorizer(drop_if_constant=True),
    "Cleaner": skrub.Cleaner,
    "SelectCols": lambda: skrub.SelectCols(["number", "kind"]),
    "DropCols": lambda: skrub.DropCols(["number", "kind"]),
    "ApplyToCols": lambda: skrub.ApplyToCols(StandardScaler(), cols=["number", "count"]),
    "of chosen columns": lambda: skrub.ApplyToCols(
        StandardScaler(), cols=(selectors.numeric() | selectors.glob("n*")) - ["always"]
    ),
}

SELECTORS: dict[str, Callable[[], Any]] = {
    "all": selectors.all,
    "any_date": selectors.any_date,
    "boolean": selectors.boolean,
    "cardinality_below": lambda: selectors.cardinality_below(4),
    "categorical": selectors.categorical,
    "cols": lambda: selectors.cols("number"),
    "float": selectors.float,
    "glob": lambda: selectors.glob("n*"),
    "has_nulls": selectors.has_nulls,
    "integer": selectors.integer,
    "inv": lambda: selectors.inv("number"),
    "numeric": selectors.numeric,
    "regex": lambda: selectors.regex("n.*"),
    "string": selectors.string,
    "and": lambda: selectors.numeric() & selectors.glob("n*"),
    "or": lambda: selectors.numeric() | selectors.glob("n*"),
    "xor": lambda: selectors.numeric() ^ selectors.glob("n*"),
    "without": lambda: selectors.numeric() - "number",
    "not": lambda: ~selectors.numeric(),
}

PIPELINES: dict[str, Callable[[Any], Any]] = {
    "a classifier": lambda rows: skrub.tabular_pipeline(
        HistGradientBoostingClassifier(max_iter=3)
    ).fit(rows, Y),
    "a forest": lambda rows: skrub.tabular_pipeline(RandomForestClassifier(3, random_state=0)).fit(
        rows, Y
    ),
    "a linear model": lambda rows: skrub.tabular_pipeline(Ridge()).fit(rows, R),
    "an own pipeline": lambda rows: make_pipeline(
        skrub.TableVectorizer(), StandardScaler(), LogisticRegression()
    ).fit(rows, Y),
    "a search": lambda rows: GridSearchCV(
        make_pipeline(skrub.TableVectorizer(), StandardScaler(), LogisticRegression()),
        {"tablevectorizer__cardinality_threshold": [5, 40]},
        cv=2,
    ).fit(rows, Y),
}


@each_library
@pytest.mark.parametrize("name", ENCODERS)
def test_a_strangers_encoder_gives_the_same_columns(name: str, library: str, home: Path) -> None:
    model, rows = ENCODERS[name](), TABLES[library]
    model.fit(rows, Y)
    found = strangers.come_back(model, home)
    assert type(found) is type(model)
    strangers.same(found.transform(rows), model.transform(rows))


@each_library
@pytest.mark.parametrize("name", SELECTORS)
def test_a_strangers_selector_selects_the_same(name: str, library: str, home: Path) -> None:
    model, rows = skrub.SelectCols(SELECTORS[name]()), TABLES[library]
    model.fit(rows)
    found = strangers.come_back(model, home)
    assert list(found.fit_transform(rows).columns) == list(model.transform(rows).columns)


@each_library
@pytest.mark.parametrize("name", PIPELINES)
def test_a_strangers_pipeline_gives_the_same_answers(name: str, library: str, home: Path) -> None:
    rows = TABLES[library]
    model = PIPELINES[name](rows)
    found = strangers.come_back(model, home)
    strangers.same(found.predict(rows), model.predict(rows))


def test_encoders_of_one_column_stand_in_a_columntransformer(home: Path) -> None:
    rows = TABLES["pandas"]
    model = make_column_transformer(
        (skrub.SimilarityEncoder(), ["kind"]), (skrub.SquashingScaler(), ["number", "count"])
    ).fit(rows)
    found = strangers.come_back(model, home)
    strangers.same(found.transform(rows), model.transform(rows))


def test_what_holds_a_table_is_the_users_to_trust(home: Path) -> None:
    rows = TABLES["pandas"]
    model = skrub.Joiner(rows[["count", "kind"]], key="count").fit(rows[["count"]])
    with pytest.raises(NotTrusted, match=r"skrub\._joiner\.Joiner"):
        strangers.come_back(model, home)


@pytest.mark.usefixtures("autologging")
@each_library
@pytest.mark.parametrize("name", ["a forest", "a linear model", "an own pipeline"])
def test_a_pipeline_is_one_run(name: str, library: str) -> None:
    rows = TABLES[library]
    strangers.recorded_alone(lambda: PIPELINES[name](rows), rows)


@pytest.mark.usefixtures("autologging")
def test_a_search_records_its_candidates() -> None:
    PIPELINES["a search"](TABLES["pandas"])
    assert len(runs()) == 3
