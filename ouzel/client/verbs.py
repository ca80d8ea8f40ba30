"""Converts functions that build calls to methods of the clients.

A method has the name, docstring, parameters and result type of its function.
"""

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from inspect import signature
from typing import Any, Concatenate, ParamSpec, TypeVar

from ouzel.client.by_name import refuse_positional
from ouzel.client.call import Call, Page, dress

P = ParamSpec("P")
T = TypeVar("T")


def verb(build: Callable[P, Call[T]]) -> Callable[Concatenate[Any, P], T]:
    """A method of the blocking client that returns the result of one call."""

    def method(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> T:
        refuse_positional(build.__name__, len(args), parameters)
        result: T = self.run(build(*args, **kwargs))
        return result

    dressed = dress(method, build)
    parameters = signature(dressed)
    return dressed


def paged(
    build: Callable[Concatenate[str | None, P], Call[Page[T]]],
) -> Callable[Concatenate[Any, P], Iterator[T]]:
    """A method of the blocking client that yields the items of all pages."""

    def method(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
        refuse_positional(build.__name__, len(args), parameters)
        first = build(None, *args, **kwargs)  # invalid arguments raise an error now, not at the first item

        def items() -> Iterator[T]:
            page: Page[T] = self.run(first)
            yield from page.items
            while page.cursor is not None:
                page = self.run(build(page.cursor, *args, **kwargs))
                yield from page.items

        return items()

    dressed = dress(method, build, Iterator)
    parameters = signature(dressed)
    return dressed


def async_verb(build: Callable[P, Call[T]]) -> Callable[Concatenate[Any, P], Coroutine[Any, Any, T]]:
    """A method of the asyncio client that returns the result of one call."""

    async def method(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> T:
        refuse_positional(build.__name__, len(args), parameters)
        result: T = await self.run(build(*args, **kwargs))
        return result

    dressed = dress(method, build)
    parameters = signature(dressed)
    return dressed


def async_paged(
    build: Callable[Concatenate[str | None, P], Call[Page[T]]],
) -> Callable[Concatenate[Any, P], AsyncIterator[T]]:
    """A method of the asyncio client that yields the items of all pages."""

    def method(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> AsyncIterator[T]:
        refuse_positional(build.__name__, len(args), parameters)
        first = build(None, *args, **kwargs)  # invalid arguments raise an error now, not at the first item

        async def items() -> AsyncIterator[T]:
            page: Page[T] = await self.run(first)
            while True:
                for item in page.items:
                    yield item
                if page.cursor is None:
                    return
                page = await self.run(build(page.cursor, *args, **kwargs))

        return items()

    dressed = dress(method, build, AsyncIterator)
    parameters = signature(dressed)
    return dressed
