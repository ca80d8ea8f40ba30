"""Clients that poll a gateway, and compare each list with the torrents that were acknowledged before."""

import http.client
import json
import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Any, Final, Self

from tools.bench.gateway.clients import Answer, QbittorrentClient, TransmissionClient
from tools.rig.samples import SampleTorrent, noise

FIELDS: Final = ("id", "hashString", "name", "status", "percentDone", "rateDownload", "error")
ADD_SHARE: Final = 0.1
"""The share of requests that add a torrent."""
PAUSE_S: Final = 0.01
"""The pause of a client between two requests."""
PROBLEMS_MAX: Final = 50


class Tally:
    """The results of all clients.

    Fields:
        acknowledged: the ids of torrents whose addition was acknowledged.
        away: whether no engine runs at present. The owner of the engine sets it.
        codes: the number of answers by request and status code.
        while_away: the number of requests that began or ended while no engine ran.
        latencies_s: the durations of the requests, by kind of request.
        problems: a sentence for each wrong answer.
        attempted: the ids of torrents whose addition was requested.
    """

    def __init__(self, acknowledged: Iterable[str]) -> None:
        self.acknowledged = set(acknowledged)
        self.attempted = set(self.acknowledged)
        self.away = False
        self.codes: Counter[tuple[str, int]] = Counter()
        self.while_away = 0
        self.latencies_s: dict[str, list[float]] = defaultdict(list)
        self.problems: list[str] = []
        self._lock = threading.Lock()
        self._made = 0

    def known(self) -> frozenset[str]:
        """The torrents that each later list has to contain."""
        with self._lock:
            return frozenset(self.acknowledged)

    def acknowledge(self, torrent: str) -> None:
        """Notes that a torrent was added."""
        with self._lock:
            self.acknowledged.add(torrent)

    def new(self) -> SampleTorrent:
        """Returns a new torrent."""
        with self._lock:
            self._made += 1
            number = self._made
        made = SampleTorrent(f"added {number}", {"": noise(100, 1_000_000 + number)}, single=True)
        with self._lock:
            self.attempted.add(made.torrent)
        return made

    def record(self, what: str, answer: Answer, began_s: float, *, away: bool) -> None:
        """Counts an answer, and judges its status code."""
        with self._lock:
            self.codes[what, answer.status] += 1
            self.latencies_s[what].append(time.monotonic() - began_s)
            self.while_away += away or self.away
        waits = answer.status == 503 and what.endswith("add") and answer.retry_after is not None
        if answer.status != 200 and not waits:
            self.problem(f"{what}: {answer.status} {answer.body[:200]!r}")

    def problem(self, text: str) -> None:
        """Notes a wrong answer."""
        with self._lock:
            if len(self.problems) < PROBLEMS_MAX:
                self.problems.append(text)


class Pollers:
    """Threads that poll until the end of the block.

    Args:
        port: the gateway's port.
        count: the number of clients. Half of the clients use the qBittorrent Web API. The other half use Transmission's
            RPC.
    """

    def __init__(self, port: int, count: int, tally: Tally) -> None:
        self._stop = threading.Event()
        kinds: Sequence[type[_Poller]] = (_QbittorrentPoller, _TransmissionPoller)
        self._pollers = [kinds[number % 2](port, number, tally) for number in range(count)]
        self._threads = [threading.Thread(target=each.run, args=(self._stop,)) for each in self._pollers]

    def __enter__(self) -> Self:
        for each in self._threads:
            each.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        for each in self._threads:
            each.join()


