"""Commands that change torrents: `pause`, `resume`, `recheck`, `announce`, `rm`, `release`, `limit`, `files`."""

import sys
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, NamedTuple

import typer

from ouzel.cli import question
from ouzel.cli.arguments import (
    RATE_HELP,
    AsJson,
    ChosenIds,
    Everything,
    Exclude,
    Include,
    MaybeId,
    OneId,
    SomeIds,
    WithLabel,
    priority_of,
    rate,
)
from ouzel.cli.connecting import asking
from ouzel.cli.display import render
from ouzel.cli.display.output import Output
from ouzel.cli.display.schedule import parse_window
from ouzel.cli.display.units import format_count
from ouzel.cli.failure import ExitCode, print_error, warn
from ouzel.cli.ids import chosen, resolve
from ouzel.client.blocking import Client
from ouzel.errors import error_body
from protocol.wire.errors import OuzelError
from protocol.wire.reports import SettingsReport
from protocol.wire.session.desired_session import ScheduleWindow


def pause(
    context: typer.Context,
    torrents: ChosenIds = None,
    everything: Everything = False,
    label: WithLabel = None,
    as_json: AsJson = False,
) -> None:
    """Stop torrents until `resume`."""
    for_each(context, Chosen(torrents or [], everything, label), "pause", {}, "paused", as_json)


def resume(
    context: typer.Context,
    torrents: ChosenIds = None,
    everything: Everything = False,
    label: WithLabel = None,
    as_json: AsJson = False,
) -> None:
    """Resume paused torrents."""
    for_each(context, Chosen(torrents or [], everything, label), "resume", {}, "resumed", as_json)


def recheck(
    context: typer.Context,
    torrents: ChosenIds = None,
    everything: Everything = False,
    label: WithLabel = None,
    as_json: AsJson = False,
) -> None:
    """Hash the files of torrents again; pieces that fail the check are downloaded again."""
    for_each(context, Chosen(torrents or [], everything, label), "recheck", {}, "rechecking", as_json)


