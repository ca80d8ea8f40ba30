"""Kills the engine while clients of both interfaces poll a gateway and add torrents."""

import random
import time
from pathlib import Path
from typing import Final, NamedTuple

from tools.bench.gateway.clients import QbittorrentClient
from tools.bench.gateway.pollers import Pollers, Tally
from tools.bench.report import Check, Report, tell
from tools.rig.daemon import Daemon
from tools.rig.gateway import GatewayProcess
from tools.rig.samples import SampleTorrent, noise
from tools.rig.waiting import until

PATIENCE_S: Final = 120.0
MAX_DELAY_S: Final = 0.8
"""The maximum back-off. The default maximum is half a minute."""
LIVES_S: Final = (0.05, 0.6)
"""The shortest and the longest time between a new engine and its kill."""


class Outcome(NamedTuple):
    """The outcome of all kills.

    Fields:
        kills: the number of kills.
        lost: the number of acknowledged torrents that the daemon does not have.
        short: the number of acknowledged torrents that the last list of the gateway does not have.
        unknown: the number of torrents in the daemon that no client has added.
        away_s: for how long no engine ran.
    """

    kills: int
    tally: Tally
    lost: int
    short: int
    unknown: int
    away_s: float


def kill_repeatedly(root: Path, *, kills: int, clients: int, torrents: int) -> Outcome:
    """Kills the engine again and again.

    Args:
        root: an empty directory.
        kills: the number of kills.
        clients: the number of clients.
        torrents: the number of torrents at the beginning.
    """
    chance = random.Random(0)
    with Daemon(root, restart={"budget": kills + 5, "max_delay_s": MAX_DELAY_S}) as daemon:
        made = [SampleTorrent(f"first {number}", {"": noise(1000, number)}, single=True) for number in range(torrents)]
        for each in made:
            each.write(daemon.downloads)
        requests = [("add_torrent", {"metainfo": each.metainfo, "seed_mode": True}) for each in made]
        assert all(isinstance(each, dict) for each in daemon.client.request_many(requests))
        with GatewayProcess(root) as gateway:
            tally = Tally(each.torrent for each in made)
            reader = QbittorrentClient(gateway.port)
            reader.login()
            until(lambda: reader.get("torrents/info").status == 200, "the torrents are known", patience_s=PATIENCE_S)
            away_s = 0.0
            with Pollers(gateway.port, clients, tally):
                for number in range(kills):
                    time.sleep(chance.uniform(*LIVES_S))
                    away_s += _kill(daemon, tally)
                    if (number + 1) % 10 == 0:
                        tell(f"kill {number + 1} of {kills}: {sum(tally.codes.values())} requests")
                time.sleep(LIVES_S[1])
            until(daemon.healthy, "the daemon is healthy", patience_s=PATIENCE_S)
            listed = set(daemon.client.list_ids())
            shown = reader.get("torrents/info").body.decode()
            reader.close()
    known = tally.known()
    return Outcome(
        kills=kills,
        tally=tally,
        lost=len(known - listed),
        short=sum(each not in shown for each in known),
        unknown=len(listed - tally.attempted),
        away_s=away_s,
    )


def _kill(daemon: Daemon, tally: Tally) -> float:
    """Kills the engine, and waits for the next engine. Returns the seconds without an engine."""
    gen = daemon.client.health().engine.gen
    tally.away = True
    began_s = time.monotonic()
    daemon.kill_engine()

    def is_back() -> bool:
        engine = daemon.client.health().engine
        return engine.gen > gen and engine.state == "running"

    until(is_back, "a new engine runs", patience_s=PATIENCE_S)
    tally.away = False
    return time.monotonic() - began_s


def report_of(outcome: Outcome) -> Report:
    """Makes the report of the kills."""
    tally = outcome.tally
    rows = []
    for what in sorted({what for what, _ in tally.codes}):
        codes = {code: count for (each, code), count in sorted(tally.codes.items()) if each == what}
        times = sorted(tally.latencies_s[what])
        rows.append(
            [
                what,
                ", ".join(f"{count} x {code}" for code, count in codes.items()),
                f"{times[len(times) // 2] * 1e3:.1f} ms",
                f"{times[int(len(times) * 0.99)] * 1e3:.0f} ms",
                f"{times[-1] * 1e3:.0f} ms",
            ]
        )
    wrong = len(tally.problems)
    return Report(
        benchmark=f"gateway: {outcome.kills} kills of the engine",
        columns=("REQUEST", "STATUS CODES", "MEDIAN", "99 %", "MAX"),
        rows=rows,
        checks=[
            Check("status codes and lists", f"{wrong} wrong" if wrong else "right", "right", not wrong),
            Check(f"{len(tally.known())} acknowledged torrents lost", str(outcome.lost), "0", not outcome.lost),
            Check("acknowledged torrents not in the last list", str(outcome.short), "0", not outcome.short),
            Check("torrents that nobody has added", str(outcome.unknown), "0", not outcome.unknown),
        ],
        notes=[
            f"Without an engine: {outcome.away_s:.2f} s in all, with {tally.while_away} requests.",
            "Right means: 200, or 503 with Retry-After for an add; and no list lacks a torrent whose addition was "
            "acknowledged before the list was requested.",
            *tally.problems[:10],
        ],
        document={
            "kills": outcome.kills,
            "codes": {f"{what} {code}": count for (what, code), count in tally.codes.items()},
            "while_away": tally.while_away,
            "away_s": outcome.away_s,
            "acknowledged": len(tally.known()),
            "problems": tally.problems,
        },
    )
