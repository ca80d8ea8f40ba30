"""`python -m engine_proc.describe …`: reads the stored data of torrents that no engine has loaded.

The process reads the desired state of the torrents from standard input. It writes one batch to standard output: the
events that an engine would send. A torrent may crash the process that reads its data, so this is a separate process.
The separate process also works while there is no engine. The data is untrusted, so the process runs in the engine's
sandbox, without write access.
"""

import contextlib
import sys
from typing import Final

import msgspec

from engine_proc.events.metadata_events import metadata_events
from engine_proc.events.translator import AlertTranslator
from engine_proc.libtorrent_adapter.parsing.libtorrent_claims import describe
from engine_proc.process import helper
from engine_proc.session.session_port import InvalidSource
from protocol.durable.integrity import Damaged, read, unseal
from protocol.durable.resume_dir import ResumeDir
from protocol.internal.link import EventBatch
from protocol.internal.link_events import EngineEvent
from protocol.wire import codec
from protocol.wire.desired import DesiredTorrent

_TORRENTS: Final = msgspec.msgpack.Decoder(list[DesiredTorrent])
_UNREADABLE: Final = (Damaged, InvalidSource, OSError)


def events_of(directory: ResumeDir, desired: DesiredTorrent) -> list[EngineEvent]:
    """Events with a torrent's files and their progress. If both are unknown, the list is empty."""
    metainfo = resume = None
    with contextlib.suppress(*_UNREADABLE):
        metainfo = read(directory.metainfo(desired.torrent))
    with contextlib.suppress(*_UNREADABLE):
        resume = unseal(read(directory.fastresume(desired.torrent)))
    for each in (resume, None) if resume is not None else (None,):
        with contextlib.suppress(*_UNREADABLE):
            described = describe(desired, metainfo=metainfo, resume=each)
            if described is None:
                return []
            layout, examined = described
            translator = AlertTranslator()
            return [
                *metadata_events(desired.torrent, layout, restored=True),
                *translator.refused(desired.torrent, examined),
            ]
    return []


def main() -> None:
    """Answers the request on standard input."""
    directory = helper.begin("engine_proc.describe").resume_dir
    asked = _TORRENTS.decode(sys.stdin.buffer.read())
    events = [event for desired in asked for event in events_of(directory, desired)]
    sys.stdout.buffer.write(codec.encode(EventBatch(gen=0, events=events)))


if __name__ == "__main__":
    main()
