"""The state of the session, from which the preferences are computed."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.daemon.daemon import Unavailable
from gateway.transmission.face import Face
from ouzel.client import calls
from ouzel.client.call import call_of, whole
from ouzel.errors import Refused
from protocol.wire.commands import session_commands
from protocol.wire.desired import SettingValue
from protocol.wire.reports import RootReport, SettingsReport
from protocol.wire.results import SettingList

PREFIX = "transmission."


@dataclass(frozen=True)
class State:
    """The session as it is.

    Fields:
        face: the face.
        settings: libtorrent's settings by name; empty while they are not known.
        limits: the session's limits; None while they are not known.
    """

    face: Face
    settings: Mapping[str, SettingValue]
    limits: SettingsReport | None

    def stored(self, name: str, default: Any) -> Any:
        """A preference that only the gateway stores."""
        return self.face.gateway.store.get(PREFIX + name, default)

    @property
    def roots(self) -> list[RootReport]:
        """The download roots."""
        stats = self.face.mirror.stats
        return [] if stats is None else stats.roots

    @property
    def download_dir(self) -> str:
        """The directory of torrents that are added without one."""
        chosen = self.stored("download-dir", None)
        return str(chosen) if chosen else self.roots[0].path if self.roots else ""


@dataclass
class Change:
    """What `session-set` will change.

    Fields:
        state: the state before.
        settings: libtorrent's settings.
        stored: preferences that only the gateway stores.
        limits: arguments of `update_limits`.
        queue: whether the queue decides when torrents run; None for no change.
    """

    state: State
    settings: dict[str, int | str | bool | None] = field(default_factory=dict)
    stored: dict[str, Any] = field(default_factory=dict)
    limits: dict[str, Any] = field(default_factory=dict)
    goals: dict[str, Any] = field(default_factory=dict)


async def read(face: Face) -> State:
    """Returns the state of the session. While the daemon is away, that is the last known state."""
    if not face.mirror.away:
        with contextlib.suppress(Refused, Unavailable):
            found = await face.gateway.daemon.run(call_of(session_commands.GetSettings(), whole(SettingList)))
            face.memory.settings = found
    found_settings = face.memory.settings
    if found_settings is None:
        return State(face, {}, face.mirror.settings)
    values = {name: each.value for name, each in found_settings.settings.items()}
    return State(face, values, found_settings.limits or face.mirror.settings)


async def apply(change: Change) -> None:
    """Makes a change. Raises Failure, or Unavailable."""
    face = change.state.face
    if change.settings:
        await face.run(calls.update_settings(change.settings))
    if change.limits:
        await face.run(calls.update_limits(**change.limits))
    for name, value in change.stored.items():
        await face.gateway.store.put(PREFIX + name, value)
