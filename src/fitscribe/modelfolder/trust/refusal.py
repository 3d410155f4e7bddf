"""Why a model is not loaded: which names its file looks up, and where in the object they sit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from fitscribe.errors import NotTrusted
from fitscribe.modelfolder.trust.parsed import CALLED, Global, Made, Pairs, Parsed

__all__ = ["class_of", "places", "refusal"]

# Of more names the message says how many they are.
MOST_NAMED = 5
# Its functions build functions and classes of what a file holds.
CLOUDPICKLE = "cloudpickle"
# What a path is called whose root is no object of a class.
NAMELESS = "model"


def class_of(value: Any) -> Global | None:
    """Return the class of an object, or None if it is a list, a number or the like."""
    if type(value) is not Made:
        return None
    if value.made_by.name in ("_reconstructor", "__newobj__") and value.args:
        cls = value.args[0]
        return cls if type(cls) is Global else value.made_by
    return value.made_by


def places(root: Any) -> Iterator[tuple[str, Global]]:
    """Yield each name in an object the first time it is met, with the path that leads to it.

    A path reads as a person would write it: ``pipeline.steps[1].func``. Of a pair of a name and
    an estimator, as pipelines have them, the estimator is meant.
    """
    cls = class_of(root)
    met: set[int] = set()
    named: set[tuple[str, str]] = set()
    waiting = [(NAMELESS if cls is None else cls.name.lower(), root)]
    while waiting:
        path, value = waiting.pop()
        if type(value) is Global:
            if (value.module, value.name) not in named:
                named.add((value.module, value.name))
                yield path, value
            continue
        if type(value) not in (Made, Pairs) and not isinstance(value, (list, tuple)):
            continue
        if id(value) in met:
            continue
        met.add(id(value))
        waiting += reversed(list(_parts(path, value)))


def _parts(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield what a value is made of, each with its path."""
    if type(value) is Made:
        yield path, value.made_by
        yield path, value.args
        if type(value.state) is Pairs:
            yield from _attributes(path, value.state)
        else:
            yield path, value.state
        for place, item in enumerate(value.items):
            yield f"{path}[{place}]", item
    elif type(value) is Pairs:
        for key, item in zip(value[::2], value[1::2], strict=False):
            yield f"{path} (a key)", key
            yield f"{path}[{key!r:.40}]", item
    else:
        for place, item in enumerate(value):
            if isinstance(item, tuple) and len(item) > 1 and type(item[0]) is str:
                # A step of a pipeline, a transformer of a ColumnTransformer.
                yield f"{path}[{place}]", item[1]
                yield f"{path}[{place}]", item[2:]
            else:
                yield f"{path}[{place}]", item


def _attributes(path: str, state: Pairs) -> Iterator[tuple[str, Any]]:
    for key, item in zip(state[::2], state[1::2], strict=False):
        yield (f"{path}.{key}" if type(key) is str else path), item


def refusal(parsed: Parsed, refused: Sequence[tuple[str, str]], what: str) -> NotTrusted:
    """Return the error for a file that looks up names that are not listed.

    Parameters
    ----------
    parsed : Parsed
        The file.
    refused : sequence of (str, str)
        The names, as (module, name).
    what : str
        What the file is called in the message.
    """
    where = {(name.module, name.name): path for path, name in places(parsed.root)}
    code = [name for name in refused if name[0].startswith(CLOUDPICKLE)]
    others = [name for name in refused if name not in code]
    told = []
    if code:
        place = next((where[name] for name in code if name in where), "an unknown place")
        told.append(f"  code itself (functions or classes, kept by cloudpickle), at {place}")
    for module, name in others[:MOST_NAMED]:
        does = "call it" if CALLED in parsed.uses[module, name] else "make one of it"
        place = where.get((module, name), "a part that the object does not keep")
        told.append(f"  {module}.{name}, at {place}: would import {module} and {does}")
    if len(others) > MOST_NAMED:
        told.append(f"  and {len(others) - MOST_NAMED} more: `fitscribe models show` lists them")
    return NotTrusted(
        f"{what} was not loaded: it holds what is not on this loader's lists.\n"
        + "\n".join(told)
        + "\nNothing of it was imported or run. If you know who wrote it:"
        + ("" if code else _by_name(others))
        + '\n  load_model(…, trust="code") runs whatever this one file names.'
    )


def _by_name(names: Sequence[tuple[str, str]]) -> str:
    """Return the ways on that let in single names."""
    text = ", ".join(f'"{module}.{name}"' for module, name in names[:MOST_NAMED])
    return (
        f"\n  fitscribe.models.trust({text}) lets them in, in this process;"
        '\n  trusted = "…" in your own settings does for good;'
    )
