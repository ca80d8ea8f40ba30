"""Which function carries out a command: marked where it is written, found by the command's type.

`@handles(AddTorrent)` marks a method that does what a command asks for. `@edits(SetSequential)` marks a pure function
from what is desired of a torrent, and the command, to what is desired then; the editor does the rest. Nothing else has
to name the function.
"""

import inspect
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any, Concatenate, Final, NamedTuple, ParamSpec, TypeVar

import msgspec

from protocol.wire.commands import Command, EngineRead
from protocol.wire.desired import DesiredTorrent
from protocol.wire.operations import OPERATIONS
from protocol.wire.results import TorrentAccepted

F = TypeVar("F", bound=Callable[..., Any])
C = TypeVar("C", bound=Command)
Owner = TypeVar("Owner")
P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S", bound=msgspec.Struct)
T = TypeVar("T")

_HANDLES: Final = "_ouzel_handles"
_REFRESHES: Final = "_ouzel_refreshes"
_EDITS: Final = "_ouzel_edits"

_ChangeBy = Callable[[DesiredTorrent, S], DesiredTorrent]
Change = _ChangeBy[Any]
Result = Callable[[DesiredTorrent, Any], msgspec.Struct]


class Edit(NamedTuple):
    """How one kind of command changes what is desired of its torrent.

    Fields:
        change: from what is desired now to what is desired then; equal where nothing is to be done. Raises OuzelError.
        result: what its client is told, of what is desired then.
        afresh: what has stopped the torrent is to be judged afresh. That is a revision of its own, which the engine
            confirms, so that nobody is told what was true before.
    """

    change: Change
    result: Result
    afresh: bool = False


def named(desired: DesiredTorrent, _: object) -> msgspec.Struct:
    """The result of most edits: which torrent it was."""
    return TorrentAccepted(torrent=desired.torrent)


def handles(kind: type[C]) -> Callable[[Callable[Concatenate[Owner, C, P], R]], Callable[Concatenate[Owner, C, P], R]]:
    """Marks the method that does what a command of this type asks for."""

    def mark(method: Callable[Concatenate[Owner, C, P], R]) -> Callable[Concatenate[Owner, C, P], R]:
        setattr(method, _HANDLES, kind)
        return method

    return mark


def refreshes(kind: type[EngineRead]) -> Callable[[F], F]:
    """Marks the method that asks the engine for what a read of this type shows."""

    def mark(method: F) -> F:
        setattr(method, _REFRESHES, kind)
        return method

    return mark


def edits(
    kind: type[S], *, result: Callable[[DesiredTorrent, S], msgspec.Struct] = named, afresh: bool = False
) -> Callable[[_ChangeBy[S]], _ChangeBy[S]]:
    """Marks the pure function that changes what is desired of a torrent; see `Edit`."""

    def mark(change: _ChangeBy[S]) -> _ChangeBy[S]:
        setattr(change, _EDITS, (kind, Edit(change, result, afresh)))
        return change

    return mark


def handlers_of(*parts: object) -> dict[type[msgspec.Struct], Callable[..., Any]]:
    """The marked methods of some objects, by the type that each is for. Raises LookupError where one has two."""
    return _marked(_HANDLES, parts)


def refreshers_of(part: object) -> dict[type[msgspec.Struct], Callable[..., Any]]:
    """The same of those that ask the engine."""
    return _marked(_REFRESHES, [part])


def _marked(mark: str, parts: Sequence[object]) -> dict[type[msgspec.Struct], Callable[..., Any]]:
    found = [
        (kind, getattr(part, name))
        for part in parts
        for name, member in inspect.getmembers_static(type(part))
        if (kind := getattr(member, mark, None)) is not None
    ]
    return _each_once(found)


def edits_of(module: ModuleType) -> dict[type[msgspec.Struct], Edit]:
    """The marked functions of a module, by the type that each is for. Raises LookupError where one has two."""
    return _each_once([marked for member in vars(module).values() if (marked := getattr(member, _EDITS, None))])


def check_complete(
    kind: type[Command], found: Mapping[type[msgspec.Struct], object], *, but: type[Command] | tuple[()] = ()
) -> None:
    """Raises LookupError where a command of this kind has no handler, so that no service starts without one.

    Args:
        but: a kind of these that others answer.
    """
    wanted = [each.arguments for each in OPERATIONS.values() if issubclass(each.arguments, kind)]
    wanted = [each for each in wanted if not issubclass(each, but)]
    missing = [each.__name__ for each in wanted if each not in found]
    if missing:
        raise LookupError(f"no handler for {', '.join(missing)}")


def _each_once(found: Sequence[tuple[type[msgspec.Struct], T]]) -> dict[type[msgspec.Struct], T]:
    unique = dict(found)
    if len(unique) != len(found):
        counted = Counter(kind.__name__ for kind, _ in found)
        raise LookupError(f"more than one handler for {counted.most_common(1)[0][0]}")
    return unique
