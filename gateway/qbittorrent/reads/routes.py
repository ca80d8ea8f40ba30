"""The endpoints that read torrents."""

import asyncio
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import BaseRoute

from gateway.daemon.daemon import Unavailable
from gateway.qbittorrent.book.torrents import Entry
from gateway.qbittorrent.other_trackers import other_trackers
from gateway.qbittorrent.present import Present, array, listed, now_us
from gateway.qbittorrent.reads.details import Details
from gateway.qbittorrent.reads.files import File, file_rows
from gateway.qbittorrent.reads.pieces import HAVE, piece_hashes, piece_states
from gateway.qbittorrent.reads.properties import properties, reannounce_s
from gateway.qbittorrent.reads.query import Query, UnknownColumn
from gateway.qbittorrent.reads.trackers import Tracker, listed_trackers, pseudo_rows, tracker_row, unusable_rows
from gateway.qbittorrent.routing import bad_request, flag, read, whole_number
from gateway.qbittorrent.rows.states import is_finished
from gateway.web import answers
from gateway.web.fields import Fields

FEW: Final = 50
"""If a list has at most this many torrents, the daemon is asked for the states of their trackers."""


def routes(present: Present, details: Details) -> list[BaseRoute]:
    """Returns the routes."""
    reads = Reads(present, details)
    return [
        read("torrents/info", reads.info),
        read("torrents/count", reads.count),
        read("torrents/properties", reads.properties),
        read("torrents/trackers", reads.trackers),
        read("torrents/webseeds", reads.web_seeds),
        read("torrents/files", reads.files),
        read("torrents/pieceStates", reads.piece_states),
        read("torrents/pieceHashes", reads.piece_hashes),
        read("torrents/pieceAvailability", reads.piece_availability),
    ]


