"""Rows of trackers, web seeds and peers in the replies to clients.

The units are as in `protocol.wire.rows`.
"""

from enum import StrEnum

import msgspec


class TrackerStatus(StrEnum):
    """The status of a tracker. `disabled` is not used yet."""

    DISABLED = "disabled"
    NOT_CONTACTED = "not_contacted"
    UPDATING = "updating"
    WORKING = "working"
    ERROR = "error"


class TrackerRow(msgspec.Struct, frozen=True, kw_only=True):
    """One tracker of a torrent, from the source or from a client.

    Fields:
        url: the tracker's URL. It is not redacted, and may have a passkey.
        tier: the tracker's tier (BEP 12). libtorrent announces to the tiers in ascending order, from 0.
        status: the tracker's status. `not_contacted`: there was no announce or no answer since the daemon started.
            `updating`: an announce is in progress. `working`: the last announce was successful. `error`: the last
            announce got no answer or an error.
        message: the error, or the warning of a tracker that works. Empty if there is none.
        next_announce_us: the time of the next announce, microseconds since 1970; null if unknown.
        seeds, leeches, downloads: the numbers in the tracker's last answer; null if unknown.
        failing_since_us: when the status became `error`, microseconds since 1970. Null if the status is not `error`.
    """

    url: str
    tier: int
    status: TrackerStatus
    message: str = ""
    next_announce_us: int | None = None
    seeds: int | None = None
    leeches: int | None = None
    downloads: int | None = None
    failing_since_us: int | None = None


class PeerConnection(StrEnum):
    """How a peer is connected.

    `web_seed` is an HTTP server that has the torrent's files (BEP 19). The other connections run over TCP, uTP (BEP 29)
    or I2P.
    """

    TCP = "tcp"
    UTP = "utp"
    WEB_SEED = "web_seed"
    I2P = "i2p"


class PeerFlag(StrEnum):
    """A fact about a connected peer. docs/protocol.md has the meanings. Later versions may add flags."""

    SEED = "seed"
    UPLOAD_ONLY = "upload_only"
    OUTGOING = "outgoing"
    CONNECTING = "connecting"
    HANDSHAKE = "handshake"
    ENCRYPTED = "encrypted"
    INTERESTED = "interested"
    UNCHOKED = "unchoked"
    REMOTE_INTERESTED = "remote_interested"
    REMOTE_UNCHOKED = "remote_unchoked"
    OPTIMISTIC = "optimistic"
    SNUBBED = "snubbed"
    ON_PAROLE = "on_parole"
    HOLEPUNCHED = "holepunched"
    FROM_TRACKER = "from_tracker"
    FROM_DHT = "from_dht"
    FROM_PEX = "from_pex"
    FROM_LSD = "from_lsd"
    FROM_RESUME_DATA = "from_resume_data"


class PeerRow(msgspec.Struct, frozen=True, kw_only=True):
    """One connected peer of a torrent.

    Fields:
        endpoint: the peer's `address:port`, with IPv6 addresses in brackets. For an incoming connection, the port is
            not the peer's listening port.
        client: the name of the peer's program, as the peer sent it. The name may be empty and have any characters. It
            is cut to 100 characters.
        flags: facts about the peer. The section "Peers" has their meanings. Later versions may add flags.
        progress: the fraction of the torrent that the peer has, 0..1.
        download_bps, upload_bps: the payload rates from and to the peer.
        downloaded, uploaded: the payload bytes from and to the peer since it was connected.
        connection: how the peer is connected.
    """

    endpoint: str
    client: str
    flags: list[PeerFlag]
    progress: float
    download_bps: int
    upload_bps: int
    downloaded: int
    uploaded: int
    connection: PeerConnection


class WebSeedRow(msgspec.Struct, frozen=True, kw_only=True):
    """One web seed (BEP 19) in the reply to `list_web_seeds`.

    Fields:
        url: the URL of the file, or of the directory with the root folder. libtorrent appends a slash to the URL of a
            directory.
    """

    url: str
