"""Carries out the action of a reached seeding goal. The effect is the same as of a client's command."""

from collections.abc import Callable

import msgspec

from protocol.wire.desired import DesiredTorrent
from protocol.wire.events.event import LifecycleEvent
from protocol.wire.events.torrent_events import GoalReached
from supervisor.commands.editor import Editor
from supervisor.commands.lifecycle.removing import Removing
from supervisor.commands.seeding.goals import Verdict
from supervisor.engine.engine import Engine
from supervisor.store.catalogue import Catalogue


class GoalActions:
    """Acts on seeding goals.

    Args:
        publish: publishes a lifecycle event.
    """

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        engine: Engine,
        editor: Editor,
        removing: Removing,
        publish: Callable[[LifecycleEvent], int],
    ) -> None:
        self._catalogue = catalogue
        self._engine = engine
        self._editor = editor
        self._removing = removing
        self._publish = publish

    async def act(self, torrent: str, judge: Callable[[DesiredTorrent], Verdict | None]) -> None:
        """Acts on a torrent's goal, durably and once.

        Args:
            judge: returns the reached goal. The torrent is locked during the call, so no command can change the
                torrent.

        Raises:
            OuzelError: the action failed. Nothing has changed, except after `OutcomeUnknown`.
        """
        async with self._editor.hold(torrent) as before:
            verdict = judge(before)
            if verdict is None:
                return
            told = GoalReached(torrent=before.torrent, goal=verdict.goal, action=verdict.action)
            match verdict.action:
                case "remove" | "remove_files":
                    await self._removing.leave(before, delete_files=verdict.action == "remove_files", because=told)
                    return
                case "pause":
                    after = msgspec.structs.replace(before, paused=True)
                case "super_seed":
                    after = msgspec.structs.replace(
                        before, options=msgspec.structs.replace(before.options, super_seeding=True)
                    )
            after = msgspec.structs.replace(after, reached=verdict.reached, revision=before.revision + 1)
            await self._catalogue.put(after)
            self._publish(told)
            self._engine.ensure(after)
