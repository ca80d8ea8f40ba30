"""The steps from the state that is applied to the one that is desired; none where they agree. Pure.

What a session has, and what resume data says, is given as desired state too, with what they cannot tell filled in from
what is desired. So one comparison serves commands, restores and the regular look at what is really there.
"""

import json
from typing import Final, NamedTuple

import msgspec

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


class SetSequential(NamedTuple):
    """Download in order, or rarest first."""

    sequential: bool


class SetLimits(NamedTuple):
    """Give it these rate limits."""

    download_bps: int
    upload_bps: int


class SetSelection(NamedTuple):
    """Give its files the priorities of this selection."""

    desired: DesiredTorrent


class Connect(NamedTuple):
    """Connect it to these peers."""

    peers: list[str]


Step = Load | Reload | Inform | SetPaused | SetSequential | SetLimits | SetSelection | Connect


def steps(applied: DesiredTorrent | None, desired: DesiredTorrent) -> list[Step]:
    """What to do so that `applied` (None: not loaded) becomes `desired`. Equal states give no steps.

    A selection comes before letting a torrent run, so that nothing is fetched that is no longer wanted.
    """
    if applied is None:
        return [Load(desired)]
    if applied.save_path != desired.save_path or applied.merged != desired.merged or _renamed(applied, desired):
        return [Reload(desired)]
    if applied.metainfo_crc32 is None and desired.metainfo_crc32 is not None:
        return [*steps(msgspec.structs.replace(applied, metainfo_crc32=desired.metainfo_crc32), desired), Inform()]
    found: list[Step] = []
    if desired.paused and not applied.paused:
        found.append(SetPaused(True))
    if applied.selection != desired.selection:
        found.append(SetSelection(desired))
    if applied.sequential != desired.sequential:
        found.append(SetSequential(desired.sequential))
    if (applied.download_bps, applied.upload_bps) != (desired.download_bps, desired.upload_bps):
        found.append(SetLimits(desired.download_bps, desired.upload_bps))
    if new := [peer for peer in desired.peers if peer not in applied.peers]:
        found.append(Connect(new))
    if applied.paused and not desired.paused:
        found.append(SetPaused(False))
    return found


def _renamed(applied: DesiredTorrent, desired: DesiredTorrent) -> bool:
    """Whether a link has named an info-hash that turned out to be another torrent's."""
    return any(
        has is not None and has != wanted
        for has, wanted in (
            (applied.info_hash_v1, desired.info_hash_v1),
            (applied.info_hash_v2, desired.info_hash_v2),
        )
    )


_COMPARED: Final = ("save_path", "paused", "sequential", "download_bps", "upload_bps")


def differences(found: DesiredTorrent, desired: DesiredTorrent) -> list[str]:
    """What a session or resume data has otherwise than desired, in words; nothing where `steps` has nothing to do."""
    told = []
    for name in _COMPARED:
        has, wanted = getattr(found, name), getattr(desired, name)
        if has != wanted:
            told.append(f"{name} is {json.dumps(has)} and not {json.dumps(wanted)}")
    if found.selection != desired.selection:
        told.append("the files' priorities are not those of the selection")
    return told
