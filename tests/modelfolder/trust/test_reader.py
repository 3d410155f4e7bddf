"""Reading a stranger's pickle: what is listed is built, and nothing else is run or imported."""

from __future__ import annotations

import codecs
import contextlib
import copyreg
import io
import pickle
import pickletools
import re
import struct
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import canaries
import joblib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.random import _pickle as PICKLED
from scipy import interpolate, sparse, stats
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import RandomizedSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from fitscribe.errors import DamagedModel, FitscribeError, MissingDependency, NotTrusted
from fitscribe.modelfolder.trust.lent import LEAST, lend
from fitscribe.modelfolder.trust.names import listed, may, trust, trusted
from fitscribe.modelfolder.trust.opcodes import parse
from fitscribe.modelfolder.trust.parsed import Global, Made, named_now
from fitscribe.modelfolder.trust.reader import read


@pytest.mark.parametrize("container", canaries.CONTAINERS)
@pytest.mark.parametrize("name", canaries.CANARIES)
def test_nothing_that_a_file_names_is_run(name: str, container: str, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    made = canaries.CANARIES[name](mark)
    data = made if isinstance(made, bytes) else pickle.dumps(made, 4)
    before = set(sys.modules)
    with pytest.raises(FitscribeError):
        read(canaries.CONTAINERS[container](data))
    assert not mark.exists()
    assert "antigravity" not in set(sys.modules) - before
    assert not hasattr(LogisticRegression.predict, "__self__")
    assert LogisticRegression.predict.__name__ == "predict"


def test_the_canaries_sing() -> None:
    # What does nothing when it is trusted proves nothing when it is not.
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import canaries, pathlib, pickle, tempfile\n"
            "for name in ('os.system', 'exec', 'eval', 'open', 'in an estimator', 'scipy',\n"
            "             'scipy, by an equal key', 'scipy, thrown away', 'scipy, left below',\n"
            "             'numpy array', 'nested pickle', 'INST'):\n"
            "    mark = pathlib.Path(tempfile.mkdtemp()) / 'mark'\n"
            "    made = canaries.CANARIES[name](mark)\n"
            "    data = made if isinstance(made, bytes) else pickle.dumps(made, 4)\n"
            "    try: pickle.loads(data)\n"
            "    except Exception: pass\n"
            "    assert mark.exists(), name\n",
        ],
        check=False,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parent,
    )
    assert not done.returncode, done.stderr


def test_a_refusal_says_what_where_and_what_to_do() -> None:
    model = make_pipeline(StandardScaler(), FunctionTransformer(subprocess.check_output))
    with pytest.raises(NotTrusted) as refused:
        read(pickle.dumps(model), "'here'")
    told = str(refused.value)
    assert "'here' was not loaded" in told
    assert "subprocess.check_output, at pipeline.steps[1].func: would import subprocess" in told
    assert 'fitscribe.models.trust("subprocess.check_output")' in told
    assert 'trust="code"' in told


def test_the_user_lets_more_names_in(monkeypatch: pytest.MonkeyPatch) -> None:
    data = pickle.dumps(FunctionTransformer(struct.calcsize))
    with pytest.raises(NotTrusted):
        read(data)
    monkeypatch.setenv("FITSCRIBE_TRUSTED", "no.such, _struct.calcsize")
    assert read(data).func is struct.calcsize
    assert trusted() == ["_struct.calcsize", "no.such"]
    monkeypatch.delenv("FITSCRIBE_TRUSTED")
    monkeypatch.setattr("fitscribe.modelfolder.trust.names._named", set())
    trust("_struct.calcsize")
    assert read(data).func is struct.calcsize


@pytest.mark.parametrize("name", ["LogScaler", "my package.A", "a.b()", "", ".a", None])
def test_what_is_no_full_name_is_refused(name: Any) -> None:
    with pytest.raises(ValueError, match="full name"):
        trust(name)


def test_no_list_names_what_could_run_something() -> None:
    words = ("load", "save", "open", "exec", "eval", "import", "system", "fetch", "memmap", "file")
    plain = [name for _, name in listed()]
    assert not [name for name in plain if any(word in name.lower() for word in words)]
    # A name is looked up under what its module is called now.
    assert all(named_now(module) == module for module, _ in listed())
    for name in ("type", "eval", "map", "vars", "globals"):
        assert not may("builtins", name, frozenset())


