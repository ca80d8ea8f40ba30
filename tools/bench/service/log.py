"""`log`: checks the service while its standard error cannot be written, or while nobody reads it.

For each kind of standard error there is a separate daemon. The first kind can be written, for comparison. The benchmark
kills engines while another process pings. It also sends commands, changes the configuration (SIGHUP), and stops the
daemon (SIGTERM).
"""

import os
import signal
import time
from pathlib import Path
from statistics import median
from typing import Annotated, Any, Final

import msgspec
import typer

import ouzel
from protocol.wire.reports import HealthStatus
from tools.bench.options import AsJson, Keep
from tools.bench.report import Check, Report, show, tell
from tools.rig import stderrs
from tools.rig.clients.pinger import Pinger, Pings
from tools.rig.daemon import Daemon
from tools.rig.scratch import scratch
from tools.rig.waiting import until
from tools.rig.watcher import Watcher

RATIO: Final = 2.0
"""The maximum ratio of two 99th percentiles of ping times: with this log, and with a usable log."""

RESTART: Final = {"budget": 1000, "window_s": 1.0, "max_delay_s": 0.5}


class Run(msgspec.Struct, frozen=True):
    """The results with one kind of standard error.

    Fields:
        ready_s: the seconds from each kill until the next engine accepted commands.
        commands_s: the seconds for all commands, one after the other.
        refused: the number of commands that were not answered with OK.
        reload_s: the seconds from SIGHUP until the change was in force.
        stop_s: the seconds from SIGTERM to the end.
        exit_code: the supervisor's exit code.
        told: the reasons in `health` with the component `log`.
        status: the status in `health` at the end.
    """

    kind: str
    pings: Pings
    ready_s: list[float]
    commands_s: float
    refused: int
    reload_s: float
    stop_s: float
    exit_code: int
    told: list[str]
    status: str


def log(
    kills: Annotated[
        int, typer.Option("--kills", min=1, help="The number of kills for each kind of standard error.")
    ] = 20,
    commands: Annotated[
        int, typer.Option("--commands", min=1, help="The number of commands for each kind of standard error.")
    ] = 1000,
    kind: Annotated[str, typer.Option("--kind", help=f"The kind: {', '.join(stderrs.KINDS)}, or all.")] = "all",
    as_json: AsJson = False,
    keep: Keep = False,
) -> None:
    """Test kills, commands, SIGHUP and SIGTERM with standard error closed, full, blocked or slow."""
    kinds = list(stderrs.KINDS) if kind == "all" else ["good", kind]
    if not set(kinds) <= set(stderrs.KINDS):
        raise typer.BadParameter(f"{kind} is not one of {', '.join(stderrs.KINDS)}, all", param_hint="--kind")
    done = []
    with scratch(keep=keep) as root:
        for each in kinds:
            done.append(run(root / each, each, kills, commands))
            tell(f"{each}: ping p99 {done[-1].pings.p99_s * 1000:.2f} ms, stopped in {done[-1].stop_s:.2f} s")
    show(_report(kills, commands, done), as_json=as_json)


def run(root: Path, kind: str, kills: int, commands: int) -> Run:
    """Runs the benchmark with one kind of standard error."""
    root.mkdir()
    with stderrs.make(kind, root) as stderr, Daemon(root, restart=RESTART, stderr=stderr) as daemon:
        with Watcher(daemon.runtime_dir) as seen:
            until(daemon.healthy, "the daemon is healthy")
            with Pinger(daemon.runtime_dir) as pinger:
                ready_s = [_kill(daemon, seen) for _ in range(kills)]
                refused, commands_s = _command(daemon, commands)
            reload_s = _reload(daemon, seen)
        until(daemon.healthy, "the daemon is healthy")
        if kind != "good":
            until(lambda: _told(daemon), "health tells of the log")
        told, status = _told(daemon), daemon.client.health().status.value
        began = time.monotonic()
        exit_code = daemon.stop()
        return Run(
            kind,
            pinger.pings,
            ready_s,
            commands_s,
            refused,
            reload_s,
            time.monotonic() - began,
            exit_code,
            told,
            status,
        )


def _told(daemon: Daemon) -> list[str]:
    return [reason.message for reason in daemon.client.health().reasons if reason.component == "log"]


def _kill(daemon: Daemon, seen: Watcher) -> float:
    engine = daemon.client.health().engine
    began = time.monotonic()
    daemon.kill_engine()
    ready = seen.wait(lambda event: event.type == "engine_started" and event.gen > engine.gen, "a new engine")
    return ready.at - began


def _command(daemon: Daemon, count: int) -> tuple[int, float]:
    refused, began = 0, time.monotonic()
    for number in range(count):
        try:
            daemon.client.update_limits(upload_bps=1_000_000 + number)
        except ouzel.OuzelError:
            refused += 1
    return refused, time.monotonic() - began


def _reload(daemon: Daemon, seen: Watcher) -> float:
    daemon.config.write_text(daemon.config.read_text().replace("[limits]", "[limits]\ndownload_bps = 2000000"))
    began = time.monotonic()
    os.kill(daemon.pid, signal.SIGHUP)
    return seen.wait(lambda event: event.type == "settings_changed", "the change").at - began


def _report(kills: int, commands: int, done: list[Run]) -> Report:
    good = done[0]
    rows = []
    checks = []
    for each in done:
        ratio = each.pings.p99_s / good.pings.p99_s
        rows.append(
            (
                each.kind,
                f"{each.pings.p50_s * 1000:.2f} ms",
                f"{each.pings.p99_s * 1000:.2f} ms",
                f"{ratio:.2f}",
                f"{median(each.ready_s) * 1000:.0f} ms",
                f"{each.commands_s / commands * 1000:.2f} ms",
                f"{each.reload_s * 1000:.0f} ms",
                f"{each.stop_s:.2f} s",
            )
        )
        right = each.refused == 0 and each.exit_code == 0 and each.status == HealthStatus.HEALTHY.value
        found = f"{len(each.ready_s)} of {kills} engines, {each.refused} refused, exit {each.exit_code}, {each.status}"
        checks.append(Check(f"{each.kind}: all was done", found, "all, 0, 0, healthy", right))
        if each is not good:
            told = "; ".join(each.told)
            what, wanted = f"{each.kind}: ping p99 to a good one's", f"<= {RATIO:g}"
            checks += [
                Check(what, f"{ratio:.2f}", wanted, ratio <= RATIO, must=False),
                Check(f"{each.kind}: health tells of it", told or "nothing", "a reason", bool(told)),
            ]
    document: dict[str, Any] = {"runs": [msgspec.to_builtins(each) for each in done]}
    return Report(
        benchmark="log",
        columns=("STDERR", "PING P50", "PING P99", "RATIO", "KILL TO READY", "COMMAND", "SIGHUP", "SIGTERM"),
        rows=rows,
        checks=checks,
        notes=[f"{kills} engines killed and {commands} durable commands given, of each kind. Pings during all of it."],
        document=document,
    )
