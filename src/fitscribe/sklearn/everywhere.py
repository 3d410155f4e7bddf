"""``fitscribe.autolog(...)``, for what is written to call ``mlflow.autolog()``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from fitscribe.sklearn.asked import declares
from fitscribe.sklearn.switch import switch

__all__ = ["autolog"]

# Parameters of MLflow's that mean nothing here.
NOT_OURS = ("log_traces", "exclude_flavors")


def _switch(given: Mapping[str, Any]) -> None:
    if "sklearn" not in (given.get("exclude_flavors") or ()):
        switch({key: value for key, value in given.items() if key not in NOT_OURS})


@declares(_switch)
def autolog(
    log_input_examples: bool = False,
    log_model_signatures: bool = True,
    log_models: bool = True,
    log_datasets: bool = True,
    log_traces: bool = True,
    disable: bool = False,
    exclusive: bool = False,
    disable_for_unsupported_versions: bool = False,
    silent: bool = False,
    extra_tags: Mapping[str, Any] | None = None,
    exclude_flavors: Sequence[str] | None = None,
    *,
    log: Literal["light", "standard", "full"] | None = None,
) -> None:
    """Record every fit from now on: ``fitscribe.autolog()``, MLflow's ``mlflow.autolog()``.

    Parameters are those of :func:`fitscribe.sklearn.autolog`, in MLflow's order, and `log`. The
    last call of either function counts. `log_traces` is accepted and means nothing here; with
    ``"sklearn"`` among `exclude_flavors` nothing changes.
    """
