"""What the handlers share, with a client that reaches no daemon."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from starlette.exceptions import HTTPException

from gateway.config.gateway_config import Config
from gateway.context import Gateway
from gateway.daemon.daemon import Daemon, Unavailable
from gateway.mirror.mirror import Mirror
from gateway.qbittorrent.changes import add, running, tags
from gateway.qbittorrent.changes.desk import Desk
from gateway.qbittorrent.present import Present
from gateway.qbittorrent.rows.extras import NO_EXTRAS, Extras
from gateway.store.store import Store
from gateway.web.fields import Fields
from ouzel.client.special.adding_calls import Added
from ouzel.errors import NotRunning
from protocol.wire.errors import ErrorKind, OuzelError


class NoDaemon:
    """A client whose calls all fail."""

    async def run(self, *_: Any, **__: Any) -> None:
        """Fails."""
        raise NotRunning("/nowhere", "there is none")

    async def run_many(self, *_: Any) -> None:
        """Fails."""
        raise NotRunning("/nowhere", "there is none")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A desk whose mirror is not ready yet."""
    store = Store(tmp_path / "store")
    daemon = Daemon(cast(Any, NoDaemon()), Mirror(), cast(Any, NoDaemon()))
    yield Desk(Present(Gateway(Config(), daemon, store)))
    store.close()


def test_before_the_torrents_are_known_every_change_is_503(desk: Desk) -> None:
    """A hash would wrongly be unknown."""
    for select in (desk.many, desk.one):
        with pytest.raises(Unavailable):
            select("a" * 40)


def test_without_the_daemon_an_add_is_503(desk: Desk) -> None:
    """And never `Fails.`, after which Sonarr would take another release."""
    desk.gateway.mirror.ready = True
    with pytest.raises(Unavailable):
        asyncio.run(add.add(desk, Fields({"urls": f"magnet:?xt=urn:btih:{'a' * 40}"}, [])))
    with pytest.raises(Unavailable):
        asyncio.run(desk.reachable())


def test_an_add_without_sources_needs_no_daemon(desk: Desk) -> None:
    """It fails, as in the real program."""
    desk.gateway.mirror.ready = True
    assert asyncio.run(add.add(desk, Fields({}, []))).body == b"Fails."


def test_one_unknown_hash_is_404_and_many_are_none(desk: Desk) -> None:
    """Whatever the letters' case."""
    desk.gateway.mirror.ready = True
    assert desk.many("A|b||") == []
    with pytest.raises(HTTPException) as error:
        desk.one("a" * 40)
    assert error.value.status_code == 404


def test_the_queue_is_409_while_it_is_off(desk: Desk) -> None:
    """With the preference on, it needs torrents in the queue."""
    desk.gateway.mirror.ready = True
    with pytest.raises(HTTPException) as error:
        asyncio.run(running.top(desk, Fields({"hashes": "all"}, [])))
    assert error.value.status_code == 409
    asyncio.run(desk.gateway.store.put("queueing", True))
    asyncio.run(running.top(desk, Fields({"hashes": "all"}, [])))


def test_tags_without_torrents_are_durable(desk: Desk, tmp_path: Path) -> None:
    """Another process finds them in the file."""
    desk.gateway.mirror.ready = True
    asyncio.run(tags.create_tags(desk, Fields({"tags": "b, a"}, [])))
    store = Store(tmp_path / "store")
    assert store.get("qbittorrent.tags") == ["b", "a"]
    store.close()
    assert tags.all_tags(desk) == ["a", "b"]


def test_what_is_kept_of_a_torrent_takes_no_room_once_it_is_the_default(desk: Desk) -> None:
    """So a removed torrent leaves nothing behind."""
    asyncio.run(desk.kept.put_extras({"a": Extras(auto_tmm=True), "b": NO_EXTRAS}))
    assert (desk.kept.extras("a").auto_tmm, desk.kept.extras("b")) == (True, NO_EXTRAS)
    asyncio.run(desk.kept.put_extras({"a": NO_EXTRAS}))
    assert desk.gateway.store.get("qbittorrent.torrent.a") is None


class HalfADaemon(NoDaemon):
    """Accepts the first of several additions, and then its engine is away."""

    async def run_many(self, batch: Any) -> Any:
        """Fails for all but the first."""
        away = OuzelError(ErrorKind.ENGINE_UNAVAILABLE, "no engine runs")
        return [Added(torrent="a" * 40, duplicate=False), *(away for _ in batch[1:])]


def test_an_add_that_is_accepted_in_part_is_503_and_keeps_what_was_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the client tries again, the first torrent is a duplicate."""
    monkeypatch.setattr("gateway.qbittorrent.changes.desk.SHOWN_S", 0.0)
    store = Store(tmp_path / "store")
    asyncio.run(store.put("qbittorrent.preferences", {"save_path": "/downloads"}))
    daemon = Daemon(cast(Any, HalfADaemon()), Mirror(), cast(Any, NoFollower()))
    daemon.mirror.ready = True
    desk = Desk(Present(Gateway(Config(), daemon, store)))
    urls = f"{'a' * 40}\n{'b' * 40}"
    with pytest.raises(Unavailable):
        asyncio.run(add.add(desk, Fields({"urls": urls, "autoTMM": "true"}, [])))
    assert desk.kept.extras("a" * 40).auto_tmm
    store.close()


class NoFollower:
    """Reads nothing again."""

    async def refresh(self, _: Any) -> None:
        """Does nothing."""
