"""Files of skops that would run something, import something, or take all memory or time.

Nothing that they would do does harm: each writes an empty file into a folder of its test.
"""

from __future__ import annotations

import io
import itertools
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["BOMBS", "CANARIES", "SING", "packed"]

State = dict[str, Any]
_ids = itertools.count(1)


def node(loader: str, module: str, name: str, **rest: Any) -> State:
    return {
        "__class__": name,
        "__module__": module,
        "__loader__": loader,
        "__id__": next(_ids),
        **rest,
    }


def value(content: Any) -> State:
    return node("JsonNode", "builtins", "str", content=json.dumps(content), is_json=True)


def many(*items: State) -> State:
    return node("TupleNode", "builtins", "tuple", content=list(items))


def mapping(items: dict[str, State], kind: tuple[str, str] = ("builtins", "str")) -> State:
    types = [node("TypeNode", *kind) for _ in items]
    return node(
        "DictNode",
        "builtins",
        "dict",
        content=items,
        key_types=node("ListNode", "builtins", "list", content=types),
    )


def instance(module: str, name: str, content: State) -> State:
    return node("ObjectNode", module, name, content=content)


def calls(module: str, name: str, *args: State) -> State:
    return node("ConstructorFromReduceNode", module, name, content=many(*args))


def system(mark: Path) -> State:
    """Return what makes a file when it is built."""
    return calls("os", "system", value(f"touch {mark}"))


def held(state: State) -> State:
    """Return an estimator that holds it among what it learned."""
    content = mapping({"hidden_": node("ListNode", "builtins", "list", content=[state])})
    return instance("sklearn.linear_model._logistic", "LogisticRegression", content)


