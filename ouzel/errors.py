"""Errors of a client: the daemon refused, did not answer in time, or is not there. All are `OuzelError`."""

from pathlib import Path

from protocol.wire.envelope import ErrorBody
from protocol.wire.errors import ErrorKind, OuzelError

_BY_CODE = {kind.code: kind for kind in ErrorKind}


_START_ONE = (
    "start one with `ouzeld` (or `scripts/run` from a checkout), "
    "or name the directory of a running one with --runtime-dir or OUZEL_PATHS_RUNTIME_DIR"
)


class Refused(OuzelError):
    """The daemon's refusal.

    Fields:
        body: the error in the reply; `kind` is its row of the error table, INTERNAL_ERROR if a newer daemon has rows
            that this client does not know.
    """

    def __init__(self, body: ErrorBody) -> None:
        kind = _BY_CODE.get(body.code, ErrorKind.INTERNAL_ERROR)
        super().__init__(
            kind, body.message, field=body.field, retry_after_ms=body.retry_after_ms, accepted=body.accepted
        )
        self.body = body

    def __str__(self) -> str:
        return f"{self.body.name}: {self.body.message}"


class RequestTimeout(OuzelError, TimeoutError):
    """No reply came by the deadline and a grace period. The command may still take effect; a late reply is dropped."""

    def __init__(self, op: str, waited_s: float) -> None:
        super().__init__(
            ErrorKind.DEADLINE_EXCEEDED,
            f"the daemon is there but did not answer `{op}` within {waited_s:g} s; the command may still take effect",
        )


class NotRunning(OuzelError, ConnectionError):
    """No daemon answers on the socket. As an error kind it is the nearest one: ENGINE_UNAVAILABLE, later.

    Fields:
        path: the socket that was tried, or the address on tcp.
        why: the error there, in words.
    """

    def __init__(self, path: Path | str, why: str, advice: str | None = None) -> None:
        message = f"no Ouzel daemon answers at {path} ({why}); {advice or _START_ONE}"
        super().__init__(ErrorKind.ENGINE_UNAVAILABLE, message)
        self.path = path
        self.why = why

    def __str__(self) -> str:
        return self.message


class KeyRefused(OuzelError, ConnectionError):
    """A daemon on tcp does not authorize this key."""

    def __init__(self, address: str, key_file: Path, public_key: str) -> None:
        super().__init__(
            ErrorKind.NOT_PERMITTED,
            f"the daemon at {address} refuses the key in {key_file}; its authorized_keys_dir needs the .key file of "
            f"it, with the public key {public_key}",
            accepted=False,
        )


def error_body(error: OuzelError) -> dict[str, object]:
    """An error as JSON has it: `{code, name, message, retry, retry_after_ms?, field?, accepted?}`.

    The code is 0 for `not_running`.
    """
    if isinstance(error, NotRunning):
        return {"code": 0, "name": "not_running", "message": error.message, "retry": "later"}
    body = error.body if isinstance(error, Refused) else ErrorBody.of(error)
    fields = {name: getattr(body, name) for name in body.__struct_fields__}
    return {name: value for name, value in fields.items() if value is not None}


class Closed(OuzelError):
    """The client was closed, by this thread or another one. Make another client."""

    def __init__(self) -> None:
        super().__init__(ErrorKind.STOPPING, "this client was closed; make another one")

    def __str__(self) -> str:
        return self.message


class WaitTimeout(OuzelError, TimeoutError):
    """The time limit was over before the torrent was complete or in an error; it goes on.

    Fields:
        torrent: its id.
    """

    def __init__(self, torrent: str, timeout_s: float) -> None:
        super().__init__(ErrorKind.DEADLINE_EXCEEDED, f"{torrent} was not complete within {timeout_s:g} s; it goes on")
        self.torrent = torrent

    def __str__(self) -> str:
        return self.message


class DownloadFailed(OuzelError):
    """The torrent cannot become complete without help; the message is the cause.

    Fields:
        torrent: its id.
        removed: whether it was removed.
    """

    def __init__(self, torrent: str, cause: str, *, removed: bool = False) -> None:
        super().__init__(ErrorKind.UNKNOWN_TORRENT if removed else ErrorKind.ENGINE_REFUSED, cause)
        self.torrent = torrent
        self.removed = removed

    def __str__(self) -> str:
        return f"{self.torrent}: {self.message}"
