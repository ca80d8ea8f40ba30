"""Starts an engine process: parses its arguments, enters the sandbox, opens the sockets, and runs the loop."""

import argparse
import faulthandler
import os
import signal
import sys
from mmap import mmap
from pathlib import Path
from typing import Final

import zmq

from engine_proc.engine import Engine
from engine_proc.ip_filter.filter_watch import FilterWatch
from engine_proc.process import certificates
from engine_proc.process.log import log
from engine_proc.process.parent import die_with_parent
from engine_proc.process.route_watch import RouteWatch
from engine_proc.process.sandbox import enter as enter_sandbox
from engine_proc.resume.rehasher import Rehasher
from engine_proc.resume.resume_store import FastResumeStore
from engine_proc.session.session_settings import merged
from engine_proc.storage.storage_watch import StorageWatch
from protocol.durable.resume_dir import ResumeDir
from protocol.host import utf8
from protocol.internal.exit_codes import EXIT_NOT_UTF8, EXIT_ORPHANED
from protocol.internal.flight_recorder import FLIGHT_BYTES, FlightRecorder
from protocol.internal.link_commands import Configure

LINK_HWM: Final = 10_000
"""The high-water mark of the link, in batches. The loop sends one batch per iteration."""
OOM_SCORE_ADJ: Final = 500
"""The value that is added to `oom_score_adj`.

When memory runs out, the kernel adds this many thousandths of all memory to the size of this process.
"""


def raise_oom_score() -> None:
    """When memory runs out, makes the kernel kill this process before the supervisor. Needs no privilege."""
    path = Path("/proc/self/oom_score_adj")
    try:
        path.write_text(str(min(1000, int(path.read_text()) + OOM_SCORE_ADJ)))
    except OSError as error:
        log("warning", "oom_score_not_raised", problem=str(error))


def run() -> None:
    """Runs the engine. Exits by `os._exit`, because libtorrent and ZeroMQ may clean up slowly."""
    parser = argparse.ArgumentParser(prog="engine_proc", description="Started by ouzeld; not meant to be run by hand.")
    parser.add_argument("--endpoint", required=True, help="the supervisor's end of the link")
    parser.add_argument("--gen", type=int, required=True, help="this engine's generation")
    parser.add_argument("--parent-pid", type=int, required=True, help="the supervisor's pid")
    parser.add_argument("--lifeline-fd", type=int, required=True, help="readable when the supervisor is gone")
    parser.add_argument("--flight-fd", type=int, help="memory for the flight recorder; none of it is read without")
    parser.add_argument("--resume-dir", type=Path, required=True)
    parser.add_argument("--root", action="append", default=[], help="a download root; may be given several times")
    parser.add_argument("--sandbox", choices=["auto", "require", "off"], default="off", help="see process/sandbox.py")
    parser.add_argument("--stacks-fd", type=int, help="where stacks are written when it dies; stderr without it")
    args = parser.parse_args()

    # The handler is in C, so it needs neither the loop nor the interpreter's lock.
    faulthandler.enable(sys.stderr if args.stacks_fd is None else args.stacks_fd, all_threads=True)
    # Ctrl-C in a terminal signals the whole process group, but the supervisor decides when its engine ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # replaced below, once the engine exists
    if not die_with_parent(args.parent_pid):
        log("warning", "orphaned_at_start")
        os._exit(EXIT_ORPHANED)
    raise_oom_score()
    # Before libtorrent is loaded and threads are started: otherwise file names would get another encoding.
    try:
        utf8.require_python_utf8()
        utf8.use_utf8_locale()
    except utf8.NotUtf8 as error:
        log("error", "not_utf8", problem=str(error))
        os._exit(EXIT_NOT_UTF8)

    # Imported only after the checks above, since loading libtorrent takes most of the start-up time.
    from engine_proc.libtorrent_adapter.libtorrent_filter import filter_of
    from engine_proc.libtorrent_adapter.libtorrent_session import LIBTORRENT_VERSION, LibtorrentSession
    from engine_proc.libtorrent_adapter.libtorrent_settings import known_settings

    resume_dir = ResumeDir(args.resume_dir)
    sandbox = enter_sandbox(args.sandbox, args.root, resume_dir)  # before any thread is started and the session is made
    recorder = FlightRecorder(bytearray(FLIGHT_BYTES) if args.flight_fd is None else mmap(args.flight_fd, FLIGHT_BYTES))

    known = known_settings()

    def make_session(command: Configure) -> LibtorrentSession:
        settings, _ = merged(command.settings, command.overrides, known)
        certificates.read_once(os.environ)
        return LibtorrentSession(
            settings,
            download_bps=command.download_bps,
            upload_bps=command.upload_bps,
            torrents=command.torrents,
            recorder=recorder,
        )

    context = zmq.Context()
    link = context.socket(zmq.DEALER)
    link.setsockopt(zmq.ROUTING_ID, f"gen-{args.gen}".encode())
    link.setsockopt(zmq.LINGER, 0)
    link.setsockopt(zmq.SNDHWM, LINK_HWM)
    link.connect(args.endpoint)
    store = FastResumeStore(resume_dir, sandbox.places)
    rehasher = Rehasher()
    watch = StorageWatch()
    routes = RouteWatch()
    filters = FilterWatch(str(resume_dir.ip_filter), filter_of)
    engine = Engine(
        link,
        args.lifeline_fd,
        store,
        rehasher,
        watch,
        make_session,
        filters=filters,
        routes=routes,
        gen=args.gen,
        libtorrent=LIBTORRENT_VERSION,
        known=known,
        recorder=recorder,
        sandbox=sandbox,
    )
    signal.signal(signal.SIGTERM, lambda *_: engine.terminate())
    engine.run()
    watch.close()
    filters.close()
    rehasher.close()
    store.close()
    log.flush()
    os._exit(0)
