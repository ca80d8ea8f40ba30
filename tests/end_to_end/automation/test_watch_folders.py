"""Watch folders, with a real daemon: files that appear are added and renamed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from protocol.wire.rows import TorrentState
from tools.rig.daemon import Daemon
from tools.rig.samples import SampleTorrent, noise
from tools.rig.waiting import until

pytestmark = [pytest.mark.process]


@pytest.fixture
def watching(root: Path) -> Iterator[Daemon]:
    """A daemon with two watch folders, `w` and `later`, of which only the first exists. It is not started."""
    (root / "w").mkdir()
    daemon = Daemon(root / "d", restart={"budget": 1000, "max_delay_s": 0.5})
    folders = f"""
        [[watch.folders]]
        path = "{root / "w"}"
        save_path = "{daemon.downloads / "here"}"
        labels = ["watched", "w"]
        paused = true
        [[watch.folders]]
        path = "{root / "later"}"
        category = "films"
        """
    daemon.config.write_text(daemon.config.read_text() + folders)
    yield daemon
    daemon.close()


def sample(name: str) -> SampleTorrent:
    """A torrent."""
    return SampleTorrent(name, {"": noise(1000, 1)}, single=True)


def there(folder: Path) -> list[str]:
    """The names in a folder."""
    return sorted(each.name for each in folder.iterdir())


def torrents(daemon: Daemon) -> set[str]:
    """The ids of all torrents."""
    return {row.torrent for row in daemon.client.list_torrents()}


def test_files_are_added_and_renamed(root: Path, watching: Daemon) -> None:
    """Before the start and after; those that are wrong, and what a crash repeats; from a folder that is made later."""
    folder = root / "w"
    first, second, third, fourth = (sample(name) for name in ("first", "second", "third", "fourth"))
    (folder / "first.torrent").write_bytes(first.metainfo)
    (folder / "other.txt").write_text("other")
    watching.start()
    until(lambda: "first.torrent.added" in there(folder), "added at the start")
    row = watching.until_state(first.torrent, TorrentState.PAUSED)
    assert (row.labels, row.save_path) == (["watched", "w"], str(watching.downloads / "here"))

    (folder / "links.magnet").write_text(f"{second.magnet}\n\n{third.magnet}\n")
    (folder / "written.tmp").write_bytes(fourth.metainfo)
    (folder / "written.tmp").rename(folder / "written.torrent")
    until(lambda: {"links.magnet.added", "written.torrent.added"} <= set(there(folder)), "added while it runs")
    assert torrents(watching) == {each.torrent for each in (first, second, third, fourth)}

    # As if the daemon had died between the add and the renaming.
    watching.kill()
    (folder / "first.torrent.added").rename(folder / "first.torrent")
    (folder / "wrong.torrent").write_bytes(first.metainfo[:-10])
    (folder / "wrong.magnet").write_text("magnet:?xt=urn:btih:zz")
    watching.start()
    until(lambda: "first.torrent.added" in there(folder), "a duplicate is no error")
    assert len(torrents(watching)) == 4

    [reason] = [each for each in watching.client.health().reasons if each.component == "watch"]
    assert (reason.subject, reason.message) == (str(root / "later"), "the folder does not exist")
    (root / "later").mkdir()
    fifth = sample("fifth")
    (root / "later" / "fifth.torrent").write_bytes(fifth.metainfo)
    until(lambda: any("films" in each.message for each in watching.client.health().reasons), "the category is missing")
    assert there(root / "later") == ["fifth.torrent"]
    watching.client.put_category("films", str(watching.downloads / "films"))
    until(lambda: there(root / "later") == ["fifth.torrent.added"], "added from the new folder", patience_s=30.0)
    row = watching.row(fifth.torrent)
    assert (row.category, row.save_path) == ("films", str(watching.downloads / "films"))

    # A file may still be written, so it counts as wrong only after ten seconds.
    until(lambda: {"wrong.torrent.invalid", "wrong.magnet.invalid"} <= set(there(folder)), "wrong files are renamed")
    assert "metainfo" in (folder / "wrong.torrent.invalid.txt").read_text()
    assert "magnet" in (folder / "wrong.magnet.invalid.txt").read_text()
    assert not {"first.torrent", "wrong.torrent", "links.magnet"} & set(there(folder))
    assert (folder / "other.txt").read_text() == "other"
    refused = until(lambda: watching.logged("watch_file_invalid"), "it is in the log")
    assert {Path(line["file"]).name for line in refused} == {"wrong.torrent", "wrong.magnet"}
    until(lambda: not watching.client.health().reasons, "no problem is left")


def test_a_folder_is_followed_when_the_configuration_changes(root: Path, watching: Daemon) -> None:
    """A wrong save path is the configuration's fault, not the file's: the file is added once it is corrected."""
    watching.start()
    good = watching.config.read_text()
    watching.config.write_text(good.replace(str(watching.downloads / "here"), "/outside"))
    one = sample("one")
    until(lambda: watching.logged("reloaded"), "the configuration is in force")
    (root / "w" / "one.torrent").write_bytes(one.metainfo)
    until(
        lambda: any("one.torrent" in reason.message for reason in watching.client.health().reasons),
        "health tells of it",
    )
    assert there(root / "w") == ["one.torrent"]
    watching.config.write_text(good)
    until(lambda: there(root / "w") == ["one.torrent.added"], "added")
