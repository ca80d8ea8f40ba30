"""Records the calls of a session in the flight recorder, before and after each.

Decorators for methods of an object that has a `recorder`, under the methods' own names.
"""

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

MethodT = TypeVar("MethodT", bound=Callable[..., Any])


def of_session(method: MethodT) -> MethodT:
    """For a call that is about no torrent."""
    what = method.__name__.encode()

    @functools.wraps(method)
    def recorded(self: Any, *args: Any, **kwargs: Any) -> Any:
        outer = self.recorder.begin(what)
        try:
            return method(self, *args, **kwargs)
        finally:
            self.recorder.end(outer)

    return cast(MethodT, recorded)


def of_torrent(method: MethodT) -> MethodT:
    """For a call whose first argument is a torrent's id."""
    what = method.__name__.encode()

    @functools.wraps(method)
    def recorded(self: Any, torrent: str, *args: Any, **kwargs: Any) -> Any:
        outer = self.recorder.begin(what, torrent)
        try:
            return method(self, torrent, *args, **kwargs)
        finally:
            self.recorder.end(outer)

    return cast(MethodT, recorded)


def of_desired(method: MethodT) -> MethodT:
    """For a call whose first argument is the desired state of a torrent."""
    what = method.__name__.encode()

    @functools.wraps(method)
    def recorded(self: Any, desired: Any, *args: Any, **kwargs: Any) -> Any:
        outer = self.recorder.begin(what, desired.torrent)
        try:
            return method(self, desired, *args, **kwargs)
        finally:
            self.recorder.end(outer)

    return cast(MethodT, recorded)
