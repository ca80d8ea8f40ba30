"""A client's rows, kept by a snapshot and events, equal the daemon's in every field, whatever happens meanwhile."""

import random
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import libtorrent
import msgspec
import pytest

import ouzel
from ouzel.stream.table import Table
from protocol.wire.rows import FileRow, TorrentRow, TorrentState
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.payload import Torrent
from tools.rig.seed import Seed
from tools.rig.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.network]

lt: Any = libtorrent  # the type stubs do not declare the result

NOT_BY_EVENTS: Final[dict[str, Any]] = {
    "age_ms": None,
    "paused": False,
    "sequential": False,
    "labels": [],
    "eta_s": None,
    "completed_us": None,
    "last_activity_us": None,
    "active_s": 0,
    "seeding_s": 0,
    "hindrance": None,
    "stalled_since_us": None,
    "engine": 0,
    "tracker": None,
}
"""Members without events: desired state, ages, values of the moment, and causes of stalls."""

RATES: Final[dict[str, Any]] = {"download_bps": 0, "upload_bps": 0, "peers": 0, "seeds": 0}
"""Members that change without an event."""

SIZES: Final[dict[str, int]] = {"a.bin": 300_000, "b.bin": 10_000, "c.txt": 77_777}


@contextmanager
def following(daemon: Daemon) -> Iterator[Table]:
    """A table that is updated from now on."""
    table, ends = Table(), threading.Event()

    def read() -> None:
        with ouzel.Client(daemon.runtime_dir) as client:
            for item in client.events(progress=True, ticks=True, snapshot=True):
                table.apply(item)
                if ends.is_set():
                    return

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        until(lambda: table.rows, "the snapshot has come")
        yield table
    finally:
        ends.set()
        reader.join()


def compared(row: TorrentRow) -> TorrentRow:
    """The row without members that cannot be compared."""
    return msgspec.structs.replace(row, **NOT_BY_EVENTS, **RATES)


def agrees(daemon: Daemon, table: Table, torrents: list[Torrent]) -> None:
    """Fails unless the table soon agrees with `list_torrents` and `get_torrent`."""
    last: list[tuple[TorrentRow | None, TorrentRow]] = []

    def same() -> bool:
        last[:] = []
        for made in torrents:
            detail = daemon.client.get_torrent(made.torrent)
            own = TorrentRow(**{name: getattr(detail, name) for name in TorrentRow.__struct_fields__})
            kept = table.rows.get(made.torrent)
            if kept is None or compared(kept) != compared(own):
                last.append((kept, own))
        return not last

    try:
        until(same, "the rows agree", patience_s=15)
    except AssertionError:
        raise AssertionError(f"kept, and own: {last}") from None


def restart_supervisor(daemon: Daemon) -> None:
    """Kills the supervisor by SIGKILL and starts another one."""
    daemon.kill()
    daemon.start()


def test_rows_by_snapshot_and_events_are_the_daemons_own(root: Path, daemon: Daemon, seed: Seed) -> None:
    """Through selections, pauses, lost files and deaths of both processes, for links and metainfo."""
    made = [payload.make(root / "seed", f"set{number}", SIZES, piece_size=65536) for number in range(2)]
    for each in made:
        seed.add(each.metainfo, each.root)
    linked, added = made
    daemon.client.add_torrent(magnet=f"{linked.magnet}&dn=by+the+link&so=0", peers=[seed.endpoint])
    daemon.client.add_torrent(metainfo=added.metainfo, peers=[seed.endpoint], include=["b.bin"])
    for each in made:
        daemon.until_state(each.torrent, TorrentState.FINISHED)
    steps: list[Callable[[], object]] = [
        lambda: daemon.client.update_selection(linked.torrent, include=[]),
        lambda: daemon.client.update_selection(added.torrent, include=["b.bin", "c.txt"]),
        lambda: daemon.client.pause(linked.torrent),
        lambda: daemon.client.resume(linked.torrent),
        daemon.kill_engine,
        lambda: restart_supervisor(daemon),
    ]
    shuffled = random.Random(37)
    with following(daemon) as table:
        for _ in range(2):
            shuffled.shuffle(steps)
            for step in steps:
                step()
            agrees(daemon, table, made)
        assert table.rows[linked.torrent].name == "set0"

        # The files are deleted and the supervisor is new, so only stored data tells what the files are.
        daemon.stop()
        shutil.rmtree(daemon.downloads / "set1")
        daemon.start()
        missing = daemon.until_state(added.torrent, TorrentState.MISSING_STORAGE)
        assert (missing.size, missing.bytes_total) == (sum(SIZES.values()), SIZES["b.bin"] + SIZES["c.txt"])
        assert [file.path for file in files(daemon, added)] == [f"set1/{name}" for name in order(added)]
        agrees(daemon, table, made)
        index = {file.path: file.index for file in files(daemon, added)}
        daemon.client.update_selection(added.torrent, include=["a.bin"])
        until(lambda: daemon.row(added.torrent).bytes_total == SIZES["a.bin"], "another total")
        with pytest.raises(ouzel.Refused):
            daemon.client.update_selection(added.torrent, priorities={99: 1})
        assert {file.index for file in files(daemon, added) if file.priority} == {index["set1/a.bin"]}
        agrees(daemon, table, made)


def test_a_torrent_is_known_while_no_engine_lives(root: Path, seed: Seed) -> None:
    """A supervisor that never had an engine shows the torrent and lists its files."""
    made = payload.make(root / "seed", "set", SIZES, piece_size=65536)
    seed.add(made.metainfo, made.root)
    with Daemon(root / "d", restart={"budget": 0}) as daemon:
        daemon.client.add_torrent(magnet=made.magnet, peers=[seed.endpoint], exclude=["c.txt"])
        done = daemon.until_state(made.torrent, TorrentState.FINISHED)
        saved = daemon.resume_dir / f"{made.torrent}.json"
        until(lambda: b'"piece_length"' in saved.read_bytes(), "the metadata is kept")
        daemon.stop()
        daemon.start()
        daemon.kill_engine()
        until(lambda: daemon.client.health().engine.state == "over_budget", "no engine lives")
        row = until(lambda: now if (now := daemon.row(made.torrent)).bytes_total else None, "its bytes are known")
        assert (row.name, row.size, row.bytes_total) == (made.name, made.size, done.bytes_total)
        assert len(files(daemon, made)) == len(SIZES)


def order(made: Torrent) -> list[str]:
    """The files in the torrent's order."""
    storage = lt.load_torrent_buffer(made.metainfo).ti.layout()
    return [storage.file_path(index).partition("/")[2] for index in range(storage.num_files())]


def files(daemon: Daemon, made: Torrent) -> list[FileRow]:
    """The torrent's files."""
    return list(daemon.client.list_files(torrent=made.torrent))
