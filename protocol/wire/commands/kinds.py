"""The kinds of commands as base classes, and the types that arguments share."""

from typing import Annotated, Final

import msgspec

from protocol.text import patterns
from protocol.wire.desired import GLOBS_MAX, FilePriority, Glob

MAX_PAGE: Final = 10_000
TorrentId = Annotated[str, msgspec.Meta(pattern=patterns.TORRENT_ID)]
PageSize = Annotated[int, msgspec.Meta(ge=1, le=MAX_PAGE)]
Url = Annotated[str, msgspec.Meta(pattern=patterns.URL, max_length=4096)]
WebSeedUrl = Annotated[str, msgspec.Meta(pattern=patterns.WEB_SEED_URL, max_length=4096)]
MAX_URLS: Final = 1000
MAX_LABELS: Final = 100
MAX_PEERS: Final = 200
SavePath = Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]
Label = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
CategoryName = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
DamagedName = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
UploadId = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Endpoint = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Settings = Annotated[
    dict[
        Annotated[str, msgspec.Meta(min_length=1, max_length=100)],
        int | Annotated[str, msgspec.Meta(max_length=4096)] | bool | None,
    ],
    msgspec.Meta(max_length=1000),
]
"""Settings of libtorrent by name; null stands for the configured value or the default."""
Globs = Annotated[list[Glob], msgspec.Meta(max_length=GLOBS_MAX)]
Priorities = (
    Annotated[list[FilePriority], msgspec.Meta(max_length=100_000)]
    | dict[Annotated[str, msgspec.Meta(pattern=patterns.FILE_INDEX)], FilePriority]
)
"""File priorities: a list that begins with file 0, or a map. The keys of the map are file indices in decimal."""


class Command(msgspec.Struct, frozen=True, kw_only=True, tag_field="op"):
    """The base of all commands.

    Commands are immutable, and their tag is the op. Each command has one of the kinds below.
    """


class Mutation(Command, frozen=True, kw_only=True):
    """Changes state durably before the reply is sent. A repeated request with the same id is not executed again."""


class Read(Command, frozen=True, kw_only=True):
    """Changes nothing, and is answered even while no engine runs."""


class InstantRead(Read, frozen=True, kw_only=True):
    """Answered from memory, in the iteration of the event loop that receives the request."""


class PagedRead(Read, frozen=True, kw_only=True):
    """Answered from memory, in steps. Between the steps, requests of other clients are handled."""


class EngineRead(PagedRead, frozen=True, kw_only=True):
    """Returns figures of one torrent that the engine has.

    The supervisor queries the engine first. Without an answer it replies from its cache.
    """

    torrent: TorrentId


class SessionRead(PagedRead, frozen=True, kw_only=True):
    """Returns figures of the session that the engine has."""


class DiskRead(Read, frozen=True, kw_only=True):
    """Answered from a disk. An access to the disk may hang."""
