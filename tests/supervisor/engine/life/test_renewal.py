"""When another engine takes over, and what happens before."""

from pathlib import Path
from typing import cast

import pytest
import structlog

from supervisor.engine.life import renewal
from supervisor.engine.life.keeper import Keeper
from supervisor.engine.life.lifecycle import Lifecycle, State
from supervisor.engine.life.renewal import LASTING_LOOKS, Renewal
from supervisor.host.place_watch import PlaceWatch


class Scene:
    """A renewal with a recorder in place of the engine."""

    def __init__(self, root: Path) -> None:
        self.root, self.own = root / "root", root / "own"
        for path in (self.root, self.own):
            path.mkdir()
        self.did: list[str] = []
        self.gen = self.next_gen = 1
        self.lifecycle = Lifecycle(state=State.RUNNING)
        self.relied_on = True
        self.spare_ready = True
        self.reaches = True
        """Whether the next engine's rules cover the present directories when it takes over."""
        self.watch = PlaceWatch()
        self.renewal = Renewal(
            cast(Keeper, self),
            self.watch,
            roots=lambda: [str(self.root)],
            own=lambda: [str(self.own)] if self.relied_on else None,
            hand_over=self._hand_over,
            log=structlog.get_logger(),
        )

    async def look(self, times: int = 1) -> list[str]:
        """The actions in this many checks."""
        self.did = []
        for _ in range(times):
            await self.renewal.check()
            await self.renewal._act()
        return self.did

    async def covered(self) -> None:
        """The engine's rules cover the present directories."""
        await self.renewal.check()
        self._cover()

    def renew_spare(self) -> bool:
        self.did.append("spare")
        self.gen = self.next_gen
        return self.spare_ready

    def recycle(self, reason: str) -> bool:
        self.did.append("recycle")
        if self.reaches:
            self._cover()
        return True

    def _cover(self) -> None:
        seen = self.watch.seen
        self.renewal.covered = {path: place for path, place in seen.items() if place is not None}

    def _hand_over(self) -> None:
        self.did.append("hand over")
        self.renewal.handed_over()


def anew(path: Path) -> None:
    """Another directory with the same name."""
    path.rename(path.with_name("elsewhere"))
    path.mkdir()


async def test_another_root_renews_the_engine_once(tmp_path: Path) -> None:
    """After the spare was made; the next time for another root."""
    scene = Scene(tmp_path)
    await scene.covered()
    assert await scene.look(3) == []
    anew(scene.root)
    assert await scene.look(3) == ["spare", "recycle"]
    scene.root.rename(tmp_path / "gone")
    assert await scene.look(3) == []
    (tmp_path / "elsewhere").rename(scene.root)
    assert await scene.look(3) == ["spare", "recycle"]
    scene.reaches = False
    anew(scene.root)
    assert await scene.look(5) == ["spare", "recycle"], "another one could do no better"


async def test_a_root_that_was_away_at_two_starts_renews_the_engine_twice(tmp_path: Path) -> None:
    """The same directory each time: the engine that was started without it does not cover it."""
    scene = Scene(tmp_path)
    away = tmp_path / "away"
    for _ in range(2):
        scene.root.rename(away)
        await scene.covered()  # an engine is started meanwhile
        away.rename(scene.root)
        assert await scene.look(3) == ["spare", "recycle"]


async def test_without_a_sandbox_there_is_nothing_to_renew(tmp_path: Path) -> None:
    """Nor while no engine runs; an explicit request is carried out all the same."""
    scene = Scene(tmp_path)
    anew(scene.root)
    assert await scene.look(3) == []
    scene.renewal.request("other roots")
    assert await scene.look() == ["spare", "recycle"]
    (tmp_path / "elsewhere").rename(tmp_path / "gone")
    anew(scene.root)
    scene.lifecycle = Lifecycle(state=State.STARTING)
    assert await scene.look(3) == []


async def test_its_own_directory_is_waited_for_and_handed_over_to(tmp_path: Path) -> None:
    """Not while the resume directory is unreliable."""
    scene = Scene(tmp_path)
    await scene.covered()
    scene.relied_on = False
    anew(scene.own)
    assert await scene.look(LASTING_LOOKS + 1) == []
    scene.relied_on = True
    assert await scene.look(LASTING_LOOKS - 1) == []
    assert await scene.look() == ["hand over", "spare", "recycle"]
    assert await scene.look(LASTING_LOOKS) == []


async def test_a_spare_that_does_not_come_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then a new process takes over; another engine that started meanwhile is not replaced."""
    monkeypatch.setattr(renewal, "SPARE_S", 0.1)
    scene = Scene(tmp_path)
    scene.spare_ready = False
    scene.renewal.request("other roots")
    assert (await scene.look())[-2:] == ["spare", "recycle"]
    scene.next_gen = 2
    scene.renewal.request("other roots")
    assert set(await scene.look()) == {"spare"}
