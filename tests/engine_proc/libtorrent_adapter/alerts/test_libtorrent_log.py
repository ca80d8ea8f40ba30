from typing import Any

import libtorrent
import pytest

from engine_proc.libtorrent_adapter.alerts import libtorrent_log
from engine_proc.libtorrent_adapter.alerts.libtorrent_alerts import ALERT_MASK
from engine_proc.libtorrent_adapter.alerts.libtorrent_log import LINES_PER_S, LOG_MASK, NativeLog
from engine_proc.libtorrent_adapter.libtorrent_session import LibtorrentSession
from tools.rig.probe import LOOPBACK
from tools.rig.waiting import until

lt: Any = libtorrent

pytestmark = pytest.mark.slow


def test_a_session_reports_messages_only_on_request() -> None:
    """The mask of alerts is as before once nobody wants messages."""
    session = LibtorrentSession(LOOPBACK, download_bps=0, upload_bps=0, torrents=0)
    for wanted, mask in ((True, ALERT_MASK | LOG_MASK), (False, ALERT_MASK)):
        session.log_messages(wanted)
        assert session._session.get_settings()["alert_mask"] == mask
    session.close()


def test_messages_are_logged_up_to_a_rate_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other alerts are passed on. While the log is off, all are."""
    lines: list[dict[str, Any]] = []
    monkeypatch.setattr(libtorrent_log, "log", lambda level, event, **fields: lines.append(fields))
    session = lt.session({**LOOPBACK, "alert_mask": LOG_MASK | int(lt.alert.category_t.status_notification)})
    found: list[Any] = []

    def popped() -> bool:
        found.extend(session.pop_alerts())
        return any(type(each) is lt.log_alert for each in found)

    until(popped, "the session has a message")
    message = next(each for each in found if type(each) is lt.log_alert)
    other = object()
    now = [10.0]
    native = NativeLog({}, clock=lambda: now[0])
    assert list(native.without_log([message, other])) == [message, other]
    native.on = True
    assert list(native.without_log([other, *[message] * (LINES_PER_S + 5)])) == [other]
    assert len(lines) == LINES_PER_S
    assert lines[0] == {"source": "libtorrent", "message": message.log_message()[:500]}
    now[0] = 11.0
    native.without_log([message])
    assert lines[-1]["left_out"] == 5
