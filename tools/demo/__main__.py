"""`scripts/demo`: runs the demonstration. The exit code is 0 only if all guarantees were kept."""

import signal
import sys
from typing import Annotated, NoReturn

import typer

import ouzel
from ouzel.cli.display.output import Output
from tools.demo.story import StoryEnded, tell_story
from tools.demo.verdict import look_closely
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.payload import MIB
from tools.rig.scratch import scratch, unwinding
from tools.rig.seed import Seed
from tools.rig.waiting import until

LOG_TAIL = 20


def demo(
    size: Annotated[int, typer.Option(metavar="MIB", min=64, help="Size of the torrent in MiB.")] = 1024,
    mbps: Annotated[float, typer.Option(min=1, help="The upload rate of the seed, in MB/s.")] = 60.0,
    serve: Annotated[
        bool, typer.Option("--serve", help="Only seed the torrent to clients on this machine, until Ctrl-C.")
    ] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the temporary directory, with the daemon's log.")] = False,
) -> None:
    """Download a torrent over loopback, and kill the engine half way.

    Needs half a minute, and disk space for three times the size.
    """
    output = Output(as_json=False)
    with scratch(keep=keep) as root:
        output.line(f"Making {size} MiB of random data, and a torrent of it")
        made = payload.make(root / "seed", "payload.bin", {"": size * MIB}, piece_size=MIB)
        if serve:
            _serve(made, mbps, output)
        with Seed(upload_bps=int(mbps * 1e6)) as seed, Daemon(root / "d") as daemon:
            seed.add(made.metainfo, made.root)
            until(daemon.healthy, "the daemon is healthy")
            output.line(f"A seed gives {mbps:g} MB/s at {seed.endpoint}")
            try:
                story = tell_story(daemon, seed, made, output)
                good = look_closely(daemon, seed, made, story, output)
            except (StoryEnded, ouzel.OuzelError) as error:
                output.line(f"It went wrong: {error}. The end of the daemon's log:")
                for line in daemon.log.read_text().splitlines()[-LOG_TAIL:]:
                    output.line(f"  {line}")
                good = False
    raise typer.Exit(0 if good else 1)


def _serve(made: payload.Torrent, mbps: float, output: Output) -> NoReturn:
    """Seeds the torrent until a signal ends the program."""
    with Seed(upload_bps=int(mbps * 1e6)) as seed:
        seed.add(made.metainfo, made.root)
        output.line("This magnet link works on this machine until Ctrl-C:")
        output.line(f"{made.magnet}&dn=payload.bin&x.pe={seed.endpoint}")
        while True:
            signal.pause()


if __name__ == "__main__":
    with unwinding():
        app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        app.command()(demo)
        sys.exit(app(prog_name="scripts/demo"))