class Reads:
    """Handles requests that read torrents."""

    def __init__(self, present: Present, details: Details) -> None:
        self._present = present
        self._details = details

    async def info(self, fields: Fields) -> Response:
        """The list of torrents."""
        book, now = self._present.book(), now_us()
        query = self._query(fields)
        try:
            found = query.run(book.torrents.entries.values(), lambda entry: entry.set_clock(now))
        except UnknownColumn as error:
            raise bad_request("'sort' parameter is invalid") from error
        members: list[dict[str, Any]] = [{} for _ in found]
        if flag(fields.get("includeTrackers", "")):
            for each, trackers in zip(members, await self._trackers_of(found), strict=True):
                each["trackers"] = trackers
        if flag(fields.get("includeFiles", "")):
            for each, entry in zip(members, found, strict=True):
                each["files"] = await self._files_of(entry)
        rows = [listed(entry.hash, entry.row, each) for entry, each in zip(found, members, strict=True)]
        return Response(array(rows), media_type="application/json")

    async def count(self, _: Fields) -> Response:
        """The number of torrents."""
        return answers.text(str(len(self._present.book().torrents.entries)))

    async def properties(self, fields: Fields) -> Response:
        """One torrent."""
        entry = self._present.entry(fields)
        entry.set_clock(now_us())
        try:
            trackers = await self._details.trackers(entry.torrent.row.torrent)
            have = await self._have(entry)
        except Unavailable:
            return answers.json(properties(entry))
        return answers.json(properties(entry, reannounce_s(trackers, now_us()), have))

    async def trackers(self, fields: Fields) -> Response:
        """The rows of the DHT, of PEX and of LSD, and then the trackers of a torrent."""
        entry = self._present.entry(fields)
        torrent = entry.torrent.row.torrent
        rows = await self._details.trackers(torrent)
        peers = await self._details.peers(torrent)
        off = await self._details.switched_off()
        others = other_trackers(self._present.gateway.store, torrent)
        return answers.json([*pseudo_rows(entry.torrent, peers, off), *map(tracker_row, rows), *unusable_rows(others)])

    async def web_seeds(self, fields: Fields) -> Response:
        """The web seeds of a torrent."""
        entry = self._present.entry(fields)
        return answers.json([{"url": url} for url in await self._details.web_seeds(entry.torrent.row.torrent)])

    async def files(self, fields: Fields) -> Response:
        """The files of a torrent, or only the files with the given indexes."""
        entry = self._present.entry(fields)
        rows = {row.index: row for row in await self._files_of(entry)}
        if "indexes" not in fields:
            return answers.json(list(rows.values()))
        wanted = []
        for text in fields["indexes"].split("|"):
            index = whole_number(text)
            if index is None or index < 0:
                raise HTTPException(409, f'"{text}" is not a valid file index.')
            if index not in rows:
                raise HTTPException(409, f"Index {text} is out of bounds.")
            wanted.append(rows[index])
        return answers.json(wanted)

    async def piece_states(self, fields: Fields) -> Response:
        """The state of each piece."""
        entry = self._present.entry(fields)
        if not entry.row.has_metadata:
            return answers.json([])
        try:
            return answers.json(piece_states(await self._details.pieces(entry.torrent.row.torrent)))
        except Unavailable:
            return answers.json(_uniform_states(entry))

    async def piece_hashes(self, fields: Fields) -> Response:
        """The hash of each piece."""
        entry = self._present.entry(fields)
        if not entry.row.has_metadata:
            return answers.json([])
        metainfo = await self._details.metainfo(entry.torrent.row.torrent)
        return answers.json(await asyncio.to_thread(piece_hashes, metainfo))

    async def piece_availability(self, fields: Fields) -> Response:
        """How many peers have each piece."""
        entry = self._present.entry(fields)
        if not entry.row.has_metadata:
            return answers.json([])
        try:
            return answers.json(list((await self._details.pieces(entry.torrent.row.torrent)).availability))
        except Unavailable:
            return answers.json([0] * (entry.torrent.facts.pieces or 0))  # without an engine there are no peers

    def _query(self, fields: Fields) -> Query:
        hashes = [each for each in fields.get("hashes", "").split("|") if each]
        known = (self._present.gateway.mirror.find(each.strip().lower()) for each in hashes)
        return Query(
            filter=fields.get("filter", ""),
            category=fields.get("category"),
            tag=fields.get("tag"),
            hashes=frozenset(each.row.torrent[:40] for each in known if each is not None) if hashes else None,
            private=flag(fields.get("private", "")),
            sort=fields.get("sort", ""),
            reverse=bool(flag(fields.get("reverse", ""))),
            limit=whole_number(fields.get("limit", "")) or 0,
            offset=whole_number(fields.get("offset", "")) or 0,
        )

    async def _have(self, entry: Entry) -> int | None:
        """How many pieces an incomplete torrent has. None if the torrent has all pieces or no piece."""
        if not 0 < entry.row.progress < 1:
            return None
        return piece_states(await self._details.pieces(entry.torrent.row.torrent)).count(HAVE)

    async def _trackers_of(self, entries: list[Entry]) -> list[list[Tracker]]:
        """The trackers of the torrents in a list. If there are many torrents, only the mirror is used."""
        if len(entries) > FEW:
            return [listed_trackers(entry.torrent) for entry in entries]
        found = []
        for entry in entries:
            try:
                rows = await self._details.trackers(entry.torrent.row.torrent)
                found.append([tracker_row(row) for row in rows])
            except (Unavailable, HTTPException):
                found.append(listed_trackers(entry.torrent))
        return found

    async def _files_of(self, entry: Entry) -> list[File]:
        if not entry.row.has_metadata:
            return []
        torrent, finished = entry.torrent.row.torrent, is_finished(entry.torrent.row)
        rows = await self._details.files(torrent)
        availability = b""
        if not finished:
            try:
                availability = (await self._details.pieces(torrent)).availability
            except (Unavailable, HTTPException):
                availability = b""
        return file_rows(rows, entry.torrent.facts.piece_length, availability, finished)


def _uniform_states(entry: Entry) -> list[int]:
    """The states of a torrent's pieces without an engine. Raises Unavailable if only some pieces are complete."""
    row, pieces = entry.torrent.row, entry.torrent.facts.pieces or 0
    if row.bytes_done >= row.size:
        return [HAVE] * pieces
    if row.bytes_done == 0:
        return [0] * pieces
    raise Unavailable("The engine is away.")
