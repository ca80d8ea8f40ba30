"""The content path and the facts in the .torrent file, in rows and details, through kills of both processes."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from protocol.wire.desired import ContentLayout
from protocol.wire.rows import TorrentState
from tools.rig import bencode, payload
from tools.rig.daemon import Daemon
from tools.rig.samples import SampleTorrent, noise
from tools.rig.seed import Seed
from tools.rig.waiting import until
from tools.rig.watcher import Watcher

pytestmark = [pytest.mark.process, pytest.mark.network]

FILES: Final = {"a.bin": noise(20_000, 1), "sub/b.bin": noise(30_000, 2)}
LONG: Final = "x" * 300
REFUSED: Final = "a\\b\u202e.bin"
"""A name that libtorrent changes for a disk, as it cuts a long one."""

EXTRA: Final[Mapping[bytes, bencode.Bencodable]] = {
    b"comment": "über ".encode() + b"c" * 1000,
    b"created by": b"mktorrent 1.1",
    b"creation date": 1_700_000_000,
}


def facts(daemon: Daemon, torrent: str) -> dict[str, Any]:
    """What `list_torrents` returns beyond the default rows."""
    fields = ["comment", "created_by", "created_us", "private", "pieces", "piece_length", "files", "source", "options"]
    [row] = daemon.client.request("list_torrents", {"ids": [torrent], "fields": fields})["torrents"]
    return dict(row)


def has_files(daemon: Daemon, torrent: str) -> bool:
    """Whether all of the torrent's files are what the content path says, below the save path on the disk."""
    row = daemon.row(torrent)
    if row.content is None or row.state is not TorrentState.SEEDING:
        return False
    paths = [file.path for file in daemon.client.list_files(torrent=torrent)]
    content = Path(row.save_path) / row.content
    below = [content] if len(paths) == 1 else [content / Path(path).relative_to(row.content) for path in paths]
    return below == [Path(row.save_path) / path for path in paths] and all(each.is_file() for each in below)


