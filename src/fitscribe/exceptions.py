"""The public door of the errors; ``MlflowException`` is the base of all of them."""

from fitscribe.errors import (
    AlreadyExists,
    BadFilter,
    Conflict,
    DamagedModel,
    FitscribeError,
    InvalidParameter,
    InvalidState,
    MissingDependency,
    NotFound,
    NotSupported,
    NotTrusted,
    PermissionDenied,
    StoreTooNew,
    StoreTooOld,
    StoreUnavailable,
    UnsafePath,
)
from fitscribe.errors import FitscribeError as MlflowException
from fitscribe.errors import FitscribeError as RestException

__all__ = [
    "AlreadyExists",
    "BadFilter",
    "Conflict",
    "DamagedModel",
    "FitscribeError",
    "InvalidParameter",
    "InvalidState",
    "MissingDependency",
    "MlflowException",
    "NotFound",
    "NotSupported",
    "NotTrusted",
    "PermissionDenied",
    "RestException",
    "StoreTooNew",
    "StoreTooOld",
    "StoreUnavailable",
    "UnsafePath",
]
