"""Escalates along the kill ladder. Sends a child one signal after the other until the child has ended."""

import asyncio
from signal import Signals
from typing import Final

from supervisor.engine.process import kill_ladder
from supervisor.engine.process.child import Child
from supervisor.engine.process.kill_ladder import Climb, Manner
from supervisor.log import logs

AGAIN_S: Final = 1.0
"""The delay before SIGKILL is sent again after a failed attempt."""


class Climber:
    """Ends one child at a time.

    Fields:
        manner: how the child is being ended; None if the child is not being ended.
        reason: why the supervisor considers the child faulty; None if the child is not faulty.
    """

    def __init__(self, log: logs.Logger) -> None:
        self._log = log
        self._climb: Climb | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.manner: Manner | None = None
        self.reason: str | None = None

    def end(self, child: Child, manner: Manner, reason: str | None) -> None:
        """Begins to end a child. Does nothing if the child has already got the first signal for this manner.

        A later call keeps the first call's reason.
        """
        climb = kill_ladder.begin(manner, self._climb)
        if climb is None:
            return
        self._climb, self.manner, self.reason = climb, manner, self.reason or reason
        self._go_on(child)

    def gone(self) -> None:
        """Resets the climber after the child's death, for the next child."""
        self._climb = self.manner = self.reason = None
        self._wait_no_more()

    def _go_on(self, child: Child) -> None:
        self._wait_no_more()
        assert self._climb is not None
        self._climb, rung = kill_ladder.step(self._climb)
        if rung is None:
            return
        self._log.info("engine_signalled", gen=child.gen, signal=rung.signal.name)
        wait_s = rung.wait_s
        try:
            child.send_signal(rung.signal)
        except OSError as error:
            self._log.error("engine_not_signalled", gen=child.gen, signal=rung.signal.name, problem=str(error))
            if rung.signal is Signals.SIGKILL:
                self._climb, wait_s = kill_ladder.begin(Manner.AT_ONCE, None), AGAIN_S
        self._timer = asyncio.get_running_loop().call_later(wait_s, self._go_on, child)

    def _wait_no_more(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
