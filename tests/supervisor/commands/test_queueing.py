from pathlib import Path
from typing import Any

import msgspec
import pytest

from protocol.internal.link_commands import EnsureTorrent
from protocol.wire.desired import DesiredTorrent, TorrentOptions
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.events.torrent_events import Progress
from protocol.wire.rows import TorrentState
from tests.supervisor.bench import Bench, PlayedEngine, bench
from tests.supervisor.commands.test_mutations import MAGNET, do, fingerprint, on_disk, refused
from tests.supervisor.samples import desired

IDS = [digit * 40 for digit in "abcde"]
NEW = "9" * 40
QUEUED = TorrentOptions(auto_managed=True)


async def fill(on: Bench) -> PlayedEngine:
    """Four torrents in the queue, of which the second is complete, and one that is not in it."""
    engine = await on.engine()
    for number, torrent in enumerate(IDS):
        options = QUEUED if number < 4 else msgspec.structs.replace(QUEUED, force_start=True)
        record = msgspec.structs.replace(
            desired(options=options), torrent=torrent, info_hash_v1=torrent, added_us=100 + number
        )
        await on.catalogue.put(record)
    zeros = dict.fromkeys(("downloaded", "uploaded", "wasted", "download_bps", "upload_bps", "peers", "seeds"), 0)
    complete: Any = {"progress": 1.0, "bytes_done": 5, "bytes_total": 5, "size": 5, **zeros}
    on.snapshot.of(IDS[1]).progress = Progress(torrent=IDS[1], state=TorrentState.SEEDING, **complete)
    return engine


def order(on: Bench) -> str:
    """The first digits of the torrents in the queue, in its order."""
    records: list[DesiredTorrent] = [each for each in on.catalogue.torrents.values() if each.options == QUEUED]
    return "".join(each.torrent[0] for each in sorted(records, key=lambda each: each.queue_key))


async def test_moves_are_durable_and_reach_the_engine(tmp_path: Path) -> None:
    """A torrent that is complete is no neighbour. What has its place already is not written."""
    async with bench(tmp_path) as on:
        engine = await fill(on)
        assert await do(on, "move_in_queue", torrents=[IDS[2]], where="up") == {"torrents": [IDS[2]]}
        assert order(on) == "cabd"
        assert await do(on, "move_in_queue", torrents=[IDS[3], IDS[0]], where="top") == {"torrents": [IDS[0], IDS[3]]}
        assert order(on)[:2] == "ad"
        revisions = {torrent: each.revision for torrent, each in on.catalogue.torrents.items()}
        await do(on, "move_in_queue", torrents=[IDS[0]], where="top")
        assert revisions == {torrent: each.revision for torrent, each in on.catalogue.torrents.items()}
        await do(on, "move_in_queue", torrents=[IDS[0]], where="bottom")
        assert order(on)[-1] == "a"
        for torrent, each in on.catalogue.torrents.items():
            assert on_disk(on, torrent)["queue_order"] == each.queue_order
        sent = {each.desired.torrent: each.desired for each in await engine.given(EnsureTorrent, 4)}
        assert sent.keys() == {IDS[0], IDS[2], IDS[3]}
        assert all(each == on.catalogue.torrents[torrent] for torrent, each in sent.items())


@pytest.mark.parametrize(("torrent", "kind"), [(IDS[4], ErrorKind.NOT_IN_QUEUE), ("f" * 40, ErrorKind.UNKNOWN_TORRENT)])
async def test_all_are_moved_or_none(tmp_path: Path, torrent: str, kind: ErrorKind) -> None:
    """One torrent that is not in the queue is enough."""
    async with bench(tmp_path) as on:
        await fill(on)
        error: OuzelError = await refused(on, "move_in_queue", torrents=[IDS[3], torrent], where="top")
        assert error.kind is kind
        assert order(on) == "abcd"


async def test_a_torrent_is_added_at_a_place(tmp_path: Path) -> None:
    """Among those that are incomplete. Its number is in its first record; others make room if there is none."""
    async with bench(tmp_path) as on:
        engine = await fill(on)
        options = {"auto_managed": True}
        magnet = f"magnet:?xt=urn:btih:{NEW}"
        await do(on, "add_torrent", magnet=magnet, options=options, queue_position=1)
        assert order(on) == "a9bcd"
        assert on_disk(on, NEW)["queue_order"] == on.catalogue.torrents[NEW].queue_order == 101
        assert [each.desired.torrent for each in await engine.given(EnsureTorrent, 1)] == [NEW]
        untouched = fingerprint(on)
        assert (await do(on, "add_torrent", magnet=magnet, options=options, queue_position=0))["duplicate"]
        assert fingerprint(on) == untouched


@pytest.mark.parametrize("options", [{}, {"auto_managed": True, "force_start": True}])
async def test_a_place_needs_the_queue(tmp_path: Path, options: dict[str, bool]) -> None:
    """Nothing is accepted."""
    async with bench(tmp_path) as on:
        await on.engine()
        error = await refused(on, "add_torrent", magnet=MAGNET, options=options, queue_position=0)
        assert (error.kind, error.field) == (ErrorKind.INVALID_ARGUMENT, "args.queue_position")
        assert not on.catalogue.torrents
