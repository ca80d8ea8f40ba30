"""The envelopes of the public wire: what surrounds a command, its answer, and an event.

Requests and replies travel the `commands` socket, one msgpack map in the last frame of the message. Events travel the
`events` socket as two frames, the topic and one map. Version 1.
"""

from typing import Annotated, Any, Final, Literal

import msgspec

from protocol.wire import codec
from protocol.wire.errors import ErrorKind, OuzelError, Retry

VERSION: Final = 1
DEFAULT_DEADLINE_MS: Final = 10_000
MAX_DEADLINE_MS: Final = 600_000

MESSAGE_MAX: Final = 1000
FIELD_MAX: Final = 300
"""The maximum length of an error's texts: they quote the request, which may have megabytes."""

RequestId = Annotated[str, msgspec.Meta(max_length=200)] | Annotated[int, msgspec.Meta(ge=0, le=codec.MAX_INTEGER)]
Wait = Literal["durable", "applied"]


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What a client sends.

    Fields:
        v: version of the protocol.
        id: chosen by the client, returned in the reply. A mutation with the id of one that was accepted within the last
            ten minutes gets the stored reply and is not carried out again, so an id is for one mutation.
        op: name of the command.
        args: its arguments, by name.
        client: identifies the sender across reconnections; without it, its socket does. Each sender has its own ids.
        wait: when to answer OK: `durable`, it is on disk and will be carried out; `applied`, libtorrent has confirmed
            it.
        deadline_ms: milliseconds from receipt within which exactly one reply comes.
    """

    v: int
    id: RequestId
    op: str
    args: dict[str, Any] = {}
    client: Annotated[str, msgspec.Meta(min_length=1, max_length=200)] | None = None
    wait: Wait = "durable"
    deadline_ms: Annotated[int, msgspec.Meta(ge=1, le=MAX_DEADLINE_MS)] = DEFAULT_DEADLINE_MS


class ErrorBody(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The error in a reply: a row of the error table, a message, and the offending field if there is one.

    Fields:
        code: its number in the error table.
        name: its name there.
        message: a sentence for people; not contract.
        retry: when the same request may succeed: `never`, `later`, or `resnapshot`: after a new snapshot.
        retry_after_ms: the earliest useful retry in milliseconds; absent if unknown.
        field: dotted path of the offending field (`args.save_path`); absent if there is none.
        accepted: of a mutation: true, it is on disk and will be carried out in spite of this error; false, nothing was
            accepted and nothing will be done. Absent, that is not known yet: send the same request again with the same
            id to find out. Errors of reads may have it or not.
    """

    code: int
    name: str
    message: str
    retry: Retry
    retry_after_ms: int | None = None
    field: str | None = None
    accepted: bool | None = None

    @classmethod
    def of(cls, error: OuzelError) -> "ErrorBody":
        """The wire's form of a refusal."""
        return cls(
            code=error.kind.code,
            name=error.kind.wire_name,
            message=_cut(error.message, MESSAGE_MAX),
            retry=error.kind.retry,
            retry_after_ms=error.retry_after_ms,
            field=None if error.field is None else _cut(error.field, FIELD_MAX),
            accepted=error.accepted,
        )


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What a client gets, once for each request.

    Fields:
        v: version of the protocol.
        id: the request's; null if none could be read from the frame.
        ok: true with a `result`, false with an `error`.
        result: shape as the command defines; present when `ok`.
        error: present when not `ok`.
        dup: true if the request repeats an earlier one, and nothing was carried out again; otherwise absent.
        epoch: identifies the numbering of events, as of this reply.
        gen: the engine's generation, 0 before the first.
        seq: the number of the last lifecycle event, as of this reply; 0 before the first.
    """

    v: int = VERSION
    id: str | int | None
    ok: bool
    result: Any | msgspec.UnsetType = msgspec.UNSET
    error: ErrorBody | msgspec.UnsetType = msgspec.UNSET
    dup: bool | msgspec.UnsetType = msgspec.UNSET
    epoch: str
    gen: int
    seq: int


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


class EventFrame(msgspec.Struct, frozen=True, kw_only=True):
    """The map of one event.

    Fields:
        v: version of the protocol.
        epoch: identifies the numbering; when it changes, take a new snapshot.
        seq: number of this event (`lifecycle/`), or of the last one before it (`progress/`, `tick/`).
        gen: engine generation in which it happened.
        ts_us: wall clock, microseconds since 1970, for people.
        type: the event's type, snake_case.
        torrent: the torrent's id, if the event is about one; otherwise absent.
        data: the event's fields, as its type defines.
    """

    v: int = VERSION
    epoch: str
    seq: int
    gen: int
    ts_us: int
    type: str
    torrent: str | msgspec.UnsetType = msgspec.UNSET
    data: dict[str, Any] = {}


def topic_of(type_: str, torrent: str | None) -> str:
    """The topic on which an event of this type is published."""
    match type_:
        case "progress":
            return f"progress/{torrent}"
        case "tick":
            return "tick/-"
        case _:
            return f"lifecycle/{torrent or '-'}/{type_}"


def parse_request(frame: bytes) -> Request:
    """The request in a frame.

    Raises:
        OuzelError: the frame is not decodable, is no request, or is of another version; if its id could be read, a
            RefusedRequest with that id.
    """
    try:
        value = codec.decode(frame)
    except OuzelError as error:  # such as an extension type in the arguments: the sender waits for a reply with its id
        raise RefusedRequest(error, None if (header := peek_header(frame)) is None else header.id) from error
    if not isinstance(value, dict):
        raise OuzelError(ErrorKind.INVALID_ENVELOPE, "the frame is not a map", field="frame")
    try:
        version = value.get("v", VERSION)
        if type(version) is int and version != VERSION:  # anything else is of the wrong type, like any other field
            raise OuzelError(ErrorKind.UNSUPPORTED_VERSION, f"v: this server speaks version {VERSION}", field="v")
        return codec.convert(value, Request, within="", error=ErrorKind.INVALID_ENVELOPE)
    except OuzelError as error:
        raise RefusedRequest(error, _id_in(value)) from error


class FrameHeader(msgspec.Struct):
    """The header of a frame that is refused without being decoded, or is decoded later."""

    id: RequestId
    deadline_ms: msgspec.Raw = msgspec.Raw()
    """Not decoded: it may be any value, as large as the frame."""

    @property
    def patience_s(self) -> float:
        """The seconds until its deadline; the default one if its own is invalid and will be refused."""
        try:
            given = _INTEGER.decode(self.deadline_ms)
        except msgspec.DecodeError:
            given = 0
        return (given if 1 <= given <= MAX_DEADLINE_MS else DEFAULT_DEADLINE_MS) / 1000


PEEK_WHOLE_BYTES: Final = 128 * 1024
"""Frames up to this size are scanned whole for their header; larger ones only as far as that is cheap."""

_HEADER_DECODER: Final = msgspec.msgpack.Decoder(FrameHeader)
_ID: Final = msgspec.msgpack.Decoder(RequestId)
_INTEGER: Final = msgspec.msgpack.Decoder(int)


def peek_header(frame: bytes) -> FrameHeader | None:
    """The id and the deadline in a frame, None if it has no id; costs a hundredth of decoding.

    In frames over 128 KiB it finds those that come after at most 5,000 elements. It takes a millisecond or two, however
    large the frame is.
    """
    try:
        if len(frame) <= PEEK_WHOLE_BYTES:
            return _HEADER_DECODER.decode(frame)
        found = codec.skim(frame, ("id", "deadline_ms"))
        if "id" not in found:
            return None
        return FrameHeader(_ID.decode(found["id"]), msgspec.Raw(found.get("deadline_ms", b"")))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


class RefusedRequest(OuzelError):
    """A request that cannot be carried out but whose id could be read, so that its sender can match the reply."""

    def __init__(self, reason: OuzelError, request_id: str | int | None) -> None:
        super().__init__(reason.kind, reason.message, field=reason.field)
        self.request_id = request_id


def _id_in(value: dict[str, Any]) -> str | int | None:
    """The id of an invalid request, if it is a valid id: an id of a megabyte is not sent back."""
    try:
        found: str | int = msgspec.convert(value.get("id"), RequestId)
    except msgspec.ValidationError:
        return None
    return found
