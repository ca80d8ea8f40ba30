"""Samples the daemon's processes, and probes whether `healthy` is true."""

import threading
from pathlib import Path
from typing import Any, Final

import ouzel
from tools.chaos.history.entries import Probe, Processes
from tools.chaos.history.recorder import Recorder, now
from tools.chaos.world import processes

EVERY_S: Final = 0.2
PROBES: Final = 5
"""One sample in this number is followed by a probe."""

CATEGORY: Final = "probe"
TIMEOUT_S: Final = 3.0


class Sampler:
    """Samples and probes on a thread, and records the results.

    Args:
        supervisor: returns the pid of the running supervisor, or 0.
    """

    def __init__(self, runtime_dir: Path, supervisor: "Any", recorder: Recorder) -> None:
        self._runtime_dir = runtime_dir
        self._supervisor = supervisor
        self._recorder = recorder
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sampler", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends the sampling."""
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        number = 0
        while not self._end.wait(EVERY_S):
            number += 1
            self._recorder.record(self._sample())
            if number % PROBES == 0:
                self._probe("put_category" if number // PROBES % 2 else "remove_category")

    def _sample(self) -> Processes:
        at, pid = now(), self._supervisor()
        by_parent: dict[str, list[int]] = {}
        for engine in processes.engines(self._runtime_dir):
            by_parent.setdefault(str(engine.parent), []).append(engine.pid)
        own = processes.children(pid) if pid else []
        return Processes(
            at=at,
            supervisor=pid,
            started=processes.started(pid) if processes.alive(pid) else 0,
            engines=by_parent,
            sessions=processes.listening([each for engines in by_parent.values() for each in engines]),
            zombies=[child for child in own if processes.state(child) == "Z"],
        )

    def _probe(self, op: str) -> None:
        """Makes a change that no other client makes, between two reads of the health."""
        try:
            with ouzel.Client(self._runtime_dir, timeout_s=TIMEOUT_S) as client:
                before = client.health()
                error = ""
                try:
                    client.request(op, {"name": CATEGORY})
                except ouzel.Refused as refused:
                    error = "" if refused.body.name == "unknown_category" else refused.body.name
                after = client.health()
        except (ouzel.NotRunning, ouzel.RequestTimeout):
            return  # the supervisor is away: there is no `healthy` that could be wrong
        if before.engine.gen == after.engine.gen:
            self._recorder.record(
                Probe(at=now(), status=before.status.value, after=after.status.value, ok=not error, error=error)
            )
