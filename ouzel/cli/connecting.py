"""Makes the client for a command line, from its options, the environment, or the default directory."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import typer

from ouzel.cli.failure import print_line
from ouzel.client.blocking import Client
from ouzel.client.server import Server
from protocol.wire.endpoints import default_runtime_dir


def client_of(context: typer.Context) -> Client:
    """The client for this command line. Raises typer.BadParameter."""
    made: Client = context.obj()
    return made


def make_client(
    runtime_dir: Path | None, named: tuple[str | None, str | None, Path | None, str | None] | None
) -> Client:
    """Makes a client.

    Args:
        runtime_dir: the daemon's runtime directory. None means the default directory.
        named: the options for a daemon on tcp, as arguments of `Server.named`. None for a local daemon.

    Raises:
        typer.BadParameter: an option cannot be used.
    """
    try:
        server = None if named is None else Server.named(*named)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--server") from None
    try:
        return Client(server=server) if server is not None else Client(runtime_dir or default_runtime_dir())
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--runtime-dir") from None


@contextlib.contextmanager
def asking(context: typer.Context) -> Iterator[Client]:
    """A client for a command that changes something. Ctrl-C ends the command, but does not cancel its requests."""
    with client_of(context) as client:
        try:
            yield client
        except KeyboardInterrupt:
            print_line("interrupted; what was asked of the daemon goes on")
            raise


def completing_client(context: typer.Context) -> Client:
    """The client for an incomplete command line. The callbacks of the command line have not run yet."""
    root = context.find_root()
    given = {name: root.params.get(name) for name in ("runtime_dir", "server", "server_key", "key", "server_events")}
    path = None if given["runtime_dir"] is None else Path(given["runtime_dir"])
    source = root.get_parameter_source("runtime_dir")
    here = source is not None and source.name == "COMMANDLINE"
    named = None if here else (given["server"], given["server_key"], given["key"], given["server_events"])
    return make_client(path, named)
