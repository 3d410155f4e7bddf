"""The contract of a tracking store: searching experiments and logged models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fitscribe.core.clock import new_run_id
from fitscribe.core.commands import Batch, RunRecord
from fitscribe.core.entities import Experiment, LoggedModel
from fitscribe.core.filters import (
    EXPERIMENTS,
    LOGGED_MODELS,
    Node,
    OrderItem,
    parse,
    render,
)
from fitscribe.core.ports import TrackingStore
from fitscribe.core.states import LoggedModelStatus, ViewType
from fitscribe.core.values import Metric, Param
from fitscribe.errors import BadFilter, InvalidParameter
from fitscribe.testing.tracking_case import TrackingStoreCase, add_run, model, run
from fitscribe.testing.tracking_filters import (
    METRIC_VALUES,
    TEXTS,
    Vocabulary,
    all_comparisons,
    order_text,
    orders,
    trees,
)
from fitscribe.testing.tracking_reference import arrange, holds, of_experiment, of_model

__all__ = ["SearchExperimentsContract", "SearchModelsContract"]

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
NEWEST = [OrderItem("attribute", "creation_time", ascending=False)]
PARAM_VALUES = [*TEXTS, "2", "0.5", "-25", "1e400"]


class SearchExperimentsContract(TrackingStoreCase):
    """Which experiments are found, and in which order."""

    examples: ClassVar[int] = 12

    def test_every_operator_on_experiments(self, store: TrackingStore) -> None:
        """One comparison each, against the reference."""
        made = [
            store.create_experiment(name, None, {"t": name} if number % 2 else {})
            for number, name in enumerate([text for text in TEXTS if text.strip()])
        ]
        known = [store.get_experiment("0"), *made]
        for term in all_comparisons(EXPERIMENTS, experiment_words(made)):
            text = render(term)
            found = [one.name for one in store.search_experiments(text)]
            assert found == expected_experiments(known, parse(text, EXPERIMENTS), ()), text

    def test_any_filter_and_order_of_experiments(self, store: TrackingStore) -> None:
        """Random experiments, filters, orders and page sizes."""
        some_tags = st.dictionaries(
            st.sampled_from(["t", "u.% v"]), st.sampled_from(TEXTS), max_size=2
        )

        @settings(max_examples=self.examples, deadline=None, suppress_health_check=SLOW)
        @given(data=st.data())
        def check(data: st.DataObject) -> None:
            mark = new_run_id()
            for tags in data.draw(st.lists(some_tags, max_size=6)):
                one = store.create_experiment(new_run_id(), None, {**tags, "example": mark})
                if data.draw(st.integers(0, 4)) == 4:
                    store.delete_experiment(one.experiment_id)
                if data.draw(st.integers(0, 4)) == 4 and "t" in tags:
                    store.restore_experiment(one.experiment_id)
                    store.set_experiment_tags(one.experiment_id, {"t": "changed"})
            shown = store.search_experiments(f"tags.example = '{mark}'", view_type=ViewType.ALL)
            made = sorted(shown, key=lambda one: int(one.experiment_id))
            known = experiment_words(made)
            for _ in range(5):
                tree = data.draw(trees(EXPERIMENTS, known))
                text = f"tags.example = '{mark}' AND ({render(tree)})"
                order = data.draw(orders(EXPERIMENTS, known))
                view = data.draw(st.sampled_from([1, 2, 3]))
                found = experiment_pages(store, text, order, view, data.draw(st.integers(1, 7)))
                stages = {1: {"active"}, 2: {"deleted"}, 3: {"active", "deleted"}}[view]
                those = [one for one in made if one.lifecycle_stage in stages]
                assert found == expected_experiments(those, parse(text, EXPERIMENTS), order)

        check()

    def test_unreadable_searches_of_experiments(self, store: TrackingStore) -> None:
        """They are refused."""
        for wrong in ("metrics.m > 1", "name > 'a'", "experiment_id = one", "x = 1"):
            with pytest.raises(BadFilter):
                store.search_experiments(wrong)
        with pytest.raises(BadFilter):
            store.search_experiments(order_by=["tags.t"])
        with pytest.raises(InvalidParameter, match="view_type"):
            store.search_experiments(view_type=0)


def experiment_words(made: Sequence[Experiment]) -> Vocabulary:
    """Return what the filters over these experiments speak of."""
    times = [made[0].creation_time or 0] if made else []
    return {
        ("attribute", "name"): [*(one.name for one in made[:4]), *TEXTS],
        ("attribute", "experiment_id"): ["0", *(one.experiment_id for one in made[:4])],
        ("attribute", "creation_time"): times,
        ("attribute", "last_update_time"): times,
        ("tag", "t"): TEXTS,
        ("tag", "u.% v"): TEXTS,
        ("tag", "nobody has it"): TEXTS[:4],
    }


def expected_experiments(
    made: Sequence[Experiment], tree: Node | None, order: Sequence[OrderItem]
) -> list[str]:
    """Return the names that the reference finds; `made` in the order of making."""
    found = [one for one in reversed(made) if holds(tree, of_experiment(one))]
    order = order or NEWEST
    by_id = [item for item in order if item.key == "experiment_id"]
    if by_id:  # a number, though it is text
        place = order.index(by_id[0])
        found.sort(key=lambda one: int(one.experiment_id), reverse=not by_id[0].ascending)
        order = order[:place]
    return [one.name for one in arrange(found, order, of_experiment)]


def experiment_pages(
    store: TrackingStore, text: str, order: Sequence[OrderItem], view: int, page: int
) -> list[str]:
    """Return the names on all pages of a search."""
    found: list[str] = []
    token = None
    while True:
        asked = [order_text(item) for item in order]
        part = store.search_experiments(text, asked, view, page, token)
        assert len(part) <= page
        found += [one.name for one in part]
        token = part.token
        if token is None:
            return found
        assert len(part) == page


class SearchModelsContract(TrackingStoreCase):
    """Which logged models are found, and in which order."""

    examples: ClassVar[int] = 12

    def test_every_operator_on_models(self, store: TrackingStore, experiment: str) -> None:
        """One comparison each, against the reference."""
        source = add_run(store, run(experiment))
        models = [
            model(
                experiment,
                name=text,
                created=1000 + number % 3,
                source=source if number % 2 else None,
                model_type=TEXTS[number % 4] if number % 3 else None,
                status=LoggedModelStatus.ALL[number % 4],
                params={"p": PARAM_VALUES[number]} if number % 4 else {},
                tags={"t": text} if number % 5 else {},
            )
            for number, text in enumerate(TEXTS)
        ]
        points = [
            Metric("m", METRIC_VALUES[(number + step) % 8], 1, step, one.model_id, *data)
            for number, one in enumerate(models)
            for step, data in enumerate([("iris", "d1"), ("iris", "d1"), ("wine", "d2")])
            if number % 4
        ]
        store.log(Batch([RunRecord(source, metrics=points)], models))
        made = [store.get_logged_model(one.model_id) for one in models]
        for term in all_comparisons(LOGGED_MODELS, model_words(made)):
            text = render(term)
            found = [one.model_id for one in store.search_logged_models([experiment], text)]
            assert found == expected_models(made, parse(text, LOGGED_MODELS), ()), text

    def test_any_filter_and_order_of_models(self, store: TrackingStore) -> None:
        """Random models with metrics on datasets; filters, orders and page sizes."""

        @settings(max_examples=self.examples, deadline=None, suppress_health_check=SLOW)
        @given(data=st.data())
        def check(data: st.DataObject) -> None:
            experiments = [store.create_experiment(new_run_id()).experiment_id for _ in "ab"]
            made = add_models(store, data, experiments)
            known = model_words(made)
            for _ in range(5):
                tree = data.draw(st.none() | trees(LOGGED_MODELS, known))
                text = "" if tree is None else render(tree)
                order = data.draw(orders(LOGGED_MODELS, known))
                asked = data.draw(st.sampled_from([experiments, experiments[1:]]))
                found = model_pages(store, asked, text, order, data.draw(st.integers(1, 7)))
                those = [one for one in made if one.experiment_id in asked]
                assert found == expected_models(those, parse(text, LOGGED_MODELS), order)

        check()

    def test_unreadable_searches_of_models(self, store: TrackingStore) -> None:
        """They are refused, and so is a token of another search."""
        for wrong in ("datasets.name = 'x'", "run_id = 'x'", "metrics.m LIKE 'x'"):
            with pytest.raises(BadFilter):
                store.search_logged_models(["0"], wrong)
        with pytest.raises(BadFilter):
            store.search_logged_models(["0"], order_by=["params.p"])
        store.log(Batch(models=[model("0"), model("0")]))
        token = store.search_logged_models(["0"], max_results=1).token
        assert token is not None
        for other in (
            {"filter_string": "name = 'model'"},
            {"order_by": ["name"]},
            {"experiment_ids": ["0", "1"]},
        ):
            asked: dict[str, Any] = {"experiment_ids": ["0"], "page_token": token, **other}
            with pytest.raises(InvalidParameter, match="another search"):
                store.search_logged_models(**asked)


def add_models(
    store: TrackingStore, data: st.DataObject, experiments: Sequence[str]
) -> list[LoggedModel]:
    """Write random models and points of theirs, and return them as they are."""
    texts = st.sampled_from(TEXTS)
    runs = [run(one) for one in experiments]
    sources = st.none() | st.sampled_from([one.run_id for one in runs])
    models = [
        model(
            data.draw(st.sampled_from(experiments)),
            name=data.draw(texts),
            created=data.draw(st.integers(1, 3)),
            source=data.draw(sources),
            model_type=data.draw(st.none() | texts),
            status=data.draw(st.sampled_from(LoggedModelStatus.ALL)),
            params=data.draw(st.dictionaries(st.just("p"), st.sampled_from(PARAM_VALUES))),
            tags=data.draw(st.dictionaries(st.sampled_from(["t", "u.v"]), texts)),
        )
        for _ in range(data.draw(st.integers(1, 6)))
    ]
    point = st.builds(
        lambda key, value, step, one, on: Metric(key, value, 1, step, one.model_id, *on),
        st.sampled_from(["m", "n"]),
        st.sampled_from(METRIC_VALUES),
        st.integers(0, 2),
        st.sampled_from(models),
        st.sampled_from([("iris", "d1"), ("iris", "d2"), (None, None)]),
    )
    filled = [
        RunRecord(one.run_id, one.create, metrics=data.draw(st.lists(point, max_size=5)))
        for one in runs
    ]
    store.log(Batch(filled, models))
    return [store.get_logged_model(one.model_id) for one in models]


def model_words(made: Sequence[LoggedModel]) -> Vocabulary:
    """Return what the filters over these models speak of."""
    params = [Param("p", value) for value in PARAM_VALUES]
    return {
        ("attribute", "name"): TEXTS,
        ("attribute", "model_id"): [one.model_id for one in made[:3]],
        ("attribute", "model_type"): TEXTS[:6],
        ("attribute", "status"): LoggedModelStatus.ALL,
        ("attribute", "source_run_id"): [one.source_run_id or "" for one in made[:3]],
        ("attribute", "creation_timestamp"): [1, 2, 1001],
        ("attribute", "last_updated_timestamp"): [1, 2, 1001],
        ("metric", "m"): METRIC_VALUES,
        ("metric", "n"): METRIC_VALUES,
        ("metric", "nobody has it"): METRIC_VALUES[:3],
        ("param", "p"): params,
        ("param", "nobody has it"): params[:3],
        ("tag", "t"): TEXTS,
        ("tag", "u.v"): TEXTS,
    }


def expected_models(
    made: Sequence[LoggedModel], tree: Node | None, order: Sequence[OrderItem]
) -> list[str]:
    """Return the ids that the reference finds; `made` in the order of making."""
    found = [one for one in reversed(made) if holds(tree, of_model(one))]
    newest = [OrderItem("attribute", "creation_timestamp", ascending=False)]
    arranged = arrange(found, order or newest, lambda one: of_model(one, latest_only=True))
    return [one.model_id for one in arranged]


def model_pages(
    store: TrackingStore,
    experiments: Sequence[str],
    text: str,
    order: Sequence[OrderItem],
    page: int,
) -> list[str]:
    """Return the ids on all pages of a search."""
    found: list[str] = []
    token = None
    while True:
        asked = [order_text(item) for item in order]
        part = store.search_logged_models(experiments, text, asked, page, token)
        assert len(part) <= page
        found += [one.model_id for one in part]
        token = part.token
        if token is None:
            return found
        assert len(part) == page
