"""Errors of a client: the daemon refused, did not answer in time, or is not running. All are `OuzelError`."""

from pathlib import Path

from protocol.wire.envelope import ErrorBody
from protocol.wire.errors import ErrorKind, OuzelError

_BY_CODE = {kind.code: kind for kind in ErrorKind}


_START_ONE = (
    "start one with `ouzeld` (or `scripts/run` from a checkout), "
    "or name the directory of a running one with --runtime-dir or OUZEL_PATHS_RUNTIME_DIR"
)


class Refused(OuzelError):
    """The daemon refused a command.

    Fields:
        body: the error in the reply.

    The `kind` of the exception is the `ErrorKind` with the error's code. A newer daemon may send an error that this
    client does not know. Then `kind` is INTERNAL_ERROR.
    """

    def __init__(self, body: ErrorBody) -> None:
        kind = _BY_CODE.get(body.code, ErrorKind.INTERNAL_ERROR)
        super().__init__(
            kind, body.message, field=body.field, retry_after_ms=body.retry_after_ms, accepted=body.accepted
        )
        self.body = body
        self.request = body.request

    def __str__(self) -> str:
        return f"{self.body.name}: {self.body.message}"


class RequestTimeout(OuzelError, TimeoutError):
    """No reply arrived by the deadline and a grace period. The command may still take effect.

    A late reply is dropped.
    """

    def __init__(self, op: str, waited_s: float) -> None:
        super().__init__(
            ErrorKind.DEADLINE_EXCEEDED,
            f"the daemon is there but did not answer `{op}` within {waited_s:g} s; the command may still take effect",
        )


class NotRunning(OuzelError, ConnectionError):
    """No daemon answers on the socket. The error kind is ENGINE_UNAVAILABLE (retry later).

    Fields:
        path: the path of the socket, or the address on tcp.
        why: a text about the error of the connection.
    """

    def __init__(self, path: Path | str, why: str, advice: str | None = None) -> None:
        message = f"no Ouzel daemon answers at {path} ({why}); {advice or _START_ONE}"
        super().__init__(ErrorKind.ENGINE_UNAVAILABLE, message)
        self.path = path
        self.why = why

    def __str__(self) -> str:
        return self.message


class KeyRefused(OuzelError, ConnectionError):
    """A daemon on tcp refused this client's key."""

    def __init__(self, address: str, key_file: Path, public_key: str) -> None:
        super().__init__(
            ErrorKind.NOT_PERMITTED,
            f"the daemon at {address} refuses the key in {key_file}; its authorized_keys_dir needs the .key file of "
            f"it, with the public key {public_key}",
            accepted=False,
        )


def error_body(error: OuzelError) -> dict[str, object]:
    """The JSON form of an error: `{code, name, message, retry, retry_after_ms?, field?, accepted?}`.

    The code is 0 for `not_running`.
    """
    if isinstance(error, NotRunning):
        return {"code": 0, "name": "not_running", "message": error.message, "retry": "later"}
    body = error.body if isinstance(error, Refused) else ErrorBody.of(error)
    fields = {name: getattr(body, name) for name in body.__struct_fields__}
    return {name: value for name, value in fields.items() if value is not None}


class Closed(OuzelError):
    """The client was closed, by this or another thread. Create a new client."""

    def __init__(self) -> None:
        super().__init__(ErrorKind.STOPPING, "this client was closed; make another one")

    def __str__(self) -> str:
        return self.message


class WaitTimeout(OuzelError, TimeoutError):
    """The time limit has passed, and the torrent is still incomplete, without an error. The download continues.

    Fields:
        torrent: the torrent's id.
    """

    def __init__(self, torrent: str, timeout_s: float) -> None:
        super().__init__(ErrorKind.DEADLINE_EXCEEDED, f"{torrent} was not complete within {timeout_s:g} s; it goes on")
        self.torrent = torrent

    def __str__(self) -> str:
        return self.message


class DownloadFailed(OuzelError):
    """The torrent cannot become complete until somebody acts. The message has the cause.

    Fields:
        torrent: the torrent's id.
        removed: whether the torrent was removed.
    """

    def __init__(self, torrent: str, cause: str, *, removed: bool = False) -> None:
        super().__init__(ErrorKind.UNKNOWN_TORRENT if removed else ErrorKind.ENGINE_REFUSED, cause)
        self.torrent = torrent
        self.removed = removed

    def __str__(self) -> str:
        return f"{self.torrent}: {self.message}"
