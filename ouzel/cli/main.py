"""The command line `ouzel`: the names of its commands, the options for connecting, and exit codes."""

import io
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Annotated, Final

import typer

from ouzel.cli import examples
from ouzel.cli.backup import backup_commands
from ouzel.cli.command_group import HELP_OPTIONS, CommandGroup
from ouzel.cli.commands import (
    additions,
    bans,
    changes,
    creating,
    deadline,
    files,
    making,
    options,
    queue,
    relocate,
    statistics,
    trackers,
    views,
)
from ouzel.cli.commands.daemon import crashes, damaged, doctor, keys, logs, settings
from ouzel.cli.commands.grouping import categories, groups
from ouzel.cli.connecting import make_client
from ouzel.cli.display.output import ReaderGone, discard_unwritten, open_missing
from ouzel.cli.failure import EXIT_CODES_HELP, ExitCode, exit_code, print_error, print_unwritten
from ouzel.cli.importing import import_command
from ouzel.cli.top import command as top_command
from ouzel.cli.tracing import traced
from protocol.host import standard_streams
from protocol.wire.errors import OuzelError

app = typer.Typer(
    name="ouzel",
    help="Client of the Ouzel daemon: adds, shows and changes torrents.",
    epilog=EXIT_CODES_HELP,
    pretty_exceptions_enable=False,
    add_completion=True,
    cls=CommandGroup,
    suggest_commands=False,
    context_settings=HELP_OPTIONS,
)

app.add_typer(keys.app, name="keys")
app.add_typer(crashes.app, name="crashes")
app.add_typer(damaged.app, name="damaged")
app.add_typer(settings.app, name="settings")
app.add_typer(import_command.app, name="import")
app.add_typer(categories.app, name="categories")
app.add_typer(groups.app, name="groups")

COMMANDS: Final[Mapping[str, Callable[..., None]]] = {
    "add": additions.add,
    "ls": views.list_torrents,
    "show": views.show,
    "peers": views.peers,
    "pieces": views.pieces,
    "watch": views.watch,
    "top": top_command.top,
    "pause": changes.pause,
    "resume": changes.resume,
    "recheck": changes.recheck,
    "announce": changes.announce,
    "trackers": trackers.trackers,
    "webseeds": trackers.web_seeds,
    "rm": changes.remove,
    "release": changes.release,
    "limit": changes.limit,
    "files": changes.files,
    "move": files.move,
    "rename": files.rename,
    "relocate": relocate.relocate,
    "options": options.options,
    "goals": options.goals,
    "export": making.export,
    "queue": queue.queue,
    "create": creating.create,
    "jobs": creating.jobs,
    "cancel": creating.cancel,
    "deadline": deadline.deadline,
    "ban": bans.ban,
    "unban": bans.unban,
    "health": views.health,
    "doctor": doctor.doctor,
    "events": views.events,
    "logs": logs.logs,
    "log-level": logs.log_level,
    "ping": views.ping,
    "stats": statistics.stats,
    "backup": backup_commands.backup,
    "restore": backup_commands.restore,
}
"""The commands, in the order of the help."""

for _name, _function in COMMANDS.items():
    app.command(_name)(_function)
examples.add_to(app)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ouzel {metadata.version('ouzel')}")
        raise typer.Exit


@app.callback()
def _global(
    context: typer.Context,
    runtime_dir: Annotated[
        Path | None,
        typer.Option(
            envvar="OUZEL_PATHS_RUNTIME_DIR",
            help="Directory of the daemon's sockets.",
            show_default="the user's own",
            readable=False,  # if this user has no access, a later error names the group that has access
        ),
    ] = None,
    server: Annotated[
        str | None,
        typer.Option(metavar="tcp://HOST:PORT", help="Use a daemon on tcp: its tcp_commands. Or set OUZEL_SERVER."),
    ] = None,
    server_key: Annotated[
        str | None, typer.Option(metavar="KEY|FILE", help="The public key of --server. Or set OUZEL_SERVER_KEY.")
    ] = None,
    key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="This client's secret key for --server. Or set OUZEL_KEY.")
    ] = None,
    server_events: Annotated[
        str | None,
        typer.Option(
            metavar="tcp://HOST:PORT",
            help="The tcp_events of --server. Or set OUZEL_SERVER_EVENTS.",
            show_default="the port after tcp_commands",
        ),
    ] = None,
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version, and exit.", callback=_print_version, is_eager=True),
    ] = False,
) -> None:
    source = context.get_parameter_source("runtime_dir")
    here = source is not None and source.name == "COMMANDLINE"
    if here and server:
        raise typer.BadParameter("it is of no use together with --runtime-dir", param_hint="--server")
    context.obj = lambda: make_client(runtime_dir, None if here else (server, server_key, key, server_events))


def run(argv: Sequence[str]) -> int:
    """Runs one command line. Returns the exit code."""
    as_json = "--json" in argv
    try:
        code = app(list(argv) or ["--help"], prog_name="ouzel", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else ExitCode.OK
    except OuzelError as error:
        print_error(error, as_json=as_json)
        return exit_code(error)
    except typer.TyperException as error:
        print_error(error, as_json=as_json)
        return error.exit_code
    except ReaderGone:
        return ExitCode.READER_GONE
    except RuntimeError as error:
        if "home directory" not in str(error):
            raise
        unset = "there is no home directory to write to; set HOME"
        print_error(typer.BadParameter(unset, param_hint="--install-completion"), as_json=as_json)
        return ExitCode.USAGE
    except OSError as error:  # Errors of files and sockets that were not converted to other errors.
        print_unwritten(error)
        return ExitCode.REFUSED


def main() -> None:
    """The console script. If the reader of a pipe closes it, the script ends without an error message."""
    standard_streams.fill()
    open_missing()
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # the locale's encoding may lack characters of torrent names
    with traced(sys.argv[1:]):
        code = run(sys.argv[1:])
    discard_unwritten()
    sys.exit(code)
