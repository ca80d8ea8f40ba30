"""The methods that act on torrents and need only the ids of the torrents."""

from collections.abc import Callable, Iterable
from typing import Any, Literal

from gateway.mirror.torrent import Torrent
from gateway.transmission.arguments import Arguments, flag
from gateway.transmission.face import Face
from ouzel.client import calls
from ouzel.client.call import Call
from protocol.wire.errors import ErrorKind

_HARMLESS = frozenset({ErrorKind.TORRENT_PAUSED, ErrorKind.NOT_IN_QUEUE, ErrorKind.UNKNOWN_TORRENT})
"""The refusals that Transmission does not have. They are ignored, and the torrent is not changed."""


async def _each(face: Face, torrents: Iterable[Torrent], call: Callable[[str], Call[Any]]) -> dict[str, Any]:
    chosen = list(torrents)
    batch = [call(torrent.row.torrent) for torrent in chosen]
    await face.change(chosen, batch, harmless=_HARMLESS)
    return {}


async def torrent_start(face: Face, arguments: Arguments) -> dict[str, Any]:
    """Starts torrents."""
    return await _each(face, face.torrents(arguments), calls.resume)


async def torrent_start_now(face: Face, arguments: Arguments) -> dict[str, Any]:
    """Starts torrents at once, even if the queue would let them wait."""
    return await _each(face, face.torrents(arguments), lambda each: calls.update_options(each, force_start=True))


async def torrent_stop(face: Face, arguments: Arguments) -> dict[str, Any]:
    """Stops torrents, and switches off `force_start`. After the next start, the queue decides again."""
    torrents = face.torrents(arguments)
    forced = [torrent for torrent in torrents if torrent.facts.options.force_start]
    await _each(face, forced, lambda each: calls.update_options(each, force_start=False))
    return await _each(face, torrents, calls.pause)


async def torrent_verify(face: Face, arguments: Arguments) -> dict[str, Any]:
    """Hashes the files of torrents. Ignores torrents without metadata, because they have no files yet."""
    return await _each(face, [each for each in face.torrents(arguments) if each.row.size], calls.recheck)


async def torrent_reannounce(face: Face, arguments: Arguments) -> dict[str, Any]:
    """Announces torrents that are not stopped."""
    return await _each(face, [each for each in face.torrents(arguments) if not each.row.paused], calls.reannounce)


async def torrent_remove(face: Face, arguments: Arguments) -> dict[str, Any]:
    """Removes torrents, and their files if that is requested."""
    delete = flag(arguments, "delete-local-data") or False
    torrents = face.torrents(arguments)
    await _each(face, torrents, lambda each: calls.remove_torrent(each, delete_files=delete))
    await face.dismiss(torrents)
    return {}


async def queue_move_top(face: Face, arguments: Arguments) -> dict[str, Any]:
    """Moves torrents to the front of the queue."""
    return await _move(face, arguments, "top")


async def queue_move_up(face: Face, arguments: Arguments) -> dict[str, Any]:
    """Moves torrents one place to the front."""
    return await _move(face, arguments, "up")


async def queue_move_down(face: Face, arguments: Arguments) -> dict[str, Any]:
    """Moves torrents one place to the back."""
    return await _move(face, arguments, "down")


async def queue_move_bottom(face: Face, arguments: Arguments) -> dict[str, Any]:
    """Moves torrents to the back of the queue."""
    return await _move(face, arguments, "bottom")


async def _move(face: Face, arguments: Arguments, where: Literal["top", "bottom", "up", "down"]) -> dict[str, Any]:
    queued = [
        each
        for each in face.torrents(arguments)
        if each.facts.options.auto_managed and not each.facts.options.force_start
    ]
    if queued:
        ids = [each.row.torrent for each in queued]
        await face.change(queued, [calls.move_in_queue(ids, where)], harmless=_HARMLESS)
    return {}
