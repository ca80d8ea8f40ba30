"""The events part of `wire`: events per second, the costs of progress, and a stopped subscriber.

An engine without libtorrent (`tools.engines.chatty_engine`) sends `state_changed` events at the speed of the link. The
real supervisor publishes them to plain SUB sockets. Each socket is in a separate process that decodes every event. A
burst that fits into a subscriber's queue measures lossless delivery. A flood measures how many events are published if
subscribers cannot read them all. The benchmark checks that each subscriber knows how many events it has lost.

Progress comes from torrents that really download from a seed with a rate limit. It goes to three subscribers of
`progress/`. libtorrent reports a change of a torrent about once a second. So there are two measurements:

- `real`: with these changes
- `tools.engines.restless_engine`: the engine copies and changes every row at each of its ten requests a second

The kernel's scheduler measures the CPU time of each thread. libtorrent's own threads are counted separately.
"""

import contextlib
import hashlib
import os
import signal
import time
from collections import defaultdict
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple

from ouzel.client.calls import Call
from supervisor.host.memory import held_bytes
from supervisor.transport.sockets import SUBSCRIBER_HWM
from tools.bench.report import Check, Report, mb, tell
from tools.rig import bencode
from tools.rig.bencode import Bencodable
from tools.rig.clients.listener import Heard, Listener
from tools.rig.clients.reader import Reader
from tools.rig.daemon import Daemon
from tools.rig.payload import MIB
from tools.rig.samples import noise
from tools.rig.seed import Seed
from tools.rig.waiting import until

SUBSCRIBERS: Final = (1, 10)
BURST: Final = SUBSCRIBER_HWM // 2
BURSTS: Final = 5
FLOOD: Final = 2 * SUBSCRIBER_HWM
"""The number of events in a flood.

More events would delay the engine's heartbeat beyond the liveness deadline, because it is queued behind them.
"""
LISTENERS: Final = 3
GOAL_CPU: Final = 0.6
STOPPED_RATE: Final = 1500
_TORRENTS: Final = 100
_SIZE: Final = 4 * MIB
_PIECE: Final = MIB
_BPS: Final = 8000
"""The rate of each torrent. No torrent becomes complete at so low a rate, and libtorrent uses little CPU time."""
_SETTLE_S: Final = 8.0
"""The time until all peers are connected and the rates are stable."""
_SEED: Final = {
    "connections_limit": 10_000,
    "unchoke_slots_limit": -1,
    "active_seeds": -1,
    "active_limit": -1,
    "file_pool_size": 2000,
}


class Delivered(NamedTuple):
    """The results of delivering lifecycle events to some subscribers.

    Fields:
        burst_eps: the events per second until every subscriber had received a whole burst. The median of several
            bursts.
        flood_eps: the events per second in the flood. The first number is published events, the second is the
            subscribers' median of received events.
        flood_lost: the maximum number of events that a subscriber has counted as lost in the flood.
    """

    subscribers: int
    burst_eps: float
    flood_eps: float
    flood_received_eps: float
    flood_lost: int


class Cost(NamedTuple):
    """The costs of progress. CPU times are fractions of one core.

    Fields:
        hz: for each subscriber, the events per second of one torrent.
        events: the events per second of all torrents.
        threads: the CPU time by process and thread.
        own: the CPU time of all threads except libtorrent's.
        own_us: the CPU time of the threads in `own` per event, in microseconds.
    """

    kind: str
    torrents: int
    hz: list[float]
    events: float
    threads: dict[str, float]
    own: float
    own_us: float


class Stopped(NamedTuple):
    """The results of stopping a reader under load. Times are in seconds.

    Fields:
        stopped_s: for how long the reader was stopped.
        events: the number of events that were published.
        others_lost: the number of events that the two other subscribers lost.
        held_before: the supervisor's memory just before SIGSTOP, in bytes.
        held_after: the supervisor's memory just before SIGCONT, in bytes.
        seen_s: from SIGCONT until the reader requested the lost events. None if no events were lost.
        repaired_s: from SIGCONT until the reader had all events.
        wrong: the number of events that the reader returned out of order or after a gap.
        resnapshots: the reasons of the reader's resnapshots.
    """

    stopped_s: float
    events: int
    others_lost: int
    held_before: int
    held_after: int
    seen_s: float | None
    repaired_s: float
    wrong: int
    resnapshots: list[str]


