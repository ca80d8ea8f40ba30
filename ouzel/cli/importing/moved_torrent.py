"""What a profile of another client says of one torrent, in Ouzel's terms."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from ouzel.cli.importing import bencode

DEFAULT_PRIORITY: Final = 4

Goal = float | Literal["none", "global"]


class Unusable(Exception):
    """A profile, or a torrent in a profile, cannot be read. The message says why."""


@dataclass(frozen=True)
class MovedTorrent:
    """A torrent in a profile.

    Fields:
        named: how the profile identifies the torrent: the name of its file, or its info-hash.
        magnet: the magnet link. Either `magnet` or `metainfo` is set.
        metainfo: the content of the .torrent file.
        resume: the torrent's progress, as resume data in libtorrent's format.
        progress: the share of the torrent's pieces that are complete according to the profile.
        forced: whether the client runs the torrent outside of its queue.
        priorities: the priorities that are not the default, by file index.
        added_us: when the torrent was added, microseconds since 1970; None if unknown.
        ratio_goal, seeding_time_goal_s, inactive_time_goal_s: the seeding goals. "none" is no goal. "global" is the
            goal that the client has for all torrents.
        notes: sentences for people about what Ouzel does not adopt, or does in another way.
    """

    named: str
    name: str
    save_path: str
    magnet: str | None = None
    metainfo: bytes | None = None
    resume: bytes | None = None
    progress: float = 0.0
    paused: bool = False
    sequential: bool = False
    first_last_piece_first: bool = False
    forced: bool = False
    download_bps: int = 0
    upload_bps: int = 0
    labels: Sequence[str] = ()
    category: str = ""
    priorities: Mapping[int, int] = field(default_factory=dict)
    added_us: int | None = None
    ratio_goal: Goal = "global"
    seeding_time_goal_s: Goal = "global"
    inactive_time_goal_s: Goal = "global"
    notes: Sequence[str] = ()


Found = MovedTorrent | tuple[str, Unusable]
"""A torrent of a profile, or the name of an unreadable torrent with the reason."""


@dataclass(frozen=True)
class Info:
    """The parts of an info dictionary that are needed to convert the progress.

    Fields:
        files: the path and the size of each file, with the root folder.
    """

    name: str
    piece_length: int
    pieces: int
    files: Sequence[tuple[str, int]]
    info_hash_v1: bytes

    @property
    def size(self) -> int:
        """The size of all files, with padding."""
        return sum(size for _, size in self.files)


def info_of(metainfo: bytes) -> Info:
    """Reads the info dictionary of a torrent with v1 metadata. Raises Unusable."""
    try:
        info, raw = bencode.decode(metainfo)[b"info"], bencode.span(metainfo, b"info")
        assert raw is not None, "it was decoded"
        name = text(info.get(b"name.utf-8", info[b"name"]))
        files = (
            [(name, int(info[b"length"]))]
            if b"length" in info
            else [
                (
                    "/".join([name, *(text(part) for part in each.get(b"path.utf-8", each[b"path"]))]),
                    int(each[b"length"]),
                )
                for each in info[b"files"]
            ]
        )
        digest = hashlib.sha1(raw, usedforsecurity=False).digest()
        return Info(name, int(info[b"piece length"]), len(info[b"pieces"]) // 20, files, digest)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Unusable(f"its .torrent file has no metadata that can be read ({error})") from None


def text(value: Any) -> str:
    """A bencoded string as text. Raises ValueError if it is not UTF-8."""
    if not isinstance(value, bytes):
        raise ValueError("a text is missing")
    return value.decode()


def number(value: Any, default: int = 0) -> int:
    """A bencoded integer. If the value is not an integer, the default."""
    return value if isinstance(value, int) else default
