"""The endpoints that start, stop, check, remove and announce torrents, and change the queue."""

from typing import Any, Final, Literal

from starlette.exceptions import HTTPException

from gateway.mirror.torrent import Torrent
from gateway.qbittorrent.changes.desk import Desk
from gateway.qbittorrent.changes.endpoint import Endpoint, on
from gateway.qbittorrent.other_trackers import keep_other_trackers
from gateway.qbittorrent.rows.extras import NO_EXTRAS
from gateway.qbittorrent.rows.states import is_finished
from gateway.store.queueing import queueing
from gateway.web.fields import Fields
from ouzel.client import calls
from ouzel.client.call import Call
from protocol.wire.rows import TorrentState

CHECKING_S: Final = 0.5
"""The longest wait until the engine checks a torrent. A small torrent is checked sooner than that is seen."""


async def stop(desk: Desk, fields: Fields) -> None:
    """Stops torrents."""
    torrents = desk.many(fields["hashes"])
    await desk.run(torrents, [calls.pause(each.row.torrent) for each in torrents])


async def start(desk: Desk, fields: Fields) -> None:
    """Starts torrents, and switches forced start off."""
    await _start(desk, desk.many(fields["hashes"]))


async def force_start(desk: Desk, fields: Fields) -> None:
    """Switches forced start on or off. A torrent with forced start does not wait in the queue."""
    torrents = desk.many(fields["hashes"])
    if on(fields["value"]):
        await desk.run(torrents, [calls.update_options(each.row.torrent, force_start=True) for each in torrents])
    else:
        await _start(desk, torrents)


async def _start(desk: Desk, torrents: list[Torrent]) -> None:
    options = await desk.options(torrents)
    forced = [each.row.torrent for each, its in zip(torrents, options, strict=True) if its.force_start]
    await desk.run(
        torrents,
        [calls.update_options(each, force_start=False) for each in forced],
        [calls.resume(each.row.torrent) for each in torrents],
    )


async def recheck(desk: Desk, fields: Fields) -> None:
    """Hashes the files of torrents again.

    Waits until the mirror shows that the torrents are being checked, because clients wait for the end of the check.
    """
    torrents = desk.many(fields["hashes"])
    await desk.run(torrents, [calls.recheck(each.row.torrent) for each in torrents])
    if desk.gateway.mirror.table.engine == "running":
        await desk.shown(lambda: all(each.row.state is TorrentState.CHECKING for each in torrents), within_s=CHECKING_S)


async def reannounce(desk: Desk, fields: Fields) -> None:
    """Announces torrents to their trackers."""
    torrents = desk.many(fields["hashes"])
    await desk.run(torrents, [calls.reannounce(each.row.torrent) for each in torrents])


async def delete(desk: Desk, fields: Fields) -> None:
    """Removes torrents. Without the parameter `deleteFiles`, their files stay. Sonarr relies on this default."""
    torrents = [each.row.torrent for each in desk.many(fields["hashes"])]
    delete_files = on(fields.get("deleteFiles", ""))
    await desk.run([], [calls.remove_torrent(each, delete_files=delete_files) for each in torrents])
    await desk.kept.put_extras(dict.fromkeys(torrents, NO_EXTRAS))
    for each in torrents:
        await keep_other_trackers(desk.gateway.store, each, {})
    mirror = desk.gateway.mirror
    await desk.shown(lambda: not any(each in mirror.torrents for each in torrents))


async def super_seeding(desk: Desk, fields: Fields) -> None:
    """Switches super seeding (BEP 16) on or off."""
    torrents, value = desk.many(fields["hashes"]), on(fields["value"])
    await desk.run(torrents, [calls.update_options(each.row.torrent, super_seeding=value) for each in torrents])


async def toggle_sequential(desk: Desk, fields: Fields) -> None:
    """Toggles sequential download."""
    async with desk.turn:
        torrents = desk.many(fields["hashes"])
        batch = [calls.set_sequential(each.row.torrent, not each.row.sequential) for each in torrents]
        await desk.run(torrents, batch)


async def toggle_first_last(desk: Desk, fields: Fields) -> None:
    """Toggles whether the first and last pieces of files are downloaded first."""
    async with desk.turn:
        torrents = desk.many(fields["hashes"])
        options = await desk.options(torrents)
        batch = [
            calls.update_options(each.row.torrent, first_last_piece_first=not its.first_last_piece_first)
            for each, its in zip(torrents, options, strict=True)
        ]
        await desk.run(torrents, batch)


async def top(desk: Desk, fields: Fields) -> None:
    """Moves torrents to the top of the queue."""
    await _move(desk, fields, "top")


async def bottom(desk: Desk, fields: Fields) -> None:
    """Moves torrents to the bottom of the queue."""
    await _move(desk, fields, "bottom")


async def increase(desk: Desk, fields: Fields) -> None:
    """Moves torrents up in the queue."""
    await _move(desk, fields, "up")


async def decrease(desk: Desk, fields: Fields) -> None:
    """Moves torrents down in the queue."""
    await _move(desk, fields, "down")


async def _move(desk: Desk, fields: Fields, where: Literal["top", "bottom", "up", "down"]) -> None:
    if not queueing(desk.gateway.store):
        raise HTTPException(409, "Torrent queueing must be enabled")
    torrents = desk.many(fields["hashes"])
    options = await desk.options(torrents) if torrents else []
    # Rows have the places of torrents that have just come into the queue only after a moment.
    queued = [
        each
        for each, its in zip(torrents, options, strict=True)
        if its.auto_managed and not its.force_start and not each.row.paused and not is_finished(each.row)
    ]
    if queued:
        batch: list[Call[Any]] = [calls.move_in_queue([each.row.torrent for each in queued], where)]
        await desk.run([each for each in desk.many("all") if each.row.queue_position is not None], batch)


_HASHES = ("hashes",)
ENDPOINTS = (
    Endpoint("torrents/stop", stop, _HASHES),
    Endpoint("torrents/pause", stop, _HASHES),
    Endpoint("torrents/start", start, _HASHES),
    Endpoint("torrents/resume", start, _HASHES),
    Endpoint("torrents/setForceStart", force_start, ("hashes", "value")),
    Endpoint("torrents/recheck", recheck, _HASHES),
    Endpoint("torrents/reannounce", reannounce, _HASHES),
    Endpoint("torrents/delete", delete, _HASHES),
    Endpoint("torrents/setSuperSeeding", super_seeding, ("hashes", "value")),
    Endpoint("torrents/toggleSequentialDownload", toggle_sequential, _HASHES),
    Endpoint("torrents/toggleFirstLastPiecePrio", toggle_first_last, _HASHES),
    Endpoint("torrents/topPrio", top, _HASHES),
    Endpoint("torrents/bottomPrio", bottom, _HASHES),
    Endpoint("torrents/increasePrio", increase, _HASHES),
    Endpoint("torrents/decreasePrio", decrease, _HASHES),
)
