"""Every setting that comes from outside: the environment, the user's own file, the project's.

No other module reads ``os.environ``.
"""

from __future__ import annotations

from collections.abc import Iterator

from fitscribe.config.autolog import AUTOLOG, TABLE, chosen
from fitscribe.config.autolog import refusal as _refusal_of_option
from fitscribe.config.environment import inherited_by_python, read
from fitscribe.config.files import (
    SettingsFile,
    cache_path,
    look_again,
    project_file,
    user_file,
    user_path,
)
from fitscribe.config.setting import (
    ACTIVE_MODEL_ID,
    ARTIFACT_ROOT,
    EXPERIMENT_ID,
    EXPERIMENT_NAME,
    NO_COLOR,
    RUN_ID,
    TRACKING,
    TRACKING_URI,
    TRUSTED,
    Setting,
)
from fitscribe.errors import InvalidParameter

__all__ = [
    "ACTIVE_MODEL_ID",
    "ARTIFACT_ROOT",
    "EXPERIMENT_ID",
    "EXPERIMENT_NAME",
    "NO_COLOR",
    "RUN_ID",
    "SETTINGS",
    "TRACKING_URI",
    "TRUSTED",
    "Setting",
    "cache_path",
    "chosen",
    "in_force",
    "inherited_by_python",
    "look_again",
    "present",
    "refused",
    "refused_untold",
    "user_path",
]

SETTINGS = (*TRACKING, *AUTOLOG)
_told: set[str] = set()
_KEYS = {setting.key: setting for setting in TRACKING if setting.key is not None}


def present() -> dict[str, str]:
    """Return the variables that are set and count, by name: ours, and MLflow's read for them."""
    names = [name for one in SETTINGS for name in (one.name, one.alias) if name is not None]
    return {name: value for name in names if (value := read(name)) is not None}


def in_force() -> Iterator[tuple[str, str, str]]:
    """Yield key, value and source of each setting that a file may have, without any call."""
    for key, setting in _KEYS.items():
        found = setting.find()
        if found is not None:
            yield key, *found
    for name, option in chosen({}).items():
        yield TABLE + name, str(option.value), option.source


def refused() -> list[str]:
    """Return what files say in vain, a sentence each.

    Raises
    ------
    InvalidParameter
        If the user's own file has a key that there is not.
    """
    user, project = user_file(), project_file()
    for key in () if user is None else user.values:
        assert user is not None
        if _refusal(user, key) is not None:
            raise InvalidParameter(
                f"{user.named(key)}: there is no such setting. Correct or remove it."
            )
    if project is None:
        return []
    if project.problem:
        return [f"{project.path} is left out, for it cannot be read: {project.problem}."]
    told = ((project.named(key), _refusal(project, key)) for key in project.values)
    return [f"{named} is left out: {why}." for named, why in told if why is not None]


def refused_untold() -> list[str]:
    """Return what files say in vain, each sentence once a process."""
    new = [sentence for sentence in refused() if sentence not in _told]
    _told.update(new)
    return new


def _refusal(file: SettingsFile, key: str) -> str | None:
    if key.startswith(TABLE):
        return _refusal_of_option(file, key)
    setting = _KEYS.get(key)
    return "there is no such setting" if setting is None else setting.refusal(file)
