"""What is installed so that fitscribe can ask a model in the environment that it asks for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from importlib import metadata

from packaging.markers import Marker
from packaging.requirements import Requirement as Parsed
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from fitscribe.errors import MissingDependency, NotSupported, NotTrusted
from fitscribe.modelfolder.model_environment import ModelEnvironment, environment_of
from fitscribe.modelfolder.read import TRUST_CODE, OpenFolder
from fitscribe.modelfolder.requirements import SERVING, Requirement, parse_requirement
from fitscribe.modelfolder.trust.names import distributions

__all__ = ["scoring_environment"]

OURS = "fitscribe"
# Files are read by Arrow; a model that was fitted on a frame is asked with one.
EXTRAS = ("arrow", "pandas")
# What folders of MLflow's name besides, though no list is of it.
_USUAL = ("mlflow", "mlflow-skinny", "pandas", "polars", "psutil")
# From version 26 on pyarrow runs with these alone, and does not tell an index
# (apache/arrow, pull request 50769).
_ARROW_26 = {"numpy": "2.0", "pandas": "2.2.2"}


def scoring_environment(opened: OpenFolder, trust: str | None) -> ModelEnvironment:
    """Return the environment of a model, with what fitscribe itself needs there.

    fitscribe is not among it: the code that runs here is run there too, whether it was installed
    from an index, a wheel or a source tree, so that both sides are the same version, and no index
    needs to have it. What it depends on is installed, as its own metadata say.

    Parameters
    ----------
    opened : OpenFolder
    trust : {"code"} or None
        As for :func:`~fitscribe.modelfolder.read.load`.

    Raises
    ------
    NotFound, InvalidParameter
        As :func:`~fitscribe.modelfolder.model_environment.environment_of`.
    NotTrusted
        If the folder is somebody else's and names packages that the loader knows nothing of.
    NotSupported
        If fitscribe does not run with the Python or the versions that it asks for.
    """
    asked = environment_of(opened)
    is_estimator = "sklearn" in opened.model.flavors
    wanted = tuple(one for one in asked.requirements if not _is_idle(one, is_estimator))
    ours = tuple(_own_requirements("skops" if _is_skops(opened) else None))
    if not opened.may_run_code(trust):
        _check_known(wanted, ours)
    _check_python(asked.python)
    _check_versions(wanted, ours)
    limits = _limits_of_arrow((*wanted, *asked.constraints))
    return replace(asked, requirements=wanted + ours + limits)


def _is_idle(one: Requirement, is_estimator: bool) -> bool:
    """Whether a line is there for others alone: MLflow's brings some 60 packages along."""
    return one.project == OURS or (one.project in SERVING and is_estimator)


def _is_skops(opened: OpenFolder) -> bool:
    return opened.model.flavors.get("sklearn", {}).get("serialization_format") == "skops"


def _own_requirements(extra: str | None) -> Iterator[Requirement]:
    """Yield what fitscribe needs to score files, by the metadata that it was installed with."""
    extras = (*EXTRAS, extra) if extra else EXTRAS
    try:
        lines = metadata.requires(OURS) or []
        known = metadata.metadata(OURS).get_all("Provides-Extra") or []
    except metadata.PackageNotFoundError:
        lines, known = [], []
    if not {*extras} <= {*known}:  # a source tree that was never installed, or long ago
        raise MissingDependency(
            "What fitscribe needs in another environment is told by its metadata, which are not "
            "those of this version: install it anew (of a source tree: pip install -e .)."
        )
    for line in lines:
        one = Parsed(line)
        marker = "" if one.marker is None else str(one.marker)
        if "extra" not in marker:
            yield parse_requirement(line)
        elif any(Marker(marker).evaluate({"extra": name}) for name in extras):
            one.marker = None
            yield parse_requirement(str(one))


def _limits_of_arrow(asked: tuple[Requirement, ...]) -> tuple[Requirement, ...]:
    """Return the versions of pyarrow that run with what is asked for, where it does not say so."""
    for one in asked:
        floor = _ARROW_26.get(one.project)
        if floor is not None and not _admits(SpecifierSet(one.wanted), floor):
            return (parse_requirement("pyarrow<26"),)
    return ()


def _admits(wanted: SpecifierSet, floor: str) -> bool:
    """Whether versions of a floor or above may be among those that are asked for."""
    exact = [one.version for one in wanted if one.operator in ("==", "===")]
    if exact:
        return all(Version(one.removesuffix(".*")) >= Version(floor) for one in exact)
    return wanted.contains(floor) or wanted.contains("9999")


def _check_known(wanted: tuple[Requirement, ...], ours: tuple[Requirement, ...]) -> None:
    """Refuse packages of a stranger's choice: to install one runs code of whoever wrote it."""
    known = {*distributions(), *_USUAL, *(one.project for one in ours)}
    unknown = sorted({one.project for one in wanted} - known)
    if unknown:
        shown = f"{', '.join(unknown[:20])}{' …' if len(unknown) > 20 else ''}"
        raise NotTrusted(
            "The model is somebody else's, and its requirements.txt names packages of which the "
            f"loader's lists say nothing: {shown}. To install a package runs code of its author, "
            "so nothing was installed. If you know them, make the environment yourself (fitscribe "
            "models env MODEL --create DIR) and ask the model there, or say that its code may run "
            f'(trust="{TRUST_CODE}", --trust {TRUST_CODE}).'
        )


def _check_python(version: str | None) -> None:
    floor = metadata.metadata(OURS)["Requires-Python"]
    if version is not None and not SpecifierSet(floor).contains(version, prereleases=True):
        raise NotSupported(
            f"The model was written by Python {version}; fitscribe runs on {floor}. Ask it in "
            'this process (env="local", --env local), which may work.'
        )


def _check_versions(wanted: tuple[Requirement, ...], ours: tuple[Requirement, ...]) -> None:
    """Refuse exact versions that fitscribe does not run with, before an index is asked."""
    floors = {one.project: one for one in ours}
    for one in wanted:
        floor = floors.get(one.project)
        for specifier in SpecifierSet(one.wanted) if floor is not None else ():
            exact = specifier.operator in ("==", "===") and "*" not in specifier.version
            if floor is not None and exact and not floor.is_met_by(specifier.version):
                raise NotSupported(
                    f"The model asks for {one}, and fitscribe runs with {floor}. Ask the model in "
                    'this process (env="local", --env local), or with what wrote it in an '
                    "environment of its own (fitscribe models env MODEL --create DIR)."
                )
