"""The contract of a tracking store: searching runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fitscribe.core.clock import new_run_id
from fitscribe.core.commands import RunChange, RunRecord
from fitscribe.core.entities import Dataset, DatasetInput, InputTag, PagedList, Run
from fitscribe.core.filters import RUNS, Node, OrderItem, parse, render
from fitscribe.core.ports import TrackingStore
from fitscribe.core.states import RunStatus, ViewType
from fitscribe.core.values import Param
from fitscribe.errors import BadFilter, InvalidParameter
from fitscribe.testing.tracking_case import TrackingStoreCase, add_runs, run
from fitscribe.testing.tracking_filters import (
    METRIC_VALUES,
    TEXTS,
    Vocabulary,
    all_comparisons,
    order_text,
    orders,
    trees,
)
from fitscribe.testing.tracking_reference import arrange, holds, of_run

__all__ = ["RandomSearchesContract", "SearchRunsContract"]

PARAM_VALUES = [*TEXTS, 1, 2, 0.5, -25.0, True, None, [1]]
KEYS = {"metrics": ["m", "n.% 'x'"], "params": ["p", "q"], "tags": ["t", "u.v"]}
DATASETS = [
    DatasetInput(Dataset(name, digest, "local", "{}"), tags)
    for name, digest in (("iris", "d1"), ("Wine", "d2"))
    for tags in ((), (InputTag("mlflow.data.context", "train"),))
]


def some(keys: Sequence[str], values: Sequence[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Values for some of the keys."""
    return st.fixed_dictionaries({}, optional=dict.fromkeys(keys, st.sampled_from(values)))


@st.composite
def populations(draw: st.DrawFn, experiments: Sequence[str]) -> list[RunRecord]:
    """Up to eight runs that have much in common."""
    prefix = new_run_id()
    return [
        run(
            draw(st.sampled_from(experiments)),
            f"{prefix}.{number}",
            name=draw(st.sampled_from(TEXTS)),
            start=draw(st.integers(1, 3)),
            user=draw(st.sampled_from(TEXTS[1:5])),
            params=draw(some(KEYS["params"], PARAM_VALUES)),
            metrics=draw(some(KEYS["metrics"], METRIC_VALUES)),
            tags=draw(some(KEYS["tags"], TEXTS)),
            datasets=draw(st.lists(st.sampled_from(DATASETS), max_size=2)),
            change=RunChange(
                draw(st.sampled_from(RunStatus.ALL)), draw(st.none() | st.integers(1, 3))
            ),
        )
        for number in range(draw(st.integers(0, 8)))
    ]


def vocabulary_of(runs: Sequence[Run]) -> Vocabulary:
    """Return what the filters over these runs speak of."""
    infos = [one.info for one in runs]
    known: dict[tuple[str, str], Sequence[str | float | Param]] = {
        ("attribute", "run_id"): [info.run_id for info in infos[:3]],
        ("attribute", "run_name"): TEXTS,
        ("attribute", "status"): RunStatus.ALL,
        ("attribute", "user_id"): TEXTS[1:5],
        ("attribute", "artifact_uri"): [info.artifact_uri for info in infos[:3]],
        ("attribute", "start_time"): [1, 2],
        ("attribute", "end_time"): [1, 2],
        ("dataset", "name"): ["iris", "Wine"],
        ("dataset", "digest"): ["d1", "d2"],
        ("dataset", "context"): ["train", "eval"],
        ("tag", "mlflow.runName"): TEXTS[:4],
    }
    for key in [*KEYS["metrics"], "nobody has it"]:
        known["metric", key] = METRIC_VALUES
    for key in [*KEYS["params"], "nobody has it"]:
        known["param", key] = [Param.of(key, value) for value in PARAM_VALUES]
    for key in [*KEYS["tags"], "nobody has it"]:
        known["tag", key] = TEXTS
    return known


