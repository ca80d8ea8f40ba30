import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest
import structlog

from protocol.configuration.config_problem import InvalidConfig
from supervisor.config import reloader
from supervisor.config.config import Config, LimitsConfig, PathsConfig
from supervisor.config.config_changes import Changes, ConfigInForce
from supervisor.config.reloader import Reloader
from supervisor.host.service_manager import ServiceManager

PATHS = PathsConfig(resume_dir="/r", download_roots=["/d"], runtime_dir="/run/o", state_dir="/s")
OLD = Config(paths=PATHS)
NEW = msgspec.structs.replace(OLD, limits=LimitsConfig(download_bps=5))
MOVED = msgspec.structs.replace(OLD, paths=msgspec.structs.replace(PATHS, state_dir="/elsewhere"))


class Deeds(list[str]):
    """A list that can be awaited."""

    def __init__(self) -> None:
        super().__init__()
        self.news = asyncio.Event()

    def append(self, deed: str) -> None:
        super().append(deed)
        self.news.set()


class Told(ServiceManager):
    """Records when a reload begins and ends."""

    def __init__(self, into: Deeds) -> None:
        super().__init__()
        self._into = into

    def reloading(self, monotonic_us: int) -> None:
        assert monotonic_us > 0
        self._into.append("reloading")

    def ready(self) -> None:
        self._into.append("ready")


class Stage:
    """A reloader, its file, and its actions in order."""

    def __init__(self) -> None:
        self.file: Config | Exception = OLD
        self.reading = threading.Event()
        self.reading.set()
        self.engine_up = True
        self.did = Deeds()
        self.changes: list[Changes] = []
        self.manager = Told(self.did)
        self.in_force = ConfigInForce(OLD)
        self.in_force.confirmed(0)
        self.reloader = Reloader(
            self.in_force,
            read=self._read,
            apply=lambda: self.did.append(f"apply {self.in_force.number}"),
            engine_up=lambda: self.engine_up,
            on_taken=self._taken,
            on_refused=lambda problem: self.did.append(f"refused: {problem}"),
            manager=self.manager,
            log=structlog.wrap_logger(structlog.PrintLogger(), wrapper_class=structlog.make_filtering_bound_logger(50)),
        )

    def _read(self) -> Config:
        file = self.file
        assert self.reading.wait(20)
        if isinstance(file, Exception):
            raise file
        return file

    def _taken(self, changes: Changes) -> None:
        self.changes.append(changes)
        self.did.append("taken")

    async def until(self, what: str, count: int = 1) -> None:
        """Waits until the action was done this often."""
        while self.did.count(what) < count:
            self.did.news.clear()
            await self.did.news.wait()


@asynccontextmanager
async def stage() -> AsyncIterator[Stage]:
    """A running stage."""
    on = Stage()
    running = asyncio.create_task(on.reloader.run())
    try:
        yield on
    finally:
        on.reading.set()
        running.cancel()
        on.manager.close()


async def test_a_changed_file_is_in_force_once_the_engine_has_confirmed_it() -> None:
    """The service manager is notified of begin and end."""
    async with stage() as on:
        on.file = NEW
        on.reloader.request_reload()
        await on.until("apply 1")
        assert on.did == ["reloading", "apply 1"]
        on.reloader.confirmed(1)
        await on.until("ready")
        assert on.did == ["reloading", "apply 1", "taken", "ready"]
        assert on.in_force.config == NEW


async def test_what_the_engine_refuses_is_taken_back_whole() -> None:
    """The engine gets the old configuration again."""
    async with stage() as on:
        on.file = NEW
        on.reloader.request_reload()
        await on.until("apply 1")
        assert on.reloader.refused(1, "engine.x: no")
        await on.until("ready")
        assert on.did == ["reloading", "apply 1", "apply 2", "refused: engine.x: no", "ready"]
        assert on.in_force.config == OLD


async def test_a_file_that_cannot_be_used_changes_nothing() -> None:
    """The reload has ended all the same."""
    async with stage() as on:
        on.file = InvalidConfig("limits.download_bps: no")
        on.reloader.request_reload()
        await on.until("ready")
        assert on.did == ["reloading", "refused: limits.download_bps: no", "ready"]


async def test_a_file_that_cannot_be_read_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is reported once, and the reload continues when the file can be read."""
    monkeypatch.setattr(reloader, "AGAIN_S", 0.01)
    unreadable = InvalidConfig("ouzel.toml: bad disk")
    unreadable.__cause__ = OSError("bad disk")
    async with stage() as on:
        on.file = unreadable
        on.reloader.request_reload()
        await on.until("ready")
        on.file = OSError(11, "no more threads")
        await on.until("refused: the configuration file cannot be read: no more threads")
        on.file = NEW
        await on.until("apply 1")
        on.reloader.confirmed(1)
        await on.until("taken")
        assert on.did == [
            "reloading",
            "refused: ouzel.toml: bad disk",
            "ready",
            "refused: the configuration file cannot be read: no more threads",
            "apply 1",
            "taken",
        ]


async def test_a_disk_that_hangs_ends_the_reload(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop does not wait for it."""
    monkeypatch.setattr(reloader, "READ_S", 0.01)
    async with stage() as on:
        on.reading.clear()
        on.reloader.request_reload()
        await on.until("ready")
        assert [each.split(":")[0] for each in on.did] == ["reloading", "refused", "ready"]


async def test_what_needs_a_restart_is_told_and_not_applied() -> None:
    """The engine has nothing to validate."""
    async with stage() as on:
        on.file = MOVED
        on.reloader.request_reload()
        await on.until("ready")
        assert on.did == ["reloading", "taken", "ready"]
        assert on.changes == [Changes(OLD, [], ["paths.state_dir"])]


async def test_without_an_engine_the_next_one_judges() -> None:
    """A later refusal has the usual consequences."""
    async with stage() as on:
        on.engine_up = False
        on.file = NEW
        on.reloader.request_reload()
        await on.until("ready")
        assert on.did == ["reloading", "apply 1", "taken", "ready"]
        assert on.reloader.refused(1, "engine.x: no")
        assert on.did[4:] == ["apply 2", "refused: engine.x: no"]
        assert on.in_force.config == OLD


async def test_a_silent_engine_does_not_hold_up_the_next_reload(monkeypatch: pytest.MonkeyPatch) -> None:
    """The configuration stays in force until it is refused."""
    monkeypatch.setattr(reloader, "VERDICT_S", 0.01)
    async with stage() as on:
        on.file = NEW
        on.reloader.request_reload()
        await on.until("ready")
        assert on.in_force.config == NEW


async def test_asking_while_it_reads_has_it_read_once_more() -> None:
    """Once, however often: a change after the beginning of the read is not missed."""
    async with stage() as on:
        on.reading.clear()
        on.reloader.request_reload()
        await on.until("reloading")
        for _ in range(3):
            on.reloader.request_reload()
        on.reading.set()
        await on.until("ready", 2)
        await asyncio.sleep(0)
        assert on.did == ["reloading", "taken", "ready"] * 2


async def test_a_verdict_on_another_configuration_is_none() -> None:
    """A repeated refusal, and one without a previous configuration."""
    async with stage() as on:
        on.file = NEW
        on.reloader.request_reload()
        await on.until("apply 1")
        on.reloader.confirmed(0)
        assert on.reloader.refused(0, "old news")
        assert on.did == ["reloading", "apply 1"]
        assert on.reloader.refused(1, "no")
        assert on.reloader.refused(1, "no")
        await on.until("ready")
        assert on.did == ["reloading", "apply 1", "apply 2", "refused: no", "ready"]
        assert not on.reloader.refused(2, "never")
