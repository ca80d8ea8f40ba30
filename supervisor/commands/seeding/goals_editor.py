"""The goals editor: makes clients' changes of the global seeding goals durable. The goal keeper notices them."""

from collections.abc import Callable
from typing import Final

import msgspec

from protocol.wire.commands.goal_commands import UpdateGoals
from protocol.wire.events.event import LifecycleEvent
from protocol.wire.events.session_events import SettingsChanged
from protocol.wire.reports import GlobalGoals
from supervisor.commands.acceptance import SESSION, Acceptance
from supervisor.commands.handlers import handles
from supervisor.commands.seeding import global_goals
from supervisor.concurrency.keyed_locks import KeyedLocks
from supervisor.store.catalogue import Catalogue

_IN_FORCE: Final = 0
"""The revision of changes that do not affect libtorrent. This revision is already confirmed."""


class GoalsEditor:
    """Makes clients' changes of the global seeding goals durable.

    Args:
        locks: locks of torrents, by id, and of the session.
        report: returns the global goals.
        publish: publishes a lifecycle event.
    """

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        locks: KeyedLocks,
        report: Callable[[], GlobalGoals],
        publish: Callable[[LifecycleEvent], int],
    ) -> None:
        self._catalogue = catalogue
        self._locks = locks
        self._report = report
        self._publish = publish

    @handles(UpdateGoals)
    async def update(self, command: UpdateGoals, _: float) -> Acceptance:
        """Changes global goals. A change without effect is accepted, and nothing is written."""
        async with self._locks.hold(SESSION):
            self._catalogue.check_readable(None)
            await self._catalogue.ensure_settled(None)
            session = self._catalogue.session
            before, after = session.goals, global_goals.changed(session.goals, command)
            if after != before:
                await self._catalogue.put_session(msgspec.structs.replace(session, goals=after))
                names = after.__struct_fields__
                changed = [f"goals.{name}" for name in names if getattr(after, name) != getattr(before, name)]
                self._publish(SettingsChanged(changed=changed, overridden=[], restart_needed=[], source="client"))
            return Acceptance(self._report(), SESSION, _IN_FORCE)
