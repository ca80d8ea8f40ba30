from pathlib import Path

import msgspec
import pytest

from protocol.wire.commands.option_commands import UpdateOptions
from protocol.wire.desired import DEFAULT_OPTIONS, TorrentOptions
from protocol.wire.errors import ErrorKind, OuzelError
from supervisor.commands.option_edits import update_options
from tests.supervisor.bench import bench
from tests.supervisor.commands.test_mutations import MAGNET, do, on_disk, refused
from tests.supervisor.samples import OTHER, V1, desired


def test_what_is_absent_stays() -> None:
    """Each option on its own; labels are replaced as a whole."""
    before = desired(labels=("old",), options=TorrentOptions(max_uploads=4, lsd=False))
    assert update_options(before, UpdateOptions(torrent=V1)) == before
    after = update_options(before, UpdateOptions(torrent=V1, max_connections=2, pex=False, name="shown"))
    assert after.options == TorrentOptions(max_connections=2, max_uploads=4, pex=False, lsd=False, name="shown")
    assert after.labels == ("old",)
    assert update_options(before, UpdateOptions(torrent=V1, labels=["a", "b"])).labels == ("a", "b")
    default = UpdateOptions(torrent=V1, max_uploads=0, lsd=True)
    assert update_options(before, default).options is DEFAULT_OPTIONS


def test_a_forced_start_resumes() -> None:
    """Its end does not pause, and a torrent that a client pauses later is paused."""
    forced = update_options(desired(paused=True), UpdateOptions(torrent=V1, auto_managed=True, force_start=True))
    assert (forced.paused, forced.managed) == (False, False)
    ended = update_options(forced, UpdateOptions(torrent=V1, force_start=False))
    assert (ended.paused, ended.managed) == (False, True)
    assert not update_options(desired(paused=True), UpdateOptions(torrent=V1, auto_managed=True)).managed


@pytest.mark.parametrize("name", ["max_connections", "max_uploads"])
def test_a_limit_of_one_is_refused(name: str) -> None:
    """libtorrent raises an error for it, and only once the engine applies it."""
    command = msgspec.convert({"op": "update_options", "torrent": V1, name: 1}, UpdateOptions)
    with pytest.raises(OuzelError, match=f"args.{name}") as caught:
        update_options(desired(), command)
    assert (caught.value.kind, caught.value.field) == (ErrorKind.INVALID_ARGUMENT, f"args.{name}")


async def test_a_torrent_is_added_with_options(tmp_path: Path) -> None:
    """They are in its first record. A torrent without any shares the defaults."""
    async with bench(tmp_path) as on:
        await on.engine()
        given = {"max_uploads": 4, "pex": False, "name": "shown", "ratio_goal": None, "goal_action": "remove"}
        expected = TorrentOptions(max_uploads=4, pex=False, name="shown", ratio_goal=None, goal_action="remove")
        await do(on, "add_torrent", magnet=MAGNET, options=given)
        assert (on.catalogue.torrents[V1].options, on.catalogue.torrents[V1].revision) == (expected, 1)
        assert on_disk(on)["options"]["max_uploads"] == 4
        await do(on, "add_torrent", magnet=f"magnet:?xt=urn:btih:{OTHER}", options={"pex": True})
        assert on.catalogue.torrents[OTHER].options is DEFAULT_OPTIONS


async def test_a_limit_of_one_is_refused_when_a_torrent_is_added(tmp_path: Path) -> None:
    """As later."""
    async with bench(tmp_path) as on:
        await on.engine()
        error = await refused(on, "add_torrent", magnet=MAGNET, options={"max_uploads": 1})
        assert (error.kind, error.field) == (ErrorKind.INVALID_ARGUMENT, "args.options.max_uploads")
        assert not on.catalogue.torrents
