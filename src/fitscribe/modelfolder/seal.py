"""The file ``seal.json``: which folders this user wrote.

One's own classes and functions are loaded without a word, a stranger's are not. What tells them
apart is a keyed digest (HMAC-SHA-256) of the manifest. The key lies beside the user's own
settings, readable by nobody else, and never leaves this machine: a folder that somebody else
brings, or that is carried to another account, is a stranger's there.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import secrets
from pathlib import Path

from fitscribe import config
from fitscribe.errors import DamagedModel

__all__ = ["SEAL", "is_own", "key_path", "seal", "unsealed"]

SEAL = "seal.json"
KEY = "seal.key"
LENGTH = 32
MOST_BYTES = 1024

_keys: dict[Path, bytes] = {}


def key_path() -> Path:
    """Return where the key lies, or would lie."""
    return config.user_path().with_name(KEY)


def seal(manifest: bytes) -> bytes | None:
    """Return the seal of a manifest that this user wrote; None where no key can be kept."""
    key = _key(make=True)
    if key is None:
        return None
    digest = hashlib.sha256(manifest).hexdigest()
    return _written({"manifest": digest, "seal": _keyed(key, digest)})


def unsealed(manifest: bytes) -> bytes:
    """Return a seal that vouches for the bytes of a manifest, and says that it is nobody's own."""
    return _written({"manifest": hashlib.sha256(manifest).hexdigest(), "seal": ""})


def _written(document: dict[str, str]) -> bytes:
    return json.dumps({**document, "check": _check(document)}).encode()


def is_own(manifest: bytes, sealed: bytes | None) -> bool:
    """Whether this user wrote a folder, by its manifest and its seal, if it has one.

    Raises
    ------
    DamagedModel
        If the seal is not what anybody wrote, or is of another manifest.
    """
    if sealed is None:
        return False
    try:
        told = json.loads(sealed[:MOST_BYTES])
        document = {name: str(told[name]) for name in ("manifest", "seal")}
        sound = told["check"] == _check(document)
    except (ValueError, TypeError, KeyError, RecursionError):
        sound = False
    digest = hashlib.sha256(manifest).hexdigest()
    if not sound or document["manifest"] != digest:
        raise DamagedModel(
            f"The model's manifest.json or {SEAL} is not what was written. Nothing was loaded; "
            "take a copy of the folder that is whole."
        )
    key = _key(make=False)
    return key is not None and hmac.compare_digest(document["seal"], _keyed(key, digest))


def _keyed(key: bytes, digest: str) -> str:
    return hmac.digest(key, b"fitscribe model folder 1\n" + digest.encode(), "sha256").hex()


def _check(document: dict[str, str]) -> str:
    """Return what tells a damaged seal from a stranger's."""
    return hashlib.sha256("\n".join(document.values()).encode()).hexdigest()[:16]


def _key(make: bool) -> bytes | None:
    """Return the user's key; one that others can read counts for nothing."""
    path = key_path()
    if path not in _keys:
        if make and not path.exists():
            _make(path)
        key = _read(path)
        if key is None:
            return None
        _keys[path] = key
    return _keys[path]


def _read(path: Path) -> bytes | None:
    try:
        if os.name == "posix":
            status = path.stat()
            if status.st_mode & 0o077 or status.st_uid != os.getuid():
                return None
        key = path.read_bytes()
    except OSError:
        return None
    return key if len(key) == LENGTH else None


def _make(path: Path) -> None:
    """Make a key; of several processes that do at once, one wins."""
    with contextlib.suppress(OSError):  # a home that cannot be written: nothing is sealed
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{KEY}.{secrets.token_hex(8)}")
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(secrets.token_bytes(LENGTH))
                stream.flush()
                os.fsync(stream.fileno())
            os.link(beside, path)
        except FileExistsError:
            pass
        finally:
            beside.unlink()
