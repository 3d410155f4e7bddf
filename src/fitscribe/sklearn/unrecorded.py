"""``with autolog_disabled():`` — nothing is recorded by itself, here and in what begins here."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self, TypeVar, cast

from fitscribe.sklearn.patch import is_installed
from fitscribe.tracking.active import record_nothing, scope
from fitscribe.tracking.inherit import carry_scope_into_threads
from fitscribe.tracking.stack import skipped_in_warnings
from fitscribe.tracking.tasks import carry, carry_scope_into_joblib

__all__ = ["autolog_disabled", "resume"]

F = TypeVar("F", bound=Callable[..., Any])


class autolog_disabled:  # it is called as a function
    """Record nothing by itself for a while: a context, or the decorator of a function.

    It holds in this thread or asyncio task, and in threads and joblib's workers that are started
    within; others go on. What is logged by hand (``log_metric``) is logged. Contexts can be
    nested; after the outermost all is as before.

    Examples
    --------
    >>> import fitscribe.sklearn
    >>> with fitscribe.sklearn.autolog_disabled():
    ...     pass  # fits here have no run
    >>> @fitscribe.sklearn.autolog_disabled()
    ... def quick_look(X, y):
    ...     return LogisticRegression().fit(X, y).score(X, y)
    """

    def __enter__(self) -> Self:
        """Begin."""
        if is_installed():
            carry_scope_into_threads()
            carry_scope_into_joblib()
        carry(__name__, _is_entered)
        record_nothing(1)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End; an exception passes through."""
        record_nothing(-1)

    def __call__(self, function: F) -> F:
        """Return the function, in whose calls nothing is recorded by itself."""
        if inspect.iscoroutinefunction(function):

            async def awaited(*args: Any, **kwargs: Any) -> Any:
                with self:
                    return await function(*args, **kwargs)

            return cast(F, functools.wraps(function)(skipped_in_warnings(awaited)))

        def called(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        return cast(F, functools.wraps(function)(skipped_in_warnings(called)))


def _is_entered() -> bool | None:
    return True if scope().unrecorded else None


@contextmanager
def resume(entered: bool) -> Iterator[None]:
    """Record nothing in one task of a pool."""
    del entered
    record_nothing(1)
    try:
        yield
    finally:
        record_nothing(-1)