def test_the_content_path_is_that_on_disk(root: Path, seed: Seed) -> None:
    """Of files, folders and links, whatever names a disk or a client wants; known at once, and without an engine."""
    cases: list[tuple[SampleTorrent, ContentLayout, str]] = [
        (SampleTorrent("one.bin", {"": noise(40_000)}, single=True), "original", "one.bin"),
        (SampleTorrent("one.tar.gz", {"": noise(40_001)}, single=True), "subfolder", "one.tar/one.tar.gz"),
        (SampleTorrent("folder", FILES), "original", "folder"),
        (SampleTorrent("flat", FILES), "no_subfolder", ""),
        (SampleTorrent("shown", FILES), "original", "shown"),
        (SampleTorrent("old", FILES), "original", "old"),
        (SampleTorrent(LONG, {"": noise(40_002)}, single=True), "original", ""),
        (SampleTorrent(REFUSED, {"": noise(40_003)}, single=True), "original", ""),
    ]
    linked = payload.make(root / "seed", "linked", {"c.bin": 20_000, "d/e.bin": 20_000}, piece_size=16 * 1024)
    seed.add(linked.metainfo, linked.root)
    with Daemon(root / "d", restart={"budget": 1}) as daemon:
        expected = {}
        for number, (sample, layout, content) in enumerate(cases):
            place = daemon.downloads / str(number)
            place.mkdir()
            daemon.client.add_torrent(
                metainfo=sample.metainfo_with(EXTRA), save_path=str(place), content_layout=layout, paused=True
            )
            row = daemon.row(sample.torrent)
            if sample.name in (LONG, REFUSED):
                content = row.content or ""
                assert content not in ("", sample.name)
            assert row.content == content  # no engine had to be waited for
            expected[sample.torrent] = content
            files = until(lambda: list(daemon.client.list_files(torrent=sample.torrent)), "its files are known")  # noqa: B023  # called here
            for file, data in zip(files, sample.contents.values(), strict=True):
                path = place / file.path
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
            daemon.client.recheck(sample.torrent, wait="applied")
            daemon.client.resume(sample.torrent)
        daemon.client.add_torrent(magnet=linked.magnet)
        assert daemon.row(linked.torrent).content is None
        daemon.client.add_peers(linked.torrent, [seed.endpoint])
        expected[linked.torrent] = "linked"
        shown, renamed = cases[4][0].torrent, cases[5][0].torrent
        daemon.client.update_options(shown, name="A name for people")
        for torrent in expected:
            until(lambda: has_files(daemon, torrent), f"{torrent} is complete; the log is {daemon.log}")  # noqa: B023  # called here
        with Watcher(daemon.runtime_dir) as watcher:
            daemon.client.rename_folder(renamed, "old", "new")
            event = watcher.wait(lambda event: event.type == "files_renamed", "clients are notified").event
            assert event.data["content"] == daemon.row(renamed).content == "new"
        expected[renamed] = "new"
        elsewhere = daemon.downloads / "elsewhere"
        daemon.client.move_storage(renamed, str(elsewhere))
        until(lambda: daemon.row(renamed).save_path == str(elsewhere), "it is moved")

        def check(daemon: Daemon) -> None:
            assert {torrent: daemon.row(torrent).content for torrent in expected} == expected
            assert daemon.row(shown).name == "A name for people"

        def restored() -> None:
            for torrent in expected:
                until(lambda: has_files(daemon, torrent), f"{torrent} is there again; the log is {daemon.log}")  # noqa: B023  # called here

        check(daemon)
        daemon.kill_engine()
        check(daemon)
        restored()
        check(daemon)
        daemon.kill()
        daemon.start()
        check(daemon)
        restored()
        _lose_engines(daemon)
        daemon.stop()
        daemon.start()
        _lose_engines(daemon)
        check(daemon)
        told = facts(daemon, renamed)
        assert told.pop("comment") == "über " + "c" * 995
        assert told.pop("options")["name"] == ""
        assert told == {
            "torrent": renamed,
            "created_by": "mktorrent 1.1",
            "created_us": 1_700_000_000_000_000,
            "private": False,
            "pieces": 4,
            "piece_length": 16 * 1024,
            "files": 2,
            "source": "metainfo",
        }
        assert facts(daemon, linked.torrent)["comment"] == ""
        assert daemon.client.get_torrent(linked.torrent).pieces == facts(daemon, linked.torrent)["pieces"] == 3


def test_records_of_earlier_versions_are_completed(daemon: Daemon) -> None:
    """The engine reports what they lack; until then it is unknown. No event repeats what clients know."""
    sample = SampleTorrent("named", FILES, private=True)
    torrent = daemon.client.add_torrent(metainfo=sample.metainfo_with(EXTRA), content_layout="no_subfolder").torrent
    daemon.until_state(torrent, TorrentState.DOWNLOADING)
    known = daemon.client.get_torrent(torrent)
    assert (known.content, known.private, known.created_by) == ("", True, "mktorrent 1.1")
    daemon.stop()
    record = daemon.resume_dir / f"{torrent}.json"
    stored = json.loads(record.read_text())
    del stored["checksum"]  # as a person does who edits it
    stored["metadata"] = {name: stored["metadata"][name] for name in ("name", "size", "piece_length", "files")}
    record.write_text(json.dumps(stored))
    daemon.start()
    with Watcher(daemon.runtime_dir) as watcher:
        until(lambda: '"pieces"' in record.read_text(), "the record is completed")
        assert "metadata_updated" not in {event.type for event in watcher.so_far()}
    completed = daemon.client.get_torrent(torrent)
    assert (completed.content, completed.private, completed.pieces) == ("", True, 4)
    assert (completed.comment, completed.created_us) == (known.comment, known.created_us)


def _lose_engines(daemon: Daemon) -> None:
    """Kills engines until the restart budget is used up."""

    def lost() -> bool:
        if daemon.client.health().engine.state == "over_budget":
            return True
        if daemon.client.health().engine.pid:
            daemon.kill_engine()
        return False

    until(lost, "no engine lives")
