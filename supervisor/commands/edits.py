"""Edits of one torrent's desired state. Pure.

Each edit has the form `edit(desired, command) -> desired`. Edits of the session's desired state have the same form. The
editor calls them by name, because there are few.

An engine's finding is an edit, too, if the record stores the finding.
"""

from typing import Any

import msgspec

from protocol.internal.link_events import TorrentRechecked
from protocol.wire.commands.peer_commands import BanPeer, UnbanPeer
from protocol.wire.commands.torrent_commands import (
    AddPeers,
    PauseTorrent,
    Recheck,
    ResumeTorrent,
    SetSequential,
    UpdateLimits,
    UpdateSelection,
)
from protocol.wire.commands.tracker_commands import UpdateTrackers, UpdateWebSeeds
from protocol.wire.desired import ADDRESSES_MAX, BANS_MAX, DesiredTorrent, TrackerEdits
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.reports import SettingsReport
from protocol.wire.results import PeersAccepted, SequentialAccepted
from protocol.wire.session.desired_session import DesiredSession
from supervisor.commands.arguments import by_index, check_rules, check_url, endpoints, peer_ip, tiers
from supervisor.commands.handlers import edits
from supervisor.store.identity import PEERS_KEPT


@edits(PauseTorrent)
def pause(desired: DesiredTorrent, _: PauseTorrent) -> DesiredTorrent:
    """Pauses the torrent."""
    return msgspec.structs.replace(desired, paused=True)


@edits(ResumeTorrent, afresh=True)
def resume(desired: DesiredTorrent, _: ResumeTorrent) -> DesiredTorrent:
    """Resumes the torrent."""
    return msgspec.structs.replace(desired, paused=False)


def _order(desired: DesiredTorrent, _: SetSequential) -> SequentialAccepted:
    return SequentialAccepted(torrent=desired.torrent, sequential=desired.sequential)


@edits(SetSequential, result=_order)
def set_sequential(desired: DesiredTorrent, command: SetSequential) -> DesiredTorrent:
    """Turns sequential download on or off."""
    return msgspec.structs.replace(desired, sequential=command.sequential)


def limits_given(command: UpdateLimits) -> dict[str, int]:
    """Returns the limits that a command sets, by name."""
    given = {"download_bps": command.download_bps, "upload_bps": command.upload_bps}
    return {name: value for name, value in given.items() if value is not msgspec.UNSET}


def _limits(desired: DesiredTorrent, _: UpdateLimits) -> SettingsReport:
    return SettingsReport(download_bps=desired.download_bps, upload_bps=desired.upload_bps)


@edits(UpdateLimits, result=_limits)
def update_limits(desired: DesiredTorrent, command: UpdateLimits) -> DesiredTorrent:
    """Sets the torrent's rate limits."""
    return msgspec.structs.replace(desired, **limits_given(command))


@edits(UpdateSelection)
def update_selection(desired: DesiredTorrent, command: UpdateSelection) -> DesiredTorrent:
    """Changes the file selection. Raises OuzelError: INVALID_ARGUMENT."""
    given: dict[str, Any] = {}
    if command.include is not msgspec.UNSET:
        given["include"] = tuple(command.include)
        given["only"] = None  # `include` replaces the `so` parameter of a magnet link (BEP 53)
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
    """Requests a recheck of all files, and ends seed mode. Raises OuzelError: NO_METADATA."""
    if desired.source == "magnet" and desired.metainfo_crc32 is None and desired.metadata is None:
        problem = f"the metadata of torrent {desired.torrent} has not arrived yet, so there is nothing to hash"
        raise OuzelError(ErrorKind.NO_METADATA, f"{problem}; nothing was changed", retry_after_ms=1000)
    return msgspec.structs.replace(desired, recheck=desired.revision + 1, seed_mode=False)


@edits(TorrentRechecked)
def rechecked(desired: DesiredTorrent, fact: TorrentRechecked) -> DesiredTorrent:
    """Marks a recheck as done. Does nothing if another recheck was requested meanwhile."""
    return msgspec.structs.replace(desired, recheck=None) if desired.recheck == fact.revision else desired


