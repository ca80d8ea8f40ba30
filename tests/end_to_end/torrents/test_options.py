"""Options of torrents, each observed where it has its effect, also after kills of both processes."""

import time
from contextlib import ExitStack
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from protocol.wire.desired import DEFAULT_OPTIONS, TorrentOptions
from protocol.wire.rows import TorrentState
from tests.end_to_end.torrents.dht_node import DhtNode
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.hostile.raw_peer import EXTENDED, PEX, RawPeer
from tools.rig.hostile.raw_seed import RawSeed
from tools.rig.payload import Torrent
from tools.rig.samples import SampleTorrent, noise
from tools.rig.seed import Seed
from tools.rig.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.network]

CHOKE: Final = 0
UNCHOKE: Final = 1
INTERESTED: Final = 2
BITFIELD: Final = 5
PIECE: Final = 16 * 1024
PIECES: Final = 8
PEERS: Final = 5
STEADY: Final = 4
"""The number of looks, of 50 ms for each connected peer, that have to agree."""


class Seen(NamedTuple):
    """What `PEERS` interested peers see of a seed: how many stay connected, how many are unchoked, and so on.

    Fields:
        told_all: whether the seed tells a peer of all its pieces at once.
    """

    connected: int
    unchoked: int
    told_all: bool


PLAIN: Final = Seen(connected=PEERS, unchoked=PEERS, told_all=True)
RESTRICTED: Final = Seen(connected=3, unchoked=2, told_all=False)


def endpoint(daemon: Daemon) -> str:
    """Where the engine listens."""
    return f"127.0.0.1:{until(lambda: daemon.client.stats().session.listen_port, 'it listens')}"


def replace_engine(daemon: Daemon) -> None:
    """Kills the engine, and waits until the next one listens, on another port."""
    before = endpoint(daemon)
    daemon.kill_engine()
    until(lambda: endpoint(daemon) != before, "the next engine listens")


