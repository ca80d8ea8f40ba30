"""Exit codes of the command line, and the output of errors for people and programs."""

import contextlib
import re
from collections.abc import Iterable
from difflib import get_close_matches
from enum import IntEnum

import typer

from ouzel.cli.display import printable
from ouzel.cli.display.printable import clean, clean_lines
from ouzel.cli.sources.sources import BadSource
from ouzel.errors import KeyRefused, NotRunning, error_body
from protocol.wire.errors import ErrorKind, OuzelError


class ExitCode(IntEnum):
    """The exit codes of commands."""

    OK = 0
    REFUSED = 1
    USAGE = 2
    NOT_RUNNING = 3
    UNHEALTHY = 4
    ENDED_IN_ERROR = 5
    FOUND_ERRORS = 6
    FOUND_WARNINGS = 7
    INTERRUPTED = 130
    READER_GONE = 141


EXIT_CODES_HELP = (
    "Exit codes: 0 done; 1 the daemon refused, or did not answer in time, a URL could not be fetched, or the output "
    "could not be written; 2 wrong usage; 3 no daemon is running; 4 `health` says unhealthy; 5 a torrent ended in an "
    "error, was removed, or has no file selected, during --wait; 6 `doctor` found an error; 7 `doctor` found only "
    "warnings; 130 interrupted; "
    "141 (SIGPIPE) the reader of the output went away."
)

_HINTS = {
    ErrorKind.UNKNOWN_TORRENT: "`ouzel ls` lists the torrents, `ouzel damaged list` their damaged files.",
    ErrorKind.PATH_NOT_ALLOWED: "choose a path inside the download roots of the daemon's configuration.",
    ErrorKind.UNKNOWN_CATEGORY: "`ouzel categories` lists them; `ouzel categories put NAME` creates one.",
    ErrorKind.UNKNOWN_GROUP: "`ouzel groups` lists them; `ouzel groups put NAME` creates one.",
    ErrorKind.NO_METADATA: "wait until peers have sent the torrent's metadata; `ouzel watch ID` shows when.",
    ErrorKind.ENGINE_UNAVAILABLE: "`ouzel health` tells why there is no engine; try again when there is one.",
    ErrorKind.ENGINE_LOST: "try again; `ouzel health` tells how the new engine is.",
    ErrorKind.STORAGE_UNAVAILABLE: "`ouzel health` tells what is wrong with the resume directory; then try again.",
    ErrorKind.DEADLINE_EXCEEDED: "look with `ouzel ls` or `ouzel show ID` whether it took effect, then try again.",
    ErrorKind.INTERNAL_ERROR: "the daemon's log has the details.",
    ErrorKind.NOT_PERMITTED: "the daemon's authorized_keys_dir says who may come in, and who may change things.",
    ErrorKind.INVALID_MAGNET: "check that the link was copied whole, and is quoted from the shell.",
    ErrorKind.INVALID_SETTING: "`ouzel settings` lists the settings with their values.",
    ErrorKind.UNKNOWN_OP: "the daemon is older than this command; `ouzel health` shows its version.",
}
_ACCEPTED = "it was accepted all the same and need not be repeated; `ouzel show ID` and `ouzel health` tell the rest."

_FIELD = re.compile(r"args\.(?P<name>[\w.]+)(\[\d+\])?$")
_OPTIONS = {
    "magnet": "the magnet link",
    "save_path": "--save-path",
    "output": "--output",
    "peers": "--peer",
    "labels": "--label",
    "label": "--label",
    "category": "--category",
    "include": "--include",
    "exclude": "--exclude",
    "rules.include": "--include",
    "rules.exclude": "--exclude",
    "priorities": "--priority",
    "queue_position": "--queue-position",
    "options.max_connections": "--max-connections",
    "options.max_uploads": "--max-uploads",
    "options.name": "--name",
}
_SETTING = "settings."
"""The text before the name of a setting."""


