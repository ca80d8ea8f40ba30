"""The command line: `ouzel`. Each command is a few lines: read the arguments, ask the daemon, show the result.

Longer than other files, since it is one list: what the commands and their options are called, and what they say of
themselves. What takes thought is elsewhere: ids, units, output, render, plain, download, failure.
"""

import contextlib
import io
import ipaddress
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import msgspec
import typer
from rich.console import Group

from ouzel.cli import completion, keys_cli, question
from ouzel.cli.adding import BATCH, Report, add_found
from ouzel.cli.command_group import HELP_OPTIONS, CommandGroup
from ouzel.cli.display import listing, render
from ouzel.cli.display.listing import SortKey, StateFilter
from ouzel.cli.display.output import Output, ReaderGone, discard_unwritten, open_missing
from ouzel.cli.display.units import format_count, parse_rate
from ouzel.cli.download import wait_for
from ouzel.cli.failure import EXIT_CODES_HELP, ExitCode, exit_code, say, tell, tell_unwritten, warn
from ouzel.cli.ids import chosen, followed, resolve
from ouzel.cli.listen import listen
from ouzel.cli.sources.gathering import gather, may_be_several, wants_network
from ouzel.client import calls
from ouzel.client.blocking import Client
from ouzel.client.server import Server
from ouzel.errors import Refused, error_body
from ouzel.stream.ending import Outcome
from ouzel.stream.table import Table
from protocol.host import standard_streams
from protocol.wire.endpoints import default_runtime_dir
from protocol.wire.errors import OuzelError
from protocol.wire.rows import HealthStatus, SettingsReport, TorrentState

app = typer.Typer(
    name="ouzel",
    help="Talks to the Ouzel daemon: adds torrents, shows what they do, and changes it.",
    epilog=EXIT_CODES_HELP,
    pretty_exceptions_enable=False,
    add_completion=True,
    cls=CommandGroup,
    suggest_commands=False,
    context_settings=HELP_OPTIONS,
)

app.add_typer(keys_cli.app, name="keys")
crashes_app = typer.Typer(invoke_without_command=True, cls=CommandGroup, suggest_commands=False)
app.add_typer(crashes_app, name="crashes")
damaged_app = typer.Typer(
    help="What was put aside because it could not be trusted.", cls=CommandGroup, suggest_commands=False
)
app.add_typer(damaged_app, name="damaged")

AsJson = Annotated[bool, typer.Option("--json", help="Write JSON: one document, or one a line for what goes on.")]
_complete_id = completion.ids(lambda context: _completing_client(context))
_complete_label = completion.labels(lambda context: _completing_client(context))
OneId = Annotated[
    str,
    typer.Argument(
        metavar="ID", help="A torrent's id, 4 or more of its first digits, or its name.", autocompletion=_complete_id
    ),
]
SomeIds = Annotated[
    list[str],
    typer.Argument(metavar="ID...", help="Ids, 4 or more first digits, or names.", autocompletion=_complete_id),
]
ChosenIds = Annotated[
    list[str] | None,
    typer.Argument(metavar="[ID...]", help="Ids, 4 or more first digits, or names.", autocompletion=_complete_id),
]
MaybeId = Annotated[
    str | None,
    typer.Argument(
        metavar="[ID]", help="Only this torrent; 4 or more first digits, or its name, do.", autocompletion=_complete_id
    ),
]
Everything = Annotated[bool, typer.Option("--all", help="All torrents.")]
WithLabel = Annotated[str | None, typer.Option(help="All torrents with this label.", autocompletion=_complete_label)]
Include = Annotated[list[str] | None, typer.Option(metavar="GLOB", help="Download only files that match. Repeatable.")]
Exclude = Annotated[list[str] | None, typer.Option(metavar="GLOB", help="Leave out files that match. Repeatable.")]
RATE_HELP = "in bytes/s: 500k, 10M, 1G (powers of 1000) or 1.5Mi (powers of 1024); 0 is no limit."


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
            help="Where the daemon's sockets are.",
            show_default="the user's own",
            readable=False,  # whoever may not read it is told which group may
        ),
    ] = None,
    server: Annotated[
        str | None,
        typer.Option(
            metavar="tcp://HOST:PORT", help="A daemon on tcp instead: its tcp_commands. Or OUZEL_SERVER; so for these:"
        ),
    ] = None,
    server_key: Annotated[
        str | None, typer.Option(metavar="KEY|FILE", help="Its public key. Or OUZEL_SERVER_KEY.")
    ] = None,
    key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The secret key to come in with. Or OUZEL_KEY.")
    ] = None,
    server_events: Annotated[
        str | None,
        typer.Option(
            metavar="tcp://HOST:PORT",
            help="Its tcp_events. Or OUZEL_SERVER_EVENTS.",
            show_default="the port after tcp_commands",
        ),
    ] = None,
    version: Annotated[
        bool,
        typer.Option("--version", help="Say which version this is, and exit.", callback=_print_version, is_eager=True),
    ] = False,
) -> None:
    source = context.get_parameter_source("runtime_dir")
    here = source is not None and source.name == "COMMANDLINE"
    if here and server:
        raise typer.BadParameter("it is of no use together with --runtime-dir", param_hint="--server")
    context.obj = lambda: _make_client(runtime_dir, None if here else (server, server_key, key, server_events))


