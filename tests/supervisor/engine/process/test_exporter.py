"""Torrents are exported by a separate process, from whatever stored data can be read."""

from pathlib import Path
from typing import Any, cast

import pytest

from protocol.durable.integrity import crc32_of
from protocol.internal.making import Exported
from protocol.wire import codec
from protocol.wire.commands.making_commands import ExportTorrent
from protocol.wire.errors import ErrorKind, OuzelError
from supervisor.commands.reads.disk_reads import DiskReads
from supervisor.engine.process import exporter
from supervisor.engine.process.exporter import Exporter
from tools.rig.samples import two_files

SAMPLE = two_files()

pytestmark = pytest.mark.process


async def test_a_damaged_file_is_not_given_out(tmp_path: Path) -> None:
    """Without a magnet link in the record, nothing can be exported, and the problem is named."""
    (tmp_path / f"{SAMPLE.torrent}.torrent").write_bytes(SAMPLE.metainfo)
    whole = await Exporter(tmp_path, "auto").export(SAMPLE.desired(metainfo_crc32=crc32_of(SAMPLE.metainfo)))
    assert whole == Exported(metainfo=SAMPLE.metainfo, magnet=SAMPLE.magnet)
    other = await Exporter(tmp_path, "auto").export(SAMPLE.desired(metainfo_crc32=1))
    assert (other.metainfo, other.magnet) == (None, None)
    assert other.problem


async def test_one_that_dies_is_an_error_of_the_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client may try again."""
    monkeypatch.setattr(exporter, "MODULE", "no_such_module")
    with pytest.raises(OuzelError) as caught:
        await Exporter(tmp_path, "auto").export(SAMPLE.desired())
    assert caught.value.kind is ErrorKind.STORAGE_UNAVAILABLE


class Large:
    """An exporter and reads of a torrent that does not fit into a frame."""

    size = codec.MAX_FRAME_BYTES - 1000

    async def export(self, _: object) -> Exported:
        """An export of this size."""
        return Exported(metainfo=bytes(self.size), magnet="magnet:")

    def find(self, torrent: str) -> str:
        """Any torrent."""
        return torrent


async def test_what_does_not_fit_into_a_frame_is_refused() -> None:
    """And a little less is not."""
    large = Large()
    reads = DiskReads(cast(Any, None), cast(Any, None), cast(Any, large), cast(Any, large))
    with pytest.raises(OuzelError, match=f"{Large.size + 7} bytes") as caught:
        await reads.answer(ExportTorrent(torrent=SAMPLE.torrent))
    assert caught.value.kind is ErrorKind.METAINFO_TOO_LARGE
    large.size -= 1100
    assert (await reads.answer(ExportTorrent(torrent=SAMPLE.torrent))).magnet == "magnet:"
