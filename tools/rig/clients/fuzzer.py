"""Misbehaving clients in separate processes: random frames, unread replies, violations of ZMTP.

Run `-m tools.rig.clients.fuzzer RUNTIME_DIR KIND SEED COUNT SAVE_PATH`. It writes one JSON document at the end. The
kinds are:

- `frames` sends random frames. It counts the replies to each frame that has a valid id.
- `hoarder` sends requests and never reads replies.
- `vandal` connects by a plain socket and violates ZMTP.
"""

import contextlib
import json
import os
import random
import socket
import struct
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgpack
import zmq

from protocol.wire import codec
from protocol.wire.endpoints import COMMANDS_SOCKET, ipc_endpoint
from protocol.wire.envelope import RefusedRequest, parse_request, peek_header
from protocol.wire.errors import OuzelError
from protocol.wire.operations import OPERATIONS

WINDOW: Final = 100
"""The maximum number of outstanding requests with an id. The daemon allows more per connection."""

PATIENCE_S: Final = 60.0
DEADLINE_MS: Final = 20_000
"""The deadline of requests.

The deadline is below a third of PATIENCE_S, because damage may triple it. The fuzzer does not wait for replies with
longer deadlines.
"""

UNREAD: Final = ("too_many_in_flight", "deadline_exceeded")
"""The errors for a large frame that is refused without decoding. The reply may have an id that decoding misses."""

SOURCES: Final = 40

HOSTILE: Final = (
    b"\xdb\xff\xff\xff\xff",  # a claimed length of 4 GiB: text, bytes, an extension, an array, a map
    b"\xc6\xff\xff\xff\xff",
    b"\xc9\xff\xff\xff\xff\x05",
    b"\xdd\xff\xff\xff\xff" + b"\x01" * 100,
    b"\xdf\xff\xff\xff\xff" + b"\xa1a\x01" * 30,
    b"\x91" * 5000 + b"\xc0",
    b"\x81\xa1a" * 500 + b"\xc0",
    b"\xdc\xff\xff" + b"\x90" * 65535,
    b"\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00",  # NaN, -0.0, 2^64-1, -2^63
    b"\xcb\x80\x00\x00\x00\x00\x00\x00\x00",
    b"\xcf\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\xd3\x80\x00\x00\x00\x00\x00\x00\x00",
    b"\xd6\xff\x00\x00\x00\x00",  # a timestamp
    b"\xa2\xc3\x28",  # invalid UTF-8
    b"\xc1",
    b"",
)