def measure(root: Path, *, n: int, seconds: float, stopped_s: float) -> Report:
    """Measures lifecycle events with one and ten subscribers, the costs of progress, and a stopped reader.

    Args:
        n: the number of torrents that download.
        seconds: how long CPU time is measured.
        stopped_s: for how long a subscriber is stopped. With 0 it is not stopped.
    """
    delivered = [_deliver(root / f"l{count}", count) for count in SUBSCRIBERS]
    made = _make_torrents(root / "seed", n)
    engines = (("real", None), ("restless", "tools.engines.restless_engine"))
    costs = [_cost(root / f"p-{kind}", root / "seed", made, kind, engine, seconds) for kind, engine in engines]
    return _report(delivered, costs, [_stop_one(root / "s", stopped_s)] if stopped_s else [])


def _stop_one(root: Path, stopped_s: float) -> Stopped:
    """Stops one of three subscribers for a while under load."""
    count = int(STOPPED_RATE * stopped_s)
    with contextlib.ExitStack() as stack:
        daemon = stack.enter_context(_chatty(root))
        listener = stack.enter_context(Listener(daemon.runtime_dir, "lifecycle/"))
        other, reader = (stack.enter_context(Reader(daemon.runtime_dir)) for _ in range(2))
        held_before = held_bytes(daemon.pid) or 0
        os.kill(reader.pid, signal.SIGSTOP)
        tell(f"a subscriber stands still, while {count} events go out")
        daemon.client.update_limits(download_bps=count, upload_bps=STOPPED_RATE)
        patience_s = stopped_s * 3 + 60
        until(lambda: listener.heard().events >= count, "all events were told of", patience_s=patience_s)
        heard = _quiet(listener)
        until(lambda: other.progressed().last_seq == heard.last_seq, "the other keeps up")
        held_after = held_bytes(daemon.pid) or 0
        began = time.monotonic()
        os.kill(reader.pid, signal.SIGCONT)
        until(lambda: reader.progressed().last_seq == heard.last_seq, "it has repaired it", patience_s=patience_s)
        repaired_s = time.monotonic() - began
        last, others = reader.progressed(), other.progressed()
        return Stopped(
            stopped_s=stopped_s,
            events=count,
            others_lost=heard.lost + others.wrong + len(others.resnapshots),
            held_before=held_before,
            held_after=held_after,
            seen_s=last.first_replay_at - began if last.first_replay_at else None,
            repaired_s=repaired_s,
            wrong=last.wrong,
            resnapshots=last.resnapshots,
        )


@contextlib.contextmanager
def _chatty(root: Path) -> Any:
    with Daemon(root, engine_module="tools.engines.chatty_engine") as daemon:
        until(daemon.healthy, "the daemon is healthy")
        adds = [("add_torrent", {"magnet": f"magnet:?xt=urn:btih:{1 + number:040x}"}) for number in range(_TORRENTS)]
        daemon.client.request_many(adds)
        yield daemon


