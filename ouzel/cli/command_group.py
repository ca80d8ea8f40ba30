"""A group of commands. If a command is misspelt, the group suggests a similar one."""

from typing import Any

import typer
from typer.core import TyperGroup

from ouzel.cli.failure import near

HELP_OPTIONS: dict[str, Any] = {"help_option_names": ["-h", "--help"]}
"""Settings for the context of the outermost group. All commands inherit them."""


class CommandGroup(TyperGroup):
    """The class for `typer.Typer(cls=CommandGroup, suggest_commands=False)`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The command that the first word names. Raises a usage error if there is none."""
        try:
            return super().resolve_command(ctx, args)
        except typer.TyperException as error:
            if error.message.startswith("No such command"):
                error.message = error.message.rstrip(".") + (near(args[0], self.commands) or ".")
            raise
