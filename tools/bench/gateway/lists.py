"""Measures the speed of reads with thousands of torrents, for the gateway and for qbittorrent-nox."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple

import psutil

from tools.bench.gateway.clients import Answer, QbittorrentClient, TransmissionClient
from tools.bench.gateway.pollers import FIELDS
from tools.bench.report import Check, Report, mb, tell
from tools.rig.daemon import Daemon
from tools.rig.gateway import GatewayProcess, free_port
from tools.rig.samples import SampleTorrent, noise
from tools.rig.waiting import until

PATIENCE_S: Final = 600.0
END_S: Final = 30.0
ROUNDS: Final = 9
"""How often each request is measured."""
CHANGED: Final = 100
"""The number of torrents that change before each difference is read."""
UPLOAD: Final = 100
"""The number of torrents in one upload."""

FULL_GOAL_S: Final = 0.15
DELTA_GOAL_S: Final = 0.01
MEMORY_GOAL: Final = 150e6
CPU_GOAL: Final = 0.015

WHAT: Final = {
    "full": "maindata, full",
    "delta": f"maindata, {CHANGED} changed",
    "info": "torrents/info",
    "rpc": "torrent-get",
}


class Measured(NamedTuple):
    """The measurements of one program.

    Fields:
        seconds: all measurements by the name of the request.
        body_bytes: the length of the answers to `torrents/info`.
        rss_bytes: the resident memory after all requests.
        cpu: the CPU time of the process without requests, as a fraction of a core.
        wrong: a sentence for each wrong answer.
    """

    seconds: dict[str, list[float]]
    body_bytes: int
    rss_bytes: int
    cpu: float
    wrong: list[str]


class Outcome(NamedTuple):
    """All measurements.

    Fields:
        gateway: the measurements of the gateway.
        other: the measurements of qbittorrent-nox. None if it is not installed.
        supervisor_cpu: the CPU time of the supervisor without a gateway and with one, as fractions of a core.
    """

    gateway: Measured
    other: Measured | None
    supervisor_cpu: tuple[float, float]


def measure(root: Path, *, n: int, idle_s: float, program: str | None) -> Outcome:
    """Measures both programs, one after the other.

    Args:
        root: an empty directory.
        n: the number of torrents.
        idle_s: for how long CPU time without requests is measured. Before the measurement, there is a pause of the same
            duration.
        program: the path of qbittorrent-nox; None if it is not installed.
    """
    tell(f"making {n} torrents")
    made = [SampleTorrent(f"torrent {number:06}", {"": noise(1000, number)}, single=True) for number in range(n)]
    with Daemon(root / "d") as daemon:
        for each in made:
            each.write(daemon.downloads)
        requests = [("add_torrent", {"metainfo": each.metainfo, "seed_mode": True}) for each in made]
        daemon.client.request_many(requests, deadline_ms=int(PATIENCE_S * 1000))
        until(lambda: daemon.client.stats().torrents.get("seeding") == n, "all seed", patience_s=PATIENCE_S)
        time.sleep(idle_s)
        supervisor = psutil.Process(daemon.pid)
        [alone] = _idle(idle_s, supervisor)
        with (
            GatewayProcess(root / "d") as gateway,
            closing(QbittorrentClient(gateway.port)) as client,
            closing(TransmissionClient(gateway.port)) as rpc,
        ):
            process = psutil.Process(gateway.pid)
            _begin(client, n)
            time.sleep(idle_s)
            with_one, cpu = _idle(idle_s, supervisor, process)
            tell("measuring the gateway")
            seconds, body_bytes, wrong = _reads(client, made)
            ask = partial(rpc.call, "torrent-get", fields=FIELDS)
            ask()  # takes the session id
            seconds["rpc"] = [_timed(ask)[0] for _ in range(ROUNDS)]
            ours = Measured(seconds, body_bytes, process.memory_info().rss, cpu, wrong)
        downloads = daemon.downloads
        daemon.stop()
        other = None if program is None else _other(root / "q", downloads, program, made, idle_s)
    return Outcome(ours, other, (alone, with_one))


def _begin(client: QbittorrentClient, n: int) -> None:
    client.login()

    def is_there() -> bool:
        answer = client.get("torrents/info")
        return answer.status == 200 and len(json.loads(answer.body)) == n

    until(is_there, "all torrents are there", patience_s=PATIENCE_S, every_s=1.0)


def _reads(client: QbittorrentClient, made: Sequence[SampleTorrent]) -> tuple[dict[str, list[float]], int, list[str]]:
    """Measures the reads of the qBittorrent Web API, and checks what they contain."""
    wrong: list[str] = []
    body_bytes = 0
    found: dict[str, list[float]] = {"full": [], "delta": [], "info": []}
    wanted = made[:CHANGED]
    chosen = "|".join(each.torrent for each in wanted)
    for number in range(ROUNDS):
        seconds, answer = _timed(lambda: client.get("torrents/info"))
        found["info"].append(seconds)
        if len(json.loads(answer.body)) != len(made):
            wrong.append("torrents/info is not complete")
        body_bytes = len(answer.body)
        seconds, answer = _timed(lambda: client.get("sync/maindata", rid=0))
        found["full"].append(seconds)
        main: dict[str, Any] = json.loads(answer.body)
        if not main.get("full_update") or len(main["torrents"]) != len(made):
            wrong.append("the full maindata is not complete")
        limit = 100_000 + 1024 * number
        client.post("torrents/setDownloadLimit", hashes=chosen, limit=limit)
        changed = 0
        until_s = time.monotonic() + PATIENCE_S
        while changed < len(wanted) and time.monotonic() < until_s:
            seconds, answer = _timed(partial(client.get, "sync/maindata", rid=main["rid"]))
            main = json.loads(answer.body)
            changed += sum("dl_limit" in row for row in main.get("torrents", {}).values())
            time.sleep(0.0 if changed >= len(wanted) else 0.05)
        found["delta"].append(seconds)
        if changed != len(wanted):
            wrong.append(f"{changed} torrents changed")
    return found, body_bytes, wrong


def _timed(ask: Callable[[], Answer]) -> tuple[float, Answer]:
    began_s = time.perf_counter()
    answer = ask()
    return time.perf_counter() - began_s, answer


def _idle(seconds: float, *processes: psutil.Process) -> list[float]:
    """The CPU time of processes as fractions of a core."""

    def used() -> list[float]:
        return [sum(each.cpu_times()[:2]) for each in processes]

    before, began_s = used(), time.monotonic()
    time.sleep(seconds)
    lasted_s = time.monotonic() - began_s
    return [(after - first) / lasted_s for first, after in zip(before, used(), strict=True)]


def _other(root: Path, downloads: Path, program: str, made: Sequence[SampleTorrent], idle_s: float) -> Measured:
    """Measures qbittorrent-nox with the same torrents."""
    with _qbittorrent(root, downloads, program) as (port, process), closing(QbittorrentClient(port)) as client:
        client.login("admin", "adminadmin")
        tell("adding the torrents to qbittorrent-nox")
        for start in range(0, len(made), UPLOAD):
            batch = [each.metainfo for each in made[start : start + UPLOAD]]
            client.add(*batch, skip_checking="true", savepath=str(downloads))
        _begin(client, len(made))
        time.sleep(idle_s)
        [cpu] = _idle(idle_s, process)
        tell("measuring qbittorrent-nox")
        seconds, body_bytes, wrong = _reads(client, made)
        return Measured(seconds, body_bytes, process.memory_info().rss, cpu, wrong)


@contextmanager
def _qbittorrent(root: Path, downloads: Path, program: str) -> Iterator[tuple[int, psutil.Process]]:
    port = free_port()
    config = root / "qBittorrent/config/qBittorrent.conf"
    config.parent.mkdir(parents=True)
    config.write_text(
        "[BitTorrent]\nSession\\DHTEnabled=false\nSession\\LSDEnabled=false\nSession\\PeXEnabled=false\n"
        f"Session\\DefaultSavePath={downloads}\nSession\\QueueingSystemEnabled=false\n"
        "Session\\Interface=lo\nSession\\InterfaceName=lo\n"
        "[LegalNotice]\nAccepted=true\n[Network]\nPortForwardingEnabled=false\n[Preferences]\n"
        f"WebUI\\Port={port}\nWebUI\\Address=127.0.0.1\n"
    )
    with (root / "log").open("ab") as log:
        process = subprocess.Popen(
            [program, f"--profile={root}"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, "HOME": str(root)},
            start_new_session=True,
        )
    try:
        with closing(QbittorrentClient(port)) as client:
            until(partial(_answers, client), "qbittorrent-nox answers")
        yield port, psutil.Process(process.pid)
    finally:
        process.terminate()
        try:
            process.wait(timeout=END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(client: QbittorrentClient) -> bool:
    try:
        return client.get("app/version").status == 403
    except OSError:
        return False


def report_of(n: int, outcome: Outcome) -> Report:
    """Makes the report of the measured reads."""
    ours, other = outcome.gateway, outcome.other
    rows = [
        _row(text, ours.seconds[name], None if other is None else other.seconds.get(name))
        for name, text in WHAT.items()
    ]
    memory = ["memory", mb(ours.rss_bytes), *(["-", "-"] if other is None else _ratio(ours.rss_bytes, other.rss_bytes))]
    idle = ["idle CPU", f"{ours.cpu:.2%}", "-" if other is None else f"{other.cpu:.2%}", ""]
    alone, with_one = outcome.supervisor_cpu
    more = with_one - alone + ours.cpu
    wrong = [*ours.wrong, *([] if other is None else other.wrong)]
    checks = [Check("answers", f"{len(wrong)} wrong" if wrong else "right", "right", not wrong)]
    for name, goal_s in (("full", FULL_GOAL_S), ("delta", DELTA_GOAL_S), ("info", FULL_GOAL_S), ("rpc", FULL_GOAL_S)):
        found_s = median(ours.seconds[name])
        checks.append(
            Check(WHAT[name], f"{found_s * 1e3:.1f} ms", f"<= {goal_s * 1e3:.0f} ms", found_s <= goal_s, must=False)
        )
    checks += [
        Check("memory", mb(ours.rss_bytes), f"<= {mb(MEMORY_GOAL)}", ours.rss_bytes <= MEMORY_GOAL, must=False),
        Check("idle CPU with the supervisor's", f"{more:.2%}", f"<= {CPU_GOAL:.1%}", more <= CPU_GOAL, must=False),
    ]
    return Report(
        benchmark=f"gateway: {n} torrents",
        columns=("", "GATEWAY", "QBITTORRENT-NOX", "RATIO"),
        rows=[*rows, memory, idle],
        checks=checks,
        notes=[
            f"Medians of {ROUNDS}. torrents/info has {mb(ours.body_bytes)}.",
            f"Idle CPU of the supervisor: {alone:.2%} without a gateway, {with_one:.2%} with one. The last check is "
            "what a gateway costs in both processes. The memory of the daemon is not counted.",
            *wrong[:5],
        ],
        document={
            "torrents": n,
            "gateway": ours._asdict(),
            "qbittorrent": None if other is None else other._asdict(),
            "supervisor_cpu": {"alone": alone, "with_gateway": with_one},
        },
    )


def _row(text: str, ours: list[float], other: list[float] | None) -> list[str]:
    found = median(ours)
    beside = ["-", "-"] if other is None else [f"{median(other) * 1e3:.1f} ms", f"{found / median(other):.2f}"]
    return [text, f"{found * 1e3:.1f} ms", *beside]


def _ratio(ours: float, other: float) -> list[str]:
    return [mb(other), f"{ours / other:.2f}"]
