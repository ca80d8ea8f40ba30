"""Logs libtorrent's own messages about the session and about torrents, if a client has asked for them.

libtorrent may have thousands of messages a second. So the number of lines is limited, and further messages are counted.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import libtorrent

from engine_proc.process.log import log

lt: Any = libtorrent
"""Untyped: the binding's type stubs lack the attributes of alerts."""

LOG_MASK: Final = int(lt.alert.category_t.session_log_notification | lt.alert.category_t.torrent_log_notification)
LINES_PER_S: Final = 100
MESSAGE_MAX: Final = 500

_KINDS: Final = (lt.log_alert, lt.torrent_log_alert)


class NativeLog:
    """Logs libtorrent's own messages at a limited rate.

    Args:
        torrents: the id of each torrent, by its handle.
        clock: returns monotonic seconds.

    Fields:
        on: whether libtorrent's messages are logged.
    """

    def __init__(
        self,
        torrents: Mapping[Any, str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._torrents = torrents
        self._clock = clock
        self.on = False
        self._second = 0
        self._lines = 0
        self._left_out = 0

    def without_log(self, alerts: Iterable[Any]) -> Iterable[Any]:
        """Logs libtorrent's messages among some alerts. Returns the other alerts."""
        return [each for each in alerts if not self._logged(each)] if self.on else alerts

    def _logged(self, native: Any) -> bool:
        if not isinstance(native, _KINDS):
            return False
        second = int(self._clock())
        if second != self._second:
            self._second, self._lines = second, 0
        self._lines += 1
        if self._lines > LINES_PER_S:
            self._left_out += 1
            return True
        fields: dict[str, object] = {}
        if isinstance(native, lt.torrent_log_alert) and (torrent := self._torrents.get(native.handle)):
            fields["torrent"] = torrent
        if self._left_out:
            fields["left_out"], self._left_out = self._left_out, 0
        log("debug", "libtorrent_log", source="libtorrent", message=str(native.log_message())[:MESSAGE_MAX], **fields)
        return True