def _deliver(root: Path, subscribers: int) -> Delivered:
    with contextlib.ExitStack() as stack:
        daemon = stack.enter_context(_chatty(root))
        listeners = [stack.enter_context(Listener(daemon.runtime_dir, "lifecycle/")) for _ in range(subscribers)]
        bursts = [_burst(daemon, listeners, BURST + number) for number in range(BURSTS + 1)]
        before = _quiet(listeners[0])
        starts = [each.heard() for each in listeners]
        began = time.monotonic()
        daemon.client.update_limits(download_bps=FLOOD, upload_bps=0)
        published = before.last_seq + FLOOD
        # The last event of a flood may be lost; within a second a tick shows that it was published.
        until(lambda: listeners[0].heard().head >= published, "the flood is published")
        published_s = _published_s(daemon, published)
        # One more event shows each subscriber how many of the last events it has lost.
        daemon.client.update_limits(download_bps=1, upload_bps=0)
        ends = [_quiet(each) for each in listeners]
    pairs = list(zip(starts, ends, strict=True))
    received = [(end.events - start.events) / (end.last_at - began) for start, end in pairs]
    lost = max(end.lost - start.lost for start, end in pairs)
    found = Delivered(subscribers, median(bursts[1:]), FLOOD / published_s, median(received), lost)
    tell(f"{subscribers} subscribers: {found.burst_eps:.0f} events/s in bursts")
    return found


def _burst(daemon: Daemon, listeners: list[Listener], count: int) -> float:
    """The events per second until every subscriber has all events.

    `count` must differ from the previous count. Otherwise no change is applied.
    """
    expected = [each.heard().events + count for each in listeners]
    began = time.monotonic()
    daemon.client.update_limits(download_bps=count, upload_bps=0)
    until(
        lambda: all(each.heard().events >= least for each, least in zip(listeners, expected, strict=True)),
        "the burst has come",
        every_s=0.2,
    )
    return count / (max(each.heard().last_at for each in listeners) - began)


def _published_s(daemon: Daemon, last_seq: int) -> float:
    """The seconds between the first and the last event of the flood that ends with `last_seq`, by their timestamps."""
    [epoch] = daemon.client.run_many([Call("hello", {}, lambda reply: reply.epoch)])
    asked = [("replay", {"epoch": epoch, "after_seq": seq - 1, "limit": 1}) for seq in (last_seq - FLOOD + 1, last_seq)]
    first, last = (
        reply["events"][0]["ts_us"] for reply in daemon.client.request_many(asked) if isinstance(reply, dict)
    )
    return float(last - first) / 1e6


def _quiet(listener: Listener) -> Heard:
    """The result of a listener. A tick has shown that there is no later event."""
    return until(lambda: at if (at := listener.heard()).head <= at.last_seq else None, "no event is on its way")


def _make_torrents(root: Path, n: int) -> list[bytes]:
    """Makes torrents with the same content but different names, for one file at the seed. Returns their metainfo."""
    tell(f"making {n} torrents")
    root.mkdir(parents=True)
    content = noise(_SIZE)
    pieces = b"".join(hashlib.sha1(content[at : at + _PIECE]).digest() for at in range(0, _SIZE, _PIECE))
    (root / "content").write_bytes(content)
    made = []
    for number in range(n):
        name = f"torrent {number:05}"
        (root / name).hardlink_to(root / "content")
        info: dict[bytes, Bencodable] = {b"length": _SIZE, b"name": name.encode()}
        info |= {b"piece length": _PIECE, b"pieces": pieces}
        made.append(bencode.encode({b"info": info}))
    return made