@app.command(epilog=EXIT_CODES_HELP)
def add(
    context: typer.Context,
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...",
            help="A .torrent file, a magnet link, a URL (http, https), an info-hash, a directory (its *.torrent and "
            "*.magnet), or - for standard input (a .torrent, or lines of links).",
        ),
    ],
    save_path: Annotated[Path | None, typer.Option(help="Directory for its files.")] = None,
    paused: Annotated[bool, typer.Option("--paused", help="Do not start it.")] = False,
    sequential: Annotated[bool, typer.Option("--sequential", help="Download pieces in order.")] = False,
    include: Include = None,
    exclude: Exclude = None,
    skip_fluff: Annotated[bool, typer.Option("--skip-fluff", help="Leave out samples, notes and the like.")] = False,
    label: Annotated[list[str] | None, typer.Option(help="A label. Repeatable.")] = None,
    limit_down: Annotated[str, typer.Option(metavar="RATE", help=f"Download limit {RATE_HELP}")] = "0",
    limit_up: Annotated[str, typer.Option(metavar="RATE", help=f"Upload limit {RATE_HELP}")] = "0",
    peer: Annotated[
        list[str] | None, typer.Option(metavar="ADDRESS:PORT", help="A peer, by its IP address. Repeatable.")
    ] = None,
    seed_mode: Annotated[bool, typer.Option("--seed-mode", help="All data is there: check nothing first.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Stay until it is complete, or ends in an error.")] = False,
    as_json: AsJson = False,
) -> None:
    """Add torrents. One that is there already is left as it is; one bad source does not stop the others."""
    options: dict[str, Any] = {
        "save_path": None if save_path is None else str(save_path.absolute()),
        "paused": paused,
        "sequential": sequential,
        "include": include or [],
        "exclude": exclude or [],
        "skip_fluff": skip_fluff,
        "labels": label or [],
        "download_bps": _rate(limit_down, "--limit-down"),
        "upload_bps": _rate(limit_up, "--limit-up"),
        "peers": [_peer(each) for each in peer or []],
        "seed_mode": seed_mode,
    }
    output = Output(as_json=as_json)
    report = Report(output, many=may_be_several(sources), options=_given(context, "wait", "as_json"), events=wait)
    network = wants_network(sources)
    with _asking(context) as client:
        if network:
            client.ping()  # before anything is fetched for nobody
        adding = add_found(
            client,
            gather(sources),
            lambda each: calls.add_torrent(magnet=each.magnet, metainfo=each.metainfo, **options),
            batch=1 if network else BATCH,
        )
        for found, outcome in adding:
            report.tell(found, outcome)
        code = report.end()
        if wait:
            ends = [wait_for(client, torrent, output) for torrent in dict.fromkeys(report.torrents)]
            if code is ExitCode.OK and any(end is not Outcome.COMPLETED for end in ends):
                code = ExitCode.ENDED_IN_ERROR
    raise typer.Exit(code)


