"""Settings of libtorrent that clients set, with real engines: their effects, and that they come back."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

import ouzel
from protocol.internal.settings import range_of
from protocol.wire.desired import SettingValue
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.reports import SettingSource
from tools.rig.daemon import Daemon
from tools.rig.probe import LOOPBACK
from tools.rig.samples import SampleTorrent, noise
from tools.rig.tracker import Tracker
from tools.rig.waiting import until
from tools.rig.watcher import Watcher

pytestmark = [pytest.mark.process, pytest.mark.network]

AGENT: Final = "ouzel-test/1.0"
NOISY: Final = {"dht_bootstrap_nodes", "enable_ip_notifier", "webtorrent_stun_server"}
"""Settings by which packets may leave the loopback interface."""


@pytest.fixture
def tracker() -> Iterator[Tracker]:
    """A tracker that notes the user agent."""
    with Tracker() as running:
        yield running


def announced(daemon: Daemon, tracker: Tracker, name: str) -> str:
    """Adds a torrent, and returns the user agent of its first announce by HTTP."""
    sample = SampleTorrent(name, {"": noise(1000, 1)}, single=True)
    daemon.client.add_torrent(metainfo=sample.metainfo_with({b"announce": tracker.http.encode()}))
    return until(
        lambda: next((each.agent for each in tracker.announces.copy() if each.torrent == sample.torrent), None),
        "an announce",
    )


def source(daemon: Daemon, name: str) -> tuple[Any, str]:
    """The value of a setting, and who set it."""
    found = daemon.client.get_settings()[name]
    return found.value, found.source.value


def restart(daemon: Daemon, *, at_once: bool) -> None:
    """Ends the supervisor, by SIGKILL or SIGTERM, and starts another one."""
    if at_once:
        engine = daemon.engine_pid()
        daemon.kill()
        until(lambda: not Path(f"/proc/{engine}").exists(), "the engine is gone, too")
    else:
        daemon.stop()
    daemon.start()
    until(daemon.healthy, "healthy")


def test_a_user_agent_is_seen_by_trackers_after_kills_of_either_process(daemon: Daemon, tracker: Tracker) -> None:
    """At once, from the next engine, and from the next supervisor; until it is taken back."""
    found = daemon.client.update_settings({"user_agent": AGENT}, wait="applied")["user_agent"]
    assert (found.value, found.source) == (AGENT, SettingSource.CLIENT)
    assert str(found.default).startswith("libtorrent/")
    assert announced(daemon, tracker, "at once") == AGENT
    gen = daemon.client.health().engine.gen
    daemon.kill_engine()
    until(lambda: daemon.client.health().engine.gen > gen and daemon.healthy(), "the next engine is up")
    assert announced(daemon, tracker, "next engine") == AGENT
    restart(daemon, at_once=True)
    assert announced(daemon, tracker, "next supervisor") == AGENT
    assert source(daemon, "user_agent") == (AGENT, "client")
    assert daemon.client.update_settings({"user_agent": None}, wait="applied")["user_agent"].value == found.default
    assert announced(daemon, tracker, "default") == found.default


def test_clients_override_the_file_also_when_it_changes(daemon: Daemon, tracker: Tracker) -> None:
    """Once a client takes its setting back, that of the file is in force."""
    client = daemon.client

    def write(agent: str) -> None:
        lines = [line for line in daemon.config.read_text().splitlines() if not line.startswith("user_agent")]
        lines.insert(lines.index("[engine]") + 1, f'user_agent = "{agent}"')
        daemon.config.write_text("\n".join(lines))
        os.kill(daemon.pid, signal.SIGHUP)

    with Watcher(daemon.runtime_dir) as watcher:
        write("file-1")
        event = watcher.wait(lambda each: each.type == "settings_changed", "the file is taken").event
        assert (event.data["changed"], event.data["overridden"]) == (["engine.user_agent"], [])
        assert source(daemon, "user_agent") == ("file-1", "file")
        client.update_settings({"user_agent": AGENT}, wait="applied")
        event = watcher.wait(lambda each: each.data.get("source") == "client", "the client's change").event
        assert (event.type, event.data["changed"]) == ("settings_changed", ["engine.user_agent"])
        write("file-2")
        event = watcher.wait(lambda each: each.data.get("overridden") == ["engine.user_agent"], "overridden").event
        assert event.data["changed"] == ["engine.user_agent"]
    assert source(daemon, "user_agent") == (AGENT, "client")
    assert announced(daemon, tracker, "client") == AGENT
    client.update_settings({"user_agent": None}, wait="applied")
    assert source(daemon, "user_agent") == ("file-2", "file")
    assert announced(daemon, tracker, "file") == "file-2"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def listens(port: int) -> bool:
    """Whether a connection to the port is accepted."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
        return True
    return False


