"""Every exception of fitscribe: one class, one MLflow error code, one HTTP status.

The tree::

    FitscribeError                  INTERNAL_ERROR            500
    ├── InvalidParameter            INVALID_PARAMETER_VALUE   400
    │   ├── BadFilter               INVALID_PARAMETER_VALUE   400
    │   ├── DamagedModel            INVALID_PARAMETER_VALUE   400
    │   └── UnsafePath              INVALID_PARAMETER_VALUE   400
    ├── AlreadyExists               RESOURCE_ALREADY_EXISTS   400
    ├── NotFound                    RESOURCE_DOES_NOT_EXIST   404
    ├── PermissionDenied            PERMISSION_DENIED         403
    │   └── NotTrusted              PERMISSION_DENIED         403
    ├── Conflict                    RESOURCE_CONFLICT         409
    ├── InvalidState                INVALID_STATE             500
    │   ├── StoreTooOld             INVALID_STATE             500
    │   └── StoreTooNew             INVALID_STATE             500
    ├── StoreUnavailable            TEMPORARILY_UNAVAILABLE   503
    ├── NotSupported                NOT_IMPLEMENTED           501
    └── MissingDependency           INTERNAL_ERROR            500

:class:`FitscribeWarning` is the class of what is told and stops nothing.

The message says what was given, what would do, and the next step. ``fitscribe.exceptions`` is
the public door; ``MlflowException`` there is :class:`FitscribeError`.
"""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "AlreadyExists",
    "BadFilter",
    "Conflict",
    "DamagedModel",
    "FitscribeError",
    "FitscribeWarning",
    "InvalidParameter",
    "InvalidState",
    "MissingDependency",
    "NotFound",
    "NotSupported",
    "NotTrusted",
    "PermissionDenied",
    "StoreTooNew",
    "StoreTooOld",
    "StoreUnavailable",
    "UnsafePath",
]


class FitscribeError(Exception):
    """Base of all errors; scripts written for MLflow catch it as ``MlflowException``.

    Parameters
    ----------
    message : str
        What was given, what would do, and the next step.
    """

    error_code: ClassVar[str] = "INTERNAL_ERROR"
    http_status: ClassVar[int] = 500

    def __init__(self, message: str, *details: object) -> None:
        super().__init__(message, *details)
        self.message = message

    def __str__(self) -> str:
        return self.message

    def get_http_status_code(self) -> int:
        """Return the HTTP status that a server answers with (MLflow's method name)."""
        return self.http_status


class InvalidParameter(FitscribeError, ValueError):
    """An argument has a wrong type, form or value; nothing was written."""

    error_code = "INVALID_PARAMETER_VALUE"
    http_status = 400


class BadFilter(InvalidParameter):
    """A filter or an ``order_by`` item cannot be read; `position` is where, counted from 0."""

    def __init__(self, message: str, position: int = 0) -> None:
        super().__init__(message, position)
        self.position = position


class UnsafePath(InvalidParameter):
    """An artifact path would leave its root, or cannot be a file name."""


class DamagedModel(InvalidParameter):
    """A model's files are not what was written, or hold what no model holds; nothing was run."""


class AlreadyExists(FitscribeError):
    """The name is taken by an active experiment, run or model."""

    error_code = "RESOURCE_ALREADY_EXISTS"
    http_status = 400


class NotFound(FitscribeError):
    """There is no such experiment, run, model or artifact."""

    error_code = "RESOURCE_DOES_NOT_EXIST"
    http_status = 404


class PermissionDenied(FitscribeError):
    """The caller may not do this."""

    error_code = "PERMISSION_DENIED"
    http_status = 403


class NotTrusted(PermissionDenied):
    """Loading a model would run code that nobody here has vouched for; none of it was run."""


class Conflict(FitscribeError):
    """Somebody else changed the same thing first."""

    error_code = "RESOURCE_CONFLICT"
    http_status = 409


class InvalidState(FitscribeError):
    """The operation does not fit the state that the thing is in."""

    error_code = "INVALID_STATE"
    http_status = 500


class StoreTooOld(InvalidState):
    """The database was made by an older fitscribe: ``fitscribe db upgrade`` brings it up."""


class StoreTooNew(InvalidState):
    """The database was made by a newer fitscribe than this one."""


class StoreUnavailable(FitscribeError):
    """The database or folder cannot be reached or written just now; trying again may help."""

    error_code = "TEMPORARILY_UNAVAILABLE"
    http_status = 503


class NotSupported(FitscribeError):
    """fitscribe does not do this."""

    error_code = "NOT_IMPLEMENTED"
    http_status = 501


class MissingDependency(FitscribeError, ImportError):
    """An optional package is needed; the message names the command that installs it."""


class FitscribeWarning(UserWarning):
    """Something was left out (not recorded, say); what was asked for is as it would be."""
