"""libtorrent's `add_torrent_params`, made to say what is desired; and what of the desired they say."""

from collections.abc import Sequence
from typing import Any, Final

import libtorrent
import msgspec

from engine_proc.files import magnet_link, selection
from engine_proc.libtorrent import libtorrent_files, libtorrent_sources
from engine_proc.libtorrent.libtorrent_files import Choose, choose_at_once
from engine_proc.libtorrent.libtorrent_hashes import hash_of, hashes
from engine_proc.session.session_port import InvalidSource, Metainfo, SourceInfo
from protocol.text import peer_address
from protocol.wire.desired import DesiredTorrent, Selection

lt: Any = libtorrent
"""Untyped: the binding's stubs want class instances where the binding itself takes dictionaries."""

_FLAGS: Final = lt.torrent_flags
_ALWAYS: Final = _FLAGS.update_subscribe | _FLAGS.apply_ip_filter | _FLAGS.duplicate_is_error
_PAUSED: Final = _FLAGS.paused
_SEQUENTIAL: Final = _FLAGS.sequential_download
SPARED: Final = ".ouzel-spared"
"""A folder that is never made."""


def load(desired: DesiredTorrent, *, metainfo: Metainfo, resume: bytes | None, choose: Choose = choose_at_once) -> Any:
    """The parameters to add a torrent with: from its resume data if there is any, as desired. Raises InvalidSource."""
    params = libtorrent_sources.parse(desired, metainfo=metainfo, resume=resume)
    apply_desired(params, desired, resumed=resume is not None, choose=choose)
    return params


def stored(
    params: Any, desired: DesiredTorrent, file_priorities: Sequence[int], choose: Choose = choose_at_once
) -> DesiredTorrent:
    """What parameters from resume data say of what is desired; whether it was paused is not compared.

    Returns:
        `desired` itself where they say the same.
    """
    return observed(
        desired,
        save_path=params.save_path,
        paused=desired.paused,
        flags=params.flags,
        limits=(params.download_limit, params.upload_limit),
        info=params.ti,
        file_priorities=file_priorities,
        choose=choose,
    )


def observed(
    desired: DesiredTorrent,
    *,
    save_path: str,
    paused: bool,
    flags: int,
    limits: tuple[int, int],
    info: Any,
    file_priorities: Sequence[int],
    choose: Choose = choose_at_once,
) -> DesiredTorrent:
    """What is desired, with libtorrent's values in place. Padding has a priority of libtorrent's own.

    Returns:
        `desired` itself where there is no difference, as there is none with most of ten thousand torrents.
    """
    selected = desired.selection
    if info is not None:
        storage = info.layout()
        wanted = libtorrent_files.priorities(storage, desired, choose)
        found = [int(each) for each in file_priorities] + [selection.DEFAULT] * (len(wanted) - len(file_priorities))
        if found != wanted:
            other = {
                str(index): priority
                for index, priority in enumerate(found)
                if priority != wanted[index] and not storage.file_flags(index) & storage.flag_pad_file
            }
            if other:
                selected = Selection(priorities=other)
    sequential = bool(flags & _SEQUENTIAL)
    download_bps, upload_bps = max(0, limits[0]), max(0, limits[1])
    if (
        selected is desired.selection
        and save_path == desired.save_path
        and paused == desired.paused
        and sequential == desired.sequential
        and download_bps == desired.download_bps
        and upload_bps == desired.upload_bps
    ):
        return desired
    return msgspec.structs.replace(
        desired,
        save_path=save_path,
        paused=paused,
        sequential=sequential,
        download_bps=download_bps,
        upload_bps=upload_bps,
        selection=selected,
    )


def apply_desired(
    params: Any,
    desired: DesiredTorrent,
    *,
    resumed: bool,
    stored: DesiredTorrent | None = None,
    choose: Choose = choose_at_once,
) -> None:
    """Makes the parameters say what is desired, whatever they said before. Raises InvalidSource.

    Args:
        stored: what `stored` has found in them; where that is `desired` itself, there is little to do.
    """
    hashes = params.info_hashes
    if desired.torrent != str(hashes.v1) and desired.torrent != str(hashes.v2):
        raise InvalidSource(f"it is of another torrent, {hash_of(hashes)}")
    agreed = stored is desired
    if not agreed:
        params.save_path = desired.save_path
        params.download_limit = desired.download_bps or -1
        params.upload_limit = desired.upload_bps or -1
    flags = _ALWAYS
    if desired.paused:
        flags |= _PAUSED
    if desired.sequential:
        flags |= _SEQUENTIAL
    if desired.seed_mode and not resumed:
        flags |= _FLAGS.seed_mode
    if params.ti is not None:
        storage = params.ti.layout()
        if not agreed or len(params.file_priorities) != storage.num_files():
            params.file_priorities = libtorrent_files.priorities(storage, desired, choose)
    else:
        # Nothing may be fetched between the arrival of the metadata and the moment the selection was applied to it.
        flags |= _FLAGS.default_dont_download
        params.file_priorities = []
    params.flags = flags
    if resumed:
        # These follow from the selection when they were saved, and would go before what it is now.
        params.piece_priorities = []
    # Each of these is a copy into Python and one back, which counts with ten thousand torrents.
    if desired.peers:
        params.peers = [*params.peers, *(endpoint(peer) for peer in desired.peers)]
    if desired.trackers:
        known = params.trackers
        params.trackers = [*known, *(tracker for tracker in desired.trackers if tracker not in known)]
    if desired.web_seeds:
        known = params.url_seeds
        params.url_seeds = [*known, *(url for url in desired.web_seeds if url not in known)]


def spare(params: Any, desired: DesiredTorrent) -> None:
    """Gives the files that are not to be deleted names that nothing has; what libtorrent deletes goes by names."""
    if desired.removal == "delete_files" and desired.spared and params.ti is not None:
        names = {number: f"{SPARED}/{desired.torrent}/{number}" for number in desired.spared}
        params.renamed_files = {**params.renamed_files, **names}


def endpoint(peer: str) -> tuple[str, int]:
    """`address:port` as libtorrent takes it."""
    host, port = peer_address.split(peer)
    return host, int(port)


def inspect(magnet: str | None, metainfo: bytes | None, save_path: str | None) -> SourceInfo:
    """What a source is. Raises InvalidSource."""
    only = None
    if magnet is not None:
        params = libtorrent_sources.parse_magnet(magnet)
        only = magnet_link.read(magnet).only
    else:
        params = libtorrent_sources.parse_metainfo(metainfo or b"")
        if params.ti.ssl_cert():
            raise InvalidSource("it is an SSL torrent, whose peers want a certificate, and Ouzel has none for them")
    metadata = None if params.ti is None else libtorrent_files.known(params.ti)
    name = params.name if metadata is None else metadata.name
    paths: Sequence[str] = ()
    if save_path is not None:
        params.save_path = save_path
        paths = libtorrent_files.paths(params)
        libtorrent_files.check_paths(paths)
    parsed = params if magnet is None and save_path is not None else None
    return SourceInfo(hash_of(params.info_hashes), name, paths, metadata, only, hashes(params.info_hashes), parsed)