def listening(daemon: Daemon) -> int:
    """The port at which the engine accepts connections; 0 if the reported one is not yet that of this engine."""
    port = daemon.client.stats().session.listen_port
    return port if listens(port) else 0


def accepted(port: int, count: int) -> int:
    """The number of connections that stay open, of this many that are made."""
    with contextlib.ExitStack() as stack:
        made = [stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5)) for _ in range(count)]
        time.sleep(0.5)
        still = 0
        for each in made:
            each.setblocking(False)
            try:
                still += each.recv(1) != b""
            except BlockingIOError:
                still += 1
            except ConnectionError:
                pass
        return still


def test_the_listening_port_moves(daemon: Daemon) -> None:
    """The old port is closed, the new one open, also in the next engine; `enable_incoming_tcp` turns peers away."""
    client, new = daemon.client, free_port()
    sample = SampleTorrent("listens", {"": noise(1000, 1)}, single=True)
    client.add_torrent(metainfo=sample.metainfo, wait="applied")
    old = until(lambda: client.stats().session.listen_port, "it listens")
    assert listens(old)
    client.update_settings({"listen_interfaces": f"127.0.0.1:{new}"}, wait="applied")
    until(lambda: listens(new) and not listens(old), "the port has moved")
    daemon.kill_engine()
    until(lambda: daemon.healthy() and listens(new), "the next engine listens there")
    client.update_settings({"enable_incoming_tcp": False}, wait="applied")
    until(lambda: accepted(new, 3) == 0, "no connection is kept")
    client.update_settings({"enable_incoming_tcp": None}, wait="applied")
    until(lambda: accepted(new, 3) == 3, "connections are kept again")


def test_the_limit_of_connections_holds_at_the_peers(new_daemon: Daemon) -> None:
    """As many as were set stay connected. The daemon is a new one, since each of its connections counts."""
    sample = SampleTorrent("limited", {"": noise(1000, 1)}, single=True)
    new_daemon.client.add_torrent(metainfo=sample.metainfo, wait="applied")
    port = until(lambda: listening(new_daemon), "it listens")
    until(lambda: accepted(port, 6) == 6, "all are accepted")
    new_daemon.client.update_settings({"connections_limit": 2, "connections_slack": 0}, wait="applied")
    until(lambda: accepted(port, 6) == 2, "two are accepted")


REFUSED: Final[dict[str, tuple[Any, str]]] = {
    "connections_limit": (2**40, "1 to 2147483647"),
    "no_such_setting": (1, "no such setting"),
    "enable_dht": (1, "true or false"),
    "upload_rate_limit": (1, "update_limits"),
    "alert_mask": (0, "set by Ouzel itself"),
    "user_agent": ("a\r\nb", "control character"),
}


def test_a_bad_setting_changes_nothing(daemon: Daemon) -> None:
    """Not even the good ones beside it; the error names it."""
    until(daemon.healthy, "an engine is up")
    before = daemon.client.get_settings()
    for name, (value, words) in REFUSED.items():
        with pytest.raises(OuzelError, match=words) as error:
            daemon.client.update_settings({"peer_timeout": 77, name: value})
        assert error.value.kind is ErrorKind.INVALID_SETTING
        assert error.value.field == f"args.settings.{name}"
    assert daemon.client.get_settings() == before
    configured = {name: each.value for name, each in before.items() if each.source is SettingSource.FILE}
    assert configured.items() >= LOOPBACK.items()


