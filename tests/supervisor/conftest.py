"""Common parts of the supervisor's tests: each coroutine test has its own loop, and no error on it is ignored."""

import asyncio
import inspect
from collections.abc import Awaitable
from typing import Any, Final

import pytest

PATIENCE_S: Final = 20.0
"""Much longer than any of these tests takes: a test that waits for ever fails by name."""


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Runs coroutine tests to their end; pytest runs other tests."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = inspect.signature(pyfuncitem.obj).parameters
    asyncio.run(_watched(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names})))
    return True


async def _watched(test: Awaitable[None]) -> None:
    unseen: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unseen.append(context))
    async with asyncio.timeout(PATIENCE_S):
        await test
    assert not unseen, unseen
