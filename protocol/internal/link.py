"""The frames of the private link: batches of engine commands or engine events, each with the generation."""

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
    """Decodes a frame of engine commands. Raises OuzelError if the frame is malformed."""
    return _decode(_COMMANDS, frame)


def decode_events(frame: bytes) -> EventBatch:
    """Decodes a frame of engine events. Raises OuzelError if the frame is malformed."""
    return _decode(_EVENTS, frame)


def _decode(decoder: msgspec.msgpack.Decoder[T], frame: bytes) -> T:
    """Decodes a frame without the public codec's checks, because both ends run the same version of Ouzel."""
    if len(frame) > MAX_LINK_BYTES:
        raise OuzelError(ErrorKind.FRAME_TOO_LARGE, f"the frame has {len(frame)} bytes", field="frame")
    try:
        return decoder.decode(frame)
    except msgspec.ValidationError as error:
        field, problem = codec.blame(str(error), "")
        raise OuzelError(ErrorKind.MALFORMED_FRAME, f"{field}: {problem}", field=field) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise OuzelError(ErrorKind.MALFORMED_FRAME, f"not a frame of the link: {error}", field="frame") from error
