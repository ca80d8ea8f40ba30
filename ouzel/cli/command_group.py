"""A group of commands that suggests another one only where that is near to what was typed."""

from typing import Any

import typer
from typer.core import TyperGroup

from ouzel.cli.failure import near

HELP_OPTIONS: dict[str, Any] = {"help_option_names": ["-h", "--help"]}
"""For the context of the outermost group; all commands below have it from there."""


class CommandGroup(TyperGroup):
    """For `typer.Typer(cls=CommandGroup, suggest_commands=False)`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The command that the first word names. Raises a usage error where there is none."""
        try:
            return super().resolve_command(ctx, args)
        except typer.TyperException as error:
            if error.message.startswith("No such command"):
                error.message = error.message.rstrip(".") + (near(args[0], self.commands) or ".")
            raise
