"""What a method of a client is made of: a call, and how its reply is read. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import update_wrapper
from inspect import Parameter, Signature, signature
from types import NoneType
from typing import Any, Generic, TypeVar, get_args

import msgspec

from ouzel.requests import result_of, typed_result_of
from protocol.wire import codec, commands
from protocol.wire.envelope import Reply, Wait
from protocol.wire.errors import ErrorKind

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
M = TypeVar("M", bound=Callable[..., object])


@dataclass(frozen=True)
class Call(Generic[T_co]):
    """A command to send: its op and arguments, when OK shall be said, and what makes a value of the reply."""

    op: str
    args: dict[str, Any]
    read: Callable[[Reply], T_co]
    wait: Wait = "durable"


@dataclass(frozen=True)
class Page(Generic[T]):
    """A part of a long answer, and where the next part begins; `cursor` is None on the last."""

    items: list[T]
    cursor: str | None


def call_of(command: commands.Command, read: Callable[[Reply], T], wait: Wait = "durable") -> Call[T]:
    """A call of a command; `read` makes a value of its reply."""
    args = msgspec.to_builtins(command, builtin_types=(bytes,))
    return Call(args.pop("op"), args, read, wait)


def whole(kind: type[T]) -> Callable[[Reply], T]:
    """Reads the whole result as one struct."""
    return lambda reply: codec.convert(result_of(reply), kind, within="result", error=ErrorKind.MALFORMED_FRAME)


def member(kind: type[list[T]], name: str) -> Callable[[Reply], list[T]]:
    """Reads one member of the result, a list."""
    within = f"result.{name}"
    return lambda reply: codec.convert(result_of(reply).get(name), kind, within=within, error=ErrorKind.MALFORMED_FRAME)


def page_of(kind: type[list[T]], member: str) -> Callable[[Reply], Page[T]]:
    """Reads one page of a list."""
    shape: Any = msgspec.defstruct("_Page", [(member, kind), ("cursor", str | None, None)])
    decoder: Any = msgspec.msgpack.Decoder(shape)

    def read(reply: Reply) -> Page[T]:
        page = typed_result_of(reply, decoder, shape)
        return Page(getattr(page, member), page.cursor)

    return read


def nothing(reply: Reply) -> None:
    """Reads that there was no error."""
    result_of(reply)


def dress(method: M, build: Callable[..., object], pages: Any = None) -> M:
    """Gives a client's method the name, the documentation, the parameters and the result of the verb it is made of.

    A page's cursor is not among them: the method goes from page to page by itself.

    Args:
        pages: what the method gives the items of pages by: `Iterator`, or `AsyncIterator`.
    """
    update_wrapper(method, build)
    del method.__wrapped__  # type: ignore[attr-defined]  # set by update_wrapper; `help` would drop a parameter for self
    parameters = [each for each in signature(build).parameters.values() if each.kind is not Parameter.POSITIONAL_ONLY]
    this = Parameter("self", Parameter.POSITIONAL_ONLY)
    [result] = get_args(signature(build).return_annotation)  # of Call
    if pages is not None:
        [item] = get_args(result)  # of Page
        result = pages[item]
    result = None if result is NoneType else result
    shown = Signature([this, *parameters], return_annotation=result)
    method.__signature__ = shown  # type: ignore[attr-defined]  # what `inspect` and `help` look for
    method.__annotations__ = {each.name: each.annotation for each in parameters} | {"return": result}
    return method
