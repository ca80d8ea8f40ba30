"""`python -m tools.engines.restless_engine`: the real engine. Each of its torrents changes ten times a second.

libtorrent reports a change of a torrent once a second, and when a piece is complete. So a thousand downloading torrents
give a thousand rows a second. This engine returns a row for each torrent at every request for updates. It copies
libtorrent's last native status again, and only increments the downloaded bytes. All other code is the real engine's.
"""

from collections.abc import Mapping
from typing import Any, Final

import libtorrent
import msgspec

from engine_proc.__main__ import main
from engine_proc.libtorrent_adapter import libtorrent_session
from engine_proc.libtorrent_adapter.alerts import libtorrent_alerts
from engine_proc.libtorrent_adapter.alerts.libtorrent_alerts import AlertCopier
from engine_proc.libtorrent_adapter.alerts.libtorrent_status import copy_status
from engine_proc.libtorrent_adapter.libtorrent_session import LibtorrentSession
from engine_proc.session.alerts import Alert, NativeState, StatusUpdate

lt: Any = libtorrent

REAL_EVERY: Final = 10
"""The engine passes one in this number of requests for updates to libtorrent."""

_natives: dict[str, Any] = {}
"""The last native status of each downloading torrent. It is copied, so it stays valid."""


def _keep(copier: AlertCopier, native: Any) -> Alert:
    update = libtorrent_alerts.AlertCopier._copy_status_update(copier, native)
    assert isinstance(update, StatusUpdate)
    told = {status.handle: status for status in native.status}
    for row in update.rows:
        if row.state is NativeState.DOWNLOADING:
            _natives[row.torrent] = told[copier.handles.by_torrent[row.torrent]]
    return update


class RestlessSession(LibtorrentSession):
    """A session with torrents that change at every request for updates."""

    _asked = 0

    def post_updates(self) -> None:
        """Requests updates from libtorrent now and then. At other times reports one more byte for each torrent."""
        self._asked += 1
        if self._asked % REAL_EVERY == 0 or not _natives:
            super().post_updates()
            return
        rows = [copy_status(torrent, native) for torrent, native in _natives.items()]
        for row in rows:
            msgspec.structs.force_setattr(row, "downloaded", row.downloaded + self._asked)
        self._inbox.put(StatusUpdate(rows))


if __name__ == "__main__":
    copiers: Mapping[type, Any] = libtorrent_alerts._COPIERS
    vars(libtorrent_alerts)["_COPIERS"] = {**copiers, lt.state_update_alert: _keep}
    vars(libtorrent_session)["LibtorrentSession"] = RestlessSession
    main()
