"""`ouzel import`: profiles of other clients with half-done torrents, of which only what is missing is fetched."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ouzel.cli.main import run
from protocol.wire.rows import TorrentState
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.migration import profiles
from tools.rig.migration.profiles import Held
from tools.rig.seed import Seed
from tools.rig.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.network]

PIECE = 64 * 1024
FILES = {"a.bin": 9 * PIECE + 100, "sub/b.bin": 7 * PIECE, "c.txt": 1000}
PIECES = 17

Write = Callable[[Path, list[Held]], None]
KINDS: dict[str, tuple[str, str, Write]] = {
    "files": ("qbittorrent", ".!qB", profiles.qbittorrent),
    "database": ("qbittorrent", ".!qB", lambda path, held: profiles.qbittorrent(path, held, database=True)),
    "transmission 3": ("transmission", ".part", profiles.transmission),
    "transmission 2": ("transmission", ".part", lambda path, held: profiles.transmission(path, held, named=True)),
}


def digest(directory: Path) -> dict[str, str]:
    """What is in a directory."""
    return {
        str(path.relative_to(directory)): hashlib.sha1(path.read_bytes()).hexdigest()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


def until_counted(seed: Seed, total: int) -> None:
    """Waits until the seed has counted what it has sent, and checks that this is no more than `total`.

    The last blocks may never be counted, because both sides close a connection between two seeds at once.
    """
    until(lambda: seed.uploaded() >= total or not seed.peers(), "the seed has counted all, or has no peers")
    assert seed.uploaded() <= total


@pytest.mark.parametrize("kind", KINDS)
def test_only_what_is_missing_is_fetched(
    root: Path,
    daemon: Daemon,
    seed: Seed,
    kind: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """To the byte, with limits, labels and priorities; the profile stays as it is, and a repetition changes nothing.

    The paths in the profile are those of another machine.
    """
    monkeypatch.setenv("OUZEL_PATHS_RUNTIME_DIR", str(daemon.runtime_dir))
    client, suffix, write = KINDS[kind]
    here, held = daemon.downloads / "moved", []
    for number, (pieces, blocks) in enumerate(
        (({0, 1, 2, 5, 9, 16}, {3: {0, 2}, 10: {1}}), (set(range(PIECES)), {}), (set[int](), {}))
    ):
        made = payload.make(root / "seed", f"set {number} ü", FILES, piece_size=PIECE)
        seed.add(made.metainfo, made.root)
        there = Held(made, here, pieces, blocks, suffix)
        if pieces:
            profiles.lay_down(there)
        held.append(there._replace(place=Path("/mnt/old/disk")))
    write(root / "profile", held)
    for categories in (root / "profile").rglob("categories.json"):
        categories.write_text('{"films": {"save_path": "/mnt/old/disk/films"}}')
    before = digest(root / "profile")

    def ouzel(*argv: str) -> tuple[int, list[Any]]:
        code = run(["import", client, str(root / "profile"), "--json", "--map", f"/mnt/old/disk={here}", *argv])
        return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    code, would = ouzel("--dry-run")
    assert (code, {each["outcome"] for each in would}) == (0, {"would_add"})
    assert list(daemon.client.list_torrents()) == []
    code, added = ouzel()
    assert (code, [each["outcome"] for each in added]) == (0, ["added"] * 3)
    assert [each["name"] for each in added] == [each["name"] for each in would]
    code, again = ouzel()
    assert (code, {each["outcome"] for each in again}) == (0, {"already_there"})
    named = [("films", str(here / "films"))] if client == "qbittorrent" else []
    assert [(each.name, each.save_path) for each in daemon.client.list_categories()] == named
    for each in held:
        detail = daemon.client.get_torrent(each.made.torrent)
        assert (detail.paused, detail.save_path) == (True, str(here))
        assert (detail.download_limit_bps, detail.upload_limit_bps) == (4_000_000, 50_000)
        assert set(detail.labels) >= {"x"}
        assert detail.category == ("films" if client == "qbittorrent" else None)
        assert detail.goals is not None
        assert detail.goals.ratio == 1.5
        idle = (3600, None) if client == "qbittorrent" else (None, 1200)
        assert (detail.goals.seeding_time_s, detail.goals.inactive_time_s) == idle
        assert detail.added_us == profiles.ADDED_S * 1_000_000
        daemon.until_state(each.made.torrent, TorrentState.PAUSED)
        daemon.client.update_limits(each.made.torrent, download_bps=0, upload_bps=0)
        daemon.client.add_peers(each.made.torrent, [seed.endpoint])
        fetched = seed.uploaded()
        daemon.client.resume(each.made.torrent)
        daemon.until_state(each.made.torrent, TorrentState.SEEDING)
        until_counted(seed, fetched + each.missing())
        files = list(daemon.client.list_files(torrent=each.made.torrent))
        assert files[0].priority > files[1].priority
        for file in files:
            assert payload.sha1(here / file.path) == payload.sha1(each.made.root / file.path.removesuffix(suffix))
    assert digest(root / "profile") == before


def test_a_torrent_that_fails_stops_no_other(
    root: Path, daemon: Daemon, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One is damaged, one outside of the download roots; both are reported, and the exit code says so."""
    monkeypatch.setenv("OUZEL_PATHS_RUNTIME_DIR", str(daemon.runtime_dir))
    held = []
    for number in range(3):
        made = payload.make(root / "seed", f"set {number}", FILES, piece_size=PIECE)
        held.append(Held(made, Path("/etc") if number == 1 else daemon.downloads, ()))
    profiles.qbittorrent(root / "profile", held)
    folder = root / "profile/qBittorrent/data/BT_backup"
    (folder / f"{held[0].made.torrent}.fastresume").write_bytes(b"d3:not")
    assert run(["import", "qbittorrent", str(folder)]) == 1
    shown = capsys.readouterr()
    assert shown.out.startswith("added: set 2")
    assert held[0].made.torrent in shown.err
    assert "path_not_allowed" in shown.err
    assert "1 added, 0 already there, 2 failed" in shown.err
    assert [row.torrent for row in daemon.client.list_torrents()] == [held[2].made.torrent]
    for argv in (["qbittorrent", str(root)], ["transmission", str(root)], ["qbittorrent", str(folder), "--map", "x"]):
        assert run(["import", *argv]) == 2