@pytest.mark.parametrize(
    "make",
    [
        lambda: RandomizedSearchCV(
            LogisticRegression(), {"C": stats.loguniform(1e-3, 1), "l1_ratio": stats.randint(1, 9)}
        ),
        lambda: TfidfVectorizer().fit(["one two", "three"]),
        lambda: [sparse.eye(3, format=form) for form in ("csr", "csc", "coo", "bsr", "dia")],
        lambda: FunctionTransformer(np.log1p),
        lambda: np.random.RandomState(0),
        lambda: np.random.default_rng(0),
        lambda: {"a": [1, 2.5, None, True, b"x", "é", 10**30], "b": {1, 2}, 3: frozenset("a")},
        lambda: RandomForestClassifier(3).fit([[0.0], [1.0]], [0, 1]),
    ],
)
@pytest.mark.parametrize("protocol", range(2, 6))
def test_what_is_listed_is_read_in_every_protocol(make: Callable[[], Any], protocol: int) -> None:
    made = make()
    found = read(pickle.dumps(made, protocol))
    assert pickle.dumps(found, 5) == pickle.dumps(pickle.loads(pickle.dumps(made, protocol)), 5)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text() | st.integers(), inner)
    ),
    max_leaves=20,
)


@given(PLAIN, st.integers(3, 5))
def test_plain_objects_come_back(value: Any, protocol: int) -> None:
    data = pickle.dumps(value, protocol)
    assert pickle.dumps(read(data)) == pickle.dumps(pickle.loads(data))


@given(st.binary())
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(DamagedModel):
        parse(data)


def test_symbols_say_what_would_be_done() -> None:
    parsed = parse(pickle.dumps(LogisticRegression(C=2.0)))
    assert list(parsed.uses.items()) == [
        (("sklearn.linear_model._logistic", "LogisticRegression"), {"instantiated"})
    ]
    assert type(parsed.root) is Made
    assert type(parsed.root.made_by) is Global
    assert parsed.root.state[parsed.root.state.index("C") + 1] == 2.0


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\x80\x04(" * 30_000 + b".", "lie in one another"),
        (b"\x80\x04]r\xff\xff\xff\x7f.", "place 2,147,483,647"),
        (b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x7f.", "more are announced"),
        (b"\x80\x04" + b"N0" * 2_100_000 + b".", "steps"),
        (b"I" + b"9" * 10_000 + b"\n.", "number cannot be read"),
        (b"\x80\x06.", "protocol 6"),
        (b"", "ends"),
        (b"\xff", "no opcode"),
        (b"\x80\x04}b.", "looks at a value where there is none"),
        (b"\x80\x04]}b.", "not its own"),
        (b"\x80\x04))R.", "calls what it made"),
        (b"\x80\x04)Na.", "can have none"),
    ],
)
def test_bombs_and_nonsense_are_refused(data: bytes, why: str) -> None:
    with pytest.raises(DamagedModel, match=why):
        read(data)


def ahead() -> Any:
    """Return a generator that drew more numbers ahead than it has room for."""
    found = np.random.RandomState(0)
    state = found.get_state(legacy=False)
    state["state"]["pos"] = 10**6
    reduced = list(found.__reduce__())
    return canaries.Calls(reduced[0], *reduced[1], state=state)


def spline() -> Any:
    """Return a spline with fewer coefficients than knots."""
    found = interpolate.BSpline(np.arange(10.0), np.arange(6.0), 3)
    found.c = np.arange(1.0)
    return found


SCALAR = np.float64(1).__reduce__()[0]
# A name of each library that is listed besides those that fitscribe needs, and what to install.
ELSEWHERE = {
    "catboost.core CatBoostClassifier": "catboost",
    "imblearn.over_sampling._smote.base SMOTE": "imbalanced-learn",
    "lightgbm.sklearn LGBMClassifier": "lightgbm",
    "polars.datatypes.classes Datetime": "polars",
    "skrub._table_vectorizer TableVectorizer": "skrub",
    "xgboost.sklearn XGBClassifier": "xgboost",
}


class Without:
    """Finds no library of this name, as if it were not installed."""

    def __init__(self, library: str) -> None:
        self.name = library

    def find_spec(self, name: str, *_: object) -> None:
        if name.partition(".")[0] == self.name:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


