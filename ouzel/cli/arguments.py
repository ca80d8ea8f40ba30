"""Arguments and options that several commands have, and the parsing of their values."""

from typing import Annotated

import typer

from ouzel.cli import completion
from ouzel.cli.connecting import completing_client
from ouzel.cli.display.units import parse_rate, parse_size
from protocol.text import peer_address

AsJson = Annotated[bool, typer.Option("--json", help="Write JSON: one document; with a stream, one per line.")]
COMPLETE_ID = completion.ids(completing_client)
COMPLETE_LABEL = completion.labels(completing_client)
COMPLETE_CATEGORY = completion.categories(completing_client)
COMPLETE_GROUP = completion.groups(completing_client)
OneId = Annotated[
    str,
    typer.Argument(
        metavar="ID", help="A torrent: its id, its first 4 or more digits, or its name.", autocompletion=COMPLETE_ID
    ),
]
SomeIds = Annotated[
    list[str],
    typer.Argument(
        metavar="ID...", help="Torrents: ids, their first 4 or more digits, or names.", autocompletion=COMPLETE_ID
    ),
]
ChosenIds = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[ID...]", help="Torrents: ids, their first 4 or more digits, or names.", autocompletion=COMPLETE_ID
    ),
]
MaybeId = Annotated[
    str | None,
    typer.Argument(
        metavar="[ID]", help="Only this torrent: its id, first 4 or more digits, or name.", autocompletion=COMPLETE_ID
    ),
]
Everything = Annotated[bool, typer.Option("--all", help="All torrents.")]
WithLabel = Annotated[str | None, typer.Option(help="All torrents with this label.", autocompletion=COMPLETE_LABEL)]
Include = Annotated[list[str] | None, typer.Option(metavar="GLOB", help="Download only files that match. Repeatable.")]
Exclude = Annotated[
    list[str] | None, typer.Option(metavar="GLOB", help="Do not download files that match. Repeatable.")
]
RATE_HELP = "in bytes/s: 500k, 10M, 1G (powers of 1000) or 1.5Mi (powers of 1024); 0 is no limit."


def given(context: typer.Context, *but: str) -> list[str]:
    """The options that were given in the command line."""
    return [
        max(each.opts, key=len)
        for each in context.command.params
        if each.name not in but
        and each.opts[0].startswith("-")
        and (source := context.get_parameter_source(str(each.name))) is not None
        and source.name == "COMMANDLINE"
    ]


def rate(text: str, option: str) -> int:
    """Parses a rate into bytes per second. Raises typer.BadParameter."""
    try:
        return parse_rate(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from None


def size_of(text: str, option: str) -> int:
    """Parses a size into bytes. Raises typer.BadParameter."""
    try:
        return parse_size(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from None


def peer_of(text: str) -> str:
    """Parses a peer's address into the form of the protocol. Raises typer.BadParameter."""
    try:
        return peer_address.normal(text)
    except ValueError as error:
        raise typer.BadParameter(
            f"{text!r} is not ADDRESS:PORT ({error}), an IP address and a port from 1 to 65535, such as "
            "192.0.2.1:6881 or [2001:db8::1]:6881; names of hosts are not looked up",
            param_hint="--peer",
        ) from None


def priority_of(text: str) -> tuple[int, int]:
    """Parses `INDEX=N` into the index of a file and its priority. Raises typer.BadParameter."""
    index, _, value = text.partition("=")
    if not (index.isdecimal() and value.isdecimal() and int(value) <= 7):
        raise typer.BadParameter(
            f"{text!r} is not INDEX=N, a file's index (see `ouzel files`) and 0 to 7", param_hint="--priority"
        )
    return int(index), int(value)
