"""Decides what happens to torrents whose storage is missing or full. Pure.

`judge` decides whether a torrent's data exists. It is called before the torrent is loaded, and again after each change
of the mounts. If the mount or the files are missing, the torrent waits. Otherwise libtorrent would discard its complete
pieces.

`step` is a state machine for the free space of a file system. A failed write makes the file system full. It stays full
for a minimum time, and until there is free space. If the file system soon becomes full again, the minimum time doubles.
Even with free bytes, a quota or the inodes may be exhausted.
"""

from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import PurePosixPath
from typing import Final, NamedTuple

import msgspec

from engine_proc.resume.pieces import ClaimedFile

HEADROOM: Final = 16 * 1024 * 1024
"""The free bytes at which waiting torrents continue. If the torrents need fewer bytes, they continue earlier."""

LOOK_S: Final = 2.0
"""The interval of measurements of a full file system.

It is also the minimum time for which a file system counts as full.
"""

LOOK_MAX_S: Final = 120.0
CALM_S: Final = 60.0
"""If a file system fills up again within this time, the problem was not solved."""


class Present(NamedTuple):
    """The data exists. `short`: by file index, the sizes of files that are shorter than claimed."""

    short: Mapping[int, int]


class Missing(NamedTuple):
    """The data is missing. The fields are the expected mount point, and a sentence about the reason."""

    mount_point: str
    problem: str


class Outside(NamedTuple):
    """A path of the torrent leads out of the download roots. The field is a sentence about the path."""

    problem: str


Verdict = Present | Missing | Outside


def unmounted(expected: str, actual: str) -> Missing | None:
    """Decides whether a disk is not mounted. In that case, the save path is on the disk of a parent directory.

    Args:
        expected: the previous mount point of the save path; empty if unknown.
        actual: the present mount point of the save path.
    """
    if expected in ("", actual) or PurePosixPath(actual) not in PurePosixPath(expected).parents:
        return None
    return Missing(expected, f"{expected} is not mounted: mount it; then its torrents continue by themselves")


def judge(*, expected: str, actual: str, claimed: Sequence[ClaimedFile], sizes: Sequence[int | None]) -> Verdict:
    """Decides whether a torrent can be loaded.

    Args:
        expected: the previous mount point of the torrent's save path; empty if unknown.
        actual: the present mount point of the torrent's save path.
        claimed: the claimed files.
        sizes: the sizes of these files on disk; None for a file that does not exist or cannot be reached.
    """
    short = {
        file.number: size or 0 for file, size in zip(claimed, sizes, strict=True) if size is None or size < file.end
    }
    if (missing := unmounted(expected, actual)) is not None and (short or not claimed):
        return missing
    if claimed and all(size is None for size in sizes):
        return Missing(
            actual,
            "none of its files can be reached any more: put them back, and it continues by itself"
            " (to download them again, remove it and add it again)",
        )
    return Present(short)


class Room(Enum):
    """The state of a file system's free space."""

    ENOUGH = "enough"
    FULL = "full"


class Space(msgspec.Struct, frozen=True):
    """The free space of one file system. Times are monotonic seconds.

    Fields:
        refills: how often the file system became full again within `CALM_S` after it had free space.
        since: the time of the last change of the state.
    """

    room: Room = Room.ENOUGH
    refills: int = 0
    since: float = -CALM_S

    @property
    def full(self) -> bool:
        """Whether torrents that write to the file system have to wait."""
        return self.room is Room.FULL

    @property
    def full_until(self) -> float:
        """The earliest time at which a full file system may count as having free space."""
        # Not by tenacity, which the supervisor's back-off uses: importing it takes 100 ms. ADR 042.
        return self.since + min(LOOK_MAX_S, LOOK_S * 2.0**self.refills)


def hurried(space: Space) -> Space:
    """The state of a full file system after a client's retry. The minimum time is over."""
    return Space(space.room, 0, space.since - LOOK_MAX_S)


class WriteFailed(NamedTuple):
    """A write failed for lack of disk space (ENOSPC) or quota (EDQUOT)."""


class Measured(NamedTuple):
    """A measurement: free bytes and inodes, and the bytes that the waiting torrents need."""

    free_bytes: int
    free_inodes: int
    lacking_bytes: int


class Action(Enum):
    """An action on the torrents that write to the file system."""

    HOLD = "hold"
    RELEASE = "release"


def step(space: Space, event: WriteFailed | Measured, now: float) -> tuple[Space, Action | None]:
    """The next state, and the action to take."""
    match space.room, event:
        case Room.ENOUGH, WriteFailed():
            # Bounded, since 2.0**1024 overflows.
            refills = min(space.refills + 1, 32) if now - space.since < CALM_S else 0
            return Space(Room.FULL, refills, now), Action.HOLD
        case Room.FULL, Measured() as measured if now >= space.full_until and _has_room(measured):
            return Space(Room.ENOUGH, space.refills, now), Action.RELEASE
        case _:
            return space, None


def _has_room(measured: Measured) -> bool:
    wanted = max(1, min(measured.lacking_bytes, HEADROOM))
    return measured.free_bytes >= wanted and measured.free_inodes > 0
