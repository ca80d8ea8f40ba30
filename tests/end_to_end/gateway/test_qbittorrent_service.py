"""qBittorrent's `app`, `transfer`, `log` and `torrentcreator` of a real gateway, and what they change in the daemon."""

import http.client
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest

from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.gateway import PASSWORD, USERNAME, GatewayProcess
from tools.rig.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.shared]


class Api:
    """A session of the API."""

    def __init__(self, gateway: GatewayProcess) -> None:
        self._gateway = gateway
        self._cookie = ""
        self.name: str | None = None
        """The name of the next requests in the log."""
        self.ask("auth/login", username=USERNAME, password=PASSWORD)

    def ask(self, path: str, /, **form: str) -> tuple[int, str]:
        """The status and the body of a response. A request with a form is a POST."""
        connection = http.client.HTTPConnection("127.0.0.1", self._gateway.port, timeout=30)
        headers = {"Cookie": self._cookie, "Content-Type": "application/x-www-form-urlencoded"}
        headers |= {} if self.name is None else {"X-Request-ID": self.name}
        connection.request("POST" if form else "GET", f"/api/v2/{path}", urlencode(form) if form else None, headers)
        answer = connection.getresponse()
        self._cookie = answer.headers.get("Set-Cookie", self._cookie).partition(";")[0]
        body = answer.read().decode(errors="replace")
        connection.close()
        return answer.status, body

    def get(self, path: str, /, **form: str) -> Any:
        """The JSON in the body of a successful response."""
        status, body = self.ask(path, **form)
        assert status == 200, body
        return msgspec.json.decode(body)

    def do(self, path: str, /, **form: str) -> None:
        """A mutation that succeeds."""
        assert self.ask(path, **(form or {"x": ""})) == (200, "")

    def prefer(self, **values: Any) -> tuple[int, str]:
        """Sets preferences."""
        return self.ask("app/setPreferences", json=msgspec.json.encode(values).decode())


@pytest.fixture(scope="module")
def daemon() -> Iterator[Daemon]:
    """A daemon with a torrent."""
    path = Path(tempfile.mkdtemp(prefix="ouzel-"))
    with Daemon(path) as running:
        made = payload.make(running.downloads, "film", {"film.mkv": 40_000})
        running.client.add_torrent(metainfo=made.metainfo, save_path=str(running.downloads))
        yield running
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def api(daemon: Daemon) -> Iterator[Api]:
    """A session of a gateway before that daemon."""
    with GatewayProcess(daemon.root) as gateway:
        session = Api(gateway)
        until(lambda: session.ask("transfer/info")[0] == 200, "the gateway knows the daemon's state")
        yield session


def test_preferences_change_the_daemon(daemon: Daemon, api: Api) -> None:
    """Settings, limits, goals, bans and the queue are where the daemon has them."""
    before = api.get("app/preferences")
    wanted = {
        "dht": not before["dht"],
        "max_connec": 321,
        "up_limit": 54321,
        "max_ratio_enabled": True,
        "max_ratio": 1.5,
        "max_seeding_time_enabled": True,
        "max_seeding_time": 90,
        "max_ratio_act": 1,
        "banned_IPs": "192.0.2.1\n192.0.2.2",
        "queueing_enabled": True,
        "max_active_downloads": 3,
        "add_stopped_enabled": True,
        "locale": "de",
    }
    assert api.prefer(**wanted) == (200, "")
    found = api.get("app/preferences")
    assert {key: found[key] for key in wanted} == wanted
    [shown] = api.get("torrents/info")
    assert (shown["max_ratio"], shown["max_seeding_time"]) == (1.5, 90)
    client = daemon.client
    settings = client.get_settings()
    assert (settings["connections_limit"].value, settings["active_downloads"].value) == (321, 3)
    goals = client.get_goals()
    assert (goals.ratio.value, goals.seeding_time_s.value, goals.action.value) == (1.5, 5400, "remove")
    assert sorted(client.list_bans()) == ["192.0.2.1", "192.0.2.2"]
    [torrent] = client.list_torrents()
    assert client.get_torrent(torrent.torrent).options.auto_managed
    assert api.get("transfer/info")["up_rate_limit"] == 54321
    assert api.prefer(**before) == (200, "")
    assert api.get("app/preferences") == before
    assert not client.get_torrent(torrent.torrent).options.auto_managed
    assert client.list_bans() == []


@pytest.mark.parametrize(
    ("values", "named"),
    [({"dht": "maybe"}, "dht"), ({"file_pool_size": -1}, "file_pool_size"), ({"save_path": "/elsewhere"}, "save_path")],
)
def test_a_wrong_preference_changes_nothing(api: Api, values: dict[str, Any], named: str) -> None:
    """The refusal names the preference, and the others of the request are not set."""
    before = api.get("app/preferences")
    status, body = api.prefer(locale="fr", **values)
    assert (status, named in body) == (400, True)
    assert api.get("app/preferences") == before