class Fuzz:
    """Generates messages from the random source `chance`."""

    def __init__(self, chance: random.Random, name: str, save_path: str) -> None:
        self._chance = chance
        self._name = name
        self._save_path = save_path
        self._made = 0
        self._torrents = [random.Random(number).randbytes(20).hex() for number in range(SOURCES)]
        self._ops = list(OPERATIONS)

    def message(self) -> list[bytes]:
        """The frames of the next message."""
        chance = self._chance
        hops: list[bytes] = []
        if chance.random() < 0.03:
            hops = [chance.randbytes(chance.choice([0, 0, 1, 5, 255])) for _ in range(chance.choice([1, 2, 16]))]
        elif chance.random() < 0.002:
            hops = [b""] * chance.choice([17, 300, 3000])
        elif chance.random() < 0.002:
            hops = [bytes(chance.choice([256, 100_000]))]
        frame = chance.choices([self._noise, self._mutant, self._valid, self._hostile], [30, 40, 25, 5])[0]()
        return [*hops, frame]

    def _noise(self) -> bytes:
        chance = self._chance
        return chance.randbytes(chance.choices([chance.randrange(200), 5000, 500_000], [1000, 20, 1])[0])

    def _valid(self) -> bytes:
        chance = self._chance
        self._made += 1
        op = chance.choice(self._ops)
        request: dict[str, Any] = {
            "v": 1,
            "id": f"{self._name}-{self._made}",
            "op": op,
            "args": self._args(op),
            "deadline_ms": DEADLINE_MS,
        }
        if chance.random() < 0.1:
            request["client"] = f"c{chance.randrange(5)}"
        if chance.random() < 0.05:
            request["wait"] = "applied"
        packed: bytes = msgpack.packb(request)
        return packed

    def _mutant(self) -> bytes:
        chance = self._chance
        frame = bytearray(self._valid())
        for _ in range(chance.choice([1, 1, 1, 2, 5])):
            at = chance.randrange(len(frame) + 1)
            match chance.randrange(6):
                case 0 if at < len(frame):
                    frame[at] = chance.randrange(256)
                case 1 if at < len(frame):
                    frame[at] ^= 1 << chance.randrange(8)
                case 2:
                    frame[at:at] = chance.randbytes(chance.randrange(1, 5))
                case 3:
                    del frame[at : at + chance.randrange(1, 9)]
                case 4:
                    del frame[at:]
                case _:
                    frame[at:at] = frame[chance.randrange(len(frame) + 1) :][: chance.randrange(1, 30)]
        return bytes(frame)

    def _hostile(self) -> bytes:
        chance = self._chance
        value = chance.choice(HOSTILE)
        if chance.random() < 0.3:
            return value
        self._made += 1
        head = b"\x84" + b"".join(
            msgpack.packb(part) for part in ("v", 1, "id", f"{self._name}-{self._made}", "op", chance.choice(self._ops))
        )
        where: bytes = msgpack.packb(chance.choice(["args", "x", "id", "op", "wait", "client", "deadline_ms"]))
        return head + where + value

    def _args(self, op: str) -> dict[str, Any]:
        chance = self._chance
        torrent = chance.choice(self._torrents)
        number = chance.choice([0, 1, 1000, 2**31 - 1, 2**31, 2**53 - 1, -1])
        match op:
            case "add_torrent":
                return {"magnet": f"magnet:?xt=urn:btih:{torrent}", "save_path": self._save_path, "paused": True}
            case "snapshot" | "list_torrents":
                return {"limit": chance.choice([1, 10, 1000, 10_000, 0, number])}
            case "replay":
                return {"epoch": "x", "after_seq": number}
            case "update_limits":
                return {"torrent": torrent, "download_bps": number, "upload_bps": chance.randrange(10**6)}
            case "update_selection":
                return {"torrent": torrent, "exclude": ["*.nfo"], "priorities": {str(number): 1}}
            case "set_sequential":
                return {"torrent": torrent, "sequential": chance.random() < 0.5}
            case "add_peers":
                return {"torrent": torrent, "peers": [f"127.0.0.1:{chance.randrange(1, 70_000)}"]}
            case "remove_torrent":
                return {"torrent": torrent, "delete_files": chance.random() < 0.5}
            case "get_crash":
                return {"name": "20260101T000000.000000Z-gen1"}
            case "restore_damaged":
                return {"name": f"{torrent}.json"}
            case "hello" | "ping" | "health" | "stats" | "list_crashes" | "list_damaged":
                return {}
            case _:
                return {"torrent": torrent}


def id_of(frame: bytes) -> str | int | None:
    """The id with which a frame has to be answered. None if the frame has no valid id."""
    try:
        return parse_request(frame).id
    except RefusedRequest as refused:
        return refused.request_id
    except OuzelError:
        return None


def frames(endpoint: str, seed: int, count: int, save_path: str) -> dict[str, Any]:
    """Sends `count` messages, and matches the replies."""
    fuzz = Fuzz(random.Random(seed), f"f{seed}", save_path)
    owed: Counter[str | int] = Counter()
    sent: dict[str | int, bytes] = {}
    glanced: Counter[str | int] = Counter()
    """Ids that only a scan of a large frame finds, because decoding would fail. A reply need not have such an id."""
    names: Counter[str] = Counter()
    known = answered = too_many = without_id = 0
    with zmq.Context() as context, context.socket(zmq.DEALER) as dealer:
        dealer.linger = 0
        dealer.connect(endpoint)

        def take(wait_ms: int) -> bool:
            nonlocal answered, too_many, without_id
            if not dealer.poll(wait_ms):
                return False
            reply = codec.unpack(dealer.recv_multipart()[-1], max_bytes=10**9, max_elements=10**8)
            names[reply["error"]["name"] if not reply["ok"] else "ok"] += 1
            if reply["id"] is None:
                without_id += 1
            elif not reply["ok"] and reply["error"]["name"] in UNREAD and glanced[reply["id"]] > 0:
                glanced[reply["id"]] -= 1
            elif owed[reply["id"]] > 0:
                owed[reply["id"]] -= 1
                sent.pop(reply["id"], None)
                answered += 1
            else:
                too_many += 1
            return True

        for _ in range(count):
            message = fuzz.message()
            hops = message[:-1]
            request_id = None if len(hops) > 16 or any(len(hop) > 255 for hop in hops) else id_of(message[-1])
            dealer.send_multipart(message)
            if request_id is not None:
                sent[request_id] = message[-1]
                owed[request_id] += 1
                known += 1
            elif (seen := peek_header(message[-1])) is not None:
                glanced[seen.id] += 1
            deadline = time.monotonic() + PATIENCE_S
            while take(0) or known - answered >= WINDOW:
                if known - answered >= WINDOW and not take(1000) and time.monotonic() > deadline:
                    break
        deadline = time.monotonic() + PATIENCE_S
        while answered < known and time.monotonic() < deadline:
            take(100)
        while take(300):  # check that no reply is duplicated
            pass
    missing = [sent.get(request_id, b"").hex() for request_id, times in owed.items() if times > 0]
    return {
        "sent": count,
        "known": known,
        "answered": answered,
        "too_many": too_many,
        "without_id": without_id,
        "missing": missing[:10],
        "replies": dict(names),
    }


