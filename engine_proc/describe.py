"""`python -m engine_proc.describe …`: reads the stored data of torrents that no engine has loaded.

It reads the desired state of the torrents from standard input. To standard output it writes a batch of the events
that an engine would send. This is a separate process because a torrent may crash the process that loads it, and because
there may be no engine. Since it parses untrusted bytes, it runs in the same sandbox as an engine, but without write
access.
"""

import argparse
import contextlib
import os
import resource
import sys
from pathlib import Path
from typing import Final

import msgspec

from engine_proc.events.metadata_events import metadata_events
from engine_proc.events.translator import AlertTranslator
from engine_proc.libtorrent_adapter.parsing.libtorrent_claims import describe
from engine_proc.process.log import log
from engine_proc.process.parent import die_with_parent
from engine_proc.process.sandbox import enter as enter_sandbox
from engine_proc.session.session_port import InvalidSource
from protocol.durable.integrity import Damaged, read, unseal
from protocol.durable.resume_dir import ResumeDir
from protocol.host import utf8
from protocol.internal.exit_codes import EXIT_ORPHANED
from protocol.internal.link import EventBatch
from protocol.internal.link_events import EngineEvent
from protocol.wire import codec
from protocol.wire.desired import DesiredTorrent

_TORRENTS: Final = msgspec.msgpack.Decoder(list[DesiredTorrent])
EXIT_NOT_CONFINED: Final = 78
CPU_S: Final = 60
MEMORY_BYTES: Final = 4 << 30
"""The limit of address space. Enough for 200 torrents; with libtorrent loaded the process needs 40 MiB."""
_UNREADABLE: Final = (Damaged, InvalidSource, OSError)


def events_of(directory: ResumeDir, desired: DesiredTorrent) -> list[EngineEvent]:
    """Events with a torrent's files and their progress; empty if neither can be determined."""
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


def limit(kind: int, most: int) -> None:
    """Sets a resource limit permanently, unless a lower one is in force."""
    _, hard = resource.getrlimit(kind)
    lowest = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(kind, (lowest, lowest))


def main() -> None:
    """Answers the request on standard input."""
    parser = argparse.ArgumentParser(prog="engine_proc.describe", description="Started by ouzeld alone.")
    parser.add_argument("--parent-pid", type=int, required=True, help="the supervisor's pid")
    parser.add_argument("--resume-dir", type=Path, required=True)
    parser.add_argument("--sandbox", choices=["auto", "require", "off"], required=True, help="see process/sandbox.py")
    args = parser.parse_args()
    if not die_with_parent(args.parent_pid):
        log("warning", "orphaned_at_start")
        os._exit(EXIT_ORPHANED)
    utf8.use_utf8_locale()
    limit(resource.RLIMIT_CPU, CPU_S)
    limit(resource.RLIMIT_AS, MEMORY_BYTES)
    directory = ResumeDir(args.resume_dir)
    # Before any input is read, even the request.
    sandbox = enter_sandbox(args.sandbox, [], directory, read_only=True)
    if sandbox.refusal is not None:
        log("error", "not_confined", problem=sandbox.refusal)
        sys.exit(EXIT_NOT_CONFINED)
    asked = _TORRENTS.decode(sys.stdin.buffer.read())
    events = [event for desired in asked for event in events_of(directory, desired)]
    sys.stdout.buffer.write(codec.encode(EventBatch(gen=0, events=events)))


if __name__ == "__main__":
    main()
