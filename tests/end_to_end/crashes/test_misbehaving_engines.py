"""Engines that misbehave in each known way: the service answers, retries, and is healthy afterwards."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from protocol.wire.reports import HealthStatus
from protocol.wire.rows import TorrentState
from tests.fakes import misbehaving_engine
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.payload import MIB
from tools.rig.waiting import until

pytestmark = pytest.mark.process

DEATHS: Final[dict[str, tuple[int | None, str | None, str | None]]] = {
    "dies_at_start": (misbehaving_engine.EXIT_AT_START, None, None),
    "never_ready": (None, "SIGABRT", "was not ready"),
    "silent": (None, "SIGABRT", "was not ready"),
    "holds_the_lock": (None, "SIGABRT", "nothing was heard of the engine"),
    "garbage": (None, "SIGABRT", "sent a frame that cannot be read"),
    "exits_with_0": (0, None, None),
}
"""How each engine ends: exit code, signal, and the supervisor's reason."""

LATE: Final = ("never_ready", "silent")
"""Those that die of the start deadline, which is short for them."""


@pytest.fixture
def fault(root: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Path:
    """The file that says how engines misbehave."""
    path = root / "fault"
    monkeypatch.setenv(misbehaving_engine.VARIABLE, str(path))
    if "kind" in request.fixturenames and request.getfixturevalue("kind") in LATE:
        monkeypatch.setenv("START_DEADLINE_S", "2")  # others have to take commands before they do wrong
    return path


@pytest.fixture
def daemon(root: Path, fault: Path) -> Iterator[Daemon]:
    """A healthy daemon with one torrent, whose next engines misbehave as the file says."""
    settings = {"budget": 1000, "max_delay_s": 0.2, "window_s": 3600}
    with Daemon(root / "d", restart=settings, engine_module="tests.fakes.misbehaving_engine") as running:
        until(running.healthy, "the daemon is healthy")
        made = payload.make(root / "seed", "one.bin", {"": MIB})
        running.client.add_torrent(metainfo=made.metainfo, paused=True, wait="applied")
        yield running


def answers(daemon: Daemon) -> None:
    """Reads and durable changes are answered soon."""
    began = time.monotonic()
    [row] = daemon.client.list_torrents()
    daemon.client.update_limits(row.torrent, upload_bps=int(began))
    assert time.monotonic() - began < 5
    assert daemon.row(row.torrent).upload_limit_bps == int(began)


def lifted(daemon: Daemon, fault: Path, engine: int) -> None:
    """After the fault is removed, the service recovers by itself, and changes from the meantime are applied."""
    fault.unlink(missing_ok=True)

    def healthy() -> bool:
        """With an engine that is the real one: another that does wrong may be on its way, and behaves for a moment."""
        real = daemon.client.hello().libtorrent not in ("", misbehaving_engine.LIBTORRENT)
        return real and daemon.client.health().engine.gen > engine and daemon.healthy()

    until(healthy, "the daemon is healthy again")
    [row] = daemon.client.list_torrents()
    daemon.until_state(row.torrent, TorrentState.PAUSED)
    until(lambda: (it := daemon.client.get_torrent(row.torrent)).applied_revision == it.revision, "all is applied")


@pytest.mark.parametrize("kind", DEATHS)
def test_an_engine_that_does_wrong_is_ended_and_replaced(daemon: Daemon, fault: Path, kind: str) -> None:
    """It dies as expected, and its report has the cause. The service answers all the time."""
    fault.write_text(kind)
    before = daemon.client.health().engine.gen
    daemon.kill_engine()

    def ended() -> bool:
        answers(daemon)
        return any(crash.gen > before for crash in daemon.client.list_crashes())

    until(ended, f"an engine that {kind} has died; the daemon's log is {daemon.log}")
    crash = [each for each in daemon.client.list_crashes() if each.gen > before][-1]
    code, number, reason = DEATHS[kind]
    assert (crash.exit_code, crash.signal) == (code, number)
    assert (crash.killed_for or "").startswith(reason or "")
    assert (crash.killed_for is None) == (reason is None)
    assert daemon.client.health().status is HealthStatus.DEGRADED
    lifted(daemon, fault, crash.gen)


def test_settings_that_only_a_later_engine_refuses_do_not_end_the_service(daemon: Daemon, fault: Path) -> None:
    """As with another libtorrent: unhealthy, and answering, until an engine accepts the settings again."""
    fault.write_text("refuses_settings")
    before = daemon.client.health().engine.gen
    daemon.kill_engine()

    def refused() -> bool:
        answers(daemon)
        return daemon.client.health().status is HealthStatus.UNHEALTHY

    until(refused, f"the refusal is told; the daemon's log is {daemon.log}")
    assert any("some_setting" in reason.message for reason in daemon.client.health().reasons)
    lifted(daemon, fault, before)


def test_frames_of_another_generation_are_not_heard(daemon: Daemon, fault: Path) -> None:
    """Frames are dropped if their sender or their content has another generation; the engine is not affected."""
    fault.write_text("other_generation")
    daemon.kill_engine()

    def of_another() -> bool:
        answers(daemon)
        return daemon.client.hello().libtorrent == misbehaving_engine.LIBTORRENT

    until(of_another, "the engine that lies takes commands")
    engine = daemon.client.health().engine
    ends_at = time.monotonic() + 3 * misbehaving_engine.BEHAVES_S
    while time.monotonic() < ends_at:  # it lies all the time
        answers(daemon)
    assert daemon.client.health().engine.pid == engine.pid
    assert daemon.client.hello().libtorrent == misbehaving_engine.LIBTORRENT
    assert daemon.client.stats().session.listen_port != misbehaving_engine.STRAY_PORT
    fault.unlink()  # first, since an engine with this fault does not end by itself
    daemon.kill_engine()
    lifted(daemon, fault, engine.gen)


def test_an_engine_that_floods_holds_up_nobody(daemon: Daemon, fault: Path) -> None:
    """Clients are answered in between."""
    fault.write_text("floods")
    before = daemon.client.health().engine.gen
    with daemon.client.events() as events:
        daemon.kill_engine()
        for event in events:
            if event.type == "session_error":  # type: ignore[union-attr]  # there is no other kind of item here
                break
    for _ in range(50):
        answers(daemon)
    lifted_engine = daemon.client.health().engine.gen
    assert lifted_engine > before
    fault.unlink()  # first, since an engine with this fault does not end by itself
    daemon.kill_engine()
    lifted(daemon, fault, lifted_engine)
