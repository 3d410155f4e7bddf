"""The contract of a tracking store: leases, which tell runs that nobody keeps open."""

from __future__ import annotations

import pytest

from fitscribe.core.commands import Lease, RunChange
from fitscribe.core.ports import TrackingStore
from fitscribe.core.states import RunStatus
from fitscribe.testing.tracking_case import TrackingStoreCase, add_run, add_runs, end, fill, run

__all__ = ["LeasesContract"]

LEASE = Lease("host", "boot", 4711, 12, 5000)
LATER = Lease("host", "boot", 4711, 12, 9000)
ENDED_BY = "fitscribe.ended_by"


class LeasesContract(TrackingStoreCase):
    """How runs are kept open, found dead and revived."""

    def test_a_running_run_has_its_lease(self, store: TrackingStore, experiment: str) -> None:
        """Those without one, and those that have ended, do not show up."""
        kept = add_run(store, run(experiment, lease=LEASE))
        add_runs(store, [run(experiment), run(experiment, lease=LEASE, change=end())])
        assert store.open_leases() == [(kept, LEASE)]
        fill(store, kept, change=end())
        assert store.open_leases() == []

    def test_64_bit_facts_are_kept(self, store: TrackingStore, experiment: str) -> None:
        """A lease comes back as it was."""
        lease = Lease("hôst", "", 2**32, 2**63 - 1, 2**62)
        run_id = add_run(store, run(experiment, lease=lease))
        assert store.open_leases() == [(run_id, lease)]

    def test_a_heartbeat_renews(self, store: TrackingStore, experiment: str) -> None:
        """Open runs only; it also gives a lease to an open run that had none."""
        one, two, ended = add_runs(
            store,
            [run(experiment, lease=LEASE), run(experiment), run(experiment, change=end())],
        )
        store.beat([one, two, ended, "0" * 32], LATER)
        store.beat([], LATER)
        assert dict(store.open_leases()) == {one: LATER, two: LATER}
        assert store.get_run(ended).info.status == RunStatus.FINISHED

    def test_abandoned_runs_are_killed(self, store: TrackingStore, experiment: str) -> None:
        """At their last heartbeat, with a tag that says who says so."""
        one, two = add_runs(store, [run(experiment, lease=LEASE), run(experiment, lease=LATER)])
        store.end_abandoned([one])
        found = store.get_run(one)
        assert (found.info.status, found.info.end_time) == (RunStatus.KILLED, 5000)
        assert found.data.tags[ENDED_BY] == "lease"
        assert store.open_leases() == [(two, LATER)]
        assert store.get_run(two).info.status == RunStatus.RUNNING

    def test_a_run_does_not_end_before_its_start(
        self, store: TrackingStore, experiment: str
    ) -> None:
        """Where the last heartbeat lies before it."""
        run_id = add_run(store, run(experiment, start=6000, lease=LEASE))
        store.end_abandoned([run_id])
        assert store.get_run(run_id).info.end_time == 6000

    def test_runs_that_ended_meanwhile_are_left_alone(
        self, store: TrackingStore, experiment: str
    ) -> None:
        """And those that have no lease, and those that are not there."""
        done, bare = add_runs(store, [run(experiment, lease=LEASE, change=end()), run(experiment)])
        before = [store.get_run(run_id) for run_id in (done, bare)]
        store.end_abandoned([done, bare, "0" * 32])
        store.end_abandoned([])
        assert [store.get_run(run_id) for run_id in (done, bare)] == before

    def test_a_late_heartbeat_revives(self, store: TrackingStore, experiment: str) -> None:
        """The run runs again as if nothing had been, and can end."""
        run_id = add_run(store, run(experiment, lease=LEASE))
        before = store.get_run(run_id)
        store.end_abandoned([run_id])
        store.beat([run_id], LATER)
        assert store.get_run(run_id) == before
        assert store.open_leases() == [(run_id, LATER)]
        fill(store, run_id, change=end(at=9999))
        store.beat([run_id], LATER)
        assert store.get_run(run_id).info.status == RunStatus.FINISHED
        assert store.open_leases() == []

    @pytest.mark.parametrize("status", ["FINISHED", "FAILED", "KILLED"])
    def test_the_run_itself_knows_better(
        self, store: TrackingStore, experiment: str, status: str
    ) -> None:
        """A run that was taken for dead ends as it says; no heartbeat revives it then."""
        run_id = add_run(store, run(experiment, lease=LEASE))
        store.end_abandoned([run_id])
        fill(store, run_id, metrics=[], change=end(status, 9999))
        found = store.get_run(run_id)
        assert (found.info.status, found.info.end_time) == (status, 9999)
        assert ENDED_BY not in found.data.tags
        store.beat([run_id], LATER)
        assert store.get_run(run_id) == found

    def test_a_run_is_opened_again_under_a_lease(
        self, store: TrackingStore, experiment: str
    ) -> None:
        """By whoever resumes it."""
        run_id = add_run(store, run(experiment, lease=LEASE, change=end()))
        fill(store, run_id, change=RunChange(reopen=True, lease=LATER))
        assert store.get_run(run_id).info.status == RunStatus.RUNNING
        assert store.open_leases() == [(run_id, LATER)]

    def test_what_a_tag_says_is_no_lease(self, store: TrackingStore, experiment: str) -> None:
        """A run that ended otherwise is not revived."""
        run_id = add_run(store, run(experiment, tags={ENDED_BY: "SIGTERM"}, change=end("KILLED")))
        before = store.get_run(run_id)
        store.beat([run_id], LATER)
        assert store.get_run(run_id) == before
