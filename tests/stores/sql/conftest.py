"""Stores over PostgreSQL, directly or through a proxy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from postgres_proxy import Proxy

from fitscribe.core.ports import TrackingStore
from fitscribe.stores import open_store


@pytest.fixture
def proxy(postgres_uri: str) -> Iterator[Proxy]:
    with Proxy(postgres_uri) as proxy:
        yield proxy


@pytest.fixture
def open_at(tmp_path: Path) -> Iterator[Callable[..., TrackingStore]]:
    """Return a function that opens a store; all are closed after the test."""
    stores = []

    def open_at(uri: str, patience_s: float = 10.0) -> TrackingStore:
        store = open_store(uri, artifact_root=str(tmp_path), busy_timeout_s=patience_s)
        stores.append(store)
        return store

    yield open_at
    for store in stores:
        store.close()
