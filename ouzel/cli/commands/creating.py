"""The commands `create`, `jobs` and `cancel`. The daemon makes torrents of files on its disks."""

import os
import sys
import time
from pathlib import Path
from typing import Annotated, Final, Literal

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from ouzel.cli import completion
from ouzel.cli.arguments import AsJson
from ouzel.cli.connecting import asking, client_of, completing_client
from ouzel.cli.display.jobs import parse_length, table
from ouzel.cli.display.output import Output
from ouzel.cli.display.printable import clean
from ouzel.cli.failure import ExitCode, print_line
from ouzel.client.blocking import Client
from protocol.wire.making_results import JobRow, JobState

COMPLETE_JOB = completion.jobs(completing_client)
LOOK_S: Final = 0.25
"""The interval between requests for the progress of a job."""


def create(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A file or folder in the daemon's download roots.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="The .torrent file, in a download root. With --seed, none by default.",
            show_default="PATH.torrent",
        ),
    ] = None,
    version: Annotated[
        Literal["v1", "v2", "hybrid"], typer.Option("--format", help="The version; hybrid is both in one.")
    ] = "hybrid",
    piece_length: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE",
            help="A power of two: 16k to 128M (powers of 1024).",
            show_default="by the size of the files",
        ),
    ] = None,
    tracker: Annotated[
        list[str] | None, typer.Option(metavar="URL", help="A tracker; each is a tier of its own. Repeatable.")
    ] = None,
    web_seed: Annotated[
        list[str] | None, typer.Option(metavar="URL", help="A server with the files (BEP 19). Repeatable.")
    ] = None,
    private: Annotated[bool, typer.Option("--private", help="Peers are found by the trackers only.")] = False,
    source: Annotated[str, typer.Option(metavar="TEXT", help="A text that private trackers ask for.")] = "",
    comment: Annotated[str, typer.Option(metavar="TEXT", help="Any text.")] = "",
    exclude: Annotated[
        list[str] | None, typer.Option(metavar="GLOB", help="Leave out files that match. Repeatable.")
    ] = None,
    seed: Annotated[bool, typer.Option("--seed", help="Add the torrent and seed it, without a recheck.")] = False,
    detach: Annotated[bool, typer.Option("--detach", help="Do not wait for the end; see `ouzel jobs`.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a torrent of files on the daemon's disks. The daemon hashes them; Ctrl-C cancels it."""
    whole = Path(os.path.normpath(Path.cwd() / path))
    if not whole.name:
        raise typer.BadParameter("it is no file or folder in a download root", param_hint="PATH")
    if output is None and not seed:
        output = whole.with_name(f"{whole.name}.torrent")
    with client_of(context) as client:
        job = client.create_torrent(
            str(whole),
            format=version,
            piece_length=None if piece_length is None else _length(piece_length),
            trackers=[[url] for url in tracker or []],
            web_seeds=web_seed or [],
            private=private,
            source=source,
            comment=comment,
            exclude=exclude or [],
            output=None if output is None else str(Path.cwd() / output),
            seed=seed,
        )
        if detach:
            row = _row_of(client, job)
        else:
            try:
                row = _follow(client, job)
            except KeyboardInterrupt:
                client.cancel_job(job)
                print_line(f"cancelled: {job}")
                raise
    _show(row, Output(as_json=as_json), seed=seed)
    if row.state in (JobState.FAILED, JobState.CANCELLED):
        raise typer.Exit(ExitCode.REFUSED)


def jobs(context: typer.Context, as_json: AsJson = False) -> None:
    """List the jobs that make torrents, since the daemon started."""
    with client_of(context) as client:
        rows = client.list_jobs()
    output = Output(as_json=as_json)
    if not (rows or as_json) and output.console.is_terminal:
        typer.echo("no jobs", err=True)
    else:
        output.show({"jobs": rows}, lambda: table(rows))


def cancel(
    context: typer.Context,
    job: Annotated[
        str, typer.Argument(metavar="JOB", help="A job's id; see `ouzel jobs`.", autocompletion=COMPLETE_JOB)
    ],
    as_json: AsJson = False,
) -> None:
    """Cancel a job that makes a torrent."""
    with asking(context) as client:
        client.cancel_job(job)
    output = Output(as_json=as_json)
    if as_json:
        output.json_line({"job": job})
    else:
        output.line(f"cancelled: {job}")


def _length(text: str) -> int:
    try:
        return parse_length(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--piece-length") from None


def _row_of(client: Client, job: str) -> JobRow:
    """Returns the row of a job. After a restart the daemon does not know the job, and the job has ended."""
    for row in client.list_jobs():
        if row.job == job:
            return row
    problem = "the daemon was restarted, which ends all jobs"
    return JobRow(job=job, path="", state=JobState.CANCELLED, created_us=0, problem=problem)


def _follow(client: Client, job: str) -> JobRow:
    """Waits until a job has ended. Shows its progress on standard error if that is a terminal."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(binary_units=True),
        TimeRemainingColumn(),
        console=Console(file=sys.stderr),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
    with bar:
        task: TaskID = bar.add_task("queued", total=None)
        while True:
            row = _row_of(client, job)
            if row.state is not JobState.QUEUED:
                bar.update(task, description="hashing", completed=row.bytes_done, total=row.bytes_total or None)
            if row.state not in (JobState.QUEUED, JobState.RUNNING):
                return row
            time.sleep(LOOK_S)


def _show(row: JobRow, output: Output, *, seed: bool) -> None:
    if output.as_json:
        output.json_line(row)
        return
    match row.state:
        case JobState.FINISHED:
            output.line(f"created: {row.torrent}")
            if row.output is not None:
                output.line(f"written: {row.output}")
            if seed:
                output.line(f"seeding: {row.torrent}")
        case JobState.QUEUED | JobState.RUNNING:
            output.line(f"job: {row.job}")
        case _:
            print_line(f"{row.state.value}: {clean(row.problem or '')}")
            if row.torrent is not None and row.output is not None:
                output.line(f"written: {row.output}")
