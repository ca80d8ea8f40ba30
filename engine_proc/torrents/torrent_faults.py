"""What fails about one torrent is that torrent's error, and is told; the others go on."""

import functools
from collections.abc import Callable
from typing import Any, Protocol, TypeVar, cast

from engine_proc.session.session_port import NotSelected, TorrentFault, UnknownTorrent

MethodT = TypeVar("MethodT", bound=Callable[..., Any])


class TakesFaults(Protocol):
    """Who asks things of the session."""

    def faulted(self, torrent: str, problem: str) -> None:
        """A call about a torrent failed."""
        ...

    def await_rules(self, torrent: str) -> None:
        """It takes a while to find out which files of a torrent are wanted."""
        ...


def faults_are_the_torrents(method: MethodT) -> MethodT:
    """For a method that asks something of the session: it returns None where that fails."""

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
