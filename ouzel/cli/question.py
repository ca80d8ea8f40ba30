"""Asks whoever runs a command before something is done that cannot be taken back."""

import sys

import typer

from ouzel.cli.failure import ExitCode, say_without_end


def confirm(question: str) -> None:
    """Goes on where the answer, a line of standard input, is `y` or `yes`.

    Raises:
        typer.BadParameter: there was no answer, as where nobody is there to give one.
        typer.Exit: it was another one.
    """
    say_without_end(f"{question} [y/N] ")
    try:
        answer = sys.stdin.readline()
    except (OSError, ValueError):  # closed, a directory, or no text
        answer = ""
    except KeyboardInterrupt:
        say_without_end("\nnothing was done\n")
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    if not answer:
        say_without_end("\n")
        raise typer.BadParameter("nobody is there to be asked; give --yes to have it done without", param_hint="--yes")
    if answer.strip().lower() not in ("y", "yes"):
        say_without_end("nothing was done\n")
        raise typer.Exit(ExitCode.REFUSED)
