"""Registration of handlers. Decorators mark functions, and look-ups find marked functions by command type.

`@handles(AddTorrent)` marks the method that carries out a command. `@edits(SetSequential)` marks a pure function. Its
arguments are a torrent's desired state and the command, and it returns the new desired state. The editor stores and
applies the new state. The mark is the only registration.
"""

import inspect
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any, Concatenate, Final, NamedTuple, ParamSpec, TypeVar

import msgspec

from protocol.wire.commands.kinds import Command, EngineRead, SessionRead
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
    """How one kind of command changes the desired state of its torrent.

    Fields:
        change: returns the new desired state. If nothing changes, returns the old state. Raises OuzelError.
        result: returns the result for the reply. Its arguments are the new desired state and the command.
        afresh: whether the engine retries a torrent that an error has stopped. The engine does this even if the desired
            state is unchanged. Each retry has a new revision, which the engine confirms.
    """

    change: Change
    result: Result
    afresh: bool = False


def named(desired: DesiredTorrent, _: object) -> msgspec.Struct:
    """The result of most edits: the id of the torrent."""
    return TorrentAccepted(torrent=desired.torrent)


def handles(kind: type[C]) -> Callable[[Callable[Concatenate[Owner, C, P], R]], Callable[Concatenate[Owner, C, P], R]]:
    """Marks the method that carries out commands of this type."""

    def mark(method: Callable[Concatenate[Owner, C, P], R]) -> Callable[Concatenate[Owner, C, P], R]:
        setattr(method, _HANDLES, kind)
        return method

    return mark


def refreshes(kind: type[EngineRead | SessionRead]) -> Callable[[F], F]:
    """Marks the method that asks the engine for the data of this type of read."""

    def mark(method: F) -> F:
        setattr(method, _REFRESHES, kind)
        return method

    return mark


def edits(
    kind: type[S], *, result: Callable[[DesiredTorrent, S], msgspec.Struct] = named, afresh: bool = False
) -> Callable[[_ChangeBy[S]], _ChangeBy[S]]:
    """Marks the pure function that changes a torrent's desired state. See `Edit`."""

    def mark(change: _ChangeBy[S]) -> _ChangeBy[S]:
        setattr(change, _EDITS, (kind, Edit(change, result, afresh)))
        return change

    return mark


def handlers_of(*parts: object) -> dict[type[msgspec.Struct], Callable[..., Any]]:
    """Returns the `@handles` methods of some objects, by command type.

    Raises LookupError if a type has two methods.
    """
    return _marked(_HANDLES, parts)


def refreshers_of(part: object) -> dict[type[msgspec.Struct], Callable[..., Any]]:
    """Returns the `@refreshes` methods of an object, by command type.

    Raises LookupError if a type has two methods.
    """
    return _marked(_REFRESHES, [part])


def _marked(mark: str, parts: Sequence[object]) -> dict[type[msgspec.Struct], Callable[..., Any]]:
    found = [
        (kind, getattr(part, name))
        for part in parts
        for name, member in inspect.getmembers_static(type(part))
        if (kind := getattr(member, mark, None)) is not None
    ]
    return _each_once(found)


def edits_of(*modules: ModuleType) -> dict[type[msgspec.Struct], Edit]:
    """Returns the `@edits` functions of some modules, by command type.

    Raises LookupError if a type has two functions.
    """
    members = [member for module in modules for member in vars(module).values()]
    return _each_once([marked for member in members if (marked := getattr(member, _EDITS, None))])


def check_complete(
    kind: type[Command], found: Mapping[type[msgspec.Struct], object], *, but: tuple[type[Command], ...] = ()
) -> None:
    """Checks that each command of this kind has a handler. The daemon calls it at its start. Raises LookupError.

    Args:
        but: subclasses of `kind` that need no handler.
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