@edits(UpdateTrackers)
def update_trackers(desired: DesiredTorrent, command: UpdateTrackers) -> DesiredTorrent:
    """Changes the list of trackers. Raises OuzelError: INVALID_ARGUMENT."""
    added = tiers(command.add, "args.add")
    removed = command.remove
    if both := added.keys() & removed:
        problem = f"args.remove: {min(both)!r} is in `add`, too"
        raise OuzelError(ErrorKind.INVALID_ARGUMENT, problem, field="args.remove")
    before = edited = desired.tracker_edits or TrackerEdits()
    trackers = desired.trackers
    if command.replace is not msgspec.UNSET:
        trackers, edited = (), edited.replace(tiers(command.replace, "args.replace").items())
    edited = edited.remove(removed).add(added.items()) if removed or added else edited
    trackers = tuple(url for url in trackers if url not in edited.removed)
    if len(edited.added) + len(edited.removed) + len(trackers) > ADDRESSES_MAX:
        field = "args.add" if added else "args.remove"
        problem = f"{field}: more than {ADDRESSES_MAX} trackers of the torrent were changed; `replace` the list"
        raise OuzelError(ErrorKind.INVALID_ARGUMENT, problem, field=field)
    if edited == before and trackers == desired.trackers:
        return desired
    return msgspec.structs.replace(desired, trackers=trackers, tracker_edits=edited)


@edits(UpdateWebSeeds)
def update_web_seeds(desired: DesiredTorrent, command: UpdateWebSeeds) -> DesiredTorrent:
    """Adds and removes web seeds. Raises OuzelError: INVALID_ARGUMENT."""
    for index, url in enumerate(command.add):
        check_url(url, f"args.add[{index}]")
    added, gone = ({url.removesuffix("/"): url for url in urls} for urls in (command.add, command.remove))
    if both := added.keys() & gone.keys():
        problem = f"args.remove: {gone[min(both)]!r} is in `add`, too"
        raise OuzelError(ErrorKind.INVALID_ARGUMENT, problem, field="args.remove")
    removed = {url.removesuffix("/"): url for url in desired.removed_web_seeds} | gone
    removed_urls = tuple(url for plain, url in removed.items() if plain not in added)
    present = {url.removesuffix("/"): url for url in desired.web_seeds}
    web_seeds = tuple(url for plain, url in (present | added | present).items() if plain not in gone)
    if len(web_seeds) + len(removed_urls) > ADDRESSES_MAX:
        field = "args.add" if added else "args.remove"
        problem = f"{field}: a torrent has at most {ADDRESSES_MAX} added and removed web seeds"
        raise OuzelError(ErrorKind.INVALID_ARGUMENT, problem, field=field)
    return msgspec.structs.replace(desired, web_seeds=web_seeds, removed_web_seeds=removed_urls)


def _peers(desired: DesiredTorrent, command: AddPeers) -> PeersAccepted:
    return PeersAccepted(torrent=desired.torrent, added=len(command.peers))


@edits(AddPeers, result=_peers)
def add_peers(desired: DesiredTorrent, command: AddPeers) -> DesiredTorrent:
    """Stores peers to connect to after each restart. Beyond PEERS_KEPT, drops the oldest. Raises OuzelError."""
    given = endpoints(command.peers)
    kept = [peer for peer in desired.peers if peer not in given]
    new = [peer for peer in given if peer not in desired.peers]
    return msgspec.structs.replace(desired, peers=(*kept, *given)[-PEERS_KEPT:]) if new else desired


def ban_peer(session: DesiredSession, command: BanPeer) -> DesiredSession:
    """Bans the peer's address. Raises OuzelError: INVALID_ARGUMENT."""
    address = peer_ip(command.peer)
    if address in session.banned:
        return session
    if len(session.banned) >= BANS_MAX:
        problem = f"args.peer: {BANS_MAX} addresses are banned already, and no more can be; `unban_peer` lifts a ban"
        raise OuzelError(ErrorKind.INVALID_ARGUMENT, problem, field="args.peer")
    return msgspec.structs.replace(session, banned=(*session.banned, address))


def unban_peer(session: DesiredSession, command: UnbanPeer) -> DesiredSession:
    """Lifts the ban of the peer's address. Raises OuzelError: INVALID_ARGUMENT."""
    address = peer_ip(command.peer)
    return msgspec.structs.replace(session, banned=tuple(each for each in session.banned if each != address))
