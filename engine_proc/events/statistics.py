"""Computes the rates of the session from libtorrent's totals. Pure."""

from collections.abc import Callable
from typing import Final

from engine_proc.session.alerts import Listening, SessionStatistics
from protocol.internal.link_events import SessionStats

SAMPLE_S: Final = 1.0
"""The time between two samples. libtorrent is asked more often, as a liveness check."""


class Statistics:
    """Computes totals and rates of one session. Times are monotonic seconds that the caller passes."""

    def __init__(self) -> None:
        self._last: tuple[float, SessionStatistics] | None = None
        self._listeners: dict[str, int] = {}

    def listening(self, alert: Listening) -> None:
        """Stores a listening port of the session."""
        self._listeners = {**self._listeners, alert.where: alert.port}

    def sample(self, alert: SessionStatistics, now: float, listen_port: Callable[[], int]) -> SessionStats | None:
        """The totals, and the rates since the last sample; None if less than `SAMPLE_S` has passed."""
        if self._last is not None and now - self._last[0] < SAMPLE_S:
            return None
        at, before = self._last or (now, alert)
        seconds = max(now - at, 1e-3)
        self._last = (now, alert)
        return SessionStats(
            download_bps=int((alert.downloaded - before.downloaded) / seconds),
            upload_bps=int((alert.uploaded - before.uploaded) / seconds),
            downloaded=alert.downloaded,
            uploaded=alert.uploaded,
            peers=alert.peers,
            listen_port=listen_port(),
            listeners=self._listeners,
        )