def test_limits_and_the_alternative_ones(daemon: Daemon, api: Api) -> None:
    """The limit in force is read and set. Without alternative limits, the first switch gives qBittorrent's."""
    api.do("transfer/setDownloadLimit", limit="200000")
    assert api.ask("transfer/downloadLimit") == (200, "200000")
    api.do("transfer/toggleSpeedLimitsMode")
    assert api.ask("transfer/speedLimitsMode") == (200, "1")
    assert api.ask("transfer/downloadLimit") == (200, "10240")
    until(lambda: daemon.client.stats().session.alternative_limits, "the session has the alternative limits")
    api.do("transfer/setUploadLimit", limit="7000")
    api.do("transfer/setSpeedLimitsMode", mode="0")
    assert api.ask("transfer/downloadLimit") == (200, "200000")
    assert api.get("app/preferences")["alt_up_limit"] == 7000
    assert api.ask("transfer/setSpeedLimitsMode", mode="x")[0] == 400
    api.do("transfer/setDownloadLimit", limit="0")


def test_peers_are_banned(daemon: Daemon, api: Api) -> None:
    """What is no address is left out."""
    api.do("transfer/banPeers", peers="192.0.2.7:6881|nonsense|[2001:db8::7]:1")
    assert sorted(daemon.client.list_bans()) == ["192.0.2.7", "2001:db8::7"]
    assert api.prefer(banned_IPs="") == (200, "")
    assert daemon.client.list_bans() == []


def test_torrents_are_made(daemon: Daemon, api: Api) -> None:
    """A torrent is made and downloaded; the file of a task without a path goes away with the task."""
    source = str(daemon.downloads / "film")
    made = api.get("torrentcreator/addTask", sourcePath=source, startSeeding="false", format="v1")["taskID"]
    refused = api.get("torrentcreator/addTask", sourcePath="/elsewhere")["taskID"]

    def status(task: str) -> str:
        [shown] = api.get(f"torrentcreator/status?taskID={task}")
        found: str = shown["status"]
        return found

    until(lambda: status(made) == "Finished", "the torrent is made")
    assert status(refused) == "Failed"
    assert api.ask(f"torrentcreator/torrentFile?taskID={refused}")[0] == 409
    assert api.ask(f"torrentcreator/torrentFile?taskID={made}")[1].startswith("d")
    assert len(list(daemon.downloads.glob(".*.torrent"))) == 1
    api.do("torrentcreator/deleteTask", taskID=made)
    assert list(daemon.downloads.glob(".*.torrent")) == []
    assert api.ask(f"torrentcreator/status?taskID={made}")[0] == 404


def test_reads_go_on_without_an_engine(daemon: Daemon, api: Api) -> None:
    """The log tells of the engine's death."""
    last = api.get("log/main")[-1]["id"]
    daemon.kill_engine()
    until(lambda: _tells(api, last, "Engine started"), "the log tells of the next engine")
    assert _tells(api, last, "Engine lost")
    assert not any(entry["type"] != 8 for entry in api.get("log/main?normal=false&info=false&warning=false"))
    assert api.get("transfer/info")["dl_info_speed"] == 0
    assert api.get("app/preferences")["save_path"] == str(daemon.downloads)
    assert api.get("log/peers") == []


def test_reads_go_on_without_the_daemon(daemon: Daemon, api: Api) -> None:
    """The last known preferences are shown, and a change of the daemon is to be tried again later."""
    before = api.get("app/preferences")
    daemon.kill()
    try:
        until(lambda: api.get("transfer/info")["connection_status"] == "disconnected", "the gateway notices it")
        assert api.get("app/preferences") == before
        assert api.ask("transfer/downloadLimit")[0] == 200
        assert api.prefer(dht=not before["dht"])[0] == 503
    finally:
        daemon.start()
    until(lambda: api.prefer(**before)[0] == 200, "the daemon is there again")
    until(lambda: api.get("transfer/info")["connection_status"] != "disconnected", "the gateway follows the daemon")


def test_what_ouzel_does_not_have(daemon: Daemon, api: Api) -> None:
    """As a qBittorrent without feeds and plugins; what cannot be done is refused."""
    [torrent] = daemon.client.list_torrents()
    ssl = {"ssl_certificate": "", "ssl_private_key": "", "ssl_dh_params": ""}
    assert api.get(f"torrents/SSLParameters?hash={torrent.torrent}") == ssl
    assert api.ask("torrents/setSSLParameters", hash=torrent.torrent, **ssl)[0] == 415
    assert api.ask("torrents/SSLParameters?hash=0")[0] == 404
    assert api.get("rss/items") == {}
    assert api.get("search/plugins") == []
    assert api.ask("search/start", pattern="a", category="all", plugins="all")[0] == 409
    assert api.ask("rss/addFeed", url="http://a", path="")[0] == 409
    assert api.ask("app/shutdown", x="")[0] == 403
    assert api.ask("app/setPreferences")[0] == 405


def _tells(api: Api, last: int, text: str) -> bool:
    return any(text in entry["message"] for entry in api.get(f"log/main?last_known_id={last}"))


def test_a_request_has_one_name_in_http_and_in_the_daemons_log(api: Api, daemon: Daemon) -> None:
    """The name that the client has given. The engine gets it, too."""
    [row] = [row for row in daemon.client.list_torrents() if row.name == "film"]
    api.name = "sonarr-7/stop"
    try:
        api.do("torrents/stop", hashes=row.torrent)
    finally:
        api.name = None
    api.do("torrents/start", hashes=row.torrent)
    lines = daemon.client.get_log(request="sonarr-7/stop").lines
    assert [(line.event, line.fields["torrent"]) for line in lines] == [("torrent_paused", row.torrent)]
