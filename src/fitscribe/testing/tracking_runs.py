"""The contract of a tracking store: runs, what they hold, and batches."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fitscribe.core.clock import new_run_id
from fitscribe.core.commands import Batch, NewRun, RunChange, RunRecord
from fitscribe.core.entities import Dataset, DatasetInput, InputTag, RunInputs, RunOutputs
from fitscribe.core.ports import TrackingStore
from fitscribe.core.states import LifecycleStage, RunStatus, ViewType
from fitscribe.core.values import Metric, Param
from fitscribe.errors import FitscribeError, InvalidParameter, NotFound
from fitscribe.testing.tracking_case import TrackingStoreCase, add_run, add_runs, end, fill, run

__all__ = ["RunsContract"]

ODD_KEYS = [
    "a.b.c",
    "100%",
    "a%b_c",
    "it's",
    'say "so"',
    "`back`",
    "a;b--c",
    "\\",
    " a ",
    "A",
    "a",
    "ü",
    "u\u0308",
    "模型",
    "🌲",
    "k" * 250,
    "(x, y)",
    "?",
    "%s",
    "{}",
    "NULL",
]
# What every engine keeps; keys have no control characters.
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=300)
KEYS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20).filter(
    lambda key: not key.isspace()
)
SCALARS = TEXT | st.integers() | st.floats() | st.booleans() | st.none()


class RunsContract(TrackingStoreCase):
    """How runs are made, filled, ended, deleted and taken back."""

    def test_a_run_comes_back(self, store: TrackingStore, experiment: str) -> None:
        """All that a batch said of it is there."""
        made = run(experiment, name="forest · 3f2a", start=1234, user="ada", change=end(at=5678))
        info = store.get_run(add_run(store, made)).info
        assert info.run_id == made.run_id
        assert info.experiment_id == experiment
        assert info.run_name == "forest · 3f2a"
        assert (info.start_time, info.end_time) == (1234, 5678)
        assert info.user_id == "ada"
        assert info.status == RunStatus.FINISHED
        assert info.lifecycle_stage == LifecycleStage.ACTIVE
        root = store.get_experiment(experiment).artifact_location
        assert info.artifact_uri == f"{root}/{made.run_id}/artifacts"

    def test_a_new_run_is_running(self, store: TrackingStore, experiment: str) -> None:
        """It has its name as a tag, and nothing else."""
        found = store.get_run(add_run(store, run(experiment, name="first")))
        assert found.info.status == RunStatus.RUNNING
        assert found.info.end_time is None
        assert found.data.tags == {"mlflow.runName": "first"}
        assert not found.data.params
        assert not found.data.metrics
        assert found.inputs == RunInputs()
        assert found.outputs == RunOutputs()

    def test_a_batch_makes_fills_and_ends_several(
        self, store: TrackingStore, experiment: str
    ) -> None:
        """A parent, its children, and a run that was there before."""
        before = add_run(store, run(experiment))
        parent = run(experiment, params={"cv": 3})
        children = [
            run(experiment, parent=parent.run_id, metrics={"score": number}, change=end())
            for number in range(50)
        ]
        filled = RunRecord(before, params=[Param.of("late", True)], change=end("KILLED", 9))
        store.log(Batch([parent, *children, filled]))
        assert store.get_run(parent.run_id).data.params == {"cv": "3"}
        for number, child in enumerate(children):
            found = store.get_run(child.run_id)
            assert found.data.tags["mlflow.parentRunId"] == parent.run_id
            assert found.data.metrics == {"score": number}
            assert found.info.status == RunStatus.FINISHED
        ended = store.get_run(before)
        assert ended.data.params == {"late": "True"}
        assert (ended.info.status, ended.info.end_time) == (RunStatus.KILLED, 9)

    def test_an_empty_batch_is_nothing(self, store: TrackingStore) -> None:
        """It is fine."""
        store.log(Batch())
        assert store.changes() == []

    def test_the_same_run_is_made_once(self, store: TrackingStore, experiment: str) -> None:
        """Sent again, it is filled; what it is stays."""
        first = run(experiment, name="first", start=1, params={"a": 1}, tags={"t": "1"})
        add_run(store, first)
        again = run(
            experiment,
            first.run_id,
            name="second",
            start=2,
            user="eve",
            params={"a": 1, "b": 2},
            tags={"t": "2"},
            change=end(),
        )
        add_run(store, again)
        add_run(store, again)
        found = store.get_run(first.run_id)
        assert (found.info.run_name, found.info.start_time) == ("first", 1)
        assert found.info.user_id == "ada"
        assert found.info.status == RunStatus.FINISHED
        assert found.data.params == {"a": "1", "b": "2"}
        assert found.data.tags["t"] == "2"
        assert len(store.search_runs([experiment])) == 1

    def test_a_refused_batch_leaves_nothing(self, store: TrackingStore, experiment: str) -> None:
        """Whatever is wrong with its last record, the others are not kept either."""
        old = add_run(store, run(experiment, params={"a": 1}))
        gone = add_run(store, run(experiment))
        store.delete_run(gone)
        unknown = new_run_id()
        changes = len(store.changes())
        bad: list[tuple[RunRecord, type[FitscribeError], str]] = [
            (RunRecord(old, params=[Param.of("a", 2)]), InvalidParameter, "'a'"),
            (RunRecord(gone, tags={"t": "x"}), InvalidParameter, gone),
            (RunRecord(unknown, tags={"t": "x"}), NotFound, unknown),
            (run(experiment, parent=unknown), NotFound, unknown),
            (run("4711"), NotFound, "4711"),
            (run(experiment, model_inputs=["m-0"]), NotFound, "m-0"),
            (run(experiment, metrics=[Metric("a", 1.0, 1, 0, "m-1")]), NotFound, "m-1"),
            (run(experiment, change=RunChange(status="DONE")), InvalidParameter, "DONE"),
            (run(experiment, "no/run id"), InvalidParameter, "no/run id"),
        ]
        for record, error, told in bad:
            good = run(experiment, params={"x": 1}, metrics={"m": 1.0}, tags={"t": "1"})
            filled = RunRecord(old, tags={"t": "2"}, metrics=[Metric("m", 1.0, 1)])
            with pytest.raises(error) as caught:
                store.log(Batch([good, filled, record]))
            assert told in str(caught.value)
            with pytest.raises(NotFound):
                store.get_run(good.run_id)
        found = store.get_run(old).data
        assert found.params == {"a": "1"}
        assert found.metrics == {}
        assert "t" not in found.tags
        assert len(store.search_runs([experiment], view_type=ViewType.ALL)) == 2
        assert len(store.changes()) == changes
        # The store is none the worse for it.
        fill(store, old, params={"b": 1}, tags={"t": "3"})
        assert store.get_run(old).data.params == {"a": "1", "b": "1"}

    def test_params_are_written_once(self, store: TrackingStore, experiment: str) -> None:
        """The same text again is fine; another one is refused, and both are named."""
        run_id = add_run(store, run(experiment, params={"C": 0.1, "long": "x" * 300}))
        fill(store, run_id, params={"C": 0.1, "long": "x" * 300, "new": "1"})
        fill(store, run_id, params={"C": "0.1"})
        for params in ({"C": 0.2}, {"long": "x" * 299 + "y"}, {"long": "x" * 301}):
            with pytest.raises(InvalidParameter) as caught:
                fill(store, run_id, params=params)
            ((key, value),) = params.items()
            assert repr(key) in str(caught.value)
            assert str(value)[:100] in str(caught.value)
        assert store.get_run(run_id).data.params == {"C": "0.1", "long": "x" * 300, "new": "1"}

    def test_a_param_has_one_value_in_its_batch(
        self, store: TrackingStore, experiment: str
    ) -> None:
        """Twice the same is one, two values are refused."""
        twice = RunRecord(
            new_run_id(),
            NewRun(experiment, "run", 1, "ada"),
            [Param.of("a", 1), Param.of("a", 1)],
        )
        assert store.get_run(add_run(store, twice)).data.params == {"a": "1"}
        differ = RunRecord(
            new_run_id(),
            NewRun(experiment, "run", 1, "ada"),
            [Param.of("a", 1), Param.of("a", 2)],
        )
        with pytest.raises(InvalidParameter, match="'a'"):
            add_run(store, differ)
        with pytest.raises(NotFound):
            store.get_run(differ.run_id)

    @pytest.mark.parametrize(
        ("value", "kind"),
        [(3, "int"), (0.5, "float"), (True, "bool"), (None, "none"), ("3", "str"), ([1], "other")],
    )
    def test_a_param_keeps_its_type(
        self, store: TrackingStore, experiment: str, value: object, kind: str
    ) -> None:
        """Beside its text."""
        data = store.get_run(add_run(store, run(experiment, params={"p": value}))).data
        assert data.params == {"p": str(value)}
        assert data.kinds == {"p": kind}

    def test_long_texts_are_kept(self, store: TrackingStore, experiment: str) -> None:
        """A million characters, and those around the length that an index takes."""
        texts = {str(n): "é" * n for n in (0, 1, 199, 200, 201, 1000, 1_000_000)}
        texts["🌲"] = "🌲" * 250_000
        data = store.get_run(add_run(store, run(experiment, params=texts, tags=texts))).data
        assert data.params == texts
        assert {key: data.tags[key] for key in texts} == texts

    def test_odd_keys_are_kept(self, store: TrackingStore, experiment: str) -> None:
        """Letter by letter, for params, metrics and tags."""
        values = {key: number for number, key in enumerate(ODD_KEYS)}
        made = run(
            experiment,
            params=values,
            metrics={key: float(number) for key, number in values.items()},
            tags={key: str(number) for key, number in values.items()},
        )
        data = store.get_run(add_run(store, made)).data
        assert data.params == {key: str(number) for key, number in values.items()}
        assert data.metrics == values
        assert {key: data.tags[key] for key in values} == data.params
        for key, number in values.items():
            (point,) = store.get_metric_history(made.run_id, key)
            assert (point.key, point.value) == (key, number)
            store.delete_tag(made.run_id, key)
        assert set(store.get_run(made.run_id).data.tags) == {"mlflow.runName"}

    def test_anything_comes_back(self, store: TrackingStore, experiment: str) -> None:
        """Any keys, any texts, any numbers."""

        @settings(max_examples=60, deadline=None)
        @given(
            params=st.dictionaries(KEYS, SCALARS, max_size=5),
            metrics=st.dictionaries(KEYS, st.floats(), max_size=5),
            tags=st.dictionaries(KEYS, TEXT, max_size=5),
            name=TEXT,
        )
        def check(
            params: dict[str, object],
            metrics: dict[str, float],
            tags: dict[str, str],
            name: str,
        ) -> None:
            made = run(experiment, name=name, params=params, metrics=metrics, tags=tags)
            found = store.get_run(add_run(store, made))
            assert found.data.params == {key: str(value) for key, value in params.items()}
            assert found.data.kinds == {
                key: Param.of(key, value).kind for key, value in params.items()
            }
            assert set(found.data.metrics) == set(metrics)
            for key, value in metrics.items():
                assert found.data.metrics[key] == value or value != value
                assert (found.data.metrics[key] != found.data.metrics[key]) == (value != value)
            assert found.data.tags == {"mlflow.runName": name, **tags}
            assert found.info.run_name == name

        check()

    def test_tags_are_overwritten(self, store: TrackingStore, experiment: str) -> None:
        """The last value counts, short or long; others stay."""
        run_id = add_run(store, run(experiment, tags={"a": "1" * 300, "b": "2"}))
        fill(store, run_id, tags={"a": "2", "c": "3" * 300})
        fill(store, run_id, tags={"c": ""})
        tags = store.get_run(run_id).data.tags
        assert tags == {"mlflow.runName": "a run", "a": "2", "b": "2", "c": ""}
        store.delete_tag(run_id, "b")
        for key in ("b", "never seen"):
            with pytest.raises(NotFound):
                store.delete_tag(run_id, key)

    def test_a_name_is_changed(self, store: TrackingStore, experiment: str) -> None:
        """As a name and as the tag; the two are one."""
        run_id = add_run(store, run(experiment, name="first"))
        fill(store, run_id, change=RunChange(name="second"))
        found = store.get_run(run_id)
        assert found.info.run_name == found.data.tags["mlflow.runName"] == "second"
        assert found.info.status == RunStatus.RUNNING
        fill(store, run_id, tags={"mlflow.runName": "third"})
        assert store.get_run(run_id).info.run_name == "third"

    @pytest.mark.parametrize("status", RunStatus.ALL)
    def test_every_status_is_kept(
        self, store: TrackingStore, experiment: str, status: str
    ) -> None:
        """When a run is made with it, and when it comes later."""
        made = add_run(store, run(experiment, change=RunChange(status=status)))
        later = add_run(store, run(experiment))
        fill(store, later, change=RunChange(status=status, end_time=7))
        assert store.get_run(made).info.status == store.get_run(later).info.status == status
        assert store.get_run(later).info.end_time == 7

    def test_what_a_change_does_not_name_stays(
        self, store: TrackingStore, experiment: str
    ) -> None:
        """An end without a status, a status without an end, and opening again."""
        run_id = add_run(store, run(experiment, change=end("FAILED", 5)))
        fill(store, run_id, change=RunChange(status="FINISHED"))
        info = store.get_run(run_id).info
        assert (info.status, info.end_time) == ("FINISHED", 5)
        fill(store, run_id, change=RunChange(end_time=6))
        info = store.get_run(run_id).info
        assert (info.status, info.end_time) == ("FINISHED", 6)
        fill(store, run_id, tags={"ended": "yes"})
        fill(store, run_id, change=RunChange(reopen=True))
        info = store.get_run(run_id).info
        assert (info.status, info.end_time) == ("RUNNING", None)

    def test_deleting_and_restoring(self, store: TrackingStore, experiment: str) -> None:
        """A run in the bin is read, and neither found nor filled; it comes back whole."""
        run_id = add_run(store, run(experiment, params={"a": 1}, tags={"b": "2"}))
        whole = store.get_run(run_id)
        store.delete_run(run_id)
        store.delete_run(run_id)
        assert store.get_run(run_id).info.lifecycle_stage == LifecycleStage.DELETED
        assert store.get_run(run_id).data == whole.data
        for use in (
            lambda: fill(store, run_id, tags={"b": "3"}),
            lambda: add_run(store, run(experiment, run_id)),
            lambda: store.delete_tag(run_id, "b"),
        ):
            with pytest.raises(InvalidParameter, match="restore_run"):
                use()
        assert store.search_runs([experiment]) == []
        deleted = store.search_runs([experiment], view_type=ViewType.DELETED_ONLY)
        assert [found.info.run_id for found in deleted] == [run_id]
        store.restore_run(run_id)
        store.restore_run(run_id)
        assert store.get_run(run_id) == whole

    @pytest.mark.parametrize("run_id", ["0" * 32, "", "no/run", "x" * 1000, "ü"])
    def test_what_is_not_there(self, store: TrackingStore, run_id: str) -> None:
        """It is NotFound for every method."""
        for use in (
            lambda: store.get_run(run_id),
            lambda: store.delete_run(run_id),
            lambda: store.restore_run(run_id),
            lambda: store.delete_tag(run_id, "a"),
            lambda: store.get_metric_history(run_id, "a"),
            lambda: store.find_logged_model(run_id, "a"),
            lambda: fill(store, run_id, tags={"a": "1"}),
        ):
            with pytest.raises(NotFound):
                use()

    def test_times_are_64_bit(self, store: TrackingStore, experiment: str) -> None:
        """As far as integers go."""
        for start, ended in ((0, 0), (-(2**63), 2**63 - 1), (2**63 - 1, -(2**63))):
            run_id = add_run(store, run(experiment, start=start, change=end(at=ended)))
            info = store.get_run(run_id).info
            assert (info.start_time, info.end_time) == (start, ended)

    def test_inputs(self, store: TrackingStore, experiment: str) -> None:
        """The same dataset for one purpose is one input, for two it is two."""
        iris = Dataset("iris", "d1", "local", '{"uri": "a"}', '{"x": "y" }', None)
        train = DatasetInput(iris, (InputTag("mlflow.data.context", "train"),))
        test = DatasetInput(iris, (InputTag("mlflow.data.context", "eval"), InputTag("fold", "2")))
        bare = DatasetInput(Dataset("wine", "d2", "code", "{}", None, '{"num_rows": 3}'))
        one, two = add_runs(
            store, [run(experiment, datasets=[train, test, bare]), run(experiment)]
        )
        fill(store, one, datasets=[train])
        fill(store, two, datasets=[train])
        found = store.get_run(one).inputs.dataset_inputs
        assert sorted(found, key=repr) == sorted([train, test, bare], key=repr)
        assert {used.context for used in found} == {"train", "eval", None}
        assert store.get_run(two).inputs.dataset_inputs == (train,)
