"""Requirements of a stranger's file: what is taken, what is refused, what differs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging import requirements, specifiers

from fitscribe.errors import InvalidParameter
from fitscribe.modelfolder.requirements import (
    Requirement,
    VersionDifference,
    environment_differences,
    parse_requirement,
    parse_requirements,
)


@pytest.mark.parametrize(
    "line",
    [
        "numpy",
        "scikit-learn==1.5.2",
        "Pandas[parquet,excel] >= 2, <3",
        "torch==2.1.0+cpu",
        "x (>=1.0)",
        'tomli>=1; python_version < "3.11"',
        "a.b_c~=1.2 # because",
    ],
)
def test_plain_lines_are_taken_as_packaging_takes_them(line: str) -> None:
    (found,) = parse_requirements([line])
    theirs = requirements.Requirement(line.partition(" #")[0])
    assert found.name == theirs.name
    assert set(found.extras) == theirs.extras
    assert specifiers.SpecifierSet(found.wanted) == theirs.specifier
    assert parse_requirement(str(found)) == found


EVIL = [
    "-r other.txt",
    "-c constraints.txt",
    "-e .",
    "--index-url=https://example.org/simple",
    "-i https://example.org",
    "--extra-index-url https://example.org",
    "--find-links /tmp",
    "--pre",
    "numpy --hash=sha256:abc",
    "numpy==1.0 --global-option=x",
    "numpy @ https://example.org/numpy.whl",
    "numpy@file:///tmp/x",
    "https://example.org/x.whl",
    "git+https://example.org/x.git",
    "./local",
    "../local",
    "/abs/x.whl",
    "x.whl/..",
    "local/",
    "C:\\x.whl",
    "${HOME}",
    "numpy==${VERSION}",
    "numpy==1.0\\",
    "numpy; os_name == '${X}' ; -r x",
    "numpy==1.0 && touch x",
    "numpy==$(touch x)",
    "numpy `touch x`",
    "numpy\n-r x",
    "numpy\r-r x",
    "nümpy",
    "numpy==١",
    "x" * 3000,
    "numpy[a b]",
    "numpy==",
    "numpy=1",
    "-",
]


@pytest.mark.parametrize("line", EVIL)
def test_everything_else_is_refused_with_the_line(line: str) -> None:
    with pytest.raises(InvalidParameter, match="plain form") as refused:
        parse_requirements(["numpy", line])
    assert repr(line.strip())[:100] in str(refused.value)


@given(st.text(max_size=60))
def test_what_is_taken_is_written_without_what_pip_reads_otherwise(line: str) -> None:
    try:
        found = parse_requirements([line])
    except InvalidParameter:
        return
    for one in found:
        assert requirements.Requirement(str(one))
        assert "\n" not in str(one)
        assert not str(one).startswith("-")
        assert "${" not in str(one)


def test_differences_are_of_what_is_installed_here() -> None:
    lines = [
        f"numpy=={np.__version__}",
        "scikit-learn==0.1",
        "not-there-at-all>=1",
        "also-not-there; python_version < '3'",
        "mlflow==3.17.2",
        "Scikit_Learn",
    ]
    found = environment_differences(parse_requirements(lines))
    assert [(one.package, one.wanted) for one in found] == [
        ("scikit-learn", "==0.1"),
        ("not-there-at-all", ">=1"),
    ]
    assert found[0].here is not None
    assert found[1] == VersionDifference("not-there-at-all", ">=1", None)


def test_a_requirement_without_versions_is_met_by_any() -> None:
    assert Requirement("numpy").is_met_by("0.0.1.dev3")


@pytest.mark.parametrize(
    ("line", "is_needed"),
    [
        ("numpy; python_version >= '3.11'", True),
        ("numpy; python_version < '3'", False),
        ("numpy; extra == 'x'", False),
        ("numpy; os_name == 'none' or python_version > '3'", True),
    ],
)
def test_a_marker_says_where_it_is_needed(line: str, is_needed: bool) -> None:
    assert parse_requirement(line).is_needed_here is is_needed


def test_an_installed_version_that_is_none_meets_nothing() -> None:
    assert not parse_requirement("numpy==1.0").is_met_by("unknown")
