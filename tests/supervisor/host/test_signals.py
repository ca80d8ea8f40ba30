"""Signals reach the service, whatever its parent did to them."""

import asyncio
import os
import signal

from supervisor.host import signals


async def test_signals_that_the_parent_has_blocked_are_caught() -> None:
    """As of a shell or a supervisor that starts its children with a full mask: SIGTERM would wait for ever."""
    stopped: list[str] = []
    came = asyncio.Event()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGHUP})
    try:
        signals.catch(stop=stopped.append, reload=came.set)
        for number in (signal.SIGTERM, signal.SIGHUP):
            os.kill(os.getpid(), number)
        async with asyncio.timeout(5):
            await came.wait()
        assert stopped == ["SIGTERM"]
    finally:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            asyncio.get_running_loop().remove_signal_handler(number)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
