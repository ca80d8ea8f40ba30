"""The envelopes of the public wire. They carry commands, replies and events.

Requests and replies are sent over the `commands` socket. Each is one msgpack map in the last frame of the message.
Events are sent over the `events` socket as two frames: the topic and one map. The version is 1.
"""

from typing import Annotated, Any, Final, Literal

import msgspec

from protocol.text import patterns
from protocol.wire import codec
from protocol.wire.errors import ErrorKind, OuzelError, Retry

VERSION: Final = 1
DEFAULT_DEADLINE_MS: Final = 10_000
MAX_DEADLINE_MS: Final = 600_000

MESSAGE_MAX: Final = 1000
FIELD_MAX: Final = 300
"""The maximum length of an error's texts. The texts quote parts of a request, and a request may have megabytes."""

RequestId = Annotated[str, msgspec.Meta(max_length=200)] | Annotated[int, msgspec.Meta(ge=0, le=codec.MAX_INTEGER)]
Wait = Literal["durable", "applied"]
RequestName = Annotated[str, msgspec.Meta(pattern=patterns.REQUEST_NAME)]
TraceParent = Annotated[str, msgspec.Meta(pattern=patterns.TRACEPARENT)]


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A request: what a client sends.

    Fields:
        v: the version of the protocol.
        id: chosen by the client and returned in the reply. The daemon stores the ids of accepted mutations for ten
            minutes. If a client sends a mutation with such an id, the mutation is not executed, and the client gets the
            stored reply. So each mutation needs its own id.
        op: the name of the command.
        args: the command's arguments, by name.
        client: a name by which the daemon recognizes this client after a reconnection. Without a name, each connection
            counts as another client. Equal `id`s of different clients do not conflict.
        wait: when the daemon answers OK. `durable`: once the change is on disk and will be applied. `applied`: once
            libtorrent has confirmed the change.
        deadline_ms: the time limit in milliseconds, counted from receipt. Exactly one reply is sent within this time.
        request: the name of the request in the log: up to 64 letters, digits, `.`, `_`, `:`, `/` and `-`. Without it,
            the daemon makes a name of `client` and `id`. Several requests may have one name.
        traceparent: the client's span in the form of W3C Trace Context, version 00. The daemon's spans of the request
            become its children. While nobody reads spans by `get_spans`, the field has no effect.
    """

    v: int
    id: RequestId
    op: str
    args: dict[str, Any] = {}
    client: Annotated[str, msgspec.Meta(min_length=1, max_length=200)] | None = None
    wait: Wait = "durable"
    deadline_ms: Annotated[int, msgspec.Meta(ge=1, le=MAX_DEADLINE_MS)] = DEFAULT_DEADLINE_MS
    request: RequestName | msgspec.UnsetType = msgspec.UNSET
    traceparent: TraceParent | msgspec.UnsetType = msgspec.UNSET


class ErrorBody(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The error in a reply.

    Fields:
        code: the error's number in the error table.
        name: the error's name in the error table.
        message: a sentence for people. It may change between versions.
        retry: when the same request may succeed: `never`, `later`, or `resnapshot` (after a new snapshot).
        retry_after_ms: the time in milliseconds after which a retry makes sense; absent if unknown.
        field: the dotted path of the offending field (`args.save_path`); absent if there is none.
        accepted: for a mutation. True if the mutation is on disk and will be applied in spite of this error. False if
            nothing was accepted and nothing will be done. Absent if that is not known yet. To find out, send the same
            request again with the same id. In errors of reads it has no meaning.
        request: the name of the request in the log. `get_log` finds the request's lines. Absent if the daemon has not
            begun the request.
    """

    code: int
    name: str
    message: str
    retry: Retry
    retry_after_ms: int | None = None
    field: str | None = None
    accepted: bool | None = None
    request: str | None = None

    @classmethod
    def of(cls, error: OuzelError) -> "ErrorBody":
        """Converts an exception to the form of the wire."""
        return cls(
            code=error.kind.code,
            name=error.kind.wire_name,
            message=_cut(error.message, MESSAGE_MAX),
            retry=error.kind.retry,
            retry_after_ms=error.retry_after_ms,
            field=None if error.field is None else _cut(error.field, FIELD_MAX),
            accepted=error.accepted,
            request=error.request,
        )


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """A reply. Each request gets exactly one reply.

    Fields:
        v: the version of the protocol.
        id: the id of the request; null if none could be read from the frame.
        ok: true if the reply has a `result`, false if it has an `error`.
        result: the command's result; present if `ok`.
        error: the error; present if not `ok`.
        dup: true if the request repeats an earlier request and was not executed again. Absent for all other requests.
        epoch: the epoch of the event numbers at the time of this reply.
        gen: the engine's generation; 0 before the first engine.
        seq: the number of the last lifecycle event before this reply; 0 before the first event.
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
    """The map of one event, as it is published.

    Fields:
        v: the version of the protocol.
        epoch: the epoch of the event numbers. When it changes, take a new snapshot.
        seq: for `lifecycle/`, the number of this event. For `progress/` and `tick/`, the number of the last lifecycle
            event before it.
        gen: the engine's generation at the time of the event.
        ts_us: the wall-clock time in microseconds since 1970, for people.
        type: the event's type, in snake_case.
        torrent: the torrent's id; absent if the event is not about a torrent.
        data: the fields of the event's type.
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
    """The topic of an event of this type."""
    match type_:
        case "progress" | "job_progress":
            return f"progress/{torrent or '-'}"
        case "tick":
            return "tick/-"
        case _:
            return f"lifecycle/{torrent or '-'}/{type_}"


