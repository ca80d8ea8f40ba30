"""Errors of the daemon become refusals, or `Unavailable` if a client should try again."""

import asyncio
from collections.abc import Iterable
from typing import Any, cast

import pytest

from gateway.daemon.daemon import AWAY, RETRY_AFTER_S, Daemon, Unavailable, translated
from gateway.mirror.follower import Follower
from gateway.mirror.mirror import Mirror
from ouzel.client import calls
from ouzel.client.aio import AsyncClient
from ouzel.client.call import Call
from ouzel.errors import NotRunning, Refused, RequestTimeout
from protocol.wire.envelope import ErrorBody
from protocol.wire.errors import ErrorKind, OuzelError
from tests.ouzel.samples import ID


def refused(kind: ErrorKind, retry_after_ms: int | None = None) -> Refused:
    """A refusal of the daemon."""
    return Refused(ErrorBody.of(OuzelError(kind, "a sentence", retry_after_ms=retry_after_ms)))


class PlayedClient:
    """A client whose calls have these outcomes, one after the other."""

    def __init__(self, *outcomes: Any) -> None:
        self._outcomes = list(outcomes)

    async def run(self, _: Call[Any], *, deadline_ms: int | None = None) -> Any:
        """The next outcome."""
        outcome = self._outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def run_many(self, batch: Iterable[Call[Any]]) -> list[Any]:
        """The next outcomes. NotRunning is raised."""
        found = [self._outcomes.pop(0) for _ in batch]
        for each in found:
            if isinstance(each, NotRunning):
                raise each
        return found


def daemon(*outcomes: Any) -> Daemon:
    """The daemon behind such a client."""
    client = cast("AsyncClient", PlayedClient(*outcomes))
    mirror = Mirror()
    mirror.away = False
    return Daemon(client, mirror, Follower(client, mirror, _admit))


async def _admit(_: Iterable[str]) -> None: ...


@pytest.mark.parametrize("kind", list(ErrorKind))
def test_kinds(kind: ErrorKind) -> None:
    """Errors that are over later are `Unavailable`. The others concern the request."""
    error = refused(kind)
    assert isinstance(translated(error), Unavailable if kind in AWAY else Refused)


@pytest.mark.parametrize(("given", "wanted"), [(None, RETRY_AFTER_S), (10, 1), (7_900, 7)])
def test_retry_after(given: int | None, wanted: int) -> None:
    """The time of the daemon, in whole seconds, and at least one."""
    found = translated(refused(ErrorKind.ENGINE_UNAVAILABLE, given))
    assert isinstance(found, Unavailable)
    assert found.retry_after_s == wanted


@pytest.mark.parametrize("error", [NotRunning("/nowhere", "gone"), RequestTimeout("ping", 1.0)])
def test_no_answer(error: OuzelError) -> None:
    """A daemon that does not answer is `Unavailable`."""
    with pytest.raises(Unavailable):
        asyncio.run(daemon(error).run(calls.ping()))


def test_many_with_a_refusal() -> None:
    """A refusal is an outcome like others."""
    no = refused(ErrorKind.UNKNOWN_TORRENT)
    found = asyncio.run(daemon(1, no, 3).run_many([calls.ping()] * 3))
    assert found == [1, no, 3]


@pytest.mark.parametrize("error", [refused(ErrorKind.ENGINE_UNAVAILABLE), NotRunning("/nowhere", "gone")])
def test_many_without_an_engine(error: OuzelError) -> None:
    """If one of the calls cannot be made now, a client has to repeat all."""
    with pytest.raises(Unavailable):
        asyncio.run(daemon(1, error).run_many([calls.ping()] * 2))


def test_refreshes_keep_quiet() -> None:
    """The change itself was accepted, so a client must not see an error."""
    gone = NotRunning("/nowhere", "gone")
    asyncio.run(daemon(gone).refresh([ID]))
    asyncio.run(daemon(gone).refresh_categories())


def test_a_daemon_that_is_known_to_be_away_is_asked_a_short_question_first() -> None:
    """Its answer shows that it is back. Without one, the client is told at once."""

    async def test() -> None:
        found = daemon(RequestTimeout("ping", 0.5), None, "answer")
        found.mirror.away = True
        with pytest.raises(Unavailable):
            await found.run(calls.stats())
        answer: Any = await found.run(calls.stats())
        assert answer == "answer"

    asyncio.run(test())
