"""The renewal: replaces an engine that has an outdated sandbox or outdated download roots.

If spares are enabled, the next engine is started as a spare first. Then the running engine is drained. If the running
engine cannot write to the resume directory, it first hands its fast-resume data over to the supervisor.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Final

from supervisor.engine.life.covered import outdated
from supervisor.engine.life.keeper import Keeper
from supervisor.engine.life.lifecycle import State
from supervisor.host.place_watch import LOOK_S, PlaceWatch
from supervisor.log import logs

SPARE_S: Final = 5.0
"""The time to wait for the spare before the running engine is drained."""

HAND_OVER_S: Final = 30.0
"""The time that the running engine may take to hand over its fast-resume data."""

LASTING_LOOKS: Final = 3
"""The number of consecutive checks that must find the same new place of an engine's own directory."""

_POLL_S: Final = 0.05


class Renewal:
    """Replaces one slot's engine when its sandbox or its download roots are outdated.

    Args:
        keeper: recycles the engine, and makes spares.
        watch: reads which directories are at paths now.
        roots: returns the download roots of the next engine.
        own: returns the engine's own directories in the resume directory. None while the resume directory is not
            reliable.
        hand_over: asks the running engine to hand over its fast-resume data. `handed_over` is called when all data is
            written.

    Fields:
        covered: by path, the identity of each directory that the sandbox of the running engine covers. The slot's
            `Engine` sets this field.
    """

    def __init__(
        self,
        keeper: Keeper,
        watch: PlaceWatch,
        *,
        roots: Callable[[], list[str]],
        own: Callable[[], list[str] | None],
        hand_over: Callable[[], None],
        log: logs.Logger,
    ) -> None:
        self._keeper = keeper
        self._watch = watch
        self._roots = roots
        self._own = own
        self._hand_over = hand_over
        self._log = log
        self._asked: str | None = None
        self._wake = asyncio.Event()
        self._handed_over = asyncio.Event()
        self._counts: dict[str, tuple[str, int]] = {}
        self._known: dict[str, str] = {}
        """By path: the identity of a directory that the sandbox of a new engine did not cover.

        `Renewal` does not replace the engine again because of these directories.
        """
        self.covered: Mapping[str, str] = {}

    def request(self, reason: str) -> None:
        """Requests a replacement of the running engine. `reason` says why. A starting engine is not replaced."""
        self._asked = reason
        self._wake.set()

    def handed_over(self) -> None:
        """Notes that all fast-resume data is handed over and written."""
        self._handed_over.set()

    async def check(self) -> None:
        """Reads which directories are at the paths of the download roots and of the engine's own directories now.

        A directory is identified by its mount, device and inode. `run` repeats this check. The owner calls `check`
        before the first engine is started.
        """
        await self._watch.check([*self._roots(), *(self._own() or [])])

    async def run(self) -> None:
        """Checks every second, and replaces the engine when necessary. Runs until it is cancelled."""
        while True:
            try:
                async with asyncio.timeout(LOOK_S):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()
            await self.check()
            try:
                await self._act()
            except OSError as error:
                self._log.warning("engine_not_renewed", problem=str(error))

    async def _act(self) -> None:
        asked, self._asked = self._asked, None
        self._known = {path: place for path, place in self._known.items() if self.covered.get(path) != place}
        own = self._own() or []
        own_stale = outdated(self.covered, own, self._watch.seen)
        stale = outdated(self.covered, self._roots(), self._watch.seen) | self._lasting(own_stale)
        new = {path: place for path, place in stale.items() if self._known.get(path) != place}
        if self._keeper.lifecycle.state is not State.RUNNING or not (asked or new):
            return
        if new:
            paths = ", ".join(sorted(new))
            asked = asked or f"its sandbox does not cover the directories that are at {paths} now"
        gen = self._keeper.gen
        if own_stale:
            await self._have_handed_over()
        await self._make_spare()
        if self._keeper.gen == gen and asked is not None and self._keeper.recycle(asked):
            self._known.update(stale)

    def _lasting(self, stale: dict[str, str]) -> dict[str, str]:
        """The engine's own directories that had the same identity in LASTING_LOOKS checks.

        After so many checks, a failing disk is known to fail.
        """
        self._counts = {
            path: (place, known[1] + 1 if (known := self._counts.get(path)) and known[0] == place else 1)
            for path, place in stale.items()
        }
        return {path: place for path, (place, count) in self._counts.items() if count >= LASTING_LOOKS}

    async def _have_handed_over(self) -> None:
        self._handed_over.clear()
        self._hand_over()
        try:
            async with asyncio.timeout(HAND_OVER_S):
                await self._handed_over.wait()
        except TimeoutError:
            self._log.warning("resume_data_not_handed_over", after_s=HAND_OVER_S)

    async def _make_spare(self) -> None:
        until = time.monotonic() + SPARE_S
        while time.monotonic() < until and not self._keeper.renew_spare():  # noqa: ASYNC110  # it may be made again
            await asyncio.sleep(_POLL_S)
