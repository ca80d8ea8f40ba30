"""Asks the user for confirmation before something irreversible is done."""

import sys

import typer

from ouzel.cli.failure import ExitCode, say_without_end


def confirm(question: str) -> None:
    """Returns if the answer is `y` or `yes`. The answer is a line of standard input.

    Raises:
        typer.BadParameter: there was no answer, for example without a terminal.
        typer.Exit: there was another answer.
    """
    say_without_end(f"{question} [y/N] ")
    try:
        answer = sys.stdin.readline()
    except (OSError, ValueError):  # standard input is closed, a directory, or not text
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
