"""From desired state and stored bytes to libtorrent's `add_torrent_params`, and from its files to a layout."""

import itertools
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

import libtorrent
import msgspec

from engine_proc.files import magnet_link, own_paths, selected_bytes, selection
from engine_proc.files.selected_bytes import FileSpan, SelectedBytes
from engine_proc.session.session_port import InvalidSource, Layout, Metainfo
from engine_proc.trackers.held_trackers import Trackers
from protocol.wire.desired import ADDRESSES_MAX, DesiredTorrent, KnownMetadata, Selection
from protocol.wire.events import FileEntry

lt: Any = libtorrent
"""Untyped: the binding's stubs want class instances where the binding itself takes dictionaries."""

METAINFO_LIMITS: Final = {
    "max_buffer_size": 16 * 1024 * 1024,
    "max_pieces": 1_000_000,
    "max_decode_depth": 100,
    "max_decode_tokens": 4_000_000,
}
RESUME_LIMITS: Final = {**METAINFO_LIMITS, "max_buffer_size": 64 * 1024 * 1024}

TIER_MAX: Final = 255
"""A tier has 8 bits in libtorrent, and its binding raises OverflowError; what is beyond shares the last one."""

PATH_MAX: Final = 4095
"""Bytes of a path, as the system takes it."""

Choose = Callable[[DesiredTorrent, Sequence[str]], list[int]]
"""The priority of each file by what is desired, given the files' paths. May raise NotSelected."""

_FLAGS: Final = lt.torrent_flags
_ALWAYS: Final = _FLAGS.update_subscribe | _FLAGS.apply_ip_filter | _FLAGS.duplicate_is_error
_PAUSED: Final = _FLAGS.paused
_SEQUENTIAL: Final = _FLAGS.sequential_download
_EVERYTHING: Final = Selection()
SPARED: Final = ".ouzel-spared"
"""A folder that is never made."""


def choose_at_once(desired: DesiredTorrent, paths: Sequence[str]) -> list[int]:
    """The priority of each file, however long that takes."""
    return selection.priorities(paths, desired.selection, rooted=any("/" in path for path in paths))


def hash_of(info_hashes: Any) -> str:
    """Ouzel's id for a torrent: v1 where it has one (40 digits), else v2 (64 digits)."""
    return str(info_hashes.v1 if info_hashes.has_v1() else info_hashes.v2)


def both_hashes(info_hashes: Any) -> tuple[str | None, str | None]:
    """The v1 and the v2 info-hash in hexadecimal, None for one that is not there."""
    return (
        str(info_hashes.v1) if info_hashes.has_v1() else None,
        str(info_hashes.v2) if info_hashes.has_v2() else None,
    )


def parse_magnet(magnet: str) -> Any:
    """A magnet link's parameters. Raises InvalidSource."""
    link = magnet_link.read(magnet)
    try:
        params = lt.parse_magnet_uri(link.uri)
    except RuntimeError as error:
        raise InvalidSource(str(error)) from error
    if link.name is not None:
        params.name = link.name
    check_text(params)
    check_amounts(params)
    if not params.info_hashes.has_v1() and not params.info_hashes.has_v2():
        raise InvalidSource("its info-hash is zero, which no torrent has")
    return params


def parse_metainfo(metainfo: bytes) -> Any:
    """A .torrent file's parameters. Raises InvalidSource."""
    try:
        params = lt.load_torrent_buffer(metainfo, METAINFO_LIMITS)
    except RuntimeError as error:
        raise InvalidSource(str(error)) from error
    check_text(params)
    check_amounts(params)
    return params


def parse_resume(resume: bytes) -> Any:
    """Resume data's parameters. Raises InvalidSource."""
    try:
        params = lt.read_resume_data(resume, RESUME_LIMITS)
    except RuntimeError as error:
        raise InvalidSource(str(error)) from error
    check_text(params)
    return params


def read(metainfo: Metainfo) -> bytes | None:
    """The content of the .torrent file, None where there is none."""
    return metainfo() if callable(metainfo) else metainfo


def load(desired: DesiredTorrent, *, metainfo: Metainfo, resume: bytes | None, choose: Choose = choose_at_once) -> Any:
    """The parameters to add a torrent with: from its resume data if there is any, as desired. Raises InvalidSource."""
    params = parse(desired, metainfo=metainfo, resume=resume)
    apply_desired(params, desired, resumed=resume is not None, choose=choose)
    return params


