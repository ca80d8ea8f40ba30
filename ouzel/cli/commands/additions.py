"""The command `ouzel add`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from ouzel.cli.adding import BATCH, Report, add_found
from ouzel.cli.arguments import COMPLETE_CATEGORY, RATE_HELP, AsJson, Exclude, Include, given, peer_of, rate
from ouzel.cli.commands.option_flags import (
    AutoManaged,
    Dht,
    FirstLastPieceFirst,
    GoalAction,
    Group,
    InactiveTime,
    Lsd,
    MaxConnections,
    MaxUploads,
    Name,
    Pex,
    Ratio,
    SeedingTime,
    SuperSeeding,
    goals_given,
)
from ouzel.cli.connecting import asking
from ouzel.cli.display.output import Output
from ouzel.cli.download import wait_for
from ouzel.cli.failure import ExitCode
from ouzel.cli.sources.gathering import gather, may_be_several, wants_network
from ouzel.client import calls
from ouzel.stream.ending import Outcome
from protocol.wire.desired import TorrentOptions


class Layout(StrEnum):
    """The values of --layout."""

    ORIGINAL = "original"
    SUBFOLDER = "subfolder"
    NO_SUBFOLDER = "no-subfolder"


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
    save_path: Annotated[Path | None, typer.Option(help="Directory for the files.")] = None,
    category: Annotated[
        str | None,
        typer.Option(
            help="An existing category; without --save-path, its directory is used.", autocompletion=COMPLETE_CATEGORY
        ),
    ] = None,
    paused: Annotated[bool, typer.Option("--paused", help="Add without starting.")] = False,
    sequential: Annotated[bool, typer.Option("--sequential", help="Download pieces in order.")] = False,
    include: Include = None,
    exclude: Exclude = None,
    skip_fluff: Annotated[
        bool, typer.Option("--skip-fluff", help="Do not download samples, notes and the like.")
    ] = False,
    label: Annotated[list[str] | None, typer.Option(help="A label. Repeatable.")] = None,
    limit_down: Annotated[str, typer.Option(metavar="RATE", help=f"Download limit {RATE_HELP}")] = "0",
    limit_up: Annotated[str, typer.Option(metavar="RATE", help=f"Upload limit {RATE_HELP}")] = "0",
    peer: Annotated[
        list[str] | None, typer.Option(metavar="ADDRESS:PORT", help="A peer, by its IP address. Repeatable.")
    ] = None,
    seed_mode: Annotated[
        bool, typer.Option("--seed-mode", help="All data is on disk: add without checking it.")
    ] = False,
    layout: Annotated[
        Layout, typer.Option(help="Whether the files are in a folder: as in the torrent, always, or never.")
    ] = Layout.ORIGINAL,
    merge: Annotated[
        bool, typer.Option("--merge", help="Add trackers and web seeds to a torrent that is there already.")
    ] = False,
    resume: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Resume data of another client (.fastresume), for one .torrent file."),
    ] = None,
    max_connections: MaxConnections = None,
    max_uploads: MaxUploads = None,
    super_seeding: SuperSeeding = None,
    auto_managed: AutoManaged = None,
    queue_position: Annotated[
        int | None,
        typer.Option(metavar="N", min=0, help="The place in libtorrent's queue, 0 for the first; with --auto-managed."),
    ] = None,
    force_start: Annotated[
        bool | None, typer.Option("--force-start/--no-force-start", help="Run it, whatever the queue says.")
    ] = None,
    first_last_piece_first: FirstLastPieceFirst = None,
    pex: Pex = None,
    dht: Dht = None,
    lsd: Lsd = None,
    name: Name = None,
    group: Group = None,
    ratio: Ratio = None,
    seeding_time: SeedingTime = None,
    inactive_time: InactiveTime = None,
    action: GoalAction = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until it is complete, or has an error.")] = False,
    as_json: AsJson = False,
) -> None:
    """Add torrents. One that exists already is not changed; an invalid source does not stop the others."""
    options = {
        "max_connections": max_connections,
        "max_uploads": max_uploads,
        "super_seeding": super_seeding,
        "auto_managed": auto_managed,
        "force_start": force_start,
        "first_last_piece_first": first_last_piece_first,
        "pex": pex,
        "dht": dht,
        "lsd": lsd,
        "name": name,
        "group": group or None,
    }
    set_options: dict[str, Any] = {option: value for option, value in options.items() if value is not None}
    set_options |= goals_given(ratio, seeding_time, inactive_time, action)
    arguments: dict[str, Any] = {
        "save_path": None if save_path is None else str(save_path.absolute()),
        "category": category,
        "paused": paused,
        "sequential": sequential,
        "include": include or [],
        "exclude": exclude or [],
        "skip_fluff": skip_fluff,
        "labels": label or [],
        "download_bps": rate(limit_down, "--limit-down"),
        "upload_bps": rate(limit_up, "--limit-up"),
        "peers": [peer_of(each) for each in peer or []],
        "seed_mode": seed_mode,
        "content_layout": layout.value.replace("-", "_"),
        "merge": merge,
        "resume": None if resume is None else _resume_data(resume, several=may_be_several(sources)),
        "options": TorrentOptions(**set_options),
        "queue_position": queue_position,
    }
    output = Output(as_json=as_json)
    report = Report(
        output, many=may_be_several(sources), options=given(context, "wait", "as_json", "merge"), events=wait
    )
    network = wants_network(sources)
    with asking(context) as client:
        if network:
            client.ping()  # fail before anything is fetched
        adding = add_found(
            client,
            gather(sources),
            lambda each: calls.add_torrent(magnet=each.magnet, metainfo=each.metainfo, **arguments),
            batch=1 if network else BATCH,
        )
        for found, outcome in adding:
            report.print_outcome(found, outcome)
        code = report.end()
        if wait:
            ends = [wait_for(client, torrent, output) for torrent in dict.fromkeys(report.torrents)]
            if code is ExitCode.OK and any(end is not Outcome.COMPLETED for end in ends):
                code = ExitCode.ENDED_IN_ERROR
    raise typer.Exit(code)


def _resume_data(path: Path, *, several: bool) -> bytes:
    if several:
        raise typer.BadParameter("it is of one torrent, and there may be several", param_hint="--resume")
    try:
        return path.read_bytes()
    except OSError as error:
        raise typer.BadParameter(f"{str(path)!r} cannot be read: {error.strerror}", param_hint="--resume") from None
