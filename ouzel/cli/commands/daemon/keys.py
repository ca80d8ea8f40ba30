"""`ouzel keys`: generates keys for clients on tcp, and for the daemon. Needs no running daemon."""

from pathlib import Path
from typing import Annotated

import typer

from ouzel.cli import keys
from ouzel.cli.command_group import CommandGroup
from ouzel.cli.display.output import Output
from ouzel.cli.display.printable import clean_lines
from ouzel.cli.keys import KeyPair
from protocol.wire.key_file import Role

app = typer.Typer(
    help="Generate keys for clients on tcp, and for the daemon.", cls=CommandGroup, suggest_commands=False
)


@app.callback()
def _keys() -> None:
    """Generate keys for clients on tcp, and for the daemon."""


@app.command()
def new(
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="The key's name in the daemon's log.")] = "",
    role: Annotated[Role, typer.Option(help="What it allows: to read, or also to change.")] = Role.ADMIN,
    server: Annotated[
        bool, typer.Option("--server", help="Generate the daemon's key, by which clients identify it.")
    ] = False,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Directory for its two files.")] = Path(),
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON: one document.")] = False,
) -> None:
    """Generate a key pair: NAME.key, which is public, and NAME.key_secret, which must stay secret."""
    if not (name or server):
        raise typer.BadParameter("name the client; or give --server for the daemon's own key", param_hint="NAME")
    try:
        pair = keys.make(name or "server", None if server else role, out)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="NAME") from None
    except OSError as error:
        raise typer.BadParameter(
            f"{error.filename}: {error.strerror}", param_hint="NAME" if name else "--out"
        ) from None
    if as_json:
        shown = {"public_file": pair.public_file, "secret_file": pair.secret_file, "public_key": pair.public_key}
        Output(as_json=True).json_line({name: str(value) for name, value in shown.items()})
    else:
        typer.echo(clean_lines(_for_server(pair) if server else _for_client(pair, role)))


def _for_client(pair: KeyPair, role: Role) -> str:
    return f"""\
{pair.secret_file} is SECRET: it stays with the client. From there:
  ouzel --server tcp://HOST:PORT --server-key server.key --key {pair.secret_file} health
{pair.public_file} goes into the daemon's authorized_keys_dir, where its role, {role.value}, can be changed:
  install -m 644 {pair.public_file} /etc/ouzel/authorized_keys/
It holds within two seconds, without a restart; removing it ends what it allows."""


def _for_server(pair: KeyPair) -> str:
    return f"""\
{pair.secret_file} is SECRET, and for the daemon's user to read. In the daemon's configuration:
  [api]
  tcp_commands = "tcp://0.0.0.0:7801"
  tcp_events = "tcp://0.0.0.0:7802"
  curve_secret_key_file = "{pair.secret_file.absolute()}"
  authorized_keys_dir = "/etc/ouzel/authorized_keys"
and restart it. Clients give {pair.public_file} as their --server-key, or what is in it:
  {pair.public_key}"""
