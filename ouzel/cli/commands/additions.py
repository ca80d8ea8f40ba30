"""The command `ouzel add`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from ouzel.cli.adding import BATCH, Report, add_found
from ouzel.cli.arguments import COMPLETE_CATEGORY, RATE_HELP, AsJson, Exclude, Include, given, peer_of, rate
from ouzel.cli.connecting import asking
from ouzel.cli.display.output import Output
from ouzel.cli.download import wait_for
from ouzel.cli.failure import ExitCode
from ouzel.cli.sources.gathering import gather, may_be_several, wants_network
from ouzel.client import calls
from ouzel.stream.ending import Outcome


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
    wait: Annotated[bool, typer.Option("--wait", help="Wait until it is complete, or has an error.")] = False,
    as_json: AsJson = False,
) -> None:
    """Add torrents. One that exists already is not changed; an invalid source does not stop the others."""
    options: dict[str, Any] = {
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
            lambda each: calls.add_torrent(magnet=each.magnet, metainfo=each.metainfo, **options),
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