@pytest.mark.parametrize("name", ELSEWHERE)
def test_a_name_of_a_library_that_is_not_here_is_a_wish(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, _, cls = name.partition(" ")
    library = module.partition(".")[0]
    for known in [one for one in sys.modules if one.partition(".")[0] == library]:
        monkeypatch.delitem(sys.modules, known)
    monkeypatch.setattr(sys, "meta_path", [Without(library), *sys.meta_path])
    data = b"\x80\x02" + canaries.named(module, cls) + b")\x81."
    with pytest.raises(MissingDependency, match=f"pip install {ELSEWHERE[name]}\\."):
        read(data)
    # Beside it, what is not listed is refused before anything is looked for.
    with pytest.raises(NotTrusted, match=re.escape(f"{library}.evil.run")):
        read(b"\x80\x02" + canaries.named(f"{library}.evil", "run") + b")R.")


# What numpy 1 and numpy 2 write otherwise: the same in each other's words.


def respelled(data: bytes, core: str) -> bytes:
    """Return a pickle whose names of numpy's private room are spelled as one numpy does."""
    found = bytearray()
    starts = [at for _, _, at in pickletools.genops(data)] + [len(data)]
    for (opcode, argument, at), end in zip(pickletools.genops(data), starts[1:], strict=True):
        if opcode.name == "FRAME":
            continue
        text = re.sub(r"^numpy\._?core\b", core, argument) if type(argument) is str else argument
        if text == argument:
            found += data[at:end]
        elif opcode.name == "GLOBAL":
            found += canaries.named(*text.split(" "))
        else:
            assert opcode.name == "SHORT_BINUNICODE"
            found += b"\x8c" + bytes([len(text)]) + text.encode()
    return bytes(found)


ARRAYS: dict[str, Callable[[], Any]] = {
    "numbers": lambda: np.arange(6.0).reshape(2, 3),
    "in columns": lambda: np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "objects": lambda: np.array(["a", None, 1.5], dtype=object),
    "texts": lambda: np.array(["a", "bc"]),
    "times": lambda: np.array(["2024-01-01", "NaT"], dtype="datetime64[ns]"),
    "one number": lambda: np.float64(2.5),
    "one truth": lambda: np.bool_(True),
    "nothing": lambda: np.empty((0, 3)),
    "an estimator": lambda: RandomForestClassifier(2, random_state=0).fit([[0.0], [1.0]], [0, 1]),
    "a generator": lambda: np.random.RandomState(3),
}


@pytest.mark.parametrize("core", ["numpy.core", "numpy._core"])
@pytest.mark.parametrize("protocol", [2, 4, 5])
@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_of_numpy_1_and_2_are_read_by_both(name: str, protocol: int, core: str) -> None:
    made = ARRAYS[name]()
    data = respelled(pickle.dumps(made, protocol), core)
    assert core.encode() in data
    found = read(data)
    assert type(found) is type(made)
    assert pickle.dumps(found) == pickle.dumps(pickle.loads(pickle.dumps(made, protocol)))


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (b"cnumpy.core._multiarray_umath\nlog1p\n.", np.log1p),
        (b"cnumpy._core._multiarray_umath\nlog1p\n.", np.log1p),
        (b"cnumpy\nbool\n.", np.bool_),
        (b"cnumpy\nbool_\n.", np.bool_),
        (b"cnumpy.rec\nrecarray\n.", np.recarray),
        (b"cnumpy\nrecarray\n.", np.recarray),
        (b"cnumpy.ma\nMaskedArray\n.", np.ma.MaskedArray),
        (b"cnumpy.ma.core\nMaskedArray\n.", np.ma.MaskedArray),
    ],
)
def test_a_name_of_numpy_is_found_where_it_is_now(written: bytes, meant: Any) -> None:
    assert read(written) is meant


KINDS = ("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64")


def bits_of(version: int, bits: Any) -> canaries.Calls:
    """Return what a numpy of this version writes for a bit generator."""
    if version == 1:
        return canaries.Calls(PICKLED.__bit_generator_ctor, type(bits).__name__, state=bits.state)
    # numpy 2 writes how it was seeded besides.
    state = bits.state, np.random.SeedSequence(7)
    return canaries.Calls(PICKLED.__bit_generator_ctor, type(bits), state=state)


def generator_of(version: int, make: Any, bits: Any, state: Any) -> canaries.Calls:
    """Return what a numpy of this version writes for a generator."""
    if version == 2:
        return canaries.Calls(make, bits_of(2, bits), state=state)
    named = type(bits).__name__, PICKLED.__bit_generator_ctor
    return canaries.Calls(make, *named, state=bits.state)


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_generators_of_numpy_1_and_2_go_on_where_they_were(kind: str, version: int) -> None:
    bits = getattr(np.random, kind)(5)
    whole = np.random.Generator(bits)
    whole.normal(size=3)
    writes = generator_of(version, PICKLED.__generator_ctor, bits, None)
    found = [read(pickle.dumps(what, 4)) for what in (writes, bits_of(version, bits))]
    expected = whole.integers(1 << 60, size=700).tolist()
    assert type(found[0]) is np.random.Generator
    assert isinstance(found[1], getattr(np.random, kind))
    assert found[0].integers(1 << 60, size=700).tolist() == expected
    again = np.random.Generator(pickle.loads(pickle.dumps(found[1])))
    assert again.integers(1 << 60, size=700).tolist() == expected


