"""What a file of skops would make, found out without making it.

Such a file is a tree of nodes. Each names a class or a function and the loader that builds an
object of it. :func:`parse` turns the tree into the symbols that a pickle is turned into
(:mod:`~fitscribe.modelfolder.trust.opcodes`), so the same lists and checks decide.

It also writes the tree anew (:mod:`~fitscribe.modelfolder.trust.tree`). What skops is given then
is what was looked at, whatever the file said besides.

Loaders are those of skops 0.16, protocols 1 and 2: see ``skops/io``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from fitscribe.errors import NotSupported
from fitscribe.modelfolder.trust.archive import Archive
from fitscribe.modelfolder.trust.npy import check_npy, check_npz
from fitscribe.modelfolder.trust.parsed import CALLED, INSTANTIATED, Global, Pairs
from fitscribe.modelfolder.trust.tree import Tree, damaged

__all__ = ["SCHEMA", "parse"]

SCHEMA = "schema.json"
MOST_SCHEMA = 512 << 20
PROTOCOLS = (1, 2)

_NUMBERS = (
    "bool bool_ int8 int16 int32 int64 uint8 uint16 uint32 uint64 longlong ulonglong intc uintc "
    "float16 float32 float64 longdouble complex64 complex128 clongdouble str_ bytes_ datetime64 "
    "timedelta64"
)
_SCALARS = frozenset(("numpy", name) for name in _NUMBERS.split())
_KEYS = _SCALARS | {("builtins", name) for name in ("bool", "float", "int", "str")}
_ARRAYS = _SCALARS | {("numpy", "ndarray")}
_MASKED = frozenset({("numpy.ma", "MaskedArray"), ("numpy.ma.core", "MaskedArray")})
_DTYPE, _STATE = ("numpy", "dtype"), ("numpy.random.mtrand", "RandomState")
_GENERATOR = ("numpy.random._generator", "Generator")
_TREE = ("sklearn.tree._tree", "Tree")
_LOSSES = ("sklearn._loss._loss", "sklearn.linear_model._sgd_fast")
_BIT_GENERATORS = ("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64")
# Of the numbers that a seed is mixed into, numpy's own has four.
MOST_POOL = 1024


def parse(archive: Archive, whole: bool = False) -> Tree:
    """Return the tree of a file of skops.

    Raises
    ------
    DamagedModel
        If it is none, or what it holds is out of all measure.
    NotSupported
        If it has nodes or a protocol that this version does not know.
    """
    if SCHEMA not in archive:
        raise damaged(f"there is no {SCHEMA}")
    if archive.size(SCHEMA) > MOST_SCHEMA:
        raise damaged(f"its {SCHEMA} is larger than {MOST_SCHEMA:,} bytes")
    try:
        schema = json.loads(archive.read(SCHEMA))
    except (RecursionError, ValueError) as error:
        raise damaged(f"its {SCHEMA} is no JSON ({error})") from None
    if type(schema) is not dict:
        raise damaged(f"its {SCHEMA} is no node")
    tree = Tree(archive, whole, _LOADERS)
    protocol = schema.get("protocol")
    if type(protocol) is not int or protocol not in PROTOCOLS:
        raise NotSupported(
            f"The model's file has the protocol {protocol!r:.40} of skops; this version reads "
            f"{' and '.join(map(str, PROTOCOLS))}. Write it anew by a newer skops, or as pickle."
        )
    tree.schema = schema
    tree.parsed.root = tree.node(schema, 0)
    return tree


def _content(state: dict[str, Any], *keys: str) -> tuple[Any, ...]:
    """Return the parts of a node's content."""
    content = state.get("content")
    if type(content) is not dict or any(key not in content for key in keys):
        raise damaged(f"a {state['__loader__']} has no content")
    return tuple(content[key] for key in keys)


def _list(state: dict[str, Any]) -> list[Any]:
    content = state.get("content")
    if type(content) is not list:
        raise damaged(f"a {state['__loader__']} has no list")
    return content


def _tuple(tree: Tree, state: Any, depth: int) -> tuple[Any, ...]:
    """Return the items of a node that is a plain tuple."""
    items = tree.node(state, depth, "TupleNode")
    if type(items) is not tuple:
        raise damaged("a tuple is of another class")
    return items


def _mapping(tree: Tree, state: Any, depth: int) -> dict[str, Any]:
    """Return the items of a node that is a plain dict with plain texts as keys."""
    pairs = tree.node(state, depth, "DictNode")
    if type(pairs) is not Pairs or any(type(key) is not str for key in pairs[::2]):
        raise damaged("a dict has keys that are no texts")
    return dict(zip(pairs[::2], pairs[1::2], strict=True))


