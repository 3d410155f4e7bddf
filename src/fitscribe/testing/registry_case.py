"""What the tests of a registry share: an empty store, and a version in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from fitscribe.core.commands import NewVersion
from fitscribe.core.entities import PagedList
from fitscribe.core.ports import RegistryStore, Store
from fitscribe.core.registered_names import check_registered_name
from fitscribe.core.registry import ModelVersion
from fitscribe.errors import (
    InvalidParameter,
)

__all__ = ["AWAY", "RegistryStoreCase", "add_version", "is_name", "paged"]

T = TypeVar("T")

AWAY = "s3://bucket/model"


def is_name(text: str) -> bool:
    """Whether a registered model can have that name."""
    try:
        return check_registered_name(text) == text
    except InvalidParameter:
        return False


def add_version(store: RegistryStore, name: str = "iris", source: str = AWAY) -> ModelVersion:
    """Make a version of a name, and the name where it is not there."""
    return store.create_model_version(NewVersion(name, source, make_model=True))


def paged(page: Callable[[str | None], PagedList[T]]) -> list[T]:
    """Return what is on all pages."""
    found: list[T] = []
    token: str | None = None
    while True:
        part = page(token)
        found += part
        token = part.token
        if token is None:
            return found


class RegistryStoreCase:
    """Tests of a registry; a subclass says how a store is made."""

    def new_store(self, folder: Path) -> Store:
        """Return an empty store; `folder` is an empty folder that it may use."""
        raise NotImplementedError

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        """Return an empty store."""
        folder = tmp_path / "store"
        folder.mkdir()
        store = self.new_store(folder)
        yield store
        store.close()
