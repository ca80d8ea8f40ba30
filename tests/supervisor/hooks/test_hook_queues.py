import asyncio
from pathlib import Path

import pytest

from protocol.durable.resume_dir import ResumeDir
from protocol.wire.desired import DesiredTorrent
from protocol.wire.events.torrent_events import Completed, FileCompleted, TorrentError
from supervisor.config.hooks_config import HooksConfig, PostHook, RunHook
from supervisor.hooks import hook_queues
from supervisor.hooks.hook_queues import HookQueue, HookQueues
from supervisor.store.catalogue import Catalogue

TORRENT = "a" * 40
COMPLETED = Completed(torrent=TORRENT, bytes_done=1)
RUN = RunHook(events=["completed"], command=["/bin/true"])
POST = PostHook(events=["error", "completed"], url="http://127.0.0.1/")


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    """A catalogue with one torrent."""
    catalogue = Catalogue(ResumeDir(tmp_path))
    catalogue.torrents[TORRENT] = DesiredTorrent(
        torrent=TORRENT, source="magnet", magnet="magnet:", name="n", save_path="/d/", labels=("a", "b"), added_us=1
    )
    return catalogue


def only(queues: HookQueues, kind: type) -> HookQueue:
    """The queue of the hook of this kind."""
    [found] = [each for each in queues.queues.values() if isinstance(each.hook, kind)]
    return found


def test_an_event_is_queued_for_each_hook_that_wants_it(catalogue: Catalogue) -> None:
    """With what the catalogue knows of its torrent."""

    async def run() -> None:
        queues = HookQueues(HooksConfig(run=[RUN], post=[POST]), catalogue)
        queues.handle(COMPLETED)
        queues.handle(FileCompleted(torrent=TORRENT, index=0))
        queues.handle(TorrentError(torrent=TORRENT, name="x", message="why", recoverable=True))
        assert (len(only(queues, RunHook)), len(only(queues, PostHook))) == (1, 2)
        first = await only(queues, PostHook).take()
        assert first.values == {
            "event": "completed",
            "torrent": TORRENT,
            "name": "n",
            "save_path": "/d/",
            "path": "/d/n",
            "labels": "a,b",
            "file": "",
            "error": "",
        }
        assert (await only(queues, PostHook).take()).values["error"] == "why"

    asyncio.run(run())


def test_a_full_queue_drops_and_counts(catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest stay."""
    monkeypatch.setattr(hook_queues, "QUEUED_MAX", 2)

    async def run() -> None:
        queues = HookQueues(HooksConfig(run=[RUN]), catalogue)
        for _ in range(5):
            queues.handle(COMPLETED)
        assert (len(only(queues, RunHook)), only(queues, RunHook).dropped) == (2, 3)

    asyncio.run(run())


def test_a_hook_that_stays_keeps_its_queue(catalogue: Catalogue) -> None:
    """If it is changed, it is another one."""

    async def run() -> None:
        queues = HookQueues(HooksConfig(run=[RUN], post=[POST]), catalogue)
        queues.handle(COMPLETED)
        kept = only(queues, RunHook)
        queues.follow(HooksConfig(run=[RUN], post=[PostHook(events=["error"], url="http://127.0.0.1/")]))
        assert only(queues, RunHook) is kept
        assert (len(kept), len(only(queues, PostHook))) == (1, 0)
        queues.follow(HooksConfig())
        queues.handle(COMPLETED)
        assert not queues.queues

    asyncio.run(run())
