"""The requests that the engine works on, by torrent. Lines about a torrent get the id of its request. Pure.

libtorrent may refuse a change long after the engine has received the command. Then the line about the refusal has no
task of a request. The book has the last request of each torrent until the engine has confirmed the change.
"""

from collections import OrderedDict
from typing import Final

from supervisor.traces.traces import Span

REQUESTS_MAX: Final = 1000
"""The maximum number of torrents in the book. The oldest torrent is dropped."""


class RequestBook:
    """The unconfirmed requests."""

    def __init__(self) -> None:
        self._requests: OrderedDict[str, str] = OrderedDict()
        self._spans: dict[str, Span] = {}

    def note(self, torrent: str, request: str, traced: Span | None = None) -> None:
        """Notes that a command about a torrent was sent to the engine for this request.

        Args:
            traced: the span of the request. It gets a child, which lasts until the engine has confirmed the change.
        """
        if self._spans:
            self._end(torrent, "superseded")
        self._requests[torrent] = request
        self._requests.move_to_end(torrent)
        if traced is not None:
            self._spans[torrent] = traced.child("engine_apply", **{"ouzel.torrent": torrent})
        if len(self._requests) > REQUESTS_MAX:
            oldest, _ = self._requests.popitem(last=False)
            self._end(oldest, "not confirmed yet")

    def confirmed(self, torrent: str) -> None:
        """Notes that the engine has confirmed the last change of a torrent."""
        self._requests.pop(torrent, None)
        if self._spans:
            self._end(torrent)

    def request_of(self, torrent: str) -> str | None:
        """Returns the id of the unconfirmed request of a torrent. None without one."""
        return self._requests.get(torrent)

    def _end(self, torrent: str, error: str | None = None) -> None:
        if (span := self._spans.pop(torrent, None)) is not None:
            span.end(error)
