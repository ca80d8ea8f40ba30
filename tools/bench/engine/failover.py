"""`failover`: repeatedly sends SIGKILL to the engine. Measures the time until the next engine accepts commands.

There are no torrents. Right after each kill a client changes a limit of the session, with `"wait": "applied"`. Only the
next engine can confirm the change. So the time until the reply is measured. The client does not poll.

Each kill is made once the engine is idle and the warm spare is ready. The time between two kills is longer than the
restart policy's window, so there is no back-off. There is one series with the spare and one series without. If
`SSL_CERT_FILE` names another file, each new session reads that file in addition to the system's bundle.
"""

import os
import secrets
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Annotated, Any, Final, NamedTuple

import psutil
import typer
import zmq

from protocol.wire import codec
from protocol.wire.endpoints import COMMANDS_SOCKET, ipc_endpoint
from supervisor.engine.life.restart_policy import SETTLED_S
from tools.bench.options import AsJson, Keep
from tools.bench.report import Check, Report, mb, show, tell
from tools.rig.daemon import Daemon
from tools.rig.scratch import scratch
from tools.rig.waiting import until

WINDOW_S: Final = 0.5
PATIENCE_S: Final = 60.0
P50_GOAL_S: Final = 0.05
P99_GOAL_S: Final = 0.15


class Kill(NamedTuple):
    """One kill. Times are in seconds since the kill.

    Fields:
        lost_s: until the supervisor published `engine_lost`.
        started_s: until the supervisor published that the next engine accepts commands.
        served_s: until a client received a reply that only the next engine can give.
    """

    lost_s: float
    started_s: float
    served_s: float


class Spare(NamedTuple):
    """The costs of the idle warm spare.

    Unshared memory (USS) is in bytes. CPU time is a fraction of one core.
    """

    bytes: int
    cpu: float


def failover(
    kills: Annotated[
        int, typer.Option("--kills", min=1, help="The number of kills, with the spare and again without.")
    ] = 100,
    idle_s: Annotated[
        float, typer.Option("--idle", min=0.1, metavar="S", help="How long the spare's idle CPU time is measured.")
    ] = 20.0,
    as_json: AsJson = False,
    keep: Keep = False,
) -> None:
    """Kill the engine without torrents: the time until the next one accepts commands, with and without warm spare."""
    with scratch(keep=keep) as root:
        with daemon_for(root / "w", kills, warm=True) as daemon:
            warm = measure(daemon, kills, warm=True)
            spare = _cost(daemon, idle_s)
        with daemon_for(root / "c", kills, warm=False) as daemon:
            cold = measure(daemon, kills, warm=False)
    show(_report(warm, cold, spare), as_json=as_json)


def daemon_for(root: Path, kills: int, *, warm: bool, sandbox: str | None = None) -> Daemon:
    """A daemon with a restart budget for this number of kills."""
    restart = {"window_s": WINDOW_S, "budget": kills + 5, "warm_spare": warm}
    return Daemon(root, restart=restart, sandbox=None if sandbox is None else {"mode": sandbox})


def measure(daemon: Daemon, kills: int, *, warm: bool) -> list[Kill]:
    """Kills the engine repeatedly, and measures each kill."""
    found: list[Kill] = []
    with _asker(daemon) as socket:
        while len(found) < kills:
            _until_prepared(daemon, warm=warm)
            found.append(_kill(daemon, socket, len(found)))
            how = "with the spare" if warm else "without"
            tell(f"kill {len(found)} of {kills}, {how}: {found[-1].served_s * 1e3:.1f} ms")
    return found


@contextmanager
def _asker(daemon: Daemon) -> Iterator["zmq.Socket[bytes]"]:
    with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
        socket.linger = 0
        socket.connect(ipc_endpoint(daemon.runtime_dir, COMMANDS_SOCKET))
        yield socket


def _until_prepared(daemon: Daemon, *, warm: bool) -> None:
    def prepared() -> bool:
        engine = daemon.client.health().engine
        waiting = [line["gen"] for line in daemon.logged("spare_ready")] if warm else [engine.gen + 1]
        return engine.state == "running" and engine.uptime_ms > SETTLED_S * 1100 and waiting[-1:] > [engine.gen]

    until(prepared, "the engine has settled", patience_s=PATIENCE_S, every_s=0.1)


