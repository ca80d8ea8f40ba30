"""Waits for a session's alerts by its descriptor, up to a deadline."""

import select
import time
from collections.abc import Callable
from typing import Final, TypeVar

from engine_proc.session.alerts import Alert, SessionStatistics, StatusUpdate, TorrentStatus
from engine_proc.session.session_port import LibtSession
from protocol.wire.desired import SettingValue

LOOPBACK: Final[dict[str, SettingValue]] = {
    "listen_interfaces": "127.0.0.1:0",
    "enable_dht": False,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
}
"""Settings of a session that only uses loopback."""

DEADLINE_S: Final = 10.0
"""The time limit for alerts and conditions."""

_PAUSE_S: Final = 0.02

AlertT = TypeVar("AlertT", bound=Alert)


def readable(fd: int, wait_s: float = 0.0) -> bool:
    """Whether a descriptor is readable, or becomes readable within this time."""
    return bool(select.select([fd], [], [], wait_s)[0])


def eventually(condition: Callable[[], bool], what: str, within_s: float = DEADLINE_S) -> None:
    """Polls a condition until it holds. Fails at the deadline."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {within_s} s: {what}"
        time.sleep(_PAUSE_S)


class Probe:
    """A session, and its alerts that the test has not taken yet."""

    def __init__(self, session: LibtSession) -> None:
        self.session = session
        self._waiting: list[Alert] = []
        self._rows: dict[str, TorrentStatus] = {}

    def pump(self, wait_s: float = 0.0) -> None:
        """Pops the queued alerts. If there are none, pops the alerts that arrive within this time."""
        if readable(self.session.fileno(), wait_s):
            self._waiting.extend(self.session.pop_alerts())

    def waiting(self, kind: type[AlertT], torrent: str | None = None) -> list[AlertT]:
        """The popped alerts of a type that were not taken yet, for one torrent or all."""
        return [alert for alert in self._waiting if isinstance(alert, kind) and _is_of(alert, torrent)]

    def take(self, kind: type[AlertT], torrent: str | None = None) -> AlertT:
        """Removes and returns the next alert of a type. Waits for it if necessary."""
        deadline = time.monotonic() + DEADLINE_S
        while not (found := self.waiting(kind, torrent)):
            assert time.monotonic() < deadline, f"no {kind.__name__} came; these did: {self._waiting}"
            self.pump(0.1)
        self._waiting.remove(found[0])
        return found[0]

    def discard(self) -> None:
        """Discards the alerts that were not taken."""
        self._waiting.clear()

    def settle(self) -> None:
        """Waits for three round trips. All earlier requests should be answered then."""
        for _ in range(3):
            self.session.post_statistics()
            self.take(SessionStatistics)
            self.pump(_PAUSE_S)

    def status(
        self, torrent: str, until: Callable[[TorrentStatus], bool] = lambda row: True, within_s: float = DEADLINE_S
    ) -> TorrentStatus:
        """The torrent's status once it satisfies `until`.

        libtorrent reports only changes, so the last status is the present status.
        """
        deadline = time.monotonic() + within_s
        while True:
            self.session.post_updates()
            self._rows.update((row.torrent, row) for row in self.take(StatusUpdate).rows)
            last = self._rows.get(torrent)
            if last is not None and until(last):
                return last
            assert time.monotonic() < deadline, f"the status is still {last}"
            self.pump(_PAUSE_S)


def _is_of(alert: Alert, torrent: str | None) -> bool:
    return torrent is None or getattr(alert, "torrent", None) == torrent
