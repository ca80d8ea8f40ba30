"""Runs calls that a hung disk can block. Their threads do not delay the end of the process."""

import _thread
import asyncio
import contextlib
import errno
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def in_thread(call: Callable[[], T]) -> T:
    """Runs the call in a new thread. Returns or raises its outcome. Raises OSError if no thread can be started.

    `asyncio.to_thread` has only a few threads, and hung calls could occupy all of them. A hung call in one of its
    threads would also prevent the exit of the process.
    """
    answer = begin_in_thread(call)
    try:
        return await answer
    finally:
        del answer  # breaks the reference cycle of error, frame and future


def begin_in_thread(call: Callable[[], T]) -> asyncio.Future[T]:
    """Begins the call in a new thread. Returns the future of its outcome. Raises OSError as `in_thread` does."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()
    unsettled = [answer]  # emptied by `settle`, since an error may keep the thread's frames alive

    def settle(result: T | None, error: Exception | None) -> None:
        answer = unsettled.pop()
        if answer.done():
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(result)  # type: ignore[arg-type]  # None is a T if the call returned None

    def run() -> None:
        result, problem = None, None
        try:
            result = call()
        except Exception as error:  # noqa: BLE001  # raised again in the waiting task
            problem = error
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(settle, result, problem)
        del problem

    try:
        # threading.Thread.start waits until the thread runs, some milliseconds when busy
        _thread.start_new_thread(run, ())
    except RuntimeError as error:
        unsettled.clear()
        raise OSError(errno.EAGAIN, str(error)) from error
    return answer
