"""The page's application on a mirror and a daemon of the test."""

import asyncio
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

from starlette.types import ASGIApp

from gateway.config.gateway_config import Config
from gateway.context import Gateway
from gateway.daemon.daemon import Daemon, Unavailable
from gateway.mirror.mirror import Mirror
from gateway.page import page_routes
from gateway.store.store import Store
from gateway.web.application import application
from ouzel.client.call import Call
from ouzel.stream.event import Resnapshot, SnapshotPage
from protocol.configuration.gateway_sections import GatewayConfig
from protocol.wire.rows import TorrentRow
from tests.gateway.access.asgi import Answer, ask
from tests.ouzel import samples


def show(mirror: Mirror, *rows: TorrentRow) -> None:
    """Replaces the state by these torrents."""
    page = SnapshotPage(
        epoch="e", seq=1, health=samples.health(), settings=samples.settings(), torrents=list(rows), cursor=None
    )
    mirror.apply(Resnapshot.of("start", [page]), 1)


class FakeDaemon:
    """Remembers the calls, and answers as the test says."""

    def __init__(self, mirror: Mirror) -> None:
        self.mirror = mirror
        self.calls: list[Call[Any]] = []
        self.refreshed: list[str] = []
        self.answer: Callable[[Call[Any]], Any] = lambda _: None

    async def run(self, call: Call[Any]) -> Any:
        self.calls.append(call)
        answer = self.answer(call)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def run_many(self, batch: Sequence[Call[Any]]) -> list[Any]:
        self.calls += batch
        answers = [self.answer(call) for call in batch]
        for each in answers:
            if isinstance(each, Unavailable):
                raise each
        return answers

    async def refresh(self, torrents: Iterable[str]) -> None:
        self.refreshed += torrents


class Rig:
    """The page, with torrents unless the test gives none."""

    def __init__(self, *rows: TorrentRow, ready: bool = True, **keys: Any) -> None:
        self.mirror = Mirror()
        if ready:
            show(self.mirror, *rows)
        self.daemon = FakeDaemon(self.mirror)
        config = Config(gateway=GatewayConfig(**keys))
        gateway = Gateway(config, cast(Daemon, self.daemon), cast(Store, None))
        self.app: ASGIApp = application(page_routes.routes(gateway))

    def get(self, target: str, headers: dict[str, str] | None = None) -> Answer:
        return asyncio.run(ask(self.app, "GET", target, headers))

    def post(self, target: str, document: Any) -> Answer:
        body = json.dumps(document).encode()
        return asyncio.run(ask(self.app, "POST", target, {"content-type": "application/json"}, body=body))

    def json(self, target: str) -> Any:
        answer = self.get(target)
        assert answer.status == 200, answer
        return json.loads(answer.body)
