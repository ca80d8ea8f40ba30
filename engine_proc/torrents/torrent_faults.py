"""Turns an unexpected error about one torrent into that torrent's error. Other torrents continue."""

import functools
from collections.abc import Callable
from typing import Any, Protocol, TypeVar, cast

from engine_proc.session.session_port import NotSelected, TorrentFault, UnknownTorrent

MethodT = TypeVar("MethodT", bound=Callable[..., Any])


class TakesFaults(Protocol):
    """A class whose methods call the session."""

    def faulted(self, torrent: str, problem: str) -> None:
        """Handles an unexpected error of a call about a torrent."""
        ...

    def await_rules(self, torrent: str) -> None:
        """Suspends work on a torrent until its selection is evaluated."""
        ...


def faults_are_the_torrents(method: MethodT) -> MethodT:
    """Decorates a method that calls the session. If a call of the session fails, the method returns None."""

    @functools.wraps(method)
    def told(self: TakesFaults, *args: Any, **kwargs: Any) -> Any:
        try:
            return method(self, *args, **kwargs)
        except TorrentFault as fault:
            self.faulted(fault.torrent, fault.problem)
        except UnknownTorrent as unknown:
            self.faulted(unknown.torrent, f"{method.__name__}: the session has lost it")
        except NotSelected as waits:
            self.await_rules(waits.torrent)

    return cast(MethodT, told)
