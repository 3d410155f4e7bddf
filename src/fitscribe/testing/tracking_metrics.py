"""The contract of a tracking store: metrics, their latest values and their history."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fitscribe.core.commands import Batch
from fitscribe.core.ports import TrackingStore
from fitscribe.core.values import Metric
from fitscribe.errors import InvalidParameter
from fitscribe.testing.tracking_case import TrackingStoreCase, add_run, fill, model, run

__all__ = ["MetricsContract"]

# Few of each, so that points meet.
POINTS = st.builds(
    Metric,
    st.just("m"),
    st.sampled_from([-math.inf, -1.0, 0.0, 0.5, math.inf, math.nan]),
    st.integers(-2, 2),
    st.integers(-2, 2),
)


def latest(points: list[Metric]) -> Metric:
    """Return the point that the contract calls the latest; NaN is below all numbers."""
    return max(points, key=rank)


def rank(point: Metric) -> tuple[int, int, bool, float]:
    """Return what points are compared by."""
    number = not math.isnan(point.value)
    return point.step, point.timestamp, number, point.value if number else 0.0


def same(one: float, other: float) -> bool:
    """Whether two values are equal, or both NaN."""
    return one == other or (math.isnan(one) and math.isnan(other))


def facts(points: list[Metric]) -> list[str]:
    """Return points as what can be compared and sorted, NaN included."""
    return sorted(f"{p.timestamp} {p.step} {p.value!r}" for p in points)


class MetricsContract(TrackingStoreCase):
    """What is kept of metrics."""

    @pytest.mark.parametrize(
        "value",
        [0.0, 1.5, -1e-320, 5e-324, 1.7976931348623157e308, math.inf, -math.inf, math.nan, 0.1],
    )
    def test_a_value_is_kept_exactly(
        self, store: TrackingStore, experiment: str, value: float
    ) -> None:
        """To the last bit, as the latest value and in the history."""
        run_id = add_run(store, run(experiment, metrics={"m": value}))
        assert same(store.get_run(run_id).data.metrics["m"], value)
        (point,) = store.get_metric_history(run_id, "m")
        assert same(point.value, value)
        assert (point.key, point.timestamp, point.step) == ("m", 1000, 0)
        assert point.run_id == run_id

    def test_steps_and_times_are_64_bit(self, store: TrackingStore, experiment: str) -> None:
        """As far as integers go."""
        ends = (-(2**63), -1, 0, 2**63 - 1)
        points = [Metric("m", 1.0, time, step) for time in ends for step in ends]
        run_id = add_run(store, run(experiment, metrics=points))
        found = store.get_metric_history(run_id, "m")
        assert [(point.timestamp, point.step) for point in found] == [
            (time, step) for time in ends for step in ends
        ]

    def test_the_latest_is_the_greatest(self, store: TrackingStore, experiment: str) -> None:
        """By step, then time, then value, in whatever order the points come."""
        points = [
            Metric("m", 9.0, 9, 0),
            Metric("m", 1.0, 5, 1),
            Metric("m", 2.0, 6, 1),
            Metric("m", 3.0, 6, 1),
            Metric("m", math.nan, 6, 1),
        ]
        for order in itertools.permutations(points):
            run_id = add_run(store, run(experiment, metrics=order[:2]))
            fill(store, run_id, metrics=order[2:4])
            fill(store, run_id, metrics=order[4:])
            assert store.get_run(run_id).data.metrics == {"m": 3.0}

    def test_nan_is_a_value(self, store: TrackingStore, experiment: str) -> None:
        """A later one is the latest, and a number after it is."""
        run_id = add_run(store, run(experiment, metrics=[Metric("m", 1.0, 1, 0)]))
        fill(store, run_id, metrics=[Metric("m", math.nan, 1, 1)])
        assert math.isnan(store.get_run(run_id).data.metrics["m"])
        fill(store, run_id, metrics=[Metric("m", 0.5, 1, 2)])
        assert store.get_run(run_id).data.metrics == {"m": 0.5}
        assert len(store.get_metric_history(run_id, "m")) == 3

    def test_any_points_in_any_batches(self, store: TrackingStore, experiment: str) -> None:
        """The history is the set of points, the latest one their greatest."""

        @settings(max_examples=60, deadline=None)
        @given(batches=st.lists(st.lists(POINTS, min_size=1, max_size=4), min_size=1, max_size=4))
        def check(batches: list[list[Metric]]) -> None:
            run_id = add_run(store, run(experiment))
            for batch in batches:
                fill(store, run_id, metrics=batch)
            points = [point for batch in batches for point in batch]
            assert same(store.get_run(run_id).data.metrics["m"], latest(points).value)
            history = store.get_metric_history(run_id, "m")
            assert facts(history) == sorted(set(facts(points)))

        check()

    def test_the_same_point_again_is_one(self, store: TrackingStore, experiment: str) -> None:
        """In one batch and in two; one that differs in anything is another one."""
        point = Metric("m", 0.5, 7, 3)
        nan = Metric("m", math.nan, 7, 3)
        run_id = add_run(store, run(experiment, metrics=[point, point, nan, nan]))
        fill(store, run_id, metrics=[point, nan])
        assert len(store.get_metric_history(run_id, "m")) == 2
        others = [Metric("m", 0.6, 7, 3), Metric("m", 0.5, 8, 3), Metric("m", 0.5, 7, 4)]
        fill(store, run_id, metrics=[*others, Metric("n", 0.5, 7, 3)])
        assert len(store.get_metric_history(run_id, "m")) == 5
        assert len(store.get_metric_history(run_id, "n")) == 1

    def test_a_history_is_in_order(self, store: TrackingStore, experiment: str) -> None:
        """By time, then step, then value; and of one key of one run."""
        points = [
            Metric("m", value, time, step)
            for value in (2.0, -math.inf, 1.0, math.inf)
            for time in (3, 1, 2)
            for step in (5, -5, 0)
        ]
        other = add_run(store, run(experiment, metrics=[Metric("m", 9.0, 9, 9)]))
        run_id = add_run(store, run(experiment, metrics=[*points, Metric("M", 9.0, 9, 9)]))
        found = store.get_metric_history(run_id, "m")
        expected = sorted(points, key=lambda p: (p.timestamp, p.step, p.value))
        assert [(p.timestamp, p.step, p.value) for p in found] == [
            (p.timestamp, p.step, p.value) for p in expected
        ]
        assert found.token is None
        assert len(store.get_metric_history(other, "m")) == 1

    def test_an_unknown_metric_has_no_history(self, store: TrackingStore, experiment: str) -> None:
        """It is empty, whether the key is known elsewhere or not."""
        run_id = add_run(store, run(experiment, params={"p": 1}))
        for key in ("p", "never seen", ""):
            found = store.get_metric_history(run_id, key)
            assert found == []
            assert found.token is None

    @pytest.mark.parametrize("page", [1, 3, 7, 12, 13, 1000])
    def test_a_history_in_pages(self, store: TrackingStore, experiment: str, page: int) -> None:
        """Each point is on one page, while points are added before and behind."""
        values = (1.0, math.inf, math.nan)
        points = [Metric("m", v, time, step) for time in (1, 2) for step in (0, 1) for v in values]
        run_id = add_run(store, run(experiment, metrics=points))
        found: list[Metric] = []
        token = None
        while True:
            part = store.get_metric_history(run_id, "m", page, token)
            assert 0 < len(part) <= page
            found += part
            token = part.token
            if token is None:
                break
            assert len(part) == page
            fill(store, run_id, metrics=[Metric("m", 0.0, 0, len(found))])
        assert facts(found) == facts(points)

    def test_a_token_belongs_to_its_history(self, store: TrackingStore, experiment: str) -> None:
        """Another metric or run, and what is no token, is refused."""
        points = [Metric(key, 1.0, time) for key in "mn" for time in range(3)]
        run_id = add_run(store, run(experiment, metrics=points))
        other = add_run(store, run(experiment, metrics=points))
        token = store.get_metric_history(run_id, "m", 1).token
        assert token is not None
        for run_of, key, after in ((run_id, "n", token), (other, "m", token), (run_id, "m", "x")):
            with pytest.raises(InvalidParameter, match="page token"):
                store.get_metric_history(run_of, key, 1, after)
        with pytest.raises(InvalidParameter, match="max_results"):
            store.get_metric_history(run_id, "m", 0)

    def test_metrics_of_a_dataset_and_a_model(self, store: TrackingStore, experiment: str) -> None:
        """The point says of which, and is the run's as well."""
        made = model(experiment)
        points = [
            Metric("m", 0.5, 1, 0, made.model_id, "iris", "d1"),
            Metric("m", math.nan, 2, 0, made.model_id),
            Metric("m", 0.7, 3, 0, None, "iris", "d2"),
            Metric("m", 0.8, 4, 0),
        ]
        record = run(experiment, metrics=points)
        store.log(Batch([record], [made]))
        found = store.get_metric_history(record.run_id, "m")
        assert [(p.model_id, p.dataset_name, p.dataset_digest) for p in found] == [
            (made.model_id, "iris", "d1"),
            (made.model_id, None, None),
            (None, "iris", "d2"),
            (None, None, None),
        ]
        assert store.get_run(record.run_id).data.metrics == {"m": 0.8}
        described = store.get_logged_model(made.model_id).metrics
        assert [(p.key, p.dataset_name, p.run_id) for p in described] == [
            ("m", "iris", record.run_id),
            ("m", None, record.run_id),
        ]
