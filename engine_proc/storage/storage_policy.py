"""What becomes of torrents whose storage misbehaves. Pure.

Two questions are answered here. *Is a torrent's data there?* is asked before it is loaded, and again whenever mounts
change: good pieces are never replaced by none, so a torrent whose mount is gone, or whose files are, waits for them.
*Is there room?* is a machine for each file system: full from the first write that found no space until there is room
again, but not before a time that doubles while it fills up again at once (a quota or the inodes may be what is used up,
and those look like room).
"""

from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import PurePosixPath
from typing import Final, NamedTuple

import msgspec

from engine_proc.resume.pieces import ClaimedFile

HEADROOM: Final = 16 * 1024 * 1024
"""Free bytes at which waiting torrents go on; less will do where they lack less."""

LOOK_S: Final = 2.0
"""How often a full file system's room is looked at, and the shortest time that it stays full."""

LOOK_MAX_S: Final = 120.0
CALM_S: Final = 60.0
"""A file system that fills up again within this time was not mended."""


class Present(NamedTuple):
    """The data is there, but for what is `short`: how many bytes a file has, by number, where more were claimed."""

    short: Mapping[int, int]


class Missing(NamedTuple):
    """The data is not there: on which mount point it is awaited, and why, in words."""

    mount_point: str
    problem: str


class Outside(NamedTuple):
    """One of its paths leads out of the download roots; which, in words."""

    problem: str


Verdict = Present | Missing | Outside


def judge(*, expected: str, actual: str, claimed: Sequence[ClaimedFile], sizes: Sequence[int | None]) -> Verdict:
    """Whether a torrent can be loaded.

    Args:
        expected: the mount point that its save path was on, empty where that is not known.
        actual: the one that it is on now.
        claimed: the files that its resume data claims pieces of.
        sizes: bytes of each of them, None for one that is not there or cannot be reached.
    """
    unmounted = expected not in ("", actual) and PurePosixPath(actual) in PurePosixPath(expected).parents
    short = {
        file.number: size or 0 for file, size in zip(claimed, sizes, strict=True) if size is None or size < file.end
    }
    if unmounted and (short or not claimed):
        return Missing(expected, f"{expected} is not mounted: mount it; its torrents go on by themselves then")
    if claimed and all(size is None for size in sizes):
        return Missing(
            actual,
            "none of the files that were there can be reached any more: put them back, and it goes on by itself"
            " (to fetch them anew, remove it and add it again)",
        )
    return Present(short)


class Room(Enum):
    """What a file system is to those who write."""

    ENOUGH = "enough"
    FULL = "full"


class Space(msgspec.Struct, frozen=True):
    """One file system's room. Times are monotonic seconds.

    Fields:
        refills: how often it was found full again within `CALM_S` of having room.
        since: when it came into this state.
    """

    room: Room = Room.ENOUGH
    refills: int = 0
    since: float = -CALM_S

    @property
    def full(self) -> bool:
        """Whether torrents that write to it have to wait."""
        return self.room is Room.FULL

    @property
    def full_until(self) -> float:
        """The earliest time at which a full one is given another try."""
        # By hand: tenacity, of which the supervisor's back-off is made, takes 100 ms to import. ADR 042.
        return self.since + min(LOOK_MAX_S, LOOK_S * 2.0**self.refills)


def hurried(space: Space) -> Space:
    """A full file system of which somebody says that it was mended: it may have room again at the next measurement."""
    return Space(space.room, 0, space.since - LOOK_MAX_S)


class WriteFailed(NamedTuple):
    """A write found no space (ENOSPC), or no quota (EDQUOT)."""


class Measured(NamedTuple):
    """What the file system says: free bytes and inodes, and the bytes that those who wait lack."""

    free_bytes: int
    free_inodes: int
    lacking_bytes: int


class Action(Enum):
    """What is to be done to the torrents that write there."""

    HOLD = "hold"
    RELEASE = "release"


def step(space: Space, event: WriteFailed | Measured, now: float) -> tuple[Space, Action | None]:
    """The next state, and what to do about it."""
    match space.room, event:
        case Room.ENOUGH, WriteFailed():
            # Not 2**refills without bound: floats end at 2**1023.
            refills = min(space.refills + 1, 32) if now - space.since < CALM_S else 0
            return Space(Room.FULL, refills, now), Action.HOLD
        case Room.FULL, Measured() as measured if now >= space.full_until and _has_room(measured):
            return Space(Room.ENOUGH, space.refills, now), Action.RELEASE
        case _:
            return space, None


def _has_room(measured: Measured) -> bool:
    wanted = max(1, min(measured.lacking_bytes, HEADROOM))
    return measured.free_bytes >= wanted and measured.free_inodes > 0
