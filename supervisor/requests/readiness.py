"""Readiness: notifies the service manager that commands are answered, and feeds its watchdog."""

import contextlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

import zmq

from supervisor.concurrency.background import Background
from supervisor.host.service_manager import ServiceManager
from supervisor.requests.self_check import SelfCheck

SELF_CHECK_S: Final = 10.0
"""The interval between self-checks without a watchdog of the service manager."""


class Readiness:
    """Reports the answers of the self-check to the service manager."""

    def __init__(self, manager: ServiceManager) -> None:
        self._manager = manager
        self._told = False

    @contextlib.contextmanager
    def checked(self, group: Background, connect: Callable[[], "zmq.Socket[bytes]"]) -> Iterator[None]:
        """Returns a context. In the context, self-checks are made, and answers are reported to the service manager.

        Args:
            connect: makes a socket that is connected to the commands socket.
        """
        if not self._manager.present:
            yield
            return
        check = SelfCheck(connect(), self._answers)
        wanted_s = self._manager.watchdog_s
        period_s = SELF_CHECK_S if wanted_s is None else wanted_s / 2
        checking = group.keep("self-check", partial(check.run, period_s))
        yield
        checking.cancel()
        check.close()

    def _answers(self) -> None:
        if not self._told:
            self._told = True
            self._manager.ready()
        self._manager.alive()
