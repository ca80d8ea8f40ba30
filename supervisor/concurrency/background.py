"""Background tasks. An error in a task is reported, and the task is restarted. The service goes on.

Any exception is caught here, because the supervisor must not end. Each task still catches its expected errors.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Final, Protocol

from supervisor.log import logs

RETRY_S: Final = 1.0
"""The delay before a failed task is restarted."""

STEADY_S: Final = 5.0
"""The time without an error after which a task counts as working again."""

AGAIN_S: Final = 60.0
"""The minimum interval between log lines about the same error of one task."""

Report = Callable[[str, str | None], None]
Work = Coroutine[Any, Any, None]


class Tasks(Protocol):
    """An object, such as `Background`, that runs a task once."""

    def create_task(self, work: Work, /) -> asyncio.Task[None]:
        """Runs a task once."""


class Background:
    """Runs background tasks.

    Args:
        group: runs the tasks. Errors of these tasks never reach the group.
        report: called with a task's name and its problem, or None once the task works again.
        log: logs each error, with its traceback.
    """

    def __init__(self, group: asyncio.TaskGroup, report: Report, log: logs.Logger) -> None:
        self._group = group
        self._report = report
        self._log = log
        self._failing: set[str] = set()
        self._logged: dict[str, tuple[str, float]] = {}

    def keep(self, name: str, run: Callable[[], Work]) -> asyncio.Task[None]:
        """Runs a task until it returns or is cancelled. After an error, the task is restarted."""
        return self._group.create_task(self._keep(name, run))

    def create_task(self, work: Work, /) -> asyncio.Task[None]:
        """Runs a task once. If it fails, its owner has to try again."""
        return self._group.create_task(self._once(work))

    def attempt(self, name: str, call: Callable[[], object]) -> None:
        """Makes a periodic call. An error is reported, and is not raised."""
        try:
            call()
        except Exception as error:  # noqa: BLE001  # see above
            self._failed(name, error)
        else:
            self._well(name)

    async def _keep(self, name: str, run: Callable[[], Work]) -> None:
        while True:
            steady = asyncio.get_running_loop().call_later(STEADY_S, partial(self._well, name))
            try:
                await run()
                self._well(name)
                return
            except Exception as error:  # noqa: BLE001  # see above
                self._failed(name, error)
            finally:
                steady.cancel()
            await asyncio.sleep(RETRY_S)

    async def _once(self, work: Work) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001  # see above
            self._tell(getattr(work, "__qualname__", ""), error)

    def _failed(self, name: str, error: Exception) -> None:
        self._failing.add(name)
        self._tell(name, error)
        self._report(name, f"{_what(error)}; it is tried again")

    def _well(self, name: str) -> None:
        if name in self._failing:
            self._failing.discard(name)
            self._logged.pop(name, None)
            self._log.info("task_well_again", task=name)
            self._report(name, None)

    def _tell(self, name: str, error: Exception) -> None:
        problem, now = _what(error), time.monotonic()
        last, told_at = self._logged.get(name, ("", 0.0))
        if problem != last or now - told_at >= AGAIN_S:
            self._logged[name] = problem, now
            self._log.error("task_failed", task=name, problem=problem, exc_info=error)


def _what(error: Exception) -> str:
    """The text of an error. For an exception group, the text of its first error."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return str(error) if isinstance(error, OSError) else f"{type(error).__name__}: {error}"
