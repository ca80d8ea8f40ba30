"""A client that pipelines changes of its own torrents, and records the acknowledged changes."""

import hashlib
import itertools
import os
import random
from collections import Counter
from pathlib import Path
from typing import Any, Final, NamedTuple

import zmq

from ouzel.requests import MAX_REPLY_BYTES, MAX_REPLY_ELEMENTS, Requests
from protocol.wire import codec
from protocol.wire.endpoints import COMMANDS_SOCKET, ipc_endpoint
from protocol.wire.envelope import Wait
from tools.rig import bencode
from tools.rig.clients.ledger import Account, Owed

WINDOW: Final = 16
DEADLINE_MS: Final = 20_000
FILES: Final = 3
PEERS: Final = tuple(f"127.0.0.1:{port}" for port in range(2, 62))
"""Addresses where nobody listens."""

PASSING: Final = {"engine_lost", "engine_unavailable", "torrent_busy"}
"""Refusals that the death of an engine may cause. Nothing was accepted then."""

UNKNOWN: Final = {"deadline_exceeded"}
"""Errors after which it may be unknown whether the change was made."""


class Source(NamedTuple):
    """The source of a torrent, and its id."""

    torrent: str
    args: dict[str, Any]


class _Asked(NamedTuple):
    op: str
    owed: Account | Owed


