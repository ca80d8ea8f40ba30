"""The steps from the state that is applied to the one that is desired; none where they agree. Pure.

What a session has, and what resume data says, is given as desired state too, with what they cannot tell filled in from
what is desired. So one comparison serves commands, restores and the regular look at what is really there. All of it is
derived from one table of fields.
"""

import json
from collections.abc import Callable
from typing import Final, NamedTuple

from engine_proc.session.session_port import LibtSession
from protocol.wire.desired import DesiredTorrent


class Load(NamedTuple):
    """Add the torrent to the session, with everything as desired."""

    desired: DesiredTorrent


class Reload(NamedTuple):
    """Take it out and add it again from its resume data, for what cannot be changed on a torrent that is there."""

    desired: DesiredTorrent


class Inform(NamedTuple):
    """Give a magnet link that has no metadata the metainfo that is there now."""


class SetPaused(NamedTuple):
    """Pause it, or let it run."""

    paused: bool


class SetSelection(NamedTuple):
    """Give its files the priorities of this selection."""

    desired: DesiredTorrent


class Connect(NamedTuple):
    """Connect it to these peers."""

    peers: list[str]


class Recheck(NamedTuple):
    """Have its files hashed again."""


class Apply(NamedTuple):
    """Have the session take up members of a desired state, by one call.

    Fields:
        members: their names.
        call: the call.
        desired: what it is called with.
    """

    members: tuple[str, ...]
    call: Callable[[LibtSession, DesiredTorrent], None]
    desired: DesiredTorrent


Step = Load | Reload | Inform | SetPaused | SetSelection | Connect | Recheck | Apply


class Field(NamedTuple):
    """Members of a desired state that are compared, and applied, together.

    Fields:
        members: their names.
        step: what to do where they differ, of what is applied and what is desired; None for nothing.
        told: the session and resume data can tell them, so that a difference is news.
        words: how it is told; without them, the members are told with their values.
    """

    members: tuple[str, ...]
    step: Callable[[DesiredTorrent, DesiredTorrent], Step | None]
    told: bool = True
    words: str | None = None

    def differs(self, applied: DesiredTorrent, desired: DesiredTorrent) -> bool:
        """Whether any of the members does."""
        return any(getattr(applied, member) != getattr(desired, member) for member in self.members)


def _by_call(*members: str, call: Callable[[LibtSession, DesiredTorrent], None]) -> Field:
    return Field(members, lambda _, desired: Apply(members, call, desired))


def _reload(_: DesiredTorrent, desired: DesiredTorrent) -> Reload:
    return Reload(desired)


def _reload_renamed(applied: DesiredTorrent, desired: DesiredTorrent) -> Reload | None:
    """A link has named an info-hash that turned out to be another torrent's; one that was not known is no matter."""
    v1 = applied.info_hash_v1 not in (None, desired.info_hash_v1)
    v2 = applied.info_hash_v2 not in (None, desired.info_hash_v2)
    return Reload(desired) if v1 or v2 else None


def _inform(applied: DesiredTorrent, _: DesiredTorrent) -> Inform | None:
    return Inform() if applied.metainfo_crc32 is None else None


def _connect(applied: DesiredTorrent, desired: DesiredTorrent) -> Connect | None:
    new = [peer for peer in desired.peers if peer not in applied.peers]
    return Connect(new) if new else None


_FIELDS: Final = (
    Field(("save_path",), _reload),
    Field(("merged",), _reload, told=False),
    Field(("info_hash_v1", "info_hash_v2"), _reload_renamed, told=False),
    Field(("paused",), lambda _, desired: SetPaused(True) if desired.paused else None),
    Field(
        ("selection",),
        lambda _, desired: SetSelection(desired),
        words="the files' priorities are not those of the selection",
    ),
    _by_call("sequential", call=lambda session, desired: session.set_sequential(desired.torrent, desired.sequential)),
    _by_call(
        "download_bps",
        "upload_bps",
        call=lambda session, desired: session.set_limits(desired.torrent, desired.download_bps, desired.upload_bps),
    ),
    Field(("peers",), _connect, told=False),
    Field(("recheck",), lambda _, desired: None if desired.recheck is None else Recheck(), told=False),
    Field(("paused",), lambda _, desired: None if desired.paused else SetPaused(False), told=False),
    Field(("metainfo_crc32",), _inform, told=False),
)
"""In the order of the steps: a torrent is paused first, and let run after its selection, so that nothing is fetched
that is no longer wanted."""


def steps(applied: DesiredTorrent | None, desired: DesiredTorrent) -> list[Step]:
    """What to do so that `applied` (None: not loaded) becomes `desired`. Equal states give no steps."""
    if applied is None:
        return [Load(desired)]
    differing = [field for field in _FIELDS if field.differs(applied, desired)]
    found = [step for field in differing if (step := field.step(applied, desired)) is not None]
    reloads = [step for step in found if isinstance(step, Reload)]
    return [*reloads[:1]] or found


def differences(found: DesiredTorrent, desired: DesiredTorrent) -> list[str]:
    """What a session or resume data has otherwise than desired, in words; nothing where `steps` has nothing to do."""
    if found == desired:  # as nearly always: a thirtieth of the time that the fields take one by one
        return []
    told = [field for field in _FIELDS if field.told and field.differs(found, desired)]
    valued = [
        f"{member} is {json.dumps(has)} and not {json.dumps(wanted)}"
        for field in told
        if field.words is None
        for member in field.members
        if (has := getattr(found, member)) != (wanted := getattr(desired, member))
    ]
    return valued + [field.words for field in told if field.words is not None]
