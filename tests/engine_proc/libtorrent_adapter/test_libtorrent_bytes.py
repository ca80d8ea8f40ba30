"""A session reports the bytes of the selected files, whatever whole pieces libtorrent counts."""

import hashlib
import itertools
from functools import partial
from pathlib import Path
from typing import Any, Final

import libtorrent
import pytest

from engine_proc.session.alerts import NativeState, PrioritiesSet, ResumeData, TorrentAdded, TorrentStatus
from protocol.wire.desired import DesiredTorrent, Selection
from tests.engine_proc.loopback import add, real_session
from tools.rig import bencode, payload
from tools.rig.samples import SampleTorrent, noise

lt: Any = libtorrent  # the type stubs do not declare the result

PIECE: Final = 16 * 1024
SIZES: Final = {"a": 10_000, "b": 3 * PIECE + 5, "c": 7, "d": 2 * PIECE}
"""Several files share a piece, and none ends at a piece boundary."""


def padded(root: Path) -> tuple[str, bytes]:
    """A v1 torrent with padding (BEP 47) before each file: its id and metainfo."""
    made = payload.make(root, "padded", SIZES, piece_size=PIECE)
    content, entries = b"", []
    for path, size in SIZES.items():
        content += (root / "padded" / path).read_bytes()
        entries.append({b"length": size, b"path": [path.encode()]})
        if gap := -size % PIECE:
            content += bytes(gap)
            entries.append({b"length": gap, b"path": [b".pad", str(gap).encode()], b"attr": b"p"})
    digests = b"".join(
        hashlib.sha1(content[at : at + PIECE], usedforsecurity=False).digest() for at in range(0, len(content), PIECE)
    )
    info: dict[bytes, Any] = {b"name": b"padded", b"piece length": PIECE, b"pieces": digests, b"files": entries}
    metainfo = bencode.encode({b"info": info})
    assert made.size == sum(SIZES.values())
    return str(lt.load_torrent_buffer(metainfo).info_hashes.v1), metainfo


@pytest.mark.parametrize("version", ["v1", "v2", "hybrid", "padded"])
def test_every_selection_of_files_has_their_bytes(tmp_path: Path, version: str) -> None:
    """All files are on disk and found when the torrent is added; then each selection is checked."""
    if version == "padded":
        torrent, metainfo = padded(tmp_path)
    else:
        made = payload.make(tmp_path, "padded", SIZES, piece_size=PIECE, version=version)
        torrent, metainfo = made.torrent, made.metainfo
    names = list(SIZES)
    chosen = [list(each) for count in range(1, 5) for each in itertools.combinations(names, count)]
    desired = DesiredTorrent(torrent=torrent, source="metainfo", save_path=str(tmp_path), selection=only(chosen[0]))
    with real_session() as probe:
        probe.session.add(desired, metainfo=metainfo, resume=None)
        probe.take(TorrentAdded, torrent)
        for number, each in enumerate(chosen):
            if number:
                probe.session.set_selection(torrent, with_only(desired, each))
                probe.take(PrioritiesSet, torrent)
            expected = sum(SIZES[name] for name in each)
            row = probe.status(torrent, partial(_has, expected))
            assert (row.done, row.wanted, row.size) == (expected, expected, sum(SIZES.values())), each
        probe.session.save_resume(torrent, only_if_modified=False)
        resume = probe.take(ResumeData, torrent).blob
        for each in chosen:
            described = probe.session.describe(with_only(desired, each), metainfo=metainfo, resume=resume)
            assert described is not None
            layout, examined = described
            expected = sum(SIZES[name] for name in each)
            assert (examined.bytes_done, examined.bytes_total, examined.size) == (
                expected,
                expected,
                layout.metadata.size,
            )


def _has(wanted: int, row: TorrentStatus) -> bool:
    return row.state in (NativeState.FINISHED, NativeState.SEEDING) and row.wanted == wanted


def test_of_what_is_damaged_only_the_rest_counts(tmp_path: Path) -> None:
    """Damaged pieces at the borders of wanted files do not count, either."""
    sample = SampleTorrent("damaged", {name: noise(size, size) for name, size in SIZES.items()})
    sample.write(tmp_path)
    file = tmp_path / "damaged" / "b"
    content = bytearray(file.read_bytes())
    content[:5] = noise(5, 9)
    file.write_bytes(content)
    desired = sample.desired(tmp_path, selection=only(["b", "c"]))
    with real_session() as probe:
        add(probe, sample, desired)
        row = probe.status(sample.torrent, lambda row: row.state is NativeState.DOWNLOADING)
        of_first_piece = PIECE - SIZES["a"]
        assert (row.done, row.wanted) == (SIZES["b"] + SIZES["c"] - of_first_piece, SIZES["b"] + SIZES["c"])


def only(names: list[str]) -> Selection:
    """Selects these files and no others."""
    return Selection(include=tuple(names))


def with_only(desired: DesiredTorrent, names: list[str]) -> DesiredTorrent:
    """The torrent with another selection."""
    return DesiredTorrent(
        torrent=desired.torrent, source=desired.source, save_path=desired.save_path, selection=only(names)
    )
