"""The warm spare: the next engine process, started in advance. It has loaded libtorrent, but has no session and no
ports.

A spare is an ordinary engine process of the next generation, before its configuration. An engine makes its session at
the first `Configure`. The spare is checked periodically, and before use. A spare that is dead, silent or out of date is
not used. After each failed spare, the delay before the next spare is longer.
"""

from collections.abc import Callable
from typing import Final

from supervisor.engine.life.restart_policy import PROBE_S, STABLE_S
from supervisor.engine.process.child import Child, Death
from supervisor.log import logs
from supervisor.pacing.backoff import exponential

LOOK_S: Final = 10.0
"""The interval between checks of a waiting spare."""

SILENT_S: Final = 10.0
"""A spare without a heartbeat for this time is not used.

An engine without a session sends a heartbeat every 2 seconds.
"""

FIRST_DELAY_S: Final = 2.0
"""The delay after the first failed spare. It doubles with each further failed spare, up to `PROBE_S`."""

_BACKOFF: Final = exponential(FIRST_DELAY_S, PROBE_S)

Expect = Callable[[int, Callable[[], None]], None]


class Spare:
    """At most one spare.

    Args:
        spawn: starts the child of the next generation. Raises OSError.
        expect: called with the spare's generation and the callback for its frames.
        fingerprint: returns all that a spare depends on. A spare with another fingerprint is out of date.
        clock: monotonic seconds.
        log: logs starts and ends of spares.
    """

    def __init__(
        self,
        *,
        spawn: Callable[[], Child],
        expect: Expect,
        fingerprint: Callable[[], object],
        clock: Callable[[], float],
        log: logs.Logger,
    ) -> None:
        self._spawn = spawn
        self._expect = expect
        self._fingerprint = fingerprint
        self._clock = clock
        self._log = log
        self._child: Child | None = None
        self._made_of: object = None
        self._spawned_at = 0.0
        self._heard_at: float | None = None
        self._looked_at = 0.0
        self._failures = 0
        self._not_before = 0.0

    def prepare(self) -> None:
        """Makes a spare.

        Does nothing if there is a reliable spare, or if the delay after a failed spare is not over.
        """
        now = self._clock()
        if self._child is not None and now - self._looked_at >= LOOK_S:
            self._looked_at = now
            self._examine(self._child)
        if self._child is not None or now < self._not_before:
            return
        self._looked_at = now
        self._made_of, self._spawned_at, self._heard_at = self._fingerprint(), now, None
        try:
            child = self._spawn()
        except OSError as error:
            self._log.warning("spare_not_spawned", problem=str(error))
            self._failed()
            return
        self._child = child
        self._expect(child.gen, self._heard)
        self._log.info("spare_spawned", gen=child.gen, pid=child.pid)

    def renew(self) -> bool:
        """Makes an up-to-date spare. Returns whether the spare exists and has sent a heartbeat."""
        if self._child is not None:
            self._examine(self._child)
        self.prepare()
        return self._child is not None and self._heard_at is not None

    def activate(self) -> Child | None:
        """Returns the spare as the new engine. None if there is no reliable spare."""
        if self._child is None or self._child.ended():
            return None  # `gone` will be called for it in a moment
        self._examine(self._child)
        child, self._child = self._child, None
        if child is not None:
            self._failures = 0
        return child

    def retire(self, reason: str) -> None:
        """If there is a spare, kills the spare without waiting for its end."""
        child, self._child = self._child, None
        if child is not None:
            self._log.info("spare_retired", gen=child.gen, reason=reason)
            child.kill()

    def gone(self, gen: int, death: Death) -> None:
        """Handles the end of a child that is not the engine. The child is the spare or a retired spare."""
        if self._child is None or self._child.gen != gen:
            return
        self._child = None
        self._log.warning("spare_exited", gen=gen, exit_code=death.exit_code, signal=death.signal)
        if self._clock() - self._spawned_at >= STABLE_S:
            self._failures = 0
        self._failed()

    def _examine(self, child: Child) -> None:
        """Kills the spare if it is silent or out of date."""
        if child.ended():
            return
        if self._clock() - (self._heard_at or self._spawned_at) > SILENT_S:
            self.retire("it is silent")
            self._failed()
        elif self._fingerprint() != self._made_of:
            self.retire("configuration or code has changed")

    def _heard(self) -> None:
        if self._heard_at is None and self._child is not None:
            self._log.info("spare_ready", gen=self._child.gen)
        self._heard_at = self._clock()

    def _failed(self) -> None:
        self._failures += 1
        self._not_before = self._clock() + _BACKOFF.delay_s(self._failures)
