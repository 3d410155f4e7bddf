"""The examples of the docstrings run, and give what they say."""

from __future__ import annotations

import doctest
import importlib
import inspect
from pathlib import Path

import pytest

import fitscribe

NAMES = (Path(__file__).parents[1] / "public_names.txt").read_text().split()


def examples() -> dict[str, doctest.DocTest]:
    """Return what the docstrings of public functions and classes show, by public name."""
    parser = doctest.DocTestParser()
    found: dict[str, doctest.DocTest] = {}
    for name in NAMES:
        module, _, public = name.rpartition(".")
        thing = getattr(importlib.import_module(module), public)
        if (inspect.isfunction(thing) or inspect.isclass(thing)) and thing.__doc__:
            inside = vars(importlib.import_module(thing.__module__))
            test = parser.get_doctest(inspect.getdoc(thing) or "", inside, name, None, None)
            if test.examples:
                found[name] = test
    return found


EXAMPLES = examples()

# What nearly every script calls.
SHOWN = [
    "log_artifact",
    "log_dict",
    "log_input",
    "log_metric",
    "log_metrics",
    "log_param",
    "log_params",
    "log_table",
    "log_text",
    "search_runs",
    "set_experiment",
    "set_tags",
    "start_run",
    "Client",
]


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.usefixtures("home")
def test_an_example_gives_what_it_says(name: str) -> None:
    said: list[str] = []
    doctest.DocTestRunner().run(EXAMPLES[name], out=said.append)
    assert "".join(said) == ""


@pytest.mark.parametrize("name", SHOWN)
def test_what_is_called_most_has_an_example(name: str) -> None:
    assert hasattr(fitscribe, name)
    assert f"fitscribe.{name}" in EXAMPLES
