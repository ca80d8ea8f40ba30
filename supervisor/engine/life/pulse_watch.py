"""Watches an engine's liveness: feeds heartbeats and ticks to the machine, and performs its actions."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from protocol.internal.link_events import Heartbeat
from supervisor.engine.life import pulse
from supervisor.engine.life.pulse import Beat, Began, Confirmed, Ended, Healthy, Hung, Input, Pulse, Suspect, Ticked

CONFIRMED_S: Final = 0.05
"""Confirmations that come closer together count as one: a restore has thousands, and what follows takes seconds."""


class PulseWatch:
    """Watches one engine after the other.

    Args:
        patient: whether the engine is starting or restoring torrents.
        excused: whether it waits for what the next engine would wait for, too; its time stands still meanwhile.
        on_suspect: called with the problem when the engine is suspected of hanging, and with None when it is not any
            more.
        on_hang: called with the reason, once, when it hangs.
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
        """An engine was started, or one takes over that was `heard` before and waited."""
        self._step(Began(heard))

    def end(self) -> None:
        """The engine is gone, or on its way out."""
        self._step(Ended())

    def beat(self, heartbeat: Heartbeat) -> None:
        """A heartbeat came."""
        self._step(Beat(heartbeat.loops, heartbeat.native_age_ms / 1000))

    def confirmed(self) -> None:
        """libtorrent has confirmed something of a torrent."""
        now = time.monotonic()
        if now - self._confirmed_at >= CONFIRMED_S:
            self._confirmed_at = now
            self._step(Confirmed())

    async def run(self) -> None:
        """Tells the time, for ever."""
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