def exit_code(error: OuzelError) -> ExitCode:
    """The exit code for an error."""
    return ExitCode.NOT_RUNNING if isinstance(error, NotRunning) else ExitCode.REFUSED


def usage_body(message: str, name: str = "usage") -> dict[str, object]:
    """The JSON form of an error of the command line itself."""
    return {"code": 0, "name": name, "message": message, "retry": "never" if name == "usage" else "later"}


def print_error(
    error: OuzelError | BadSource | typer.TyperException, *, as_json: bool, subject: str | None = None
) -> None:
    """Writes an error with its remedy to stderr.

    Args:
        as_json: write one JSON document.
        subject: the item that the error is about. None if the message names the item.
    """
    if as_json:
        if isinstance(error, OuzelError):
            body = error_body(error)
        else:
            body = usage_body(_usage(error), error.name if isinstance(error, BadSource) else "usage")
        print_line(printable.as_json({"error": body}, only_ascii=True))
    elif isinstance(error, OuzelError):
        about = "" if subject is None else f"{subject}: "
        print_line(f"error: {clean(about + _in_words_of_the_command_line(error))}")
        hint = (
            None
            if isinstance(error, KeyRefused | NotRunning)
            else _ACCEPTED
            if error.accepted
            else _HINTS.get(error.kind)
        )
        if error.kind is ErrorKind.INTERNAL_ERROR and error.request is not None:
            hint = f"`ouzel logs --request {clean(error.request)}` has the details."
        if hint is not None:
            print_line(f"  {hint}")
    elif isinstance(error, BadSource):
        print_line(f"error: {clean(str(error))}")
    else:
        # If there is no message, the help was shown instead of an error.
        print_line(f"error: {clean_lines(_usage(error)) or 'a command is missing'}")
        context = getattr(error, "ctx", None)
        print_line(f"  see `{context.command_path if context else 'ouzel'} --help`")


def print_line(line: str) -> None:
    """Writes a line to stderr. Ignores a failure, because the exit code reports the error, too."""
    with contextlib.suppress(OSError):
        typer.echo(line, err=True)


def say_without_end(text: str) -> None:
    """Writes text without a line break to stderr."""
    with contextlib.suppress(OSError):
        typer.echo(text, err=True, nl=False)


def print_unwritten(error: OSError) -> None:
    """Reports on stderr that writing to standard output has failed. The cause may be a full disk."""
    print_line(f"error: cannot write the output: {clean(error.strerror or str(error))}")


def warn(message: str, *, as_json: bool) -> None:
    """Writes a warning to stderr."""
    warning = {"warning": {"message": message}}
    print_line(printable.as_json(warning, only_ascii=True) if as_json else f"warning: {clean(message)}")


def near(typed: str, known: Iterable[str]) -> str:
    """The text ` Did you mean ...?` if a known word is similar to the typed word. Otherwise an empty text."""
    matches = get_close_matches(typed.lstrip("-"), [each.lstrip("-") for each in known], n=1, cutoff=0.65)
    dashes = typed[: len(typed) - len(typed.lstrip("-"))]
    return f". Did you mean {dashes + matches[0]!r}?" if matches else ""


def _in_words_of_the_command_line(error: OuzelError) -> str:
    """The error message with the option in place of the protocol's field.

    `args.peers[0]: ...` becomes `--peer: ...`.
    """
    named = _FIELD.match(error.field or "")
    name = "" if named is None else named["name"]
    option = name.removeprefix(_SETTING) if name.startswith(_SETTING) else _OPTIONS.get(name)
    return str(error) if option is None else str(error).replace(f"{error.field}: ", f"{option}: ", 1)


def _usage(error: Exception) -> str:
    message = error.format_message() if isinstance(error, typer.TyperException) else str(error)
    option = getattr(error, "option_name", None)
    if option and hasattr(error, "possibilities"):  # an unknown option
        message = getattr(error, "message", message) + near(option, error.possibilities or ())
    message = message.replace("Value error, ", "", 1)  # a prefix by pydantic, which typer passes on
    return message or "Missing command."  # help was written instead of an error