def packed(state: State, *, protocol: int = 2, **files: bytes) -> bytes:
    """Return a file of skops; a file in it is named by its argument, with `_` for the dot."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("_", "."), content)
        archive.writestr(
            "schema.json", json.dumps({**state, "protocol": protocol, "_skops_version": "0.16.0"})
        )
    return stream.getvalue()


class _Touches:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return Path.touch, (self.mark,)


def pickled(mark: Path) -> bytes:
    """Return a file of numpy that holds a pickle."""
    stream = io.BytesIO()
    np.save(stream, np.array([_Touches(mark)], dtype=object), allow_pickle=True)
    return stream.getvalue()


def array(file: str = "a.npy") -> State:
    return node("NdArrayNode", "numpy", "ndarray", type="numpy", file=file)


def sparse(file: str = "a.npz") -> State:
    return node("SparseMatrixNode", "scipy.sparse._csr", "csr_matrix", type="scipy", file=file)


def npz(mark: Path) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("format.npy", pickled(mark))
    return stream.getvalue()


def scipys(mark: Path, kind: tuple[str, str] = ("builtins", "str")) -> State:
    """Return a distribution whose text scipy runs when it is built."""
    text = value(f"import os; os.system('touch {mark}')")
    held = {name: value(None) for name in ("badvalue", "name", "extradoc", "momtype", "longname")}
    held |= {"shapes": value(""), "_parse_arg_template": text, "numargs": value(0)}
    held |= {"a": value(0.0), "b": value(1.0), "xtol": value(1e-14), "moment_type": value(1)}
    return instance("scipy.stats._continuous_distns", "uniform_gen", mapping(held, kind))


def loss(module: str, name: str, *args: State) -> State:
    return node("LossNode", module, name, content=mapping({}), __reduce__={"args": many(*args)})


def tree_by(module: str, name: str) -> State:
    return node(
        "TreeNode",
        module,
        name,
        content=mapping({"nodes": calls("os", "system", value("touch nowhere"))}),
        __reduce__={"args": many(value(1), value(1), value(1))},
    )


def twice(mark: Path) -> bytes:
    """Return an archive with two schemas, the second of which is harmless."""
    stream = io.BytesIO(packed(system(mark)))
    with zipfile.ZipFile(stream, "a") as archive:
        info = zipfile.ZipInfo("schema_json")
        archive.writestr(info, json.dumps({**value(1), "protocol": 2}))
    return stream.getvalue().replace(b"schema_json", b"schema.json")


def generator(name: str) -> State:
    bits = mapping({"bit_generator": value(name), "state": mapping({})})
    seed = mapping({"entropy": value(1), "pool_size": value(4)})
    content = {"bit_generator": bits, "seed_seq": seed}
    return node("RandomGeneratorNode", "numpy.random._generator", "Generator", content=content)


def method(mark: Path) -> State:
    owner = calls("pathlib", "PosixPath", value(str(mark)))
    owner |= {"__module__": "pathlib", "__class__": "PosixPath"}
    return node("MethodNode", "pathlib", "PosixPath", content={"func": "touch", "obj": owner})


def by_one_number(mark: Path) -> State:
    """Return two nodes of one number, of which skops builds the first."""
    evil, harmless = system(mark), value(1)
    harmless["__id__"] = evil["__id__"]
    return mapping({"a": evil, "b": harmless})


def partial(mark: Path) -> State:
    return node(
        "PartialNode",
        "functools",
        "partial",
        content={
            "func": node("FunctionNode", "os", "system"),
            "args": many(value(f"touch {mark}")),
            "kwds": mapping({}),
            "namespace": value(None),
        },
    )


def _of(make: Callable[[Path], State]) -> Callable[[Path], bytes]:
    return lambda mark: packed(make(mark))


LOGISTIC = ("sklearn.linear_model._logistic", "LogisticRegression")
CANARIES: dict[str, Callable[[Path], bytes]] = {
    "a call": _of(system),
    "in an estimator": _of(lambda mark: held(system(mark))),
    "a list": _of(
        lambda mark: node(
            "ListNode", "subprocess", "check_output", content=[value("touch"), value(str(mark))]
        )
    ),
    "a set": _of(
        lambda mark: node(
            "SetNode", "subprocess", "check_output", content=[value("touch"), value(str(mark))]
        )
    ),
    "the type of a key": _of(lambda mark: mapping({f"touch {mark}": value(1)}, ("os", "system"))),
    "an operator": _of(
        lambda mark: node(
            "OperatorFuncNode",
            "operator",
            "call",
            attrs=many(node("FunctionNode", "os", "system"), value(f"touch {mark}")),
        )
    ),
    "scipy": _of(scipys),
    "scipy, by an equal key": _of(lambda mark: scipys(mark, ("numpy", "str_"))),
    "one number": _of(by_one_number),
    "a second schema": twice,
    "a method": _of(method),
    "a function": _of(lambda mark: held(node("FunctionNode", "os", "system"))),
    "a type": _of(lambda mark: node("TypeNode", "antigravity", "fly")),
    "a dict of another class": _of(
        lambda mark: {**mapping({}), "__module__": "antigravity", "__class__": "fly"}
    ),
    "a tuple of another class": _of(
        lambda mark: {**many(value(1)), "__module__": "antigravity", "__class__": "fly"}
    ),
    "partial": _of(partial),
    "a factory": _of(
        lambda mark: node(
            "DefaultDictNode",
            "collections",
            "defaultdict",
            content={"main": mapping({}), "default_factory": partial(mark)},
        )
    ),
    "methodcaller": _of(
        lambda mark: node(
            "OperatorFuncNode", "operator", "methodcaller", attrs=many(value("touch"))
        )
    ),
    "a pickle in an array": lambda mark: packed(array(), a_npy=pickled(mark)),
    "a pickle alone": lambda mark: packed(array(), a_npy=pickled(mark)[128:]),
    "a pickle in a matrix": lambda mark: packed(sparse(), a_npz=npz(mark)),
    "an array of another class": lambda mark: packed(
        {**array(), "__module__": "numpy", "__class__": "memmap"}, a_npy=_npy(np.array(str(mark)))
    ),
    "an array made by a function": lambda mark: packed(
        {**array(), "__module__": "builtins", "__class__": "exec"}, a_npy=_npy(np.array("1"))
    ),
    "getattr": _of(
        lambda mark: calls(
            "builtins", "getattr", node("TypeNode", *LOGISTIC), value("__subclasses__")
        )
    ),
    "a codec": _of(lambda mark: calls("_codecs", "encode", value("a"), value("rot13"))),
    "copyreg": _of(
        lambda mark: calls(
            "copyreg", "_reconstructor", *[node("TypeNode", "builtins", "type")] * 2, value("x")
        )
    ),
    "a loss": _of(lambda mark: loss("os", "system", value(f"touch {mark}"))),
    "a loss by its module": _of(lambda mark: loss("sklearn._loss._loss", "__import__")),
    "a tree": _of(lambda mark: tree_by("antigravity", "fly")),
    "a generator": _of(lambda mark: generator("seed")),
    "a cached node": _of(
        lambda mark: held({"__class__": "x", "__module__": "x", "__loader__": "CachedNode"})
    ),
    "a node of another library": _of(
        lambda mark: node("QuantileForestNode", "antigravity", "fly", content=value(1))
    ),
    "an old protocol": lambda mark: packed(
        node("FunctionNode", *LOGISTIC, content={"module_path": "os", "function": "system"}),
        protocol=0,
    ),
    "a dotted name": _of(lambda mark: node("TypeNode", LOGISTIC[0], f"{LOGISTIC[1]}.fit")),
    "a class of a listed module": _of(lambda mark: calls(LOGISTIC[0], "Parallel")),
}
# What does run when skops is told to trust all that the file names.
SING = list(CANARIES)[:9]


def _npy(content: Any) -> bytes:
    stream = io.BytesIO()
    np.save(stream, content)
    return stream.getvalue()


def _huge_array() -> bytes:
    head = _npy(np.zeros(1))
    return packed(array(), a_npy=head.replace(b"(1,), }" + b" " * 11, b"(999999999999,), }"))


def _nothing_often() -> bytes:
    content = (
        _npy(np.zeros(0, "V1"))
        .replace(b"|V1", b"|V0")
        .replace(b"(0,), }" + b" " * 11, b"(999999999999,), }")
    )
    return packed(array(), a_npy=content)


def _many_files() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a", b"")
    begin = stream.getvalue().index(b"PK\x01\x02")
    entry = stream.getvalue()[begin : begin + 47]
    count = 1_000_000
    end = b"PK\x05\x06" + b"\0" * 4 + b"\xff\xff" * 2
    end += (len(entry) * count).to_bytes(4, "little") + begin.to_bytes(4, "little") + b"\0\0"
    return stream.getvalue()[:begin] + entry * count + end


def _deep() -> bytes:
    state = value(1)
    for _ in range(200):
        state = node("ListNode", "builtins", "list", content=[state])
    return packed(state)


def _deeper() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("schema.json", '{"content": [' * 10_000 + "]}" * 10_000)
    return stream.getvalue()


def _in_itself() -> bytes:
    inner = node("ListNode", "builtins", "list", content=[])
    inner["content"] = [{"__id__": inner["__id__"]}]
    return packed(inner)


def _seed() -> bytes:
    state = generator("PCG64")
    state["content"]["seed_seq"] = mapping({"pool_size": value(1 << 33)})
    return packed(state)


def _deflated_often() -> bytes:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.npy", b"\0" * (80 << 20))
    return packed(sparse(), a_npz=inner.getvalue())


BOMBS: dict[str, Callable[[], bytes]] = {
    "a file that unpacks to 80 MB": lambda: packed(array(), a_npy=b"\0" * (80 << 20)),
    "the same, in a matrix": _deflated_often,
    "a million files": _many_files,
    "200 lists in one another": _deep,
    "10,000 objects in one another": _deeper,
    "a list in itself": _in_itself,
    "an array that says it is huge": _huge_array,
    "an array of nothing, often": _nothing_often,
    "a seed that takes all memory": _seed,
    "a value that is deep": lambda: packed({**value(1), "content": "[" * 100_000}),
    "a long number": lambda: packed({**value(1), "content": "9" * 100_000}),
    "no zip archive": lambda: b"schema.json",
    "no schema": lambda: npz(Path("x")),
}
