"""Torrents in a mirror, and a face whose daemon is a fake."""

from pathlib import Path
from typing import Any

from gateway.config.gateway_config import Config, GatewayPaths
from gateway.context import Gateway
from gateway.mirror.mirror import Mirror
from gateway.mirror.torrent import Facts, Torrent
from gateway.store.store import Store
from gateway.transmission.details import Details
from gateway.transmission.face import Face, Memory
from gateway.transmission.recency import Recency
from ouzel.client.call import Call
from ouzel.errors import Refused
from protocol.wire.envelope import Reply
from protocol.wire.rows import TorrentRow, TorrentState

SESSION_ID = "s" * 48


def row(number: int = 1, **members: Any) -> TorrentRow:
    """A complete torrent that seeds."""
    plain: dict[str, Any] = {
        "torrent": f"{number:040x}",
        "name": f"name {number}",
        "state": TorrentState.SEEDING,
        "progress": 1.0,
        "bytes_done": 1000,
        "bytes_total": 1000,
        "size": 1000,
        "downloaded": 1000,
        "uploaded": 500,
        "wasted": 0,
        "download_bps": 0,
        "upload_bps": 0,
        "peers": 0,
        "seeds": 0,
        "save_path": "/downloads",
        "labels": [],
        "paused": False,
        "sequential": False,
        "download_limit_bps": 0,
        "upload_limit_bps": 0,
        "error": None,
        "added_us": 1_700_000_000_000_000 + number,
        "age_ms": 0,
        "content": f"root {number}",
        "ratio": 0.5,
    }
    return TorrentRow(**plain | members)


def torrent(number: int = 1, facts: Facts | None = None, **members: Any) -> Torrent:
    """A torrent as the mirror has it."""
    found = Torrent(row(number, **members), 1, 0)
    if facts is not None:
        found.facts = facts
    return found


def mirror_of(rows: list[TorrentRow]) -> Mirror:
    """A mirror that is ready."""
    mirror = Mirror()
    for each in rows:
        mirror.torrents[each.torrent] = Torrent(each, 1, 0)
    mirror.ready, mirror.away = True, False
    return mirror


class FakeDaemon:
    """Answers calls by their op, and remembers them.

    Args:
        answers: the results by op; an exception is raised. An op without a result is answered with an empty map.
    """

    def __init__(self, mirror: Mirror, answers: dict[str, Any] | None = None) -> None:
        self.mirror = mirror
        self.answers = answers or {}
        self.calls: list[tuple[str, dict[str, Any]]] = []

    async def run(self, call: Call[Any], *, deadline_ms: int | None = None) -> Any:
        """Answers a call."""
        self.calls.append((call.op, call.args))
        answer = self.answers.get(call.op, {})
        if isinstance(answer, Exception):
            raise answer
        return call.read(Reply(id=1, ok=True, result=answer, epoch="e", gen=1, seq=1))

    async def run_many(self, batch: list[Call[Any]]) -> list[Any]:
        """Answers calls."""
        found: list[Any] = []
        for call in batch:
            try:
                found.append(await self.run(call))
            except Refused as refused:
                found.append(refused)
        return found

    async def refresh(self, torrents: Any) -> None:
        """Does nothing."""


async def face_of(path: Path, rows: list[TorrentRow], answers: dict[str, Any] | None = None) -> tuple[Face, FakeDaemon]:
    """A face with these torrents, which have numbers from 1."""
    mirror = mirror_of(rows)
    store = Store(path / "store.sqlite")
    await store.number(each.torrent for each in rows)
    daemon = FakeDaemon(mirror, answers)
    config = Config(paths=GatewayPaths(runtime_dir=str(path), state_dir=str(path)))
    typed: Any = daemon
    gateway = Gateway(config, typed, store)
    return Face(gateway, Details(typed), Recency(), Memory(), SESSION_ID), daemon
