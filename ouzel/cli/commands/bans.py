"""`ouzel ban` and `ouzel unban`: bans the addresses of peers, lists the bans, and lifts them."""

from typing import Annotated

import typer

from ouzel.cli.arguments import AsJson
from ouzel.cli.connecting import asking
from ouzel.cli.display.output import Output

_HELP = "Peers: IP addresses, or ADDRESS:PORT as `ouzel peers` shows them; the port is ignored."


def ban(
    context: typer.Context,
    peers: Annotated[list[str] | None, typer.Argument(metavar="[PEER...]", help=_HELP)] = None,
    as_json: AsJson = False,
) -> None:
    """Ban the addresses of peers for all torrents, until `unban`; without a peer, list the banned addresses."""
    with asking(context) as client:
        addresses = [client.ban_peer(peer).address for peer in peers] if peers else client.list_bans()
    _show(addresses, "banned: " if peers else "", as_json)


def unban(
    context: typer.Context,
    peers: Annotated[list[str], typer.Argument(metavar="PEER...", help=_HELP)],
    as_json: AsJson = False,
) -> None:
    """Lift the bans of addresses."""
    with asking(context) as client:
        addresses = [client.unban_peer(peer).address for peer in peers]
    _show(addresses, "not banned: ", as_json)


def _show(addresses: list[str], prefix: str, as_json: bool) -> None:
    output = Output(as_json=as_json)
    if as_json:
        output.json_line({"addresses": addresses})
    elif not addresses and output.console.is_terminal:
        typer.echo("no address is banned", err=True)
    for address in [] if as_json else addresses:
        output.line(f"{prefix}{address}")
