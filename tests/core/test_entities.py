"""Entities: what they say of themselves."""

from __future__ import annotations

import pytest

from fitscribe.core.entities import (
    Dataset,
    DatasetInput,
    InputTag,
    LoggedModel,
    PagedList,
    RunInfo,
)
from fitscribe.core.states import RunStatus

INT64 = 2**63
HUGE = 10**5000  # more digits than Python writes


@pytest.mark.parametrize("status", RunStatus.ALL)
def test_a_run_has_ended_or_not(status: str) -> None:
    assert RunStatus.is_terminated(status) == (status in ("FINISHED", "FAILED", "KILLED"))


def test_the_context_of_a_dataset_is_a_tag() -> None:
    dataset = Dataset("iris", "1f", "code", "{}")
    assert DatasetInput(dataset).context is None
    tags = (InputTag("a", "b"), InputTag("mlflow.data.context", "train"))
    assert DatasetInput(dataset, tags).context == "train"


def test_old_names_are_kept() -> None:
    info = RunInfo("r1", "0", "me", "RUNNING", 1, None, "active", "file:///x", "forest")
    assert info.run_uuid == "r1"
    model = LoggedModel("0", "m-1", "model", "file:///x", 1, 1)
    assert model.model_uri == "models:/m-1"


def test_a_page_is_a_list_with_a_token() -> None:
    page = PagedList([1, 2], token="next")
    assert page == [1, 2]
    assert page.token == "next"
    assert type(page.to_list()) is list
    assert PagedList(iter("ab")) == ["a", "b"]
    assert PagedList().token is None
