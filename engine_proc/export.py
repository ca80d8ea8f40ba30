"""`python -m engine_proc.export …`: makes the .torrent file and the magnet link of a torrent from its stored data.

The process reads the desired state of the torrent from standard input, and writes an `Exported` to standard output.
`engine_proc.describe` gives the reasons for a separate process. Both processes have the same sandbox.
"""

import contextlib
import sys
from typing import Final

import msgspec

from engine_proc.libtorrent_adapter.making.libtorrent_export import export
from engine_proc.process import helper
from engine_proc.session.session_port import InvalidSource
from protocol.durable.integrity import Damaged, check_crc32, read, unseal
from protocol.durable.resume_dir import ResumeDir
from protocol.internal.making import Exported
from protocol.wire.desired import DesiredTorrent

_TORRENT: Final = msgspec.msgpack.Decoder(DesiredTorrent)
_UNREADABLE: Final = (Damaged, InvalidSource, OSError)


def exported(directory: ResumeDir, desired: DesiredTorrent) -> Exported:
    """Makes the .torrent file and the magnet link. Ignores damaged data."""
    metainfo = resume = None
    with contextlib.suppress(*_UNREADABLE):
        content = read(directory.metainfo(desired.torrent))
        if desired.metainfo_crc32 is not None:
            check_crc32(content, desired.metainfo_crc32)
        metainfo = content
    with contextlib.suppress(*_UNREADABLE):
        resume = unseal(read(directory.fastresume(desired.torrent)))
    problem = ""
    for each in (resume, None) if resume is not None else (None,):
        try:
            return export(desired, metainfo=metainfo, resume=each)
        except _UNREADABLE as error:
            problem = str(error)
    return Exported(problem=problem)


def main() -> None:
    """Answers the request on standard input."""
    directory = helper.begin("engine_proc.export").resume_dir
    desired = _TORRENT.decode(sys.stdin.buffer.read())
    sys.stdout.buffer.write(msgspec.msgpack.encode(exported(directory, desired)))


if __name__ == "__main__":
    main()
