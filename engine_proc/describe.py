"""`python -m engine_proc.describe DIRECTORY`: what the resume directory says of torrents that no engine has loaded.

Standard input has the torrents as they are desired, standard output gets a batch of the events that an engine would
tell of them. It is a process of its own: it may be asked about a torrent that crashes whoever loads it, and when
engines do not live. Nothing is changed.
"""

import contextlib
import sys
from pathlib import Path
from typing import Final

import msgspec

from engine_proc.libtorrent_session import describe
from engine_proc.session_port import InvalidSource
from engine_proc.translator import AlertTranslator
from protocol import codec, utf8
from protocol.desired import DesiredTorrent
from protocol.integrity import Damaged, read, unseal
from protocol.link import EngineEvent, EventBatch
from protocol.resume_dir import ResumeDir

_TORRENTS: Final = msgspec.msgpack.Decoder(list[DesiredTorrent])
_UNREADABLE: Final = (Damaged, InvalidSource, OSError)


def events_of(directory: ResumeDir, desired: DesiredTorrent) -> list[EngineEvent]:
    """The torrent's files, and how much of them there is; nothing where neither can be found out."""
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
            events = [
                *translator.metadata_known(desired.torrent, layout, restored=True),
                *translator.refused(desired.torrent, examined),
            ]
            return [event for event in events if isinstance(event, EngineEvent)]
    return []


def main() -> None:
    """Answers what standard input asks."""
    utf8.use_utf8_locale()
    directory = ResumeDir(Path(sys.argv[1]))
    asked = _TORRENTS.decode(sys.stdin.buffer.read())
    events = [event for desired in asked for event in events_of(directory, desired)]
    sys.stdout.buffer.write(codec.encode(EventBatch(gen=0, events=events)))


if __name__ == "__main__":
    main()