def parse(desired: DesiredTorrent, *, metainfo: Metainfo, resume: bytes | None) -> Any:
    """The parameters as they are stored. Raises InvalidSource."""
    if resume is not None:
        params = parse_resume(resume)
        if params.ti is None and (content := read(metainfo)) is not None:
            given = parse_metainfo(content)
            params.ti, params.info_hashes = given.ti, given.info_hashes
            params.renamed_files = {**given.renamed_files, **params.renamed_files}
            _join_sources(params, given)
    elif (content := read(metainfo)) is not None:
        params = parse_metainfo(content)
        if desired.magnet is not None:  # its metainfo came later
            _join_sources(params, parse_magnet(desired.magnet))
    else:
        params = parse_magnet(desired.magnet or "")
    if params.ti is None:
        _name(params, desired)
    return params


def _name(params: Any, desired: DesiredTorrent) -> None:
    """Gives a link the info-hashes of its record, which may have learned one, or that the link named a wrong one."""
    v1, v2 = desired.info_hash_v1, desired.info_hash_v2
    if (v1 is None and v2 is None) or both_hashes(params.info_hashes) == (v1, v2):
        return
    given = [lt.sha1_hash(bytes.fromhex(v1))] if v1 is not None else []
    if v2 is not None:
        given.append(lt.sha256_hash(bytes.fromhex(v2)))
    params.info_hashes = lt.info_hash_t(*given)


def _join_sources(params: Any, other: Any) -> None:
    """Adds another source's trackers, each in a tier of its own, and web seeds."""
    trackers, known = take_trackers(params), set(params.url_seeds)
    last = max((tier for _, tier in trackers), default=-1)
    urls = {url for url, _ in trackers}
    for url in other.trackers:
        if url not in urls:
            last = min(last + 1, TIER_MAX)
            urls.add(url)
            trackers.append((url, last))
    if trackers:
        give_trackers(params, trackers)
    if more := [url for url in other.url_seeds if url not in known]:
        params.url_seeds = [*params.url_seeds, *more]


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
        wanted = priorities(storage, desired, choose)
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
            params.file_priorities = priorities(storage, desired, choose)
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


def take_trackers(params: Any) -> Trackers:
    """Takes the trackers out of the parameters. What has no tier of its own is in that of the one before it."""
    urls = params.trackers
    if not urls:
        return []
    trackers, tier = [], 0
    for url, given in itertools.zip_longest(urls, params.tracker_tiers[: len(urls)]):
        tier = tier if given is None else min(given, TIER_MAX)
        trackers.append((url, tier))
    give_trackers(params, [])
    return trackers


def give_trackers(params: Any, trackers: Trackers) -> None:
    """Puts trackers into the parameters, instead of those that are there."""
    params.trackers = [url for url, _ in trackers]
    params.tracker_tiers = [tier for _, tier in trackers]


def check_text(params: Any) -> None:
    """Refuses text that is not UTF-8 where the binding cannot even read it. Raises InvalidSource."""
    for field in ("trackers", "url_seeds", "name", "renamed_files", "save_path", "part_file_dir"):
        try:
            getattr(params, field)
        except UnicodeDecodeError as error:
            raise InvalidSource(f"{field} is not UTF-8") from error
    web_seeds = params.url_seeds
    usable = [url for url in web_seeds if url.lower().startswith(("http://", "https://"))]
    if len(usable) < len(web_seeds):
        params.url_seeds = usable  # the others can never work, and the torrent can without them


def check_amounts(params: Any) -> None:
    """Refuses more than an engine can work with. Raises InvalidSource."""
    for field, what in (("trackers", "trackers"), ("url_seeds", "web seeds"), ("peers", "peers")):
        if len(getattr(params, field)) > ADDRESSES_MAX:
            raise InvalidSource(f"it has more than {ADDRESSES_MAX} {what}")


def check_paths(paths: Sequence[str]) -> None:
    """Refuses what no disk can hold. Raises InvalidSource."""
    for path in paths:
        if len(path.encode()) > PATH_MAX:
            raise InvalidSource(f"the path of a file is longer than {PATH_MAX} bytes: {path[:100]!r}...")


def layout(info: Any, file_priorities: Sequence[int], renamed: Mapping[int, str]) -> Layout:
    """The files as they are on the disk; padding is left out, of the size too.

    Args:
        renamed: as in `file_path`.
    """
    storage = info.layout()
    padding = [bool(storage.file_flags(index) & storage.flag_pad_file) for index in range(storage.num_files())]
    files = [
        FileEntry(
            index=index,
            path=renamed.get(index) or storage.file_path(index),
            size=storage.file_size(index),
            priority=int(file_priorities[index]) if index < len(file_priorities) else selection.DEFAULT,
        )
        for index, pad in enumerate(padding)
        if not pad
    ]
    return Layout(
        name=info.name(),
        size=sum(file.size for file in files),
        piece_length=info.piece_length(),
        files=files,
        torrent_paths=own_paths.differing(
            {file.index: file.path for file in files}, own_paths.own_paths(lt.bdecode(info.info_section()), padding)
        ),
    )


