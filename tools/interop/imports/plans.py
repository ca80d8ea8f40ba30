"""The torrents of a profile: which pieces can be downloaded, and what the program is told about each torrent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tools.rig import payload
from tools.rig.payload import Torrent

COUNT: Final = 100
PIECE: Final = 64 * 1024
PIECES: Final = 8
SIZES: Final = (200_000, 150_000, PIECES * PIECE - 350_000)
"""The sizes of the files of a torrent with three files. Only the first file begins at the beginning of a piece."""

SLOW_BPS: Final = 6_000
"""The rate of a torrent that is stopped inside of a piece. It is below a block of 16 KiB in two seconds."""

FILMS: Final = "films"
MUSIC: Final = "music ü"
"""The categories: one with a save path, and one without."""


@dataclass(frozen=True)
class Plan:
    """One torrent.

    Fields:
        made: the torrent. All its data is in a directory of seeds.
        pieces: the pieces that can be downloaded.
        slow: whether a low rate keeps the download inside of a piece.
        priorities: by file index, in Ouzel's form. 0 is not selected, 7 is the highest.
        ratio: the ratio at which seeding ends. A value of -1 means never. None means that the program's setting
            applies.
        seeding_minutes, idle_minutes: the time of seeding, and of seeding without transfer. -1 and None have the same
            meaning as in `ratio`.
        automatic: whether the category's save path applies.
    """

    made: Torrent
    pieces: frozenset[int]
    slow: bool = False
    paused: bool = False
    forced: bool = False
    sequential: bool = False
    first_last: bool = False
    download_bps: int = 0
    upload_bps: int = 0
    labels: tuple[str, ...] = ()
    category: str = ""
    automatic: bool = False
    priorities: Mapping[int, int] = field(default_factory=dict)
    ratio: float | None = None
    seeding_minutes: int | None = None
    idle_minutes: int | None = None

    @property
    def torrent(self) -> str:
        """The torrent's info-hash in hexadecimal digits. It is Ouzel's id for the torrent."""
        return self.made.torrent

    @property
    def skips(self) -> bool:
        """Whether a file is not selected."""
        return 0 in self.priorities.values()

    @property
    def half(self) -> int:
        """The bytes of the selected pieces that can be downloaded. All pieces have the same size."""
        return len(self.pieces & self._selected) * PIECE

    @property
    def _selected(self) -> frozenset[int]:
        if not self.skips:
            return frozenset(range(PIECES))
        selected, offset = set[int](), 0
        for index, size in enumerate(SIZES):
            if self.priorities.get(index):
                selected |= set(range(offset // PIECE, (offset + size - 1) // PIECE + 1))
            offset += size
        return frozenset(selected)


def plans(seeds: Path, announce: str, *, qbittorrent: bool) -> list[Plan]:
    """Makes the torrents, with their data in a new directory. Only qBittorrent can store some of the options."""
    return [_plan(number, seeds, announce, qbittorrent=qbittorrent) for number in range(COUNT)]


def _plan(number: int, seeds: Path, announce: str, *, qbittorrent: bool) -> Plan:
    def every(period: int, rest: int = 0) -> bool:
        return number % period == rest

    files = {"a.bin": SIZES[0], "sub/b.bin": SIZES[1], "ü.bin": SIZES[2]} if every(3) else {"": PIECES * PIECE}
    made = payload.make(seeds, f"set {number} ü", files, piece_size=PIECE, tracker=announce)
    slow, paused = every(10, 1), every(10, 2)
    films = qbittorrent and every(5)
    return Plan(
        made,
        frozenset(range(PIECES) if slow else range(number // 10 % 2, PIECES, 2)),
        slow=slow,
        paused=paused,
        forced=qbittorrent and every(11) and not paused,
        sequential=qbittorrent and every(13),
        first_last=qbittorrent and every(13, 1),
        download_bps=2_000_000 if every(7) else 0,
        upload_bps=50_000 if every(7, 1) else 0,
        labels=("seen", "ü 1") if every(4) else (),
        category=FILMS if films else MUSIC if qbittorrent and every(5, 3) else "",
        automatic=films,
        priorities={0: 4, 1: 0, 2: 4} if every(6) else {0: 7, 1: 4, 2: 4} if every(6, 3) else {},
        ratio=1.5 if every(8) else -1 if every(8, 1) else None,
        seeding_minutes=60 if qbittorrent and every(9) else None,
        idle_minutes=20 if not qbittorrent and every(9) else None,
    )