def _read_dict(tree: Tree, state: dict[str, Any], depth: int) -> Any:
    made_by = tree.calls(state, _PLAIN["DictNode"])
    types = tree.node(state.get("key_types"), depth, "ListNode")
    content = state.get("content")
    if type(types) is not list or type(content) is not dict or len(content) != len(types):
        raise damaged("a dict has more keys than types of keys, or fewer")
    pairs = Pairs()
    for kind, (key, value) in zip(types, content.items(), strict=True):
        if type(kind) is not Global:
            raise damaged("the type of a key is none")
        name = kind.module, kind.name
        if name not in _KEYS:
            tree.use(name, CALLED)
        pairs += (
            key if name == ("builtins", "str") else tree.parsed.make(kind, (key,)),
            tree.node(value, depth),
        )
    if made_by.module == "builtins":
        return pairs
    made = tree.parsed.make(made_by, ())
    made.items = [pairs]
    return made


def _read_default_dict(tree: Tree, state: dict[str, Any], depth: int) -> Any:
    made = tree.parsed.make(tree.calls(state, frozenset()), ())
    main, factory = _content(state, "main", "default_factory")
    made.items = [tree.node(main, depth), tree.node(factory, depth)]
    return made


def _read_items(tree: Tree, state: dict[str, Any], depth: int) -> Any:
    made_by = tree.calls(state, _PLAIN[state["__loader__"]])
    items: Any = [tree.node(item, depth) for item in _list(state)]
    if state["__loader__"] == "TupleNode":
        items = tuple(items)
    return items if made_by.module == "builtins" else tree.parsed.make(made_by, (items,))


def _read_bytes(tree: Tree, state: dict[str, Any], depth: int) -> Any:
    tree.calls(state, _PLAIN[state["__loader__"]])
    tree.file(state, None)
    return memoryview(tree.files[state["file"]])


def _read_slice(tree: Tree, state: dict[str, Any], depth: int) -> Any:
    tree.calls(state, _PLAIN["SliceNode"])
    if any(
        type(part) not in (int, type(None)) for part in _content(state, "start", "stop", "step")
    ):
        raise damaged("a slice has ends that are no numbers")


def _read_name(tree: Tree, state: dict[str, Any], depth: int) -> Any:
    name = tree.named(state)
    if state["__loader__"] == "TypeNode" and name in _KEYS:
        tree.names.add(name)
        return Global(*name)
    return tree.use(name)


def _read_partial(tree: Tree, state: dict[str, Any], depth: int) -> Any:
    parts = _content(state, "func", "args", "kwds", "namespace")
    return tree.parsed.make(
        tree.calls(state, frozenset()), tuple(tree.node(part, depth) for part in parts)
    )


def _read_call(tree: Tree, state: dict[str, Any], depth: int) -> Any:
    made_by = tree.calls(state, frozenset())
    return tree.parsed.make(made_by, _tuple(tree, state.get("content"), depth))


def _read_object(tree: Tree, state: dict[str, Any], depth: int) -> Any:
    made = tree.parsed.make(tree.use(tree.named(state), INSTANTIATED), ())
    if state.get("content") is not None:
        made.state = tree.node(state["content"], depth)
    return made


def _read_method(tree: Tree, state: dict[str, Any], depth: int) -> Any:
    owner, name = _content(state, "obj", "func")
    module, cls = tree.named(state)
    if type(name) is not str:
        raise damaged("a method has no name")
    found = f"{module}.{cls}", name
    tree.parsed.uses.setdefault(found, set()).add(CALLED)
    tree.names |= {found, (module, cls)}
    return tree.parsed.make(Global(*found), (tree.node(owner, depth),))


def _read_json(tree: Tree, state: dict[str, Any], depth: int) -> Any:
    state.update(__module__="builtins", __class__="str")
    try:
        value = json.loads(state.get("content", ""))
    except (RecursionError, TypeError, ValueError) as error:
        raise damaged(f"a value is no JSON ({error})") from None
    if isinstance(value, (dict, list)):
        raise damaged("a value is a whole structure")
    return value


def _read_operator(tree: Tree, state: dict[str, Any], depth: int) -> Any:
    made_by = tree.use(("operator", tree.named(state)[1]), CALLED)
    return tree.parsed.make(made_by, _tuple(tree, state.get("attrs"), depth))


