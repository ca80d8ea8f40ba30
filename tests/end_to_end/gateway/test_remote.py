"""A gateway whose daemon is on tcp, with a key that may only read."""

import http.client
import shutil
import tempfile
from pathlib import Path
from urllib.parse import urlencode

import pytest

from protocol.wire.key_file import Role
from tools.rig.daemon import Daemon
from tools.rig.gateway import PASSWORD, USERNAME, GatewayProcess
from tools.rig.keyring import Keyring, endpoint
from tools.rig.waiting import until

pytestmark = pytest.mark.process
TORRENT = "a" * 40
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def test_reads_are_answered_and_changes_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """OUZEL_SERVER names the daemon. The sockets of this machine are not used then."""
    root = Path(tempfile.mkdtemp(prefix="ouzel-"))
    keys = Keyring(root)
    monkeypatch.setenv("OUZEL_KEY", str(keys.new("reader", Role.READ)))
    monkeypatch.setenv("OUZEL_SERVER_KEY", str(keys.server.public_file))
    (root / "d").mkdir()
    with Daemon(root / "d", api=keys.api) as daemon:
        daemon.client.add_torrent(magnet=f"magnet:?xt=urn:btih:{TORRENT}")
        monkeypatch.setenv("OUZEL_SERVER", endpoint(daemon, "tcp_commands"))
        monkeypatch.setenv("OUZEL_SERVER_EVENTS", endpoint(daemon, "tcp_events"))
        with GatewayProcess(root / "d") as gateway:
            connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=30)
            cookie: dict[str, str] = {}

            def post(path: str, **form: str) -> tuple[int, str]:
                connection.request("POST", f"/api/v2/{path}", urlencode(form), {**FORM, **cookie})
                answer = connection.getresponse()
                if "Set-Cookie" in answer.headers:
                    cookie["Cookie"] = answer.headers["Set-Cookie"].split(";")[0]
                return answer.status, answer.read().decode()

            assert post("auth/login", username=USERNAME, password=PASSWORD) == (200, "Ok.")
            until(lambda: TORRENT in post("torrents/info")[1], "the torrent is listed")
            for path, form in (
                ("torrents/stop", {"hashes": TORRENT}),
                ("torrents/addTrackers", {"hash": TORRENT, "urls": "http://t.test/announce"}),
                ("transfer/setDownloadLimit", {"limit": "1000"}),
                ("torrents/createCategory", {"category": "tv"}),
            ):
                status, text = post(path, **form)
                assert (path, status) == (path, 409)
                assert 'the role "read"' in text or path == "torrents/createCategory"
            connection.close()
    shutil.rmtree(root)