def ids(runs: Sequence[Run]) -> list[str]:
    """Return the ids of runs."""
    return [one.info.run_id for one in runs]


def expected(runs: Sequence[Run], tree: Node | None, order: Sequence[OrderItem]) -> list[str]:
    """Return the ids that the reference finds, in its order; `runs` in the order of making."""
    found = [one for one in reversed(runs) if holds(tree, of_run(one))]
    ties = OrderItem("attribute", "start_time", ascending=False)
    return ids(arrange(arrange(found, [ties], of_run), order, of_run))


def all_pages(
    store: TrackingStore,
    experiments: Sequence[str],
    text: str,
    order: Sequence[OrderItem],
    view: int,
    page: int,
) -> list[str]:
    """Return the ids of all pages of a search; each but the last one is full."""
    found: list[str] = []
    token = None
    while True:
        part: PagedList[Run] = store.search_runs(
            experiments, text, [order_text(item) for item in order], view, page, token
        )
        assert len(part) <= page
        found += ids(part)
        token = part.token
        if token is None:
            return found
        assert len(part) == page


class RandomSearchesContract(TrackingStoreCase):
    """What random searches of random runs find."""

    # How many random populations are searched.
    examples: ClassVar[int] = 25

    def test_any_filter_in_any_order(self, store: TrackingStore) -> None:
        """Random runs in two experiments, random filters, orders, views and page sizes."""

        @settings(
            max_examples=self.examples,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        )
        @given(data=st.data())
        def check(data: st.DataObject) -> None:
            names = [new_run_id(), new_run_id()]
            experiments = [store.create_experiment(name).experiment_id for name in names]
            records = data.draw(populations(experiments))
            add_runs(store, records)
            for record in records:
                if data.draw(st.integers(0, 9)) == 9:
                    store.delete_tag(record.run_id, "mlflow.runName")
                if data.draw(st.integers(0, 5)) == 5:
                    store.delete_run(record.run_id)
            runs = [store.get_run(record.run_id) for record in records]
            known = vocabulary_of(runs)
            for _ in range(6):
                self.check_one(store, data, experiments, runs, known)

        check()

    def check_one(
        self,
        store: TrackingStore,
        data: st.DataObject,
        experiments: list[str],
        runs: list[Run],
        known: Vocabulary,
    ) -> None:
        """Draw one search and hold it against the reference."""
        tree = data.draw(st.none() | trees(RUNS, known))
        text = "" if tree is None else render(tree)
        order = data.draw(orders(RUNS, known))
        asked = data.draw(st.sampled_from([experiments, experiments[:1], [*experiments, "99999"]]))
        view = data.draw(st.sampled_from([ViewType.ACTIVE_ONLY, ViewType.ALL]))
        shown = [
            one
            for one in runs
            if one.info.experiment_id in asked
            and (view == ViewType.ALL or one.info.lifecycle_stage == "active")
        ]
        found = all_pages(store, asked, text, order, view, data.draw(st.integers(1, 9)))
        assert found == expected(shown, parse(text, RUNS), order)