def hoard(endpoint: str, seed: int, count: int, _: str) -> dict[str, Any]:
    """Sends requests without a pause over connections that it never reads from. Then disconnects."""
    chance = random.Random(seed)
    requests = [msgpack.packb({"v": 1, "id": 1, "op": op, "args": {}}) for op in ("ping", "health", "list_torrents")]
    sent = 0
    with zmq.Context() as context:
        while sent < count:
            with context.socket(zmq.DEALER) as dealer:
                dealer.linger = 0
                dealer.rcvhwm = 1
                dealer.connect(endpoint)
                for _number in range(min(20_000, count - sent)):
                    sent += 1
                    if not dealer.poll(5000, zmq.POLLOUT):
                        break
                    dealer.send(chance.choice(requests))
    return {"sent": sent}


GREETING: Final = b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32)
READY: Final = b"\x04\x29\x05READY\x0bSocket-Type" + struct.pack(">I", 6) + b"DEALER\x08Identity" + bytes(4)
_CLAIMS: Final = (0, 1, 2**24, 30 * 2**20, 2**25 + 1, 2**31, 2**62, 2**64 - 1)


def vandalise(endpoint: str, seed: int, count: int, _: str) -> dict[str, Any]:
    """Connects `count` times. The connections send broken or incomplete data, and end at different stages."""
    chance = random.Random(seed)
    half_open: list[socket.socket] = []

    def vandalism() -> bytes:
        noise = chance.randbytes(chance.randrange(1, 300))
        claim = b"\x02" + struct.pack(">Q", chance.choice(_CLAIMS))
        return chance.choice(
            [
                noise,
                GREETING[: chance.randrange(len(GREETING))],
                GREETING[:10] + noise,
                GREETING.replace(b"NULL", b"PLAIN"[:4]) + noise,
                GREETING + noise,
                GREETING + READY[: chance.randrange(len(READY))],
                GREETING + READY + b"\x04\xff" + noise,
                GREETING + READY + b"\x00\x05abc",
                GREETING + READY + b"\x01\x03abc",
                GREETING + READY + b"\x01\x00" * 2000,
                GREETING + READY + claim + noise,
                GREETING + READY + b"\x00" + bytes([min(len(noise), 255)]) + noise[:255],
            ]
        )

    connected = 0
    for _number in range(count):
        peer = socket.socket(socket.AF_UNIX)
        peer.settimeout(5)
        with contextlib.suppress(OSError):  # the daemon has refused or closed the connection, as it should
            peer.connect(endpoint.removeprefix("ipc://"))
            connected += 1
            peer.sendall(vandalism())
        half_open.append(peer)
        if len(half_open) > 30:
            half_open.pop(chance.randrange(len(half_open))).close()
    for peer in half_open:
        peer.close()
    return {"sent": connected}


KINDS: Final[dict[str, Callable[[str, int, int, str], dict[str, Any]]]] = {
    "frames": frames,
    "hoarder": hoard,
    "vandal": vandalise,
}

if __name__ == "__main__":
    # This process gets the lowest priority, so that the cost of the service's answers is measured, not its own load.
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    directory, kind, seed, count, save_path = sys.argv[1:]
    told = KINDS[kind](ipc_endpoint(Path(directory), COMMANDS_SOCKET), int(seed), int(count), save_path)
    sys.stdout.write(json.dumps({"kind": kind, **told}) + "\n")