@pytest.mark.parametrize("version", [1, 2])
def test_a_random_state_of_numpy_1_or_2_goes_on_where_it_was(version: int) -> None:
    whole = np.random.RandomState(5)
    whole.normal(size=3)
    state = whole.get_state(legacy=False)
    writes = generator_of(version, PICKLED.__randomstate_ctor, np.random.MT19937(5), state)
    if version == 1:
        writes = canaries.Calls(PICKLED.__randomstate_ctor, "MT19937", state=state)
    found = read(pickle.dumps(writes, 4))
    assert type(found) is np.random.RandomState
    assert found.normal(size=700).tolist() == whole.normal(size=700).tolist()


FORGED: dict[str, tuple[Callable[[], Any], str]] = {
    "memory for an array": (
        lambda: canaries.Calls(copyreg._reconstructor, np.ndarray, np.ndarray, (10**9,)),
        "another class than object",
    ),
    "a value without content": (
        lambda: canaries.Calls(SCALAR, np.dtype("f8"), b""),
        "a value of another size",
    ),
    "a type with longer items": (
        lambda: canaries.Calls(
            np.dtype, "f8", False, True, state=(3, "<", None, None, None, 64, 8, 0)
        ),
        "not as long as its name says",
    ),
    "a type that holds objects": (
        lambda: canaries.Calls(
            np.dtype, "f8", False, True, state=(3, "<", None, None, None, -1, -1, 63)
        ),
        "not as long as its name says",
    ),
    "times without a unit": (
        lambda: canaries.Calls(
            np.dtype, "m8", False, True, state=(3, "<", None, None, None, -1, -1, 0)
        ),
        "not as long as its name says",
    ),
    "a generator far ahead": (ahead, "drew 624 numbers ahead"),
    "a spline without coefficients": (spline, "its coefficients"),
    "bytes of a number": (
        lambda: canaries.Calls(bytearray, 10**12),
        "bytes of something else than bytes",
    ),
    "a bit generator that is none": (
        lambda: canaries.Calls(PICKLED.__bit_generator_ctor, "mtrand"),
        "cannot be built",
    ),
    "text that is no latin1": (
        lambda: canaries.Calls(codecs.encode, "x", "rot13"),
        "in another way than as bytes are written",
    ),
}


@pytest.mark.parametrize("name", FORGED)
def test_what_compiled_code_would_believe_is_refused(name: str) -> None:
    make, why = FORGED[name]
    with pytest.raises(DamagedModel, match=why):
        read(pickle.dumps(make(), 4))


def test_an_array_larger_than_its_content_is_refused() -> None:
    huge = canaries.Calls(np.ndarray.__reduce__(np.empty(0))[0], np.ndarray, (10**11,), b"d")
    with pytest.raises(DamagedModel, match="another shape than numpy begins with"):
        read(pickle.dumps(huge))


@pytest.mark.parametrize("compress", [0, 3, ("gzip", 3), ("bz2", 3), ("xz", 1), ("lzma", 1)])
@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_files_of_joblib_are_read(tmp_path: Path, compress: Any, protocol: int) -> None:
    model = make_pipeline(StandardScaler(), RandomForestClassifier(5, random_state=0))
    X = np.random.default_rng(0).normal(size=(50, 3))
    model.fit(X, ["a", "b"] * 25)
    model.kept_ = [np.array(["x", None, [1]], dtype=object), np.asfortranarray(X), np.array("é")]
    file = tmp_path / "model.joblib"
    joblib.dump(model, file, compress=compress, protocol=protocol)
    found = read(file.read_bytes())
    assert found.predict(X).tolist() == model.predict(X).tolist()
    assert found.kept_[0].tolist() == ["x", None, [1]]
    assert np.array_equal(found.kept_[1], X)
    assert found.kept_[1].flags.f_contiguous
    assert found.kept_[2] == "é"


def an_array_in_joblib() -> tuple[bytes, bytes]:
    """Return a file of joblib's: up to the pickle of the objects of its array, and that."""
    file = io.BytesIO()
    joblib.dump(np.array(["one"], dtype=object), file, protocol=4)
    data = file.getvalue()
    inner = data.index(b"b\x80") + 1
    return data[:inner], data[inner:]


