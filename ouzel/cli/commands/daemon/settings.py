"""`ouzel settings`: lists the settings of libtorrent, and changes them."""

import sys
from collections.abc import Mapping
from typing import Annotated, Final

import typer

from ouzel.cli.arguments import AsJson
from ouzel.cli.command_group import CommandGroup
from ouzel.cli.connecting import asking, client_of
from ouzel.cli.display import render
from ouzel.cli.display.output import Output
from ouzel.cli.failure import print_line
from protocol.wire.desired import SettingValue
from protocol.wire.reports import SettingReport, SettingSource

app = typer.Typer(invoke_without_command=True, cls=CommandGroup, suggest_commands=False)

STDIN: Final = "-"
_TRUTHS: Final[Mapping[str, bool]] = {
    **dict.fromkeys(("true", "on", "yes", "1"), True),
    **dict.fromkeys(("false", "off", "no", "0"), False),
}


@app.callback()
def settings(
    context: typer.Context,
    like: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Only settings whose names contain this text.")
    ] = None,
    changed: Annotated[
        bool, typer.Option("--changed", help="Only settings that a client or the configuration has set.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List the settings of libtorrent; `set NAME VALUE` changes them, `reset NAME` takes a change back.

    A change applies at once, stays in force, and overrides the daemon's configuration.
    """
    if context.invoked_subcommand is not None:
        return
    with client_of(context) as client:
        found = {
            name: setting
            for name, setting in client.get_settings().items()
            if (like or "").lower() in name and (not changed or setting.source is not SettingSource.DEFAULT)
        }
    _show(found, as_json=as_json)


@app.command("set")
def set_settings(
    context: typer.Context,
    pairs: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME VALUE...",
            help="Names, each with its value: a number, true or false, or a text; - reads a line of standard input.",
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Change settings of libtorrent, all or none. Example: `ouzel settings set connections_limit 500`.

    Write `--` before a negative number. Give a password as `-`, so that it is read from standard input and no other
    user sees it.
    """
    if len(pairs) % 2:
        raise typer.BadParameter(f"{pairs[-1]!r} has no value", param_hint="NAME VALUE")
    named = zip(pairs[::2], pairs[1::2], strict=True)
    given = {name: sys.stdin.readline().rstrip("\n") if value == STDIN else value for name, value in named}
    with asking(context) as client:
        known = client.get_settings()
        wanted = {name: _value(name, text, known.get(name)) for name, text in given.items()}
        found = client.update_settings(wanted, wait="applied")
    _show(found, as_json=as_json)


@app.command("reset")
def reset_settings(
    context: typer.Context,
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Names of settings.")],
    as_json: AsJson = False,
) -> None:
    """Take back values that clients have set, so that those of the configuration, or the defaults, apply again."""
    with asking(context) as client:
        found = client.update_settings(dict.fromkeys(names), wait="applied")
    _show(found, as_json=as_json)


def _value(name: str, text: str, known: SettingReport | None) -> SettingValue:
    """Converts a text to the type of the setting's default. Raises typer.BadParameter."""
    kind = str if known is None else type(known.value if known.default is None else known.default)
    if kind is bool:
        if text.lower() not in _TRUTHS:
            raise typer.BadParameter(f"{text!r} is neither true nor false", param_hint=name)
        return _TRUTHS[text.lower()]
    if kind is int:
        try:
            return int(text)
        except ValueError:
            raise typer.BadParameter(f"{text!r} is not a whole number", param_hint=name) from None
    return text


def _show(found: Mapping[str, SettingReport], *, as_json: bool) -> None:
    output = Output(as_json=as_json)
    if not (found or as_json) and output.console.is_terminal:
        print_line("no such settings")
    else:
        output.show({"settings": found}, lambda: render.settings(found))
