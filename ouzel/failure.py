"""How the command line fails: exit codes, and an error as a person or a program reads it."""

import contextlib
import re
from enum import IntEnum

import typer

from ouzel import printable
from ouzel.errors import KeyRefused, NotRunning, error_body
from ouzel.printable import clean, clean_lines
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
    READER_GONE = 141


EXIT_CODES_HELP = (
    "Exit codes: 0 done; 1 the daemon refused, or did not answer in time, or the output could not be written; "
    "2 wrong usage; 3 no daemon is running; 4 `health` says unhealthy; 5 a torrent ended in an error, was removed, or "
    "has no file selected, during --wait; 130 interrupted; "
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
    ErrorKind.NOT_PERMITTED: "the daemon's authorized_keys_dir says who may come in, and who may change things.",
    ErrorKind.INVALID_MAGNET: "check that the link was copied whole, and is quoted from the shell.",
    ErrorKind.UNKNOWN_OP: "the daemon is older than this command; `ouzel health` shows its version.",
}
_ACCEPTED = "it was accepted all the same and need not be repeated; `ouzel show ID` and `ouzel health` tell the rest."

_FIELD = re.compile(r"args\.(?P<name>[\w.]+)(\[\d+\])?$")
_OPTIONS = {
    "magnet": "the magnet link",
    "save_path": "--save-path",
    "peers": "--peer",
    "labels": "--label",
    "label": "--label",
    "include": "--include",
    "exclude": "--exclude",
    "rules.include": "--include",
    "rules.exclude": "--exclude",
    "priorities": "--priority",
}


def exit_code(error: OuzelError) -> ExitCode:
    """What an error is to the shell."""
    return ExitCode.NOT_RUNNING if isinstance(error, NotRunning) else ExitCode.REFUSED


def tell(error: OuzelError | typer.TyperException, *, as_json: bool) -> None:
    """Writes an error to stderr: what is wrong, and what to do next."""
    if as_json:
        usage = {"code": 0, "name": "usage", "message": _usage(error), "retry": "never"}
        body = error_body(error) if isinstance(error, OuzelError) else usage
        say(printable.as_json({"error": body}, only_ascii=True))
    elif isinstance(error, OuzelError):
        say(f"error: {clean(_in_words_of_the_command_line(error))}")
        hint = (
            None
            if isinstance(error, KeyRefused | NotRunning)
            else _ACCEPTED
            if error.accepted
            else _HINTS.get(error.kind)
        )
        if hint is not None:
            say(f"  {hint}")
    else:
        say(f"error: {clean_lines(_usage(error))}")
        context = getattr(error, "ctx", None)
        say(f"  see `{context.command_path if context else 'ouzel'} --help`")


def say(line: str) -> None:
    """Writes a line to stderr, if that takes it: the exit code says the same."""
    with contextlib.suppress(OSError):
        typer.echo(line, err=True)


def tell_unwritten(error: OSError) -> None:
    """Says on stderr that standard output takes no more, a full disk for example."""
    say(f"error: cannot write the output: {clean(error.strerror or str(error))}")


def warn(message: str, *, as_json: bool) -> None:
    """Writes to stderr what is no error and should be known."""
    warning = {"warning": {"message": message}}
    say(printable.as_json(warning, only_ascii=True) if as_json else f"warning: {clean(message)}")


def _in_words_of_the_command_line(error: OuzelError) -> str:
    """The error with the option in the place of the protocol's field: `args.peers[0]: ...` is `--peer: ...`."""
    named = _FIELD.match(error.field or "")
    option = _OPTIONS.get(named["name"]) if named is not None else None
    return str(error) if option is None else str(error).replace(f"{error.field}: ", f"{option}: ", 1)


def _usage(error: Exception) -> str:
    message = error.format_message() if isinstance(error, typer.TyperException) else str(error)
    message = message.replace("Value error, ", "", 1)  # pydantic's words, which come through typer
    return message or "Missing command."  # where help was written instead of an error