def other(name: str, value: SettingValue) -> SettingValue:
    """Another value of the setting than this one."""
    match value:
        case bool():
            return not value
        case int():
            least, most = range_of(name)
            return value + 1 if value < most else least
        case _:
            return "127.0.0.1"


def test_every_setting_can_be_changed_by_a_client(daemon: Daemon) -> None:
    """libtorrent confirms each, in its sandbox, and the engine survives; all of them come back after a kill."""
    client = daemon.client
    until(daemon.healthy, "an engine is up")
    before, defaults = client.health().engine, client.get_settings()
    wanted = {
        name: other(name, found.value)
        for name, found in defaults.items()
        if found.source is SettingSource.DEFAULT and name not in NOISY
    }
    assert len(wanted) > 240
    for name, value in wanted.items():
        assert client.update_settings({name: value}, wait="applied")[name].value in (value, "(hidden)")
    assert client.health().engine.gen == before.gen
    daemon.kill_engine()
    until(lambda: client.health().engine.gen > before.gen and daemon.healthy(), "the next engine is up")
    found = client.get_settings()
    assert all(found[name].value in (value, "(hidden)") for name, value in wanted.items())
    client.update_settings(dict.fromkeys(wanted), wait="applied")
    assert client.get_settings() == defaults
    assert client.health().engine.restarts == before.restarts + 1


def test_a_password_is_shown_nowhere(daemon: Daemon) -> None:
    """It is in `session.json` alone, which only the service can read."""
    secret = "s3cr3t-" + noise(8, 1).hex()
    with Watcher(daemon.runtime_dir) as watcher:
        found = daemon.client.update_settings({"proxy_password": secret}, wait="applied")
        watcher.wait(lambda each: each.type == "settings_changed", "the change is told")
    assert found["proxy_password"].value == "(hidden)"
    assert daemon.client.get_settings()["proxy_password"].value == "(hidden)"
    record = daemon.resume_dir / "session.json"
    assert json.loads(record.read_text())["settings"] == {"proxy_password": secret}
    assert record.stat().st_mode & 0o077 == 0
    pid = daemon.kill_engine()
    [crash] = until(lambda: [each for each in daemon.client.list_crashes() if each.pid == pid], "a crash report")
    until(daemon.healthy, "the next engine is up")
    assert daemon.client.get_crash(crash.name).settings["clients"] == {"proxy_password": "(hidden)"}
    written = daemon.log.read_text() + "".join(path.read_text() for path in (daemon.root / "state").rglob("*.json"))
    assert secret not in written
    with pytest.raises(OuzelError, match="hidden"):
        daemon.client.update_settings({"proxy_password": "(hidden)"})


def test_a_setting_of_another_version_is_reported_and_given_back(daemon: Daemon, tracker: Tracker) -> None:
    """The others apply. The record was written with another version of libtorrent."""
    daemon.client.update_settings({"user_agent": AGENT, "peer_timeout": 99})
    daemon.stop()
    record = daemon.resume_dir / "session.json"
    lines = record.read_text().replace('"peer_timeout"', '"old_setting"').splitlines()
    record.write_text("\n".join(line for line in lines if "checksum" not in line) + "\n")
    daemon.start()
    until(lambda: any("old_setting" in each.message for each in daemon.client.health().reasons), "it is reported")
    assert len(daemon.logged("settings_stale")) == 1
    assert announced(daemon, tracker, "others") == AGENT
    assert source(daemon, "old_setting") == (99, "client")
    daemon.client.update_settings({"old_setting": None}, wait="applied")
    until(daemon.healthy, "nothing is left to report")
    assert "old_setting" not in daemon.client.get_settings()


def test_the_asyncio_client_has_the_same_calls(daemon: Daemon) -> None:
    """With the same results."""
    asyncio.run(_change(daemon))


async def _change(daemon: Daemon) -> None:
    async with ouzel.AsyncClient(daemon.runtime_dir) as client:
        changed = await client.update_settings({"peer_timeout": 77})
        assert changed["peer_timeout"].value == 77
        assert (await client.get_settings())["peer_timeout"] == changed["peer_timeout"]
