"""A resume directory whose files are damaged between two runs of a real daemon."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

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

Damage = Callable[[Path], None]


class Shelf:
    """Complete torrents of a daemon that is stopped: two that nothing happens to, and a victim of each damage."""

    def __init__(self, root: Path, damages: Sequence[Damage] = ()) -> None:
        self.daemon = Daemon(root / "d", restart={"budget": 1000})
        self.others = [self._make(name) for name in "ab"]
        self.victims = {damage: self._make(damage.__name__) for damage in damages}

    def __enter__(self) -> Self:
        self.daemon.__enter__()
        torrents = [*self.others, *self.victims.values()]
        for made in torrents:
            self.add(made)
        for made in torrents:
            self.daemon.until_state(made.torrent, TorrentState.SEEDING)
            until(self.file("fastresume", made).exists, "resume data is saved")
        assert self.daemon.stop() == 0
        return self

    def __exit__(self, *_: object) -> None:
        self.daemon.close()

    def _make(self, name: str) -> Torrent:
        return payload.make(self.daemon.downloads, name, {"": PIECES * PIECE}, piece_size=PIECE)

    def add(self, made: Torrent) -> None:
        self.daemon.client.add_torrent(metainfo=made.metainfo, seed_mode=True)

    def file(self, kind: str, made: Torrent) -> Path:
        """One of the files in which a torrent is kept."""
        directory = self.daemon.resume_dir / "fastresume" if kind == "fastresume" else self.daemon.resume_dir
        return directory / f"{made.torrent}.{kind}"

    def damage(self, kind: str) -> set[str]:
        """Damages this file of each victim. Returns the files' names."""
        for damage, made in self.victims.items():
            damage(self.file(kind, made))
        return {self.file(kind, made).name for made in self.victims.values()}

    def start(self) -> None:
        """Starts the daemon; the others have to be as they were, whatever became of the victims."""
        self.daemon.start()
        for made in self.others:
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


def test_a_damaged_record_costs_its_torrent_and_no_other(root: Path) -> None:
    """It is put aside with all that belonged to it, in `health` until the torrent is added again, and told of."""
    with Shelf(root, [truncate, flip_save_path, directory]) as shelf:
        records = shelf.damage("json")
        shelf.start()
        victims = shelf.victims.values()
        names = {shelf.file(kind, made).name for made in victims for kind in ("json", "torrent", "fastresume")}
        assert shelf.aside() == names
        assert shelf.subjects() == records
        assert {data["what"].partition(" ")[0] for data in shelf.told()} == names
        assert {row.torrent for row in shelf.daemon.client.list_torrents()} == {made.torrent for made in shelf.others}
        for made in victims:
            shelf.add(made)
            until(lambda made=made: shelf.file("json", made).name not in shelf.subjects(), "it is not missed any more")  # type: ignore[misc]  # mypy sees no default
            shelf.daemon.until_state(made.torrent, TorrentState.SEEDING)
        until(shelf.daemon.healthy, "the daemon is healthy again")


def test_damaged_resume_data_costs_a_recheck(root: Path) -> None:
    """Not the torrent, and not the truth: a piece that is no longer there is not claimed, though its adder vouched."""
    with Shelf(root, [truncate, empty, flip_a_bit, noise, nested, zeros, directory, link]) as shelf:
        for made in shelf.victims.values():
            with (shelf.daemon.downloads / made.name).open("r+b") as file:
                file.seek(7 * PIECE)
                file.write(bytes(PIECE))
        damaged = shelf.damage("fastresume")
        shelf.start()
        for made in shelf.victims.values():
            row = shelf.daemon.until_state(made.torrent, TorrentState.DOWNLOADING)
            assert (row.bytes_done, row.error) == ((PIECES - 1) * PIECE, None), made.name
        until(lambda: shelf.subjects() == damaged, "the damage is told of")
        assert shelf.aside() == damaged
        done = [data["done"] for data in shelf.told()]
        assert len(done) == len(damaged)
        assert all("the files are hashed" in each for each in done)
        for name in damaged:
            assert sum(str(shelf.daemon.resume_dir / "damaged" / name) in each for each in done) == 1
        for made in shelf.victims.values():
            until(shelf.file("fastresume", made).is_file, "resume data is saved again")


def test_a_damaged_torrent_file_costs_nothing(root: Path) -> None:
    """What it says is in the resume data, too."""
    with Shelf(root, [truncate, flip_a_bit, noise, directory, link]) as shelf:
        damaged = shelf.damage("torrent")
        shelf.start()
        for made in shelf.victims.values():
            row = shelf.daemon.until_state(made.torrent, TorrentState.SEEDING)
            assert (row.bytes_done, row.error) == (PIECES * PIECE, None), made.name
        until(lambda: shelf.subjects() == damaged, "the damage is told of")
        assert shelf.aside() == damaged
        assert len(shelf.told()) == len(damaged)


def test_with_neither_the_torrent_is_in_error(root: Path) -> None:
    """By the name of `damaged`; removed and added again it is as new."""
    with Shelf(root, [noise]) as shelf:
        [victim] = shelf.victims.values()
        for kind in ("torrent", "fastresume"):
            shelf.damage(kind)
        shelf.start()
        row = shelf.daemon.until_state(victim.torrent, TorrentState.ERROR)
        assert "neither" in (row.error or "")
        assert [data["name"] for data in shelf.told() if "name" in data] == ["damaged"]
        shelf.daemon.client.remove_torrent(victim.torrent)
        shelf.add(victim)
        shelf.daemon.until_state(victim.torrent, TorrentState.SEEDING)
        until(shelf.daemon.healthy, "the daemon is healthy again")


def test_a_damaged_session_file_costs_the_limits_that_clients_set(root: Path) -> None:
    """The configuration decides again, which is told."""
    with Shelf(root) as shelf:
        shelf.daemon.start()
        shelf.daemon.client.update_limits(download_bps=123_456)
        assert shelf.daemon.stop() == 0
        flip_a_bit(shelf.daemon.resume_dir / "session.json")
        shelf.start()
        assert shelf.aside() == {"session.json"} == shelf.subjects()
        [told] = shelf.told()
        assert told["what"].startswith("session.json is damaged")
