"""How the command line fails: exit codes, and an error as a person or a program reads it."""

import json
from enum import IntEnum

import typer

from ouzel.errors import NotRunning, error_body
from protocol.errors import ErrorKind, OuzelError


class ExitCode(IntEnum):
    """What the shell is told."""

    OK = 0
    REFUSED = 1
    USAGE = 2
    NOT_RUNNING = 3
    UNHEALTHY = 4
    ENDED_IN_ERROR = 5
    INTERRUPTED = 130


EXIT_CODES_HELP = (
    "Exit codes: 0 done; 1 the daemon refused, or did not answer in time; 2 wrong usage; 3 no daemon is running; "
    "4 `health` says unhealthy; 5 a torrent ended in an error, or was removed, during --wait; 130 interrupted; "
    "141 (SIGPIPE) the reader of the output went away."
)

_HINTS = {
    ErrorKind.UNKNOWN_TORRENT: "`ouzel ls` lists the torrents.",
    ErrorKind.PATH_NOT_ALLOWED: "choose a --save-path inside the download roots of the daemon's configuration.",
    ErrorKind.NO_METADATA: "wait until peers have sent the torrent's metadata; `ouzel watch ID` shows when.",
    ErrorKind.ENGINE_UNAVAILABLE: "`ouzel health` tells why there is no engine; try again when there is one.",
    ErrorKind.ENGINE_LOST: "try again; `ouzel health` tells how the new engine is.",
    ErrorKind.STORAGE_UNAVAILABLE: "`ouzel health` tells what is wrong with the resume directory; then try again.",
    ErrorKind.DEADLINE_EXCEEDED: "look with `ouzel ls` or `ouzel show ID` whether it took effect, then try again.",
    ErrorKind.INTERNAL_ERROR: "the daemon's log has the details.",
    ErrorKind.INVALID_MAGNET: "check that the link was copied whole, and is quoted from the shell.",
    ErrorKind.UNKNOWN_OP: "the daemon is older than this command; `ouzel health` shows its version.",
}


def exit_code(error: OuzelError) -> ExitCode:
    """What an error is to the shell."""
    return ExitCode.NOT_RUNNING if isinstance(error, NotRunning) else ExitCode.REFUSED


def tell(error: OuzelError | typer.TyperException, *, as_json: bool) -> None:
    """Writes an error to stderr: what is wrong, and what to do next."""
    if as_json:
        usage = {"code": 0, "name": "usage", "message": _usage(error), "retry": "never"}
        typer.echo(json.dumps({"error": error_body(error) if isinstance(error, OuzelError) else usage}), err=True)
    elif isinstance(error, OuzelError):
        typer.echo(f"error: {error}", err=True)
        hint = None if isinstance(error, NotRunning) else _HINTS.get(error.kind)
        if hint is not None:
            typer.echo(f"  {hint}", err=True)
    else:
        typer.echo(f"error: {_usage(error)}", err=True)
        context = getattr(error, "ctx", None)
        typer.echo(f"  see `{context.command_path if context else 'ouzel'} --help`", err=True)


def _usage(error: Exception) -> str:
    return error.format_message() if isinstance(error, typer.TyperException) else str(error)
