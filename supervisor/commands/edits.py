"""Edits of what is desired of one torrent: `edit(desired, command) -> desired`, one for each such command. Pure.

What an engine has found out, and a record is to have, is an edit, too.
"""

from typing import Any

import msgspec

from protocol.internal.link_events import TorrentRechecked
from protocol.wire.commands import (
    AddPeers,
    PauseTorrent,
    Recheck,
    ResumeTorrent,
    SetSequential,
    UpdateLimits,
    UpdateSelection,
)
from protocol.wire.desired import DesiredTorrent
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.reports import SettingsReport
from protocol.wire.results import PeersAccepted, SequentialAccepted
from supervisor.commands.arguments import by_index, check_rules, endpoints
from supervisor.commands.handlers import edits
from supervisor.store.identity import PEERS_KEPT


@edits(PauseTorrent)
def pause(desired: DesiredTorrent, _: PauseTorrent) -> DesiredTorrent:
    """It is to stand still."""
    return msgspec.structs.replace(desired, paused=True)


@edits(ResumeTorrent, afresh=True)
def resume(desired: DesiredTorrent, _: ResumeTorrent) -> DesiredTorrent:
    """It is to run."""
    return msgspec.structs.replace(desired, paused=False)


def _order(desired: DesiredTorrent, _: SetSequential) -> SequentialAccepted:
    return SequentialAccepted(torrent=desired.torrent, sequential=desired.sequential)


@edits(SetSequential, result=_order)
def set_sequential(desired: DesiredTorrent, command: SetSequential) -> DesiredTorrent:
    """Its pieces are to come in order, or not."""
    return msgspec.structs.replace(desired, sequential=command.sequential)


def limits_given(command: UpdateLimits) -> dict[str, int]:
    """The limits that a command sets, by name."""
    given = {"download_bps": command.download_bps, "upload_bps": command.upload_bps}
    return {name: value for name, value in given.items() if value is not msgspec.UNSET}


def _limits(desired: DesiredTorrent, _: UpdateLimits) -> SettingsReport:
    return SettingsReport(download_bps=desired.download_bps, upload_bps=desired.upload_bps)


@edits(UpdateLimits, result=_limits)
def update_limits(desired: DesiredTorrent, command: UpdateLimits) -> DesiredTorrent:
    """It is to have these limits."""
    return msgspec.structs.replace(desired, **limits_given(command))


@edits(UpdateSelection)
def update_selection(desired: DesiredTorrent, command: UpdateSelection) -> DesiredTorrent:
    """These files of it are wanted. Raises OuzelError: INVALID_ARGUMENT."""
    given: dict[str, Any] = {}
    if command.include is not msgspec.UNSET:
        given["include"] = tuple(command.include)
        given["only"] = None  # a link's `so` stands in the place of `include`
    if command.exclude is not msgspec.UNSET:
        given["exclude"] = tuple(command.exclude)
    if command.skip_fluff is not msgspec.UNSET:
        given["skip_fluff"] = command.skip_fluff
    if command.priorities is not msgspec.UNSET:
        given["priorities"] = by_index(command.priorities)
    selection = msgspec.structs.replace(desired.selection, **given)
    check_rules(selection, "args.include" if "include" in given else "args.exclude")
    return msgspec.structs.replace(desired, selection=selection)


@edits(Recheck)
def recheck(desired: DesiredTorrent, _: Recheck) -> DesiredTorrent:
    """Its files are to be hashed again, whoever vouched for them. Raises OuzelError: NO_METADATA."""
    if desired.source == "magnet" and desired.metainfo_crc32 is None and desired.metadata is None:
        problem = f"the metadata of torrent {desired.torrent} has not arrived yet, so there is nothing to hash"
        raise OuzelError(ErrorKind.NO_METADATA, f"{problem}; nothing was changed", retry_after_ms=1000)
    return msgspec.structs.replace(desired, recheck=desired.revision + 1, seed_mode=False)


@edits(TorrentRechecked)
def rechecked(desired: DesiredTorrent, fact: TorrentRechecked) -> DesiredTorrent:
    """They were, unless it was asked for again meanwhile."""
    return msgspec.structs.replace(desired, recheck=None) if desired.recheck == fact.revision else desired


def _peers(desired: DesiredTorrent, command: AddPeers) -> PeersAccepted:
    return PeersAccepted(torrent=desired.torrent, added=len(command.peers))


@edits(AddPeers, result=_peers)
def add_peers(desired: DesiredTorrent, command: AddPeers) -> DesiredTorrent:
    """These peers are to be called after each restart, and the earliest of too many not. Raises OuzelError."""
    given = endpoints(command.peers)
    kept = [peer for peer in desired.peers if peer not in given]
    new = [peer for peer in given if peer not in desired.peers]
    return msgspec.structs.replace(desired, peers=(*kept, *given)[-PEERS_KEPT:]) if new else desired
