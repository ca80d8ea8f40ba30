"""Vectors of whole messages: requests, replies and events, in hex and in JSON."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import msgspec

from protocol.wire import codec
from protocol.wire.envelope import ErrorBody, EventFrame, Reply, topic_of
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.events.event import Event, LatestEvent
from protocol.wire.operations import OPERATIONS
from tools.spec import samples


class Vector(NamedTuple):
    """A vector: one frame, and its expected handling.

    Fields:
        name: the vector's name, unique in its file.
        frame: the bytes of the frame.
        decoded: the decoded value, if decoding must succeed.
        error: if the frame is refused, the kind of error and the name of the field.
        by: who refuses the frame. `codec`: every codec. `server`: a server. It can decode the frame, but does not
            accept it.
        topic: for an event, the first frame of its message.
    """

    name: str
    frame: bytes
    decoded: Any = None
    error: tuple[ErrorKind, str | None] | None = None
    by: str | None = None
    topic: str | None = None


def requests() -> Iterator[Vector]:
    """Vectors of each command with minimal and with all arguments."""
    for number, op in enumerate(OPERATIONS):
        yield _message(f"{op}: minimal", samples.request(number, op, samples.needed(op)))
        full = samples.request(number, op, samples.ARGUMENTS[op], client="example", wait="applied", deadline_ms=5000)
        yield _message(f"{op}: full", full)
    yield _message("an id that is a number", {"v": 1, "id": 7, "op": "ping"})
    yield _message("fields that nobody knows", {"v": 1, "id": 8, "op": "ping", "args": {"new": True}, "newer": [None]})


def replies() -> Iterator[Vector]:
    """Vectors of each command's result, and of each error."""
    for number, op in enumerate(OPERATIONS):
        yield _message(f"{op}: ok", plain(_ok(number, samples.RESULTS[op])))
    yield _message("list_torrents: ok, cut to fields", plain(_ok(100, samples.CUT)))
    yield _message("add_torrent: ok, repeated", plain(_ok(11, samples.RESULTS["add_torrent"], dup=True)))
    for kind in ErrorKind:
        yield _message(f"error: {kind.wire_name}", plain(_refused(kind)))
    yield _message("error without an id", plain(_refused(ErrorKind.MALFORMED_FRAME, id_=None)))
    timed_out = OuzelError(
        ErrorKind.DEADLINE_EXCEEDED, "libtorrent has not confirmed it in time; it will be done", accepted=True
    )
    yield _message("error of a mutation that is durable", plain(_reply("example-11", error=timed_out)))


def events() -> Iterator[Vector]:
    """Vectors of each event type."""
    for number, event in enumerate(samples.EVENTS, 1):
        frame = event_frame(number, event)
        decoded = plain(frame)
        yield Vector(
            str(event.__struct_config__.tag),
            codec.encode(decoded),
            decoded,
            topic=topic_of(frame.type, frame.torrent or None),
        )


def event_frame(number: int, event: Event) -> EventFrame:
    """An event in its envelope."""
    data = msgspec.to_builtins(event, builtin_types=(bytes,))
    torrent = data.pop("torrent", None)
    type_ = data.pop("type")
    numbered = not isinstance(event, LatestEvent)
    return EventFrame(
        epoch=samples.EPOCH,
        seq=number if numbered else samples.SEQ,
        gen=samples.GEN,
        ts_us=samples.NOW_US + number,
        type=type_,
        torrent=torrent or msgspec.UNSET,
        data=data,
    )


def plain(message: msgspec.Struct) -> Any:
    """Converts a message to builtins."""
    return msgspec.to_builtins(message, builtin_types=(bytes,))


def _message(name: str, decoded: Mapping[str, Any]) -> Vector:
    return Vector(name, codec.encode(decoded), decoded)


def _ok(number: int, result: msgspec.Struct, *, dup: bool = False) -> Reply:
    return _reply(f"example-{number}", result=result, dup=dup or msgspec.UNSET)


def _refused(kind: ErrorKind, id_: str | None = "example-0") -> Reply:
    field = _FIELDS.get(kind)
    retry_after_ms = 1000 if kind is ErrorKind.NO_METADATA else None
    return _reply(
        id_, error=OuzelError(kind, kind.value.meaning, field=field, retry_after_ms=retry_after_ms, accepted=False)
    )


def _reply(id_: str | None, *, error: OuzelError | None = None, **members: Any) -> Reply:
    return Reply(
        id=id_,
        ok=error is None,
        error=msgspec.UNSET if error is None else ErrorBody.of(error),
        epoch=samples.EPOCH,
        gen=samples.GEN,
        seq=samples.SEQ,
        **members,
    )


_FIELDS: Final = {
    ErrorKind.MALFORMED_FRAME: "frame",
    ErrorKind.UNKNOWN_OP: "op",
    ErrorKind.INVALID_ARGUMENT: "args.limit",
    ErrorKind.UNKNOWN_TORRENT: "args.torrent",
    ErrorKind.PATH_NOT_ALLOWED: "args.save_path",
    ErrorKind.REPLAY_GONE: "args.after_seq",
}