def seen(daemon: Daemon, torrent: str, expected: Seen) -> Seen:
    """Connects peers, and returns what they see once it has been as expected for a while, or after a few seconds.

    A seed sends its pieces before it unchokes a peer. So a peer that was unchoked was told of all pieces, or will not
    be.
    """
    with ExitStack() as stack:
        address = endpoint(daemon)
        peers = [stack.enter_context(RawPeer(address, torrent)) for _ in range(PEERS)]
        heard: list[list[tuple[int, bytes]]] = [[] for _ in peers]
        for peer in peers:
            peer.say(BITFIELD, bytes(PIECES // 8))
            peer.say(INTERESTED)
        found, steady = Seen(0, 0, told_all=False), 0
        for _ in range(20):
            for peer, messages in zip(peers, heard, strict=True):
                messages += peer.hear(0.05)
            there = [messages for peer, messages in zip(peers, heard, strict=True) if not peer.closed]
            numbers = [[message for message, _ in messages] for messages in there]
            found = Seen(
                connected=len(there),
                unchoked=sum(each.count(UNCHOKE) > each.count(CHOKE) for each in numbers),
                told_all=any(BITFIELD in each for each in numbers),
            )
            steady = steady + 1 if found == expected else 0
            if steady == STEADY:
                break
        return found


def test_peers_see_limits_and_super_seeding(daemon: Daemon) -> None:
    """From the add on, without and with them, and through a kill of the engine, and of both processes."""
    made = payload.make(daemon.downloads, "a", {"": PIECES * PIECE}, piece_size=PIECE)
    torrent, client = made.torrent, daemon.client
    client.add_torrent(
        metainfo=made.metainfo, options=TorrentOptions(max_connections=3, max_uploads=2, super_seeding=True)
    )
    daemon.until_state(torrent, TorrentState.SEEDING)
    assert seen(daemon, torrent, RESTRICTED) == RESTRICTED
    client.update_options(torrent, max_connections=0, max_uploads=0, super_seeding=False, wait="applied")
    assert seen(daemon, torrent, PLAIN) == PLAIN
    client.update_options(torrent, max_connections=3, max_uploads=2, super_seeding=True, wait="applied")
    assert seen(daemon, torrent, RESTRICTED) == RESTRICTED
    replace_engine(daemon)
    client.update_options(torrent, name="shown", wait="applied")
    assert daemon.row(torrent).name == "shown"
    assert seen(daemon, torrent, RESTRICTED) == RESTRICTED
    daemon.kill()
    daemon.start()
    until(lambda: daemon.client.get_torrent(torrent).applied_revision == 4, "it is loaded")
    assert seen(daemon, torrent, RESTRICTED) == RESTRICTED
    daemon.client.update_options(
        torrent, max_connections=0, max_uploads=0, super_seeding=False, name="", wait="applied"
    )
    assert seen(daemon, torrent, PLAIN) == PLAIN
    assert daemon.client.get_torrent(torrent).options == DEFAULT_OPTIONS


def told_of_peers(daemon: Daemon, torrent: str, within_s: float) -> float | None:
    """After how many seconds a peer is told of another one; None if it is not, within this time."""
    address, began = endpoint(daemon), time.monotonic()
    with RawPeer(address, torrent, pex=True) as one, RawPeer(address, torrent, pex=True):
        while (passed_s := time.monotonic() - began) < within_s:
            if any(number == EXTENDED and message[0] == PEX for number, message in one.hear(0.1)):
                return passed_s
    return None


def test_peers_are_not_exchanged(daemon: Daemon) -> None:
    """In a multiple of the time that it takes otherwise."""
    made = payload.make(daemon.downloads, "a", {"": PIECES * PIECE}, piece_size=PIECE)
    daemon.client.add_torrent(metainfo=made.metainfo)
    daemon.until_state(made.torrent, TorrentState.SEEDING)
    usual_s = told_of_peers(daemon, made.torrent, 20.0)
    assert usual_s is not None
    daemon.client.update_options(made.torrent, pex=False, wait="applied")
    assert told_of_peers(daemon, made.torrent, max(2.0, 2 * usual_s)) is None


def test_a_torrent_without_dht_is_not_looked_up(root: Path) -> None:
    """By any of two engines; another torrent is."""
    with DhtNode() as node:
        engine: dict[str, int | str | bool] = {"enable_dht": True, "dht_bootstrap_nodes": node.endpoint}
        with Daemon(root / "d", engine=engine, restart={"budget": 1000, "max_delay_s": 0.5}) as daemon:
            without, other = (SampleTorrent(name, {"": noise(40_000)}, single=True) for name in "ab")
            daemon.client.add_torrent(metainfo=without.metainfo, options=TorrentOptions(dht=False), wait="applied")
            daemon.client.add_torrent(metainfo=other.metainfo)
            until(lambda: other.torrent in node.announced, "the other one was looked up")
            looked_up = len(node.announced)
            daemon.kill_engine()
            until(lambda: len(node.announced) > looked_up, "the other one was, again")
            assert without.torrent not in node.announced
            daemon.client.update_options(without.torrent, dht=True)
            until(lambda: reannounced(daemon, node, without.torrent), "it is looked up now", every_s=0.2)


def reannounced(daemon: Daemon, node: DhtNode, torrent: str) -> bool:
    """Whether the node was asked for the torrent's peers. Requests that."""
    daemon.client.reannounce(torrent)
    return torrent in node.announced


SIZES: Final = {"a.bin": 20 * PIECE, "b.bin": 20 * PIECE, "c.bin": 20 * PIECE}
ENDS: Final = {0, 19, 40, 59}
"""The pieces at the ends of the selected files."""


def test_the_first_and_the_last_piece_of_each_file_come_first(root: Path) -> None:
    """As requested from a seed: given with the add, by a link, and after a kill, also with another selection.

    Otherwise libtorrent chooses the first pieces at random (`initial_picker_threshold`).
    """
    made = [
        payload.make(root / "seed", name, SIZES, piece_size=PIECE) for name in ("plain", "link", "changed", "added")
    ]
    plain, link, changed, added = made
    options = {"budget": 1000, "max_delay_s": 0.5}
    with Daemon(root / "d", engine={"initial_picker_threshold": 0}, restart=options) as daemon, Seed() as teacher:
        client = daemon.client
        ends = TorrentOptions(first_last_piece_first=True)
        client.add_torrent(metainfo=plain.metainfo, exclude=["b.bin"], paused=True)
        client.add_torrent(metainfo=changed.metainfo, paused=True)
        for each in (plain, changed):
            client.update_options(each.torrent, first_last_piece_first=True)
        client.add_torrent(magnet=link.magnet, exclude=["b.bin"], options=ends)
        client.add_torrent(metainfo=added.metainfo, exclude=["b.bin"], options=ends)
        check_order(daemon, added, resume=False)
        client.update_selection(changed.torrent, exclude=["b.bin"])
        (root / "empty").mkdir()
        teacher.add(link.metainfo, root / "empty", seed_mode=False)
        client.add_peers(link.torrent, [teacher.endpoint])
        until(lambda: client.get_torrent(link.torrent).files, "the metadata has arrived")
        check_order(daemon, link)
        replace_engine(daemon)
        check_order(daemon, plain)
        check_order(daemon, changed)


def check_order(daemon: Daemon, made: Torrent, *, resume: bool = True) -> None:
    """Checks the order in which a seed is asked for pieces."""
    if resume:
        daemon.client.resume(made.torrent, wait="applied")
    files = [made.root / made.name / name for name in SIZES]
    with RawSeed(endpoint(daemon), made.torrent, files, PIECE) as seed:
        seed.serve(lambda: len(seed.asked) >= 10)
    assert set(seed.asked[: len(ENDS)]) == ENDS, seed.asked
    assert not set(range(20, 40)) & set(seed.asked)
