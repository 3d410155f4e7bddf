"""Files that would run something, and the way it is noticed that they did.

Nothing that they would do does harm: each writes an empty file into a folder of its test.
"""

from __future__ import annotations

import bz2
import functools
import gzip
import io
import lzma
import operator
import os
import pickle
import zipfile
import zlib
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

__all__ = ["CANARIES", "CONTAINERS", "Calls", "named"]


class Calls:
    """Calls a function when it is unpickled."""

    def __init__(self, function: Any, *args: Any, state: Any = None) -> None:
        self.how = (function, args) if state is None else (function, args, state)

    def __reduce__(self) -> Any:
        return self.how


def named(module: str, name: str) -> bytes:
    """Return what looks up a name in a pickle."""
    return b"c" + module.encode() + b"\n" + name.encode() + b"\n"


def touches(mark: Path) -> Calls:
    """Return what makes a file when it is unpickled."""
    return Calls(os.system, f"touch {mark}")


def fitted() -> LogisticRegression:
    return LogisticRegression().fit([[0.0], [1.0]], [0, 1])


def inside(mark: Path) -> Any:
    """Return an estimator that holds it among what it learned."""
    model = fitted()
    model.hidden_ = [{"deep": (touches(mark),)}]
    return model


def in_array(mark: Path) -> Any:
    model = fitted()
    model.classes_ = np.array([touches(mark), 1], dtype=object)
    return model


def of_scipy(mark: Path) -> Any:
    """Return a distribution whose text scipy runs when it is built."""
    found = stats.uniform()
    found.dist._parse_arg_template = f"import os; os.system('touch {mark}')"
    return found


def by_equal_key(mark: Path) -> bytes:
    """Return the same, whose key is no plain text but equal to one."""
    data = pickle.dumps(stats.uniform().dist, 4)
    key = pickle.dumps(np.str_("_parse_arg_template"), 4)[11:-1]  # without frame and end
    text = f"import os; os.system('touch {mark}')".encode()
    assert data.count(b"\x8c\x13_parse_arg_template\x94X") == 1
    start = data.index(b"\x8c\x13_parse_arg_template\x94X")
    size = int.from_bytes(data[start + 23 : start + 27], "little")
    rest = data[start + 27 + size :]
    plain = data[11:start] + key + b"X" + len(text).to_bytes(4, "little") + text + rest
    return b"\x80\x04" + plain


def thrown_away(mark: Path) -> bytes:
    """Return the same, which is made and taken from the stack: what is read is None."""
    return pickle.dumps(of_scipy(mark), 4)[:-1] + b"0N."


def left_below(mark: Path) -> bytes:
    """Return the same, which is made and left on the stack, below what is read."""
    return pickle.dumps(of_scipy(mark), 4)[:-1] + b"N."


def on_class(mark: Path) -> bytes:
    """Return a pickle that puts a method on a class of scikit-learn."""
    cls = b"\x8c\x1esklearn.linear_model._logistic\x8c\x12LogisticRegression\x93"
    state = b"N}\x8c\x07predict\x8c\x02os\x8c\x06system\x93s\x86"
    return b"\x80\x04" + cls + state + b"b."


def by_opcodes(text: str) -> Callable[[Path], bytes]:
    """Return what makes the bytes of a text with the place of the mark in it."""
    return lambda mark: text.replace("MARK", f"touch {mark}").encode("latin-1")


def dotted(mark: Path) -> bytes:
    """Return a pickle that reaches a function by the path from a class that is listed."""
    del mark
    name = b"LogisticRegression.__init__.__globals__"
    module = b"sklearn.linear_model._logistic"
    return (
        b"\x80\x04"
        + b"".join(b"\x8c" + bytes([len(text)]) + text for text in (module, name))
        + b"\x93."
    )


Make = Callable[[Path], Any]
CANARIES: dict[str, Make] = {
    "os.system": touches,
    "exec": lambda mark: Calls(exec, f"import os; os.system('touch {mark}')"),
    "eval": lambda mark: Calls(eval, f"__import__('os').system('touch {mark}')"),
    "open": lambda mark: Calls(open, str(mark), "w"),
    "path": lambda mark: Calls(Path.touch, Path(mark)),
    "import": lambda mark: Calls(__import__, "antigravity"),
    "getattr": lambda mark: Calls(getattr, Calls(__import__, "os"), "system"),
    "attrgetter": lambda mark: operator.attrgetter("system"),
    "partial": lambda mark: functools.partial(os.system, f"touch {mark}"),
    "partial called": lambda mark: Calls(functools.partial(os.system, f"touch {mark}")),
    "map": lambda mark: Calls(list, Calls(map, os.system, [f"touch {mark}"])),
    "numpy.load": lambda mark: Calls(np.load, str(mark), None, True),
    "numpy.savetxt": lambda mark: Calls(np.savetxt, str(mark), [1.0]),
    "numpy array": in_array,
    "in an estimator": inside,
    "in a pipeline": lambda mark: make_pipeline(StandardScaler(), touches(mark)),
    "a param": lambda mark: FunctionTransformer(os.system, kw_args={"x": str(mark)}),
    "in a dict": lambda mark: OrderedDict(a=touches(mark)),
    "a factory": lambda mark: defaultdict(functools.partial(os.system, f"touch {mark}")),
    "in a deque": lambda mark: deque([touches(mark)]),
    "nested pickle": lambda mark: Calls(pickle.loads, pickle.dumps(touches(mark))),
    "a value that is called": lambda mark: Calls(np.mean, [1.0]),
    "scipy": of_scipy,
    "scipy, by an equal key": by_equal_key,
    "scipy, thrown away": thrown_away,
    "scipy, left below": left_below,
    "on a class": on_class,
    "a dotted name": dotted,
    "protocol 0": by_opcodes("cos\nsystem\n(S'MARK'\ntR."),
    "INST": by_opcodes("(S'MARK'\nios\nsystem\n."),
    "OBJ": by_opcodes("(cos\nsystem\nS'MARK'\no."),
    "persistent": by_opcodes("Pevil\n."),
    "extension": by_opcodes("\x80\x02\x82\x01."),
    "buffer": by_opcodes("\x80\x05\x97."),
}


def _zip(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("schema.json", b"{}")
        archive.writestr("data.pkl", data)
    return file.getvalue()


CONTAINERS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
    "zlib": zlib.compress,
    "zip": _zip,
    "truncated": lambda data: data[:-1],
}
