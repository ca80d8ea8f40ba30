"""Seeding goals, as the peer at the other end and the disk show them, through the death of both processes."""

import json
import os
import signal
from pathlib import Path

import pytest

import ouzel
from ouzel.cli.main import run
from protocol.wire.rows import TorrentState
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.hostile.raw_peer import RawPeer
from tools.rig.payload import MIB, Torrent
from tools.rig.seed import Seed
from tools.rig.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.network]

SIZE = 24 * MIB
UNCHOKE, INTERESTED, BITFIELD = 1, 2, 5


def seeding(daemon: Daemon, leech: Seed, root: Path, name: str = "set") -> Torrent:
    """A torrent that the daemon seeds, and that the peer begins to download, at 4 MB/s."""
    made = payload.make(daemon.downloads, name, {"a.bin": SIZE - MIB, "b.bin": MIB})
    daemon.client.update_limits(upload_bps=4_000_000, wait="applied")
    leech.add(made.metainfo, root / "leech", seed_mode=False)
    daemon.client.add_torrent(metainfo=made.metainfo, seed_mode=True, peers=[leech.endpoint])
    return made


def reached(daemon: Daemon) -> list[tuple[str, str]]:
    """The goals that the log has."""
    return [(line["goal"], line["action"]) for line in daemon.logged("goal_reached")]


def given_no_more(leech: Seed) -> int:
    """The bytes that the peer has, once nothing arrives."""
    sizes: list[int] = []

    def stands() -> bool:
        sizes.append(leech.downloaded())
        return len(sizes) > 5 and sizes[-6] == sizes[-1]

    until(stands, "nothing arrives", every_s=0.1)
    return sizes[-1]


def test_a_torrent_is_paused_by_its_ratio_and_seeds_on_once_it_is_resumed(root: Path, daemon: Daemon) -> None:
    """The peer gets no more, whichever process dies, until the torrent is resumed; then it gets everything."""
    with Seed() as leech:
        made = seeding(daemon, leech, root)
        with daemon.client.events(torrent=made.torrent) as events:
            daemon.client.update_options(made.torrent, ratio_goal=0.1)
            told = next(each for each in events if isinstance(each, ouzel.Event) and each.type == "goal_reached")
        assert told.data == {"goal": "ratio", "action": "pause"}
        row = daemon.until_state(made.torrent, TorrentState.PAUSED)
        assert row.paused
        assert row.goals is not None
        assert row.goals.reached == "ratio"
        got = given_no_more(leech)
        assert SIZE // 10 <= got < SIZE
        daemon.kill_engine()
        daemon.kill()
        daemon.start()
        until(daemon.healthy, "there is an engine")
        daemon.until_state(made.torrent, TorrentState.PAUSED)
        assert leech.downloaded() == got
        assert reached(daemon) == [("ratio", "pause")]

        daemon.client.resume(made.torrent)
        daemon.client.add_peers(made.torrent, [leech.endpoint])
        until(lambda: leech.downloaded() > got, "the peer gets more")
        daemon.kill_engine()
        daemon.client.update_limits(upload_bps=0)
        until(leech.finished, "the peer gets everything")
        daemon.until_state(made.torrent, TorrentState.SEEDING)
        assert reached(daemon) == [("ratio", "pause")]
        given = payload.sha1(daemon.downloads / "set")
        until(lambda: payload.sha1(root / "leech" / "set") == given, "the peer has written everything")


def test_a_torrent_is_removed_by_a_goal_of_the_configuration(root: Path, daemon: Daemon) -> None:
    """A changed file applies at once. The files are kept or deleted, as it says, and the peer gets no more."""
    with Seed() as leech:
        made = seeding(daemon, leech, root)
        until(lambda: leech.downloaded() > 0, "the peer downloads")
        before = daemon.config.read_text()

        def configure(text: str) -> None:
            daemon.config.write_text(f"{before}\n[goals]\n{text}")
            os.kill(daemon.pid, signal.SIGHUP)

        configure('ratio = 0.1\naction = "remove"\n')
        until(lambda: not list(daemon.client.list_torrents()), "it is removed")
        assert given_no_more(leech) < SIZE
        assert sorted(path.name for path in (daemon.downloads / "set").iterdir()) == ["a.bin", "b.bin"]
        daemon.kill()
        daemon.start()
        assert list(daemon.client.list_torrents()) == []

        other = payload.make(daemon.downloads, "other", {"a.bin": 40_000})
        configure('seeding_time_s = 1\naction = "remove_files"\n')
        daemon.client.add_torrent(metainfo=other.metainfo, seed_mode=True)
        until(lambda: not (daemon.downloads / "other").exists(), "its files are gone")
        assert list(daemon.client.list_torrents()) == []
        assert (daemon.downloads / "set").is_dir()
        assert reached(daemon) == [("ratio", "remove"), ("seeding_time", "remove_files")]
        assert made.torrent != other.torrent