class _Poller:
    """A client that polls the gateway."""

    def __init__(self, port: int, number: int, tally: Tally) -> None:
        self.tally = tally
        self.random = random.Random(number)

    def reads(self) -> Sequence[Callable[[], None]]:
        """The requests that the client sends in turn."""
        raise NotImplementedError

    def begin(self) -> None:
        """Logs in."""
        raise NotImplementedError

    def add(self) -> None:
        """Adds a torrent."""
        raise NotImplementedError

    def close(self) -> None:
        """Closes the connection."""
        raise NotImplementedError

    def run(self, stop: threading.Event) -> None:
        """Sends requests until it is stopped."""
        try:
            self.begin()
            reads = self.reads()
            while not stop.wait(PAUSE_S):
                act = self.add if self.random.random() < ADD_SHARE else self.random.choice(reads)
                try:
                    act()
                except (OSError, http.client.HTTPException, ValueError, LookupError, TypeError) as error:
                    self.tally.problem(f"{act.__name__}: {error!r}")
        finally:
            self.close()

    def asked(self, what: str, ask: Callable[[], Answer]) -> Any:
        """Sends a request. Returns its decoded answer, or None if its status is not 200."""
        began_s, away = time.monotonic(), self.tally.away
        answer = ask()
        self.tally.record(what, answer, began_s, away=away)
        if answer.status != 200:
            return None
        return json.loads(answer.body) if answer.body[:1] in (b"{", b"[") else answer.body.decode()

    def compare(self, what: str, found: Iterable[str], wanted: frozenset[str]) -> None:
        """Notes torrents that are missing from a list."""
        if missing := wanted.difference(found):
            self.tally.problem(f"{what}: {len(missing)} of {len(wanted)} torrents are missing")


class _QbittorrentPoller(_Poller):
    def __init__(self, port: int, number: int, tally: Tally) -> None:
        super().__init__(port, number, tally)
        self._client = QbittorrentClient(port)
        self._rid = 0
        self._view: set[str] = set()

    def begin(self) -> None:
        self._client.login()

    def close(self) -> None:
        self._client.close()

    def reads(self) -> Sequence[Callable[[], None]]:
        return self._info, self._maindata, self._properties

    def _info(self) -> None:
        wanted = self.tally.known()
        rows = self.asked("qb torrents/info", lambda: self._client.get("torrents/info"))
        if rows is not None:
            self.compare("qb torrents/info", (row["hash"] for row in rows), wanted)

    def _maindata(self) -> None:
        wanted = self.tally.known()
        found = self.asked("qb sync/maindata", lambda: self._client.get("sync/maindata", rid=self._rid))
        if found is None:
            return
        self._rid = found["rid"]
        if found.get("full_update"):
            self._view.clear()
        self._view.update(found.get("torrents", ()))
        self._view.difference_update(found.get("torrents_removed", ()))
        self.compare("qb sync/maindata", self._view, wanted)

    def _properties(self) -> None:
        known = sorted(self.tally.known())
        chosen = self.random.choice(known)
        self.asked("qb torrents/properties", lambda: self._client.get("torrents/properties", hash=chosen))

    def add(self) -> None:
        made = self.tally.new()
        answer = self.asked("qb torrents/add", lambda: self._client.add(made.metainfo, paused="true"))
        if answer == "Ok.":
            self.tally.acknowledge(made.torrent)
        elif answer is not None:
            self.tally.problem(f"qb torrents/add: {answer!r}")


class _TransmissionPoller(_Poller):
    def __init__(self, port: int, number: int, tally: Tally) -> None:
        super().__init__(port, number, tally)
        self._client = TransmissionClient(port)

    def begin(self) -> None:
        self._client.call("session-get")

    def close(self) -> None:
        self._client.close()

    def reads(self) -> Sequence[Callable[[], None]]:
        return self._all, self._recent, self._session

    def _call(self, what: str, method: str, **arguments: Any) -> Any:
        found = self.asked(what, lambda: self._client.call(method, **arguments))
        if found is not None and found["result"] != "success":
            self.tally.problem(f"{what}: {found['result']!r}")
            return None
        return None if found is None else found["arguments"]

    def _all(self) -> None:
        wanted = self.tally.known()
        found = self._call("tr torrent-get", "torrent-get", fields=FIELDS)
        if found is not None:
            self.compare("tr torrent-get", (row["hashString"] for row in found["torrents"]), wanted)

    def _recent(self) -> None:
        found = self._call("tr recently-active", "torrent-get", fields=FIELDS, ids="recently-active")
        if found is not None and found["removed"]:
            self.tally.problem(f"tr recently-active: {len(found['removed'])} removed")

    def _session(self) -> None:
        self._call("tr session-get", "session-get")

    def add(self) -> None:
        made = self.tally.new()
        encoded = self.asked("tr torrent-add", lambda: self._client.add(made.metainfo, paused=True))
        if encoded is not None and encoded["result"] == "success":
            self.tally.acknowledge(made.torrent)
        elif encoded is not None:
            self.tally.problem(f"tr torrent-add: {encoded['result']!r}")
