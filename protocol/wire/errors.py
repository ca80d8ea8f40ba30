"""The error table: every error of the wire protocol, each with a number that is never reused.

Each range of numbers has a subject:

- 1xxx protocol
- 2xxx arguments
- 3xxx state
- 4xxx engine
- 5xxx storage
- 6xxx limits and access

Clients should check `name` or `code`. The message is for people and may change.
"""

from enum import Enum
from typing import Literal, NamedTuple

Retry = Literal["never", "later", "resnapshot"]


class ErrorRow(NamedTuple):
    """One row of the table. Each `code` is unique. `retry` says when the same request may succeed."""

    code: int
    retry: Retry
    meaning: str


class ErrorKind(Enum):
    """All errors of the wire protocol. A member's name in lower case is the error's `name` on the wire."""

    MALFORMED_FRAME = ErrorRow(1001, "never", "the frame is not one msgpack map of the allowed types")
    FRAME_TOO_LARGE = ErrorRow(
        1002, "never", "the frame, or the number of elements, or of arrays and maps in it, is over the limit"
    )
    TOO_DEEP = ErrorRow(1003, "never", "maps and arrays are nested deeper than the limit")
    UNSUPPORTED_VERSION = ErrorRow(1004, "never", "the server does not support the envelope's `v`")
    INVALID_ENVELOPE = ErrorRow(1005, "never", "a field of the envelope is missing or has the wrong type")
    UNKNOWN_OP = ErrorRow(1006, "never", "no command has this name")
    DEADLINE_EXCEEDED = ErrorRow(
        1007, "later", "no outcome was known at the deadline; the command may still take effect"
    )
    REPLAY_GONE = ErrorRow(
        1008, "resnapshot", "the requested events are of another epoch, were evicted, or do not exist yet"
    )
    INTERNAL_ERROR = ErrorRow(1009, "later", "a defect in Ouzel; the supervisor's log has the traceback")
    ID_REUSED = ErrorRow(1010, "never", "the same client used the id for another command within the last ten minutes")
    INVALID_ARGUMENT = ErrorRow(2001, "never", "an argument is missing, has the wrong type or is out of range")
    INVALID_METAINFO = ErrorRow(2002, "never", "the metainfo is not a torrent that libtorrent can load")
    INVALID_MAGNET = ErrorRow(2003, "never", "the magnet link is not one that libtorrent can parse")
    PATH_NOT_ALLOWED = ErrorRow(
        2004,
        "never",
        "a path is not absolute, is outside the download roots after symbolic links are resolved, or is no directory",
    )
    INVALID_SETTING = ErrorRow(
        2005, "never", "there is no such setting, Ouzel sets it itself, or the value has the wrong type or range"
    )
    INVALID_RESUME = ErrorRow(2020, "never", "the resume data cannot be parsed, or is of another torrent")
    UPLOAD_TOO_LARGE = ErrorRow(2021, "never", "an upload has at most 64 MiB")
    UNKNOWN_TORRENT = ErrorRow(3001, "never", "no torrent has this id")
    TORRENT_BUSY = ErrorRow(3002, "later", "the torrent is still being removed")
    NO_METADATA = ErrorRow(3003, "later", "the torrent's files are not known until its metadata has arrived")
    STOPPING = ErrorRow(3004, "later", "the supervisor is shutting down")
    UNKNOWN_CRASH = ErrorRow(3005, "never", "no crash report has this name")
    QUARANTINED = ErrorRow(3006, "never", "the torrent is in quarantine and is not loaded until it is released")
    TORRENT_PAUSED = ErrorRow(3007, "never", "the torrent is paused; `resume` it first")
    NOT_IN_QUEUE = ErrorRow(
        3010, "never", "the torrent is not in the queue: it lacks `auto_managed`, or has `force_start`"
    )
    FILE_NOT_SELECTED = ErrorRow(3011, "never", "the file is not selected; `update_selection` selects it")
    UNKNOWN_CATEGORY = ErrorRow(3015, "never", "no category has this name")
    UNKNOWN_GROUP = ErrorRow(3016, "never", "no bandwidth group has this name")
    TORRENT_MOVING = ErrorRow(3020, "later", "the torrent's files are being moved; wait, or cancel the move first")
    FILES_SHARED = ErrorRow(3021, "never", "another torrent uses some of the files, so they cannot be moved or renamed")
    METAINFO_TOO_LARGE = ErrorRow(3025, "never", "the .torrent file is too large for a frame")
    UNKNOWN_JOB = ErrorRow(3026, "never", "no job has this id; a restart of the daemon ends all jobs")
    TOO_MANY_JOBS = ErrorRow(3027, "later", "as many jobs as possible are waiting")
    UNKNOWN_UPLOAD = ErrorRow(3030, "never", "the client has no such upload: it has expired, or was used")
    UPLOAD_OUT_OF_ORDER = ErrorRow(3031, "never", "the part does not begin where the upload ends")
    TOO_MANY_UPLOADS = ErrorRow(3032, "later", "the uploads of all clients have no room for more")
    ENGINE_UNAVAILABLE = ErrorRow(4001, "later", "the command needs an engine, and none runs now")
    ENGINE_LOST = ErrorRow(4002, "later", "the engine died while it worked on this command; nothing was accepted")
    ENGINE_REFUSED = ErrorRow(4003, "never", "libtorrent refused the command")
    STORAGE_UNAVAILABLE = ErrorRow(
        5001, "later", "the resume directory cannot be written or read, or the save path does not answer"
    )
    UNKNOWN_DAMAGED = ErrorRow(5002, "never", "no file in `damaged/` has this name")
    NOT_RESTORABLE = ErrorRow(
        5003, "never", "the file that was put aside is still damaged, or its original path is in use"
    )
    NO_SPACE = ErrorRow(5010, "later", "the file system of the new path has too little free space")
    STORAGE_MISSING = ErrorRow(5011, "later", "the torrent's storage is missing, so its files cannot be moved")
    FILE_EXISTS = ErrorRow(5012, "never", "there is a file already at a new path, which is not overwritten")
    TOO_MANY_IN_FLIGHT = ErrorRow(
        6001, "later", "the connection has too many requests or bytes in flight; nothing was accepted"
    )
    TOO_MANY_BAD_FRAMES = ErrorRow(
        6002, "later", "the connection sent too many invalid frames; such frames are not answered for now"
    )
    NOT_PERMITTED = ErrorRow(6003, "never", "the caller's key does not allow this, or is not authorized any more")

    @property
    def code(self) -> int:
        """The error's number on the wire."""
        return self.value.code

    @property
    def wire_name(self) -> str:
        """The error's name on the wire."""
        return self.name.lower()

    @property
    def retry(self) -> Retry:
        """Whether the same request may succeed: never, later, or after a new snapshot."""
        return self.value.retry


class OuzelError(Exception):
    """An error of the wire protocol.

    Args:
        kind: the kind of the error. It has the error's number, name and meaning.
        message: one sentence for people. The sentence has the problem and, if there is one, the remedy.
        field: the dotted path of the offending field (`args.save_path`); None if there is none.
        retry_after_ms: the time in milliseconds after which a retry makes sense, if known.
        accepted: for a mutation, whether it is durable and will be applied in spite of the error. None if unknown.

    Fields:
        request: the name of the request in the daemon's log; None if the error is not of a request.
    """

    def __init__(
        self,
        kind: ErrorKind,
        message: str,
        *,
        field: str | None = None,
        retry_after_ms: int | None = None,
        accepted: bool | None = None,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.field = field
        self.retry_after_ms = retry_after_ms
        self.accepted = accepted
        self.request: str | None = None

    def __str__(self) -> str:
        return f"{self.kind.wire_name}: {self.message}"