def test_goals_on_the_command_line(root: Path, daemon: Daemon, capsys: pytest.CaptureFixture[str]) -> None:
    """They are shown and set. What is no goal is refused, and changes nothing."""

    def ouzel_says(*argv: str) -> tuple[int, str, str]:
        code = run(["--runtime-dir", str(daemon.runtime_dir), *argv])
        return (code, *capsys.readouterr())

    made = payload.make(daemon.downloads, "set", {"a.bin": 40_000})
    daemon.client.add_torrent(metainfo=made.metainfo, paused=True)
    assert ouzel_says("goals", made.torrent)[:2] == (0, f"{made.torrent}: none\n")
    given = ("--ratio", "1.5", "--seeding-time", "7d", "--inactive-time", "none", "--action", "super_seed")
    assert ouzel_says("goals", made.torrent[:8], *given) == (0, f"set: {made.torrent}\n", "")
    told = "ratio 1.5 or seeding time 7 d, then super seed"
    assert ouzel_says("goals", made.torrent)[1] == f"{made.torrent}: {told}\n"
    assert told in " ".join(ouzel_says("show", made.torrent)[1].split())
    code, out, _ = ouzel_says("goals", made.torrent, "--json")
    [row] = json.loads(out)["torrents"]
    assert (code, row["goals"]["seeding_time_s"], row["goals"]["inactive_time_s"]) == (0, 604_800, None)
    for option, value in (("--ratio", "-1"), ("--ratio", "nan"), ("--seeding-time", "1w"), ("--action", "stop")):
        assert ouzel_says("goals", made.torrent, option, value)[0] == 2
    with pytest.raises(ouzel.Refused) as refused:
        daemon.client.update_options(made.torrent, inactive_time_goal_s=0)
    assert refused.value.body.field == "args.inactive_time_goal_s"
    options = daemon.client.get_torrent(made.torrent).options
    assert (options.ratio_goal, options.seeding_time_goal_s) == (1.5, 604_800)
    assert (options.inactive_time_goal_s, options.goal_action) == (None, "super_seed")
    daemon.kill()
    daemon.start()
    assert daemon.client.get_torrent(made.torrent).options == options
    assert ouzel_says("goals", made.torrent, "--ratio", "global", "--seeding-time", "global")[0] == 0
    assert ouzel_says("goals", made.torrent)[1] == f"{made.torrent}: none\n"


def told_by(daemon: Daemon, torrent: str) -> set[int]:
    """The kinds of messages that an interested peer gets from the seed until it is unchoked.

    The peer connects again if the connection is closed: an engine that has just started may not know the torrent yet.
    """

    def heard_once() -> set[int]:
        with RawPeer(f"127.0.0.1:{daemon.client.stats().session.listen_port}", torrent) as peer:
            peer.say(BITFIELD, bytes(1))
            peer.say(INTERESTED)
            heard: set[int] = set()

            def unchoked() -> bool:
                heard.update(kind for kind, _ in peer.hear(0.05))
                return UNCHOKE in heard or peer.closed

            until(unchoked, "it is unchoked")
            return heard if UNCHOKE in heard else set()

    return until(heard_once, "a peer is unchoked")


def test_a_torrent_is_set_to_super_seeding(daemon: Daemon) -> None:
    """A peer is not told of all pieces then, also by the next engine; but it is once a client ends it."""
    made = payload.make(daemon.downloads, "set", {"a.bin": 8 * 16 * 1024}, piece_size=16 * 1024)
    daemon.client.add_torrent(metainfo=made.metainfo, wait="applied")
    daemon.until_state(made.torrent, TorrentState.SEEDING)
    until(lambda: daemon.client.stats().session.listen_port, "it listens")
    assert BITFIELD in told_by(daemon, made.torrent)
    daemon.client.update_options(made.torrent, seeding_time_goal_s=0, goal_action="super_seed")
    until(lambda: reached(daemon), "the goal is reached")
    until(lambda: BITFIELD not in told_by(daemon, made.torrent), "a peer is not told of all pieces")
    port = daemon.client.stats().session.listen_port
    daemon.kill_engine()
    until(lambda: daemon.client.stats().session.listen_port not in (0, port), "the next engine listens")
    daemon.until_state(made.torrent, TorrentState.SEEDING)
    until(lambda: BITFIELD not in told_by(daemon, made.torrent), "a peer is not told of all pieces")
    daemon.client.update_options(made.torrent, super_seeding=False, wait="applied")
    until(lambda: BITFIELD in told_by(daemon, made.torrent), "a peer is told of all pieces")
    assert reached(daemon) == [("seeding_time", "super_seed")]
