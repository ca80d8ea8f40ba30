"""The service in this process, with played engines: what exists in each of its phases."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import structlog
import zmq
import zmq.asyncio

from protocol.durable.directory_lock import DirectoryLock
from protocol.internal.link_commands import Configure, Drain
from protocol.internal.link_events import SettingsRefused
from protocol.wire.endpoints import COMMANDS_SOCKET, ENGINE_SOCKET, ipc_endpoint
from supervisor.access.access import UnusableAccess
from supervisor.config.config import ApiConfig, Config, PathsConfig, RestartConfig
from supervisor.engine.process.child import Child, Death
from supervisor.engine.process.launcher import Launcher
from supervisor.host.service_manager import ServiceManager
from supervisor.service import Service, UnusableSettings, open_service
from tests.supervisor.bench import KILLED, Client, PlayedChild, PlayedEngine


class Stage:
    """A service in a directory of its own, a client, and its engines."""

    def __init__(self, directory: Path, api: ApiConfig | None = None) -> None:
        for name in ("resume", "root", "run", "state"):
            (directory / name).mkdir()
        self.config = Config(
            paths=PathsConfig(
                resume_dir=str(directory / "resume"),
                download_roots=[str(directory / "root")],
                runtime_dir=str(directory / "run"),
                state_dir=str(directory / "state"),
            ),
            restart=RestartConfig(warm_spare=False),
            api=api or ApiConfig(),
        )
        self.runtime_dir = directory / "run"
        self.children: list[PlayedChild] = []
        self.logged: list[str] = []
        self._locks = [DirectoryLock(directory / "resume"), DirectoryLock(directory / "run")]
        self._context: zmq.asyncio.Context | None = None

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Service]:
        """The service, not serving yet."""
        children = self.children

        class Played(Launcher):
            def spawn(
                self, gen: int, on_death: Callable[[Death], None], on_line: Callable[[int, bytes], None]
            ) -> Child:
                children.append(PlayedChild(gen, on_death))
                return children[-1]

        log = structlog.wrap_logger(
            structlog.PrintLogger(),
            processors=[self._log],
            wrapper_class=structlog.make_filtering_bound_logger(0),
        )
        manager = ServiceManager()
        self._context = zmq.asyncio.Context()
        try:
            async with open_service(
                self.config,
                self._locks,
                "9.9",
                log,
                read_config=lambda config: config,
                manager=manager,
                launcher=Played,
            ) as service:
                yield service
        finally:
            manager.close()
            self._context.destroy(linger=0)
            for lock in self._locks:
                lock.close()

    def client(self) -> Client:
        """A new client."""
        return Client(self._connect(COMMANDS_SOCKET))

    async def engine(self, number: int, *deaf: type[Any]) -> PlayedEngine:
        """Plays the process that was spawned as this one, counted from 1."""
        await until(lambda: len(self.children) >= number)
        gen = self.children[number - 1].gen
        return PlayedEngine(self._connect(ENGINE_SOCKET, f"gen-{gen}".encode()), gen, set(deaf))

    def sockets(self) -> list[str]:
        """The sockets in the runtime directory."""
        return sorted(path.name for path in self.runtime_dir.glob("*.ipc"))

    def _connect(self, name: str, identity: bytes = b"") -> zmq.asyncio.Socket:
        assert self._context is not None
        socket = self._context.socket(zmq.DEALER)
        if identity:
            socket.setsockopt(zmq.ROUTING_ID, identity)
        socket.connect(ipc_endpoint(self.runtime_dir, name))
        return socket

    def _log(self, _: Any, __: str, fields: Any) -> Any:
        self.logged.append(fields["event"])
        raise structlog.DropEvent


async def until(happened: Callable[[], bool]) -> None:
    """Waits until something has happened."""
    async with asyncio.timeout(5):
        while not happened():  # noqa: ASYNC110  # of many parts
            await asyncio.sleep(0.001)


async def test_it_serves_until_it_is_stopped(tmp_path: Path) -> None:
    """Clients are answered before there is an engine; at the end the engine saves and exits, then the sockets close."""
    stage = Stage(tmp_path)
    async with stage.opened() as service:
        assert stage.sockets() == ["commands.ipc", "engine.ipc", "events.ipc"]
        assert stage.children == []
        serving = asyncio.create_task(service.serve())
        client = stage.client()
        health = (await client.ask("health"))["result"]
        assert health["status"] == "starting"
        assert [each["state"] for each in health["engines"]] == ["starting"]
        engine = await stage.engine(1)
        await until(lambda: "engine_ready" in stage.logged)
        reply = await client.ask("health")
        assert (reply["result"]["status"], reply["gen"]) == ("healthy", 1)
        [slot] = reply["result"]["engines"]
        shared = {key: slot[key] for key in ("state", "pid", "gen", "restarts")}
        assert shared == {key: reply["result"]["engine"][key] for key in shared}
        assert (slot["slot"], slot["torrents"]) == (0, 0)
        service.stop("the test")
        await engine.given(Drain)
        refused = await client.ask("pause", {"torrent": "0" * 40})
        assert refused["error"]["name"] == "stopping"
        assert not serving.done()
        stage.children[0].die(Death(exit_code=0, signal=None))
        async with asyncio.timeout(5):
            await serving
        await engine.stop()
    assert stage.sockets() == []


async def test_an_engine_that_is_lost_is_followed_by_another(tmp_path: Path) -> None:
    """Clients get events; a crash report is in the state directory."""
    stage = Stage(tmp_path)
    async with stage.opened() as service:
        serving = asyncio.create_task(service.serve())
        first = await stage.engine(1)
        await until(lambda: "engine_ready" in stage.logged)
        await first.stop()
        stage.children[0].die(KILLED)
        second = await stage.engine(2)
        await until(lambda: stage.logged.count("engine_ready") == 2)
        reply = await stage.client().ask(
            "replay", {"epoch": (await stage.client().ask("ping"))["epoch"], "after_seq": 0}
        )
        told = [(event["type"], event["gen"], event["data"].get("engine")) for event in reply["result"]["events"]]
        assert ("engine_lost", 1, 0) in told
        assert ("engine_started", 2, 0) in told
        await until(lambda: "crash_report_written" in stage.logged)
        assert len(list((tmp_path / "state" / "crashes").iterdir())) == 1
        service.stop("the test")
        await second.given(Drain)
        stage.children[1].die(Death(exit_code=0, signal=None))
        await serving
        await second.stop()


async def test_settings_that_the_first_engine_refuses_end_it(tmp_path: Path) -> None:
    """No engine could serve clients."""
    stage = Stage(tmp_path)
    async with stage.opened() as service:
        serving = asyncio.create_task(service.serve())
        engine = await stage.engine(1, Configure)
        await engine.given(Configure)
        await engine.tell(SettingsRefused(setting="nonsense", message="there is no such setting"))
        with pytest.raises(UnusableSettings, match=r"engine\.nonsense: there is no such setting"):
            await serving
        await engine.stop()
    assert stage.sockets() == []


async def test_settings_that_a_later_engine_refuses_are_told(tmp_path: Path) -> None:
    """The service goes on answering without an engine."""
    stage = Stage(tmp_path)
    async with stage.opened() as service:
        serving = asyncio.create_task(service.serve())
        engine = await stage.engine(1)
        await until(lambda: "engine_ready" in stage.logged)
        await engine.tell(SettingsRefused(setting="nonsense", message="there is no such setting"))
        await until(lambda: "engine_exited" in stage.logged)
        health = (await stage.client().ask("health"))["result"]
        assert health["status"] == "unhealthy"
        assert "settings" in [reason["subject"] for reason in health["reasons"]]
        await engine.stop()
        service.stop("the test")
        await until(lambda: bool(stage.children))
        async with asyncio.timeout(5):
            await serving


async def test_a_service_that_cannot_be_opened_leaves_nothing_open(tmp_path: Path) -> None:
    """Its sockets are removed."""
    keys = tmp_path / "keys"
    keys.mkdir()
    api = ApiConfig(
        tcp_commands="tcp://127.0.0.1:0", curve_secret_key_file=str(tmp_path / "none"), authorized_keys_dir=str(keys)
    )
    stage = Stage(tmp_path, api)
    with pytest.raises(UnusableAccess):
        async with stage.opened():
            pass
    assert stage.sockets() == []


async def test_a_service_that_never_serves_is_closed(tmp_path: Path) -> None:
    """It has started nothing."""
    stage = Stage(tmp_path)
    async with stage.opened():
        pass
    assert (stage.children, stage.sockets()) == ([], [])