class SearchRunsContract(RandomSearchesContract):
    """What is found, in which order, on which page."""

    def test_every_operator_of_every_key(self, store: TrackingStore, experiment: str) -> None:
        """One comparison each, against the reference."""
        made = [
            run(
                experiment,
                name=text,
                start=number % 3,
                user=TEXTS[number % 5],
                params={"p": PARAM_VALUES[number], **({"q": number} if number % 2 else {})},
                metrics={"m": METRIC_VALUES[number % len(METRIC_VALUES)]} if number % 4 else {},
                tags={"t": text} if number % 5 else {},
                datasets=DATASETS[: number % 4],
                change=RunChange(RunStatus.ALL[number % 5], None if number % 2 else number % 3),
            )
            for number, text in enumerate([*TEXTS, *TEXTS[:5]])
        ]
        runs = [store.get_run(run_id) for run_id in add_runs(store, made)]
        asked = 0
        for term in all_comparisons(RUNS, vocabulary_of(runs)):
            text = render(term)
            found = ids(store.search_runs([experiment], text))
            assert found == expected(runs, parse(text, RUNS), ()), text
            asked += 1
        assert asked > 500, "this is not every one of them"

    # Pages

    @pytest.mark.parametrize("ascending", [True, False])
    @pytest.mark.parametrize(
        "keys",
        [
            ["start_time"],
            ["end_time"],
            ["run_id"],
            ["run_name"],
            ["status"],
            ["user_id"],
            ["artifact_uri"],
            ["metrics.m"],
            ["params.p"],
            ["tags.t"],
            ["metrics.`nobody has it`"],
            ["metrics.m", "params.p", "end_time"],
            ["status", "metrics.m"],
        ],
        ids=" ".join,
    )
    def test_runs_that_are_added_shift_nothing(
        self, store: TrackingStore, experiment: str, keys: list[str], ascending: bool
    ) -> None:
        """Each run that was there is on one page, in order; what is added may be, too."""

        def more(count: int, turn: int) -> list[str]:
            made = [
                run(
                    experiment,
                    name=TEXTS[(turn + number) % 5],
                    start=number % 3,
                    user=TEXTS[1 + number % 3],
                    params={"p": PARAM_VALUES[number * 3 % len(PARAM_VALUES)]} if number else {},
                    metrics={"m": METRIC_VALUES[number % 8]} if number % 5 else {},
                    tags={"t": TEXTS[number % 7]} if number % 3 else {},
                    change=RunChange(RunStatus.ALL[number % 5], number % 2 or None),
                )
                for number in range(count)
            ]
            return add_runs(store, made)

        order = [key if ascending else f"{key} DESC" for key in keys]
        there = more(23, 0)
        whole = ids(store.search_runs([experiment], order_by=order))
        assert sorted(whole) == sorted(there)
        found: list[str] = []
        token = None
        while True:
            part = store.search_runs([experiment], "", order, 1, 4, token)
            found += ids(part)
            token = part.token
            if token is None:
                break
            more(5, len(found))
        assert len(found) == len(set(found))
        assert [run_id for run_id in found if run_id in whole] == whole

    @pytest.mark.parametrize("ascending", [True, False])
    @pytest.mark.parametrize("key", ["metric.m", "param.p", "attribute.start_time"])
    def test_bounds_on_what_is_sorted_by(
        self, store: TrackingStore, experiment: str, key: str, ascending: bool
    ) -> None:
        """On either side, on both; many equal values, NaN, infinities, texts and no value."""
        made = [
            run(
                experiment,
                start=number % 5,
                params={"p": PARAM_VALUES[number % len(PARAM_VALUES)]} if number % 6 else {},
                metrics={"m": METRIC_VALUES[number % 8 if number % 2 else 3]}
                if number % 7
                else {},
            )
            for number in range(40)
        ]
        runs = [store.get_run(run_id) for run_id in add_runs(store, made)]
        entity, _, name = key.partition(".")
        order = [OrderItem(entity, name, ascending)]
        for bound in (
            *("{} > -2", "{} >= 0.5", "{} < 1", "{} <= 1", "{} > 0 AND {} <= 1"),
            *("{} >= 1 AND {} < 3", "{} < 1 AND {} > 1", "{} != 1", "{} = 1", "NOT {} > 0"),
        ):
            text = bound.format(*[key] * bound.count("{}"))
            found = all_pages(store, [experiment], text, order, 1, 3)
            assert found == expected(runs, parse(text, RUNS), order), text

    def test_a_token_belongs_to_its_search(self, store: TrackingStore, experiment: str) -> None:
        """Other experiments, another filter, order or view, and what is no token, is refused."""
        add_runs(store, [run(experiment, metrics={"m": number}) for number in range(5)])
        search: Callable[..., PagedList[Run]] = store.search_runs
        first = [[experiment], "metrics.m >= 0", ["metrics.m"], 1, 2]
        token = search(*first).token
        assert token is not None
        changed: list[tuple[int, object]] = [
            (0, [experiment, "0"]),
            (1, "metrics.m >= 1"),
            (2, ["metrics.m DESC"]),
            (2, []),
            (3, ViewType.ALL),
        ]
        for place, value in changed:
            other = list(first)
            other[place] = value
            with pytest.raises(InvalidParameter, match="another search"):
                search(*other, token)
        for wrong in ("x", token[:-4], token + "AA", "", "ü"):
            with pytest.raises(InvalidParameter, match="page token"):
                search(*first, wrong)
        assert len(search(*first[:4], 3, token)) == 3

    def test_experiments_in_any_form(self, store: TrackingStore, experiment: str) -> None:
        """One id as text, ids in any order and twice; none finds nothing."""
        other = store.create_experiment("other").experiment_id
        one, two = add_runs(store, [run(experiment), run(other)])
        assert ids(store.search_runs(experiment)) == [one]
        assert ids(store.search_runs([other, experiment, other])) == [two, one]
        assert ids(store.search_runs(iter([other]))) == [two]
        assert ids(store.search_runs([])) == []
        assert ids(store.search_runs(["4711", str(2**31), "9" * 25])) == []

    def test_many_experiments(self, store: TrackingStore) -> None:
        """They are sorted and paged as one is."""
        made = [store.create_experiment(f"e{number}").experiment_id for number in range(30)]
        added = add_runs(
            store,
            [run(one, start=n % 4, metrics={"m": n % 3}) for n, one in enumerate(made * 2)],
        )
        runs = [store.get_run(run_id) for run_id in added]
        for order in ([], [OrderItem("metric", "m")], [OrderItem("metric", "m", False)]):
            found = all_pages(store, made, "metrics.m < 2", order, 1, 7)
            assert found == expected(runs, parse("metrics.m < 2", RUNS), order)

    @pytest.mark.parametrize("number", [0, -1, 50_001, 1.5, True, "10"])
    def test_a_page_has_a_size(self, store: TrackingStore, number: Any) -> None:
        """Sizes that are none are refused."""
        for search in (store.search_runs, store.search_logged_models):
            with pytest.raises(InvalidParameter, match="max_results"):
                search(["0"], max_results=number)

    def test_what_cannot_be_read_is_refused(self, store: TrackingStore) -> None:
        """With the place; also where nothing would be found anyway."""
        for experiments in (["0"], []):
            for wrong in ("metrics.m >", "metric.m = 'x'", "nonsense = 1", "datasets.x = '1'"):
                with pytest.raises(BadFilter):
                    store.search_runs(experiments, wrong)
            for order in (["metrics"], ["datasets.name"], ["run_id up"], ["run_id", "run_id"]):
                with pytest.raises(BadFilter):
                    store.search_runs(experiments, order_by=order)
            with pytest.raises(InvalidParameter, match="view_type"):
                store.search_runs(experiments, view_type=4)

    def test_long_filters(self, store: TrackingStore, experiment: str) -> None:
        """As many terms and listed values as the language takes."""
        made = add_runs(store, [run(experiment, f"r{n}", params={"p": n}) for n in range(5)])
        names = ", ".join(f"'r{number}'" for number in range(900))
        assert ids(store.search_runs([experiment], f"run_id IN ({names})")) == made[::-1]
        either = " OR ".join(f"params.p = {number}" for number in range(3, 53))
        assert ids(store.search_runs([experiment], either)) == [made[4], made[3]]
        both = " AND ".join(f"params.p != {number}" for number in range(3, 53))
        assert ids(store.search_runs([experiment], both)) == made[2::-1]
        deep = "NOT (" * 14 + "params.p = 3" + ")" * 14
        assert ids(store.search_runs([experiment], deep)) == [made[3]]