def announce(
    context: typer.Context,
    torrents: ChosenIds = None,
    everything: Everything = False,
    label: WithLabel = None,
    tracker: Annotated[
        str | None, typer.Option(metavar="URL", help="Only to this tracker. By default to those in use, and the DHT.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Announce torrents to their trackers now, without waiting for the next regular announce."""
    args = {} if tracker is None else {"tracker": tracker}
    for_each(context, Chosen(torrents or [], everything, label), "reannounce", args, "announcing", as_json)


def remove(
    context: typer.Context,
    torrents: ChosenIds = None,
    everything: Everything = False,
    label: WithLabel = None,
    files: Annotated[bool, typer.Option("--delete-files", "--files", help="Delete the downloaded files, too.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove torrents; their files are kept unless --delete-files is given.

    Asks for confirmation with --all or --label, and with --delete-files if standard input is a terminal.
    """
    named = Chosen(torrents or [], everything, label)

    def confirm(count: int) -> None:
        ask = not named.torrents or (files and sys.stdin.isatty() and sys.stderr.isatty())
        if ask and not yes:
            lost = " and delete their files" if files else "; their files stay"
            question.confirm(f"remove {format_count(count, 'torrent')}{lost}?")

    for_each(context, named, "remove_torrent", {"delete_files": files}, "removed", as_json, confirm)


def release(context: typer.Context, torrents: SomeIds, as_json: AsJson = False) -> None:
    """Release torrents from quarantine, where they are because they crashed the engine, and load them again."""
    for_each(context, Chosen(torrents), "release_torrent", {}, "released", as_json)


class Alternative(StrEnum):
    """Whether the alternative limits are in force."""

    ON = "on"
    OFF = "off"
    AUTO = "auto"


_SWITCHES: Final[Mapping[Alternative, bool | Literal["auto"]]] = {
    Alternative.ON: True,
    Alternative.OFF: False,
    Alternative.AUTO: "auto",
}


def limit(
    context: typer.Context,
    torrent: MaybeId = None,
    down: Annotated[str | None, typer.Option(metavar="RATE", help=f"Download limit {RATE_HELP}")] = None,
    up: Annotated[str | None, typer.Option(metavar="RATE", help=f"Upload limit {RATE_HELP}")] = None,
    alternative: Annotated[
        Alternative | None,
        typer.Option(help="Switch the alternative limits on or off, until changed; auto: as the schedule says."),
    ] = None,
    alternative_down: Annotated[
        str | None, typer.Option(metavar="RATE", help="Alternative download limit; file: as in the configuration.")
    ] = None,
    alternative_up: Annotated[
        str | None, typer.Option(metavar="RATE", help="Alternative upload limit; file: as in the configuration.")
    ] = None,
    schedule: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WINDOW",
            help="When the alternative limits are in force, such as 22:00-06:00 or 'mon-fri 08:00-17:00'. Repeatable; "
            "none; file: as in the configuration.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Set the rate limits of all torrents together or of one torrent; without a rate, show them.

    The alternative limits replace the normal ones by schedule, or when they are switched on. The daemon's configuration
    has their values, unless a client has set others. Example: `ouzel limit --alternative on`.
    """
    down_bps = None if down is None else rate(down, "--down")
    up_bps = None if up is None else rate(up, "--up")
    given = {
        "download_bps": down_bps,
        "upload_bps": up_bps,
        "alternative": None if alternative is None else _SWITCHES[alternative],
        "alternative_download_bps": _or_file(alternative_down, "--alternative-down"),
        "alternative_upload_bps": _or_file(alternative_up, "--alternative-up"),
        "schedule": _schedule(schedule),
    }
    with asking(context) as client:
        only = None if torrent is None else resolve(client, [torrent])[0]
        if all(each is None for each in given.values()):
            report = _limits(client, only)
        else:
            report = client.update_limits(only, **given)  # type: ignore[arg-type]  # each has its own type
    Output(as_json=as_json).show(report, lambda: render.limits(report))


def files(
    context: typer.Context,
    torrent: OneId,
    include: Include = None,
    exclude: Exclude = None,
    skip_fluff: Annotated[
        bool | None, typer.Option("--skip-fluff/--no-skip-fluff", help="Do not download samples, notes and the like.")
    ] = None,
    priority: Annotated[
        list[str] | None,
        typer.Option(metavar="INDEX=N", help="Priority of one file, 0 (skipped) to 7 (first). Repeatable."),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="First remove all rules and priorities.")] = False,
    sequential: Annotated[
        bool | None,
        typer.Option("--sequential/--no-sequential", help="Download pieces in order, or the rarest first."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List a torrent's files; with options, first change which files are downloaded, and in which order."""
    wanted = dict(priority_of(each) for each in priority or [])
    changing = bool(everything or include or exclude or skip_fluff is not None or wanted)
    with asking(context) as client:
        [only] = resolve(client, [torrent])
        if sequential is not None:
            client.set_sequential(only, sequential, wait="applied")
        if changing:
            # The daemon replaces all priorities at once, so the present ones are sent again, except with --all.
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


def _or_file(text: str | None, option: str) -> int | Literal["file"] | None:
    if text == "file":
        return "file"
    return None if text is None else rate(text, option)


def _schedule(texts: list[str] | None) -> list[ScheduleWindow] | Literal["file"] | None:
    """Parses a schedule. Raises typer.BadParameter."""
    if not texts:
        return None
    if texts == ["file"]:
        return "file"
    try:
        return [] if texts == ["none"] else [parse_window(text) for text in texts]
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--schedule") from None


def _limits(client: Client, torrent: str | None) -> SettingsReport:
    if torrent is None:
        return next(client.snapshot(limit=1)).settings
    row = client.get_torrent(torrent)
    return SettingsReport(download_bps=row.download_limit_bps, upload_bps=row.upload_limit_bps)


class Chosen(NamedTuple):
    """The torrents that a command is for: named torrents, all torrents, or all with a label."""

    torrents: list[str]
    everything: bool = False
    label: str | None = None


def for_each(
    context: typer.Context,
    wanted: Chosen,
    op: str,
    args: dict[str, Any],
    done: str,
    as_json: bool,
    confirm: Callable[[int], None] = lambda _: None,
) -> None:
    """Sends one command for each of several torrents. Exits with 1 if the daemon refused one of them."""
    output = Output(as_json=as_json)
    with asking(context) as client:
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
        print_error(
            error, as_json=as_json, subject=torrent if len(torrents) > 1 and torrent not in str(error) else None
        )
    if refused:
        raise typer.Exit(ExitCode.REFUSED)
