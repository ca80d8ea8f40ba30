"""The state of the session, from which the preferences are computed."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.daemon.daemon import Unavailable
from gateway.store.queueing import QUEUEING, queueing
from gateway.transmission.face import Face
from gateway.transmission.stored import PREFIX
from ouzel.client import calls
from ouzel.client.call import call_of, whole
from ouzel.errors import Refused
from protocol.wire.commands import session_commands
from protocol.wire.desired import SettingValue
from protocol.wire.reports import GlobalGoals, RootReport, SettingsReport, StatsReport
from protocol.wire.results import SettingList


@dataclass(frozen=True)
class State:
    """The present state of the session.

    Fields:
        face: the face.
        settings: libtorrent's settings by name. Empty if they are not known.
        limits: the session's limits. None if they are not known.
        goals: the global seeding goals. None if they are not known.
        stats: the report of `stats`. None if it is not known.
    """

    face: Face
    settings: Mapping[str, SettingValue]
    limits: SettingsReport | None
    goals: GlobalGoals | None
    stats: StatsReport | None

    def stored(self, name: str, default: Any) -> Any:
        """A preference that only the gateway stores."""
        return self.face.gateway.store.get(PREFIX + name, default)

    @property
    def queueing(self) -> bool:
        """Whether the queue decides when torrents run."""
        return queueing(self.face.gateway.store)

    @property
    def roots(self) -> list[RootReport]:
        """The download roots."""
        return [] if self.stats is None else self.stats.roots

    @property
    def download_dir(self) -> str:
        """The directory of torrents that a client adds without a directory."""
        chosen = self.stored("download-dir", None)
        return str(chosen) if chosen else self.roots[0].path if self.roots else ""


@dataclass
class Change:
    """The changes of a `session-set`.

    Fields:
        state: the state before the change.
        settings: new values of libtorrent's settings.
        stored: new values of preferences that only the gateway stores.
        limits: the arguments of `update_limits`.
        goals: the arguments of `update_goals`.
        queueing: whether the queue decides when torrents run; None for no change.
    """

    state: State
    settings: dict[str, int | str | bool | None] = field(default_factory=dict)
    stored: dict[str, Any] = field(default_factory=dict)
    limits: dict[str, Any] = field(default_factory=dict)
    goals: dict[str, Any] = field(default_factory=dict)
    queueing: bool | None = None


async def read(face: Face, *, fresh: bool = False) -> State:
    """Returns the state of the session. While the daemon is away, returns the last known state.

    Args:
        fresh: whether to raise Refused or Unavailable instead of returning an older state.
    """
    daemon, memory = face.gateway.daemon, face.memory
    if fresh or not face.mirror.away:
        with contextlib.nullcontext() if fresh else contextlib.suppress(Refused, Unavailable):
            memory.settings = await daemon.run(call_of(session_commands.GetSettings(), whole(SettingList)))
            memory.goals = await daemon.run(calls.get_goals())
            if face.mirror.stats is None:
                memory.stats = await daemon.run(calls.stats())
    settings = memory.settings
    values = {} if settings is None else {name: each.value for name, each in settings.settings.items()}
    limits = None if settings is None else settings.limits
    return State(face, values, limits or face.mirror.settings, memory.goals, face.mirror.stats or memory.stats)


async def apply(change: Change) -> None:
    """Applies a change. Raises Failure, or Unavailable."""
    face = change.state.face
    if change.settings:
        await face.run(calls.update_settings(change.settings))
    if change.limits:
        face.mirror.settings = await face.run(calls.update_limits(**change.limits))
    if change.goals:
        await face.run(calls.update_goals(**change.goals))
        await face.gateway.daemon.refresh_rows()
    managed = change.queueing
    if managed is not None and managed != change.state.queueing:
        torrents = list(face.mirror.torrents.values())
        await face.gateway.store.put(QUEUEING, managed)
        await face.change(torrents, [calls.update_options(each.row.torrent, auto_managed=managed) for each in torrents])
    for name, value in change.stored.items():
        await face.gateway.store.put(PREFIX + name, value)