def known(info: Any) -> KnownMetadata:
    """What the info dictionary says; padding is left out."""
    storage = info.layout()
    pad = storage.flag_pad_file
    sizes = [storage.file_size(index) for index in range(storage.num_files()) if not storage.file_flags(index) & pad]
    return KnownMetadata(name=info.name(), size=sum(sizes), piece_length=info.piece_length(), files=len(sizes))


def selected(info: Any, file_priorities: Sequence[int]) -> SelectedBytes | None:
    """What a selection comes to in bytes; None where all is wanted.

    Once a torrent has all pieces, libtorrent takes all of them for wanted, whatever the selection.
    """
    if selection.UNWANTED not in file_priorities:
        return None
    storage = info.layout()
    pad = storage.flag_pad_file
    spans = (
        FileSpan(storage.file_offset(index), storage.file_size(index), file_priorities[index] != selection.UNWANTED)
        for index in range(min(storage.num_files(), len(file_priorities)))
        if not storage.file_flags(index) & pad
    )
    return selected_bytes.of(spans, storage.piece_length())


def priorities(storage: Any, desired: DesiredTorrent, choose: Choose = choose_at_once) -> list[int]:
    """The selection's verdict on each file, padding files too. Symbolic links (BEP 47) are never wanted.

    libtorrent makes a link whose target is, going by names, in the torrent; through a link that lies there already, of
    another torrent's say, it leads elsewhere.
    """
    files = range(storage.num_files())
    if desired.selection == _EVERYTHING:
        verdict = [selection.DEFAULT] * len(files)
    else:
        paths = [storage.file_path(index) for index in files]
        verdict = choose(desired, paths)
    link = storage.flag_symlink
    for index in files:
        if storage.file_flags(index) & link:
            verdict[index] = selection.UNWANTED
    return verdict


def paths(params: Any) -> list[str]:
    """Where libtorrent may write, delete or read with these parameters, as in `SourceInfo`."""
    parts = part_path(params.save_path, params.part_file_dir, params.info_hashes)
    if params.ti is None:
        return [parts]
    return [parts, *file_paths(params.ti.layout(), params.renamed_files, params.save_path)]


def part_path(save_path: str, part_file_dir: str, info_hashes: Any) -> str:
    """Where the parts of unwanted files are, if there are any."""
    name = f".{info_hashes.get_best()}.parts"
    return _stored_at(save_path, f"{part_file_dir}/{name}" if part_file_dir else name)


def file_path(storage: Any, renamed: Mapping[int, str], save_path: str, index: int) -> str:
    """Where a file is.

    Args:
        renamed: names by file index, where they are not what the torrent says. libtorrent gives files others where two
            have the same, or one is another's directory; resume data (`mapped_files`) may name any path at all.
    """
    return _stored_at(save_path, renamed.get(index) or storage.file_path(index))


def file_paths(storage: Any, renamed: Mapping[int, str], save_path: str, but: Collection[int] = ()) -> list[str]:
    """Where the files are, as in `SourceInfo`, without those of some indices."""
    found = []
    for index in range(storage.num_files()):
        if index in but:
            continue
        flags, path = storage.file_flags(index), file_path(storage, renamed, save_path, index)
        if flags & storage.flag_symlink:
            found.append(path.rpartition("/")[0])
        elif not flags & storage.flag_pad_file:
            found.append(path)
    return found


def _stored_at(save_path: str, path: str) -> str:
    """Where libtorrent has a path of a torrent's."""
    return path if path.startswith("/") else f"{save_path}/{path}"


def has_all_wanted(params: Any) -> bool:
    """Whether the resume data has every piece of every wanted file. `have_pieces` is padded to whole bytes."""
    if params.ti is None:
        return False
    storage, have = params.ti.layout(), params.have_pieces
    for index in range(storage.num_files()):
        size = storage.file_size(index)
        if size == 0 or params.file_priorities[index] == selection.UNWANTED:
            continue
        first = storage.piece_index_at_file(index)
        last = (storage.file_offset(index) + size - 1) // storage.piece_length()
        if last >= len(have) or not all(have[first : last + 1]):
            return False
    return True


def endpoint(peer: str) -> tuple[str, int]:
    """`address:port` as libtorrent takes it."""
    host, _, port = peer.rpartition(":")
    return host.strip("[]"), int(port)
