"""Builds requests with unique ids, and matches replies with them. Pure.

A request's `id` is `<session>-<number>`. The daemon stores replies by (client, id) for ten minutes. Several processes
may use the same client name one after the other, so the session must differ between processes. The owner of the sockets
generates a random session.
"""

from contextvars import ContextVar
from typing import Any, Final, TypeVar

import msgspec

from ouzel import traces
from ouzel.errors import Refused
from ouzel.traces import ClientSpan
from protocol.wire import codec
from protocol.wire.envelope import DEFAULT_DEADLINE_MS, MAX_DEADLINE_MS, VERSION, ErrorBody, Reply, Request, Wait
from protocol.wire.errors import ErrorKind, OuzelError

MAX_REPLY_BYTES: Final = 256 * 1024 * 1024
MAX_REPLY_ELEMENTS: Final = 8_000_000

REQUEST_NAME: Final[ContextVar[str | None]] = ContextVar("request_name", default=None)
"""The name that requests of the current context have in the daemon's log. None lets the daemon choose the name."""

T = TypeVar("T")


class _Unread(msgspec.Struct, frozen=True, kw_only=True):
    """A reply with a result that is not decoded yet. The type of the result depends on the request."""

    v: int = VERSION
    id: str | int | None
    ok: bool
    result: msgspec.Raw = msgspec.Raw(b"")
    error: ErrorBody | msgspec.UnsetType = msgspec.UNSET
    dup: bool | msgspec.UnsetType = msgspec.UNSET
    epoch: str
    gen: int
    seq: int


_REPLIES: Final = msgspec.msgpack.Decoder(_Unread)


class Requests:
    """The unanswered requests of one socket.

    Args:
        session: a text that no other socket of the same client uses.
        client: the name by which the daemon recognizes the client after a reconnection. None for no name.
    """

    def __init__(self, *, session: str, client: str | None = None) -> None:
        self._session = session
        self._client = client
        self._made = 0
        self._open: dict[str, ClientSpan | None] = {}

    def build(
        self, op: str, args: dict[str, Any], *, wait: Wait = "durable", deadline_ms: int = DEFAULT_DEADLINE_MS
    ) -> tuple[str, bytes]:
        """Builds a request. Returns its id, and the frame to send.

        `deadline_ms` is the time for the daemon's reply, 1 to 600,000.

        Raises:
            OuzelError: one of three errors. FRAME_TOO_LARGE: the daemon would not accept the frame. INVALID_ENVELOPE:
                the deadline is out of range. INVALID_ARGUMENT: a text is not UTF-8. For example, a path may have other
                bytes, and encoding would change them.
        """
        if not 1 <= deadline_ms <= MAX_DEADLINE_MS:
            raise OuzelError(
                ErrorKind.INVALID_ENVELOPE,
                f"deadline_ms: {deadline_ms} is not within 1..{MAX_DEADLINE_MS}",
                field="deadline_ms",
            )
        request_id = f"{self._session}-{self._made}"
        span = traces.begin(op)
        request = Request(
            v=1,
            id=request_id,
            op=op,
            args=args,
            client=self._client,
            wait=wait,
            deadline_ms=deadline_ms,
            request=REQUEST_NAME.get() or msgspec.UNSET,
            traceparent=msgspec.UNSET if span is None else span.traceparent,
        )
        if (name := _not_utf8(args)) is not None:
            field = f"args.{name}"
            problem = f"{field}: {args[name]!r} is not UTF-8, as text on the wire is"
            raise OuzelError(ErrorKind.INVALID_ARGUMENT, problem, field=field)
        frame = codec.encode(request)
        if len(frame) > codec.MAX_FRAME_BYTES:
            raise OuzelError(
                ErrorKind.FRAME_TOO_LARGE,
                f"`{op}` takes {len(frame)} bytes, over the {codec.MAX_FRAME_BYTES} that a request may have",
                field="frame",
            )
        self._made += 1
        self._open[request_id] = span
        return request_id, frame

    def match(self, frame: bytes) -> Reply | None:
        """The reply in a frame if it answers an open request. None for late, duplicate and foreign replies.

        Raises:
            OuzelError: MALFORMED_FRAME if the frame is no reply.
        """
        if len(frame) > MAX_REPLY_BYTES:
            problem = f"the frame has {len(frame)} bytes, over the {MAX_REPLY_BYTES} allowed"
            raise OuzelError(ErrorKind.FRAME_TOO_LARGE, problem, field="frame")
        found = codec.read(_REPLIES, frame, within="reply", error=ErrorKind.MALFORMED_FRAME)
        if found.id not in self._open:
            return None
        span = self._open.pop(str(found.id))
        if span is not None:
            span.end(found.error.name if found.error else None)
        result = found.result if len(found.result) else msgspec.UNSET
        return Reply(
            v=found.v,
            id=found.id,
            ok=found.ok,
            result=result,
            error=found.error,
            dup=found.dup,
            epoch=found.epoch,
            gen=found.gen,
            seq=found.seq,
        )

    def abandon(self, request_id: str) -> None:
        """Gives up a request. A later reply to it is dropped."""
        span = self._open.pop(request_id, None)
        if span is not None:
            span.end("no reply")


def _not_utf8(args: dict[str, Any]) -> str | None:
    """The name of the first argument with text that is not UTF-8; None if there is none."""
    for name, value in args.items():
        try:
            msgspec.msgpack.encode(value)
        except UnicodeEncodeError:
            return name
    return None


def refusal(reply: Reply) -> Refused | None:
    """The error in a reply. None if the reply is OK.

    Raises:
        OuzelError: MALFORMED_FRAME if the reply is not OK and has no error.
    """
    if reply.ok:
        return None
    if not reply.error:
        raise OuzelError(ErrorKind.MALFORMED_FRAME, "reply.error: missing from a reply that is not OK", field="error")
    return Refused(reply.error)


def result_of(reply: Reply) -> dict[str, Any]:
    """The result of a reply.

    Raises:
        Refused: the daemon refused the command.
        OuzelError: MALFORMED_FRAME if the result is no map.
    """
    result = _unread_result_of(reply)
    if isinstance(result, msgspec.Raw):
        result = codec.unpack(bytes(result), max_bytes=MAX_REPLY_BYTES, max_elements=MAX_REPLY_ELEMENTS)
    if not isinstance(result, dict):
        raise OuzelError(ErrorKind.MALFORMED_FRAME, "reply.result: not a map", field="result")
    return result


def typed_result_of(reply: Reply, decoder: "msgspec.msgpack.Decoder[T]", kind: type[T]) -> T:
    """Decodes the result of a reply as one type. For thousands of rows this is several times faster.

    Raises the same errors as `result_of`.

    Args:
        decoder: the decoder for the type.
    """
    result = _unread_result_of(reply)
    if isinstance(result, msgspec.Raw):
        return codec.read(decoder, bytes(result), within="result", error=ErrorKind.MALFORMED_FRAME)
    return codec.convert(result, kind, within="result", error=ErrorKind.MALFORMED_FRAME)


def _unread_result_of(reply: Reply) -> Any:
    error = refusal(reply)
    if error is not None:
        raise error
    return reply.result
