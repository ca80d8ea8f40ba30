"""Converts desired state to libtorrent's `add_torrent_params`, and back."""

from collections.abc import Sequence
from typing import Any, Final

import libtorrent
import msgspec

from engine_proc.files import magnet_link, selection
from engine_proc.files.end_pieces import piece_priorities
from engine_proc.libtorrent_adapter.parsing import libtorrent_files, libtorrent_foreign, libtorrent_sources
from engine_proc.libtorrent_adapter.parsing.libtorrent_files import Choose, choose_at_once
from engine_proc.libtorrent_adapter.parsing.libtorrent_flags import flags_of, observed_options
from engine_proc.libtorrent_adapter.parsing.libtorrent_hashes import hash_of, hashes, text_of
from engine_proc.session.session_port import InvalidSource, Metainfo, SourceInfo
from protocol.text import peer_address
from protocol.wire.desired import ContentLayout, DesiredTorrent, Selection, edited_web_seeds

lt: Any = libtorrent
"""Untyped: the binding's type stubs require class instances where the binding itself accepts dictionaries."""

_FLAGS: Final = lt.torrent_flags
_ALWAYS: Final = _FLAGS.update_subscribe | _FLAGS.apply_ip_filter | _FLAGS.duplicate_is_error
_PAUSED: Final = _FLAGS.paused
_SEQUENTIAL: Final = _FLAGS.sequential_download
SPARED: Final = ".ouzel-spared"
"""The name of a folder that is never created."""


def load(desired: DesiredTorrent, *, metainfo: Metainfo, resume: bytes | None, choose: Choose = choose_at_once) -> Any:
    """The parameters for adding a torrent, from its stored data, with the desired state applied.

    Raises InvalidSource.
    """
    params = libtorrent_sources.parse(desired, metainfo=metainfo, resume=resume)
    apply_desired(params, desired, resumed=resume is not None, choose=choose)
    return params


def stored(
    params: Any, desired: DesiredTorrent, file_priorities: Sequence[int], choose: Choose = choose_at_once
) -> DesiredTorrent:
    """The desired state with the values in the resume data of `params`.

    The pause state and the queue state are not replaced.

    Returns:
        `desired` itself if there is no difference.
    """
    return observed(
        desired,
        save_path=params.save_path,
        paused=desired.paused,
        managed=desired.managed,
        flags=params.flags,
        limits=(params.download_limit, params.upload_limit),
        peer_limits=(params.max_connections, params.max_uploads),
        info=params.ti,
        file_priorities=file_priorities,
        choose=choose,
    )


