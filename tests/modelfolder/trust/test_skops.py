"""Reading a stranger's file of skops: what is listed is built, and nothing else is run."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skops.io
import skops_canaries as canaries
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse, stats
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.tree import DecisionTreeClassifier

from fitscribe.errors import DamagedModel, FitscribeError, MissingDependency, NotTrusted
from fitscribe.modelfolder.formats import dump, load
from fitscribe.modelfolder.trust.names import may
from fitscribe.modelfolder.trust.skops import read_skops

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))
Y = (X[:, 0] > 0).astype(int)


@pytest.mark.parametrize("name", canaries.CANARIES)
def test_nothing_that_a_file_names_is_run_or_imported(name: str, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    data = canaries.CANARIES[name](mark)
    before = set(sys.modules)
    with pytest.raises(FitscribeError):
        read_skops(data)
    assert not mark.exists()
    # zipfile decodes names by it.
    assert set(sys.modules) - before <= {"encodings.cp437"}


def test_the_canaries_sing() -> None:
    # What does nothing when it is trusted proves nothing when it is not.
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import pathlib, skops.io, skops_canaries as canaries, tempfile\n"
            "for name in canaries.SING:\n"
            "    mark = pathlib.Path(tempfile.mkdtemp()) / 'mark'\n"
            "    data = canaries.CANARIES[name](mark)\n"
            "    trusted = skops.io.get_untrusted_types(data=data)\n"
            "    try: skops.io.loads(data, trusted=[*trusted, 'os.system', 'numpy.str_'])\n"
            "    except Exception: pass\n"
            "    assert mark.exists(), name\n",
        ],
        check=False,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parent,
    )
    assert not done.returncode, done.stderr


@pytest.mark.parametrize("name", canaries.BOMBS)
def test_bombs_and_nonsense_are_refused(name: str) -> None:
    data = canaries.BOMBS[name]()
    tracemalloc.start()
    try:
        with pytest.raises(DamagedModel):
            read_skops(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 100 << 20


def test_a_refusal_says_what_where_and_what_to_do() -> None:
    model = make_pipeline(SimpleImputer(), FunctionTransformer(subprocess.check_output))
    with pytest.raises(NotTrusted) as refused:
        read_skops(dump(model, "skops").data, "'here'")
    told = str(refused.value)
    assert "'here' was not loaded" in told
    assert "subprocess.check_output, at pipeline.steps[1].func: would import subprocess" in told
    assert 'fitscribe.models.trust("subprocess.check_output")' in told


def test_the_user_lets_more_names_in(monkeypatch: pytest.MonkeyPatch) -> None:
    data = dump(FunctionTransformer(subprocess.check_output), "skops").data
    with pytest.raises(NotTrusted):
        read_skops(data)
    monkeypatch.setenv("FITSCRIBE_TRUSTED", "subprocess.check_output")
    assert read_skops(data).func is subprocess.check_output
    monkeypatch.delenv("FITSCRIBE_TRUSTED")
    assert load(data, "skops", runs_code=True).func is subprocess.check_output  # type: ignore[attr-defined]


def test_a_module_that_may_be_anybodys_is_the_one_that_was_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "_loss.py").write_text("raise SystemExit\n")
    monkeypatch.syspath_prepend(tmp_path)
    found = read_skops(canaries.packed(canaries.loss("_loss", "CyHalfSquaredError")))
    assert type(found).__name__ == "CyHalfSquaredError"


def forged() -> DecisionTreeClassifier:
    """Return a tree whose root has a child far behind its end."""
    model = DecisionTreeClassifier(random_state=0).fit(X, Y)
    state = model.tree_.__getstate__()
    state["nodes"]["left_child"][0] = 1_000_000
    model.tree_.__setstate__(state)
    return model


def test_what_compiled_code_would_believe_is_looked_at() -> None:
    with pytest.raises(DamagedModel, match="a Tree in it cannot be used"):
        read_skops(dump(forged(), "skops").data)
    near = KNeighborsClassifier(algorithm="kd_tree").fit(X, Y)
    state = list(near._tree.__getstate__())
    state[1] = np.asarray(state[1]) + 1_000
    near._tree.__setstate__(tuple(state))
    with pytest.raises(DamagedModel, match="cannot be used"):
        read_skops(dump(near, "skops").data)


@pytest.mark.parametrize(
    "made",
    [
        {"a": 1, "b": [1.5, (None, True), {"x"}]},
        {1: "a", np.int64(3): np.float64(2.5), "c": np.datetime64("2020-01-01")},
        {"d": np.dtype("f4"), "e": np.float32, "f": b"x", "g": bytearray(b"y"), "h": slice(1, 2)},
        [frozenset({1}), range(3), np.array([None, "a", [1]], dtype=object), np.array(["é"])],
    ],
)
def test_plain_things_come_back(made: Any) -> None:
    found = read_skops(dump(made, "skops").data)
    np.testing.assert_equal(found, made)
    assert type(found) is type(made)


def test_numbers_of_numpy_and_scipy_come_back() -> None:
    matrix = read_skops(dump(sparse.csr_array(np.eye(3)), "skops").data)
    assert np.array_equal(matrix.toarray(), np.eye(3))
    masked = read_skops(dump(np.ma.masked_array([1, 2], [0, 1]), "skops").data)
    assert masked.mask.tolist() == [False, True]
    for random in (np.random.default_rng(3), np.random.RandomState(3)):
        found = read_skops(dump(random, "skops").data)
        assert found.normal() == random.normal()
    assert read_skops(dump(stats.uniform(1, 2), "skops").data).mean() == 2.0


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text() | st.integers(), inner)
    ),
    max_leaves=20,
)


@given(PLAIN)
def test_what_skops_brings_back_we_bring_back(value: Any) -> None:
    data = dump(value, "skops").data
    assert repr(read_skops(data)) == repr(skops.io.loads(data))


@given(st.data())
def test_a_changed_file_is_read_or_refused(drawn: st.DataObject) -> None:
    model = make_pipeline(SimpleImputer(), SelectKBest(k=2), LogisticRegression()).fit(X, Y)
    stored = io.BytesIO()
    skops.io.dump(model, stored)
    changed = bytearray(stored.getvalue())
    for _ in range(3):
        changed[drawn.draw(st.integers(0, len(changed) - 1))] = drawn.draw(st.integers(0, 255))
    try:
        read_skops(bytes(changed))
    except FitscribeError:
        pass


@given(st.data())
def test_a_changed_schema_is_read_or_refused(drawn: st.DataObject) -> None:
    with zipfile.ZipFile(io.BytesIO(dump(LogisticRegression(), "skops").data)) as archive:
        schema = json.loads(archive.read("schema.json"))
    found: list[tuple[Any, Any]] = []
    waiting = [schema]
    while waiting:
        place = waiting.pop()
        keys = place if isinstance(place, dict) else range(len(place))
        for key in keys:
            found.append((place, key))
            if isinstance(place[key], (dict, list)):
                waiting.append(place[key])
    place, key = drawn.draw(st.sampled_from(found))
    others = [1, "x", None, [], {}, "os.system", True, {"__id__": 1}, *canaries.LOGISTIC]
    place[key] = drawn.draw(st.sampled_from(others))
    try:
        read_skops(canaries.packed(schema))
    except FitscribeError:
        pass


def test_without_skops_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    data = dump(LogisticRegression(), "skops").data
    monkeypatch.setitem(sys.modules, "skops", None)
    with pytest.raises(MissingDependency, match=r'pip install "skops>=0\.16"'):
        read_skops(data)
    with pytest.raises(MissingDependency, match="format skops needs skops"):
        dump(LogisticRegression(), "skops")


def test_an_old_skops_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(skops, "__version__", "0.9.1")
    with pytest.raises(FitscribeError, match=r"skops 0\.9\.1 is installed, which is too old"):
        read_skops(dump(LogisticRegression(), "skops").data)


def test_the_lists_name_no_trust_of_skops_itself() -> None:
    # `map` and functions that load are trusted, or were, by skops.
    assert not may("builtins", "map", frozenset())
    assert not may("operator", "attrgetter", frozenset({"called"}))
