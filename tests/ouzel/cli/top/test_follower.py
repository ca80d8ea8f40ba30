"""Following a daemon that goes away and comes back."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from ouzel.cli.top import follower
from ouzel.cli.top.follower import Follower
from ouzel.cli.top.view.model import Model
from ouzel.client.aio import AsyncClient
from ouzel.errors import Closed, NotRunning
from ouzel.stream.event import Event, Resnapshot
from tests.ouzel import samples


class Stream:
    """A stream of some items. It ends by an error."""

    quiet_s = 0.0

    def __init__(self, items: list[Event | Resnapshot], end: Exception) -> None:
        self._items = items
        self._end = end

    async def __aenter__(self) -> "Stream":
        if not self._items:
            raise self._end
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def __aiter__(self) -> AsyncIterator[Event | Resnapshot]:
        for item in self._items:
            yield item
        raise self._end

    def received(self) -> list[Event | Resnapshot]:
        """Nothing more."""
        return []


def test_it_connects_again_after_every_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """It tells the error, and keeps what was known. It ends when the client is closed."""
    monkeypatch.setattr(follower, "RETRY_S", 0.0)
    model = Model()
    problems: list[str | None] = []
    away = NotRunning("/run/ouzel", "connection refused")
    streams = [
        Stream([samples.resnapshot(samples.told())], away),
        Stream([], away),
        Stream([samples.resnapshot(samples.told(), samples.told(samples.OTHER))], Closed()),
    ]

    class Client:
        def events(self, **_: Any) -> Stream:
            return streams.pop(0)

    client: Any = Client()
    following = Follower(client, model, lambda: problems.append(model.problem))
    asyncio.run(following.follow())
    assert problems == [None, away.message, away.message, None]
    assert len(model.table.rows) == 2
    assert [line.split(" ", 1)[1].split(":")[0] for line in model.log.lines(9)] == [
        "connected",
        "not connected",
        "connected",
    ]


def test_errors_of_reports_do_not_end_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next report is requested as usual."""
    monkeypatch.setattr(follower, "SAMPLE_S", 0.0)
    answers: list[Exception | None] = [NotRunning("/run/ouzel", "no"), None, Closed()]

    class Client:
        async def health(self) -> Any:
            answer = answers.pop(0)
            if answer is not None:
                raise answer
            return samples.health()

        async def stats(self) -> Any:
            return samples.stats()

    client: Any = Client()
    model = Model()
    asyncio.run(Follower(client, model, lambda: None).sample())
    assert answers == []
    assert model.rates[-1] == (1000, 0)


def test_the_client_of_the_product_has_what_it_needs() -> None:
    """The fakes above are not checked against it."""
    assert {"events", "health", "stats", "get_torrent"} <= set(dir(AsyncClient))
