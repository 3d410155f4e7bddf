"""Requirements of a stranger's file: what is taken, what is refused, what differs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging import markers, requirements, specifiers, version

from fitscribe.errors import InvalidParameter
from fitscribe.modelfolder.markers import environment_here, parse_marker
from fitscribe.modelfolder.requirements import (
    Requirement,
    VersionDifference,
    environment_differences,
    parse_requirement,
    parse_requirements,
)
from fitscribe.modelfolder.versions import is_specifier, parse_version, takes

NUMBERS = st.integers(0, 3).map(str)
VERSIONS = st.builds(
    lambda epoch, release, pre, post, dev, local: epoch + release + pre + post + dev + local,
    st.sampled_from(["", "", "", "1!"]),
    st.lists(NUMBERS, min_size=1, max_size=4).map(".".join),
    st.sampled_from(["", "", "a1", "b", ".rc2", "-alpha.1", "preview0"]),
    st.sampled_from(["", "", ".post1", "-1", "rev2"]),
    st.sampled_from(["", "", ".dev1", "dev"]),
    st.sampled_from(["", "", "+cpu", "+abc.1", "+1-2"]),
)
OPERATORS = st.sampled_from(["==", "!=", "<", ">", "<=", ">=", "~=", "==="])


@given(VERSIONS, VERSIONS)
def test_versions_have_the_order_of_packaging(one: str, other: str) -> None:
    mine, theirs = parse_version(one), parse_version(other)
    assert mine is not None
    assert theirs is not None
    assert (mine < theirs) == (version.Version(one) < version.Version(other))
    assert (mine == theirs) == (version.Version(one) == version.Version(other))


@given(st.text(alphabet="0123.abcdevprost+-_!* ", max_size=12))
def test_a_text_is_a_version_where_packaging_says_so(text: str) -> None:
    try:
        version.Version(text)
    except version.InvalidVersion:
        assert parse_version(text) is None
    else:
        assert parse_version(text) is not None


@given(OPERATORS, VERSIONS | VERSIONS.map(lambda text: text + ".*"), VERSIONS)
def test_a_specifier_takes_what_packaging_takes(operator: str, wanted: str, here: str) -> None:
    try:
        theirs = specifiers.Specifier(operator + wanted)
    except specifiers.InvalidSpecifier:
        # `===` takes any text there; here only what a version is made of.
        assert not is_specifier(operator, wanted)
        return
    if operator == "===" and not is_specifier(operator, wanted):
        return
    assert is_specifier(operator, wanted)
    assert takes(operator, wanted, here) == theirs.contains(here, prereleases=True)


@pytest.mark.parametrize(
    "text",
    [
        "python_version >= '3.11'",
        "python_version < '3.9' or sys_platform == 'linux'",
        "sys_platform != 'win32' and (os_name == 'posix' or os_name == 'nt')",
        "'linux' in sys_platform",
        "platform_machine not in 'x86 arm'",
        "python_full_version ~= '3.11.0'",
        "implementation_name == \"cpython\" and extra == 'x'",
        "python_version == '3.*'",
        "os_name == 'a' or os_name == 'b' and os_name == 'posix'",
    ],
)
def test_a_marker_applies_where_packaging_says_so(text: str) -> None:
    found = parse_marker(text)
    assert found is not None
    theirs = markers.Marker(text).evaluate({"extra": ""})
    assert found.applies(environment_here()) == theirs
    again = parse_marker(str(found))
    assert again is not None
    assert again.applies(environment_here()) == theirs


@pytest.mark.parametrize(
    "text",
    [
        "",
        "python_version",
        "python_version >=",
        "'a' == 'b'",
        "nothing == 'x'",
        "os_name == 'posix' and",
        "(os_name == 'posix'",
        "os_name == 'a\\'",
        "os_name == __import__('os')",
        "(" * 1000 + "os_name == 'a'" + ")" * 1000,
    ],
)
def test_what_is_no_marker_is_none(text: str) -> None:
    assert parse_marker(text) is None


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
