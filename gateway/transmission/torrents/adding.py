"""The method `torrent-add`."""

import base64
import binascii
from typing import Any, Final

from gateway.fetching import fetching
from gateway.fetching.fetching import NotFetched
from gateway.store.queueing import queueing
from gateway.transmission.arguments import Arguments, clamped, flag, integer, text, texts
from gateway.transmission.face import Face
from gateway.transmission.failure import Code, Failure
from gateway.transmission.stored import PREFIX
from gateway.transmission.torrents.getting import describe
from gateway.transmission.torrents.priorities import chosen
from gateway.transmission.torrents.tracker_edits import parsed
from ouzel.client import calls
from protocol.wire.desired import TorrentOptions

PRIVATE: Final = b"7:privatei1e"
PEERS_MAX: Final = 65535


async def torrent_add(face: Face, arguments: Arguments) -> dict[str, Any]:
    """Adds a torrent from a magnet link, a URL, an info-hash, or the content of a .torrent file."""
    stored = face.gateway.store.get
    save_path = text(arguments, "download-dir") or stored(PREFIX + "download-dir") or None
    if save_path is not None and not save_path.startswith("/"):
        raise Failure("download directory path is not absolute", Code.PATH_NOT_ABSOLUTE)
    magnet, metainfo = await _source(face, arguments)
    paused = flag(arguments, "paused")
    if paused is None:
        paused = not stored(PREFIX + "start-added-torrents", True)
    peer_limit = integer(arguments, "peer-limit")
    if peer_limit is None:
        peer_limit = stored(PREFIX + "peer-limit-per-torrent", 0)
    options = TorrentOptions(
        max_connections=clamped(peer_limit, 0, PEERS_MAX), auto_managed=queueing(face.gateway.store)
    )
    trackers = parsed(stored(PREFIX + "default-trackers", ""))
    added = await face.run(
        calls.add_torrent(
            magnet=magnet,
            metainfo=metainfo,
            save_path=save_path,
            paused=paused,
            sequential=flag(arguments, "sequential_download") or False,
            priorities=chosen(arguments, None),
            labels=texts(arguments, "labels") or (),
            trackers=[] if metainfo is not None and PRIVATE in metainfo else [url for url, _ in trackers],
            options=options,
        )
    )
    torrent = added.torrent
    await face.admit(torrent)
    return {"torrent-duplicate" if added.duplicate else "torrent-added": describe(face, torrent)}


async def _source(face: Face, arguments: Arguments) -> tuple[str | None, bytes | None]:
    """Returns the magnet link. If there is no magnet link, returns the metainfo."""
    encoded = text(arguments, "metainfo")
    if encoded:
        try:
            return None, base64.b64decode("".join(encoded.split()), validate=False)
        except (binascii.Error, ValueError) as error:
            raise Failure("unrecognized info", Code.UNRECOGNIZED_INFO) from error
    name = (text(arguments, "filename") or "").strip()
    if not name:
        raise Failure("no filename or metainfo specified", Code.INVALID_PARAMS)
    if name.lower().startswith("magnet:"):
        return name, None
    if len(name) in (40, 32) and name.isalnum():
        return f"magnet:?xt=urn:btih:{name}", None
    if name.lower().startswith(("http://", "https://")):
        return await _fetched(face, name, text(arguments, "cookies") or "")
    # A path would be one of the daemon's machine, which the gateway need not share. Nor may a client read files there.
    raise Failure("unrecognized info", Code.UNRECOGNIZED_INFO)


async def _fetched(face: Face, url: str, cookies: str) -> tuple[str | None, bytes | None]:
    try:
        found = await fetching.fetch(url, allow_private=face.gateway.config.gateway.allow_private_urls, cookie=cookies)
    except NotFetched as error:
        raise Failure(f"Couldn't fetch torrent: {error}", Code.HTTP_ERROR) from error
    return (found.magnet, None) if found.magnet is not None else (None, found.content)
