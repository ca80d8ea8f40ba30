"""The torrents of a run: small torrents without peers, and downloads from a seed."""

from pathlib import Path
from typing import Any, Final, NamedTuple

from tools.chaos.plan.plan import Header
from tools.chaos.traffic.sizes import DOWNLOAD_BYTES, PIECE_BYTES
from tools.rig import payload
from tools.rig.samples import PIECE_LENGTH, SampleTorrent, noise

FILES: Final = 3


class Source(NamedTuple):
    """A torrent of the run.

    Fields:
        number: its index in the plan.
        by_magnet: whether it is added by its magnet link.
        made: the data of a download; None for a small torrent.
    """

    number: int
    torrent: str
    metainfo: bytes
    magnet: str
    by_magnet: bool
    made: payload.Torrent | None


def make(header: Header, root: Path) -> list[Source]:
    """Makes the torrents. The data of the downloads is at `root`."""
    small = []
    for index in range(header.torrents):
        files = {f"{number}.bin": noise(PIECE_LENGTH, 1000 * index + number) for number in range(FILES)}
        sample = SampleTorrent(f"small {index}", files)
        small.append(Source(index, sample.torrent, sample.metainfo, sample.magnet, index % 4 == 3, None))
    downloads = []
    for index in range(header.torrents, header.torrents + header.downloads):
        sizes = {"a.bin": DOWNLOAD_BYTES // 2 + index, "b/c.bin": DOWNLOAD_BYTES // 2}
        made = payload.make(root, f"download {index}", sizes, piece_size=PIECE_BYTES)
        downloads.append(Source(index, made.torrent, made.metainfo, made.magnet, False, made))
    return small + downloads


def values_of(detail: dict[str, Any]) -> dict[str, Any]:
    """The desired values in the result of `get_torrent`."""
    return {
        "paused": detail["paused"],
        "sequential": detail["sequential"],
        "download_bps": detail["download_limit_bps"],
        "upload_bps": detail["upload_limit_bps"],
        "include": detail["rules"]["include"],
        "priorities": detail["priorities"],
        "labels": sorted(detail["labels"]),
        "category": detail["category"],
    }


def values_on_disk(record: dict[str, Any]) -> dict[str, Any]:
    """The desired values in a record. A record leaves out defaults, and names a category by its key."""
    selection = record.get("selection", {})
    return {
        "paused": record.get("paused", False),
        "sequential": record.get("sequential", False),
        "download_bps": record.get("download_bps", 0),
        "upload_bps": record.get("upload_bps", 0),
        "include": list(selection.get("include", [])),
        "priorities": selection.get("priorities", {}),
        "labels": sorted(record.get("labels", [])),
        "category": record["category"].partition("/")[0] if record.get("category") else None,
    }
