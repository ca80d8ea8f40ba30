"""Handles the signals of people and service managers, on the loop."""

import asyncio
import signal
from collections.abc import Callable

from supervisor.log import logs


def catch(*, stop: Callable[[str], None], reload: Callable[[], None]) -> None:
    """Installs signal handlers. SIGTERM and SIGINT stop the service, and SIGHUP reloads its configuration.

    If the service was started on a terminal that no longer exists, SIGHUP stops the service.

    Args:
        stop: called with the reason.
    """
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop, signal.Signals(number).name)
    on_terminal = logs.on_terminal()

    def hung_up() -> None:
        if on_terminal and not logs.on_terminal():
            stop("SIGHUP, and the terminal is gone")
        else:
            reload()

    loop.add_signal_handler(signal.SIGHUP, hung_up)
    # Whoever started this process may have blocked these signals. Processes inherit the mask; so do engines.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGINT, signal.SIGHUP})
