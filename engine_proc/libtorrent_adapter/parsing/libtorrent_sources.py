"""Parses stored bytes and magnet links into libtorrent's `add_torrent_params`, with limits."""

import itertools
from typing import Any, Final

import libtorrent

from engine_proc.files import magnet_link
from engine_proc.libtorrent_adapter.parsing.libtorrent_hashes import hashes
from engine_proc.session.session_port import Hashes, InvalidSource, Metainfo
from engine_proc.trackers.held_trackers import Trackers
from protocol.wire.desired import ADDRESSES_MAX, TIER_MAX, DesiredTorrent

lt: Any = libtorrent
"""Untyped: the binding's type stubs require class instances where the binding itself accepts dictionaries."""

METAINFO_LIMITS: Final = {
    "max_buffer_size": 64 * 1024 * 1024,
    "max_pieces": 1_000_000,
    "max_decode_depth": 100,
    "max_decode_tokens": 4_000_000,
}

LARGE_BYTES: Final = 16 * 1024 * 1024
LARGE_LIMITS: Final = {**METAINFO_LIMITS, "max_decode_tokens": 1_000_000}
"""The limits of a .torrent file of more than LARGE_BYTES.

Many pieces take little time. But 200,000 files with long names take two seconds. The supervisor replaces an engine that
hangs for three seconds.
"""

RESUME_LIMITS: Final = {**METAINFO_LIMITS, "max_buffer_size": 127 * 1024 * 1024}


def parse_magnet(magnet: str) -> Any:
    """Parses a magnet link. Raises InvalidSource."""
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
    """Parses a .torrent file. Raises InvalidSource."""
    try:
        params = lt.load_torrent_buffer(metainfo, LARGE_LIMITS if len(metainfo) > LARGE_BYTES else METAINFO_LIMITS)
    except RuntimeError as error:
        raise InvalidSource(str(error)) from error
    check_text(params)
    check_amounts(params)
    return params


def parse_resume(resume: bytes) -> Any:
    """Parses resume data. Raises InvalidSource."""
    try:
        params = lt.read_resume_data(resume, RESUME_LIMITS)
    except RuntimeError as error:
        raise InvalidSource(str(error)) from error
    check_text(params)
    return params


def read(metainfo: Metainfo) -> bytes | None:
    """The content of the .torrent file; None if there is none."""
    return metainfo() if callable(metainfo) else metainfo


def parse(desired: DesiredTorrent, *, metainfo: Metainfo, resume: bytes | None) -> Any:
    """Parses the stored data of a torrent. Raises InvalidSource."""
    if resume is not None:
        params = parse_resume(resume)
        if params.ti is None and (content := read(metainfo)) is not None:
            given = parse_metainfo(content)
            params.ti, params.info_hashes = given.ti, given.info_hashes
            params.renamed_files = {**given.renamed_files, **params.renamed_files}
            _join_sources(params, given)
    elif (content := read(metainfo)) is not None:
        params = parse_metainfo(content)
        if desired.magnet is not None:  # a magnet link whose metainfo was added later
            _join_sources(params, parse_magnet(desired.magnet))
    else:
        params = parse_magnet(desired.magnet or "")
    if params.ti is None:
        _name(params, desired)
    return params


def _name(params: Any, desired: DesiredTorrent) -> None:
    """Sets the info-hashes of a link to the info-hashes in its record.

    The record may have an additional info-hash from metadata. If an info-hash in the link was wrong, the record lacks
    it.
    """
    v1, v2 = desired.info_hash_v1, desired.info_hash_v2
    if (v1 is None and v2 is None) or hashes(params.info_hashes) == Hashes(v1, v2):
        return
    given = [lt.sha1_hash(bytes.fromhex(v1))] if v1 is not None else []
    if v2 is not None:
        given.append(lt.sha256_hash(bytes.fromhex(v2)))
    params.info_hashes = lt.info_hash_t(*given)


def _join_sources(params: Any, other: Any) -> None:
    """Adds the trackers and web seeds of another source. Each tracker gets its own tier."""
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


def take_trackers(params: Any) -> Trackers:
    """Removes the trackers from the parameters and returns them."""
    trackers = trackers_of(params)
    if trackers:
        give_trackers(params, [])
    return trackers


def trackers_of(params: Any) -> Trackers:
    """The trackers in the parameters.

    A tracker without a tier gets the tier of the previous tracker. Tiers above the maximum become the maximum.
    """
    urls = params.trackers
    if not urls:
        return []
    trackers, tier = [], 0
    for url, given in itertools.zip_longest(urls, params.tracker_tiers[: len(urls)]):
        tier = tier if given is None else min(given, TIER_MAX)
        trackers.append((url, tier))
    return trackers


def give_trackers(params: Any, trackers: Trackers) -> None:
    """Replaces the trackers in the parameters."""
    params.trackers = [url for url, _ in trackers]
    params.tracker_tiers = [tier for _, tier in trackers]


def check_text(params: Any) -> None:
    """Raises InvalidSource for text that is not UTF-8, because the binding cannot read it."""
    for field in ("trackers", "url_seeds", "name", "renamed_files", "save_path", "part_file_dir"):
        try:
            getattr(params, field)
        except UnicodeDecodeError as error:
            raise InvalidSource(f"{field} is not UTF-8") from error
    web_seeds = params.url_seeds
    usable = [url for url in web_seeds if url.lower().startswith(("http://", "https://"))]
    if len(usable) < len(web_seeds):
        params.url_seeds = usable  # unreadable URLs could never work, and the torrent works without them


def check_amounts(params: Any) -> None:
    """Raises InvalidSource for amounts that an engine cannot handle."""
    for field, what in (("trackers", "trackers"), ("url_seeds", "web seeds"), ("peers", "peers")):
        if len(getattr(params, field)) > ADDRESSES_MAX:
            raise InvalidSource(f"it has more than {ADDRESSES_MAX} {what}")
