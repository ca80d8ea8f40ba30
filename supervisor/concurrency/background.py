"""Background tasks: none of them ends the service by an error, each error is told, and what shall go on is tried again.

Here, as for commands, any error is caught, since the supervisor must not end. Each task still catches where it occurs
what it knows how to deal with.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Final, Protocol

from supervisor.log import logs

RETRY_S: Final = 1.0
"""How soon a task that ended in an error begins again."""

STEADY_S: Final = 5.0
"""After so long without an error a task counts as well again."""

AGAIN_S: Final = 60.0
"""How often the same error of the same task is logged."""

Report = Callable[[str, str | None], None]
Work = Coroutine[Any, Any, None]


class Tasks(Protocol):
    """Where tasks can be made that are done once."""

    def create_task(self, work: Work, /) -> asyncio.Task[None]:
        """Has it done."""


class Background:
    """Runs tasks.

    Args:
        group: where they run; it never sees an error of theirs.
        report: is told what is wrong with a task, by its name, and None once nothing is.
        log: hears of each error, with its traceback.
    """

    def __init__(self, group: asyncio.TaskGroup, report: Report, log: logs.Logger) -> None:
        self._group = group
        self._report = report
        self._log = log
        self._failing: set[str] = set()
        self._logged: dict[str, tuple[str, float]] = {}

    def keep(self, name: str, run: Callable[[], Work]) -> asyncio.Task[None]:
        """A task that goes on until it returns or is cancelled; after an error it begins again."""
        return self._group.create_task(self._keep(name, run))

    def create_task(self, work: Work, /) -> asyncio.Task[None]:
        """A task that is done once. Whoever needs what it did sees to it that it is tried again."""
        return self._group.create_task(self._once(work))

    def attempt(self, name: str, call: Callable[[], object]) -> None:
        """Makes one of the calls that are made over and over."""
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
    """An error in words: of a group, the first one's."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return str(error) if isinstance(error, OSError) else f"{type(error).__name__}: {error}"