def parse_request(frame: bytes) -> Request:
    """Decodes the request in a frame.

    Raises:
        OuzelError: the frame is malformed, is no request, or has another version. If the request's id could be read,
            the error is a RefusedRequest.
    """
    try:
        value = codec.decode(frame)
    except OuzelError as error:  # for example, an argument has an extension type; the reply still needs the id
        raise RefusedRequest(error, None if (header := peek_header(frame)) is None else header.id) from error
    if not isinstance(value, dict):
        raise OuzelError(ErrorKind.INVALID_ENVELOPE, "the frame is not a map", field="frame")
    try:
        version = value.get("v", VERSION)
        if type(version) is int and version != VERSION:  # another type is reported like that of any other field
            raise OuzelError(ErrorKind.UNSUPPORTED_VERSION, f"v: this server speaks version {VERSION}", field="v")
        return codec.convert(value, Request, within="", error=ErrorKind.INVALID_ENVELOPE)
    except OuzelError as error:
        raise RefusedRequest(error, _id_in(value)) from error


class FrameHeader(msgspec.Struct):
    """The header of a frame that is refused without decoding, or that is decoded later."""

    id: RequestId
    deadline_ms: msgspec.Raw = msgspec.Raw()
    """The id, not decoded. It may be any value, and may fill the whole frame."""

    @property
    def patience_s(self) -> float:
        """The request's deadline in seconds. If the given deadline is invalid, returns the default deadline."""
        try:
            given = _INTEGER.decode(self.deadline_ms)
        except msgspec.DecodeError:
            given = 0
        return (given if 1 <= given <= MAX_DEADLINE_MS else DEFAULT_DEADLINE_MS) / 1000


PEEK_WHOLE_BYTES: Final = 128 * 1024
"""Frames up to this size are scanned completely for their header. Larger frames are scanned only in part."""

_HEADER_DECODER: Final = msgspec.msgpack.Decoder(FrameHeader)
_ID: Final = msgspec.msgpack.Decoder(RequestId)
_INTEGER: Final = msgspec.msgpack.Decoder(int)


def peek_header(frame: bytes) -> FrameHeader | None:
    """Finds the id and the deadline in a frame, at a hundredth of the cost of decoding. Returns None without an id.

    In frames over 128 KiB the function scans only the first 5,000 elements. So it takes at most a millisecond or two.
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
    """The refusal of an invalid request that has a valid id. With the id, the sender can match the reply."""

    def __init__(self, reason: OuzelError, request_id: str | int | None) -> None:
        super().__init__(reason.kind, reason.message, field=reason.field)
        self.request_id = request_id


def _id_in(value: dict[str, Any]) -> str | int | None:
    """The id of an invalid request. None if the id itself is invalid. So no reply repeats an id of a megabyte."""
    try:
        found: str | int = msgspec.convert(value.get("id"), RequestId)
    except msgspec.ValidationError:
        return None
    return found
