"""Names of registered models and aliases: what is taken, and what looks like another name."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fitscribe.core.registered_names import (
    MAX_ALIAS,
    MAX_REGISTERED_NAME,
    MAX_VERSION,
    check_alias,
    check_registered_name,
    check_version,
)
from fitscribe.core.registry import Stage
from fitscribe.core.uris import ModelAlias, ModelVersion, parse_model_uri
from fitscribe.errors import InvalidParameter

TAKEN = [
    "iris",
    "Iris classifier (v2)",
    "a@b",
    "100%",
    "50% off",
    'it\'s "new"',
    "модель",
    "модель_lgbm",
    "μοντέλο",
    "lasso-λ",
    "模型",
    "モデル",
    "분류기",
    "مصنف",
    "café",
    "m-1",
    "🌸",
    ".hidden",
    "a.b..c",
    "naïve\\bayes",
    "x" * MAX_REGISTERED_NAME,
]
REFUSED = {
    "": "empty",
    "   ": "empty",
    "x" * (MAX_REGISTERED_NAME + 1): "256 characters",
    "a/b": "'/'",
    "a:b": "':'",
    "models:/x": "'/'",
    ".": "'/'",
    "..": "'/'",
    "a%2Fb": "percent-encoded",
    "a%2fb": "percent-encoded",
    "%41dmin": "percent-encoded",
    " iris": "blanks",
    "iris ": "blanks",
    "iris\n": "U\\+000A",
    "ir\tis": "U\\+0009",
    "ir\x00is": "U\\+0000",
    "ir\x7fis": "U\\+007F",
    "ir\u200bis": "U\\+200B",
    "iris\u200d": "U\\+200D",
    "\ufeffiris": "U\\+FEFF",
    "ir\u00adis": "U\\+00AD",
    "\u202eiris": "U\\+202E",
    "ir\u2066is": "U\\+2066",
    "ir\u2028is": "U\\+2028",
    "ir\u00a0is": "U\\+00A0",
    "ir\u2003is": "U\\+2003",
    "ir\u3164is": "U\\+3164",
    "ir\ufe0fis": "U\\+FE0F",
    "ir\U000e0041is": "U\\+E0041",
    "ir\ud800is": "U\\+D800",
    "ir\ue000is": "U\\+E000",
    "cafe\u0301": "NFKC",
    "\uff49\uff52\uff49\uff53": "NFKC.*",
    "\ufb01t": "'fit'.*NFKC",
    "R\u00b2": "'R2'.*NFKC",
    "\u0456ris": "alphabet",
    "ir\u0456s": "alphabet",
    "p\u0430yment": "alphabet",
    "\u0430-model": "alphabet",
    "model \u0441\u043e\u0440": "alphabet",
    "\u0391lpha": "alphabet",
    "fraud_\u03bfdel": "alphabet",
    "\u03bf\u0430": "alphabet",
}


@pytest.mark.parametrize("name", TAKEN)
def test_names_that_will_do(name: str) -> None:
    assert check_registered_name(name) == name


@pytest.mark.parametrize(("name", "words"), REFUSED.items(), ids=ascii)
def test_names_that_look_like_others(name: str, words: str) -> None:
    with pytest.raises(InvalidParameter, match=words):
        check_registered_name(name)


@pytest.mark.parametrize("name", [None, 3, b"iris", ["iris"], object()])
def test_a_name_is_text(name: Any) -> None:
    for check in (check_registered_name, check_alias):
        with pytest.raises(InvalidParameter, match="is text"):
            check(name)


@given(st.text(max_size=30))
@example("v1")
@example("a\u0301")
def test_no_two_names_that_are_taken_look_alike(text: str) -> None:
    try:
        name = check_registered_name(text)
    except InvalidParameter:
        return
    assert name == text == text.strip() == unicodedata.normalize("NFKC", text)
    assert not set(name) & set("/:")
    assert all(unicodedata.category(one)[0] not in "CZ" or one == " " for one in name)
    # It can stand in an address, and comes back from it.
    assert parse_model_uri(f"models:/{name}/3") == ModelVersion(name, 3)
    assert parse_model_uri(f"models:/{name}@champion") == ModelAlias(name, "champion")


def test_aliases() -> None:
    for alias in ("champion", "Champion-2", "prod_eu", "3", "v", "version1", "ä", "x" * MAX_ALIAS):
        assert check_alias(alias) == alias
    wrong = ("", " ", "latest", "LATEST", "v1", "V007", "a b", "a.b", "a/b", "a@b", "a\n", "é%41")
    for alias in (*wrong, "x" * (MAX_ALIAS + 1), "\u0441hampion", "a\u200b", "cafe\u0301"):
        with pytest.raises(InvalidParameter):
            check_alias(alias)


def test_versions() -> None:
    assert [check_version(one) for one in (1, "1", "007", MAX_VERSION, "9" * 30)] == [
        1,
        1,
        7,
        MAX_VERSION,
        MAX_VERSION,
    ]
    for wrong in (None, "", "v1", "1.0", 1.0, -1, "-1", "\u0661", True, "9" * 31, b"1"):
        with pytest.raises(InvalidParameter, match="whole number"):
            check_version(wrong)


def test_stages() -> None:
    for stage in Stage.ALL:
        for given_ in (stage, stage.lower(), stage.upper()):
            assert Stage.from_string(given_) == stage
    assert Stage.asked_for(None) == Stage.asked_for([]) == Stage.ALL
    assert Stage.asked_for(["archived", "Archived", "none"]) == ("None", "Archived")
    assert Stage.asked_for("staging") == ("Staging",)
    for wrong in ("", "prod", None, 3):
        with pytest.raises(InvalidParameter, match="Production"):
            Stage.from_string(wrong)
