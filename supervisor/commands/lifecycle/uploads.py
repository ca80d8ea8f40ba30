"""Collects the parts of .torrent files that are larger than a frame. `add_torrent` uses the collected file.

Uploads are in memory only. Each client has a limit, and all clients together have a limit. An upload expires if no part
follows.
"""

import asyncio
from typing import Final

import msgspec

from protocol.wire.commands.torrent_commands import AddTorrent
from protocol.wire.commands.upload_commands import UPLOAD_BYTES_MAX, UploadPart
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.results import PartAccepted
from supervisor.commands.acceptance import GONE, SENDER, Acceptance
from supervisor.commands.handlers import handles

TOTAL_BYTES_MAX: Final = 2 * UPLOAD_BYTES_MAX
"""The limit of all uploads together. Uploads of one client have at most UPLOAD_BYTES_MAX."""

CLIENT_UPLOADS_MAX: Final = 64
"""The maximum number of uploads of one client. Each upload needs some memory in addition to its bytes."""

TOTAL_UPLOADS_MAX: Final = 4096
"""The maximum number of all uploads together."""

EXPIRES_S: Final = 60.0
RETRY_AFTER_MS: Final = 10_000


class _Upload:
    """The bytes of an upload, and the timer that ends it."""

    def __init__(self, timer: asyncio.TimerHandle) -> None:
        self._content: bytes | bytearray = bytearray()
        self.timer = timer

    @property
    def size(self) -> int:
        """The number of bytes so far."""
        return len(self._content)

    def has(self, offset: int, data: bytes) -> bool:
        """Whether a part was received already."""
        end = offset + len(data)
        return end <= len(self._content) and self._content[offset:end] == data

    def append(self, data: bytes) -> None:
        """Adds a part. Many small parts need only as much memory as one large part."""
        if isinstance(self._content, bytes):
            self._content = bytearray(self._content)
        self._content += data

    def content(self) -> bytes:
        """All bytes so far. All commands that use the upload share one copy."""
        if isinstance(self._content, bytearray):
            self._content = bytes(self._content)
        return self._content


_Key = tuple[object, str]


class Uploads:
    """The uploads of all clients, the oldest first."""

    def __init__(self) -> None:
        self._uploads: dict[_Key, _Upload] = {}

    @handles(UploadPart)
    async def add_part(self, command: UploadPart, _: float) -> Acceptance:
        """Adds a part to an upload. A part that was received already is accepted again.

        Raises:
            OuzelError: UPLOAD_TOO_LARGE, UPLOAD_OUT_OF_ORDER, TOO_MANY_UPLOADS. Nothing has changed.
        """
        sender = SENDER.get()
        key, end = (sender, command.upload), command.offset + len(command.data)
        if end > UPLOAD_BYTES_MAX:
            problem = f"an upload has at most {UPLOAD_BYTES_MAX} bytes"
            raise OuzelError(ErrorKind.UPLOAD_TOO_LARGE, f"args.data: {problem}", field="args.data")
        known = self._uploads.get(key)
        size = 0 if known is None else known.size
        if known is not None and known.has(command.offset, command.data):
            return _accepted(command.upload, size)
        if command.offset != size:
            problem = f"args.offset: the upload has {size} bytes, so its next part has this offset"
            raise OuzelError(ErrorKind.UPLOAD_OUT_OF_ORDER, problem, field="args.offset")
        self._make_room(sender, key, len(command.data))
        loop = asyncio.get_running_loop()
        timer = loop.call_later(EXPIRES_S, self._uploads.pop, key, None)
        upload = self._uploads.setdefault(key, _Upload(timer))
        if upload.timer is not timer:
            upload.timer.cancel()
            upload.timer = timer
        upload.append(command.data)
        return _accepted(command.upload, end)

    def resolve(self, command: AddTorrent) -> AddTorrent:
        """Returns a command with the content of its upload as metainfo. The upload is kept until `used` is called.

        Raises:
            OuzelError: UNKNOWN_UPLOAD.
        """
        if command.upload is None or command.magnet is not None or command.metainfo is not None:
            return command
        upload = self._uploads.get((SENDER.get(), command.upload))
        if upload is None:
            problem = "args.upload: this client has no such upload; it has expired, or was used"
            raise OuzelError(ErrorKind.UNKNOWN_UPLOAD, problem, field="args.upload")
        return msgspec.structs.replace(command, metainfo=upload.content(), upload=None)

    def used(self, upload: str | None) -> None:
        """Ends an upload from which a torrent was added."""
        if upload is not None:
            self._end((SENDER.get(), upload))

    def _make_room(self, sender: object, key: _Key, size: int) -> None:
        """If the client exceeds its limit, drops the client's oldest other uploads. Raises OuzelError:
        TOO_MANY_UPLOADS.
        """
        own = {each: upload.size for each, upload in self._uploads.items() if each[0] == sender}
        others = sum(upload.size for upload in self._uploads.values()) - sum(own.values())
        more = 0 if key in own else 1
        full = others + own.get(key, 0) + size > TOTAL_BYTES_MAX
        if full or (len(own) < CLIENT_UPLOADS_MAX and len(self._uploads) + more > TOTAL_UPLOADS_MAX):
            problem = "the uploads of all clients have no room for this part; nothing was accepted"
            raise OuzelError(ErrorKind.TOO_MANY_UPLOADS, problem, retry_after_ms=RETRY_AFTER_MS)
        for each in list(own):
            if each != key and (sum(own.values()) + size > UPLOAD_BYTES_MAX or len(own) + more > CLIENT_UPLOADS_MAX):
                self._end(each)
                del own[each]

    def _end(self, key: _Key) -> None:
        upload = self._uploads.pop(key, None)
        if upload is not None:
            upload.timer.cancel()


def _accepted(upload: str, size: int) -> Acceptance:
    return Acceptance(PartAccepted(upload=upload, size=size), "", GONE)
