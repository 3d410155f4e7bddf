"""The corpus is well formed, and facts are told apart that hold from those that do not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from facts import KINDS, Records, facts_of, judge
from score import in_a_process

import fitscribe

FULL = os.environ.get("FITSCRIBE_SOAK") == "1"
PATHS = sorted((Path(__file__).parent / "snippets").glob("*.py"))


def test_there_are_enough() -> None:
    assert len(PATHS) >= 150
    assert len([path for path in PATHS if path.stem.startswith("notebook_")]) >= 50


def test_every_snippet_has_facts_that_can_be_read() -> None:
    kinds = {fact.kind for path in PATHS for fact in facts_of(path)}
    assert kinds == set(KINDS)


@pytest.mark.parametrize(
    "text",
    ["'''Nothing.'''", "'''Odd.\n\nfacts:\n  metrics A b\n'''", "'''Few.\n\nfacts:\n  run\n'''"],
)
def test_what_is_no_fact_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "odd.py"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"odd\.py"):
        facts_of(path)


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("told", "holds"),
    [
        ("runs 1", True),
        ("runs 2", False),
        ("run Ridge x1", True),
        ("run Ridge x2", False),
        ("no run Ridge", False),
        ("no run Lasso", True),
        ("status Ridge FAILED", False),
        ("param Ridge alpha = 1 / 2", True),
        ("param Ridge alpha = 2", False),
        ("metric Ridge r2_* = half", True),
        ("metric Ridge r2_* = half + 1e-6", False),
        ("no metric Ridge r2_*", False),
        ("no metric Ridge mae_*", True),
        ("history Ridge loss 2 = [2, 1]", True),
        ("history Ridge loss 2 = [2, 2]", False),
        ("children Ridge 1", True),
        ("child Ridge score = half", True),
        ("child Ridge score = 1", False),
        ("tag Ridge team", True),
        ("artifact Ridge plots/*.txt", True),
        ("artifact Ridge plots/*.png", False),
        ("finding Ridge LEAK", True),
        ("no finding Ridge overlap", True),
        ("unattributed f1* = half", True),
        ("unattributed f1* = 1", False),
        ("dataset Ridge X train", False),
    ],
)
def test_facts_are_judged(tmp_path: Path, told: str, holds: bool) -> None:
    with fitscribe.start_run():
        fitscribe.set_tags({"estimator_name": "Ridge", "team": "blue"})
        fitscribe.log_params({"alpha": 0.5})
        fitscribe.log_metrics({"r2_X_test": 0.5, "loss": 2.0}, step=0)
        fitscribe.log_metric("loss", 1.0, step=1)
        fitscribe.log_text("here", "plots/a.txt")
        findings = {"format": 1, "findings": [{"text": "a leak of 3 rows"}]}
        fitscribe.log_dict(findings, "findings.json")
        unattributed = {"f1_score": {"value": 0.5, "candidates": ["a", "b"]}}
        fitscribe.log_dict(unattributed, "unattributed_metrics.json")
        with fitscribe.start_run(nested=True):
            fitscribe.log_metric("score", 0.5)
    path = tmp_path / "one.py"
    path.write_text(f'"""One.\n\nfacts:\n  {told}\n"""\n')
    (fact,) = facts_of(path)
    assert str(fact) == told
    assert judge(fact, Records(fitscribe), {"half": 0.5}) is holds


@pytest.mark.soak
@pytest.mark.parametrize("path", PATHS if FULL else PATHS[7::24], ids=lambda path: path.stem)
def test_what_a_person_expects_is_recorded(path: Path) -> None:
    missing = {fact for fact, holds in in_a_process(path, "fitscribe").items() if not holds}
    assert missing == set()
