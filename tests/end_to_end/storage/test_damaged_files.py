"""A resume directory whose files are damaged between two runs of a real daemon."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import ouzel
from protocol.wire.rows import TorrentState
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.payload import Torrent
from tools.rig.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.network]

PIECE = 16384
PIECES = 40


class Shelf:
    """Three complete torrents of a daemon that is stopped; `victim` is the one whose files are damaged."""

    def __init__(self, root: Path) -> None:
        self.daemon = Daemon(root / "d", restart={"budget": 1000})
        self.torrents = [
            payload.make(self.daemon.downloads, name, {"": PIECES * PIECE}, piece_size=PIECE) for name in "abc"
        ]
        self.victim = self.torrents[1]
        self.daemon.start()
        for made in self.torrents:
            self.add(made)
        for made in self.torrents:
            self.daemon.until_state(made.torrent, TorrentState.SEEDING)
            until(self.file("fastresume", made).exists, "resume data is saved")
        assert self.daemon.stop() == 0

    def add(self, made: Torrent) -> None:
        self.daemon.client.add_torrent(metainfo=made.metainfo, seed_mode=True)

    def file(self, kind: str, made: Torrent | None = None) -> Path:
        """A file of the victim's, or of another torrent's."""
        directory = self.daemon.resume_dir / "fastresume" if kind == "fastresume" else self.daemon.resume_dir
        return directory / f"{(made or self.victim).torrent}.{kind}"

    def start(self) -> None:
        """Starts the daemon; the others have to be as they were, whatever became of the victim."""
        self.daemon.start()
        for made in self.torrents:
            if made is not self.victim:
                row = self.daemon.until_state(made.torrent, TorrentState.SEEDING)
                assert row.error is None
        assert self.daemon.client.health().engine.restarts == 0

    def subjects(self) -> set[str]:
        """The subjects of the resume directory in `health`."""
        return {each.subject for each in self.daemon.client.health().reasons if each.component == "resume_dir"}

    def told(self) -> list[dict[str, Any]]:
        """The data of all `reconciled` and `error` events of this run."""
        with self.daemon.client.events(ticks=True) as events:
            first = next(iter(events))
        assert isinstance(first, ouzel.Event)
        request = ("replay", {"epoch": first.epoch, "after_seq": 0})
        [reply] = self.daemon.client.request_many([request])
        assert isinstance(reply, dict)
        return [event["data"] for event in reply["events"] if event["type"] in ("reconciled", "error")]

    def aside(self) -> set[str]:
        """The files in `damaged/`."""
        directory = self.daemon.resume_dir / "damaged"
        return {path.name for path in directory.iterdir()} if directory.exists() else set()


@pytest.fixture
def shelf(root: Path) -> Iterator[Shelf]:
    """A stopped daemon with torrents."""
    shelf = Shelf(root)
    yield shelf
    shelf.daemon.close()


def truncate(path: Path) -> None:
    """The last third is missing."""
    os.truncate(path, path.stat().st_size * 2 // 3)


def empty(path: Path) -> None:
    """The file is empty."""
    os.truncate(path, 0)


def flip_save_path(path: Path) -> None:
    """Flips a bit that would move the torrent elsewhere; the file still parses."""
    path.write_bytes(path.read_bytes().replace(b"/downloads", b"/dovnloads"))


def flip_a_bit(path: Path) -> None:
    """Flips a bit in the middle."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)


def noise(path: Path) -> None:
    """The content is random."""
    path.write_bytes(os.urandom(3000))


def nested(path: Path) -> None:
    """The content is nested so deeply that a careless parser's stack overflows."""
    path.write_bytes(b"d1:a" * 50_000 + b"l" * 50_000)


def zeros(path: Path) -> None:
    """The content is 100 MB of zeros, as some file systems leave after a crash."""
    empty(path)
    os.truncate(path, 100_000_000)


def directory(path: Path) -> None:
    """A directory has the file's name."""
    path.unlink()
    path.mkdir()


def link(path: Path) -> None:
    """A link to an endless file has the file's name."""
    path.unlink()
    path.symlink_to("/dev/zero")


