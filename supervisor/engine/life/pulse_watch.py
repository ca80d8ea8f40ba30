"""Watches an engine's liveness. Feeds heartbeats and ticks to the pulse machine, and performs the machine's actions."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from protocol.internal.link_events import Heartbeat
from supervisor.engine.life import pulse
from supervisor.engine.life.pulse import Beat, Began, Confirmed, Ended, Healthy, Hung, Input, Pulse, Suspect, Ticked

CONFIRMED_S: Final = 0.05
"""Confirmations within this interval count as one confirmation. A restore has thousands of confirmations."""


class PulseWatch:
    """Watches one engine after the other.

    Args:
        patient: whether the engine is starting or restoring torrents.
        excused: whether the engine waits for a slow disk. The next engine would wait for this disk, too. Meanwhile no
            ticks are made.
        on_suspect: called with the problem when the engine becomes suspect. Called with None when the engine is healthy
            again.
        on_hang: called once, with the reason, when the engine hangs.
    """

    def __init__(
        self,
        *,
        patient: Callable[[], bool],
        excused: Callable[[], bool],
        on_suspect: Callable[[str | None], None],
        on_hang: Callable[[str], None],
    ) -> None:
        self._patient = patient
        self._excused = excused
        self._on_suspect = on_suspect
        self._on_hang = on_hang
        self._pulse = Pulse()
        self._confirmed_at = -CONFIRMED_S

    def begin(self, *, heard: bool) -> None:
        """Starts to watch an engine. `heard` is true if the engine was the spare and has sent heartbeats before."""
        self._step(Began(heard))

    def end(self) -> None:
        """Stops watching. The engine has ended, or is being drained."""
        self._step(Ended())

    def beat(self, heartbeat: Heartbeat) -> None:
        """Handles a heartbeat."""
        self._step(Beat(heartbeat.loops, heartbeat.native_age_ms / 1000))

    def confirmed(self) -> None:
        """Notes that libtorrent has confirmed a torrent."""
        now = time.monotonic()
        if now - self._confirmed_at >= CONFIRMED_S:
            self._confirmed_at = now
            self._step(Confirmed())

    async def run(self) -> None:
        """Makes ticks for ever."""
        while True:
            if not self._excused():
                self._step(Ticked(patient=self._patient()))
            await asyncio.sleep(pulse.TICK_S)

    def _step(self, event: Input) -> None:
        self._pulse, actions = pulse.step(self._pulse, event, time.monotonic())
        for action in actions:
            match action:
                case Suspect(problem):
                    self._on_suspect(problem)
                case Healthy():
                    self._on_suspect(None)
                case Hung(reason):
                    self._on_hang(reason)