@app.command("ls", epilog=EXIT_CODES_HELP)
def list_torrents(
    context: typer.Context,
    state: Annotated[
        list[StateFilter] | None, typer.Option(help="Only torrents in this state, or stalled ones. Repeatable.")
    ] = None,
    label: Annotated[
        str | None, typer.Option(help="Only torrents with this label.", autocompletion=_complete_label)
    ] = None,
    sort: Annotated[
        SortKey, typer.Option(help="By what the lines are in order: names from A to Z, sizes from large to small.")
    ] = SortKey.ID,
    reverse: Annotated[bool, typer.Option("--reverse", "-r", help="The other way round.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the torrents; what they come to is in the last line."""
    states = state or []
    one = TorrentState(states[0].value) if len(states) == 1 and states[0] is not StateFilter.STALLED else None
    with _client(context) as client:
        rows = listing.kept(client.list_torrents(state=one, label=label), states)
    rows = listing.ordered(rows, sort, reverse=reverse)
    output = Output(as_json=as_json)
    if not (rows or as_json) and output.console.is_terminal:
        typer.echo("no torrents", err=True)
    else:
        width = output.console.width
        output.show(
            {"torrents": rows},
            lambda: Group(listing.torrents(rows, width, ages=True), listing.totals(rows, width)),
        )


@app.command(epilog=EXIT_CODES_HELP)
def show(context: typer.Context, torrent: OneId, as_json: AsJson = False) -> None:
    """Show all that is known of one torrent: why it does not move, and how its trackers are.

    Of trackers' URLs the secret parts are left out; --json has them whole.
    """
    with _client(context) as client:
        detail = client.get_torrent(*resolve(client, [torrent]))
        with contextlib.suppress(Refused):  # a daemon of an earlier version, or it was removed meanwhile
            detail = msgspec.structs.replace(detail, tracker_status=client.list_trackers(detail.torrent))
    Output(as_json=as_json).show(detail, lambda: render.torrent(detail, time.time_ns() // 1000))


@app.command(epilog=EXIT_CODES_HELP)
def watch(context: typer.Context, torrent: MaybeId = None, as_json: AsJson = False) -> None:
    """Watch torrents until Ctrl-C; one torrent, until it is removed."""
    output = Output(as_json=as_json)
    with _client(context) as client:
        only = None if torrent is None else followed(client, torrent)
        table = Table()

        def draw(table: Table) -> Any:
            if only is not None and only not in table.rows:
                return f"removed: {only}"
            shown = [row for row in table.rows.values() if only in (None, row.torrent)]
            return render.overview(table, shown, output.console.width, output.console.height)

        stream = client.events(progress=True, torrent=only, ticks=True, snapshot=True)
        with stream as events, output.screen(draw, only) as screen:
            for item in listen(events, output.check_reader):
                table.apply(item)
                screen.show(table, item)
                if only is not None and only not in table.rows:
                    return


@app.command(epilog=EXIT_CODES_HELP)
def pause(
    context: typer.Context,
    torrents: ChosenIds = None,
    everything: Everything = False,
    label: WithLabel = None,
    as_json: AsJson = False,
) -> None:
    """Stop torrents until `resume`."""
    _each(context, Chosen(torrents or [], everything, label), "pause", {}, "paused", as_json)


@app.command(epilog=EXIT_CODES_HELP)
def resume(
    context: typer.Context,
    torrents: ChosenIds = None,
    everything: Everything = False,
    label: WithLabel = None,
    as_json: AsJson = False,
) -> None:
    """Let paused torrents run again."""
    _each(context, Chosen(torrents or [], everything, label), "resume", {}, "resumed", as_json)


@app.command(epilog=EXIT_CODES_HELP)
def recheck(
    context: typer.Context,
    torrents: ChosenIds = None,
    everything: Everything = False,
    label: WithLabel = None,
    as_json: AsJson = False,
) -> None:
    """Hash the files of torrents again; what is not as it should be is downloaded again."""
    _each(context, Chosen(torrents or [], everything, label), "recheck", {}, "rechecking", as_json)


@app.command("rm", epilog=EXIT_CODES_HELP)
def remove(
    context: typer.Context,
    torrents: ChosenIds = None,
    everything: Everything = False,
    label: WithLabel = None,
    files: Annotated[bool, typer.Option("--delete-files", "--files", help="Delete the downloaded files, too.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Forget torrents; their files stay unless told otherwise.

    With --all or --label it asks first, and with --delete-files where there is a terminal to ask on.
    """
    named = Chosen(torrents or [], everything, label)

    def confirm(count: int) -> None:
        ask = not named.torrents or (files and sys.stdin.isatty() and sys.stderr.isatty())
        if ask and not yes:
            lost = " and delete their files" if files else "; their files stay"
            question.confirm(f"remove {format_count(count, 'torrent')}{lost}?")

    _each(context, named, "remove_torrent", {"delete_files": files}, "removed", as_json, confirm)


@app.command(epilog=EXIT_CODES_HELP)
def release(context: typer.Context, torrents: SomeIds, as_json: AsJson = False) -> None:
    """Let torrents out of quarantine, in which they are because they crashed the engine: they are loaded again."""
    _each(context, Chosen(torrents), "release_torrent", {}, "released", as_json)


@app.command(epilog=EXIT_CODES_HELP)
def limit(
    context: typer.Context,
    torrent: MaybeId = None,
    down: Annotated[str | None, typer.Option(metavar="RATE", help=f"Download limit {RATE_HELP}")] = None,
    up: Annotated[str | None, typer.Option(metavar="RATE", help=f"Upload limit {RATE_HELP}")] = None,
    as_json: AsJson = False,
) -> None:
    """Set the rate limits of all torrents together, or of one; without a rate, show them."""
    down_bps = None if down is None else _rate(down, "--down")
    up_bps = None if up is None else _rate(up, "--up")
    with _asking(context) as client:
        only = None if torrent is None else resolve(client, [torrent])[0]
        if down_bps is None and up_bps is None:
            report = _limits(client, only)
        else:
            report = client.update_limits(only, download_bps=down_bps, upload_bps=up_bps)
    Output(as_json=as_json).show(report, lambda: render.limits(report))


@app.command(epilog=EXIT_CODES_HELP)
def files(
    context: typer.Context,
    torrent: OneId,
    include: Include = None,
    exclude: Exclude = None,
    skip_fluff: Annotated[
        bool | None, typer.Option("--skip-fluff/--no-skip-fluff", help="Leave out samples, notes and the like.")
    ] = None,
    priority: Annotated[
        list[str] | None,
        typer.Option(metavar="INDEX=N", help="Priority of one file, 0 (skipped) to 7 (first). Repeatable."),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Forget rules and priorities first: all files.")] = False,
    as_json: AsJson = False,
) -> None:
    """List a torrent's files, after changing which are downloaded where options say so."""
    wanted = dict(_priority(each) for each in priority or [])
    changing = bool(everything or include or exclude or skip_fluff is not None or wanted)
    with _asking(context) as client:
        [only] = resolve(client, [torrent])
        if changing:
            # The daemon takes priorities as a whole; what is there stays, unless told to forget it.
            kept = {} if everything or not wanted else client.get_torrent(only).priorities
            client.update_selection(
                only,
                include=include or ([] if everything else None),
                exclude=exclude or ([] if everything else None),
                skip_fluff=bool(skip_fluff) if everything else skip_fluff,
                priorities={int(index): value for index, value in kept.items()} | wanted
                if wanted or everything
                else None,
                wait="applied",
            )
        rows = list(client.list_files(torrent=only))
    if changing and rows and not any(row.priority for row in rows):
        warn("nothing is selected: no file will be downloaded; --all selects all of them", as_json=as_json)
    Output(as_json=as_json).show({"torrent": only, "files": rows}, lambda: render.files(rows))


@app.command(epilog=EXIT_CODES_HELP)
def health(context: typer.Context, as_json: AsJson = False) -> None:
    """Say how the daemon is: exit code 0 when starting, healthy or degraded (it works), 4 when unhealthy."""
    with _client(context) as client:
        report = client.health()
    Output(as_json=as_json).show(report, lambda: render.health(report))
    if report.status is HealthStatus.UNHEALTHY:
        raise typer.Exit(ExitCode.UNHEALTHY)


@crashes_app.callback(epilog=EXIT_CODES_HELP)
def crashes(context: typer.Context, as_json: AsJson = False) -> None:
    """List the deaths of engines that nobody wanted; `show NAME` has the report of one."""
    if context.invoked_subcommand is not None:
        return
    with _client(context) as client:
        found = client.list_crashes()
    output = Output(as_json=as_json)
    if not (found or as_json) and output.console.is_terminal:
        say("no crashes")
    else:
        output.show({"crashes": found}, lambda: render.crashes(found))


@crashes_app.command("show", epilog=EXIT_CODES_HELP)
def show_crash(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A report's name, as `ouzel crashes` lists it.")],
    as_json: AsJson = False,
) -> None:
    """Show the report of one death: how it ended, the threads' stacks, the last lines of the log."""
    with _client(context) as client:
        report = client.get_crash(name.removesuffix(".json"))
    Output(as_json=as_json).show(report, lambda: render.crash(report))


@damaged_app.command("list", epilog=EXIT_CODES_HELP)
def list_damaged(context: typer.Context, as_json: AsJson = False) -> None:
    """List the files that were put aside, and whether each can be restored as it is now."""
    with _client(context) as client:
        found = client.list_damaged()
    output = Output(as_json=as_json)
    if not (found or as_json) and output.console.is_terminal:
        typer.echo("nothing was put aside", err=True)
    else:
        output.show({"files": found}, lambda: render.damaged(found))


@damaged_app.command("restore", epilog=EXIT_CODES_HELP)
def restore_damaged(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A file's name, as `ouzel damaged list` has it.")],
    as_json: AsJson = False,
) -> None:
    """Give back a file, once its content is whole; a torrent's record brings the torrent back, and it is loaded."""
    with _client(context) as client:
        restored = client.restore_damaged(name)
    Output(as_json=as_json).show(restored, lambda: render.restored(restored))


@app.command(epilog=EXIT_CODES_HELP)
def events(
    context: typer.Context,
    progress: Annotated[bool, typer.Option("--progress", help="Rates and progress, too.")] = False,
    torrent: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Only this torrent's, and the daemon's.", autocompletion=_complete_id),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print events as they happen, without gaps, until Ctrl-C."""
    output = Output(as_json=as_json)
    with _client(context) as client:
        only = None if torrent is None else followed(client, torrent)
        for item in listen(client.events(progress=progress, torrent=only), output.check_reader):
            if as_json:
                output.json_line(item)
            else:
                output.line(render.event_line(item))


@app.command(epilog=EXIT_CODES_HELP)
def stats(context: typer.Context, as_json: AsJson = False) -> None:
    """Show totals and rates, and what the two processes use."""
    with _client(context) as client:
        report = client.stats()
    Output(as_json=as_json).show(report, lambda: render.stats(report))


def _client(context: typer.Context) -> Client:
    made: Client = context.obj()
    return made


def _make_client(
    runtime_dir: Path | None, named: tuple[str | None, str | None, Path | None, str | None] | None
) -> Client:
    try:
        server = None if named is None else Server.named(*named)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--server") from None
    try:
        return Client(server=server) if server is not None else Client(runtime_dir or default_runtime_dir())
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--runtime-dir") from None


@contextlib.contextmanager
def _asking(context: typer.Context) -> Iterator[Client]:
    """A client for a command that changes something. Ctrl-C ends the command, not what it asked for."""
    with _client(context) as client:
        try:
            yield client
        except KeyboardInterrupt:
            say("interrupted; what was asked of the daemon goes on")
            raise


def _completing_client(context: typer.Context) -> Client:
    """The client of a command line that is not finished: the callbacks that make one have not run."""
    root = context.find_root()
    given = {name: root.params.get(name) for name in ("runtime_dir", "server", "server_key", "key", "server_events")}
    path = None if given["runtime_dir"] is None else Path(given["runtime_dir"])
    source = root.get_parameter_source("runtime_dir")
    here = source is not None and source.name == "COMMANDLINE"
    named = None if here else (given["server"], given["server_key"], given["key"], given["server_events"])
    return _make_client(path, named)


def _given(context: typer.Context, *but: str) -> list[str]:
    """The options that stand in the command line."""
    return [
        max(each.opts, key=len)
        for each in context.command.params
        if each.name not in but
        and each.opts[0].startswith("-")
        and (source := context.get_parameter_source(str(each.name))) is not None
        and source.name == "COMMANDLINE"
    ]


def _limits(client: Client, torrent: str | None) -> SettingsReport:
    if torrent is None:
        return next(client.snapshot(limit=1)).settings
    row = client.get_torrent(torrent)
    return SettingsReport(download_bps=row.download_limit_bps, upload_bps=row.upload_limit_bps)


def _rate(text: str, option: str) -> int:
    try:
        return parse_rate(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from None


def _peer(text: str) -> str:
    address, _, port = text.rpartition(":")
    try:
        ipaddress.ip_address(address.removeprefix("[").removesuffix("]"))
        if not (port.isascii() and port.isdecimal() and 1 <= int(port) <= 65535):
            raise ValueError(port)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is not ADDRESS:PORT, an IP address and a port from 1 to 65535, such as 192.0.2.1:6881 or "
            "[2001:db8::1]:6881; names of hosts are not looked up",
            param_hint="--peer",
        ) from None
    return text


def _priority(text: str) -> tuple[int, int]:
    index, _, value = text.partition("=")
    if not (index.isdecimal() and value.isdecimal() and int(value) <= 7):
        raise typer.BadParameter(
            f"{text!r} is not INDEX=N, a file's index (see `ouzel files`) and 0 to 7", param_hint="--priority"
        )
    return int(index), int(value)


class Chosen(NamedTuple):
    """Which torrents a command is for: those that are named, or all, or all with a label."""

    torrents: list[str]
    everything: bool = False
    label: str | None = None


def _each(
    context: typer.Context,
    wanted: Chosen,
    op: str,
    args: dict[str, Any],
    done: str,
    as_json: bool,
    confirm: Callable[[int], None] = lambda _: None,
) -> None:
    """One command for several torrents. Exits with 1 where the daemon refused one of them."""
    output = Output(as_json=as_json)
    with _asking(context) as client:
        torrents = chosen(client, wanted.torrents, everything=wanted.everything, label=wanted.label)
        if torrents:
            confirm(len(torrents))
        outcomes = client.request_many([(op, {"torrent": torrent, **args}) for torrent in torrents])
    refused = {
        torrent: outcome for torrent, outcome in zip(torrents, outcomes, strict=True) if isinstance(outcome, OuzelError)
    }
    if as_json:
        results = [
            {"torrent": torrent, "ok": torrent not in refused}
            | ({"error": error_body(refused[torrent])} if torrent in refused else {})
            for torrent in torrents
        ]
        output.json_line({"results": results})
    elif not wanted.torrents:
        output.line(f"{done}: {format_count(len(torrents) - len(refused), 'torrent')}")
    else:
        for torrent in torrents:
            if torrent not in refused:
                output.line(f"{done}: {torrent}")
    for torrent, error in refused.items():
        tell(error, as_json=as_json, subject=torrent if len(torrents) > 1 and torrent not in str(error) else None)
    if refused:
        raise typer.Exit(ExitCode.REFUSED)


def run(argv: Sequence[str]) -> int:
    """Carries out one command line. Gives the exit code."""
    as_json = "--json" in argv
    try:
        code = app(list(argv) or ["--help"], prog_name="ouzel", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else ExitCode.OK
    except OuzelError as error:
        tell(error, as_json=as_json)
        return exit_code(error)
    except typer.TyperException as error:
        tell(error, as_json=as_json)
        return error.exit_code
    except ReaderGone:
        return ExitCode.READER_GONE
    except RuntimeError as error:
        if "home directory" not in str(error):
            raise
        unset = "there is no home directory to write to; set HOME"
        tell(typer.BadParameter(unset, param_hint="--install-completion"), as_json=as_json)
        return ExitCode.USAGE
    except OSError as error:  # Files are read, and sockets looked at, where what goes wrong has other names.
        tell_unwritten(error)
        return ExitCode.REFUSED


def main() -> None:
    """The console script. Ends quietly, as other tools do, when the reader of a pipe has enough."""
    standard_streams.fill()
    open_missing()
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a locale's encoding may lack what torrents are called
    code = run(sys.argv[1:])
    discard_unwritten()
    sys.exit(code)