Damage = Callable[[Path], None]


@pytest.mark.parametrize("damage", [truncate, flip_save_path, directory])
def test_a_damaged_record_costs_its_torrent_and_no_other(shelf: Shelf, damage: Damage) -> None:
    """It is put aside with all that belonged to it, in `health` until the torrent is added again, and told of."""
    damage(shelf.file("json"))
    shelf.start()
    names = {shelf.file(kind).name for kind in ("json", "torrent", "fastresume")}
    assert shelf.aside() == names
    assert shelf.subjects() == {shelf.file("json").name}
    assert {data["what"].partition(" ")[0] for data in shelf.told()} == names
    assert {row.torrent for row in shelf.daemon.client.list_torrents()}.isdisjoint({shelf.victim.torrent})
    shelf.add(shelf.victim)
    until(shelf.daemon.healthy, "the daemon is healthy again")
    shelf.daemon.until_state(shelf.victim.torrent, TorrentState.SEEDING)


@pytest.mark.parametrize("damage", [truncate, empty, flip_a_bit, noise, nested, zeros, directory, link])
def test_damaged_resume_data_costs_a_recheck(shelf: Shelf, damage: Damage) -> None:
    """Not the torrent, and not the truth: a piece that is no longer there is not claimed, though its adder vouched."""
    with (shelf.daemon.downloads / shelf.victim.name).open("r+b") as file:
        file.seek(7 * PIECE)
        file.write(bytes(PIECE))
    damage(shelf.file("fastresume"))
    shelf.start()
    row = shelf.daemon.until_state(shelf.victim.torrent, TorrentState.DOWNLOADING)
    assert (row.bytes_done, row.error) == ((PIECES - 1) * PIECE, None)
    until(lambda: shelf.subjects() == {shelf.file("fastresume").name}, "the damage is told of")
    assert shelf.aside() == shelf.subjects()
    [told] = shelf.told()
    assert str(shelf.daemon.resume_dir / "damaged" / shelf.file("fastresume").name) in told["done"]
    assert "the files are hashed" in told["done"]
    until(shelf.file("fastresume").is_file, "resume data is saved again")


@pytest.mark.parametrize("damage", [truncate, flip_a_bit, noise, directory, link])
def test_a_damaged_torrent_file_costs_nothing(shelf: Shelf, damage: Damage) -> None:
    """What it says is in the resume data, too."""
    damage(shelf.file("torrent"))
    shelf.start()
    row = shelf.daemon.until_state(shelf.victim.torrent, TorrentState.SEEDING)
    assert (row.bytes_done, row.error) == (PIECES * PIECE, None)
    until(lambda: shelf.subjects() == {shelf.file("torrent").name}, "the damage is told of")
    assert shelf.aside() == shelf.subjects()
    assert len(shelf.told()) == 1


def test_with_neither_the_torrent_is_in_error(shelf: Shelf) -> None:
    """By the name of `damaged`; removed and added again it is as new."""
    for kind in ("torrent", "fastresume"):
        noise(shelf.file(kind))
    shelf.start()
    row = shelf.daemon.until_state(shelf.victim.torrent, TorrentState.ERROR)
    assert "neither" in (row.error or "")
    assert [data["name"] for data in shelf.told() if "name" in data] == ["damaged"]
    shelf.daemon.client.remove_torrent(shelf.victim.torrent)
    shelf.add(shelf.victim)
    shelf.daemon.until_state(shelf.victim.torrent, TorrentState.SEEDING)
    until(shelf.daemon.healthy, "the daemon is healthy again")


def test_a_damaged_session_file_costs_the_limits_that_clients_set(shelf: Shelf) -> None:
    """The configuration decides again, which is told."""
    shelf.daemon.start()
    shelf.daemon.client.update_limits(download_bps=123_456)
    assert shelf.daemon.stop() == 0
    flip_a_bit(shelf.daemon.resume_dir / "session.json")
    shelf.victim = shelf.torrents[0]
    shelf.start()
    assert shelf.aside() == {"session.json"} == shelf.subjects()
    [told] = shelf.told()
    assert told["what"].startswith("session.json is damaged")