def _read_array(tree: Tree, state: dict[str, Any], depth: int) -> Any:
    if state.get("type") == "numpy":
        made_by = tree.calls(state, _ARRAYS)
        tree.file(state, check_npy)
        return (
            None
            if (made_by.module, made_by.name) in _ARRAYS
            else tree.parsed.make(made_by, (None,))
        )
    if state.get("type") != "json":
        raise damaged("an array is of no kind")
    tree.calls(state, frozenset({("numpy", "ndarray")}))
    items = [tree.node(item, depth) for item in _list(state)]
    shape = _tuple(tree, state.get("shape"), depth)
    if not all(type(length) is int for length in shape):
        raise damaged(f"an array has the shape {shape!r:.40}")
    return items


def _read_masked(tree: Tree, state: dict[str, Any], depth: int) -> Any:
    tree.calls(state, _MASKED)
    for part in _content(state, "data", "mask"):
        tree.node(part, depth, "NdArrayNode")


def _read_dtype(tree: Tree, state: dict[str, Any], depth: int) -> Any:
    tree.calls(state, frozenset({_DTYPE}))
    tree.node(state.get("content"), depth, "NdArrayNode")


def _read_random_state(tree: Tree, state: dict[str, Any], depth: int) -> Any:
    tree.calls(state, frozenset({_STATE}))
    _mapping(tree, state.get("content"), depth)


def _read_generator(tree: Tree, state: dict[str, Any], depth: int) -> Any:
    tree.calls(state, frozenset({_GENERATOR}))
    bits, seed = _content(state, "bit_generator", "seed_seq")
    if _mapping(tree, bits, depth).get("bit_generator") not in _BIT_GENERATORS:
        raise damaged("a generator of random numbers has no kind that numpy has")
    pool = _mapping(tree, seed, depth).get("pool_size", 0)
    if type(pool) is not int or pool > MOST_POOL:
        raise damaged("the seed of a generator would take all memory")


def _read_sparse(tree: Tree, state: dict[str, Any], depth: int) -> Any:
    made_by = tree.use(tree.named(state), INSTANTIATED)
    if state.get("type") != "scipy":
        raise damaged("a sparse matrix is of no kind")
    tree.file(state, check_npz)
    return tree.parsed.make(made_by, ())


def _read_reduced(tree: Tree, state: dict[str, Any], depth: int) -> Any:
    if state["__loader__"] == "TreeNode":
        # skops takes scikit-learn's class, whatever is named.
        state["__module__"], state["__class__"] = _TREE
    elif tree.named(state)[0] not in _LOSSES:
        raise damaged(f"{'.'.join(tree.named(state))} is no loss of scikit-learn")
    made_by = tree.calls(state, frozenset())
    reduced = state.get("__reduce__")
    if type(reduced) is not dict:
        raise damaged(f"a {state['__loader__']} has no arguments")
    attributes = tree.node(state.get("content"), depth)
    made = tree.parsed.make(made_by, _tuple(tree, reduced.get("args"), depth))
    made.state = attributes
    return made


def _builtin(*names: str) -> frozenset[tuple[str, str]]:
    return frozenset(("builtins", name) for name in names)


# What each of them makes without being asked for more; all else that it names would be called.
_PLAIN = {
    "BytearrayNode": _builtin("bytearray"),
    "BytesNode": _builtin("bytes"),
    "DictNode": _builtin("dict") | {("collections", "OrderedDict")},
    "ListNode": _builtin("list"),
    "SetNode": _builtin("set"),
    "SliceNode": _builtin("slice"),
    "TupleNode": _builtin("tuple"),
}
_LOADERS: dict[str, Callable[[Tree, dict[str, Any], int], Any]] = {
    "BytearrayNode": _read_bytes,
    "BytesNode": _read_bytes,
    "ConstructorFromReduceNode": _read_call,
    "DTypeNode": _read_dtype,
    "DefaultDictNode": _read_default_dict,
    "DictNode": _read_dict,
    "FunctionNode": _read_name,
    "JsonNode": _read_json,
    "ListNode": _read_items,
    "LossNode": _read_reduced,
    "MaskedArrayNode": _read_masked,
    "MethodNode": _read_method,
    "NdArrayNode": _read_array,
    "ObjectNode": _read_object,
    "OperatorFuncNode": _read_operator,
    "PartialNode": _read_partial,
    "RandomGeneratorNode": _read_generator,
    "RandomStateNode": _read_random_state,
    "SetNode": _read_items,
    "SliceNode": _read_slice,
    "SparseMatrixNode": _read_sparse,
    "TreeNode": _read_reduced,
    "TupleNode": _read_items,
    "TypeNode": _read_name,
}
