"""The private link: engine commands down, engine events up, in batches that carry the generation."""

from typing import Final, TypeVar

import msgspec

from protocol.internal.link_commands import EngineCommand
from protocol.internal.link_events import EngineEvent
from protocol.wire import codec
from protocol.wire.errors import ErrorKind, OuzelError

T = TypeVar("T")


MAX_LINK_BYTES: Final = 256 * 1024 * 1024


class CommandBatch(msgspec.Struct, frozen=True, kw_only=True):
    """The engine commands in one frame."""

    gen: int
    commands: list[EngineCommand]


class EventBatch(msgspec.Struct, frozen=True, kw_only=True):
    """The engine events in one frame."""

    gen: int
    events: list[EngineEvent]


_COMMANDS: Final = msgspec.msgpack.Decoder(CommandBatch)

_EVENTS: Final = msgspec.msgpack.Decoder(EventBatch)


def decode_commands(frame: bytes) -> CommandBatch:
    """The commands in a frame. Raises OuzelError where the frame is not one."""
    return _decode(_COMMANDS, frame)


def decode_events(frame: bytes) -> EventBatch:
    """The events in a frame. Raises OuzelError where the frame is not one."""
    return _decode(_EVENTS, frame)


def _decode(decoder: msgspec.msgpack.Decoder[T], frame: bytes) -> T:
    """Both ends are our own, of one version, so the further checks of the public codec are left out."""
    if len(frame) > MAX_LINK_BYTES:
        raise OuzelError(ErrorKind.FRAME_TOO_LARGE, f"the frame has {len(frame)} bytes", field="frame")
    try:
        return decoder.decode(frame)
    except msgspec.ValidationError as error:
        field, problem = codec.blame(str(error), "")
        raise OuzelError(ErrorKind.MALFORMED_FRAME, f"{field}: {problem}", field=field) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise OuzelError(ErrorKind.MALFORMED_FRAME, f"not a frame of the link: {error}", field="frame") from error
