"""The reloader: reads and applies the configuration again on request, and waits for the engine's verdict.

A configuration is applied whole or not at all. SIGHUP requests a reload.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Final

from protocol.configuration.config_problem import InvalidConfig
from supervisor.concurrency.threads import in_thread
from supervisor.config.config import Config
from supervisor.config.config_changes import Changes, ConfigInForce, compare
from supervisor.host.service_manager import ServiceManager
from supervisor.log import logs

READ_S: Final = 10.0
"""The time limit for reading the file, because a disk can hang."""

AGAIN_S: Final = 2.0
"""The delay before an unreadable file is read again."""

VERDICT_S: Final = 10.0
"""The time limit for an engine's verdict on new settings. After this time, the reload counts as done."""


class Reloader:
    """Brings a changed configuration into force.

    Args:
        in_force: the running configuration, which the reloader changes.
        read: reads the configuration. Called in a thread. Raises InvalidConfig.
        apply: applies the configuration in force to the parts of the service.
        engine_up: whether there is an engine to validate settings.
        on_taken: called with the accepted changes, which are in force now.
        on_refused: called with the problem if the old configuration stays in force.
        manager: notified when a reload begins and ends.
    """

    def __init__(
        self,
        in_force: ConfigInForce,
        *,
        read: Callable[[], Config],
        apply: Callable[[], None],
        engine_up: Callable[[], bool],
        on_taken: Callable[[Changes], None],
        on_refused: Callable[[str], None],
        manager: ServiceManager,
        log: logs.Logger,
    ) -> None:
        self._in_force = in_force
        self._read = read
        self._apply = apply
        self._engine_up = engine_up
        self._on_taken = on_taken
        self._on_refused = on_refused
        self._manager = manager
        self._log = log
        self._asked = asyncio.Event()
        self._verdict = asyncio.Event()
        self._judging = False
        self._refusal: str | None = None
        self._unreadable: str | None = None
        """Why the last try could not read the file. None if the file could be read."""

    def request_reload(self) -> None:
        """Requests a reload. If the file is being read now, the request causes another read."""
        self._asked.set()

    async def run(self) -> None:
        """Reloads on each request, one after the other. Runs until it is cancelled.

        If the file cannot be read, `run` tries again every few seconds.
        """
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(None if self._unreadable is None else AGAIN_S):
                    await self._asked.wait()
            if self._asked.is_set():
                self._asked.clear()
                self._unreadable = None
                self._log.info("reloading")
                self._manager.reloading(time.monotonic_ns() // 1000)
                await self._reload()
                self._manager.ready()
            else:
                await self._reload()

    def confirmed(self, number: int) -> None:
        """Notes that the engine has confirmed the settings of a configuration."""
        self._in_force.confirmed(number)
        if number == self._in_force.number:
            self._verdict.set()

    def refused(self, number: int, problem: str) -> bool:
        """Rolls back a configuration that the engine has refused. Returns False if there is no good configuration."""
        if number != self._in_force.number:
            return True  # the refused configuration is no longer in force
        if not self._in_force.roll_back():
            return False
        self._apply()
        if self._judging:
            self._refusal = problem
            self._verdict.set()
        else:
            self._on_refused(problem)  # there was no engine when the file was read
        return True

    async def _reload(self) -> None:
        try:
            async with asyncio.timeout(READ_S):
                wanted = await in_thread(self._read)
        except InvalidConfig as error:
            self._refuse(str(error), unreadable=isinstance(error.__cause__, OSError))
            return
        except TimeoutError:
            self._refuse("the configuration file cannot be read: its disk does not answer", unreadable=True)
            return
        except OSError as error:
            self._refuse(f"the configuration file cannot be read: {error.strerror}", unreadable=True)
            return
        self._unreadable = None
        changes = compare(self._in_force.config, wanted)
        problem = await self._apply_and_wait(changes.config) if changes.changed else None
        if problem is None:
            self._on_taken(changes)
        else:
            self._on_refused(problem)

    def _refuse(self, problem: str, *, unreadable: bool) -> None:
        """Reports a problem. If further tries have the same problem, reports the problem only once."""
        if problem != self._unreadable:
            self._on_refused(problem)
        self._unreadable = problem if unreadable else None

    async def _apply_and_wait(self, config: Config) -> str | None:
        """Applies a configuration, and waits for the engine's verdict. Returns the problem, or None.

        Without a running engine the result is None, and the next engine gives the verdict.
        """
        self._in_force.apply(config)
        self._refusal = None
        self._verdict.clear()
        self._apply()
        if not self._engine_up():
            return None
        self._judging = True
        try:
            async with asyncio.timeout(VERDICT_S):
                await self._verdict.wait()
        except TimeoutError:
            self._log.warning("reload_not_confirmed", after_s=VERDICT_S)
        finally:
            self._judging = False
        return self._refusal
