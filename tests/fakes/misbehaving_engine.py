"""`python -m tests.fakes.misbehaving_engine`: an engine that misbehaves for as long as a file says so.

`MISBEHAVIOUR` in the environment names the file; its content says what this generation does wrong. Without the file it
is the real engine. What misbehaves does so without libtorrent, over the real link.

- `dies_at_start`: exits with 9 before it has said anything.
- `never_ready`: gives heartbeats and does not take commands.
- `silent`: never says anything at all.
- `refuses_settings`: as an engine does whose libtorrent does not know one of them.
- `holds_the_lock`: takes commands, then hangs in a native call with the interpreter's lock held.
- `garbage`: takes commands, then sends what is no frame.
- `other_generation`: takes commands, then goes on in the name of the generation before, and in its own.
- `floods`: takes commands, then sends events as fast as it can, and not only such as make sense.
- `exits_with_0`: takes commands, then leaves as if it had been asked to.
"""

import argparse
import ctypes
import faulthandler
import os
import signal
import time
from pathlib import Path
from typing import Final, NoReturn

import zmq

from engine_proc.__main__ import main
from engine_proc.process.parent import die_with_parent
from protocol.internal.link import EventBatch, decode_commands
from protocol.internal.link_commands import Configure, Drain, DropTorrent, EngineCommand, EnsureTorrent
from protocol.internal.link_events import (
    EngineEvent,
    EngineReady,
    Heartbeat,
    SettingsApplied,
    SettingsRefused,
    TorrentApplied,
    TorrentDropped,
)
from protocol.wire import codec
from protocol.wire.events.session_events import SessionError
from protocol.wire.events.torrent_events import Progress
from protocol.wire.rows import TorrentState

VARIABLE: Final = "MISBEHAVIOUR"
KINDS: Final = (
    "dies_at_start",
    "never_ready",
    "silent",
    "refuses_settings",
    "holds_the_lock",
    "garbage",
    "other_generation",
    "floods",
    "exits_with_0",
)
EXIT_AT_START: Final = 9
LIBTORRENT: Final = "0.misbehaving"
"""The version that it claims for libtorrent."""
STRAY_PORT: Final = 7
"""The port that an engine of another generation claims to listen on."""
BEHAVES_S: Final = 0.2
"""How long it behaves well after it accepts commands."""
FLOOD: Final = 100
_BEAT_MS: Final = 50


class Misbehaving:
    """One generation that misbehaves in one way."""

    def __init__(self, kind: str, endpoint: str, gen: int) -> None:
        self._kind = kind
        self._gen = gen
        self._loops = 0
        self._context = zmq.Context()
        self._endpoint = endpoint
        self._socket = self._connect(gen)

    def run(self) -> NoReturn:
        """Runs until it is killed or exits."""
        ready_at: float | None = None
        while True:
            if self._kind != "silent":
                self._loops += 1
                self._tell(Heartbeat(loops=self._loops, native_age_ms=0))
            while self._socket.poll(_BEAT_MS):
                for command in decode_commands(self._socket.recv()).commands:
                    self._tell(*self._answer(command))
                    if isinstance(command, Configure) and ready_at is None:
                        ready_at = time.monotonic()
            if ready_at is not None and time.monotonic() - ready_at > BEHAVES_S:
                self._misbehave()

    def _connect(self, gen: int) -> "zmq.Socket[bytes]":
        socket = self._context.socket(zmq.DEALER)
        socket.setsockopt(zmq.ROUTING_ID, f"gen-{gen}".encode())
        socket.setsockopt(zmq.LINGER, 0)
        socket.setsockopt(zmq.SNDHWM, 0)
        socket.connect(self._endpoint)
        return socket

    def _tell(self, *events: EngineEvent) -> None:
        if events:
            self._socket.send(codec.encode(EventBatch(gen=self._gen, events=list(events))))

    def _answer(self, command: EngineCommand) -> list[EngineEvent]:
        match command:
            case _ if self._kind in ("silent", "never_ready"):
                return []
            case Configure(config=config) if self._kind == "refuses_settings":
                return [SettingsRefused(setting="some_setting", message="there is none", config=config)]
            case Configure(revision=revision):
                ready = EngineReady(pid=os.getpid(), libtorrent=LIBTORRENT, listen_port=1)
                return [ready, SettingsApplied(revision=revision)]
            case EnsureTorrent(desired=desired):
                return [TorrentApplied(torrent=desired.torrent, revision=desired.revision)]
            case DropTorrent(torrent=torrent):
                return [TorrentDropped(torrent=torrent)]
            case Drain():
                os._exit(0)
            case _:
                return []

    def _misbehave(self) -> None:
        match self._kind:
            case "holds_the_lock":
                ctypes.PyDLL(None).sleep(1000)
            case "garbage":
                self._socket.send(b"\xc1 no frame")
            case "other_generation":
                other = self._connect(self._gen - 1)
                lie = EngineReady(pid=1, libtorrent="0.stray", listen_port=STRAY_PORT)
                for gen in (self._gen, self._gen - 1):
                    other.send(codec.encode(EventBatch(gen=gen, events=[lie])))
                self._socket.send(codec.encode(EventBatch(gen=self._gen - 1, events=[lie])))
            case "floods":
                told = SessionError(name="flood", message="one of many")
                row = Progress(
                    torrent="ab" * 20,
                    state=TorrentState.DOWNLOADING,
                    progress=0.5,
                    bytes_done=1,
                    bytes_total=2,
                    size=2,
                    downloaded=1,
                    uploaded=0,
                    wasted=0,
                    download_bps=1,
                    upload_bps=0,
                    peers=1,
                    seeds=1,
                )
                events: list[EngineEvent] = [told, row]
                self._tell(*events * FLOOD)
            case "exits_with_0":
                os._exit(0)


def misbehave(kind: str) -> NoReturn:
    """Reads the arguments that the supervisor gives an engine, and misbehaves."""
    parser = argparse.ArgumentParser()
    for name in ("--endpoint", "--gen", "--parent-pid", "--stacks-fd"):
        parser.add_argument(name, type=str if name == "--endpoint" else int)
    args, _ = parser.parse_known_args()
    faulthandler.enable(args.stacks_fd, all_threads=True)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if kind == "dies_at_start" or not die_with_parent(args.parent_pid):
        os._exit(EXIT_AT_START)
    Misbehaving(kind, args.endpoint, args.gen).run()


if __name__ == "__main__":
    try:
        what = Path(os.environ[VARIABLE]).read_text()
    except (KeyError, FileNotFoundError):
        main()
    else:
        misbehave(what)
