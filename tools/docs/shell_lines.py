"""The shell lines of the pages, and whether Ouzel's own parsers accept them. Nothing is run."""

import re
import shlex
from pathlib import Path
from typing import Any, Final

import typer

from gateway.main import argument_parser as gateway_parser
from ouzel.cli.main import app
from supervisor.__main__ import argument_parser as daemon_parser

_BLOCK: Final = re.compile(r"(?ms)^ *```sh\n(?P<lines>.*?)^ *```$")
_PARSERS: Final = {"ouzeld": daemon_parser, "ouzel-gateway": gateway_parser}


def shell_lines(page: Path) -> list[str]:
    """The commands of all shell blocks, without comments. A continued line is one command."""
    blocks = (found["lines"].replace("\\\n", " ") for found in _BLOCK.finditer(page.read_text()))
    lines = (shlex.join(shlex.split(line, comments=True)) for block in blocks for line in block.splitlines())
    return [line for line in lines if line]


def refused(line: str) -> str | None:
    """Why one of Ouzel's programs would refuse a command line. None if the program would accept it.

    Raises:
        KeyError: the command is of another program.
    """
    words = shlex.split(line)
    if words[:2] == ["sudo", "-u"]:
        words = words[3:]
    program, arguments = Path(words[0]).name, words[1:]
    try:
        if program == "ouzel":
            _parse(typer.main.get_command(app), "ouzel", arguments)
        else:
            _PARSERS[program]("").parse_args(arguments)
    except SystemExit as error:
        return f"exit code {error.code}"
    except typer.TyperException as error:
        return error.format_message()
    return None


def _parse(command: Any, name: str, arguments: list[str]) -> None:
    """Parses the arguments of a command and of its subcommands."""
    context = command.make_context(name, list(arguments))
    rest = [*context._protected_args, *context.args] if hasattr(command, "commands") else []
    if rest:
        inner, found, below = command.resolve_command(context, rest)
        _parse(found, inner, below)