def _kill(daemon: Daemon, socket: "zmq.Socket[bytes]", number: int) -> Kill:
    engine = daemon.client.health().engine
    assert engine.pid is not None
    request = {
        "v": 1,
        "id": secrets.token_hex(8),
        "op": "update_limits",
        "args": {"download_bps": 1_000_000 + number},
        "wait": "applied",
        "deadline_ms": int(PATIENCE_S * 1000),
    }
    killed_us, killed = time.time_ns() / 1000, time.perf_counter()
    os.kill(engine.pid, signal.SIGKILL)
    socket.send(codec.encode(request))
    assert socket.poll(int(PATIENCE_S * 1000)), f"no reply; the daemon's log is {daemon.log}"
    served_s = time.perf_counter() - killed
    reply = codec.unpack(socket.recv(), max_bytes=10_000, max_elements=100)
    assert isinstance(reply, dict)
    assert reply["ok"], reply
    assert reply["gen"] > engine.gen, "the engine that was killed has answered"
    told = _told(daemon, reply["epoch"], reply["seq"])
    return Kill((told["engine_lost"] - killed_us) / 1e6, (told["engine_started"] - killed_us) / 1e6, served_s)


def _told(daemon: Daemon, epoch: str, head: int) -> dict[str, int]:
    """The time of the latest event of each type, in microseconds of the supervisor's wall clock."""
    replay: Any = daemon.client.request("replay", {"epoch": epoch, "after_seq": max(0, head - 20), "limit": 20})
    return {event["type"]: event["ts_us"] for event in replay["events"]}


def _cost(daemon: Daemon, seconds: float) -> Spare:
    _until_prepared(daemon, warm=True)
    [spare] = [child for child in psutil.Process(daemon.pid).children() if child.pid != daemon.engine_pid()]
    before, began = spare.cpu_times(), time.monotonic()
    time.sleep(seconds)
    after, lasted = spare.cpu_times(), time.monotonic() - began
    return Spare(
        bytes=spare.memory_full_info().uss,
        cpu=(after.user + after.system - before.user - before.system) / lasted,
    )


def _p99(values: list[float]) -> float:
    return quantiles(values, n=100, method="inclusive")[98] if len(values) > 1 else values[0]


def _report(warm: list[Kill], cold: list[Kill], spare: Spare) -> Report:
    rows = []
    for name, field in (
        ("engine lost", "lost_s"),
        ("engine started", "started_s"),
        ("command carried out", "served_s"),
    ):
        for how, kills in (("with the spare", warm), ("without", cold)):
            values = [getattr(kill, field) for kill in kills]
            figures = (median(values), _p99(values), max(values))
            rows.append((f"{name}, {how}", *(f"{value * 1e3:.1f} ms" for value in figures)))
    served = [kill.served_s for kill in warm]
    p50_s, p99_s = median(served), _p99(served)
    return Report(
        benchmark=f"failover, {len(warm)} kills",
        columns=("SINCE THE KILL", "P50", "P99", "MAX"),
        rows=rows,
        checks=[
            _goal("with the spare, p50", p50_s, P50_GOAL_S),
            _goal("with the spare, p99", p99_s, P99_GOAL_S),
        ],
        notes=[
            f"The spare waits with {mb(spare.bytes)} of memory of its own (USS) and {spare.cpu:.2%} of a core. "
            "On a busy machine the times are as late as it lets three processes run.",
        ],
        document={
            "warm": [kill._asdict() for kill in warm],
            "cold": [kill._asdict() for kill in cold],
            "spare": spare._asdict(),
            "p50_s": p50_s,
            "p99_s": p99_s,
        },
    )


def _goal(what: str, found_s: float, goal_s: float) -> Check:
    return Check(what, f"{found_s * 1e3:.1f} ms", f"<= {goal_s * 1e3:g} ms", found_s <= goal_s, must=False)