class Mutator:
    """One client, with one socket at a time.

    Args:
        name: a name that no other mutator of the daemon has.
        chance: the random source for requests.
        sources: the number of torrents. Half of them are added by magnet link.
        limit: a limit of the session that only this mutator changes. None if it changes no limit.

    Fields:
        accounts: the ledgers by torrent.
        session: the ledger of the session's limit that this mutator changes.
        acknowledged: the number of acknowledged changes by op.
        refused: the number of refusals by error.
        sent: the number of requests.
        answered: the number of replies.
        too_many: the number of duplicate replies.
        wrong: the unexpected refusals.
    """

    def __init__(self, name: str, chance: random.Random, *, sources: int = 10, limit: str | None = None) -> None:
        self.limit = limit
        self.session = Owed(0)
        self.acknowledged: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.sent = self.answered = self.too_many = 0
        self.wrong: list[str] = []
        self._chance = chance
        self._numbers = itertools.count(1)
        self._sources = [_source(f"{name}-{number}", magnet=number % 2 == 0) for number in range(sources)]
        self.accounts: dict[str, Account] = {source.torrent: Account() for source in self._sources}
        self._requests = Requests(session=f"{name}-{chance.getrandbits(64):x}", client=name)
        self._open: dict[str, _Asked] = {}
        self._socket: zmq.Socket[bytes] | None = None

    @property
    def socket(self) -> "zmq.Socket[bytes]":
        """The socket that is connected now."""
        assert self._socket is not None
        return self._socket

    @property
    def waiting(self) -> int:
        """The number of unanswered requests."""
        return len(self._open)

    def connect(self, context: "zmq.Context[zmq.Socket[bytes]]", runtime_dir: Path) -> None:
        """Connects a new socket."""
        self._socket = context.socket(zmq.DEALER)
        self._socket.linger = 0
        self._socket.connect(ipc_endpoint(runtime_dir, COMMANDS_SOCKET))

    def disconnect(self) -> None:
        """Closes the socket. Unsent requests are dropped. Open requests stay unanswered."""
        if self._socket is not None:
            self._socket.close()
        self._socket = None
        self._open.clear()

    def talk(self) -> None:
        """Sends more requests, if not too many are unanswered."""
        while len(self._open) < WINDOW:
            steady = [source for source in self._sources if not self.accounts[source.torrent].there.open]
            if not steady:
                return
            self._ask(self._chance.choice(steady))

    def listen(self) -> int:
        """Reads all available replies. Returns the number of acknowledgements."""
        before = self.acknowledged.total()
        while self.socket.poll(0):
            self._take(self.socket.recv())
        return self.acknowledged.total() - before

    # -- requests -------------------------------------------------------------------------------------------------

    def _ask(self, source: Source) -> None:
        account = self.accounts[source.torrent]
        if self.limit is not None and self._chance.random() < 0.05:
            self._limit_session(self.limit)
        elif not account.there.settled:
            self._add(source, account)
        elif self._chance.random() < 0.04:
            args = {"torrent": source.torrent, "delete_files": self._chance.random() < 0.5}
            account.remove(self._send("remove_torrent", args, account))
        else:
            op, args, values = self._change(account)
            account.change(self._send(op, {"torrent": source.torrent, **args}, account), values)

    def _limit_session(self, name: str) -> None:
        value = self._unique()
        self.session.sent(self._send("update_limits", {name: value}, None), value)

    def _add(self, source: Source, account: Account) -> None:
        paused, download_bps, label = self._chance.random() < 0.5, self._unique(), f"add-{self._unique()}"
        args = {**source.args, "paused": paused, "download_bps": download_bps, "labels": [label]}
        values = {
            "paused": paused,
            "sequential": False,
            "download_bps": download_bps,
            "upload_bps": 0,
            "include": [],
            "priorities": {},
            "labels": [label],
            "peers": frozenset[str](),
        }
        account.add(self._send("add_torrent", args, account), values)

    def _change(self, account: Account) -> tuple[str, dict[str, Any], dict[str, Any]]:
        """A random change: the op, the arguments, and the values that it changes."""
        match self._chance.randrange(8):
            case 0:
                return "pause", {}, {"paused": True}
            case 1:
                return "resume", {}, {"paused": False}
            case 2:
                sequential = self._chance.random() < 0.5
                return "set_sequential", {"sequential": sequential}, {"sequential": sequential}
            case 3:
                given = {"download_bps": self._unique()}
                return "update_limits", given, given
            case 4:
                given = {"download_bps": self._unique(), "upload_bps": self._unique()}
                return "update_limits", given, given
            case 5:
                include = [f"*{self._unique()}.bin"]
                return "update_selection", {"include": include}, {"include": include}
            case 6:
                priorities = {str(index): self._chance.randrange(8) for index in range(FILES)}
                return "update_selection", {"priorities": priorities}, {"priorities": priorities}
            case _:
                peers = self._chance.sample(PEERS, 3)
                return "add_peers", {"peers": peers}, {"peers": account.values["peers"].latest | set(peers)}

    def _send(self, op: str, args: dict[str, Any], account: Account | None) -> str:
        wait: Wait = "applied" if self._chance.random() < 0.1 else "durable"
        request, frame = self._requests.build(op, args, wait=wait, deadline_ms=DEADLINE_MS)
        self._open[request] = _Asked(op, account or self.session)
        self.sent += 1
        self.socket.send(frame, zmq.NOBLOCK)
        return request

    def _unique(self) -> int:
        """A unique number that is high enough for a rate limit."""
        return 1_000_000 + next(self._numbers)

    # -- replies --------------------------------------------------------------------------------------------------

    def _take(self, frame: bytes) -> None:
        reply: Any = codec.unpack(frame, max_bytes=MAX_REPLY_BYTES, max_elements=MAX_REPLY_ELEMENTS)
        request = reply["id"]
        asked = self._open.pop(request, None)
        if asked is None:
            self.too_many += 1
            return
        self.answered += 1
        if reply["ok"]:
            self.acknowledged[asked.op] += 1
            asked.owed.accepted(request)
            if reply.get("dup") or reply["result"].get("duplicate"):
                self.wrong.append(f"{asked.op} is taken for a repeat: {reply}")
            return
        name = reply["error"]["name"]
        self.refused[name] += 1
        match reply["error"].get("accepted"):
            case True:
                asked.owed.accepted(request)
            case False:
                asked.owed.refused(request)
        if name not in UNKNOWN | PASSING:
            self.wrong.append(f"{asked.op} is refused: {reply['error']}")


def _source(name: str, *, magnet: bool) -> Source:
    """A torrent without peers: three files of random content."""
    info: bencode.Bencodable = {
        b"name": name.encode(),
        b"piece length": 16384,
        b"pieces": os.urandom(20 * FILES),
        b"files": [{b"length": 16384, b"path": [b"%d.bin" % index]} for index in range(FILES)],
    }
    torrent = hashlib.sha1(bencode.encode(info), usedforsecurity=False).hexdigest()
    if magnet:
        return Source(torrent, {"magnet": f"magnet:?xt=urn:btih:{torrent}"})
    return Source(torrent, {"metainfo": bencode.encode({b"info": info})})
