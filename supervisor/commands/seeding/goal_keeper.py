"""The goal keeper: examines all torrents in turn, and acts on reached goals."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, Final

from protocol.wire.desired import DesiredTorrent
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.rows import COMPLETE_STATES, ratio
from supervisor.commands.seeding import goals
from supervisor.commands.seeding.goals import Figures, Verdict
from supervisor.concurrency.background import Tasks
from supervisor.config.goals_config import GoalsConfig
from supervisor.engine.engine import Engine
from supervisor.log import logs
from supervisor.store.catalogue import Catalogue

SLICE: Final = 500
"""The number of torrents that are examined in a tick. A tick takes less than a millisecond."""

PAUSE_S: Final = 0.02
"""The pause between two slices while all torrents are examined, since the global goals have changed."""

AGAIN_S: Final = 60.0
"""The delay before a failed action is tried again."""

Act = Callable[[str, Callable[[DesiredTorrent], Verdict | None]], Coroutine[Any, Any, None]]


class GoalKeeper:
    """Examines all torrents in turn, and acts on reached goals.

    Args:
        global_goals: returns the global goals in force. When they change, all torrents are examined at once.
        act: acts on the goal of a torrent. Its arguments are the torrent's id and a function that judges the torrent.
        group: runs the actions.
    """

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        engine: Engine,
        global_goals: Callable[[], GoalsConfig],
        act: Act,
        group: Tasks,
        log: logs.Logger,
    ) -> None:
        self._catalogue = catalogue
        self._engine = engine
        self._snapshot = engine.snapshot
        self._global_goals = global_goals
        self._act = act
        self._group = group
        self._log = log
        self._cursor: str | None = None
        """The last examined torrent. None at the beginning of a round."""
        self._wanted: GoalsConfig | None = None
        """The global goals at the last call."""
        self._acting: set[str] = set()
        self._failed: dict[str, tuple[str, float]] = {}
        """By torrent: why the last action failed, and when the action may be tried again."""

    def tick(self) -> None:
        """Examines the next torrents. Call `tick` every second."""
        if not self._can_act():
            return
        wanted = self._global_goals()
        changed = self._wanted not in (None, wanted)
        self._wanted = wanted
        if changed:
            self._cursor = None
        self._examine_next()
        if changed and self._cursor is not None:
            self._group.create_task(self._examine_rest(wanted))

    async def _examine_rest(self, wanted: GoalsConfig) -> None:
        """Examines the other torrents of the round. Without actions, 10,000 torrents take less than a second."""
        while self._cursor is not None and self._wanted is wanted and self._can_act():
            await asyncio.sleep(PAUSE_S)
            if len(self._acting) < SLICE:
                self._examine_next()

    def _can_act(self) -> bool:
        return self._engine.up and not self._engine.stopping

    def _examine_next(self) -> None:
        chosen = self._catalogue.ids_after(self._cursor, SLICE)
        self._cursor = chosen[-1] if len(chosen) == SLICE else None
        for torrent in chosen:
            desired = self._catalogue.torrents.get(torrent)
            if desired is None or self._judge(desired) is None or torrent in self._acting:
                continue
            if torrent not in self._failed or time.monotonic() >= self._failed[torrent][1]:
                self._acting.add(torrent)
                self._group.create_task(self._act_on(torrent))

    def _judge(self, desired: DesiredTorrent) -> Verdict | None:
        """Returns the goal that a torrent has reached now. A torrent with `force_start` has no goals."""
        wanted = goals.in_force(desired.options, self._global_goals())
        if wanted.ratio is wanted.seeding_time_s is wanted.inactive_time_s is None:
            return None
        torrent, options = desired.torrent, desired.options
        if desired.paused or options.force_start or torrent not in self._snapshot.present:
            return None
        observed = self._snapshot.of(torrent)
        progress = observed.progress
        if observed.state not in COMPLETE_STATES or progress is None or not progress.bytes_total:
            return None
        counts = self._snapshot.totals.of(torrent)
        figures = Figures(
            ratio=ratio(counts.downloaded, counts.uploaded, progress.bytes_done),
            seeding_s=self._snapshot.totals.seeding_s(counts),
            quiet_from_s=counts.quiet_from_s,
        )
        return goals.judge(wanted, figures, desired.reached)

    async def _act_on(self, torrent: str) -> None:
        try:
            await self._act(torrent, self._judge)
        except OuzelError as error:
            if error.kind is ErrorKind.UNKNOWN_TORRENT:
                self._failed.pop(torrent, None)
                return
            before, _ = self._failed.get(torrent, ("", 0.0))
            if error.message != before:
                self._log.warning("goal_not_acted_on", torrent=torrent, problem=error.message)
            self._failed[torrent] = error.message, time.monotonic() + AGAIN_S
        else:
            self._failed.pop(torrent, None)
        finally:
            self._acting.discard(torrent)
