"""Records calls of a session in the flight recorder: their beginning and their end.

The functions are decorators for methods of an object that has a `recorder`. A record has the name of the method.
"""

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

MethodT = TypeVar("MethodT", bound=Callable[..., Any])


def of_session(method: MethodT) -> MethodT:
    """Decorates a method that does not concern a single torrent."""
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
    """Decorates a method whose first argument is a torrent's id."""
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
    """Decorates a method whose first argument is the desired state of a torrent."""
    what = method.__name__.encode()

    @functools.wraps(method)
    def recorded(self: Any, desired: Any, *args: Any, **kwargs: Any) -> Any:
        outer = self.recorder.begin(what, desired.torrent)
        try:
            return method(self, desired, *args, **kwargs)
        finally:
            self.recorder.end(outer)

    return cast(MethodT, recorded)