@pytest.mark.parametrize("depth", [17, 400, 20_000])
def test_arrays_of_joblib_in_one_another_are_damage(depth: int) -> None:
    outer, inner = an_array_in_joblib()
    assert read(outer + inner).tolist() == ["one"]
    with pytest.raises(DamagedModel, match="in one another"):
        read(outer * depth + inner)


def test_an_array_of_joblib_told_by_a_wrong_key_is_damage() -> None:
    outer, inner = an_array_in_joblib()
    # The first is the key; it becomes a dict with an item.
    changed = outer.replace(b"\x8c\x05dtype", b"}K\x01K\x02s", 1)
    with pytest.raises(DamagedModel, match="no type or shape"):
        read(changed + inner)


def test_an_array_of_objects_in_a_file_of_joblib_is_looked_at(tmp_path: Path) -> None:
    mark, file = tmp_path / "mark", tmp_path / "model.joblib"
    joblib.dump({"a": np.array([canaries.touches(mark)], dtype=object)}, file)
    with pytest.raises(NotTrusted, match=r"posix\.system"):
        read(file.read_bytes())
    assert not mark.exists()


@pytest.mark.parametrize("pack", list(canaries.CONTAINERS.values())[1:6])
def test_what_grows_beyond_all_measure_is_not_unpacked(pack: Any) -> None:
    bomb = pack(b"\0" * (80 << 20))
    tracemalloc.start()
    try:
        with pytest.raises(DamagedModel, match="which no model does"):
            read(bomb)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 100 << 20


def forest() -> RandomForestClassifier:
    """Return a forest of three trees, whose arrays are long: it learned noise by heart."""
    random = np.random.default_rng(0)
    X, y = random.normal(size=(6_000, 2)), random.integers(0, 2, 6_000)
    return RandomForestClassifier(3, random_state=0).fit(X, y)


def arrays_in(data: bytes) -> list[int]:
    """Return the lengths of the arrays that a pickle itself holds."""
    return [
        len(argument)
        for opcode, argument, _ in pickletools.genops(data)
        if opcode.name == "BYTEARRAY8"
    ]


def test_what_trees_copy_is_not_copied_before() -> None:
    model = forest()
    model.kept_ = np.arange(10_000.0)  # of which nobody makes a copy
    data = pickle.dumps(model, 5)
    rest, lent = lend(data, parse(data))
    states = [each.tree_.__getstate__() for each in model]
    held = [state[name].tobytes() for state in states for name in ("nodes", "values")]
    assert min(map(len, held)) >= LEAST
    assert list(map(bytes, lent)) == held
    assert all(view.obj is data for view in lent)
    assert max(arrays_in(rest)) == model.kept_.nbytes
    assert len(rest) < len(data) - sum(map(len, lent)) + 100
    found, bare = pickle.loads(rest, buffers=lent), pickle.loads(data)
    assert pickle.dumps(found, 5) == pickle.dumps(bare, 5)


def test_a_tree_keeps_nothing_of_the_file() -> None:
    model = forest()
    data = pickle.dumps(model, 5)
    before = sys.getrefcount(data)
    found = read(data)
    assert sys.getrefcount(data) == before
    assert pickle.dumps(found, 5) == pickle.dumps(pickle.loads(data), 5)
    found[0].tree_.value[0] = 7  # it is its own memory
    assert pickle.dumps(model, 5) == data


def test_a_forest_is_unpickled_without_a_copy_of_its_file() -> None:
    data = pickle.dumps(forest(), 5)
    read(data)  # what is read once, lists and modules, is not counted
    tracemalloc.start()
    try:
        read(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # What trees hold is not traced: scikit-learn takes it from C.
    assert peak < len(data) / 2


@pytest.mark.parametrize("protocol", [2, 4])
def test_what_is_not_kept_as_it_lay_in_memory_is_not_lent(protocol: int) -> None:
    data = pickle.dumps(forest(), protocol)
    assert lend(data, parse(data)) == (data, [])


def test_other_models_are_read_as_they_are() -> None:
    data = pickle.dumps({"a": np.arange(10_000.0), "b": [forest()[0].tree_.value[:3]]}, 5)
    rest, lent = lend(data, parse(data))
    assert rest is data
    assert not lent
    read(data)["a"][0] = 7


def test_lent_arrays_are_looked_at_as_others() -> None:
    model = forest()
    state = model[0].tree_.__getstate__()
    state["nodes"]["left_child"][0] = 10**6
    model[0].tree_.__setstate__(state)
    data = pickle.dumps(model, 5)
    assert len(lend(data, parse(data))[1]) == 6
    with pytest.raises(DamagedModel, match="children lie in 1 to"):
        read(data)