def _cost(root: Path, data: Path, made: list[bytes], kind: str, engine: str | None, seconds: float) -> Cost:
    n = len(made)
    with contextlib.ExitStack() as stack:
        seed = stack.enter_context(Seed(upload_bps=n * _BPS, settings=_SEED))
        for each in made:
            seed.add(each, data)
        daemon = stack.enter_context(Daemon(root, engine_module=engine, engine={"connections_limit": 10_000}))
        until(daemon.healthy, "the daemon is healthy")
        listeners = [stack.enter_context(Listener(daemon.runtime_dir, "progress/")) for _ in range(LISTENERS)]
        adds: list[tuple[str, dict[str, Any]]] = [
            ("add_torrent", {"metainfo": each, "peers": [seed.endpoint]}) for each in made
        ]
        daemon.client.request_many(adds, deadline_ms=120_000)
        until(lambda: daemon.client.stats().torrents.get("downloading") == n, "all download", every_s=0.2)
        time.sleep(_SETTLE_S)
        processes = {"engine": daemon.engine_pid(), "supervisor": daemon.pid}
        before = [each.heard() for each in listeners], {name: _threads(pid) for name, pid in processes.items()}
        began = time.monotonic()
        time.sleep(seconds)
        after = [each.heard() for each in listeners], {name: _threads(pid) for name, pid in processes.items()}
        took_s = time.monotonic() - began
        downloading = daemon.client.stats().torrents.get("downloading", 0)
        assert downloading == n, f"only {downloading} of {n} torrents still download"
    threads: defaultdict[str, float] = defaultdict(float)
    for process, used in after[1].items():
        for (tid, thread), used_s in used.items():
            threads[f"{process} {thread}"] += (used_s - before[1][process].get((tid, thread), 0.0)) / took_s
    own = sum(share for name, share in threads.items() if not name.endswith("libtorrent"))
    rates = [(end.events - start.events) / took_s for start, end in zip(before[0], after[0], strict=True)]
    events = median(rates)
    found = Cost(kind, n, [rate / n for rate in rates], events, threads, own, own / events * 1e6)
    tell(f"{kind}: {events:.0f} events/s for {own:.1%} of a core")
    return found


def _threads(pid: int) -> dict[tuple[int, str], float]:
    """The CPU seconds of each thread by id and kind: the loop, ZeroMQ, and others (in an engine: libtorrent)."""
    found = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            name, tid = (task / "comm").read_text().strip(), int(task.name)
            kind = "loop" if tid == pid else "ZeroMQ" if name.startswith("ZMQ") else "libtorrent"
            found[tid, kind] = int((task / "schedstat").read_text().split()[0]) / 1e9
    return found


def _seen(stopped: Stopped) -> str:
    return "nothing was lost" if stopped.seen_s is None else f"seen after {stopped.seen_s:.2f} s"


def _report(delivered: list[Delivered], costs: list[Cost], stood_still: list[Stopped]) -> Report:
    rows = [
        (
            f"lifecycle, {each.subscribers} subscribers",
            f"{each.burst_eps:.0f} /s",
            f"flood: {each.flood_eps:.0f} /s out, {each.flood_received_eps:.0f} /s received, {each.flood_lost} lost",
        )
        for each in delivered
    ]
    rows += [
        (
            f"progress, {each.kind}, {each.torrents} torrents",
            f"{each.events:.0f} /s",
            f"{median(each.hz):.2f} Hz; "
            + ", ".join(f"{name} {share:.1%}" for name, share in each.threads.items())
            + f"; {each.own_us:.1f} µs an event",
        )
        for each in costs
    ]
    checks = [
        Check(
            f"CPU without libtorrent's, {each.kind}",
            f"{each.own:.1%}",
            f"<= {GOAL_CPU:.0%}",
            each.own <= GOAL_CPU,
            False,
        )
        for each in costs
    ]
    for each in stood_still:
        rows.append(
            (
                f"stopped for {each.stopped_s:g} s",
                f"{each.events} events",
                f"{_seen(each)}, repaired after {each.repaired_s:.2f} s, resnapshots: "
                f"{each.resnapshots}, supervisor {mb(each.held_before)} -> {mb(each.held_after)}",
            )
        )
        checks += [
            Check("others lost", str(each.others_lost), "0", each.others_lost == 0),
            Check("gaps left after the repair", str(each.wrong), "0", each.wrong == 0),
            Check("the loss is seen within two ticks", _seen(each), "<= 2 s", (each.seen_s or 0.0) <= 2, must=False),
        ]
    return Report(
        benchmark="wire, events",
        columns=("WHAT", "EVENTS", "MORE"),
        rows=rows,
        checks=checks,
        notes=["Other work on the machine makes rates lower; the time an event costs is steadier."],
        document={
            "lifecycle": [each._asdict() for each in delivered],
            "progress": [each._asdict() for each in costs],
            "stopped": [each._asdict() for each in stood_still],
        },
    )
