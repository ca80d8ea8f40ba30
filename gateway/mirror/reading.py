"""Calls that read rows and facts of torrents, and the limits. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from gateway.mirror.torrent import Facts
from ouzel.client.call import Call, member
from ouzel.requests import typed_result_of
from protocol.wire.desired import DEFAULT_OPTIONS, TorrentOptions
from protocol.wire.envelope import Reply
from protocol.wire.reports import SettingsReport
from protocol.wire.rows import TorrentRow

ROW: Final = (*TorrentRow.__struct_fields__, "revision")
"""The fields that each read requests."""


@dataclass(frozen=True)
class Page:
    """One page of the torrents that were read.

    Fields:
        epoch, seq: the event at which the page is true.
        facts: the facts by id; empty if they were not requested.
        revisions: the number of accepted changes by id.
        cursor: the cursor for the next page. None on the last page.
    """

    epoch: str
    seq: int
    rows: list[TorrentRow]
    facts: list[tuple[str, Facts]]
    revisions: list[tuple[str, int]]
    cursor: str | None


class _Tracker(msgspec.Struct):
    url: str
    tier: int


class _Details(msgspec.Struct, kw_only=True):
    """The details that are facts. They have the same meaning as in `get_torrent`."""

    torrent: str
    comment: str
    created_by: str
    created_us: int | None
    private: bool | None
    pieces: int | None
    piece_length: int | None
    files: int | None
    magnet: str | None
    options: TorrentOptions
    tracker_status: list[_Tracker]
    revision: int

    def facts(self) -> tuple[str, Facts]:
        """Returns the torrent's id and its facts."""
        return self.torrent, Facts(
            comment=self.comment,
            created_by=self.created_by,
            created_us=self.created_us,
            private=self.private,
            pieces=self.pieces,
            piece_length=self.piece_length,
            files=self.files,
            magnet=self.magnet,
            options=DEFAULT_OPTIONS if self.options == DEFAULT_OPTIONS else self.options,
            trackers=tuple((each.url, each.tier) for each in self.tracker_status),
            revision=self.revision,
        )


class _Revision(msgspec.Struct):
    torrent: str
    revision: int


class _Rows(msgspec.Struct):
    torrents: list[TorrentRow]
    cursor: str | None


class _AllDetails(msgspec.Struct):
    torrents: list[_Details]


class _Revisions(msgspec.Struct):
    torrents: list[_Revision]


WITH_FACTS: Final = tuple(dict.fromkeys((*ROW, *_Details.__struct_fields__)))
"""The fields that a read of rows and facts requests."""

_rows: Final = msgspec.msgpack.Decoder(_Rows)
_details: Final = msgspec.msgpack.Decoder(_AllDetails)
_revisions: Final = msgspec.msgpack.Decoder(_Revisions)


def rows(ids: Sequence[str], cursor: str | None = None, *, facts: bool) -> Call[Page]:
    """Returns a call that reads a page of rows, and their facts if requested. Ignores unknown ids.

    The reply is decoded separately for rows and facts. This is faster than decoding the reply to dictionaries.
    """

    def read(reply: Reply) -> Page:
        found = typed_result_of(reply, _rows, _Rows)
        details = typed_result_of(reply, _details, _AllDetails).torrents if facts else []
        revisions = [] if facts else typed_result_of(reply, _revisions, _Revisions).torrents
        return Page(
            epoch=reply.epoch,
            seq=reply.seq,
            rows=found.torrents,
            facts=[each.facts() for each in details],
            revisions=[(each.torrent, each.revision) for each in revisions],
            cursor=found.cursor,
        )

    fields = WITH_FACTS if facts else ROW
    return Call("list_torrents", {"ids": list(ids), "fields": list(fields), "cursor": cursor}, read)


def limits() -> Call[SettingsReport]:
    """Returns a call that reads the limits of the session."""
    return Call("get_settings", {}, member(SettingsReport, "limits"))
