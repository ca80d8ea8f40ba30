"""What libtorrent says of peers, as rows."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import libtorrent
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine_proc.libtorrent_adapter.libtorrent_peer_info import CLIENT_MAX, ROWS_MAX, peers, pieces
from engine_proc.session.session_port import LibtSession
from protocol.wire.peer_rows import PeerConnection, PeerFlag, PeerRow
from tests.engine_proc.loopback import add, address, real_session, seed
from tools.rig.hostile.raw_peer import RawPeer
from tools.rig.probe import LOOPBACK, eventually
from tools.rig.samples import two_files

lt: Any = libtorrent
INFO = lt.peer_info


def info(**members: Any) -> Any:
    """A peer as the binding describes it."""
    usual = {
        "ip": ("192.0.2.7", 6881),
        "client": b"client",
        "flags": INFO.choked | INFO.remote_choked,
        "source": 0,
        "progress_ppm": 0,
        "payload_down_speed": 0,
        "payload_up_speed": 0,
        "total_download": 0,
        "total_upload": 0,
        "connection_type": INFO.standard_bittorrent,
    }
    return SimpleNamespace(**{**usual, **members})


def row(**members: Any) -> PeerRow:
    """The row of one peer."""
    [found] = peers([info(**members)]).rows
    return found


@pytest.mark.parametrize(
    ("raw", "client"),
    [
        (b"", ""),
        ("µ".encode(), "µ"),
        (b"\xff\xfe\x1b[31m\0", "��\x1b[31m\0"),
        (b"v" * 5000, "v" * CLIENT_MAX),
        ("語".encode() * 5000, "語" * CLIENT_MAX),
        ("𝄞".encode() * 5000, "𝄞" * CLIENT_MAX),
        (b"\xed\xa0\x80", "���"),
    ],
    ids=["empty", "utf8", "hostile", "long", "wide", "widest", "surrogate"],
)
def test_a_clients_name_is_text_of_bounded_length(raw: bytes, client: str) -> None:
    """Whatever bytes the peer sends; it can be encoded as UTF-8."""
    assert row(client=raw).client == client
    client.encode()


def test_flags_have_the_order_of_the_table() -> None:
    """With the sources of the address, and with `unchoked` in place of its contrary."""
    assert row().flags == []
    given = INFO.seed | INFO.local_connection | INFO.interesting | INFO.remote_choked | INFO.rc4_encrypted
    assert row(flags=given, source=INFO.dht | INFO.tracker).flags == [
        PeerFlag.SEED,
        PeerFlag.OUTGOING,
        PeerFlag.ENCRYPTED,
        PeerFlag.INTERESTED,
        PeerFlag.UNCHOKED,
        PeerFlag.FROM_TRACKER,
        PeerFlag.FROM_DHT,
    ]


def test_connections_have_their_kind() -> None:
    """Both kinds of web seeds count as one."""
    assert row().connection is PeerConnection.TCP
    assert row(flags=1 << 17).connection is PeerConnection.UTP
    assert row(flags=INFO.i2p_socket).connection is PeerConnection.I2P
    for kind in (INFO.web_seed, INFO.http_seed):
        assert row(connection_type=kind).connection is PeerConnection.WEB_SEED


def test_endpoints_of_ipv6_have_brackets() -> None:
    """As in `add_peers`."""
    assert row(ip=("2001:db8::7", 1)).endpoint == "[2001:db8::7]:1"


def test_of_many_peers_the_fastest_have_rows() -> None:
    """All are counted."""
    found = peers(info(ip=("192.0.2.7", rate), payload_up_speed=rate) for rate in range(ROWS_MAX + 5))
    assert found.connected == ROWS_MAX + 5
    assert [each.upload_bps for each in found.rows] == list(range(ROWS_MAX + 4, 4, -1))


@given(st.lists(st.booleans(), max_size=70))
def test_the_bitfield_is_that_of_bep_3(have: list[bool]) -> None:
    """The high bit first, and spare bits 0."""
    found = pieces(have, [])
    assert len(found.have) == -(-len(have) // 8)
    bits = [bool(byte >> place & 1) for byte in found.have for place in range(7, -1, -1)]
    assert bits == have + [False] * (-len(have) % 8)
    assert found.number == len(have)


def test_availability_is_one_byte_a_piece() -> None:
    """It is capped."""
    assert pieces([False] * 3, [0, 255, 256]).availability == bytes([0, 255, 255])


def greeted(session: LibtSession, torrent: str) -> list[PeerRow]:
    """The peers whose handshakes are complete."""
    return [each for each in session.peers(torrent).rows if PeerFlag.HANDSHAKE not in each.flags and each.client]


@pytest.mark.slow
@pytest.mark.parametrize("connection", [PeerConnection.TCP, PeerConnection.UTP])
def test_both_ends_of_a_connection(tmp_path: Path, connection: PeerConnection) -> None:
    """What one has received, the other has sent."""
    sample = two_files()
    utp = connection is PeerConnection.UTP
    settings = {**LOOPBACK, "enable_outgoing_utp": utp, "enable_outgoing_tcp": not utp}
    settings["close_redundant_connections"] = False
    with seed(sample, tmp_path / "a", settings=settings) as giver, real_session(settings=settings) as taker:
        add(taker, sample, sample.desired(tmp_path / "b", peers=(address(giver),)))
        taker.status(sample.torrent, lambda status: status.done == sample.size)
        eventually(lambda: len(greeted(giver.session, sample.torrent)) == 1, "the peer is listed")
        [there], [here] = (greeted(each.session, sample.torrent) for each in (giver, taker))
        assert here.endpoint == address(giver)
        assert (there.connection, here.connection) == (connection, connection)
        assert (there.uploaded, there.downloaded) == (here.downloaded, here.uploaded) == (sample.size, 0)
        assert (PeerFlag.OUTGOING in here.flags, PeerFlag.OUTGOING in there.flags) == (True, False)
        assert PeerFlag.SEED in here.flags
        assert here.progress == 1.0
        assert here.client == there.client == f"libtorrent/{libtorrent.__version__}"


@pytest.mark.slow
def test_a_hostile_name_is_listed(tmp_path: Path) -> None:
    """libtorrent replaces bytes that are not UTF-8, and nothing else."""
    sample = two_files()
    with (
        seed(sample, tmp_path) as probe,
        RawPeer(address(probe), sample.torrent, client=b"\xff\x1b[2J\xe2\x80\xae") as raw,
    ):
        eventually(lambda: len(greeted(probe.session, sample.torrent)) == 1, "the peer is listed")
        [found] = greeted(probe.session, sample.torrent)
        assert (found.endpoint, found.client) == (raw.endpoint, "_\x1b[2J\u202e")
        assert PeerFlag.OUTGOING not in found.flags