def observed(
    desired: DesiredTorrent,
    *,
    save_path: str,
    paused: bool,
    managed: bool,
    flags: int,
    limits: tuple[int, int],
    peer_limits: tuple[int, int],
    info: Any,
    file_priorities: Sequence[int],
    choose: Choose = choose_at_once,
) -> DesiredTorrent:
    """The desired state with libtorrent's values. Only the priority of padding is not replaced.

    Args:
        managed: whether libtorrent's queue decides when the torrent runs.
        limits: the download and the upload limit.
        peer_limits: the maximum number of connections and of uploads.

    Returns:
        `desired` itself if there is no difference.
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
    options = observed_options(desired, flags, *peer_limits, managed=managed)
    if (
        selected is desired.selection
        and save_path == desired.save_path
        and paused == desired.paused
        and sequential == desired.sequential
        and download_bps == desired.download_bps
        and upload_bps == desired.upload_bps
        and options is desired.options
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
        options=options,
    )


def apply_desired(
    params: Any,
    desired: DesiredTorrent,
    *,
    resumed: bool,
    stored: DesiredTorrent | None = None,
    choose: Choose = choose_at_once,
) -> None:
    """Changes the parameters to the desired state. Raises InvalidSource.

    Args:
        stored: the result of `stored` for these parameters. If `stored` is `desired` itself, little has to be changed.
    """
    hashes = params.info_hashes
    if desired.torrent != text_of(hashes.v1) and desired.torrent != text_of(hashes.v2):
        raise InvalidSource(f"it is of another torrent, {hash_of(hashes)}")
    agreed = stored is desired
    if not agreed:
        params.save_path = desired.save_path
        params.download_limit = desired.download_bps or -1
        params.upload_limit = desired.upload_bps or -1
        params.max_connections = desired.options.max_connections or -1
        params.max_uploads = desired.options.max_uploads or -1
    flags = _ALWAYS | flags_of(desired.options)
    if desired.paused:
        flags |= _PAUSED
    elif desired.managed:
        flags |= _PAUSED | _FLAGS.auto_managed  # it waits until the queue lets it run
    if desired.sequential:
        flags |= _SEQUENTIAL
    if desired.seed_mode and not resumed:
        flags |= _FLAGS.seed_mode
    if params.ti is not None:
        libtorrent_files.lay_out(params, desired.content_layout)
        if desired.renames:  # they override those in resume data, which may be older
            params.renamed_files = {**params.renamed_files, **dict(desired.renames)}
        storage = params.ti.layout()
        if not agreed or len(params.file_priorities) != storage.num_files():
            params.file_priorities = libtorrent_files.priorities(storage, desired, choose)
    else:
        # No file may be downloaded between the arrival of the metadata and the application of the selection.
        flags |= _FLAGS.default_dont_download
        params.file_priorities = []
    params.flags = flags
    if resumed:
        # These result from the selection when they were saved, and would override the present selection.
        params.piece_priorities = []
    if desired.options.first_last_piece_first and params.ti is not None:
        params.piece_priorities = _with_ends_first(params)  # before the first piece is requested
    # Each of these accesses copies into Python and back, which matters with 10,000 torrents.
    if desired.peers:
        params.peers = [*params.peers, *(endpoint(peer) for peer in desired.peers)]
    if desired.trackers:
        known = params.trackers
        params.trackers = [*known, *(tracker for tracker in desired.trackers if tracker not in known)]
    if desired.tracker_edits is not None:
        trackers = desired.tracker_edits.apply(libtorrent_sources.take_trackers(params))
        libtorrent_sources.give_trackers(params, trackers)
    if desired.web_seeds or desired.removed_web_seeds:
        params.url_seeds = edited_web_seeds(params.url_seeds, desired)


def _with_ends_first(params: Any) -> list[int]:
    storage, given = params.ti.layout(), params.file_priorities
    files = [
        (storage.file_offset(index), storage.file_size(index), int(given[index]))
        for index in range(storage.num_files())
        if not storage.file_flags(index) & storage.flag_pad_file
    ]
    return piece_priorities(files, storage.piece_length(), storage.num_pieces())


def spare(params: Any, desired: DesiredTorrent) -> None:
    """Renames files in the parameters, so that libtorrent does not delete them. The new names do not exist on disk."""
    if desired.removal == "delete_files" and desired.spared and params.ti is not None:
        names = {number: f"{SPARED}/{desired.torrent}/{number}" for number in desired.spared}
        params.renamed_files = {**params.renamed_files, **names}


def endpoint(peer: str) -> tuple[str, int]:
    """Converts `address:port` to the form that libtorrent accepts."""
    host, port = peer_address.split(peer)
    return host, int(port)


def inspect(
    magnet: str | None,
    metainfo: bytes | None,
    save_path: str | None,
    layout: ContentLayout = "original",
    resume: bytes | None = None,
) -> SourceInfo:
    """Parses a source, and returns its description of the torrent. Raises InvalidSource."""
    only = None
    if magnet is not None:
        params = libtorrent_sources.parse_magnet(magnet)
        only = magnet_link.read(magnet).only
    else:
        params = libtorrent_sources.parse_metainfo(metainfo or b"")
        if params.ti.ssl_cert():
            raise InvalidSource("it is an SSL torrent, whose peers want a certificate, and Ouzel has none for them")
    paths: Sequence[str] = ()
    trackers, web_seeds = libtorrent_sources.trackers_of(params), params.url_seeds
    claims = None if resume is None else libtorrent_foreign.adopt(params, resume)
    if save_path is not None:
        params.save_path = save_path
        libtorrent_files.lay_out(params, layout)
        paths = libtorrent_files.paths(params)
        libtorrent_files.check_paths(paths)
    metadata = None if params.ti is None else libtorrent_files.known(params)
    name = params.name if metadata is None else metadata.name
    parsed = params if magnet is None and save_path is not None and resume is None else None
    return SourceInfo(
        hash_of(params.info_hashes),
        name,
        paths,
        metadata,
        only,
        hashes(params.info_hashes),
        parsed,
        private=params.ti is not None and params.ti.priv(),
        trackers=trackers,
        web_seeds=web_seeds,
        resume=claims,
    )
