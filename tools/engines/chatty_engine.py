"""`python -m tools.engines.chatty_engine`: an engine without libtorrent that sends a requested number of events.

Torrents can be added by magnet link, and do nothing. When a client sets the session's limits, the engine sends
`state_changed` events, for all torrents in turn. The download limit is the number of events. The upload limit is their
rate per second. 0 means no limit of the rate.
"""

import argparse
import faulthandler
import os
import re
import signal
import time
from typing import Final, NoReturn

import zmq

from engine_proc.process.parent import die_with_parent
from protocol.internal.link import EventBatch, decode_commands
from protocol.internal.link_commands import Configure, Drain, DropTorrent, EngineCommand, EnsureTorrent
from protocol.internal.link_events import (
    EngineEvent,
    EngineReady,
    Heartbeat,
    SettingsApplied,
    TorrentApplied,
    TorrentDropped,
)
from protocol.internal.link_queries import InspectSource, SourceInspected
from protocol.wire import codec
from protocol.wire.events.torrent_events import StateChanged
from protocol.wire.rows import TorrentState

BEAT_S: Final = 0.25
BATCH: Final = 40
"""The number of events in a frame, as in the real engine."""
_STATES: Final = (TorrentState.SEEDING, TorrentState.DOWNLOADING)


class Chatty:
    """Runs one generation of the engine."""

    def __init__(self, endpoint: str, gen: int) -> None:
        self._gen = gen
        self._loops = 0
        self._ready = False
        self._torrents: list[str] = []
        self._states: dict[str, TorrentState] = {}
        self._left = self._told = 0
        self._rate = 0
        self._since = 0.0
        self._socket: zmq.Socket[bytes] = zmq.Context().socket(zmq.DEALER)
        self._socket.setsockopt(zmq.ROUTING_ID, f"gen-{gen}".encode())
        self._socket.connect(endpoint)

    def run(self) -> NoReturn:
        """Runs until the supervisor ends it."""
        beat_at = time.monotonic()
        while True:
            while self._socket.poll(0 if self._due() else 1 if self._left else 50):
                for command in decode_commands(self._socket.recv()).commands:
                    self._tell(*self._answer(command))
            if time.monotonic() >= beat_at:
                beat_at = time.monotonic() + BEAT_S
                self._loops += 1
                self._tell(Heartbeat(loops=self._loops, native_age_ms=0))
            if self._due():
                self._tell(*(self._change() for _ in range(min(BATCH, self._left))))

    def _due(self) -> bool:
        allowed = self._told + BATCH <= (time.monotonic() - self._since) * self._rate
        return bool(self._left and self._torrents and (not self._rate or allowed))

    def _change(self) -> StateChanged:
        torrent = self._torrents[self._told % len(self._torrents)]
        self._told += 1
        self._left -= 1
        previous = self._states[torrent]
        self._states[torrent] = _STATES[previous is _STATES[0]]
        return StateChanged(torrent=torrent, state=self._states[torrent], previous=previous)

    def _tell(self, *events: EngineEvent) -> None:
        if events:
            self._socket.send(codec.encode(EventBatch(gen=self._gen, events=list(events))))

    def _answer(self, command: EngineCommand) -> list[EngineEvent]:
        match command:
            case Configure(revision=revision):
                applied = SettingsApplied(revision=revision, config=command.config)
                if not self._ready:
                    self._ready = True
                    return [EngineReady(pid=os.getpid(), libtorrent="0.chatty", listen_port=1), applied]
                self._left, self._rate = command.download_bps, command.upload_bps
                self._told, self._since = 0, time.monotonic()
                return [applied]
            case InspectSource(token=token, magnet=magnet):
                found = re.search("btih:([0-9a-f]{40})", magnet or "")
                return [SourceInspected(token=token, torrent=found[1] if found else None, name="chatty")]
            case EnsureTorrent(desired=desired):
                if desired.torrent not in self._states:
                    self._torrents.append(desired.torrent)
                    self._states[desired.torrent] = TorrentState.QUEUED
                return [TorrentApplied(torrent=desired.torrent, revision=desired.revision)]
            case DropTorrent(torrent=torrent):
                return [TorrentDropped(torrent=torrent)]
            case Drain():
                os._exit(0)
            case _:
                return []


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for name in ("--endpoint", "--gen", "--parent-pid", "--stacks-fd"):
        parser.add_argument(name, type=str if name == "--endpoint" else int)
    args, _ = parser.parse_known_args()
    faulthandler.enable(args.stacks_fd, all_threads=True)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if not die_with_parent(args.parent_pid):
        os._exit(1)
    Chatty(args.endpoint, args.gen).run()
