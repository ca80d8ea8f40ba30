"""`flight`: the costs of the flight recorder, for one record and for all records of restoring one torrent.

The writer uses shared memory, as in the engine. A real session restores seeds from resume data, and the benchmark
counts the records of each kind. For each kind, the number of records is multiplied by the cost of a record. The cost of
a restore is the sum of all kinds. Only the record of the command is not included. Reading the recorder is a cost of the
supervisor at each death of an engine.
"""

import os
import time
import timeit
from collections import Counter
from collections.abc import Callable
from mmap import mmap
from pathlib import Path
from typing import Annotated, Final

import typer

from engine_proc.libtorrent_adapter.libtorrent_session import LibtorrentSession
from engine_proc.resume.pieces import Verified
from engine_proc.session.alerts import ResumeData, TorrentAdded
from protocol.internal.flight_recorder import FLIGHT_BYTES, RECORDS, FlightRecorder, alert_name
from supervisor.engine.process import flight as memory
from tools.bench.options import AsJson
from tools.bench.report import Check, Report, show
from tools.rig.probe import LOOPBACK, Probe
from tools.rig.samples import SampleTorrent
from tools.rig.scratch import scratch

CALLS: Final = 20_000
READS: Final = 20
RECORD_GOAL_NS: Final = 1000.0
TORRENT: Final = "0123456789abcdef0123456789abcdef01234567"
ALERT: Final = alert_name("state_changed")
UNDER_WAY: Final = 1000


class Counting(FlightRecorder):
    """A flight recorder that counts records by kind."""

    def __init__(self, buffer: bytearray) -> None:
        super().__init__(buffer)
        self.counts: Counter[str] = Counter()

    def begin(self, what: bytes, torrent: str = "") -> int:
        """Counts a call, including its end."""
        self.counts["call"] += 1
        return super().begin(what, torrent)

    def alert(self, name: bytes) -> None:
        """Counts an alert."""
        self.counts["alert"] += 1
        super().alert(name)

    def alert_about(self, torrent: str) -> None:
        """Counts an alert."""
        self.counts["alert's torrent"] += 1
        super().alert_about(torrent)

    def under_way(self, what: bytes, torrent: str) -> None:
        """Counts an operation, including its confirmation."""
        self.counts["under way"] += 1
        super().under_way(what, torrent)


def flight(
    runs: Annotated[int, typer.Option(min=1, help="The number of runs, of which the fastest counts.")] = 15,
    torrents: Annotated[int, typer.Option(min=1, help="The number of torrents to restore for counting records.")] = 200,
    as_json: AsJson = False,
) -> None:
    """Measure the flight recorder: nanoseconds per record, and the share of a restore."""
    fd = memory.make()
    try:
        costs, read_us = _measure(fd, runs)
    finally:
        os.close(fd)
    counts = _count(torrents)
    restore_ns = sum(costs[kind] * count / torrents for kind, count in counts.items())
    rows = [(kind, f"{cost:.0f} ns", f"{counts[kind] / torrents:.1f}") for kind, cost in costs.items()]
    report = Report(
        benchmark="flight",
        columns=("RECORD", "COSTS", "A RESTORED TORRENT"),
        rows=rows,
        checks=[
            Check(
                "a call, and that it has returned",
                f"{costs['call']:.0f} ns",
                f"<= {RECORD_GOAL_NS:g} ns",
                costs["call"] <= RECORD_GOAL_NS,
                must=False,
            )
        ],
        notes=[
            f"Restoring a torrent takes {restore_ns / 1000:.1f} us of recording; reading a recorder with "
            f"{RECORDS} records and {UNDER_WAY} torrents under way takes {read_us:.0f} us."
        ],
        document={
            "ns": costs,
            "per_restored_torrent": {kind: count / torrents for kind, count in counts.items()},
            "restored_torrent_ns": restore_ns,
            "read_us": read_us,
        },
    )
    show(report, as_json=as_json)


def _measure(fd: int, runs: int) -> tuple[dict[str, float], float]:
    """The CPU time of each kind of record in nanoseconds, and the CPU time of reading the recorder in microseconds."""
    with mmap(fd, FLIGHT_BYTES) as shared:
        recorder = FlightRecorder(shared)

        def call() -> None:
            recorder.end(recorder.begin(b"save_resume", TORRENT))

        def under_way() -> None:
            recorder.under_way(b"add", TORRENT)
            recorder.confirmed(TORRENT)

        kinds: dict[str, Callable[[], None]] = {
            "call": call,
            "alert": lambda: recorder.alert(ALERT),
            "alert's torrent": lambda: recorder.alert_about(TORRENT),
            "under way": under_way,
        }
        costs = {kind: _cpu_ns(act, runs, CALLS) for kind, act in kinds.items()}
        for number in range(UNDER_WAY):
            recorder.under_way(b"add", f"{number:040x}")
        read_us = _cpu_ns(lambda: memory.read(fd), runs, READS) / 1000
        recorder.close()
    return costs, read_us


def _cpu_ns(act: Callable[[], object], runs: int, calls: int) -> float:
    """The CPU time of one call in the fastest run. Other load on the machine disturbs the fastest run least."""
    spent = (min(timeit.repeat(what, time.process_time, number=calls, repeat=runs)) for what in (act, lambda: None))
    return (next(spent) - next(spent)) / calls * 1e9


def _count(torrents: int) -> Counter[str]:
    """The number of records of each kind while this number of seeds is restored."""
    with scratch() as root:
        samples = [SampleTorrent(f"torrent {number}", {"a": b"content"}) for number in range(torrents)]
        saved = _saved(root, samples)
        recorder = Counting(bytearray(FLIGHT_BYTES))
        session = LibtorrentSession(LOOPBACK, download_bps=0, upload_bps=0, torrents=torrents, recorder=recorder)
        probe = Probe(session)
        recorder.counts.clear()
        for sample in samples:
            desired = sample.desired(root)
            examined = session.examine(desired, metainfo=sample.metainfo, resume=saved[sample.torrent])
            session.resume(
                desired,
                metainfo=sample.metainfo,
                resume=saved[sample.torrent],
                verified=Verified(),
                examined=examined,
            )
        for sample in samples:
            probe.take(TorrentAdded, sample.torrent)
        _settle(probe)
        session.close()
        return recorder.counts


def _saved(root: Path, samples: list[SampleTorrent]) -> dict[str, bytes]:
    session = LibtorrentSession(LOOPBACK, download_bps=0, upload_bps=0, torrents=len(samples))
    probe = Probe(session)
    found = {}
    for sample in samples:
        sample.write(root)
        session.add(sample.desired(root), metainfo=sample.metainfo, resume=None)
        probe.take(TorrentAdded, sample.torrent)
        session.save_resume(sample.torrent, only_if_modified=False)
        found[sample.torrent] = probe.take(ResumeData, sample.torrent).blob
    session.close()
    return found


def _settle(probe: Probe) -> None:
    """Waits until the torrents have finished the work that follows an addition."""
    deadline = time.monotonic() + 0.5
    while time.monotonic() < deadline:
        probe.pump(0.05)
