"""Profiles go out as JSON and come back; what comes from a stranger is looked at."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from containers import columns
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from fitscribe.errors import InvalidParameter
from fitscribe.monitoring import form
from fitscribe.monitoring.profile import Profile, profile_of, profile_on

NUMBERS = hnp.arrays(np.float64, st.tuples(st.integers(0, 60), st.integers(0, 3)))
TEXTS = st.lists(st.one_of(st.none(), st.text(max_size=3), st.sampled_from("abc")), max_size=60)


@given(NUMBERS)
def test_numbers_go_out_and_come_back(X: Any) -> None:
    reference = profile_of(X, sample_rows=30)
    window = profile_on(reference, X[: len(X) // 2])
    for profile in (reference, window):
        assert Profile.from_json(profile.to_json()) == profile
        assert Profile.from_json(profile.to_json().decode()) == profile


@given(TEXTS, st.text(max_size=5))
def test_texts_go_out_and_come_back(texts: list[str | None], name: str) -> None:
    frame = pd.DataFrame({name: pd.Series(texts, dtype=object)})
    profile = profile_of(frame, texts)
    assert Profile.from_json(profile.to_json()) == profile


def test_a_name_may_be_anything() -> None:
    frame = pd.DataFrame([[1, 2, 3, 4]], columns=["\ud800", "x" * 5000, "x" * 4999, 7])
    profile = profile_of(frame)
    assert [len(column.name) for column in profile.inputs] == [6, 200, 202, 1]
    assert Profile.from_json(profile.to_json()) == profile
    assert profile_on(profile, frame) == profile


DOCUMENT: dict[str, Any] = json.loads(
    profile_of(pd.DataFrame(columns()), columns()["text"], sample_rows=100).to_json()
)
NAMES = list(columns())


def column(document: Any, name: str) -> Any:
    return document["inputs"][NAMES.index(name)]


def edges(document: Any) -> Any:
    return column(document, "number")["bins"]


def levels(document: Any) -> Any:
    return column(document, "integer")["levels"]


WRONG: list[tuple[str, Callable[[Any], Any]]] = [
    ("version 2", lambda d: d.update(version=2)),
    ("version True", lambda d: d.update(version=True)),
    ("version '1'", lambda d: d.update(version="1")),
    ("no version", lambda d: d.pop("version")),
    ("missing required field `rows`", lambda d: d.pop("rows")),
    ("missing required field `count`", lambda d: column(d, "gaps")["moments"].pop("count")),
    (r"inputs\[0\].more", lambda d: column(d, "number").update(more=1)),
    (r"\$\.more", lambda d: d.update(more=1)),
    (r"inputs\[0\].bins.more", lambda d: edges(d).update(more=1)),
    ("`int`, got `str`", lambda d: d.update(rows="120")),
    ("`int`, got `float`", lambda d: d.update(rows=120.5)),
    ("100 of 99 rows", lambda d: d.update(rows=99)),
    ("-1 of 120 rows", lambda d: d.update(sampled_rows=-1)),
    ("rows are sampled", lambda d: d.update(rows=2**60)),
    ("left out", lambda d: d.update(left_out=-1)),
    ("one name", lambda d: d["inputs"].append(d["inputs"][0])),
    ("a name of 300", lambda d: column(d, "text").update(name="x" * 300)),
    ("2000 inputs", lambda d: d.update(inputs=d["inputs"][:1] * 2000)),
    ("Invalid enum value 'colour'", lambda d: column(d, "text").update(kind="colour")),
    ("negative", lambda d: column(d, "text").update(missing=-1)),
    ("cells are 121 of 120", lambda d: column(d, "number").update(missing=1)),
    ("missing values only", lambda d: column(d, "number").update(kind="other")),
    ("range is missing", lambda d: column(d, "number")["moments"].update(minimum=None)),
    ("not to be known", lambda d: column(d, "identifier")["moments"].update(minimum=1, maximum=9)),
    ("a mean of 1000", lambda d: column(d, "number")["moments"].update(mean=1e9)),
    ("between 9", lambda d: column(d, "number")["moments"].update(minimum=9)),
    ("variance of -1", lambda d: column(d, "number")["moments"].update(variance=-1)),
    ("variance of 1", lambda d: column(d, "number")["moments"].update(mean=None, variance=1)),
    ("edges", lambda d: edges(d)["edges"].pop()),
    ("not ascend", lambda d: edges(d)["edges"].sort(reverse=True)),
    ("not ascend", lambda d: edges(d)["edges"].__setitem__(1, edges(d)["edges"][0])),
    ("count 101 of 120", lambda d: add(edges(d)["counts"], 1)),
    ("count 99 of 120", lambda d: add(edges(d)["counts"], -1)),
    ("a count is negative", lambda d: add(edges(d)["counts"], -200)),
    ("70 counts", lambda d: edges(d).update(edges=list(range(69)), counts=[1] * 70)),
    ("other counts", lambda d: column(d, "number").update(bins=None)),
    ("other counts", lambda d: column(d, "number").update(levels=levels(d))),
    ("other counts", lambda d: column(d, "free").update(bins=edges(d))),
    ("of the kind 'integer'", lambda d: levels(d)["values"].__setitem__(0, "0")),
    ("of the kind 'integer'", lambda d: levels(d)["values"].__setitem__(0, False)),
    ("not ascend", lambda d: levels(d)["values"].reverse()),
    ("5 counts and 4 levels", lambda d: levels(d)["counts"].append(0)),
    ("is there twice", lambda d: column(d, "text")["levels"].update(values=["a", "a", "b"])),
    ("more than 100", lambda d: column(d, "text")["levels"].update(values=["a", "b", "c" * 101])),
    ("outputs, column '0'", lambda d: d["outputs"][0].update(missing=0)),
]


def add(counts: list[int], more: int) -> None:
    counts[0] += more


@pytest.mark.parametrize(("says", "change"), WRONG)
def test_what_does_not_add_up_is_refused(says: str, change: Callable[[Any], Any]) -> None:
    document = json.loads(json.dumps(DOCUMENT))
    assert Profile.from_json(json.dumps(document)).rows == 120
    change(document)
    with pytest.raises(InvalidParameter, match=says):
        Profile.from_json(json.dumps(document))


@pytest.mark.parametrize(
    "text",
    [
        b"",
        "{",
        b"\xff",
        "[]",
        "null",
        '{"version": 1}',
        '{"version": NaN}',
        '{"version": 1, "rows": 1e999}',
        "[" * 100_000,
        '{"version": 1, "inputs": ' + "[" * 100_000,
        '{"version": 1, "rows": ' + "9" * 5000 + ', "sampled_rows": 1, "inputs": []}',
        '{"version": 1, "rows": 1, "sampled_rows": 1, "inputs": [1]}',
        '{"version": 1, "rows": 1, "sampled_rows": 1, "inputs": "\\ud800"}',
    ],
    ids=lambda text: str(text[:20]),
)
def test_what_is_no_profile_is_refused(text: Any) -> None:
    with pytest.raises(InvalidParameter):
        Profile.from_json(text)


@pytest.mark.parametrize("text", [None, 1, {"version": 1}])
def test_a_profile_is_text(text: Any) -> None:
    with pytest.raises(InvalidParameter, match="bytes or str"):
        Profile.from_json(text)


def test_a_very_long_text_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(form, "MOST_BYTES", 10)
    with pytest.raises(InvalidParameter, match="10 bytes at most"):
        Profile.from_json("[[[[[[[[[[[")


@given(st.data())
def test_a_file_that_was_changed_is_a_profile_or_an_error(data: Any) -> None:
    text = profile_of(np.arange(30) / 7, [1, 2, 3] * 10).to_json()
    place = data.draw(st.integers(0, len(text) - 1))
    changed = text[:place] + data.draw(st.binary(max_size=3)) + text[place + 1 :]
    try:
        profile = Profile.from_json(changed)
    except InvalidParameter:
        return
    assert Profile.from_json(profile.to_json()) == profile
