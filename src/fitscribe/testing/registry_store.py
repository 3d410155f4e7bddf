"""The contract of :class:`~fitscribe.core.ports.RegistryStore` as tests, in a few files."""

from __future__ import annotations

from fitscribe.core.ports import RegistryStore, Store
from fitscribe.testing.registry_names import NamesContract
from fitscribe.testing.registry_searches import SearchesContract
from fitscribe.testing.registry_versions import VersionsContract

__all__ = ["RegistryStoreContract"]


class RegistryStoreContract(NamesContract, VersionsContract, SearchesContract):
    """Tests that every registry passes: subclass it and say how to make an empty store."""

    def test_it_is_a_registry(self, store: Store) -> None:
        """It has the methods, and nothing in it."""
        assert isinstance(store, RegistryStore)
        assert store.search_registered_models() == []
        assert store.search_model_versions() == []
