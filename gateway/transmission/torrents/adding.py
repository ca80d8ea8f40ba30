"""`torrent-add`."""

import base64
import binascii
from typing import Any

from gateway.transmission.arguments import Arguments, clamped, flag, integer, text, texts
from gateway.transmission.face import Face
from gateway.transmission.failure import Code, Failure
from gateway.transmission.torrents.getting import describe
from gateway.transmission.torrents.priorities import chosen
from ouzel.client import calls
from protocol.wire.desired import DEFAULT_OPTIONS, TorrentOptions

START_ADDED = "transmission.start-added-torrents"


async def torrent_add(face: Face, arguments: Arguments) -> dict[str, Any]:
    """Adds a torrent from a magnet link, a URL, an info-hash, or the content of a .torrent file."""
    save_path = text(arguments, "download-dir") or None
    if save_path is not None and not save_path.startswith("/"):
        raise Failure("download directory path is not absolute", Code.PATH_NOT_ABSOLUTE)
    magnet, metainfo = await _source(face, arguments)
    paused = flag(arguments, "paused")
    if paused is None:
        paused = not face.gateway.store.get(START_ADDED, True)
    peer_limit = integer(arguments, "peer-limit")
    options = DEFAULT_OPTIONS if peer_limit is None else TorrentOptions(max_connections=clamped(peer_limit, 0, 65535))
    added = await face.run(
        calls.add_torrent(
            magnet=magnet,
            metainfo=metainfo,
            save_path=save_path,
            paused=paused,
            sequential=flag(arguments, "sequential_download") or False,
            priorities=chosen(arguments, None),
            labels=texts(arguments, "labels") or (),
            options=options,
        )
    )
    torrent = added.torrent
    await face.admit(torrent)
    return {"torrent-duplicate" if added.duplicate else "torrent-added": describe(face, torrent)}


async def _source(face: Face, arguments: Arguments) -> tuple[str | None, bytes | None]:
    """The magnet link, or else the metainfo."""
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
        return await face.fetch(name, text(arguments, "cookies"))
    # A path would be one of the daemon's machine, which the gateway need not share. Nor may a client read files there.
    raise Failure("unrecognized info", Code.UNRECOGNIZED_INFO)
