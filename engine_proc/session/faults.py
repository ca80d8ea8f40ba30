"""Converts unexpected errors of calls about one torrent to TorrentFault, so that the engine continues.

The functions are decorators for methods of a session. Errors that are not in `FAULTS` concern the whole session, or are
defects. These errors are passed on, and end the process.
"""

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

from engine_proc.session.session_port import FAULTS, TorrentFault

MethodT = TypeVar("MethodT", bound=Callable[..., Any])


def of_torrent(method: MethodT) -> MethodT:
    """Decorates a method whose first argument is a torrent's id."""

    @functools.wraps(method)
    def faulting(self: Any, torrent: str, *args: Any, **kwargs: Any) -> Any:
        try:
            return method(self, torrent, *args, **kwargs)
        except FAULTS as error:
            raise TorrentFault(torrent, problem(method.__name__, error)) from error

    return cast(MethodT, faulting)


def of_desired(method: MethodT) -> MethodT:
    """Decorates a method whose first argument is the desired state of a torrent."""

    @functools.wraps(method)
    def faulting(self: Any, desired: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return method(self, desired, *args, **kwargs)
        except FAULTS as error:
            raise TorrentFault(desired.torrent, problem(method.__name__, error)) from error

    return cast(MethodT, faulting)


def problem(what: str, error: Exception) -> str:
    """A sentence about an error."""
    return f"{what}: {type(error).__name__}: {error}"[:1000]
