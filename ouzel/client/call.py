"""Calls: commands, each with the function that reads its reply. The clients' methods are made of calls. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import update_wrapper
from inspect import Parameter, Signature, signature
from types import NoneType
from typing import Any, Generic, TypeVar, get_args

import msgspec

from ouzel.requests import result_of, typed_result_of
from protocol.wire import codec
from protocol.wire.commands import kinds
from protocol.wire.envelope import Reply, Wait
from protocol.wire.errors import ErrorKind

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
M = TypeVar("M", bound=Callable[..., object])


@dataclass(frozen=True)
class Call(Generic[T_co]):
    """A command to send: its op and arguments, its `wait`, and the function that reads the reply.

    Fields:
        before: calls that have to succeed first. They are sent one after the other.
    """

    op: str
    args: dict[str, Any]
    read: Callable[[Reply], T_co]
    wait: Wait = "durable"
    before: "tuple[Call[Any], ...]" = ()


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page of a long result.

    `cursor` is the value for the request of the next page. It is None on the last page.
    """

    items: list[T]
    cursor: str | None


def call_of(command: kinds.Command, read: Callable[[Reply], T], wait: Wait = "durable") -> Call[T]:
    """Makes a call of a command. `read` converts its reply to a value."""
    args = msgspec.to_builtins(command, builtin_types=(bytes,))
    return Call(args.pop("op"), args, read, wait)


def whole(kind: type[T]) -> Callable[[Reply], T]:
    """A function that reads the whole result as one struct."""
    return lambda reply: codec.convert(result_of(reply), kind, within="result", error=ErrorKind.MALFORMED_FRAME)


def member(kind: type[T], name: str) -> Callable[[Reply], T]:
    """A function that reads one member of the result."""
    within = f"result.{name}"
    return lambda reply: codec.convert(result_of(reply).get(name), kind, within=within, error=ErrorKind.MALFORMED_FRAME)


def page_of(kind: type[list[T]], member: str) -> Callable[[Reply], Page[T]]:
    """A function that reads one page of a list."""
    shape: Any = msgspec.defstruct("_Page", [(member, kind), ("cursor", str | None, None)])
    decoder: Any = msgspec.msgpack.Decoder(shape)

    def read(reply: Reply) -> Page[T]:
        page = typed_result_of(reply, decoder, shape)
        return Page(getattr(page, member), page.cursor)

    return read


def nothing(reply: Reply) -> None:
    """Raises the error of a reply, if any."""
    result_of(reply)


def dress(method: M, build: Callable[..., object], pages: Any = None) -> M:
    """Gives a client's method the name, docstring, parameters and result type of the function that builds its call.

    A method requests all pages by itself. So the cursor of pages is no parameter of the method.

    Args:
        pages: the type of a method that yields the items of pages: `Iterator` or `AsyncIterator`.
    """
    update_wrapper(method, build)
    del method.__wrapped__  # type: ignore[attr-defined]  # set by update_wrapper; `help` would drop a parameter for self
    parameters = [each for each in signature(build).parameters.values() if each.kind is not Parameter.POSITIONAL_ONLY]
    this = Parameter("self", Parameter.POSITIONAL_ONLY)
    [result] = get_args(signature(build).return_annotation)  # the parameter of Call
    if pages is not None:
        [item] = get_args(result)  # the parameter of Page
        result = pages[item]
    result = None if result is NoneType else result
    shown = Signature([this, *parameters], return_annotation=result)
    method.__signature__ = shown  # type: ignore[attr-defined]  # what `inspect` and `help` look for
    method.__annotations__ = {each.name: each.annotation for each in parameters} | {"return": result}
    return method
