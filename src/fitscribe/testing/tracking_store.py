"""The contract of :class:`~fitscribe.core.ports.TrackingStore` as tests, a file for each noun."""

from __future__ import annotations

from fitscribe.core.ports import TrackingStore
from fitscribe.testing.tracking_callers import (
    CallersContract,
    ChangesContract,
    RepeatedBatchesContract,
)
from fitscribe.testing.tracking_crossings import CrossingsContract
from fitscribe.testing.tracking_experiments import ExperimentsContract
from fitscribe.testing.tracking_leases import LeasesContract
from fitscribe.testing.tracking_metrics import MetricsContract
from fitscribe.testing.tracking_models import LoggedModelsContract
from fitscribe.testing.tracking_runs import RunsContract
from fitscribe.testing.tracking_search import SearchRunsContract
from fitscribe.testing.tracking_search_others import (
    SearchExperimentsContract,
    SearchModelsContract,
)
from fitscribe.testing.tracking_threads import ThreadsContract

__all__ = ["TrackingStoreContract"]


class TrackingStoreContract(
    ExperimentsContract,
    RunsContract,
    MetricsContract,
    LoggedModelsContract,
    LeasesContract,
    ChangesContract,
    RepeatedBatchesContract,
    CallersContract,
    CrossingsContract,
    SearchRunsContract,
    SearchExperimentsContract,
    SearchModelsContract,
    ThreadsContract,
):
    """Tests that every tracking store passes: subclass it and say how to make one.

    Examples
    --------
    ::

        class TestMine(TrackingStoreContract):
            def new_store(self, folder):
                return MyStore(folder)

    What needs more than an empty folder overrides the fixture ``store``.
    """

    def test_it_is_a_tracking_store(self, store: TrackingStore) -> None:
        """It has the methods, and says what it is."""
        assert isinstance(store, TrackingStore)
        info = store.info()
        assert info.engine
        assert info.schema
        assert info.counts["experiments"] == 1
        assert info.counts["runs"] == info.counts["changes"] == 0
