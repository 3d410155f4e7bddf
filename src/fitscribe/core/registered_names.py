"""Names, aliases and versions of registered models as users give them: checked here, nowhere else.

A name stands in addresses, pages and messages, and people decide by it what to load. So two names
that look alike are not both let in: what is refused is what no reader could tell from another name
(the idea of Unicode's UTS 39, kept to what can be said in a sentence).
"""

from __future__ import annotations

import re
import unicodedata

from fitscribe.errors import InvalidParameter

__all__ = [
    "LATEST",
    "MAX_ALIAS",
    "MAX_REGISTERED_NAME",
    "MAX_VERSION",
    "check_alias",
    "check_registered_name",
    "check_version",
    "is_latest",
]

MAX_REGISTERED_NAME = 256
MAX_ALIAS = 255
MAX_VERSION = 2**31 - 1
LATEST = "latest"

_ALIAS = re.compile(r"[\w\-]+\Z")
_VERSION_LIKE = re.compile(r"[vV]\d+\Z")
_PERCENT_ENCODED = re.compile(r"%[0-9A-Fa-f]{2}")
# Controls, formats (bidi, zero width), surrogates, private and unassigned; separators of lines.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Seen as nothing, or as a blank, though no category says so.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
_SELECTORS = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))
# Letters of other scripts that are drawn as a Latin one.
_LIKE_LATIN = frozenset("АВЕЅІЇЈКМНОРСТУХҮԌԚԜӀаеѕіїјкорсухүһԁԛԝӏΑΒΕΖΗΙΚΜΝΟΡΤΥΧϹαγικνορυχϲϳ")
_MIXED = ("CYRILLIC", "GREEK")


def check_registered_name(name: object) -> str:
    """Return a name that a registered model can have.

    As in MLflow it is not blank, is no ``.`` or ``..``, and has none of ``/`` and ``:``. Besides,
    nothing that looks like another name is taken: blanks around it, control characters, invisible
    and bidirectional ones, ``%2F`` and the like, text that is not NFKC, and words that mix Latin
    with Cyrillic or Greek letters or only have letters of those that are drawn as Latin ones.

    Parameters
    ----------
    name : object
        As given.

    Raises
    ------
    InvalidParameter
        With what is wrong, and what would do.

    Examples
    --------
    >>> check_registered_name("iris classifier")
    'iris classifier'
    """
    return _checked("registered model's name", name, MAX_REGISTERED_NAME)


def check_alias(alias: object) -> str:
    """Return a name that an alias can have: letters, digits, ``_`` and ``-`` (MLflow's rule).

    ``latest`` and what looks like a version (``v1``) are taken, and what looks like another alias
    is refused, as by :func:`check_registered_name`.

    Raises
    ------
    InvalidParameter
    """
    text = _checked("alias", alias, MAX_ALIAS)
    if not _ALIAS.match(text):
        raise InvalidParameter(
            f"An alias has letters, digits, '_' and '-' only, not {text!r:.80}; "
            "'champion', for example."
        )
    if is_latest(text) or _VERSION_LIKE.match(text):
        raise InvalidParameter(
            f"{text!r} is no alias: it would be read as a version. Choose another word, such as "
            "'champion'."
        )
    return text


def is_latest(text: object) -> bool:
    """Whether a text means the newest version, in any case of letters."""
    return isinstance(text, str) and text.lower() == LATEST


def check_version(version: object) -> int:
    """Return a version's number; digits as text will do, as in MLflow.

    Raises
    ------
    InvalidParameter
        If it is no whole number, or none that a version can have.
    """
    text = str(version) if isinstance(version, int) and not isinstance(version, bool) else version
    if not isinstance(text, str) or not (text.isascii() and text.isdigit()) or len(text) > 30:
        raise InvalidParameter(
            f"A model version is a whole number such as 3, not {version!r:.60}. "
            "By alias: get_model_version_by_alias(...)."
        )
    # No name has more versions, so one that is larger is not found, like any other.
    return min(int(text), MAX_VERSION)


def _checked(kind: str, text: object, longest: int) -> str:
    """Return a text that looks like no other one, or raise InvalidParameter."""
    article = "An" if kind[0] == "a" else "A"
    if not isinstance(text, str):
        raise InvalidParameter(
            f"{article} {kind} is text, not {type(text).__name__}: {text!r:.80}."
        )
    if not text or text.isspace():
        raise InvalidParameter(f"{article} {kind} is not empty; 'iris-classifier', for example.")
    if len(text) > longest:
        raise InvalidParameter(
            f"{article} {kind} may have {longest} characters; {text[:40]!r}… has {len(text):,}."
        )
    reason = _why_not(text)
    if reason is not None:
        raise InvalidParameter(f"{text!r:.300} is no {kind}: {reason}")
    return text


def _why_not(text: str) -> str | None:
    """Return what is wrong with a name, or None."""
    for place, character in enumerate(text):
        if _is_unseen(character):
            code = f"U+{ord(character):04X}"
            return f"it holds the invisible character {code} at {place}. Leave it out."
    if text in (".", "..") or "/" in text or ":" in text:
        return "it stands in addresses, so it has no '/' and no ':', and is not '.' or '..'."
    if _PERCENT_ENCODED.search(text):
        return "what looks percent-encoded could be read as another name. Leave out the '%'."
    if text != text.strip():
        return f"there are blanks around it. Use {text.strip()!r:.80}."
    plain = unicodedata.normalize("NFKC", text)
    if plain != text:
        return f"it looks like {plain!r:.80} and is written otherwise (NFKC). Use that."
    for word in re.findall(r"[^\W\d_]+", text):
        if _looks_like_latin(word):
            return (
                f"the word {word!r:.60} has Cyrillic or Greek letters that look like Latin ones. "
                "Write it in one alphabet."
            )
    return None


def _is_unseen(character: str) -> bool:
    category = unicodedata.category(character)
    if category in _UNSEEN or character in _BLANK:
        return True
    # Blanks of other widths look like the usual one.
    if category == "Zs" and character != " ":
        return True
    return any(ord(character) in selectors for selectors in _SELECTORS)


def _looks_like_latin(word: str) -> bool:
    """Whether a word mixes Latin with Cyrillic or Greek, or seems Latin and is not."""
    scripts = {unicodedata.name(letter, "").partition(" ")[0] for letter in word}
    foreign = scripts.intersection(_MIXED)
    if not foreign:
        return False
    return "LATIN" in scripts or len(foreign) > 1 or _LIKE_LATIN.issuperset(word)
